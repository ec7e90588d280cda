/**
 * The floating-point and vector registers (PTRACE_GETREGSET of NT_X86_XSTATE; Intel SDM volume 1, chapter 13): the legacy area of FXSAVE, then the XSAVE header
 * and the upper halves of ymm at the offset that CPUID leaf 0xD gives; the standard (not compacted) format puts those of AVX at 576. Where AVX-512 lies
 * differs between Intel's processors and AMD's, and so does the size of the whole. The kernel says how large that is; newer processors have more, which
 * deet passes through unread.
 */
/** NT_X86_XSTATE (elf.h). */
export const noteXstate = 0x202;
/** More bytes than any processor's state has. */
export const largestState = 1 << 14;
const stAt = 32;
const xmmAt = 160;
const ymmUpperAt = 576;
const ymmCount = 16;
/** XSTATE_BV: which parts are in use; one that is not is all zeros, whatever its bytes say. */
const headerAt = 512;
const x87Part = 1;
const ssePart = 2;
const avxPart = 4;
/** Of AVX-512: k0 to k7; the upper halves of zmm0 to zmm15; all of zmm16 to zmm31. */
const maskPart = 1 << 5;
const upperPart = 1 << 6;
const highPart = 1 << 7;
const avx512Parts = maskPart | upperPart | highPart;
/** What the processor and the kernel support (XCR0), where the kernel puts it for debuggers (linux/regset: USER_XSTATE_XCR0_WORD). */
const supportedAt = 464;

/** Control words by gdb's names: place and size. The last instruction and operand: an offset, and where it was saved in 32-bit form a selector. */
const controlWords: Readonly<Record<string, readonly [at: number, size: number]>> = {
  fctrl: [0, 2],
  fstat: [2, 2],
  ftag: [4, 2],
  fop: [6, 2],
  fioff: [8, 4],
  fiseg: [12, 2],
  fooff: [16, 4],
  foseg: [20, 2],
  mxcsr: [24, 4],
};

interface Avx512 {
  readonly masks: number;
  readonly uppers: number;
  readonly highs: number;
}
const intel: Avx512 = { masks: 1088, uppers: 1152, highs: 1664 };
const amd: Avx512 = { masks: 832, uppers: 896, highs: 1408 };
/** With intel's offsets the state is no smaller. */
const intelSize = intel.highs + 16 * 64;

/** A thread's extended state as the kernel has it, or the part that FXSAVE knows; `bytes` may be changed and written back. */
export class ExtendedState {
  constructor(readonly bytes: Uint8Array) {}

  /** 16 bytes of xmm N. */
  xmm(number: number): Uint8Array {
    return this.bytes.subarray(xmmAt + 16 * number, xmmAt + 16 * (number + 1));
  }

  /** The upper 16 bytes of ymm N; undefined without AVX. */
  ymmUpper(number: number): Uint8Array | undefined {
    if (!this.#hasAvx) return undefined;
    return (this.bytes[headerAt] & avxPart) === 0
      ? new Uint8Array(16)
      : this.bytes.subarray(ymmUpperAt + 16 * number, ymmUpperAt + 16 * (number + 1));
  }

  get #hasAvx(): boolean {
    return this.bytes.length >= ymmUpperAt + 16 * ymmCount;
  }

  /** Writes the lowest 16, 32 or 64 bytes of vector register N; shorter values are filled up with zeros. False: the processor has no such register. */
  setVector(number: number, value: Uint8Array): boolean {
    const whole = new Uint8Array(value.length > 32 ? 64 : value.length > 16 ? 32 : 16);
    whole.set(value.subarray(0, whole.length));
    const layout = this.#avx512;
    if (number >= 16) {
      if (layout) this.#setPart(highPart, layout.highs, 16 * 64, 64 * (number - 16), whole);
      return layout !== undefined;
    }
    this.xmm(number).set(whole.subarray(0, 16));
    this.bytes[headerAt] |= ssePart;
    if (whole.length > 16 && this.#hasAvx) this.#setPart(avxPart, ymmUpperAt, ymmCount * 16, 16 * number, whole.subarray(16, 32));
    if (whole.length > 32 && layout) this.#setPart(upperPart, layout.uppers, 16 * 32, 32 * number, whole.subarray(32));
    return whole.length === 16 || (this.#hasAvx && (whole.length === 32 || layout !== undefined));
  }

  /** Writes into a part of the state; one that was not in use is made zeros first, which is what it counted as. */
  #setPart(part: number, at: number, length: number, offset: number, value: Uint8Array): void {
    if ((this.bytes[headerAt] & part) === 0) this.bytes.fill(0, at, at + length);
    this.bytes[headerAt] |= part;
    this.bytes.set(value, at + offset);
  }

  /** Writes k N; false: the processor has none. */
  setMask(number: number, value: Uint8Array): boolean {
    const layout = this.#avx512;
    if (layout) this.#setPart(maskPart, layout.masks, 8 * 8, 8 * number, value.subarray(0, 8));
    return layout !== undefined;
  }

  /** Writes the 10 bytes of st(N); whether it counts as empty is for the program, and `ftag`. */
  setSt(number: number, value: Uint8Array): void {
    this.st(number).set(value.subarray(0, 10));
    this.#useX87();
  }

  /** Makes the x87 stack one of these numbers alone, the first on top: as a function that returns them leaves it. */
  setX87Results(values: readonly Uint8Array[]): void {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset);
    const top = (8 - values.length) & 7;
    view.setUint16(2, (view.getUint16(2, true) & ~0x3800) | (top << 11), true);
    this.bytes[4] = 0;
    values.forEach((value, number) => {
      this.setSt(number, value);
      this.bytes[4] |= 1 << (top + number);
    });
  }

  #useX87(): void {
    if (this.bytes.length > headerAt) this.bytes[headerAt] |= x87Part;
  }

  /** ymm N, 32 bytes. */
  ymm(number: number): Uint8Array | undefined {
    const upper = this.ymmUpper(number);
    return upper && Uint8Array.of(...this.xmm(number), ...upper);
  }

  get #avx512(): Avx512 | undefined {
    if (this.bytes.length < amd.highs + 16 * 64 || (this.bytes[supportedAt] & avx512Parts) !== avx512Parts) return undefined;
    return this.bytes.length >= intelSize ? intel : amd;
  }

  /** A part of the state, which is all zeros while it is not in use. */
  #part(part: number, at: number, length: number): Uint8Array {
    return (this.bytes[headerAt] & part) === 0 ? new Uint8Array(length) : this.bytes.subarray(at, at + length);
  }

  /** k N, 8 bytes; undefined without AVX-512. */
  mask(number: number): Uint8Array | undefined {
    const layout = this.#avx512;
    return layout && this.#part(maskPart, layout.masks + 8 * number, 8);
  }

  /** zmm N, 64 bytes; undefined without AVX-512. */
  zmm(number: number): Uint8Array | undefined {
    const layout = this.#avx512;
    if (!layout) return undefined;
    if (number >= 16) return this.#part(highPart, layout.highs + 64 * (number - 16), 64);
    return Uint8Array.of(...(this.ymm(number) ?? []), ...this.#part(upperPart, layout.uppers + 32 * number, 32));
  }

  /** 10 bytes of st(N): the x87 stack as the program sees it. */
  st(number: number): Uint8Array {
    return this.bytes.subarray(stAt + 16 * number, stAt + 16 * number + 10);
  }

  /** FXSAVE keeps one bit a register, whether it is used; the full tags say with what: 0 a number, 1 zero, 2 special, 3 empty (SDM 1, 10.5.1.1). */
  #tags(view: DataView): number {
    const top = (view.getUint16(2, true) >> 11) & 7;
    let tags = 0;
    for (let physical = 0; physical < 8; physical++) {
      const bytes = this.st((physical - top) & 7);
      const exponent = (bytes[8] | (bytes[9] << 8)) & 0x7fff;
      const isZero = exponent === 0 && bytes.subarray(0, 8).every((byte) => byte === 0);
      const used = (this.bytes[4] & (1 << physical)) !== 0;
      const normal = exponent !== 0 && exponent !== 0x7fff && (bytes[7] & 0x80) !== 0;
      tags |= (!used ? 3 : isZero ? 1 : normal ? 0 : 2) << (2 * physical);
    }
    return tags;
  }

  /** Writes a control word; false: there is none of that name. */
  setControl(name: string, value: number): boolean {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    const [at, size] = controlWords[name] ?? [];
    if (at === undefined) return false;
    if (name === 'ftag')
      for (let i = 0; i < 8; i++) this.bytes[4] = (this.bytes[4] & ~(1 << i)) | (((value >> (2 * i)) & 3) === 3 ? 0 : 1 << i);
    else if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    if (name !== 'mxcsr') this.#useX87();
    return true;
  }

  /** Control words by gdb's names. */
  control(name: string): number | undefined {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    const [at, size] = controlWords[name] ?? [];
    if (at === undefined) return undefined;
    if (name === 'ftag') return this.#tags(view);
    return size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  }
}

/** By DWARF number (System V ABI, figure 3.36): 17-32 xmm, 33-40 st. */
export const wideRegister = (read: () => ExtendedState | undefined, number: number): Uint8Array | undefined => {
  if (number < 17 || number > 40) return undefined;
  const state = read();
  if (!state) return undefined;
  return number <= 32 ? (state.ymm(number - 17) ?? state.xmm(number - 17)) : state.st(number - 33);
};
