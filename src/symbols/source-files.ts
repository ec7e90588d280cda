/**
 * From the name of a source file to the units that have lines of it. As with other names the text is searched for first, in
 * the line tables as bytes, and only the headers of tables that mention it are read.
 */
import { Reader } from '../common/reader.js';
import type { DwarfFile } from '../dwarf/file.js';
import { joinPath } from '../dwarf/lines.js';
import { AnyOf, offsetPattern, positionsOf } from './byte-search.js';
import type { Compilation } from './compilation.js';
import type { SourceFile } from './model.js';

/** A name that stands in more places than this (`init.c` in a kernel) is looked for in all units. */
const MAX_PLACES = 64;

/** Whether a spelling of a file may mean one: the whole path, or its last parts. */
export const meansFile = (spelling: string, path: string): boolean => {
  const wanted = joinPath('', '', spelling);
  return wanted !== '' && (path === wanted || (!wanted.startsWith('/') && path.endsWith(`/${wanted}`)));
};

interface TableSpan {
  readonly offset: number;
  readonly units: Compilation[];
}

export class SourceFiles {
  constructor(
    private readonly file: DwarfFile,
    private readonly allUnits: () => readonly Compilation[],
  ) {}

  /** Not before a name is found at all: most files have none of what a user asks for. */
  private get units(): readonly Compilation[] {
    return (this.unitList ??= this.allUnits());
  }

  private unitList: readonly Compilation[] | undefined;

  private everything: readonly SourceFile[] | undefined;

  /** Every file that some unit names, in the order of the units. */
  all(): readonly SourceFile[] {
    if (!this.everything) {
      const found = new Set<SourceFile>();
      for (const unit of this.units) for (const source of unit.sources) if (source) found.add(source);
      this.everything = [...found];
    }
    return this.everything;
  }

  /** Files that a spelling may mean: the whole path, or its last parts. */
  matching(spelling: string): readonly SourceFile[] {
    const wanted = joinPath('', '', spelling);
    if (wanted === '') return [];
    const found = new Set<SourceFile>();
    for (const unit of this.mentioning(wanted))
      for (const source of unit.sources) if (source && meansFile(spelling, source.path)) found.add(source);
    return [...found];
  }

  /** The units that have this file in their line table. */
  unitsOf(source: SourceFile): readonly Compilation[] {
    return this.mentioning(source.path).filter((unit) => unit.sources.includes(source));
  }

  private tables: readonly TableSpan[] | undefined;

  /** Line tables in the order of their offsets; several units (partial ones, type units) may share one. */
  private get spans(): readonly TableSpan[] {
    if (!this.tables) {
      const byOffset = new Map<number, Compilation[]>();
      for (const unit of this.units) {
        const offset = unit.lineTableOffset;
        if (offset === undefined) continue;
        const same = byOffset.get(offset);
        if (same) same.push(unit);
        else byOffset.set(offset, [unit]);
      }
      this.tables = [...byOffset].map(([offset, units]) => ({ offset, units })).sort((a, b) => a.offset - b.offset);
    }
    return this.tables;
  }

  /** Units whose line table has the last part of a path: in itself (before DWARF 5), or as an offset of a string section. */
  private mentioning(path: string): readonly Compilation[] {
    const base = path.slice(path.lastIndexOf('/') + 1);
    let units = this.found.get(base);
    if (!units) this.found.set(base, (units = this.search(base)));
    return units;
  }

  private readonly found = new Map<string, readonly Compilation[]>();

  /**
   * Units whose own entry says that their line table is at this offset of .debug_line.
   * @param index number of the table among all, in the order of offsets, if that is known
   */
  private unitsWithTable(offset: number, index: number | undefined): readonly Compilation[] {
    // Where each unit has a table of its own, linkers put both in the same order.
    const same = index === undefined ? undefined : this.units.at(index);
    if (same?.lineTableOffset === offset) return [same];
    const places = positionsOf(this.file.section('info'), offsetPattern(offset), MAX_PLACES);
    if (!places) return this.spans.find((span) => span.offset === offset)?.units ?? [];
    const near = this.units.filter(({ own }) => own.section !== 'info' || places.some((at) => at >= own.offset && at < own.end));
    return near.filter((unit) => unit.lineTableOffset === offset);
  }

  private search(base: string): readonly Compilation[] {
    const text = Buffer.from(`${base}\0`, 'utf8');
    const patterns: Uint8Array[] = [text];
    for (const section of ['line_str', 'str']) {
      const bytes = this.file.section(section);
      const offsets = positionsOf(bytes, text, MAX_PLACES);
      if (!offsets) return this.units;
      // The name may stand behind a folder in the same string: then the string begins earlier.
      for (const offset of offsets.flatMap((at) => stringStarts(bytes, at))) patterns.push(offsetPattern(offset));
    }
    const line = this.file.section('line');
    const wanted = new AnyOf(patterns);
    const headers = tableHeaders(line);
    if (!headers) {
      const { spans } = this;
      const found = spans.filter(({ offset }, index) => wanted.standsIn(line, offset, spans[index + 1]?.offset ?? line.length));
      return inOrder(found.flatMap(({ units }) => units));
    }
    const mentions = headers.flatMap(({ offset, end }, index) => (wanted.standsIn(line, offset, end) ? [{ offset, index }] : []));
    if (mentions.length === 0) return [];
    const paired = headers.length === this.units.length;
    return inOrder(mentions.flatMap(({ offset, index }) => this.unitsWithTable(offset, paired ? index : undefined)));
  }
}

const inOrder = (units: readonly Compilation[]): readonly Compilation[] => [...new Set(units)].sort((a, b) => a.number - b.number);

/**
 * The headers of the tables in .debug_line, by their own lengths (DWARF 5, 6.2.4), where files are named; undefined when the
 * tables do not fill the section.
 */
const tableHeaders = (section: Uint8Array): { readonly offset: number; readonly end: number }[] | undefined => {
  const reader = new Reader(section, '.debug_line');
  const headers: { offset: number; end: number }[] = [];
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

/** Offsets at which a string that ends in a name may begin: behind every `/` before it, and behind the zero before that. */
const stringStarts = (bytes: Uint8Array, at: number): number[] => {
  const starts = [at];
  // The end of a longer name (`domain.c` for `main.c`), of which the linker may still use the last part.
  if (bytes[at - 1] !== 0x2f) return starts;
  for (let i = at - 1; i >= 0 && at - i < 4096 && bytes[i] !== 0; i--)
    if (i === 0 || bytes[i - 1] === 0 || bytes[i - 1] === 0x2f) starts.push(i);
  return starts;
};
