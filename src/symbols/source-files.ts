/**
 * From the name of a source file to the units that have lines of it. As with other names the text is searched for first, in
 * the line tables as bytes, and only the headers of tables that mention it are read.
 */
import type { DwarfFile } from '../dwarf/file.js';
import { joinPath } from '../dwarf/lines.js';
import { offsetPattern, positionsOf, searchAny } from './byte-search.js';
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

  /** Units whose own entry says that their line table is at this offset of .debug_line. */
  private unitsWithTable(offset: number): readonly Compilation[] {
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
    const found = new Set<Compilation>();
    const line = this.file.section('line');
    let starts: readonly number[] | undefined;
    searchAny(line, patterns, (position) => {
      starts ??= tableStarts(line) ?? this.spans.map(({ offset }) => offset);
      const index = starts.findLastIndex((start) => start <= position);
      for (const unit of this.unitsWithTable(starts[index] ?? 0)) found.add(unit);
      return starts[index + 1] ?? Infinity;
    });
    return [...found].sort((a, b) => a.number - b.number);
  }
}

/** Where the tables of .debug_line begin, by their own lengths (DWARF 5, 6.2.4); undefined when these do not fill the section. */
const tableStarts = (section: Uint8Array): number[] | undefined => {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  const starts: number[] = [];
  let at = 0;
  while (at + 4 <= section.length) {
    starts.push(at);
    const length = view.getUint32(at, true);
    if (length < 0xfffffff0) at += 4 + length;
    else if (length === 0xffffffff && at + 12 <= section.length) at += 12 + Number(view.getBigUint64(at + 4, true));
    else return undefined;
  }
  return at === section.length ? starts : undefined;
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
