/**
 * Unwinding without call-frame information: assembly, code made at run time, a pc that left all code. From the surest
 * evidence to the weakest: the instructions at the function's start or a `ret`, a return address on top of the stack, the chain
 * of frame pointers, and at last any word of the stack that looks like a return address.
 */
import { fileAddress } from '../common/addresses.js';
import type { ImageMap } from './frame.js';
import type { CodePlace } from './unwinder_code.js';
import type { StackMemory } from './unwinder_memory.js';
import { RBP, RSP, type RegisterFile } from './unwinder_registers.js';

/** Where a frame ends: the return address lies below the CFA, a saved rbp (when the frame has one) where it says. */
export interface FallbackPlan {
  readonly cfa: number;
  readonly savedRbp: number | undefined;
  /** How the caller's frame is marked. `normal`: the evidence is as good as call-frame information. */
  readonly method: 'normal' | 'frame-pointer' | 'guess';
}

interface KnownFunction {
  readonly start: number;
  readonly name: string;
}

/** No code lies in the first page. */
const LOWEST_CODE = 4096;
/** Words of the stack that a scan looks at. */
const SCANNED_WORDS = 2048;
/** A frame larger than this is not believed without better evidence than its frame pointer. */
const LARGEST_FRAME = 64 * 1024 * 1024;

/** Bytes behind the opcode FF /2 (indirect call) by its ModRM byte, itself included; 0: not this instruction. */
const indirectCallLength = (modrm: number, sib: number): number => {
  if (((modrm >> 3) & 7) !== 2) return 0;
  const mode = modrm >> 6;
  const hasSib = mode !== 3 && (modrm & 7) === 4;
  const displacement = mode === 1 ? 1 : mode === 2 || (mode === 0 && ((modrm & 7) === 5 || (hasSib && (sib & 7) === 5))) ? 4 : 0;
  return 1 + (hasSib ? 1 : 0) + displacement;
};

export class Fallback {
  constructor(
    private readonly images: ImageMap,
    private readonly memory: StackMemory,
  ) {}

  /** How to leave a frame of code without call-frame information; undefined: nothing looks like a caller. */
  plan(place: CodePlace, pc: number, registers: RegisterFile): FallbackPlan | undefined {
    const rsp = registers.number(RSP);
    const code = this.memory.bytes(pc, 3);
    // A call through a null or wild pointer pushed the return address and did nothing more.
    if (code === undefined && this.isReturnAddress(this.memory.word(rsp))) return this.onTop(rsp, 0, 'normal');
    const known = this.functionAt(place);
    const top = this.isReturnAddress(this.memory.word(rsp)) ? this.onTop(rsp, 0, 'guess') : undefined;
    const sure = this.byInstructions(known?.start, pc, code, registers) ?? (known && this.byScan(rsp, Infinity, known)) ?? top;
    if (sure !== undefined) return sure;
    const chain = this.byFramePointer(registers);
    // A known function that sets up no rbp leaves its caller's there: the return address lies below that.
    return (known && chain && this.byScan(rsp, registers.number(RBP))) ?? chain ?? this.byScan(rsp, Infinity);
  }

  private onTop(rsp: number, pushed: number, method: FallbackPlan['method']): FallbackPlan {
    return { cfa: rsp + pushed + 8, savedRbp: pushed === 8 ? rsp : undefined, method };
  }

  /** The function that ELF symbols know here. */
  private functionAt({ loaded, inFile }: CodePlace): KnownFunction | undefined {
    const symbol = loaded?.image.symbolAt(inFile);
    if (loaded === undefined || symbol?.type !== 'function') return undefined;
    return { start: symbol.address + Number(loaded.bias), name: symbol.name };
  }

  /** Prologue and epilogue: `[endbr64] push %rbp; mov %rsp,%rbp ... leave; ret`, or a function that pushes nothing first. */
  private byInstructions(
    start: number | undefined,
    pc: number,
    code: Uint8Array | undefined,
    registers: RegisterFile,
  ): FallbackPlan | undefined {
    const rsp = registers.number(RSP);
    const returns = code?.[0] === 0xc3 || code?.[0] === 0xc2 || (code?.[0] === 0xf3 && code[1] === 0xc3);
    if (returns && this.isReturnAddress(this.memory.word(rsp))) return this.onTop(rsp, 0, 'normal');
    if (start === undefined) return undefined;
    const head = this.memory.bytes(start, 8);
    if (head === undefined) return undefined;
    const push = head[0] === 0xf3 && head[1] === 0x0f && head[2] === 0x1e && head[3] === 0xfa ? 4 : 0;
    if (pc <= start + push) return this.onTop(rsp, 0, 'normal');
    if (head[push] !== 0x55) return undefined;
    const moves =
      (head[push + 1] === 0x48 && head[push + 2] === 0x89 && head[push + 3] === 0xe5) ||
      (head[push + 1] === 0x48 && head[push + 2] === 0x8b && head[push + 3] === 0xec);
    if (moves && pc >= start + push + 4) return this.byFramePointer(registers);
    return pc === start + push + 1 ? this.onTop(rsp, 8, 'normal') : undefined;
  }

  /** The caller's rbp at rbp, the return address above it: believed when it lies above rsp and the address is behind a call. */
  private byFramePointer(registers: RegisterFile): FallbackPlan | undefined {
    if (!registers.knows(RBP)) return undefined;
    const rbp = registers.number(RBP);
    const rsp = registers.number(RSP);
    if (rbp % 8 !== 0 || rbp < rsp || rbp - rsp > LARGEST_FRAME) return undefined;
    return this.isReturnAddress(this.memory.word(rbp + 8)) ? { cfa: rbp + 16, savedRbp: rbp, method: 'frame-pointer' } : undefined;
  }

  /**
   * The nearest word of the stack, up to an address, that is a return address in a known file.
   * @param callee only one whose call goes to this function counts
   */
  private byScan(rsp: number, end: number, callee?: KnownFunction): FallbackPlan | undefined {
    const start = Math.ceil(rsp / 8) * 8;
    for (let at = start; at < Math.min(end, start + 8 * SCANNED_WORDS); at += 8) {
      const word = this.memory.word(at);
      if (word === undefined) break;
      if (word < LOWEST_CODE || !Number.isSafeInteger(word) || this.images.imageAt(BigInt(word)) === undefined) continue;
      if (callee === undefined ? this.isReturnAddress(word) : this.calls(word, callee))
        return { cfa: at + 8, savedRbp: undefined, method: 'guess' };
    }
    return undefined;
  }

  /** Whether the direct call before a return address goes to a function, or to its slot in a procedure linkage table. */
  private calls(address: number, { start, name }: KnownFunction): boolean {
    const target = this.callTarget(address);
    if (target === undefined || target === start) return target === start;
    const loaded = this.images.imageAt(BigInt(target));
    return loaded?.image.symbolAt(fileAddress(target - Number(loaded.bias)))?.name === `${name}@plt`;
  }

  /** The address that the direct call before a return address goes to. */
  callTarget(address: number): number | undefined {
    const bytes = this.memory.bytes(address - 5, 5);
    if (bytes?.[0] !== 0xe8) return undefined;
    const target = address + new DataView(bytes.buffer, bytes.byteOffset, 5).getInt32(1, true);
    return target >= LOWEST_CODE ? target : undefined;
  }

  /** Whether the instruction before an address is a call: E8 rel32 to code, or FF /2. */
  isReturnAddress(address: number | undefined): boolean {
    if (address === undefined || address < LOWEST_CODE || !Number.isSafeInteger(address)) return false;
    const before = this.memory.bytes(address - 7, 7);
    if (before === undefined) return false;
    const loaded = this.images.imageAt(BigInt(address));
    // Data of a file is mapped too; only what its sections say is code counts, where they say so.
    const symbol = loaded?.image.symbolAt(fileAddress(address - Number(loaded.bias)));
    if (symbol?.type === 'object' || symbol?.type === 'tls') return false;
    if (before[2] === 0xe8) {
      const target = this.callTarget(address);
      if (target !== undefined && this.memory.bytes(target, 1) !== undefined) return true;
    }
    for (let length = 2; length <= 7; length++) {
      const at = 7 - length;
      if (before[at] === 0xff && indirectCallLength(before[at + 1] ?? 0, before[at + 2] ?? 0) === length - 1) return true;
    }
    return false;
  }
}
