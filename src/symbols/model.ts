/**
 * What the symbol side tells the rest of deet about one file (`SymbolImage`). Plain data, no process: whoever evaluates
 * a location hands the DWARF machine a small interface (dwarf/machine.ts).
 */
import type { FileAddress } from '../common/addresses.js';
import type { Language } from '../dwarf/constants.js';
import type { CallFrameSource, LocationDescription, UnitContext } from '../dwarf/location.js';
import type { ElfSymbol } from '../elf/symbols.js';
import type { CType, EnumType, FunctionType } from './types.js';

export type { CallFrameSource, LocationDescription, UnitContext } from '../dwarf/location.js';
export type { ElfSymbol } from '../elf/symbols.js';

export interface SourceFile {
  /** Absolute where the compiler's directory is known: DW_AT_comp_dir, directory and name joined and normalised. */
  readonly path: string;
  /** As written in the line table. */
  readonly name: string;
}

export interface SourcePosition {
  readonly file: SourceFile;
  /** From 1; 0: the compiler names no line. */
  readonly line: number;
  readonly column?: number;
}

/** One row of the line-number matrix (DWARF 5, 6.2.2), with the address where the next row begins. */
export interface LineRow extends SourcePosition {
  readonly address: FileAddress;
  /** First address after the row. */
  readonly end: FileAddress;
  readonly isStatement: boolean;
  readonly prologueEnd: boolean;
  readonly epilogueBegin: boolean;
  readonly discriminator: number;
}

export interface AddressRange {
  readonly low: FileAddress;
  /** First address after it. */
  readonly high: FileAddress;
}

export interface Variable {
  readonly name: string;
  readonly linkageName?: string;
  /** C++: with namespace and class, `ns::counter`. */
  readonly qualifiedName?: string;
  readonly role: 'parameter' | 'local' | 'static-local' | 'global' | 'file-static';
  readonly type: CType;
  /** Undefined: optimized out everywhere. */
  readonly location: LocationDescription | undefined;
  readonly declared: SourcePosition | undefined;
  /** Made by the compiler: `this`, the hidden parts of a range-for. */
  readonly artificial: boolean;
  readonly isDeclaration?: boolean;
  /** The file whose debug information describes it: its addresses are that file's. */
  readonly image: SymbolImage;
}

/** A region of a function in which names are visible: the function itself, a lexical block, or an inlined call. */
/** C++: what the parameters of templates stand for. */
export interface TemplateArguments {
  readonly types: readonly { readonly name: string; readonly type: CType }[];
  readonly values: readonly Variable[];
}

export interface Scope {
  readonly kind: 'function' | 'block' | 'inlined';
  readonly ranges: readonly AddressRange[];
  readonly parent: Scope | undefined;
  /** The out-of-line function all of this belongs to. */
  readonly owner: FunctionSymbol;
  children(): readonly Scope[];
  variables(): readonly Variable[];
  /** Types declared inside (struct in a function), by name. */
  types(): readonly { name: string; type: CType }[];
  /** A constant of an enumeration that is declared inside, and need not have a name. (Optional: scopes made for tests lack it.) */
  enumerator?(name: string): { value: bigint; type: EnumType } | undefined;
  /** Of functions and inlined calls: what the parameters of their templates, and of those of the classes around them, stand for. */
  templateArguments?(): TemplateArguments;
  /** Of functions and inlined calls: what stands around a nested function (GNU C); undefined: nothing does. (Optional: scopes made for tests lack it.) */
  enclosing?(): Enclosing | undefined;
  /** Inlined calls only: what was inlined, and the place of the call. */
  readonly inlined?: {
    readonly name: string;
    readonly qualifiedName: string;
    readonly type: FunctionType;
    readonly call: SourcePosition | undefined;
    readonly entry: FileAddress;
  };
}

/** The function in which a nested one is defined, as it is seen from there. */
export interface Enclosing {
  /** Is this scope that function's: its own or an inlined call's? */
  hasInstance(scope: Scope): boolean;
  /** Are the names of this block of that function visible in the nested one? */
  isInside(block: Scope): boolean;
}

/** A call and what the compiler knows of its arguments (DW_TAG_call_site; DWARF 5, 3.4). */
export interface CallSite {
  /** The address behind the call instruction: the return address. */
  readonly returnAddress: FileAddress;
  readonly tailCall: boolean;
  /** A direct call: the callee's entry, when known. */
  readonly target?: FileAddress;
  /** An indirect call: an expression that yields the callee's entry (as a load address) in the caller's frame. */
  readonly targetValue?: Uint8Array;
  readonly parameters: readonly { readonly location: Uint8Array; readonly value?: Uint8Array }[];
  readonly unit: UnitContext;
}

/** A function with code of its own. */
export interface FunctionSymbol {
  readonly name: string;
  /** Mangled, when it differs. */
  readonly linkageName?: string;
  /** As gdb shows it in a backtrace: C: the name; C++: `ns::Class::method` (without parameters), templates included. */
  readonly qualifiedName: string;
  readonly ranges: readonly AddressRange[];
  /** The first instruction: DW_AT_entry_pc or DW_AT_low_pc or the first range's low. */
  readonly entry: FileAddress;
  readonly declared: SourcePosition | undefined;
  readonly external: boolean;
  readonly language: Language;
  readonly producer: string;
  readonly type: FunctionType;
  readonly frameBase: LocationDescription | undefined;
  /** Of a nested function (DW_AT_static_link; DWARF 5, 3.3.5): yields the frame base of the enclosing function's activation. */
  readonly staticLink?: LocationDescription | undefined;
  readonly unit: UnitContext;
  readonly image: SymbolImage;
  /** The root of its tree of scopes; read when first asked for. */
  scope(): Scope;
  callSites(): readonly CallSite[];
  /** DW_AT_noreturn. */
  readonly noReturn: boolean;
  /** Where the program begins, for who wrote it: C's main, or what the language has for it (DW_AT_main_subprogram). */
  readonly isMain: boolean;
}

/** A place that a user named, resolved in this file: where a breakpoint goes. */
export interface ResolvedLocation {
  readonly address: FileAddress;
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
  /** Asked for as a line of the function's opening: it has moved to where the body begins. */
  readonly isMoved?: boolean;
}

/** One place of `FILE:LINE`. */
export interface LineLocation extends ResolvedLocation {
  /** The line asked for or, when that has no code, the nearest later one; `position` is another where the place has moved behind a prologue. */
  readonly line: number;
}

/** A type, and where it is declared. */
export interface DeclaredType {
  readonly name: string;
  readonly type: CType;
  readonly language: Language;
  /** The path of the file. */
  readonly file: string;
  /** 0: it is of the language. */
  readonly line: number;
}

/** A compilation unit, in words. */
export interface UnitDescription {
  /** Of its primary source file (DW_AT_name), as `SourceFile.path`. */
  readonly path: string | undefined;
  readonly directory: string | undefined;
  readonly language: Language;
  readonly producer: string;
  /** Of DWARF. */
  readonly version: number;
  readonly hasMacros: boolean;
}

/** A macro of the program, as it holds at some place (gcc -g3; DWARF 5, 6.3). */
export interface Macro {
  /** Absent: not a function-like macro. */
  readonly parameters?: readonly string[];
  readonly body: string;
  /** Where it is defined, and behind that the `#include` that leads there, outwards. Line 0: by the compiler or its `-D`. */
  readonly defined: readonly MacroPlace[];
}

export interface MacroPlace {
  readonly path: string;
  readonly line: number;
}

/** One file's symbols. Every look-up is lazy; none throws for damaged debug information: what is unreadable is absent. */
export interface SymbolImage {
  readonly path: string;
  readonly buildId: string | undefined;
  /** When the file that was opened had been written last, in milliseconds since 1970; undefined: it is none (the vDSO). */
  readonly modified: number | undefined;
  readonly hasDebugInfo: boolean;
  /** Sentences about what could not be read, for `info sharedlibrary` and warnings. */
  readonly warnings: readonly string[];
  /** Those of the warnings that a user should hear of at once: files with debug information that were not found or do not fit. */
  readonly missing: readonly string[];
  /** The lowest and highest addresses of PT_LOAD segments. */
  readonly span: AddressRange;
  readonly entryPoint: FileAddress;
  /** Those that lie in memory, by address; none in a file that was stripped of section headers. */
  sections(): readonly { readonly name: string; readonly address: FileAddress; readonly size: number; readonly writable?: boolean }[];
  /** PT_TLS: size and alignment of the block of thread-local variables, in bytes; undefined: it has none. */
  readonly tls: { readonly size: number; readonly alignment: number } | undefined;
  /** True: position independent (ET_DYN), so a load bias applies. */
  readonly relocatable: boolean;

  // ELF symbols
  symbolAt(address: FileAddress): ElfSymbol | undefined;
  /** Where what a symbol without a size names ends at the latest: at the next symbol, or with its section. */
  endOfSymbol(symbol: ElfSymbol): FileAddress;
  symbolsNamed(name: string): readonly ElfSymbol[];
  /** The place of a variable that this file offers to the others of its process; undefined: it offers none of that (mangled) name. */
  exportedVariable(name: string): FileAddress | undefined;
  /** Code of the procedure linkage table, with or without a name. */
  isLinkage(address: FileAddress): boolean;
  /** All of them, sorted by address (for completion, info functions, rbreak). */
  symbols(): readonly ElfSymbol[];
  /** The bytes of the file at an address (read-only data of a core, code before a run); undefined outside. */
  bytesAt(address: FileAddress, length: number): Uint8Array | undefined;

  // functions
  functionAt(address: FileAddress): FunctionSymbol | undefined;
  /** By `name`, qualified or linkage name; `f` also finds `ns::f` and `Class::f`. */
  functionsNamed(name: string): readonly FunctionSymbol[];
  /** Every name that `functionsNamed` knows, for completion and "did you mean". */
  functionNames(): Iterable<string>;
  /** Functions with code whose qualified names suit, as the compiler writes those (a demangled one may order its words otherwise). */
  functionsWhere(suits: (name: string) => boolean): Iterable<FunctionSymbol>;
  /** The chain of scopes at an address, innermost first, ending with the function's own. */
  scopesAt(address: FileAddress): readonly Scope[];
  /** Where calls of this function were inlined: breakpoints go there too. */
  inlinedCallsOf(name: string): readonly Scope[];

  // lines
  /** Of the unit that has the code at an address. */
  unitAt(address: FileAddress): UnitDescription | undefined;
  lineAt(address: FileAddress): LineRow | undefined;
  /** All rows of the function or unit around an address, in address order: the stepper's map. */
  rowsIn(range: AddressRange): readonly LineRow[];
  sourceFiles(): readonly SourceFile[];
  /** Files that a user's spelling may mean: `a.c`, `src/a.c`, an absolute path. */
  filesMatching(spelling: string): readonly SourceFile[];
  /**
   * Where `FILE:LINE` is: the is_stmt rows that begin the line, one per block of code as gdb chooses them. When the line has no code, those of
   * the nearest later line that has (`line` of the result tells).
   */
  locationsOf(file: SourceFile, line: number): readonly LineLocation[];
  /**
   * Where a breakpoint on a function goes: after the prologue, by gdb's rules (prologue_end when given; else the second
   * line entry of the function; code built with -O2 and no frame set-up: as gdb amd64_skip_prologue).
   */
  afterPrologue(fn: FunctionSymbol): FileAddress;
  /** Where `step` into a function ends: as afterPrologue, but behind the set-up of the frame even where the compiler keeps locations exact. */
  stepTarget?(fn: FunctionSymbol): FileAddress;

  /**
   * Where `break FUNCTION` goes: all functions of the name, the places where it was inlined, and symbols without debug
   * information, each behind its prologue and with the line that gdb shows. (Optional: images made for tests lack it.)
   */
  locationsOfFunction?(name: string): readonly ResolvedLocation[];

  /** C++: what `namespace name = ...` stands for. (Optional: images made for tests lack it.) */
  namespaceAlias?(name: string): string | undefined;
  /** Does anything of the file bear this name, whatever it is and wherever it stands? True may be a mistake. (Optional: images made for tests lack it.) */
  isKnownName?(name: string): boolean;

  // data
  /** Global and file-static variables by name (or qualified name, or `'file.c'::name` via `file`). */
  variablesNamed(name: string, file?: string): readonly Variable[];
  variableNames(): Iterable<string>;
  /** Global variables of the unit that holds this address first: C's file scope. */
  fileScopeVariables(address: FileAddress): readonly Variable[];
  /** `int`, `node_t`; with tag for `struct node`. `near` prefers the unit of that address. */
  typeNamed(name: string, tag?: 'struct' | 'union' | 'enum' | 'class', near?: FileAddress): CType | undefined;
  typeNames(): Iterable<string>;
  /** All definitions of types outside of functions whose qualified names suit; those of the language itself are declared in the unit's primary file. */
  declaredTypes(suits: (name: string) => boolean): Iterable<DeclaredType>;
  /** Enumerators are constants in scope of their unit. */
  enumeratorNamed(name: string, near?: FileAddress): { value: bigint; type: CType } | undefined;
  /** Macros where -g3 has them: the replacement text. */
  macroNamed(name: string, near?: FileAddress): Macro | undefined;
  /** All that hold at an address, by name. (Optional: images made for tests lack it.) */
  macrosAt?(address: FileAddress): ReadonlyMap<string, Macro>;
  /** Every definition of a name in the unit that holds an address. (Optional: images made for tests lack it.) */
  macroDefinitions?(name: string, address: FileAddress): readonly Macro[];

  /** Call-frame information, for the unwinder. */
  readonly callFrames: CallFrameSource;

  close(): void;
}
