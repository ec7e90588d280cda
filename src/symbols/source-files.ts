/** From the name of a source file to the units that have lines of it: an index tells which (file-tables.ts), and only their headers are read. */
import type { DwarfFile } from '../dwarf/file.js';
import { joinPath } from '../dwarf/lines.js';
import type { Compilation } from './compilation.js';
import { FileTables } from './file-tables.js';
import type { SourceFile } from './model.js';
import type { IndexStore } from './name-units.js';

/** Whether a spelling of a file may mean one: the whole path, or its last parts. */
export const meansFile = (spelling: string, path: string): boolean => {
  const wanted = joinPath('', '', spelling);
  return wanted !== '' && (path === wanted || (!wanted.startsWith('/') && path.endsWith(`/${wanted}`)));
};

export class SourceFiles {
  private readonly tables: FileTables;

  constructor(
    file: DwarfFile,
    private readonly allUnits: () => readonly Compilation[],
    store: IndexStore | undefined,
  ) {
    this.tables = new FileTables(file, () => this.units, store);
  }

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

  /** Units whose line table names a file with the last part of this path; perhaps more. */
  private mentioning(path: string): readonly Compilation[] {
    const base = path.slice(path.lastIndexOf('/') + 1);
    let units = this.found.get(base);
    if (!units) this.found.set(base, (units = this.tables.unitsNaming(base)));
    return units;
  }

  private readonly found = new Map<string, readonly Compilation[]>();
}
