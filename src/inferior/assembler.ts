/**
 * A small assembler: the few instructions of x86-64 that a condition in the program needs (Intel SDM volume 2, chapters 2 to 5). All operands have
 * 64 bits unless the name says otherwise; jumps inside are near ones, patched when their label is placed.
 */
import type { Address } from '../common/addresses.js';

/** Numbers of the general registers as instructions hold them. */
export const Register = {
  rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7, r8: 8, r9: 9, r10: 10, r11: 11, r12: 12, r13: 13, r14: 14, r15: 15,
} as const; // prettier-ignore

/** Condition codes of Jcc and SETcc. */
export const Condition = { below: 2, equal: 4, less: 12, lessOrEqual: 14, belowOrEqual: 6 } as const;

/** The opposite of a condition. */
export const opposite = (condition: number): number => condition ^ 1;

/** The instructions `op r/m64, r64` by opcode, and the number of the same operation with an immediate. */
const arithmetic = {
  add: { opcode: 0x01, digit: 0 },
  or: { opcode: 0x09, digit: 1 },
  and: { opcode: 0x21, digit: 4 },
  sub: { opcode: 0x29, digit: 5 },
  xor: { opcode: 0x31, digit: 6 },
  cmp: { opcode: 0x39, digit: 7 },
  test: { opcode: 0x85, digit: undefined },
} as const;
export type Arithmetic = keyof typeof arithmetic;

const shifts = { left: 4, right: 5, arithmeticRight: 7 } as const;
export type Shift = keyof typeof shifts;

/** A place in the code that jumps can name before it is known. */
export class Label {
  at: number | undefined;
  readonly uses: number[] = [];
}

export const isSigned32 = (value: bigint): boolean => value === BigInt.asIntN(32, value);

export class Assembler {
  #bytes: number[] = [];

  get size(): number {
    return this.#bytes.length;
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  raw(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }

  #number(value: bigint, bytes: number): void {
    for (let index = 0; index < bytes; index++) this.#bytes.push(Number((value >> BigInt(index * 8)) & 0xffn));
  }

  /** REX prefix: W, and the fourth bits of the fields reg, index and r/m. */
  #rex(wide: boolean, reg: number, rm: number, always = false): void {
    const rex = 0x40 | (wide ? 8 : 0) | ((reg >> 3) << 2) | (rm >> 3);
    if (rex !== 0x40 || always) this.raw(rex);
  }

  #registers(reg: number, rm: number): void {
    this.raw(0xc0 | ((reg & 7) << 3) | (rm & 7));
  }

  /** ModRM, SIB and a displacement of 32 bits: [base + displacement]. */
  #memory(reg: number, base: number, displacement: bigint): void {
    this.raw(0x80 | ((reg & 7) << 3) | (base & 7));
    if ((base & 7) === Register.rsp) this.raw(0x24);
    this.#number(displacement, 4);
  }

  push(register: number): void {
    this.#rex(false, 0, register);
    this.raw(0x50 | (register & 7));
  }

  pop(register: number): void {
    this.#rex(false, 0, register);
    this.raw(0x58 | (register & 7));
  }

  pushFlags(): void {
    this.raw(0x9c);
  }

  popFlags(): void {
    this.raw(0x9d);
  }

  trap(): void {
    this.raw(0xcc);
  }

  /** lea: register = base + displacement; the flags stay. */
  address(register: number, base: number, displacement: bigint): void {
    this.#rex(true, register, base);
    this.raw(0x8d);
    this.#memory(register, base, displacement);
  }

  move(to: number, from: number): void {
    if (to === from) return;
    this.#rex(true, from, to);
    this.raw(0x89);
    this.#registers(from, to);
  }

  /** A constant, modulo 2^64. */
  constant(register: number, value: bigint): void {
    const word = BigInt.asUintN(64, value);
    if (word < 1n << 32n) {
      this.#rex(false, 0, register);
      this.raw(0xb8 | (register & 7));
      this.#number(word, 4);
    } else if (isSigned32(BigInt.asIntN(64, value))) {
      this.#rex(true, 0, register);
      this.raw(0xc7);
      this.#registers(0, register);
      this.#number(word, 4);
    } else {
      this.#rex(true, 0, register);
      this.raw(0xb8 | (register & 7));
      this.#number(word, 8);
    }
  }

  /** register = `size` (1, 2, 4, 8) bytes at [base + displacement], extended to 64 bits. */
  load(register: number, base: number, displacement: bigint, size: number, signed = false): void {
    if (size === 8 || (size === 4 && !signed)) {
      this.#rex(size === 8, register, base);
      this.raw(0x8b);
    } else {
      this.#rex(true, register, base);
      if (size === 4) this.raw(0x63);
      else this.raw(0x0f, (signed ? 0xbe : 0xb6) | (size === 2 ? 1 : 0));
    }
    this.#memory(register, base, displacement);
  }

  /** The low `size` (1, 2, 4) bytes of a register, extended to all of it. */
  extend(register: number, size: number, signed: boolean): void {
    if (size === 4 && !signed) {
      this.#rex(false, register, register);
      this.raw(0x89);
    } else {
      this.#rex(true, register, register);
      if (size === 4) this.raw(0x63);
      else this.raw(0x0f, (signed ? 0xbe : 0xb6) | (size === 2 ? 1 : 0));
    }
    this.#registers(register, register);
  }

  arithmetic(operation: Arithmetic, to: number, from: number): void {
    this.#rex(true, from, to);
    this.raw(arithmetic[operation].opcode);
    this.#registers(from, to);
  }

  /** With a constant of 32 bits, sign-extended. */
  arithmeticConstant(operation: Exclude<Arithmetic, 'test'>, to: number, value: bigint): void {
    this.#rex(true, 0, to);
    this.raw(0x81);
    this.#registers(arithmetic[operation].digit, to);
    this.#number(value, 4);
  }

  multiply(to: number, from: number): void {
    this.#rex(true, to, from);
    this.raw(0x0f, 0xaf);
    this.#registers(to, from);
  }

  shift(kind: Shift, register: number, count: number): void {
    this.#rex(true, 0, register);
    this.raw(0xc1);
    this.#registers(shifts[kind], register);
    this.raw(count);
  }

  /** rax = rax / by, rdx = the rest. Faults when `by` is 0, or the quotient does not fit. */
  divide(by: number, signed: boolean): void {
    if (signed) this.raw(0x48, 0x99);
    else this.raw(0x31, 0xd2);
    this.#rex(true, 0, by);
    this.raw(0xf7);
    this.#registers(signed ? 7 : 6, by);
  }

  /** [base] += 1. Of several processors' additions at the same time one may be lost. */
  increment(base: number): void {
    this.#rex(true, 0, base);
    this.raw(0x83);
    this.#memory(0, base, 0n);
    this.raw(1);
  }

  /** if [base] is rax: [base] = from, and the zero flag is set; else rax = [base]. One step for all processors. */
  compareExchange(base: number, from: number): void {
    this.raw(0xf0);
    this.#rex(true, from, base);
    this.raw(0x0f, 0xb1);
    this.#memory(from, base, 0n);
  }

  #distance(label: Label): void {
    label.uses.push(this.size);
    this.#number(0n, 4);
    if (label.at !== undefined) this.#resolve(label);
  }

  jump(label: Label): void {
    this.raw(0xe9);
    this.#distance(label);
  }

  jumpIf(condition: number, label: Label): void {
    this.raw(0x0f, 0x80 | condition);
    this.#distance(label);
  }

  place(label: Label): void {
    label.at = this.size;
    this.#resolve(label);
  }

  #resolve(label: Label): void {
    if (label.at === undefined) return;
    for (const use of label.uses.splice(0)) {
      const distance = label.at - (use + 4);
      for (let index = 0; index < 4; index++) this.#bytes[use + index] = (distance >> (index * 8)) & 0xff;
    }
  }
}

/** How far a jump of 5 bytes goes; undefined: too far. */
export const jumpDistance = (from: Address, to: Address): bigint | undefined => {
  const distance = to - (from + 5n);
  return isSigned32(distance) ? distance : undefined;
};
