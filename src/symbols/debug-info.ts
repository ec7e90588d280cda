/**
 * All debug information of one image: its compilations, found by address or by name without reading more than the answer
 * needs.
 */
import { Reader } from '../common/reader.js';
import { At, Tag, UnitType } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import type { DwarfFile } from '../dwarf/file.js';
import type { Unit } from '../dwarf/unit.js';
import { Compilation, type CodeEntry, type CompilationHost } from './compilation.js';
import { EntryTable, Flag, Kind } from './entries.js';
import { FunctionEntry, locationOf, nameOf, readVariable, type ScopeHost, type ScopeNode } from './functions.js';
import type { LocationDescription, SourceFile, SourcePosition, SymbolImage, Variable } from './model.js';
import { scanUnit } from './scan.js';
import { TypeReader } from './types-reader.js';
import type { CType } from './types.js';

/** What the image provides for files beside its own. */
export interface SplitFiles {
  splitUnit(skeleton: Unit): Unit | undefined;
}

interface Span {
  readonly low: number;
  readonly high: number;
  readonly unit: Compilation;
}

export class DebugInfo implements CompilationHost, ScopeHost {
  readonly types: TypeReader;

  constructor(
    readonly image: SymbolImage,
    readonly file: DwarfFile,
    private readonly split: SplitFiles,
  ) {
    this.types = new TypeReader({
      definitionOf: (die) => this.definitionOf(die),
      location: (die, attribute) => this.location(die, attribute),
      variableOf: (die) => this.variableOf(die),
      declared: (die) => this.declared(die),
    });
  }

  // ---- compilations

  private list: readonly Compilation[] | undefined;

  compilations(): readonly Compilation[] {
    if (!this.list) {
      const wanted = this.file.units().filter((unit) => unit.kind !== UnitType.type && unit.kind !== UnitType.split_type);
      this.list = wanted.map((unit, index) => new Compilation(this, unit, index));
    }
    return this.list;
  }

  private byUnit: Map<Unit, Compilation> | undefined;

  compilationOf(die: Die): Compilation | undefined {
    this.byUnit ??= new Map(this.compilations().map((unit) => [unit.own, unit]));
    return this.byUnit.get(die.unit) ?? this.bySplit.get(die.unit) ?? this.compilations()[0];
  }

  private readonly bySplit = new Map<Unit, Compilation>();

  splitUnit(skeleton: Unit): Unit | undefined {
    const unit = this.split.splitUnit(skeleton);
    const owner = this.compilations().find((compilation) => compilation.own === skeleton);
    if (unit && owner) this.bySplit.set(unit, owner);
    return unit;
  }

  private readonly files = new Map<string, SourceFile>();

  sourceFile(path: string, name: string): SourceFile {
    let file = this.files.get(path);
    if (!file) this.files.set(path, (file = { path, name }));
    return file;
  }

  baseType(die: Die): CType | undefined {
    return this.types.read(die);
  }

  // ---- by address

  private arangeSpans: readonly Span[] | undefined;

  /** .debug_aranges (DWARF 5, 6.1.2): which unit has the code at an address, without reading any unit. */
  private aranges(): readonly Span[] {
    if (this.arangeSpans) return this.arangeSpans;
    const spans: Span[] = [];
    const byOffset = new Map(this.compilations().map((unit) => [unit.own.offset, unit]));
    const reader = new Reader(this.file.section('aranges'), '.debug_aranges');
    try {
      while (reader.remaining > 0) {
        const start = reader.offset;
        let length = reader.u32();
        let offsetSize = 4;
        if (length === 0xffff_ffff) {
          length = reader.u64();
          offsetSize = 8;
        }
        const set = reader.part(length);
        set.u16();
        const unit = byOffset.get(set.unsigned(offsetSize));
        const addressSize = set.u8();
        set.u8();
        if (addressSize !== 8) continue;
        // Pairs are aligned to their size, counted from the start of the set.
        set.skip((16 - ((set.offset - start) % 16)) % 16);
        while (set.remaining >= 16) {
          const low = set.u64Clamped();
          const size = set.u64Clamped();
          if (low === 0 && size === 0) break;
          if (unit && low > 0 && size > 0) spans.push({ low, high: low + size, unit });
        }
      }
    } catch (error) {
      this.file.warn(error);
    }
    return (this.arangeSpans = spans.sort((a, b) => a.low - b.low));
  }

  private rangeSpans: readonly Span[] | undefined;

  private unitSpans(): readonly Span[] {
    this.rangeSpans ??= this.compilations()
      .flatMap((unit) => unit.ranges.map(({ low, high }) => ({ low, high, unit })))
      .sort((a, b) => a.low - b.low);
    return this.rangeSpans;
  }

  /** The compilation that has the code at an address. */
  compilationAt(address: number): Compilation | undefined {
    return spanAt(this.aranges(), address) ?? spanAt(this.unitSpans(), address);
  }

  private readonly functions = new Map<CodeEntry, FunctionEntry>();

  functionOf(code: CodeEntry, unit: Compilation): FunctionEntry {
    let entry = this.functions.get(code);
    if (!entry) this.functions.set(code, (entry = new FunctionEntry(code, unit, this)));
    return entry;
  }

  functionAt(address: number): FunctionEntry | undefined {
    const unit = this.compilationAt(address);
    const code = unit?.codeAt(address);
    return unit && code && this.functionOf(code, unit);
  }

  /** Scopes around an address, innermost first. */
  scopesAt(address: number): ScopeNode[] {
    const scope = this.functionAt(address)?.scope();
    if (!scope) return [];
    const chain = [scope];
    for (let inner: ScopeNode | undefined = scope; inner;) {
      inner = inner.children().find((child) => child.contains(address));
      if (inner) chain.unshift(inner);
    }
    return chain;
  }

  // ---- by name

  private entryTable: EntryTable | undefined;

  /** The index of names, made by one scan over all units when first needed. */
  index(): EntryTable {
    if (!this.entryTable) {
      const units = this.compilations();
      // Split units have string sections of their own; their names are looked up through tables per file.
      const sections = { info: this.file.section('info'), str: this.file.section('str'), lineStr: this.file.section('line_str') };
      this.entryTable = new EntryTable(sections);
      for (const unit of units) scanUnit(unit.unit, unit.number, this.entryTable);
    }
    return this.entryTable;
  }

  private dieOf(index: number): { die: Die; unit: Compilation } | undefined {
    const table = this.index();
    const unit = this.compilations()[table.units[index] as number];
    try {
      const die = unit?.unit.dieAt(table.dies[index] as number);
      return unit && die && { die, unit };
    } catch (error) {
      this.file.warn(error);
      return undefined;
    }
  }

  /** Entries for a name as a user writes it: `f`, `ns::f`, `Class::f`. */
  private lookup(name: string): number[] {
    const table = this.index();
    const parts = name.split('::');
    const last = parts.at(-1) ?? name;
    const found = table.named(last);
    if (parts.length === 1) return found;
    const wanted = name.startsWith('::') ? name.slice(2) : name;
    return found.filter((index) => {
      const qualified = table.qualifiedName(index);
      return qualified === wanted || qualified.endsWith(`::${wanted}`);
    });
  }

  functionsNamed(name: string): FunctionEntry[] {
    const table = this.index();
    const result: FunctionEntry[] = [];
    for (const index of this.lookup(name)) {
      if (table.kinds[index] !== Kind.function || !((table.flags[index] as number) & Flag.code)) continue;
      const found = this.dieOf(index);
      const code = found?.unit.code().find((entry) => entry.die.offset === found.die.offset);
      if (found && code) result.push(this.functionOf(code, found.unit));
    }
    return result;
  }

  /** Inlined calls of functions of this name, in whatever function they are. */
  inlinedCallsOf(name: string): ScopeNode[] {
    const table = this.index();
    const units = new Set<Compilation>();
    for (const index of this.lookup(name)) {
      if (table.kinds[index] !== Kind.function || !((table.flags[index] as number) & Flag.inlined)) continue;
      const unit = this.compilations()[table.units[index] as number];
      if (unit) units.add(unit);
    }
    const result: ScopeNode[] = [];
    const visit = (scope: ScopeNode): void => {
      for (const child of scope.children()) {
        if (
          child.inlined &&
          (child.inlined.name === name || child.inlined.qualifiedName === name || child.inlined.qualifiedName.endsWith(`::${name}`))
        )
          result.push(child);
        visit(child);
      }
    };
    for (const unit of units) for (const code of unit.code()) visit(this.functionOf(code, unit).scope());
    return result;
  }

  *names(kinds: (kind: number, flags: number) => boolean): Iterable<string> {
    const table = this.index();
    const seen = new Set<string>();
    for (let i = 0; i < table.count; i++) {
      if (!kinds(table.kinds[i] as number, table.flags[i] as number)) continue;
      const name = table.qualifiedName(i);
      if (name === '' || seen.has(name)) continue;
      seen.add(name);
      yield name;
    }
  }

  variablesNamed(name: string): Variable[] {
    const table = this.index();
    const located: Variable[] = [];
    const declared: Variable[] = [];
    for (const index of this.lookup(name)) {
      if (table.kinds[index] !== Kind.variable) continue;
      const found = this.dieOf(index);
      const variable = found && this.variable(found.die, found.unit);
      if (variable) (variable.location && !variable.isDeclaration ? located : declared).push(variable);
    }
    return distinct(located.length > 0 ? located : declared.slice(0, 1));
  }

  /** The globals of one compilation, in the order of the source. */
  globalsOf(unit: Compilation): Variable[] {
    const result: Variable[] = [];
    try {
      for (const die of unit.unit.root.children()) {
        if (die.tag !== Tag.variable) continue;
        const variable = this.variable(die, unit);
        if (variable) result.push(variable);
      }
    } catch (error) {
      this.file.warn(error);
    }
    return distinct(result);
  }

  private variable(die: Die, unit: Compilation): Variable | undefined {
    try {
      return readVariable(die, unit, this, false);
    } catch (error) {
      this.file.warn(error);
      return undefined;
    }
  }

  typeNamed(name: string, tag: 'struct' | 'union' | 'enum' | 'class' | undefined, near: Compilation | undefined): CType | undefined {
    const table = this.index();
    const kinds = tag === undefined ? [] : tag === 'union' ? [Kind.union] : tag === 'enum' ? [Kind.enum] : [Kind.struct, Kind.class];
    let best: { index: number; score: number } | undefined;
    for (const index of this.lookup(name)) {
      const kind = table.kinds[index] as number;
      const isTag = kind >= Kind.struct && kind <= Kind.enum;
      const unit = this.compilations()[table.units[index] as number];
      const fits =
        tag !== undefined
          ? kinds.some((k) => k === kind)
          : kind === Kind.typedef || kind === Kind.base || (isTag && unit?.language !== 'c');
      if (!fits) continue;
      const complete = !((table.flags[index] as number) & Flag.declaration);
      const score = (complete ? 2 : 0) + (unit === near ? 1 : 0);
      if (!best || score > best.score) best = { index, score };
    }
    const found = best && this.dieOf(best.index);
    return found && this.types.read(found.die);
  }

  enumeratorNamed(name: string, near: Compilation | undefined): { value: bigint; type: CType } | undefined {
    const table = this.index();
    const all = this.lookup(name).filter((index) => table.kinds[index] === Kind.enumerator);
    const index = all.find((candidate) => this.compilations()[table.units[candidate] as number] === near) ?? all[0];
    const parent = index === undefined ? -1 : (table.parents[index] as number);
    const holder = parent < 0 ? undefined : this.dieOf(parent);
    const type = holder && this.types.read(holder.die);
    if (type?.kind !== 'enum') return undefined;
    const found = type.enumerators().find((enumerator) => enumerator.name === name.split('::').at(-1));
    return found && { value: found.value, type };
  }

  // ---- what entries mean to each other

  private definitionOf(declaration: Die): Die | undefined {
    const name = declaration.string(At.name);
    if (name === undefined) return undefined;
    const table = this.index();
    const wanted =
      declaration.tag === Tag.union_type
        ? [Kind.union]
        : declaration.tag === Tag.enumeration_type
          ? [Kind.enum]
          : [Kind.struct, Kind.class];
    const home = this.compilationOf(declaration);
    const fitting = table
      .named(name)
      .filter((index) => wanted.some((kind) => kind === table.kinds[index]) && !((table.flags[index] as number) & Flag.declaration));
    const index = fitting.find((candidate) => this.compilations()[table.units[candidate] as number] === home) ?? fitting[0];
    return index === undefined ? undefined : this.dieOf(index)?.die;
  }

  definitionOfVariable(die: Die): { die: Die; unit: Compilation } | undefined {
    const name = nameOf(die);
    if (name === undefined) return undefined;
    const table = this.index();
    for (const index of table.named(name)) {
      const flags = table.flags[index] as number;
      if (table.kinds[index] !== Kind.variable || !(flags & Flag.located) || !(flags & Flag.external)) continue;
      const found = this.dieOf(index);
      if (found) return found;
    }
    return undefined;
  }

  private location(die: Die, attribute: number): LocationDescription | undefined {
    const unit = this.compilationOf(die);
    return unit && locationOf(die, attribute, unit);
  }

  private variableOf(die: Die): Variable | undefined {
    const unit = this.compilationOf(die);
    if (!unit) return undefined;
    const inFunction =
      die.tag === Tag.formal_parameter || (!die.flag(At.external) && !die.flag(At.declaration) && die.tag === Tag.variable);
    return readVariable(die, unit, this, inFunction);
  }

  private declared(die: Die): SourcePosition | undefined {
    return this.compilationOf(die)?.declared(die);
  }

  qualifiedName(die: Die): string {
    const unit = this.compilationOf(die);
    const name = nameOf(die) ?? '';
    if (!unit || unit.language === 'c') return name;
    const named = die.lineage().at(-1) ?? die;
    const path = enclosing(unit.unit, named.offset);
    return [...path, name].join('::');
  }
}

/** Names of the namespaces and classes around an offset, outermost first. */
const enclosing = (unit: Unit, offset: number): string[] => {
  const path: string[] = [];
  if (!(offset > unit.firstDie && offset < unit.end)) return path;
  let parent: Die | undefined = unit.root;
  for (let depth = 0; parent && depth < 64; depth++) {
    let around: Die | undefined;
    for (const child of parent.children()) {
      if (child.offset > offset) break;
      around = child;
    }
    if (!around || around.offset === offset || !around.hasChildren) break;
    if (around.tag === Tag.namespace) path.push(around.string(At.name) ?? '(anonymous namespace)');
    else if (around.tag === Tag.structure_type || around.tag === Tag.class_type || around.tag === Tag.union_type) {
      const name = around.string(At.name);
      if (name !== undefined) path.push(name);
    }
    parent = around;
  }
  return path;
};

/** One entry for each object: several declarations and units may lead to the same definition. */
const distinct = (variables: Variable[]): Variable[] => {
  const seen = new Set<string>();
  return variables.filter((variable) => {
    const { location } = variable;
    const place = location?.kind === 'expression' ? Buffer.from(location.bytes).toString('hex') : location ? String(Math.random()) : '';
    const key = `${variable.name}/${place}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
};

const spanAt = (spans: readonly Span[], address: number): Compilation | undefined => {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((spans[middle]?.low ?? Infinity) <= address) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= 0 && i >= low - 8; i--) {
    const span = spans[i];
    if (span && address < span.high) return span.unit;
  }
  return undefined;
};
