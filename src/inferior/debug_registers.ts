/**
 * The processor's debug registers (Intel SDM volume 3, 18.2): four addresses that trap when they are executed, written or accessed, at no cost to the program. Each
 * thread has its own set, and a new thread starts with none; deet keeps one table for the family and writes it to every thread
 * before that runs.
 */
import type { Address } from '../common/addresses.js';
import { native } from '../native.js';
import type { Thread } from './thread.js';

/** x86 has no "read only": `access` traps reads and writes. */
export type TrapKind = 'execute' | 'write' | 'access';

interface Slot<Owner> {
  readonly address: Address;
  readonly length: number;
  readonly kind: TrapKind;
  readonly owner: Owner;
}

const slots = 4;
const statusRegister = 6;
const controlRegister = 7;
const access = { execute: 0n, write: 1n, access: 3n } as const;
const lengths = new Map([
  [1, 0n],
  [2, 1n],
  [4, 3n],
  [8, 2n],
]);

/** Cuts a range into aligned pieces of 1, 2, 4 or 8 bytes, as the processor wants them. */
const pieces = (address: Address, length: number): { address: Address; length: number }[] => {
  const found: { address: Address; length: number }[] = [];
  let at = address;
  let left = length;
  while (left > 0) {
    const size = [8, 4, 2, 1].find((each) => each <= left && at % BigInt(each) === 0n) ?? 1;
    found.push({ address: at, length: size });
    at += BigInt(size);
    left -= size;
  }
  return found;
};

export class DebugRegisters<Owner> {
  #table: (Slot<Owner> | undefined)[] = new Array<undefined>(slots).fill(undefined);
  /** Counts changes; what a thread was given last is compared with it. */
  #generation = 0;
  readonly #given = new WeakMap<Thread, number>();

  /** False when the registers do not suffice; then nothing has changed. */
  add(address: Address, length: number, kind: TrapKind, owner: Owner): boolean {
    const parts = kind === 'execute' ? [{ address, length: 1 }] : pieces(address, length);
    const free = this.#table.flatMap((slot, index) => (slot ? [] : [index]));
    if (parts.length > free.length) return false;
    parts.forEach((part, index) => {
      this.#table[free[index]] = { ...part, kind, owner };
    });
    this.#generation++;
    return true;
  }

  remove(owner: Owner): void {
    if (!this.#table.some((slot) => slot?.owner === owner)) return;
    this.#table = this.#table.map((slot) => (slot?.owner === owner ? undefined : slot));
    this.#generation++;
  }

  /** Writes the table to a stopped thread, unless it has it already. */
  apply(thread: Thread): void {
    if ((this.#given.get(thread) ?? 0) === this.#generation) return;
    this.#given.set(thread, this.#generation);
    let control = 0n;
    native.setDebugRegister(thread.tid, controlRegister, 0n);
    this.#table.forEach((slot, index) => {
      if (!slot) return;
      native.setDebugRegister(thread.tid, index, slot.address);
      control |=
        (1n << BigInt(2 * index)) |
        (access[slot.kind] << BigInt(16 + 4 * index)) |
        ((lengths.get(slot.length) ?? 0n) << BigInt(18 + 4 * index));
    });
    native.setDebugRegister(thread.tid, controlRegister, control);
  }

  /** execve clears a thread's registers. */
  forget(thread: Thread): void {
    this.#given.delete(thread);
  }

  /** Takes everything out of a thread's registers (detach). */
  clear(thread: Thread): void {
    if (this.#given.has(thread)) native.setDebugRegister(thread.tid, controlRegister, 0n);
    this.#given.delete(thread);
  }

  /** Whose addresses a thread has just touched, by DR6, which is cleared. */
  triggered(thread: Thread): Owner[] {
    if (this.#table.every((slot) => slot === undefined)) return [];
    const status = native.getDebugRegister(thread.tid, statusRegister);
    if (typeof status === 'number' || (status & 0xfn) === 0n) return [];
    native.setDebugRegister(thread.tid, statusRegister, 0n);
    const owners = this.#table.flatMap((slot, index) => (slot && (status >> BigInt(index)) & 1n ? [slot.owner] : []));
    return [...new Set(owners)];
  }
}
