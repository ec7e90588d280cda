/**
 * From a name to the entries that have it. Small questions look only into the units that mention the name; big ones
 * (completion, names that half of the program uses) make the index of all names once.
 */
import type { DwarfFile } from '../dwarf/file.js';
import type { Die } from '../dwarf/die.js';
import type { Compilation } from './compilation.js';
import { splitName } from './cxx-names.js';
import { EntryTable } from './entries.js';
import { Mentions } from './mentions.js';
import { scanUnit } from './scan.js';

/** One entry of a table, and the unit it stands in. */
export interface NamedEntry {
  readonly table: EntryTable;
  readonly index: number;
  readonly kind: number;
  readonly flags: number;
  readonly unit: Compilation;
}

export class NameIndex {
  private readonly mentions: Mentions;

  constructor(
    file: DwarfFile,
    private readonly units: readonly Compilation[],
  ) {
    this.mentions = new Mentions(
      file,
      units.filter((unit) => unit.own.section === 'info'),
    );
  }

  private whole: EntryTable | undefined;

  /** The index of all names: one scan over all units, when first needed. */
  all(): EntryTable {
    if (!this.whole) {
      this.whole = new EntryTable();
      for (const unit of this.units) scanUnit(unit.unit, unit.number, this.whole);
    }
    return this.whole;
  }

  /** True where entries refer to those of other units for their names. */
  get crossReferenced(): boolean {
    return !this.mentions.usable;
  }

  /** Units that may know a name; more than really do. */
  unitsMentioning(name: string): readonly Compilation[] {
    return this.mentions.of(name) ?? this.units;
  }

  private readonly tables = new Map<Compilation, EntryTable>();

  /** The names of one unit. */
  tableOf(unit: Compilation): EntryTable {
    let table = this.tables.get(unit);
    if (!table) {
      table = new EntryTable();
      scanUnit(unit.unit, unit.number, table);
      this.tables.set(unit, table);
    }
    return table;
  }

  /**
   * Entries for a name as a user writes it: `f`, `ns::f`, `Class::f`; of `first` before those of other units. Lazily, unit
   * by unit: who needs one answer reads no more.
   */
  *find(name: string, first?: Compilation): Iterable<NamedEntry> {
    const parts = splitName(name);
    const last = parts.at(-1) ?? name;
    const wanted = parts.join('::');
    const fits = (table: EntryTable, index: number): boolean => {
      if (parts.length === 1) return true;
      const qualified = table.qualifiedName(index);
      return qualified === wanted || qualified.endsWith(`::${wanted}`);
    };
    if (first) yield* this.inUnit(first, last, fits);
    const candidates = this.whole ? undefined : this.mentions.of(last);
    if (candidates) {
      for (const unit of candidates) if (unit !== first) yield* this.inUnit(unit, last, fits);
      // Type units of .debug_types are few, and stand in a section of their own.
      for (const unit of this.units) if (unit.own.section === 'types') yield* this.inUnit(unit, last, fits);
      return;
    }
    const table = this.all();
    for (const index of table.named(last)) {
      const unit = this.units[table.units[index]];
      if (unit !== first && fits(table, index)) yield entry(table, index, unit);
    }
  }

  private *inUnit(unit: Compilation, name: string, fits: (table: EntryTable, index: number) => boolean): Iterable<NamedEntry> {
    const table = this.tableOf(unit);
    for (const index of table.named(name)) if (fits(table, index)) yield entry(table, index, unit);
  }
}

const entry = (table: EntryTable, index: number, unit: Compilation): NamedEntry => ({
  table,
  index,
  kind: table.kinds[index],
  flags: table.flags[index],
  unit,
});

/** The DIE that an entry stands for. @throws FormatError on damage */
export const dieOf = ({ table, index, unit }: NamedEntry): Die | undefined => unit.unit.dieAt(table.dies[index]);
