/** The two kinds of objects behind the Frame interface: what stands on the stack (or was inlined there), and what a tail call left. */
import { fileAddress, type Address } from '../common/addresses.js';
import type { FunctionSymbol, Scope, SourcePosition } from '../symbols/model.js';
import type { Frame, LoadedImage } from './frame.js';
import type { TailCall } from './frames_calls.js';
import type { ActivationContext } from './frames_context.js';
import { symbolsAt, symbolsOf, type PlaceFrame, type PlaceSymbols } from './frames_symbols.js';
import type { Activation } from './unwinder.js';
import { RIP, RSP } from './unwinder_registers.js';

/** Line 0 means that the compiler names no line (DWARF 5, 6.2.2). */
const known = (position: SourcePosition | undefined): SourcePosition | undefined => (position?.line === 0 ? undefined : position);

export class StackFrame implements Frame {
  private readonly symbols: PlaceSymbols;
  private readonly shown: PlaceFrame;

  /**
   * @param depth 0: the innermost inlined call at the address (or the function itself); then outwards
   * @param makeContext called when the context is first asked for, which most frames never are
   */
  constructor(
    readonly level: number,
    private readonly activation: Activation,
    private readonly depth: number,
    private readonly makeContext: () => ActivationContext,
  ) {
    this.symbols = symbolsOf(activation.place);
    this.shown = this.symbols.frames[depth] ?? { inlined: false, name: undefined, scope: undefined, whole: undefined };
  }

  get context(): ActivationContext {
    return this.makeContext();
  }

  get kind(): Frame['kind'] {
    return this.shown.inlined ? 'inlined' : this.activation.kind;
  }

  get pc(): Address {
    return this.activation.registers.value(RIP);
  }

  get lookup(): Address {
    const { pc, activation } = this;
    return activation.place.lookup === activation.pc ? pc : BigInt.asUintN(64, pc - 1n);
  }

  get cfa(): Address {
    const { cfa, registers } = this.activation;
    return Number.isNaN(cfa) ? registers.value(RSP) : BigInt(cfa);
  }

  get loaded(): LoadedImage | undefined {
    return this.activation.place.loaded;
  }

  get functionName(): string | undefined {
    return this.shown.name;
  }

  get function(): FunctionSymbol | undefined {
    return this.symbols.function;
  }

  get scope(): Scope | undefined {
    return this.shown.scope;
  }

  get symbolOffset(): number | undefined {
    const { symbol } = this.symbols;
    if (symbol === undefined) return undefined;
    const { inFile, lookup } = this.activation.place;
    return inFile + (this.activation.pc - lookup) - symbol.address;
  }

  /** The line of the address belongs to the innermost call; the callers of inlined calls are at the lines of the calls. */
  get position(): SourcePosition | undefined {
    return known(this.depth === 0 ? this.symbols.line : this.symbols.frames[this.depth - 1]?.whole?.inlined?.call);
  }

  savedAt(register: number): Address | undefined {
    return this.context.savedAt(register);
  }
}

/** One frame for one jump: calls inlined around the jump are not told apart, the innermost gives the name, as gdb has it. */
export class TailFrame implements Frame {
  readonly kind = 'tail-call';
  readonly symbolOffset = undefined;
  readonly pc: Address;
  private readonly symbols: PlaceSymbols;

  constructor(
    readonly level: number,
    private readonly call: TailCall,
    readonly cfa: Address,
    readonly loaded: LoadedImage,
    readonly context: ActivationContext,
  ) {
    this.pc = BigInt(call.site.returnAddress) + loaded.bias;
    this.symbols = symbolsAt(loaded.image, fileAddress(call.site.returnAddress - 1));
  }

  get lookup(): Address {
    return this.pc - 1n;
  }

  get functionName(): string | undefined {
    return this.symbols.frames[0].name;
  }

  get function(): FunctionSymbol {
    return this.call.function;
  }

  get scope(): Scope | undefined {
    return this.symbols.frames[0].scope;
  }

  get position(): SourcePosition | undefined {
    return known(this.symbols.line);
  }

  savedAt(register: number): Address | undefined {
    return this.context.savedAt(register);
  }
}
