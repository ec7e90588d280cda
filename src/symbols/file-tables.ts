/**
 * Which line tables name a file: an index of the last parts of paths, made by one pass over the headers of .debug_line in the addon (native/file_names.cc)
 * and kept between runs. A breakpoint on a line asks every library for its file: one that has been asked before need not even be decompressed to say no.
 */
import { Reader } from '../common/reader.js';
import type { DwarfFile } from '../dwarf/file.js';
import { native } from '../native.js';
import { offsetPattern, positionsOf } from './byte-search.js';
import type { Compilation } from './compilation.js';
import { Mark, MAX_UNITS, NameUnits, type IndexStore } from './name-units.js';

/** Four bytes that stand in more places than this in .debug_info do not tell which unit they belong to. */
const MAX_PLACES = 64;

/** A table's header lies in [offset, end) of .debug_line. */
interface Table {
  readonly offset: number;
  readonly end: number;
  /** Where they are known already. */
  readonly units?: readonly Compilation[];
}

const NO_BYTES = new Uint8Array(0);

export class FileTables {
  constructor(
    private readonly file: DwarfFile,
    /** Not asked before its answer is needed. */
    private readonly allUnits: () => readonly Compilation[],
    private readonly store: IndexStore | undefined,
  ) {}

  /** Units whose line table names a file with this last part of its path, and perhaps some that do not; in their order. */
  unitsNaming(base: string): readonly Compilation[] {
    const numbers = this.numbersOf(base);
    if (numbers.length === 0) return [];
    const { tables } = this;
    const paired = tables.length === this.allUnits().length;
    const units = numbers.flatMap((number) => {
      const table = tables.at(number);
      return table ? (table.units ?? this.unitsWithTable(table.offset, paired ? number : undefined)) : [];
    });
    return [...new Set(units)].sort((a, b) => a.number - b.number);
  }

  private numbersOf(base: string): readonly number[] {
    this.index ??= this.store?.load() ?? this.scanned();
    const known = this.index.of(base, Mark.any);
    if (known) return known;
    // What was kept between runs is damaged.
    this.index = this.scanned();
    return this.index.of(base, Mark.any) ?? [];
  }

  private index: NameUnits | undefined;

  private scanned(): NameUnits {
    const lines = this.file.section('line');
    const places = Float64Array.from(this.tables.flatMap(({ offset, end }) => [offset, end]));
    const scan = (strings: Uint8Array) => native.scanFileNames(lines, this.file.section('line_str'), strings, places);
    // Compilers keep the names of files by themselves: the biggest section of strings is hardly ever needed.
    const sparing = scan(NO_BYTES);
    const { keys } = sparing.needsStrings ? scan(this.file.section('str')) : sparing;
    const index = new NameUnits(new Uint8Array(keys), false);
    this.store?.save(index);
    return index;
  }

  private list: readonly Table[] | undefined;

  /** In the order of their offsets. */
  private get tables(): readonly Table[] {
    return (this.list ??= (tableHeaders(this.file.section('line')) ?? this.tablesOfUnits()).slice(0, MAX_UNITS));
  }

  /** Where the section cannot be walked: what the units say. Several units (partial ones, type units) may share a table. */
  private tablesOfUnits(): readonly Table[] {
    const byOffset = new Map<number, Compilation[]>();
    for (const unit of this.allUnits()) {
      const offset = unit.lineTableOffset;
      if (offset === undefined) continue;
      const same = byOffset.get(offset);
      if (same) same.push(unit);
      else byOffset.set(offset, [unit]);
    }
    const inOrder = [...byOffset].sort(([a], [b]) => a - b);
    const { length } = this.file.section('line');
    return inOrder.map(([offset, units], index) => ({ offset, end: inOrder[index + 1]?.[0] ?? length, units }));
  }

  /**
   * Units whose own entry says that their line table is at this offset of .debug_line.
   * @param number of the table among all, where each unit has one of its own: linkers put both in the same order
   */
  private unitsWithTable(offset: number, number: number | undefined): readonly Compilation[] {
    const units = this.allUnits();
    const same = number === undefined ? undefined : units.at(number);
    if (same?.lineTableOffset === offset) return [same];
    const places = positionsOf(this.file.section('info'), offsetPattern(offset), MAX_PLACES);
    const near = places
      ? units.filter(({ own }) => own.section !== 'info' || places.some((at) => at >= own.offset && at < own.end))
      : units;
    return near.filter((unit) => unit.lineTableOffset === offset);
  }
}

/**
 * The headers of the tables in .debug_line, by their own lengths (DWARF 5, 6.2.4); undefined when the tables do not fill the section.
 */
const tableHeaders = (section: Uint8Array): Table[] | undefined => {
  const reader = new Reader(section, '.debug_line');
  const headers: Table[] = [];
  try {
    while (!reader.atEnd) {
      const { offset } = reader;
      const length = reader.u32();
      if (length >= 0xfffffff0 && length < 0xffffffff) return undefined;
      const table = reader.part(length === 0xffffffff ? reader.u64() : length);
      if (table.u16() >= 5) table.skip(2); // address_size, segment_selector_size
      const header = length === 0xffffffff ? table.u64() : table.u32();
      headers.push({ offset, end: Math.min(table.offset + header, table.end) });
    }
  } catch {
    return undefined;
  }
  return headers;
};
