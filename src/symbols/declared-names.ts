/**
 * Functions by the index that the compiler wrote (.debug_names): which units have a function of a name, or inlined calls of one, without the
 * pass over all entries that name-units.ts needs. It answers for functions only: variables with constant values and enumerators are not in such
 * an index (DWARF 5, 6.1.1.1), so who asks for those needs the pass. Only LLVM's is believed, which has inlined functions too; .gdb_index and
 * gdb's .debug_names leave out functions that are inlined everywhere. Units that it does not speak of are passed over as always, and what it says
 * is checked against the entries: an index that is older than they are counts as missing.
 */
import { At, Tag } from '../dwarf/constants.js';
import type { DwarfFile } from '../dwarf/file.js';
import { stringIn } from '../dwarf/unit.js';
import { foldedHash, readNameTables, type IndexedEntry, type NameTable } from '../dwarf/name-tables.js';
import { positionsOf } from './byte-search.js';
import type { Compilation } from './compilation.js';
import { Mark, scanNames, type NameUnits } from './name-units.js';

/** LLVM since its version 7; the number has not changed. */
const AUGMENTATION = /^LLVM\d{4}$/;

/** Instances of a template; where there are more, the pass over all entries is as quick. */
const MAX_INSTANCES = 1000;

/** Names that are looked at to see whether the index is that of these entries. */
const MAX_SAMPLES = 256;

export class DeclaredNames {
  private constructor(
    private readonly file: DwarfFile,
    private readonly tables: readonly NameTable[],
    private readonly byOffset: ReadonlyMap<number, Compilation>,
    /** Of the units that the tables do not cover. */
    private readonly rest: NameUnits,
  ) {}

  /** Undefined: there is no such index, or none of use. */
  static of(file: DwarfFile, units: () => readonly Compilation[]): DeclaredNames | undefined {
    if (file.section('names').length === 0) return undefined;
    try {
      const tables = readNameTables(file).filter((table) => table.searchable && AUGMENTATION.test(table.augmentation));
      const byOffset = new Map<number, Compilation>();
      for (const unit of units())
        if (unit.own.file === file && unit.own.section === 'info' && !unit.isTypeUnit) byOffset.set(unit.own.offset, unit);
      const listed = new Set(tables.flatMap((table) => table.units));
      if (listed.size === 0 || [...listed].some((offset) => !byOffset.has(offset))) return undefined;
      const others = [...byOffset.values()].filter((unit) => unit.isSkeleton || !listed.has(unit.own.offset));
      const rest = scanNames(file, others);
      // Where units refer to each other, an inlined call may be in another than the function's.
      const names = new DeclaredNames(file, tables, byOffset, rest);
      return !rest.crossing && names.areTrue() ? names : undefined;
    } catch (error) {
      file.warn(error);
      return undefined;
    }
  }

  /** That a name is missing can be seen nowhere: so some that are there are looked at, of each table. */
  private areTrue(): boolean {
    const each = Math.max(1, Math.floor(MAX_SAMPLES / this.tables.length));
    return this.tables
      .slice(0, MAX_SAMPLES)
      .every((table) => [...table.samples(each)].every(([name, entry]) => this.checked(entry, name) !== undefined));
  }

  private readonly answers = new Map<string, readonly number[]>();
  private believed = true;

  /**
   * Numbers of the units that may have functions of a bare name (cxx-names.ts), with code or inlined; undefined: the index does not tell.
   */
  of(name: string): readonly number[] | undefined {
    let answer = this.answers.get(name);
    const spellings = answer === undefined && this.believed ? this.spellingsOf(name) : undefined;
    if (spellings) {
      answer = this.look(name, spellings);
      if (answer) this.answers.set(name, answer);
      else this.believed = false;
    }
    return answer;
  }

  private look(name: string, spellings: ReadonlySet<string>): readonly number[] | undefined {
    const found = new Set(this.rest.of(name, Mark.code | Mark.inlined | Mark.nested));
    try {
      for (const spelling of spellings) {
        const bytes = Buffer.from(spelling, 'latin1');
        const hash = foldedHash(spelling);
        for (const table of this.tables)
          for (const entry of table.find(bytes, hash)) {
            if (entry.tag !== Tag.subprogram && entry.tag !== Tag.inlined_subroutine) continue;
            const unit = this.checked(entry, spelling);
            if (!unit) return undefined;
            found.add(unit.number);
          }
      }
    } catch (error) {
      this.file.warn(error);
      return undefined;
    }
    return [...found].sort((a, b) => a - b);
  }

  /**
   * The name itself and those of a template's instances, which begin with it: the index knows whole names only. Undefined where there are too many, or
   * other letters than ASCII's in them, whose case is folded by Unicode's tables (7.33).
   */
  private spellingsOf(name: string): ReadonlySet<string> | undefined {
    const strings = this.file.section('str');
    const spellings = new Set([name]);
    for (const next of name.startsWith('operator') ? '< ' : '<') {
      const places = positionsOf(strings, Buffer.from(name + next, 'utf8'), MAX_INSTANCES);
      if (!places) return undefined;
      for (const at of places) spellings.add(stringIn(strings, at));
    }
    return [...spellings].every((spelling) => /^[\x20-\x7e]+$/.test(spelling)) ? spellings : undefined;
  }

  /** The unit of an entry that is what the index says it is, and refers to no entry of another unit. */
  private checked({ unit: offset, die: place, tag }: IndexedEntry, name: string): Compilation | undefined {
    const unit = this.byOffset.get(offset);
    const die = unit?.own.dieAt(offset + place);
    if (die?.tag !== tag) return undefined;
    const lineage = die.lineage();
    const named = tag === Tag.namespace || lineage.some((step) => step.string(At.name) === name || step.string(At.linkage_name) === name);
    return named && lineage.every((step) => step.unit === die.unit) ? unit : undefined;
  }
}
