/**
 * From a name to the entries that have it: the index (name-units.ts) tells which units to look into, and each of those is read once. Who wants
 * all names there are (completion, regular expressions) gets one table of them.
 */
import type { Die } from '../dwarf/die.js';
import type { DwarfFile } from '../dwarf/file.js';
import type { Compilation } from './compilation.js';
import { bareName, meansName, splitName, writtenName } from './cxx-names.js';
import { DeclaredNames } from './declared-names.js';
import { EntryTable } from './entries.js';
import { Mark, scanNames, type IndexStore, type NameUnits } from './name-units.js';
import { Pass } from './passes.js';
import { scanUnit } from './scan.js';

/** One entry of a table, and the unit it stands in. */
export interface NamedEntry {
  readonly table: EntryTable;
  readonly index: number;
  readonly kind: number;
  readonly flags: number;
  readonly unit: Compilation;
}

/** What there is to look into. */
export interface UnitLists {
  /** All units of the file. */
  compilations(): readonly Compilation[];
  /** Type units of the split files that have been opened; more each time that one is. Numbered behind `compilations`. */
  splitTypes(): readonly Compilation[];
}

const FUNCTIONS = Mark.code | Mark.inlined | Mark.nested;

export class NameIndex {
  /** @param path of the file, for people */
  constructor(
    private readonly path: string,
    private readonly file: DwarfFile,
    /** Not asked before its answer is needed. */
    private readonly lists: UnitLists,
    private readonly store: IndexStore | undefined,
    private readonly completed: EntryTable['completed'],
  ) {}

  private units(): readonly Compilation[] {
    return this.lists.compilations();
  }

  private made: NameUnits | undefined;

  private get index(): NameUnits {
    return (this.made ??= this.store?.load() ?? this.scanned());
  }

  private scanned(): NameUnits {
    const pass = this.pass();
    try {
      const index = scanNames(this.file, this.units());
      this.store?.save(index);
      return index;
    } finally {
      pass.end();
    }
  }

  private numbersOf(name: string, marks: number): readonly number[] {
    const known = this.index.of(name, marks);
    if (known) return known;
    // What was kept between runs is damaged.
    this.made = this.scanned();
    return this.made.of(name, marks) ?? [];
  }

  /** Over all units. */
  private pass(): Pass {
    return new Pass(this.path, this.file.section('info').length + this.file.section('types').length);
  }

  private whole: EntryTable | undefined;

  /** The index of all names: one scan over all units, when first needed. */
  all(): EntryTable {
    if (!this.whole) {
      const table = new EntryTable(this.completed);
      const units = this.units();
      const pass = this.pass();
      try {
        for (const [index, unit] of units.entries()) {
          scanUnit(unit.unit, unit.number, table);
          pass.advance((index + 1) / (units.length + 1));
        }
        for (const unit of this.lists.splitTypes()) scanUnit(unit.unit, unit.number, table);
      } finally {
        pass.end();
      }
      this.whole = table;
    }
    return this.whole;
  }

  private declaredNames: DeclaredNames | undefined | null = null;

  /** Units that have functions of a name, by the compiler's index; undefined: deet's own is needed, or is there already. */
  private declared(name: string): readonly number[] | undefined {
    if (this.made) return undefined;
    if (this.declaredNames === null) this.declaredNames = DeclaredNames.of(this.file, () => this.units());
    return this.declaredNames?.of(name);
  }

  /** True where a function of this name may have inlined calls in other units than its own. */
  isCalledAcross(name: string): boolean {
    return this.declared(bareName(writtenName(name).parts.at(-1) ?? name)) === undefined && this.index.crossing;
  }

  /** Units that have entries of a name, of kinds given as `Mark`; perhaps more than really do. */
  unitsOf(name: string, marks: number): readonly Compilation[] {
    const numbers = (marks & ~FUNCTIONS ? undefined : this.declared(name)) ?? this.numbersOf(name, marks);
    if (numbers.length === 0) return [];
    const units = this.units();
    return numbers.filter((number) => number < units.length).map((number) => units[number]);
  }

  private readonly tables = new Map<Compilation, EntryTable>();

  /** The names of one unit. */
  tableOf(unit: Compilation): EntryTable {
    let table = this.tables.get(unit);
    if (!table) {
      table = new EntryTable(this.completed);
      scanUnit(unit.unit, unit.number, table);
      this.tables.set(unit, table);
    }
    return table;
  }

  /**
   * Entries for a name as a user writes it: `f`, `ns::f`, `Class::f`; of `first` before those of other units. Functions that are instances of a
   * template are found by the template's name as well. Lazily, unit by unit: who needs one answer reads no more.
   */
  *find(name: string, marks: number, first?: Compilation): Iterable<NamedEntry> {
    const written = writtenName(name);
    const last = written.parts.at(-1) ?? name;
    const functions = (marks & (Mark.code | Mark.inlined)) !== 0;
    const fits = (table: EntryTable, index: number): boolean => {
      if (!functions && table.name(index) !== last) return false;
      if (written.parts.length === 1 && !written.whole && bareName(last) === last) return true;
      return meansName(written, splitName(table.qualifiedName(index)));
    };
    if (first) yield* this.inUnit(first, last, fits);
    const template = bareName(last);
    const units = new Set(this.unitsOf(functions ? template : last, marks));
    // Where the compiler leaves a template's arguments to the entries (clang's -gsimple-template-names) its name is that of each instance.
    if (!functions && template !== last) for (const unit of this.unitsOf(template, marks)) units.add(unit);
    for (const unit of units) if (unit !== first) yield* this.inUnit(unit, last, fits);
    if (marks & (Mark.type | Mark.enumerator)) yield* this.inSplitTypes(last, fits);
  }

  /** Types and variables that are instances of templates, in whatever way their arguments are written: `Pair<long,char const*>`. */
  *instances(name: string): Iterable<NamedEntry> {
    const written = writtenName(name);
    const last = written.parts.at(-1) ?? name;
    const template = bareName(last);
    if (template === last) return;
    const fits = (table: EntryTable, index: number): boolean => meansName(written, splitName(table.qualifiedName(index)));
    for (const unit of this.unitsOf(template, Mark.instance | Mark.type | Mark.variable)) yield* this.inUnit(unit, last, fits);
  }

  private splitTable: EntryTable | undefined;
  private splitCount = 0;

  private *inSplitTypes(name: string, fits: (table: EntryTable, index: number) => boolean): Iterable<NamedEntry> {
    const units = this.lists.splitTypes();
    if (units.length === 0) return;
    if (units.length > this.splitCount) {
      this.splitTable = new EntryTable(this.completed);
      this.splitCount = units.length;
      for (const unit of units) scanUnit(unit.unit, unit.number, this.splitTable);
    }
    const table = (this.splitTable ??= new EntryTable(this.completed));
    for (const index of table.named(name)) if (fits(table, index)) yield entry(table, index, units[table.units[index] - units[0].number]);
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
