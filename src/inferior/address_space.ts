/**
 * The memory of one program image: shared by the threads of a process, by vfork's child with its parent, and copied by fork. What deet itself has put
 * there - breakpoints, slots - is kept from whoever reads.
 */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { MemoryReader, MemoryWriter } from '../common/memory.js';
import type { CounterPage } from './counters.js';
import { DebugRegisters } from './debug_registers.js';
import { ProbeTable } from './probes.js';
import { SiteTable, type RawMemory } from './sites.js';
import { SlotTable } from './slots.js';
import type { MemoryPort } from './source.js';

/** Where small numbers are read into: the first bytes, by their count. */
const word = new BigUint64Array(1);
const firstBytes = Array.from({ length: 9 }, (_, count) => new Uint8Array(word.buffer, 0, count));

export class AddressSpace implements MemoryReader, MemoryWriter, RawMemory {
  readonly sites: SiteTable;
  readonly slots = new SlotTable();
  readonly probes = new ProbeTable();
  /** Where probes count; made when the first one does. */
  counters: CounterPage | undefined;
  readonly traps = new DebugRegisters();
  readonly #port: MemoryPort;
  #users = 1;
  /** Counts writes and resumptions: a cache of what was read is stale when this has changed. */
  generation = 0;
  /** Who has put sites into all that is loaded here (session/family_sites.ts): fork's child has them with its memory. */
  planters: readonly object[] = [];

  /**
   * @param pid any process that lives in it now
   * @param port stays good when another process uses the memory later
   */
  constructor(
    readonly pid: number,
    port: MemoryPort,
  ) {
    this.#port = port;
    this.sites = new SiteTable(this);
  }

  /** One more process uses it (vfork, CLONE_VM). */
  share(): this {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users > 0) return;
    this.#port.close();
    this.counters?.close();
  }

  get shared(): boolean {
    return this.#users > 1;
  }

  /** fork copies memory, with all that deet has put there. A counter would stay common to both: from now on their arrivals are counted by stops. */
  copyTo(child: AddressSpace): void {
    this.sites.copyTo(child.sites);
    this.slots.copyTo(child.slots);
    this.probes.copyTo(child.probes);
    this.traps.copyTo(child.traps);
    child.planters = this.planters;
    this.sites.stopCounting();
    child.sites.stopCounting();
  }

  read(address: Address, length: number): Uint8Array {
    const bytes = this.readRaw(address, length);
    this.sites.mask(address, bytes);
    return bytes;
  }

  /** A little-endian number of 1 to 8 bytes, unsigned: the quick way for what is read at every hit of a breakpoint. */
  readNumber(address: Address, size: number): bigint {
    word[0] = 0n;
    const bytes = firstBytes[size];
    if (this.#port.readAt(address, bytes) !== size) throw this.#unreadable(address);
    this.sites.mask(address, bytes);
    return word[0];
  }

  /** As many bytes as can be read from the start of the range, perhaps none. */
  readAvailable(address: Address, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.#masked(address, bytes, this.#port.readAt(address, bytes)));
  }

  /** What the program itself may read there, the cheapest way: returns how many bytes that were, perhaps none. */
  peek(address: Address, bytes: Uint8Array): number {
    return this.#masked(address, bytes, this.#port.peekAt?.(address, bytes) ?? this.#port.readAt(address, bytes));
  }

  #masked(address: Address, bytes: Uint8Array, read: number): number {
    const count = Math.max(0, read);
    this.sites.mask(address, bytes.subarray(0, count));
    return count;
  }

  /** A file is mapped there no more: its sites and slots went with it. */
  unmapped(low: Address, high: Address): void {
    this.sites.forgetRange(low, high);
    this.slots.forgetRange(low, high);
    this.probes.forgetRange(low, high);
  }

  /** Threads may stand in code of deet's own, and are somewhere else in the program's eyes. */
  get hasCopies(): boolean {
    return !this.slots.isEmpty || !this.probes.isEmpty;
  }

  write(address: Address, bytes: Uint8Array): void {
    this.slots.forgetRange(address, address + BigInt(bytes.length));
    const all = this.sites.absorb(address, bytes);
    this.probes.forgetRange(address, address + BigInt(bytes.length));
    this.writeRaw(address, all);
  }

  #unreadable(address: Address): DeetError {
    const reason = this.#port.whyNot?.(address);
    return new DeetError('memory', `Cannot access memory at address ${hex(address)}${reason === undefined ? '' : ` (${reason})`}`);
  }

  readRaw(address: Address, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = this.#port.readAt(address + BigInt(done), done === 0 ? bytes : bytes.subarray(done));
      if (count <= 0) throw this.#unreadable(address + BigInt(done));
      done += count;
    }
    return bytes;
  }

  writeRaw(address: Address, bytes: Uint8Array): void {
    this.generation++;
    let done = 0;
    while (done < bytes.length) {
      const count = this.#port.writeAt(address + BigInt(done), done === 0 ? bytes : bytes.subarray(done));
      if (count <= 0) throw this.#unreadable(address + BigInt(done));
      done += count;
    }
  }
}
