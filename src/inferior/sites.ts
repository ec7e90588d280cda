/**
 * Breakpoint sites: one per address of an address space, however many breakpoints want it. A site saves the program's byte once and puts
 * int3 (0xCC) in its place. Sites of deet's own (a step's end, the loader's hook) are the same thing with another owner. An owner may want a debug register
 * instead: then the code stays as it is.
 */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { DebugRegisters, TrapOwner } from './debug_registers.js';
import type { Probe, ProbeTest } from './probes.js';
import { jumpSize } from './probes.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

export const int3 = 0xcc;

/** What an owner decides when a thread arrives at its site. */
export type Verdict = 'pass' | 'stop';

/** Whoever planted a site: a location of a user's breakpoint, or a handler of deet's own. */
export interface SiteOwner {
  readonly kind: 'user' | 'internal';
  /** Called once per arrival, with the thread's pc at the site. */
  arrived(thread: Thread): Verdict;
  /** It does not care for arrivals now; where nobody does, no int3 stands. */
  idle?(): boolean;
  /** What would decide of arrivals in the program itself (probes.ts), or why it must be asked each time. Absent: it must. */
  probe?(process: Process): ProbeTest | string;
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
  /** Arrivals that were let pass since somebody last thought about a probe. */
  arrivals: number;
  /** It is checked in the program: instead of int3 a jump stands there. */
  armed: Probe | undefined;
  /** Why it is not, as far as anybody has asked. */
  unarmed?: string | undefined;
  /** For good. */
  unsuitable?: boolean;
}

/** Raw access to the memory of an address space, int3 bytes and all. */
export interface RawMemory {
  readRaw(address: Address, length: number): Uint8Array;
  writeRaw(address: Address, bytes: Uint8Array): void;
  readonly traps: DebugRegisters;
}

const wantsInt3 = ({ owners }: Site): boolean => {
  for (const owner of owners) if (!owner.hardware && !owner.idle?.()) return true;
  return false;
};

const hasRegister = ({ owners }: Site): boolean => {
  for (const { hardware } of owners) if (hardware) return true;
  return false;
};

/** A thread that comes there is stopped, by int3 or by a debug register. */
export const isPlanted = (site: Site): boolean => site.inserted || hasRegister(site);

export class SiteTable {
  readonly #sites = new Map<Address, Site>();
  readonly #armed = new Set<Site>();

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
    this.#makeWay(address);
    let site = this.#sites.get(address);
    if (!site) {
      let saved: number;
      try {
        saved = this.memory.readRaw(address, 1)[0];
      } catch {
        throw new DeetError('memory', `Cannot insert breakpoint at ${hex(address)}: no memory is mapped there.`, 'Check the address.');
      }
      site = { address, saved, owners: new Set(), inserted: false, passes: 0, arrivals: 0, armed: undefined };
    }
    if (owner.hardware) {
      if (!this.memory.traps.add([{ address, length: 1, kind: 'execute' }], owner.hardware)) throw this.memory.traps.shortage;
    }
    site.owners.add(owner);
    this.#fit(site);
    this.#sites.set(address, site);
    return site;
  }

  remove(address: Address, owner: SiteOwner): void {
    const site = this.#sites.get(address);
    if (!site?.owners.delete(owner)) return;
    if (owner.hardware) this.memory.traps.remove(owner.hardware);
    this.disarm(site);
    this.#fit(site);
    if (site.owners.size === 0) this.#sites.delete(address);
  }

  insert(site: Site): void {
    if (site.inserted) return;
    this.memory.writeRaw(site.address, Uint8Array.of(int3));
    site.inserted = true;
  }

  /** An owner has become idle, or is so no more. */
  refresh(address: Address): void {
    const site = this.#sites.get(address);
    if (site) this.#fit(site);
  }

  /** int3 stands where somebody waits for it. */
  #fit(site: Site): void {
    if (wantsInt3(site)) this.insert(site);
    else this.lift(site);
  }

  /** Puts the program's byte back. Memory that is gone (munmap, dlclose, a dead process) holds no int3 either. */
  lift(site: Site): void {
    if (!site.inserted) return;
    this.disarm(site);
    site.inserted = false;
    try {
      if (this.memory.readRaw(site.address, 1)[0] === int3) this.memory.writeRaw(site.address, Uint8Array.of(site.saved));
    } catch {
      // unmapped meanwhile
    }
  }

  get armed(): Iterable<Site> {
    return this.#armed;
  }

  /** The jump of a probe replaces the int3. No thread of this memory runs. */
  arm(site: Site, probe: Probe): void {
    this.memory.writeRaw(site.address, probe.jump);
    site.armed = probe;
    this.#armed.add(site);
  }

  /** int3 again. Others may be running: until the jump's distance has gone, they meet the int3, or are in the probe already, which stays. */
  disarm(site: Site): void {
    const { armed } = site;
    if (!armed) return;
    site.armed = undefined;
    this.#armed.delete(site);
    try {
      this.memory.writeRaw(site.address, Uint8Array.of(int3));
      this.memory.writeRaw(site.address + 1n, armed.original.subarray(1, jumpSize));
    } catch {
      // unmapped meanwhile
    }
  }

  /** Arrivals are counted by stops. */
  stopCounting(): void {
    for (const site of [...this.#armed]) if (site.armed?.counter) this.disarm(site);
  }

  /** No jump covers an address any more. */
  #makeWay(address: Address, length = 1): void {
    for (const site of this.#armed)
      if (address < site.address + BigInt(jumpSize) && address + BigInt(length) > site.address) this.disarm(site);
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
    this.#armed.clear();
    this.memory.traps.clear();
  }

  /** Drops the sites of an unmapped range without touching memory. */
  forgetRange(low: Address, high: Address): void {
    for (const [address, site] of this.#sites) {
      if (address < low || address >= high) continue;
      for (const { hardware } of site.owners) if (hardware) this.memory.traps.remove(hardware);
      this.#sites.delete(address);
      this.#armed.delete(site);
    }
  }

  /** fork copies memory, int3 bytes included: the child's table starts with the same sites, owned by the same owners. */
  copyTo(other: SiteTable): void {
    for (const site of this.#sites.values()) {
      const copy = { ...site, owners: new Set(site.owners) };
      other.#sites.set(site.address, copy);
      if (copy.armed) other.#armed.add(copy);
    }
  }

  /** Replaces deet's int3 bytes and jumps in what was read by the program's own. */
  mask(address: Address, bytes: Uint8Array): void {
    if (this.#sites.size === 0) return;
    this.#maskTraps(address, bytes);
    for (const { address: low, armed } of this.#armed) {
      for (let index = 0; armed && index < jumpSize; index++) {
        const at = Number(low - address) + index;
        if (at >= 0 && at < bytes.length) bytes[at] = armed.original[index];
      }
    }
  }

  #maskTraps(address: Address, bytes: Uint8Array): void {
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
    this.#makeWay(address, bytes.length);
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
