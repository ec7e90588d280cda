/**
 * Breakpoint sites: one per address of an address space, however many breakpoints want it. A site saves the program's byte once and puts
 * int3 (0xCC) in its place. Sites of deet's own (a step's end, the loader's hook) are the same thing with another owner. An owner may want a debug register
 * instead: then the code stays as it is.
 */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { DebugRegisters, TrapOwner } from './debug_registers.js';
import type { Thread } from './thread.js';

export const int3 = 0xcc;

/** What an owner decides when a thread arrives at its site. */
export type Verdict = 'pass' | 'stop';

/** Whoever planted a site: a location of a user's breakpoint, or a handler of deet's own. */
export interface SiteOwner {
  readonly kind: 'user' | 'internal';
  /** Called once per arrival, with the thread's pc at the site. */
  arrived(thread: Thread): Verdict;
  /** Wants a debug register, and has it under this name. */
  readonly hardware?: TrapOwner;
}

export interface Site {
  readonly address: Address;
  /** The program's own byte. */
  saved: number;
  readonly owners: Set<SiteOwner>;
  inserted: boolean;
  /** How often threads have been taken over it. */
  passes: number;
}

/** Raw access to the memory of an address space, int3 bytes and all. */
export interface RawMemory {
  readRaw(address: Address, length: number): Uint8Array;
  writeRaw(address: Address, bytes: Uint8Array): void;
  readonly traps: DebugRegisters;
}

const wantsInt3 = ({ owners }: Site): boolean => {
  for (const { hardware } of owners) if (!hardware) return true;
  return false;
};

/** A thread that comes there is stopped, by int3 or by a debug register. */
export const isPlanted = (site: Site): boolean => site.inserted || !wantsInt3(site);

export class SiteTable {
  readonly #sites = new Map<Address, Site>();

  constructor(private readonly memory: RawMemory) {}

  at(address: Address): Site | undefined {
    return this.#sites.get(address);
  }

  all(): IterableIterator<Site> {
    return this.#sites.values();
  }

  get size(): number {
    return this.#sites.size;
  }

  /** @throws DeetError `memory` when the address is not mapped or not writable even through /proc/PID/mem; `no-registers`. */
  add(address: Address, owner: SiteOwner): Site {
    let site = this.#sites.get(address);
    if (!site) {
      let saved: number;
      try {
        saved = this.memory.readRaw(address, 1)[0];
      } catch {
        throw new DeetError('memory', `Cannot insert breakpoint at ${hex(address)}: no memory is mapped there.`, 'Check the address.');
      }
      site = { address, saved, owners: new Set(), inserted: false, passes: 0 };
    }
    if (owner.hardware) {
      if (!this.memory.traps.add([{ address, length: 1, kind: 'execute' }], owner.hardware)) throw this.memory.traps.shortage;
    } else this.insert(site);
    site.owners.add(owner);
    this.#sites.set(address, site);
    return site;
  }

  remove(address: Address, owner: SiteOwner): void {
    const site = this.#sites.get(address);
    if (!site?.owners.delete(owner)) return;
    if (owner.hardware) this.memory.traps.remove(owner.hardware);
    if (!wantsInt3(site)) this.lift(site);
    if (site.owners.size === 0) this.#sites.delete(address);
  }

  insert(site: Site): void {
    if (site.inserted) return;
    this.memory.writeRaw(site.address, Uint8Array.of(int3));
    site.inserted = true;
  }

  /** Puts the program's byte back. Memory that is gone (munmap, dlclose, a dead process) holds no int3 either. */
  lift(site: Site): void {
    if (!site.inserted) return;
    site.inserted = false;
    try {
      if (this.memory.readRaw(site.address, 1)[0] === int3) this.memory.writeRaw(site.address, Uint8Array.of(site.saved));
    } catch {
      // unmapped meanwhile
    }
  }

  liftAll(): void {
    for (const site of this.#sites.values()) this.lift(site);
  }

  insertAll(): void {
    for (const site of this.#sites.values()) if (wantsInt3(site)) this.insert(site);
  }

  /** After execve: the memory that held the sites is gone, and with it every int3. */
  forget(): void {
    this.#sites.clear();
    this.memory.traps.clear();
  }

  /** Drops the sites of an unmapped range without touching memory. */
  forgetRange(low: Address, high: Address): void {
    for (const [address, { owners }] of this.#sites) {
      if (address < low || address >= high) continue;
      for (const { hardware } of owners) if (hardware) this.memory.traps.remove(hardware);
      this.#sites.delete(address);
    }
  }

  /** fork copies memory, int3 bytes included: the child's table starts with the same sites, owned by the same owners. */
  copyTo(other: SiteTable): void {
    for (const site of this.#sites.values()) other.#sites.set(site.address, { ...site, owners: new Set(site.owners) });
  }

  /** Replaces deet's int3 bytes in what was read by the program's own. */
  mask(address: Address, bytes: Uint8Array): void {
    if (this.#sites.size === 0) return;
    const end = address + BigInt(bytes.length);
    if (bytes.length < this.#sites.size) {
      for (let index = 0; index < bytes.length; index++) {
        const site = bytes[index] === int3 ? this.#sites.get(address + BigInt(index)) : undefined;
        if (site?.inserted) bytes[index] = site.saved;
      }
      return;
    }
    for (const site of this.#sites.values())
      if (site.inserted && site.address >= address && site.address < end) bytes[Number(site.address - address)] = site.saved;
  }

  /** The program's bytes under a write change under an inserted int3: what is saved must change, the int3 must stay. */
  absorb(address: Address, bytes: Uint8Array): Uint8Array {
    let copy: Uint8Array | undefined;
    for (const site of this.#sites.values()) {
      const index = Number(site.address - address);
      if (!site.inserted || index < 0 || index >= bytes.length) continue;
      copy ??= bytes.slice();
      copy[index] = int3;
      site.saved = bytes[index];
    }
    return copy ?? bytes;
  }
}
