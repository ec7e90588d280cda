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
const SAVED = 2 * REGISTERS;

export class RegisterFile {
  /** One bit per register whose value is not known. */
  private unknown = 0;

  private constructor(private readonly halves: Uint32Array) {}

  /** From struct user_regs_struct. */
  static fromUser(user: BigUint64Array): RegisterFile {
    const file = new RegisterFile(new Uint32Array(2 * SAVED));
    for (let register = 0; register < REGISTERS; register++) file.setValue(register, user[dwarfToWord[register] ?? 0] ?? 0n);
    return file;
  }

  copy(): RegisterFile {
    const copy = new RegisterFile(this.halves.slice());
    copy.unknown = this.unknown;
    return copy;
  }

  knows(register: number): boolean {
    return register < REGISTERS && (this.unknown & (1 << register)) === 0;
  }

  /** Exact up to 2^53, hence for every address that can be read. */
  number(register: number): number {
    return (this.halves[2 * register] ?? 0) + (this.halves[2 * register + 1] ?? 0) * TWO_32;
  }

  value(register: number): bigint {
    return (BigInt(this.halves[2 * register + 1] ?? 0) << 32n) | BigInt(this.halves[2 * register] ?? 0);
  }

  /** Where the value was saved by an inner frame; undefined: it is still in the register (or computed). */
  savedAt(register: number): number | undefined {
    const at = (this.halves[SAVED + 2 * register] ?? 0) + (this.halves[SAVED + 2 * register + 1] ?? 0) * TWO_32;
    return at === 0 ? undefined : at;
  }

  private setSaved(register: number, address: number): void {
    this.halves[SAVED + 2 * register] = address % TWO_32;
    this.halves[SAVED + 2 * register + 1] = Math.floor(address / TWO_32);
  }

  /** A computed value, which is saved nowhere. */
  setNumber(register: number, value: number): void {
    this.halves[2 * register] = value % TWO_32;
    this.halves[2 * register + 1] = Math.floor(value / TWO_32);
    this.setSaved(register, 0);
    this.unknown &= ~(1 << register);
  }

  setValue(register: number, value: bigint): void {
    this.halves[2 * register] = Number(value & 0xffff_ffffn);
    this.halves[2 * register + 1] = Number((value >> 32n) & 0xffff_ffffn);
    this.setSaved(register, 0);
    this.unknown &= ~(1 << register);
  }

  /** Takes the value that was saved at an address. False: it cannot be read, and the register is not known any more. */
  load(register: number, memory: StackMemory, address: number): boolean {
    if (!memory.load(address, this.halves, 2 * register)) {
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
