/**
 * The processor's debug registers (Intel SDM volume 3, 18.2): four addresses that trap when they are executed, written or accessed, at no cost to the program and
 * without a change of its code. The kernel keeps a set for each thread; a new thread starts with none, and execve clears them. deet keeps
 * one table for each address space and writes it to every thread there before that runs.
 */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { resumeFlag, Word } from '../linux/registers.js';
import { native } from '../native.js';
import type { Thread } from './thread.js';

/** x86 has no "read only": `access` traps reads and writes. */
export type TrapKind = 'execute' | 'write' | 'access';

/** Who uses a register. */
export interface TrapOwner {
  /** In the user's words: `watchpoint 1 (counter)`. */
  readonly title: string;
}

/** What somebody wants to hear of. */
export interface Trap {
  readonly address: Address;
  readonly length: number;
  readonly kind: TrapKind;
}

interface Slot extends Trap {
  /** Several may want the same: they share the register. */
  readonly owners: Set<TrapOwner>;
}

const debugRegisterCount = 4;
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
const exactPieces = ({ address, length, kind }: Trap): Trap[] => {
  if (kind === 'execute') return [{ address, length: 1, kind }];
  const found: Trap[] = [];
  let at = address;
  let left = length;
  while (left > 0) {
    const size = [8, 4, 2, 1].find((each) => each <= left && at % BigInt(each) === 0n) ?? 1;
    found.push({ address: at, length: size, kind });
    at += BigInt(size);
    left -= size;
  }
  return found;
};

/** Whole words around a range: fewer registers. Good for writes, where a trap for a neighbour is found out by comparing. */
const coveringPieces = (trap: Trap): Trap[] => {
  if (trap.kind !== 'write') return exactPieces(trap);
  const first = trap.address - (trap.address % 8n);
  const count = Math.ceil((Number(trap.address - first) + trap.length) / 8);
  return Array.from({ length: count }, (_, index) => ({ address: first + BigInt(8 * index), length: 8, kind: 'write' }));
};

const same = (a: Trap, b: Trap): boolean => a.address === b.address && a.length === b.length && a.kind === b.kind;

let trapping: boolean | undefined;

/** False on a machine, often a virtual one, that takes values into its debug registers and never traps. Tried once, when somebody wants one. */
export const debugRegistersTrap = (): boolean => (trapping ??= native.debugRegistersTrap() !== 0);

/** What each thread's own registers hold. */
const given = new WeakMap<Thread, { readonly table: DebugRegisters; readonly generation: number }>();

export class DebugRegisters {
  #table: (Slot | undefined)[] = new Array<undefined>(debugRegisterCount).fill(undefined);
  /** Counts changes; what a thread was given last is compared with it. */
  #generation = 0;

  /** False when the registers do not suffice for all of it, or do not work here; then nothing has changed. */
  add(traps: readonly Trap[], owner: TrapOwner): boolean {
    if (!debugRegistersTrap()) return false;
    return this.#place(traps.flatMap(exactPieces), owner) || this.#place(traps.flatMap(coveringPieces), owner);
  }

  #place(pieces: readonly Trap[], owner: TrapOwner): boolean {
    const table = [...this.#table];
    for (const piece of pieces) {
      const index = table.findIndex((slot) => slot && same(slot, piece));
      const at = index >= 0 ? index : table.indexOf(undefined);
      if (at < 0) return false;
      table[at] = { ...piece, owners: new Set([...(table[at]?.owners ?? []), owner]) };
    }
    this.#table = table;
    this.#generation++;
    return true;
  }

  remove(owner: TrapOwner): void {
    if (!this.#table.some((slot) => slot?.owners.has(owner))) return;
    this.#table = this.#table.map((slot) => {
      if (!slot?.owners.has(owner)) return slot;
      const owners = new Set([...slot.owners].filter((each) => each !== owner));
      return owners.size > 0 ? { ...slot, owners } : undefined;
    });
    this.#generation++;
  }

  /** A process that is followed no more, or whose memory is gone. */
  clear(): void {
    this.#table = new Array<undefined>(debugRegisterCount).fill(undefined);
    this.#generation++;
  }

  /** fork copies memory: what was watched in the parent is watched in the child. */
  copyTo(child: DebugRegisters): void {
    if (this.#table.every((slot) => slot === undefined)) return; // nor has a new thread anything in its registers
    child.#table = [...this.#table];
    child.#generation++;
  }

  /** Why `add` could not: who has them all. */
  get shortage(): DeetError {
    if (!debugRegistersTrap())
      return new DeetError(
        'no-registers',
        "This machine's debug registers do not work: they take an address, and never stop the program (so it is in some virtual machines).",
        'Use break and watch, which do without.',
      );
    const used = this.#table.filter((slot) => slot !== undefined);
    const holders = [...new Set(used.flatMap(({ owners }) => [...owners].map(({ title }) => title)))];
    return new DeetError(
      'no-registers',
      `No debug register is free: ${used.length} of ${debugRegisterCount} are in use by ${holders.join(', ')}.`,
      'Delete or disable one of these.',
    );
  }

  get #executes(): boolean {
    return this.#table.some((slot) => slot?.kind === 'execute');
  }

  /**
   * Writes the table to a stopped thread that is about to run, unless it has it already. `passed`: what waits at its pc has been told. One that was told, and
   * interrupted before it could execute the instruction, still has the flag.
   */
  apply(thread: Thread, passed: boolean): void {
    if (passed && this.#executes) thread.setRegister(Word.eflags, thread.registers()[Word.eflags] | resumeFlag);
    const known = given.get(thread);
    if (known ? known.table === this && known.generation === this.#generation : this.#generation === 0) return;
    given.set(thread, { table: this, generation: this.#generation });
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

  /** Whose addresses a thread has just touched, by DR6, which is cleared. */
  triggered(thread: Thread): TrapOwner[] {
    if (this.#table.every((slot) => slot === undefined)) return [];
    const status = native.getDebugRegister(thread.tid, statusRegister);
    if (typeof status === 'number' || (status & 0xfn) === 0n) return [];
    native.setDebugRegister(thread.tid, statusRegister, 0n);
    return [...new Set(this.#table.flatMap((slot, index) => (slot && (status >> BigInt(index)) & 1n ? [...slot.owners] : [])))];
  }
}

/** Takes everything out of a thread's registers (detach). */
export const clearDebugRegisters = (thread: Thread): void => {
  if (given.delete(thread)) native.setDebugRegister(thread.tid, controlRegister, 0n);
};
