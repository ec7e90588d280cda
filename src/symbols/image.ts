/** One file's symbols, put together: ELF symbols, DWARF where there is some, and the rules for breakpoints. */
import { SHF } from '../elf/constants.js';
import { fileAddress, type FileAddress } from '../common/addresses.js';
import type { ElfFile } from '../elf/file.js';
import { exportedVariables } from '../elf/exports.js';
import { inLinkageTable } from '../elf/plt.js';
import { ElfSymbols } from '../elf/symbols.js';
import { DwarfFile } from '../dwarf/file.js';
import type { Unit } from '../dwarf/unit.js';
import { BreakpointRules, locationOfSymbol } from './breakpoints.js';
import { callFrameSource } from './call-frames.js';
import type { Compilation } from './compilation.js';
import { DebugInfo } from './debug-info.js';
import { bareName, demangledParts, meansName, meansParameters, writtenName, splitName } from './cxx-names.js';
import { Flag, Kind } from './entries.js';
import { FunctionEntry } from './functions.js';
import { definitionsOf, findMacro, macrosAt } from './macros.js';
import type {
  AddressRange,
  CallFrameSource,
  DeclaredType,
  ElfSymbol,
  FunctionSymbol,
  LineRow,
  Macro,
  LineLocation,
  ResolvedLocation,
  Scope,
  SourceFile,
  SymbolImage,
  UnitDescription,
  Variable,
} from './model.js';
import type { IndexKind, IndexStore } from './name-units.js';
import type { CType } from './types.js';

/** The files an image is made of; the debug file and others are looked for when first asked for. */
export interface ImageFiles {
  readonly elf: ElfFile;
  /** The file with the DWARF: the same, or a separate one. */
  debugFile(): ElfFile | undefined;
  supplementary(): DwarfFile | undefined;
  splitUnit(skeleton: Unit): Unit | undefined;
  /** Where an index of it is kept between runs, if anywhere. */
  indexStore(kind: IndexKind): IndexStore | undefined;
  /** What was looked for in vain, in the user's words. */
  readonly missing: readonly string[];
  /** Told of bytes that were gone through, and that the next answers need no more of than others. */
  passed?(bytes: Uint8Array): void;
}

export class ElfImage implements SymbolImage {
  private readonly elf: ElfFile;

  constructor(
    readonly path: string,
    private readonly files: ImageFiles,
    readonly modified: number | undefined,
  ) {
    this.elf = files.elf;
  }

  get buildId(): string | undefined {
    return this.elf.buildId;
  }

  get hasDebugInfo(): boolean {
    return this.debugElf !== undefined;
  }

  get warnings(): readonly string[] {
    return [...this.elf.warnings, ...this.files.missing, ...(this.info?.file.warnings ?? [])];
  }

  get missing(): readonly string[] {
    return this.files.missing;
  }

  get span(): AddressRange {
    return this.elf.span;
  }

  get entryPoint(): FileAddress {
    return this.elf.entryPoint;
  }

  sections(): ReturnType<SymbolImage['sections']> {
    return this.elf.mappedSections.map(({ name, address, size, flags }) => ({
      name,
      address: fileAddress(address),
      size,
      writable: (flags & SHF.WRITE) !== 0,
    }));
  }

  get tls(): { size: number; alignment: number } | undefined {
    const segment = this.elf.segments.find(({ type }) => type === 7);
    return segment && { size: segment.memorySize, alignment: segment.align };
  }

  get relocatable(): boolean {
    return this.elf.relocatable;
  }

  // ---- ELF symbols

  private table: ElfSymbols | undefined;

  private get elfSymbols(): ElfSymbols {
    if (!this.table) {
      const debug = this.files.debugFile();
      this.table = debug && debug !== this.elf ? new ElfSymbols(this.elf, debug) : new ElfSymbols(this.elf);
    }
    return this.table;
  }

  symbolAt(address: FileAddress): ElfSymbol | undefined {
    return this.elfSymbols.at(address);
  }

  endOfSymbol(symbol: ElfSymbol): FileAddress {
    return fileAddress(this.elfSymbols.endOf(symbol.address));
  }

  symbolsNamed(name: string): readonly ElfSymbol[] {
    return this.elfSymbols.named(name);
  }

  private exported: ReadonlyMap<string, FileAddress> | undefined;

  exportedVariable(name: string): FileAddress | undefined {
    this.exported ??= exportedVariables(this.elf);
    return this.exported.get(name);
  }

  isLinkage(address: FileAddress): boolean {
    return inLinkageTable(this.elf, address) || this.symbolAt(address)?.name.endsWith('@plt') === true;
  }

  symbols(): readonly ElfSymbol[] {
    return this.elfSymbols.all();
  }

  bytesAt(address: FileAddress, length: number): Uint8Array | undefined {
    return this.elf.bytesAt(address, length);
  }

  // ---- DWARF

  private debugElfFile: ElfFile | undefined | null = null;

  private get debugElf(): ElfFile | undefined {
    if (this.debugElfFile === null) {
      const file = this.files.debugFile();
      // What dwz moved away are names and types of all kinds: without them, entries say nothing that could be relied on.
      const whole = file?.hasDebugInfo === true && (!file.section('.gnu_debugaltlink') || this.files.supplementary() !== undefined);
      this.debugElfFile = whole ? file : undefined;
    }
    return this.debugElfFile;
  }

  private debugInfo: DebugInfo | undefined;

  private get info(): DebugInfo | undefined {
    const elf = this.debugElf;
    if (!elf) return undefined;
    this.debugInfo ??= new DebugInfo(
      this,
      new DwarfFile(
        (name) => elf.debugData(name) ?? new Uint8Array(0),
        () => this.files.supplementary(),
        undefined,
        (bytes) => this.files.passed?.(bytes),
      ),
      this.files,
      (kind) => this.files.indexStore(kind),
    );
    return this.debugInfo;
  }

  /** Runs a look-up; damage that escaped the finer guards makes the answer empty and leaves a warning. */
  private guard<T>(otherwise: T, look: (info: DebugInfo) => T): T {
    const { info } = this;
    if (!info) return otherwise;
    try {
      return look(info);
    } catch (error) {
      info.file.warn(error);
      return otherwise;
    }
  }

  functionAt(address: FileAddress): FunctionSymbol | undefined {
    return this.guard<FunctionSymbol | undefined>(undefined, (info) => info.functionAt(address));
  }

  functionsNamed(name: string): readonly FunctionSymbol[] {
    return this.guard<readonly FunctionSymbol[]>([], (info) => {
      const found = info.lookup.functions(name);
      if (found.length > 0) return found;
      // A mangled name, or a nested function (`f.0` in .symtab): the symbol's address leads to it.
      const result = new Set<FunctionSymbol>();
      for (const symbol of this.symbolsNamed(name)) {
        const fn = symbol.type === 'function' ? info.functionAt(symbol.address) : undefined;
        if (fn && fn.entry === symbol.address) result.add(fn);
      }
      return [...result];
    });
  }

  functionNames(): Iterable<string> {
    return this.guard<Iterable<string>>([], (info) =>
      info.lookup.allNames((kind, flags) => kind === Kind.function && (flags & (Flag.code | Flag.inlined)) !== 0),
    );
  }

  functionsWhere(suits: (name: string) => boolean): Iterable<FunctionSymbol> {
    return this.guard<Iterable<FunctionSymbol>>([], (info) => info.lookup.functionsWhere(suits));
  }

  scopesAt(address: FileAddress): readonly Scope[] {
    return this.guard<readonly Scope[]>([], (info) => info.scopesAt(address));
  }

  inlinedCallsOf(name: string): readonly Scope[] {
    return this.guard<readonly Scope[]>([], (info) =>
      info.lookup
        .inlinedCalls(name)
        .flatMap(({ die, ranges: [{ low }] }) => info.scopesAt(low).find((scope) => scope.die.offset === die.offset) ?? []),
    );
  }

  unitAt(address: FileAddress): UnitDescription | undefined {
    return this.guard<UnitDescription | undefined>(undefined, (info) => info.compilationAt(address)?.description);
  }

  // ---- lines

  lineAt(address: FileAddress): LineRow | undefined {
    return this.guard<LineRow | undefined>(undefined, (info) => info.compilationAt(address)?.lines().rowAt(address));
  }

  rowsIn(range: AddressRange): readonly LineRow[] {
    return this.guard<readonly LineRow[]>([], (info) => info.compilationAt(range.low)?.lines().rowsIn(range) ?? []);
  }

  sourceFiles(): readonly SourceFile[] {
    return this.guard<readonly SourceFile[]>([], (info) => info.sources.all());
  }

  filesMatching(spelling: string): readonly SourceFile[] {
    return this.guard<readonly SourceFile[]>([], (info) => info.sources.matching(spelling));
  }

  private breakpointRules: BreakpointRules | undefined;

  private rules(info: DebugInfo): BreakpointRules {
    return (this.breakpointRules ??= new BreakpointRules(info, this));
  }

  locationsOf(file: SourceFile, line: number): readonly LineLocation[] {
    return this.guard<readonly LineLocation[]>([], (info) => this.rules(info).ofLine(file, line));
  }

  private readonly placesByName = new Map<string, readonly ResolvedLocation[]>();

  /** Asked for by a breakpoint when it is set, at each run and for each process: the file stays the same. */
  locationsOfFunction(name: string): readonly ResolvedLocation[] {
    let places = this.placesByName.get(name);
    if (!places) this.placesByName.set(name, (places = this.findFunction(name)));
    const [alias, ...rest] = places.length === 0 && name.includes('::') ? splitName(name) : [];
    const namespace = rest.length > 0 && alias !== undefined ? this.namespaceAlias(alias) : undefined;
    if (namespace !== undefined) this.placesByName.set(name, (places = this.findFunction([namespace, ...rest].join('::'))));
    return places;
  }

  private findFunction(name: string): readonly ResolvedLocation[] {
    const described = this.guard<readonly ResolvedLocation[]>([], (info) => this.rules(info).ofFunction(name));
    let symbols = this.symbolsNamed(name.replace(/^::/, ''));
    if (described.length === 0 && symbols.length === 0) symbols = this.symbolsDemangledAs(name);
    const code = symbols.filter((symbol) => symbol.type === 'function' || symbol.type === 'ifunc');
    const aliases = code.flatMap((symbol) => {
      const fn = this.functionAt(symbol.address);
      if (!(fn instanceof FunctionEntry) || fn.entry !== symbol.address) return [];
      return this.guard<readonly ResolvedLocation[]>([], (info) => [this.rules(info).ofAlias(fn)]);
    });
    // Rust's compiler makes the `main` that C's start code calls; the program's own is another.
    const isGenerated = described.length > 0 && this.functionsNamed(name).some((fn) => fn.isMain && fn.qualifiedName !== name);
    const bare = (isGenerated ? [] : code)
      .filter((symbol) => !this.functionAt(symbol.address))
      .map((symbol) =>
        locationOfSymbol(
          symbol,
          this,
          this.guard<Compilation | undefined>(undefined, (info) => info.compilationAt(symbol.address)),
        ),
      )
      .filter(({ address }) => !described.some((location) => location.address === address));
    // One place may have several names: constructors of whole objects and of bases, aliases.
    const places = new Map<number, ResolvedLocation>();
    for (const place of [...described, ...aliases, ...bare]) if (!places.has(place.address)) places.set(place.address, place);
    return [...places.values()].sort((a, b) => a.address - b.address);
  }

  namespaceAlias(name: string): string | undefined {
    return this.guard<string | undefined>(undefined, (info) => info.lookup.namespaceAlias(name));
  }

  isKnownName(name: string): boolean {
    return this.guard(false, (info) => info.lookup.isKnown(name));
  }

  /** C++ functions without debug information: `ns::f` for `_ZN2ns1fEi`. */
  private symbolsDemangledAs(name: string): readonly ElfSymbol[] {
    const written = writtenName(name);
    // Operators are mangled by codes of their own; the names around them, destructors' and templates' are as they are written.
    const word = written.parts
      .map((part) => bareName(part).replace(/^~/, ''))
      .findLast((part) => /^(?!operator\b)[A-Za-z_]\w*$/.test(part));
    return this.elfSymbols.containing(word === undefined ? '_Z' : `${word.length}${word}`).filter((symbol) => {
      const known = symbol.name.startsWith('_Z') ? demangledParts(symbol.name) : undefined;
      return known !== undefined && meansName(written, known.parts) && meansParameters(written, symbol.name);
    });
  }

  afterPrologue(fn: FunctionSymbol): FileAddress {
    return fn instanceof FunctionEntry ? this.guard(fn.entry, (info) => this.rules(info).afterPrologue(fn)) : fn.entry;
  }

  stepTarget(fn: FunctionSymbol): FileAddress {
    return fn instanceof FunctionEntry ? this.guard(fn.entry, (info) => this.rules(info).stepTarget(fn)) : fn.entry;
  }

  // ---- data

  variablesNamed(name: string, file?: string): readonly Variable[] {
    return this.guard<readonly Variable[]>([], (info) => {
      const all = info.lookup.variables(name);
      if (file === undefined) return all;
      const wanted = new Set(this.filesMatching(file));
      return all.filter((variable) => variable.declared && wanted.has(variable.declared.file));
    });
  }

  variableNames(): Iterable<string> {
    return this.guard<Iterable<string>>([], (info) => info.lookup.allNames((kind) => kind === Kind.variable));
  }

  fileScopeVariables(address: FileAddress): readonly Variable[] {
    return this.guard<readonly Variable[]>([], (info) => {
      const unit = info.compilationAt(address);
      return unit ? info.globalsOf(unit) : [];
    });
  }

  private near(info: DebugInfo, address: FileAddress | undefined): Compilation | undefined {
    return address === undefined ? undefined : info.compilationAt(address);
  }

  typeNamed(name: string, tag?: 'struct' | 'union' | 'enum' | 'class', near?: FileAddress): CType | undefined {
    return this.guard<CType | undefined>(undefined, (info) => info.lookup.type(name, tag, this.near(info, near)));
  }

  typeNames(): Iterable<string> {
    return this.guard<Iterable<string>>([], (info) => info.lookup.allNames((kind) => kind >= Kind.struct && kind <= Kind.base));
  }

  declaredTypes(suits: (name: string) => boolean): Iterable<DeclaredType> {
    return this.guard<Iterable<DeclaredType>>([], (info) => info.lookup.declaredTypes(suits));
  }

  enumeratorNamed(name: string, near?: FileAddress): { value: bigint; type: CType } | undefined {
    return this.guard<{ value: bigint; type: CType } | undefined>(undefined, (info) => info.lookup.enumerator(name, this.near(info, near)));
  }

  macroNamed(name: string, near?: FileAddress): Macro | undefined {
    return this.guard<Macro | undefined>(undefined, (info) => {
      const unit = near === undefined ? undefined : info.compilationAt(near);
      if (unit && near !== undefined) return findMacro(name, unit, unit.lines().rowAt(near));
      for (const candidate of info.compilations()) {
        const macro = candidate.isTypeUnit ? undefined : findMacro(name, candidate, undefined);
        if (macro) return macro;
      }
      return undefined;
    });
  }

  macrosAt(address: FileAddress): ReadonlyMap<string, Macro> {
    return this.guard<ReadonlyMap<string, Macro>>(new Map(), (info) => {
      const unit = info.compilationAt(address);
      return unit ? macrosAt(unit, unit.lines().rowAt(address)) : new Map<string, Macro>();
    });
  }

  macroDefinitions(name: string, address: FileAddress): readonly Macro[] {
    return this.guard<readonly Macro[]>([], (info) => {
      const unit = info.compilationAt(address);
      return unit ? definitionsOf(name, unit) : [];
    });
  }

  // ---- unwinding

  get callFrames(): CallFrameSource {
    return callFrameSource(this.elf, this.debugElf?.debugData('frame'));
  }

  close(): void {
    this.debugInfo = undefined;
    this.table = undefined;
  }
}
