/**
 * The registers of one frame by their DWARF numbers (System V ABI, figure 3.36: 0-15 general, 16 the return address, which
 * is the frame's pc) with the places where outer frames' values are saved. Kept as halves of 32 bits, because a deep stack
 * moves millions of them and bigints would be made for each.
 */
import { dwarfToWord } from '../linux/registers.js';
import type { StackMemory } from './unwinder_memory.js';

/** Registers that unwinding follows: 0 to 16. */
export const REGISTERS = 17;
export const RBP = 6;
export const RSP = 7;
export const RIP = 16;

/** rax, rdx, rcx, rsi, rdi, r8-r11: a call may change them (System V ABI, 3.2.1). */
export const CALLER_SAVED = [0, 1, 2, 4, 5, 8, 9, 10, 11];

const TWO_32 = 2 ** 32;
/** Halves of values, then halves of the addresses where they are saved. */
const SAVED = 2 * REGISTERS;
const WORDS = 2 * SAVED;
const FILES_IN_CHUNK = 64;

/** Hands out room for register files in chunks: millions of small typed arrays would keep the garbage collector busy. */
export class RegisterArena {
  private chunk = new Uint32Array(0);
  private used = 0;

  /** Where the next file goes. */
  next(): { readonly store: Uint32Array; readonly base: number } {
    if (this.used === this.chunk.length) {
      this.chunk = new Uint32Array(FILES_IN_CHUNK * WORDS);
      this.used = 0;
    }
    const base = this.used;
    this.used += WORDS;
    return { store: this.chunk, base };
  }
}

export class RegisterFile {
  /** One bit per register whose value is not known. */
  private unknown = 0;

  private constructor(
    private readonly store: Uint32Array,
    private readonly base: number,
  ) {}

  /** From struct user_regs_struct. */
  static fromUser(user: BigUint64Array): RegisterFile {
    const file = new RegisterFile(new Uint32Array(WORDS), 0);
    for (let register = 0; register < REGISTERS; register++) file.setValue(register, user[dwarfToWord[register]]);
    return file;
  }

  /** @param arena where the copy lives; without one it lives alone, so that keeping it keeps no others. */
  copy(arena?: RegisterArena): RegisterFile {
    const { store, base } = arena?.next() ?? { store: new Uint32Array(WORDS), base: 0 };
    for (let i = 0; i < WORDS; i++) store[base + i] = this.store[this.base + i];
    const copy = new RegisterFile(store, base);
    copy.unknown = this.unknown;
    return copy;
  }

  knows(register: number): boolean {
    return register < REGISTERS && (this.unknown & (1 << register)) === 0;
  }

  /** Exact up to 2^53, hence for every address that can be read. */
  number(register: number): number {
    const at = this.base + 2 * register;
    return this.store[at] + this.store[at + 1] * TWO_32;
  }

  value(register: number): bigint {
    const at = this.base + 2 * register;
    return (BigInt(this.store[at + 1]) << 32n) | BigInt(this.store[at]);
  }

  /** Where the value was saved by an inner frame; undefined: it is still in the register (or computed). */
  savedAt(register: number): number | undefined {
    const at = this.base + SAVED + 2 * register;
    const address = this.store[at] + this.store[at + 1] * TWO_32;
    return address === 0 ? undefined : address;
  }

  private setSaved(register: number, address: number): void {
    const at = this.base + SAVED + 2 * register;
    this.store[at] = address % TWO_32;
    this.store[at + 1] = Math.floor(address / TWO_32);
  }

  /** A computed value, which is saved nowhere. */
  setNumber(register: number, value: number): void {
    const at = this.base + 2 * register;
    this.store[at] = value % TWO_32;
    this.store[at + 1] = Math.floor(value / TWO_32);
    this.setSaved(register, 0);
    this.unknown &= ~(1 << register);
  }

  setValue(register: number, value: bigint): void {
    const at = this.base + 2 * register;
    this.store[at] = Number(value & 0xffff_ffffn);
    this.store[at + 1] = Number((value >> 32n) & 0xffff_ffffn);
    this.setSaved(register, 0);
    this.unknown &= ~(1 << register);
  }

  /** Takes the value that was saved at an address. False: it cannot be read, and the register is not known any more. */
  load(register: number, memory: StackMemory, address: number): boolean {
    if (!memory.load(address, this.store, this.base + 2 * register)) {
      this.forget(register);
      return false;
    }
    this.setSaved(register, address);
    this.unknown &= ~(1 << register);
    return true;
  }

  /** The value is another register's of an inner frame. */
  take(register: number, from: RegisterFile, source: number): void {
    if (from.knows(source)) {
      this.setValue(register, from.value(source));
      this.setSaved(register, from.savedAt(source) ?? 0);
    } else this.forget(register);
  }

  forget(register: number): void {
    this.unknown |= 1 << register;
    this.setSaved(register, 0);
  }
}
