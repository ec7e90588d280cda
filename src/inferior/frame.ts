/** A frame of a stopped thread's stack, as the unwinder found it and as every reader of values uses it. */
import type { Address } from '../common/addresses.js';
import type { FrameContext } from '../dwarf/location.js';
import type { FunctionSymbol, Scope, SourcePosition, SymbolImage } from '../symbols/model.js';

/** A file mapped into a process: bias = load address - file address. */
export interface LoadedImage {
  readonly image: SymbolImage;
  readonly bias: bigint;
}

/** Where the files of a process lie. */
export interface ImageMap {
  /** The image whose mapped segments hold this address. */
  imageAt(address: Address): LoadedImage | undefined;
  /** In load order, the program first. */
  all(): readonly LoadedImage[];
}

export interface Frame {
  /** 0 is the innermost. Inlined frames count. */
  readonly level: number;
  /** Where this frame is executing, or will when its callee returns. */
  readonly pc: Address;
  /** The address to look up lines and scopes with: pc, or pc - 1 behind a call. */
  readonly lookup: Address;
  /** Canonical frame address: identifies the frame as long as it lives (with the function's entry). Inlined frames share their owner's. */
  readonly cfa: Address;
  /** How it was found. `normal` by call-frame information or evidence as good (a function's first instruction, a call to nowhere); `signal`: the trampoline (`<signal handler called>`); `call`: between a function that deet has called and the place of the call; `inlined`: has no frame of its own;
   *  `tail-call`: known from call sites only; `frame-pointer`, `guess`: without call-frame information, so marked. */
  readonly kind: 'normal' | 'signal' | 'call' | 'inlined' | 'tail-call' | 'frame-pointer' | 'guess';
  readonly loaded: LoadedImage | undefined;
  /** The name to show: DWARF function, inlined function, or ELF symbol; undefined: none. */
  readonly functionName: string | undefined;
  /** The function with code of its own that pc lies in; for an inlined frame the one that it was inlined into. */
  readonly function: FunctionSymbol | undefined;
  /** The innermost scope of this frame (the inlined call's own scope for an inlined frame). */
  readonly scope: Scope | undefined;
  /** Set if the symbol is from ELF only: distance from it. */
  readonly symbolOffset: number | undefined;
  readonly position: SourcePosition | undefined;
  /** Evaluates locations; also gives the registers as they are in this frame (callee-saved ones recovered). */
  readonly context: FrameContext;
  /** Where the caller's value of a register is saved, for writing to it in an outer frame; undefined: still in the register. */
  savedAt(register: number): Address | undefined;
}

/** What is shown for a frame that is no function's. */
export const frameLabel = ({ kind }: Pick<Frame, 'kind'>): string | undefined =>
  kind === 'signal' ? '<signal handler called>' : kind === 'call' ? '<function called from deet>' : undefined;
