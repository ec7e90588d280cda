/**
 * Unwinding without call-frame information (assembly, code made at run time, a pc that left all code) or with information
 * that leads nowhere because the stack is damaged. From the surest evidence to the weakest: the instructions at the function's
 * start or a `ret`, a return address whose call goes to this very function, the instructions down to a `ret`, a return address on top of the
 * stack, the chain of frame pointers, and at last any word that looks like a return address.
 */
import type { ImageMap } from './frame.js';
import { Calls, type KnownFunction } from './unwinder_calls.js';
import type { CodePlace } from './unwinder_code.js';
import type { StackMemory } from './unwinder_memory.js';
import { wayOut, type WayOut } from './unwinder_epilogue.js';
import { RBP, RSP, type RegisterFile } from './unwinder_registers.js';

/** Where a frame ends: the return address lies below the CFA, a saved rbp (when the frame has one) where it says. */
export interface FallbackPlan {
  readonly cfa: number;
  readonly savedRbp: number | undefined;
  /** How the caller's frame is marked. `normal`: the evidence is as good as call-frame information. */
  readonly method: 'normal' | 'frame-pointer' | 'guess';
}

const PAGE = 4096;
/** Words of the stack that a scan looks at. */
const SCANNED_WORDS = 2048;
/** A frame larger than this is not believed without better evidence than its frame pointer. */
const LARGEST_FRAME = 64 * 1024 * 1024;

/** `endbr64`, which may stand before everything else. */
const ENDBR64 = [0xf3, 0x0f, 0x1e, 0xfa];
/** `mov %rsp,%rbp` in its two encodings. */
const MOV_RSP_RBP = [
  [0x48, 0x89, 0xe5],
  [0x48, 0x8b, 0xec],
];

const matches = (bytes: Uint8Array, at: number, pattern: readonly number[]): boolean => pattern.every((byte, i) => bytes[at + i] === byte);

export class Fallback {
  readonly calls: Calls;

  constructor(
    images: ImageMap,
    private readonly memory: StackMemory,
  ) {
    this.calls = new Calls(images, memory);
  }

  /** How to leave a frame of code without call-frame information; undefined: nothing looks like a caller. */
  plan(place: CodePlace, pc: number, registers: RegisterFile): FallbackPlan | undefined {
    const rsp = registers.number(RSP);
    const code = this.memory.bytes(pc, 3);
    const returnsToTop = this.calls.isReturnAddress(this.memory.word(rsp));
    // A call through a null or wild pointer pushed the return address and did nothing more.
    if (code === undefined && returnsToTop) return onTop(rsp, 0, 'normal');
    const known = functionAt(place);
    const sure = this.byInstructions(known?.start, pc, code, registers) ?? (known && this.scan(rsp, Infinity, known));
    if (sure !== undefined) return sure;
    const out = this.byEpilogue(pc, registers);
    if (out !== undefined) return out;
    if (returnsToTop) return onTop(rsp, 0, 'guess');
    const chain = this.byFramePointer(registers);
    // A known function that sets up no rbp leaves its caller's there: the return address lies below that.
    return (known && chain && this.scan(rsp, registers.number(RBP))) ?? chain ?? this.scan(rsp, Infinity);
  }

  /** How to leave a frame whose call-frame information leads nowhere: by what lies on the stack alone. */
  rescue(place: CodePlace, registers: RegisterFile): FallbackPlan | undefined {
    const rsp = registers.number(RSP);
    const known = functionAt(place);
    return (known && this.scan(rsp, Infinity, known)) ?? this.scan(rsp, Infinity);
  }

  /** Prologue and epilogue: `[endbr64] push %rbp; mov %rsp,%rbp ... leave; ret`, or a function that pushes nothing first. */
  private byInstructions(
    start: number | undefined,
    pc: number,
    code: Uint8Array | undefined,
    registers: RegisterFile,
  ): FallbackPlan | undefined {
    const rsp = registers.number(RSP);
    const returns = code !== undefined && (code[0] === 0xc3 || code[0] === 0xc2 || (code[0] === 0xf3 && code[1] === 0xc3));
    if (returns && this.calls.isReturnAddress(this.memory.word(rsp))) return onTop(rsp, 0, 'normal');
    const head = start === undefined ? undefined : this.memory.bytes(start, 8);
    if (start === undefined || head === undefined) return undefined;
    const push = matches(head, 0, ENDBR64) ? ENDBR64.length : 0;
    if (pc <= start + push) return onTop(rsp, 0, 'normal');
    if (head[push] !== 0x55) return undefined;
    if (pc === start + push + 1) return onTop(rsp, 8, 'normal');
    return MOV_RSP_RBP.some((pattern) => matches(head, push + 1, pattern)) ? this.byFramePointer(registers) : undefined;
  }

  private readonly waysOut = new Map<number, WayOut | undefined>();

  /** Down the instructions to a `ret`: believed when a return address lies there. */
  private byEpilogue(pc: number, registers: RegisterFile): FallbackPlan | undefined {
    if (!this.waysOut.has(pc))
      this.waysOut.set(
        pc,
        wayOut(
          pc,
          (address, most) => this.memory.bytes(address, most) ?? this.memory.bytes(address, Math.min(most, PAGE - (address % PAGE))),
        ),
      );
    const way = this.waysOut.get(pc);
    if (way === undefined || (way.base === 'rbp' && !registers.knows(RBP))) return undefined;
    const base = registers.number(way.base === 'rbp' ? RBP : RSP);
    const returnAt = base + way.returnAt;
    if (returnAt < registers.number(RSP) || !this.calls.isReturnAddress(this.memory.word(returnAt))) return undefined;
    const savedRbp = way.rbpAt === undefined ? undefined : base + way.rbpAt;
    return { cfa: returnAt + 8, savedRbp, method: way.base === 'rbp' ? 'frame-pointer' : 'guess' };
  }

  /** The caller's rbp at rbp, the return address above it: believed when it lies above rsp and the address is behind a call. */
  private byFramePointer(registers: RegisterFile): FallbackPlan | undefined {
    if (!registers.knows(RBP)) return undefined;
    const rbp = registers.number(RBP);
    const rsp = registers.number(RSP);
    if (rbp % 8 !== 0 || rbp < rsp || rbp - rsp > LARGEST_FRAME) return undefined;
    if (!this.calls.isReturnAddress(this.memory.word(rbp + 8))) return undefined;
    return { cfa: rbp + 16, savedRbp: rbp, method: 'frame-pointer' };
  }

  /**
   * The nearest word of the stack, up to an address, that is a return address in a known file.
   * @param callee only one whose call goes to this function counts
   */
  private scan(rsp: number, end: number, callee?: KnownFunction): FallbackPlan | undefined {
    const start = Math.ceil(rsp / 8) * 8;
    for (let at = start; at < Math.min(end, start + 8 * SCANNED_WORDS); at += 8) {
      const word = this.memory.word(at);
      if (word === undefined) break;
      if (callee === undefined ? this.calls.isKnownReturnAddress(word) : this.calls.goesTo(word, callee))
        return { cfa: at + 8, savedRbp: undefined, method: 'guess' };
    }
    return undefined;
  }
}

const onTop = (rsp: number, pushed: number, method: FallbackPlan['method']): FallbackPlan => ({
  cfa: rsp + pushed + 8,
  savedRbp: pushed === 8 ? rsp : undefined,
  method,
});

/** The function that ELF symbols know at a place. */
const functionAt = ({ loaded, inFile }: CodePlace): KnownFunction | undefined => {
  const symbol = loaded?.image.symbolAt(inFile);
  if (loaded === undefined || symbol?.type !== 'function') return undefined;
  // A label that only its own file knows may stand in the middle of a function.
  if (symbol.size === 0 && symbol.binding === 'local') return undefined;
  return { start: symbol.address + Number(loaded.bias), name: symbol.name };
};
