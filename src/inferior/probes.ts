/**
 * Probes: sites that are checked in the program itself. The first five bytes at the site are a jump to code of deet's own (probe_code.ts), behind which
 * copies of the replaced instructions lie, and a jump back.
 *
 * Where one of the replaced instructions begins in the middle of the five bytes, the jump's distance is chosen so that the byte there is a trap: int3, or
 * one that is no instruction. A thread that comes there - by a jump that nobody saw, back from a signal handler - stops, and goes on in the copies.
 */
import type { Address } from '../common/addresses.js';
import { Word } from '../linux/registers.js';
import { undoCheck, type CheckCode, type ProbeCondition } from './probe_code.js';

/** Bytes of a near jump. */
export const jumpSize = 5;

/** A word of the program's memory in which arrivals are counted down. */
export interface Counter {
  /** Its address in the program. */
  readonly cell: Address;
  /** What is left. Can be read when the program is gone. */
  read(): bigint;
  write(left: bigint): void;
}

/** What one owner of a site wants to know of an arrival. */
export interface ProbeTest {
  /** Undefined: every arrival matters. Compared by identity: another condition is another object. */
  readonly condition: ProbeCondition | undefined;
  /** So many arrivals that matter are passed over, and counted. */
  readonly ignore: number;
  /** From now on they are counted there. */
  counted(by: Counter): void;
}

interface Copy {
  readonly original: Address;
  readonly address: Address;
  /** In the middle of a moved call: the return address has been pushed already. */
  readonly pushed?: boolean;
}

export interface Probe {
  readonly address: Address;
  /** The program's bytes of all replaced instructions, five at least. */
  readonly original: Uint8Array;
  /** What stands there while the probe is armed. */
  readonly jump: Uint8Array;
  /** Range of its code. */
  readonly low: Address;
  readonly high: Address;
  readonly check: CheckCode;
  readonly copies: readonly Copy[];
  /** The jump back stands here. */
  readonly end: Address;
  readonly conditions: readonly (ProbeCondition | undefined)[];
  readonly counter: Counter | undefined;
  /** Where code jumps to behind the first of its instructions: how often threads have come to the first. */
  readonly tally: Counter | undefined;
}

/** A thread was in a probe's code: where it is in the program, and what that means. */
export interface Left {
  /** The arrival has been dealt with: the instruction there is executed next, without another check. */
  readonly passed: boolean;
  /** It was in the check itself. */
  readonly inCheck: boolean;
}

/** Memory in the program that deet has mapped for probes. */
export interface ProbePage {
  readonly low: Address;
  /** First address after it. */
  readonly high: Address;
}

export class ProbeTable {
  /** Those that can be armed. */
  #probes = new Map<Address, Probe>();
  /** And those that are no longer good, but perhaps left by threads. */
  #all = new Set<Probe>();
  pages: ProbePage[] = [];

  get isEmpty(): boolean {
    return this.#all.size === 0;
  }

  at(address: Address): Probe | undefined {
    return this.#probes.get(address);
  }

  /** Everything whose code is there. */
  all(): Iterable<Probe> {
    return this.#all;
  }

  add(probe: Probe): void {
    this.#probes.set(probe.address, probe);
    this.#all.add(probe);
  }

  /** Not to be armed again. */
  retire(probe: Probe): void {
    if (this.#probes.get(probe.address) === probe) this.#probes.delete(probe.address);
  }

  /** No thread is in any probe's code now: the room of retired ones can be used again. */
  reclaim(): void {
    this.#all = new Set(this.#probes.values());
  }

  copyTo(other: ProbeTable): void {
    if (this.isEmpty) return;
    other.#probes = new Map(this.#probes);
    other.#all = new Set(this.#all);
    other.pages = [...this.pages];
  }

  /** A file is mapped there no more, or code there was rewritten. */
  forgetRange(low: Address, high: Address): void {
    for (const probe of this.#probes.values())
      if (probe.address < high && probe.address + BigInt(probe.original.length) > low) this.retire(probe);
  }

  /** The probe one of whose replaced instructions, but not the first, begins there within the five bytes. */
  around(address: Address): Probe | undefined {
    for (const probe of this.#all)
      if (address > probe.address && address < probe.address + BigInt(jumpSize) && copyAt(probe, address)) return probe;
    return undefined;
  }

  /** Where an address in a copy is in the program. */
  original(address: Address): Address | undefined {
    for (const { copies } of this.#all) {
      const copy = copies.find((each) => each.address === address);
      if (copy) return copy.original;
    }
    return undefined;
  }

  /** Moves registers that stand in a probe's code to where the thread is in the program. Undefined: they do not. */
  leave(registers: BigUint64Array, word: (address: Address) => bigint | undefined): Left | undefined {
    const pc = registers[Word.rip];
    for (const probe of this.#all) {
      if (pc < probe.low || pc >= probe.high) continue;
      const copy = probe.copies.find(({ address }) => address === pc);
      if (copy) {
        registers[Word.rip] = copy.original;
        if (copy.pushed) registers[Word.rsp] += 8n;
        return { passed: copy.original === probe.address, inCheck: false };
      }
      if (pc === probe.end) {
        registers[Word.rip] = probe.address + BigInt(probe.original.length);
        return { passed: false, inCheck: false };
      }
      const offset = Number(pc - probe.low);
      // Behind the int3 it is as if it had stood in the program.
      if (offset === probe.check.trap + 1) {
        registers[Word.rip] = probe.address + 1n;
        return { passed: false, inCheck: false };
      }
      const counted = undoCheck(probe.check, offset, registers, word);
      if (counted === undefined) return undefined;
      registers[Word.rip] = probe.address;
      return { passed: counted, inCheck: true };
    }
    return undefined;
  }
}

/** Its copy is more than one instruction: whoever steps cannot go that way. */
export const isMovedCall = (probe: Probe, original: Address): boolean =>
  probe.copies.some((each) => each.pushed === true && each.original === original);

/** The copy of one of its instructions. */
export const copyAt = (probe: Probe, original: Address): Address | undefined =>
  probe.copies.find((each) => each.original === original)?.address;
