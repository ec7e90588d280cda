/**
 * The world as an expression sees it. Evaluation reaches the program, its symbols and the session only through this interface, so
 * that a test can offer any world; `frame-context.ts` builds the real one.
 */
import type { Address } from '../common/addresses.js';
import type { LocationDescription } from '../symbols/model.js';
import type { Frame } from '../inferior/frame.js';
import type { Variable } from '../symbols/model.js';
import type { CType, Method } from '../symbols/types.js';
import type { Memory } from './place.js';
import type { PrintSettings } from './settings.js';
import type { TypeNames } from './parser.js';
import type { Value } from './value.js';

/** What a name stands for. */
export type Meaning =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'type'; readonly type: CType }
  /** C++: `ns` in `ns::x`, or a class. */
  | { readonly kind: 'namespace'; readonly name: string };

export interface ScopePath {
  readonly file?: string | undefined;
  readonly path: readonly string[];
}

/** Identifiers, in C's order: blocks outwards, then the file, then everything. */
export interface NameSpace extends TypeNames {
  /** In the blocks around the current address, innermost first. */
  local(name: string): Meaning | undefined;
  /** A parameter's value when the frame's function was entered; undefined: not known, or no parameter of it. */
  atEntry(name: string): Value | undefined;
  /** File scope, other files, then symbols without debug information. */
  global(name: string): Meaning | undefined;
  /** `file.c:f::x`, `ns::x`, `Class::x`, `f::static_local`. */
  scoped(where: ScopePath, name: string): Meaning | undefined;
  /** All functions of a name, as values: C++ may have several. Looked for as `global` and `scoped` do. */
  overloads(where: ScopePath, name: string): readonly Value[];
  /** The code of a member function; undefined: inlined everywhere, or unused. */
  codeOf(method: Method): Value | undefined;
  type(name: string, tag?: 'struct' | 'union' | 'enum' | 'class'): CType | undefined;
  /** Names near in spelling, for "did you mean". */
  suggestions(): Iterable<string>;
}

/** A symbol and the distance from it. */
export interface NamedAddress {
  readonly name: string;
  readonly offset: number;
}

/** Registers by hardware name (`rax`, `rip`, `eflags`, `xmm0`, `st0`, `mxcsr`), whole, as the current frame has them. */
export interface RegisterFile {
  /** Undefined: not known in this frame. @throws DeetError `no-process` ("No registers.") without a thread */
  read(name: string): Uint8Array | undefined;
  /** @throws DeetError */
  write(name: string, bytes: Uint8Array): void;
}

export interface ValueHistory {
  /** Values recorded so far; `$1` is the first. */
  readonly length: number;
  at(number: number): Value | undefined;
}

/** `$name` that are no registers. */
export interface ConvenienceVariables {
  /** Those that have been set. */
  names?(): Iterable<string>;
  get(name: string): Value | undefined;
  set(name: string, value: Value): void;
}

export interface EvaluationContext {
  readonly language: 'c' | 'c++';
  readonly memory: Memory;
  readonly names: NameSpace;
  readonly registers: RegisterFile;
  readonly history: ValueHistory;
  readonly variables: ConvenienceVariables;
  readonly settings: PrintSettings;
  /** The symbol that an address lies in, for `<counter+4>`. */
  symbolAt(address: Address): NamedAddress | undefined;
  /** Names of the functions from the frame outwards, the frame's own first. */
  callers?(): Iterable<string | undefined>;
  /** Another frame that has a variable of this name: `frame 3 (main)`. For a word of advice. */
  frameWith?(name: string): string | undefined;
  /** A setting of deet's own, by its name. */
  setting?(name: string): string | number | boolean | undefined;
  /** Told about what is odd but not wrong: a shift by too much. */
  warn?(message: string): void;
  /** A variable of the debug information as a value in a frame, whatever other names hide it there. */
  variable?(variable: Variable, frame: Frame | undefined): Value;
  /** C++: the offset of a virtual base in an object (DW_AT_data_member_location with DW_OP_push_object_address). */
  virtualBase?(object: Value, location: LocationDescription): number | undefined;
}

/** A call into the program, to be carried out by whoever drives the evaluation. */
export interface CallRequest {
  readonly kind: 'call';
  readonly function: Address;
  /** Function type; undefined for a function without debug information that was cast to nothing. */
  readonly type: Extract<CType, { kind: 'function' }>;
  readonly arguments: readonly Value[];
}

/** Evaluation stops at each call and is resumed with the value that it returned. */
export type Evaluation<R = Value> = Generator<CallRequest, R, Value>;
