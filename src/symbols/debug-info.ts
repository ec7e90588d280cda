/**
 * All debug information of one image: its compilations, found by address without reading more than the answer needs, and
 * the readers of types, functions and variables that work on them. Look-ups by name are in lookup.ts.
 */
import { At, Tag, UnitType } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import type { DwarfFile } from '../dwarf/file.js';
import type { Unit } from '../dwarf/unit.js';
import { Compilation, type CodeEntry, type CompilationHost } from './compilation.js';
import type { EntryTable } from './entries.js';
import { FunctionEntry, type ScopeNode } from './functions.js';
import { Lookup } from './lookup.js';
import type { SourceFile, SymbolImage, Variable } from './model.js';
import type { IndexKind, IndexStore } from './name-units.js';
import { SourceFiles } from './source-files.js';
import { TypeReader } from './types-reader.js';
import type { CType } from './types.js';
import { UnitMap } from './unit-map.js';
import { distinct, locationOf, describeVariable, nameOf, readVariable, type ScopeHost } from './variables.js';

const isType = ({ kind }: Unit): boolean => kind === UnitType.type || kind === UnitType.split_type;

/** Where the split unit of a skeleton is found. */
export interface SplitFiles {
  splitUnit(skeleton: Unit): Unit | undefined;
}

export class DebugInfo implements CompilationHost, ScopeHost {
  readonly types: TypeReader;
  readonly lookup: Lookup;

  constructor(
    readonly image: SymbolImage,
    readonly file: DwarfFile,
    private readonly split: SplitFiles,
    /** Keeps an index. */
    readonly storeOf: (kind: IndexKind) => IndexStore | undefined = () => undefined,
  ) {
    this.types = new TypeReader({
      definitionOf: (die) => this.lookup.definitionOfType(die),
      location: (die, attribute) => locationOf(die, attribute, this.compilationOf(die)),
      variableOf: (die) => this.variableOf(die),
      codeOf: (die) => this.codeOf(die),
      declared: (die) => this.compilationOf(die).declared(die),
      nameOf: (die) => this.lookup.typeName(die),
      enumeratorPrefix: (die) => this.lookup.enumeratorPrefix(die),
    });
    this.lookup = new Lookup(this);
  }

  // ---- compilations

  private list: readonly Compilation[] | undefined;

  /** Compilation units first, in the order of the file; then type units; then what dwz moved to another file: types and names, no code. */
  compilations(): readonly Compilation[] {
    if (!this.list) {
      const all = this.file.units();
      const ordered = [
        ...all.filter((unit) => !isType(unit)),
        ...all.filter(isType),
        ...this.file.typeSectionUnits(),
        ...(this.file.supplementary()?.units() ?? []),
      ];
      this.list = ordered.map((unit, index) => new Compilation(this, unit, index));
      for (const unit of this.list) this.byUnit.set(unit.own, unit);
    }
    return this.list;
  }

  private readonly byUnit = new Map<Unit, Compilation>();

  /** The compilation that a unit belongs to; units of other files (types of a .dwo, what dwz shares) get one of their own. */
  compilationOf(die: Die): Compilation {
    this.compilations();
    let found = this.byUnit.get(die.unit);
    if (!found) this.byUnit.set(die.unit, (found = new Compilation(this, die.unit, -1)));
    return found;
  }

  splitUnit(skeleton: Unit): Unit | undefined {
    const unit = this.split.splitUnit(skeleton);
    const owner = this.byUnit.get(skeleton);
    if (unit && owner) this.byUnit.set(unit, owner);
    if (unit && !this.knownSplitFiles.has(unit.file)) {
      this.knownSplitFiles.add(unit.file);
      this.newSplitFiles.push(unit.file);
    }
    return unit;
  }

  private readonly knownSplitFiles = new Set<DwarfFile>();
  private readonly newSplitFiles: DwarfFile[] = [];
  private readonly splitTypeList: Compilation[] = [];
  private readonly splitSignatures = new Set<bigint>();

  /** The type units of the split files that have been opened, each type once. They are numbered behind the units of the file itself. */
  splitTypes(): readonly Compilation[] {
    const { length } = this.compilations();
    for (const file of this.newSplitFiles.splice(0)) {
      for (const unit of [...file.units(), ...file.typeSectionUnits()]) {
        if (!isType(unit) || unit.typeSignature === undefined || this.splitSignatures.has(unit.typeSignature)) continue;
        this.splitSignatures.add(unit.typeSignature);
        const compilation = new Compilation(this, unit, length + this.splitTypeList.length);
        this.byUnit.set(unit, compilation);
        this.splitTypeList.push(compilation);
      }
    }
    return this.splitTypeList;
  }

  entriesOf(unit: Compilation): EntryTable {
    return this.lookup.names.tableOf(unit);
  }

  private sourceList: SourceFiles | undefined;

  get sources(): SourceFiles {
    return (this.sourceList ??= new SourceFiles(
      this.file,
      () => this.compilations().filter(({ own }) => own.file === this.file),
      this.storeOf('files'),
    ));
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

  private unitMap: UnitMap | undefined;

  private get map(): UnitMap {
    return (this.unitMap ??= new UnitMap(this.file, this.compilations()));
  }

  /** The compilation that has the code at an address. */
  compilationAt(address: number): Compilation | undefined {
    return this.map.at(address);
  }

  private readonly functions = new Map<CodeEntry, FunctionEntry>();

  functionOf(code: CodeEntry, unit: Compilation): FunctionEntry {
    let entry = this.functions.get(code);
    if (!entry) {
      this.functions.set(code, (entry = new FunctionEntry(code, unit, this)));
      this.map.meet(unit);
    }
    return entry;
  }

  /** The function whose entry is this one, or refers to it as what it defines (DW_AT_specification, DW_AT_abstract_origin). */
  private codeOf(declaration: Die): FunctionEntry | undefined {
    const unit = this.compilationOf(declaration);
    const name = nameOf(declaration);
    const defines = ({ die }: CodeEntry): boolean =>
      die.offset === declaration.offset || (nameOf(die) === name && die.lineage().some(({ offset }) => offset === declaration.offset));
    try {
      const code = unit.code().find(defines) ?? unit.nested().find(defines);
      return code && this.functionOf(code, unit);
    } catch (error) {
      this.file.warn(error);
      return undefined;
    }
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

  // ---- variables

  /** The globals of one compilation, in the order of the source. */
  globalsOf(unit: Compilation): Variable[] {
    const result: Variable[] = [];
    try {
      for (const die of unit.unit.root.children()) {
        const variable = die.tag === Tag.variable ? readVariable(die, unit, this, false) : undefined;
        if (variable) result.push(variable);
      }
    } catch (error) {
      this.file.warn(error);
    }
    return distinct(result);
  }

  /** Under optimization gcc keeps the bound of a variable-length array in a variable without a name. */
  variableOf(die: Die): Variable {
    const inFunction =
      die.tag === Tag.formal_parameter || (die.tag === Tag.variable && !die.flag(At.external) && !die.flag(At.declaration));
    return describeVariable(die, nameOf(die) ?? '', this.compilationOf(die), this, inFunction);
  }

  definitionOfVariable(die: Die): { die: Die; unit: Compilation } | undefined {
    return this.lookup.definitionOfVariable(die);
  }

  classesAround(die: Die): readonly Die[] {
    return this.lookup.classesAround(die);
  }

  qualifiedName(die: Die): string {
    return this.lookup.qualifiedName(die);
  }

  /** Empty where damage keeps it from being known. */
  functionName(die: Die): string {
    try {
      return this.lookup.functionName(die);
    } catch (error) {
      this.file.warn(error);
      return '';
    }
  }
}
