/**
 * The memory of one program image: shared by the threads of a process, by vfork's child with its parent, and copied by fork. Reads go through
 * process_vm_readv (fast) or /proc/PID/mem (reads what is not readable by mapping); writes only through /proc/PID/mem, which
 * writes read-only code too.
 */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { MemoryReader, MemoryWriter } from '../common/memory.js';
import { native } from '../native.js';
import type { CounterPage } from './counters.js';
import { ProbeTable } from './probes.js';
import { SiteTable, type RawMemory } from './sites.js';
import { SlotTable } from './slots.js';

/** Where small numbers are read into: the first bytes, by their count. */
const word = new BigUint64Array(1);
const firstBytes = Array.from({ length: 9 }, (_, count) => new Uint8Array(word.buffer, 0, count));

const unreadable = (address: Address): DeetError => new DeetError('memory', `Cannot access memory at address ${hex(address)}`);

export class AddressSpace implements MemoryReader, MemoryWriter, RawMemory {
  readonly sites: SiteTable;
  readonly slots = new SlotTable();
  readonly probes = new ProbeTable();
  /** Where probes count; made when the first one does. */
  counters: CounterPage | undefined;
  #opened: number | undefined;
  #users = 1;
  /** Counts writes and resumptions: a cache of what was read is stale when this has changed. */
  generation = 0;

  /**
   * @param pid any process that lives in it now; the memory stays readable by descriptor when another one uses it later.
   * @param later opened when it is first needed: most children of a fork are gone before
   */
  constructor(
    readonly pid: number,
    later = false,
  ) {
    if (!later && this.#descriptor < 0) throw new DeetError('process-gone', `Process ${pid} cannot be read: it has ended.`);
    this.sites = new SiteTable(this);
  }

  get #descriptor(): number {
    return (this.#opened ??= native.openMemory(this.pid));
  }

  /** One more process uses it (vfork, CLONE_VM). */
  share(): this {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users > 0) return;
    if (this.#opened !== undefined && this.#opened >= 0) native.closeDescriptor(this.#opened);
    this.#opened = -1;
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
    if (native.readAt(this.#descriptor, address, bytes) !== size) throw unreadable(address);
    this.sites.mask(address, bytes);
    return word[0];
  }

  /** As many bytes as can be read from the start of the range, perhaps none. */
  readAvailable(address: Address, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    const count = native.readAt(this.#descriptor, address, bytes);
    const got = bytes.subarray(0, Math.max(0, count));
    this.sites.mask(address, got);
    return got;
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

  readRaw(address: Address, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = native.readAt(this.#descriptor, address + BigInt(done), done === 0 ? bytes : bytes.subarray(done));
      if (count <= 0) throw unreadable(address + BigInt(done));
      done += count;
    }
    return bytes;
  }

  writeRaw(address: Address, bytes: Uint8Array): void {
    this.generation++;
    let done = 0;
    while (done < bytes.length) {
      const count = native.writeAt(this.#descriptor, address + BigInt(done), done === 0 ? bytes : bytes.subarray(done));
      if (count <= 0) throw unreadable(address + BigInt(done));
      done += count;
    }
  }
}
