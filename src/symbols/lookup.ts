/** Look-ups by name: functions and their inlined copies, variables, types, enumerators, and what declarations stand for. */
import { At, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import { rangesOf } from '../dwarf/ranges.js';
import { walk } from '../dwarf/walk.js';
import type { Compilation } from './compilation.js';
import {
  bareName,
  canonicalName,
  demangledName,
  meansName,
  meansNested,
  meansParameters,
  plainLinkageName,
  sameName,
  samePart,
  splitName,
  writtenName,
  type WrittenName,
} from './cxx-names.js';
import type { DebugInfo } from './debug-info.js';
import { Flag, Kind, type EntryTable } from './entries.js';
import type { FunctionEntry } from './functions.js';
import type { AddressRange, DeclaredType, Variable } from './model.js';
import { Mark } from './name-units.js';
import { dieOf, NameIndex, type NamedEntry } from './names.js';
import { completedName } from './template-text.js';
import { spellingsOf } from './types-reader.js';
import type { CType } from './types.js';
import { distinct, linkageNameOf, nameOf, readVariable } from './variables.js';

/** A call that became a copy of what it calls, as far as a breakpoint needs it. */
export interface InlinedCode {
  readonly die: Die;
  /** Where it lies; its first address is the lowest, or the one that the compiler begins with. */
  readonly ranges: readonly AddressRange[];
  /** The function that has the copy. */
  readonly owner: FunctionEntry;
  /** Of the function that is called. */
  readonly qualifiedName: string;
}

type TypeTag = 'struct' | 'union' | 'enum' | 'class';

const kindsOf = (tag: TypeTag): readonly number[] =>
  tag === 'union' ? [Kind.union] : tag === 'enum' ? [Kind.enum] : [Kind.struct, Kind.class];

export class Lookup {
  constructor(private readonly info: DebugInfo) {}

  private nameIndex: NameIndex | undefined;

  get names(): NameIndex {
    return (this.nameIndex ??= new NameIndex(this.info.image.path, this.info.file, this.info, this.info.storeOf('names'), (die, written) =>
      completedName(die, written, this.info.types),
    ));
  }

  private dieOf(entry: NamedEntry): Die | undefined {
    try {
      return dieOf(entry);
    } catch (error) {
      this.info.file.warn(error);
      return undefined;
    }
  }

  // ---- functions

  functions(name: string): FunctionEntry[] {
    const written = writtenName(name);
    const result: FunctionEntry[] = [];
    for (const { kind, flags, table, index, unit } of this.names.find(name, Mark.code)) {
      if (kind !== Kind.function || !(flags & Flag.code)) continue;
      const code = unit.codeOf(table.dies[index]);
      if (code && meansParameters(written, linkageNameOf(code.die))) result.push(this.info.functionOf(code, unit));
    }
    return result.length > 0 ? result : this.nestedFunctions(name);
  }

  /** Those with code whose qualified names, as the entries have them, suit. */
  *functionsWhere(suits: (name: string) => boolean): Iterable<FunctionEntry> {
    const table = this.names.all();
    const units = this.info.compilations();
    for (let index = 0; index < table.count; index++) {
      if (table.kinds[index] !== Kind.function || !(table.flags[index] & Flag.code) || !suits(table.qualifiedName(index))) continue;
      const unit = units[table.units[index]] as Compilation | undefined;
      const code = unit?.codeOf(table.dies[index]);
      if (unit && code) yield this.info.functionOf(code, unit);
    }
  }

  /** Functions inside of functions (GNU C) and methods of local classes: not in the index, which leaves out bodies. */
  private nestedFunctions(name: string): FunctionEntry[] {
    const written = writtenName(name);
    const last = written.parts.at(-1) ?? name;
    const result: FunctionEntry[] = [];
    for (const unit of this.names.unitsOf(bareName(last), Mark.nested))
      for (const code of unit.nested())
        if (
          samePart(last, nameOf(code.die) ?? '') &&
          meansNested(written, linkageNameOf(code.die) ?? this.info.image.symbolAt(code.entry)?.name)
        )
          result.push(this.info.functionOf(code, unit));
    return result;
  }

  /** Inlined calls of the functions of this name, in whatever function they are. */
  inlinedCalls(name: string): InlinedCode[] {
    const written = writtenName(name);
    const origins = new Map<Compilation, Set<number>>();
    for (const entry of this.names.find(name, Mark.inlined)) {
      if (entry.kind !== Kind.function || !(entry.flags & Flag.inlined) || !this.takes(entry, written)) continue;
      const known = origins.get(entry.unit);
      const die = entry.table.dies[entry.index];
      if (known) known.add(die);
      else origins.set(entry.unit, new Set([die]));
    }
    if (origins.size === 0) return [];
    const result: InlinedCode[] = [];
    // Where units refer to each other, a call may be inlined in another unit than the function's; out of a partial unit it always is.
    const homes = [...origins.keys()];
    const across = homes.some(({ unit }) => unit.root.tag === Tag.partial_unit) || this.names.isCalledAcross(name);
    const units = across ? this.info.compilations() : homes;
    for (const unit of units) result.push(...this.inlinedIn(unit, origins));
    return result;
  }

  private takes(entry: NamedEntry, written: WrittenName): boolean {
    const die = written.parameters === undefined ? undefined : this.dieOf(entry);
    return die === undefined || meansParameters(written, linkageNameOf(die));
  }

  private inlinedIn(unit: Compilation, origins: Map<Compilation, Set<number>>): InlinedCode[] {
    const result: InlinedCode[] = [];
    try {
      const { unit: dies } = unit;
      walk(
        dies,
        (abbreviation) => abbreviation.tag === Tag.inlined_subroutine,
        (offset) => {
          const die = dies.dieAt(offset);
          const origin = die?.reference(At.abstract_origin);
          if (!die || !origin || !this.isOneOf(origin, origins)) return;
          const call = this.codeOfCall(die, origin, unit);
          if (call) result.push(call);
        },
      );
    } catch (error) {
      this.info.file.warn(error);
    }
    return result;
  }

  private isOneOf(origin: Die, origins: Map<Compilation, Set<number>>): boolean {
    return origin.lineage().some((step) => origins.get(this.info.compilationOf(step))?.has(step.offset));
  }

  /** Of the function around it no more is read than where it lies: it may have hundreds of inlined calls. */
  private codeOfCall(die: Die, origin: Die, unit: Compilation): InlinedCode | undefined {
    const ranges = rangesOf(die);
    const low = ranges.at(0)?.low;
    const code = low === undefined || low === 0 ? undefined : unit.codeAt(low);
    if (!code) return undefined;
    return { die, ranges, owner: this.info.functionOf(code, unit), qualifiedName: this.info.functionName(origin) };
  }

  /** Every qualified name of entries that `suits` accepts, each once. */
  *allNames(suits: (kind: number, flags: number) => boolean): Iterable<string> {
    const table = this.names.all();
    const seen = new Set<string>();
    for (let i = 0; i < table.count; i++) {
      if (!suits(table.kinds[i], table.flags[i])) continue;
      const name = table.qualifiedName(i);
      if (name === '' || seen.has(name)) continue;
      seen.add(name);
      yield name;
    }
  }

  /** `ns::Class::f`; C: the name. */
  qualifiedName(die: Die): string {
    const name = nameOf(die) ?? '';
    const named = die.lineage().findLast((step) => step.has(At.name)) ?? die;
    const unit = this.info.compilationOf(named);
    if (unit.language === 'c') return name;
    const table = this.names.tableOf(unit);
    const index = table.indexOfDie(named.offset, 0);
    if (index < 0) return name;
    return table.qualifiedName(index);
  }

  classesAround(die: Die): readonly Die[] {
    const declared = die.lineage().at(-1) ?? die;
    const unit = this.info.compilationOf(declared);
    const table = this.names.tableOf(unit);
    const classes: Die[] = [];
    for (let index = table.indexOfDie(declared.offset, 0); index >= 0; index = table.parents[index]) {
      if (table.kinds[index] !== Kind.struct && table.kinds[index] !== Kind.class) continue;
      const around = unit.unit.dieAt(table.dies[index]);
      if (around) classes.push(this.info.types.definitionOf(around));
    }
    return classes;
  }

  /** A function's name as gdb has it: C++'s mangled names know more than the entries (local classes, nameless ones, how template arguments are written). */
  functionName(die: Die): string {
    const named = die.lineage().findLast((step) => step.has(At.name)) ?? die;
    const unit = this.info.compilationOf(named);
    const linkage = linkageNameOf(die);
    const demangled = linkage?.startsWith('_Z') && unit.language !== 'rust' ? demangledName(linkage) : undefined;
    // The demangler writes std::ostream for the one substitution So, where gdb has std::basic_ostream<...>, as the entries do.
    if (demangled !== undefined && (demangled.includes('(') || demangled.includes('[abi:') || !/S[osid]/.test(linkage ?? '')))
      return demangled;
    if (unit.language === 'c') return nameOf(die) ?? '';
    const table = this.names.tableOf(unit);
    const index = table.indexOfDie(named.offset, 0);
    return canonicalName(index < 0 || namelessParent(table, index) ? nameByEntries(named) : this.qualifiedName(die));
  }

  typeName(die: Die): string | undefined {
    if (die.has(At.name)) return this.qualifiedName(die);
    // C++: `typedef struct { ... } t;` gives the struct that name for linkage, as a mangled name without its `_Z`.
    const linkage = die.string(At.linkage_name);
    return linkage === undefined ? undefined : plainLinkageName(linkage);
  }

  /** The namespace that `namespace name = ...` gives another name (DWARF 5, 3.2.3); undefined: no unit does. */
  namespaceAlias(name: string): string | undefined {
    let meant: string | undefined;
    for (const { unit } of this.names.unitsOf(name, Mark.other)) {
      walk(
        unit,
        ({ tag }) => tag === Tag.imported_declaration,
        (offset) => {
          const die = unit.dieAt(offset);
          const target = die?.string(At.name) === name ? die.reference(At.import) : undefined;
          if (target?.tag === Tag.namespace) meant = this.qualifiedName(target);
          return meant !== undefined;
        },
      );
      if (meant !== undefined) break;
    }
    return meant;
  }

  /** Does anything of the file bear this name, whatever it is and wherever it stands? Of parts of names that stand before `::`. */
  isKnown(name: string): boolean {
    return this.names.unitsOf(bareName(name), Mark.any).length > 0;
  }

  enumeratorPrefix(die: Die): string {
    const unit = this.info.compilationOf(die);
    if (unit.language === 'c') return '';
    const table = this.names.tableOf(unit);
    const index = table.indexOfDie(die.offset, 0);
    // What a function declares is not in the table.
    if (index < 0) return die.flag(At.enum_class) ? `${nameOf(die) ?? ''}::` : '';
    const parent = die.flag(At.enum_class) ? index : table.parents[index];
    return parent < 0 ? '' : `${canonicalName(table.qualifiedName(parent))}::`;
  }

  // ---- variables

  variables(name: string): Variable[] {
    const found = this.variablesAmong(this.names.find(name, Mark.variable));
    if (found.length > 0 || !name.includes('<')) return found;
    const written = writtenName(name);
    const ofTemplate = [...written.parts.slice(0, -1), bareName(written.parts.at(-1) ?? name)].join('::');
    const instances = [...this.names.instances(name), ...this.names.find(ofTemplate, Mark.variable)];
    return this.variablesAmong(instances).filter((each) => meansName(written, splitName(each.qualifiedName ?? each.name)));
  }

  private variablesAmong(entries: Iterable<NamedEntry>): Variable[] {
    const located: Variable[] = [];
    const declared: Variable[] = [];
    for (const entry of entries) {
      const die = entry.kind === Kind.variable ? this.dieOf(entry) : undefined;
      const variable = die && readVariable(die, entry.unit, this.info, false);
      if (variable) (variable.location && !variable.isDeclaration ? located : declared).push(variable);
    }
    return distinct(located.length > 0 ? located : declared.slice(0, 1));
  }

  definitionOfVariable(declaration: Die): { die: Die; unit: Compilation } | undefined {
    const name = nameOf(declaration);
    if (name === undefined) return undefined;
    const wanted = this.qualifiedName(declaration);
    for (const entry of this.names.find(name, Mark.variable, this.info.compilationOf(declaration))) {
      if (entry.kind !== Kind.variable || !(entry.flags & Flag.located) || !(entry.flags & Flag.external)) continue;
      const die = this.dieOf(entry);
      // Other classes may have a static member of the same name; what a function declares for itself is in no scope here.
      if (die && (wanted === name || this.qualifiedName(die) === wanted)) return { die, unit: entry.unit };
    }
    return undefined;
  }

  // ---- types

  /** A definition rather than a declaration; one of `near` rather than of other units. */
  type(name: string, tag: TypeTag | undefined, near: Compilation | undefined): CType | undefined {
    for (const spelling of tag === undefined ? spellingsOf(name) : [name]) {
      const type = this.typeAmong(this.names.find(spelling, Mark.type | Mark.other, near), tag, spelling);
      if (type) return type;
    }
    return this.typeAmong(this.names.instances(name), tag, name);
  }

  /** Of the very name before one of a namespace or class, which a user may leave out; what is defined before what is declared. */
  private typeAmong(entries: Iterable<NamedEntry>, tag: TypeTag | undefined, name: string): CType | undefined {
    const found: { inner?: NamedEntry; declared?: NamedEntry } = {};
    for (const entry of entries) {
      if (!isTypeOf(entry, tag)) continue;
      if (entry.flags & Flag.declaration) found.declared ??= entry;
      else if (!isWhole(entry, name)) found.inner ??= entry;
      else {
        const die = this.dieOf(entry);
        if (die) return this.info.types.read(die);
      }
    }
    for (const entry of [found.inner, found.declared]) {
      const die = entry && this.dieOf(entry);
      if (die) return this.info.types.read(die);
    }
    return undefined;
  }

  /** Definitions of types whose qualified names suit, unit by unit. */
  *declaredTypes(suits: (name: string) => boolean): Iterable<DeclaredType> {
    const table = this.names.all();
    const units = [...this.info.compilations(), ...this.info.splitTypes()];
    for (let index = 0; index < table.count; index++) {
      const kind = table.kinds[index];
      if (kind < Kind.struct || kind > Kind.base || table.flags[index] & Flag.declaration) continue;
      const name = table.qualifiedName(index);
      const unit = units[table.units[index]] as Compilation | undefined;
      if (name === '' || !unit || !suits(name)) continue;
      const die = this.dieOf({ table, index, kind, flags: table.flags[index], unit });
      if (!die) continue;
      const declared = unit.declared(die);
      const file = declared?.file.path ?? unit.description.path ?? this.info.image.path;
      yield { name, type: this.info.types.read(die), language: unit.language, file, line: declared?.line ?? 0 };
    }
  }

  definitionOfType(declaration: Die): Die | undefined {
    const name = declaration.string(At.name);
    if (name === undefined) return undefined;
    const tag: TypeTag = declaration.tag === Tag.union_type ? 'union' : declaration.tag === Tag.enumeration_type ? 'enum' : 'struct';
    const home = this.info.compilationOf(declaration);
    // In C++ `ns::a` must not complete a declaration of `other::a`.
    const qualified = home.language === 'c' ? name : this.qualifiedName(declaration);
    for (const entry of this.names.find(qualified, Mark.type, home.number >= 0 ? home : undefined)) {
      if (!isTypeOf(entry, tag) || entry.flags & Flag.declaration) continue;
      const die = this.dieOf(entry);
      if (die) return die;
    }
    return undefined;
  }

  enumerator(name: string, near: Compilation | undefined): { value: bigint; type: CType } | undefined {
    const last = splitName(name).at(-1);
    let inner: { value: bigint; type: CType } | undefined;
    for (const entry of this.names.find(name, Mark.enumerator, near)) {
      if (entry.kind !== Kind.enumerator) continue;
      const holder = entry.unit.unit.dieAt(entry.table.dies[entry.table.parents[entry.index]] ?? -1);
      const type = holder && this.info.types.read(holder);
      const found =
        type?.kind === 'enum' ? type.enumerators().find((one) => one.name === last || one.name.endsWith(`::${last}`)) : undefined;
      if (!type || !found) continue;
      // As for types: `red` is `::red` before it is `Traffic::red`.
      if (visibleName(found.name) === visibleName(name)) return { value: found.value, type };
      inner ??= { value: found.value, type };
    }
    return inner;
  }
}

/** Without the namespaces that users do not write: the global one and those without a name. */
const visibleName = (name: string): string => name.replaceAll('(anonymous namespace)::', '').replace(/^::/, '');

/** Is it named in full? In C nothing but the name counts. */
const isWhole = ({ table, index, unit }: NamedEntry, name: string): boolean =>
  unit.language === 'c' || sameName(visibleName(name), visibleName(table.qualifiedName(index)));

const isTypeOf = ({ kind, unit }: NamedEntry, tag: TypeTag | undefined): boolean => {
  if (tag !== undefined) return kindsOf(tag).includes(kind);
  // In C a tag is no type name by itself; in C++ it is.
  const tagged = kind >= Kind.struct && kind <= Kind.enum;
  return kind === Kind.typedef || kind === Kind.base || (tagged && unit.language !== 'c');
};

const namelessParent = (table: EntryTable, index: number): boolean => {
  const parent = table.parents[index];
  return parent >= 0 && table.kinds[parent] !== Kind.namespace && table.name(parent) === '';
};

/**
 * A name put together from the entries around it: in a function (`Local::f`; the function has no part in the name of what has no mangled one), or in a class
 * that has its name from a typedef.
 */
const nameByEntries = (die: Die): string => {
  const around: Die[] = [];
  for (let at = die.unit.root; at.offset !== die.offset;) {
    const next = at.children().findLast((child) => child.offset <= die.offset);
    if (!next) return nameOf(die) ?? '';
    at = next;
    if (at.offset === die.offset) break;
    if (at.tag === Tag.subprogram) around.length = 0;
    else if (at.tag !== Tag.lexical_block) around.push(at);
  }
  const names = around.map((step) =>
    step.tag === Tag.namespace
      ? (nameOf(step) ?? '(anonymous namespace)')
      : (nameOf(step) ?? plainLinkageName(step.string(At.linkage_name) ?? '')),
  );
  return [...names.filter((name) => name !== undefined), nameOf(die) ?? ''].join('::');
};
