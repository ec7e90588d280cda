/**
 * The floating-point and vector registers (PTRACE_GETREGSET of NT_X86_XSTATE; Intel SDM volume 1, chapter 13): the legacy area of FXSAVE, then the XSAVE header
 * and the upper halves of ymm at the offset that CPUID leaf 0xD gives; the standard (not compacted) format puts those of AVX at 576. The kernel
 * says how large the whole is; newer processors have more, which deet passes through unread.
 */
/** NT_X86_XSTATE (elf.h). */
export const noteXstate = 0x202;
/** More bytes than any processor's state has. */
export const largestState = 1 << 14;
const stAt = 32;
const xmmAt = 160;
const ymmUpperAt = 576;
/** Bit 2 of XSTATE_BV: the AVX part is in use (else it is all zeros). */
const headerAt = 512;

/** A thread's extended state as the kernel has it, or the part that FXSAVE knows; `bytes` may be changed and written back. */
export class ExtendedState {
  constructor(readonly bytes: Uint8Array) {}

  /** 16 bytes of xmm N. */
  xmm(number: number): Uint8Array {
    return this.bytes.subarray(xmmAt + 16 * number, xmmAt + 16 * (number + 1));
  }

  /** The upper 16 bytes of ymm N; undefined without AVX. */
  ymmUpper(number: number): Uint8Array | undefined {
    if (this.bytes.length < ymmUpperAt + 256) return undefined;
    return (this.bytes[headerAt] & 4) === 0
      ? new Uint8Array(16)
      : this.bytes.subarray(ymmUpperAt + 16 * number, ymmUpperAt + 16 * (number + 1));
  }

  /** ymm N, 32 bytes. */
  ymm(number: number): Uint8Array | undefined {
    const upper = this.ymmUpper(number);
    return upper && Uint8Array.of(...this.xmm(number), ...upper);
  }

  /** 10 bytes of st(N): the x87 stack as the program sees it. */
  st(number: number): Uint8Array {
    return this.bytes.subarray(stAt + 16 * number, stAt + 16 * number + 10);
  }

  /** Control words by gdb's names. */
  control(name: string): number | undefined {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    switch (name) {
      case 'fctrl':
        return view.getUint16(0, true);
      case 'fstat':
        return view.getUint16(2, true);
      case 'ftag':
        return this.bytes[4];
      case 'fop':
        return view.getUint16(6, true);
      case 'mxcsr':
        return view.getUint32(24, true);
      default:
        return undefined;
    }
  }
}

/** By DWARF number (System V ABI, figure 3.36): 17-32 xmm, 33-40 st. */
export const wideRegister = (read: () => ExtendedState | undefined, number: number): Uint8Array | undefined => {
  if (number < 17 || number > 40) return undefined;
  const state = read();
  if (!state) return undefined;
  return number <= 32 ? (state.ymm(number - 17) ?? state.xmm(number - 17)) : state.st(number - 33);
};
