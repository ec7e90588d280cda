/**
 * The stack as the unwinder reads it: word by word, from blocks that are fetched in bulk, since a system call for each word
 * would cost more than all the rest. Good for one stop: nothing here notices that the program ran.
 */
import { hex, u64 } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { MemoryReader } from '../common/memory.js';

const PAGE = 4096;
const FIRST_BLOCK = 16 * 1024;
const LARGEST_BLOCK = 1024 * 1024;
const KEPT_BLOCKS = 8;
/** The end of addresses that programs may have (5-level paging included). */
const TOP = 2 ** 56;

interface Block {
  readonly start: number;
  readonly end: number;
  readonly view: DataView;
}

/** gdb's words, which end a backtrace too. */
export const cannotAccess = (address: number | bigint): string => `Cannot access memory at address ${hex(u64(BigInt(address)))}`;

export class StackMemory {
  private readonly blocks: Block[] = [];
  private current: Block | undefined;
  private nextSize = FIRST_BLOCK;
  private readonly unreadable = new Set<number>();
  private readonly halves = new Uint32Array(2);

  constructor(readonly memory: MemoryReader) {}

  /** Stores the eight bytes at an address as two halves, the low one first. False: they cannot be read. */
  load(address: number, into: Uint32Array, index: number): boolean {
    const block = this.blockAt(address);
    if (block !== undefined && address + 8 <= block.end) {
      const at = address - block.start;
      into[index] = block.view.getUint32(at, true);
      into[index + 1] = block.view.getUint32(at + 4, true);
      return true;
    }
    // Across two blocks, or in a page of which only a part is there (memory of a core file may end anywhere).
    const bytes = this.bytes(address, 8);
    if (bytes === undefined) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    into[index] = view.getUint32(0, true);
    into[index + 1] = view.getUint32(4, true);
    return true;
  }

  /** A word as a number (an address, or anything else with less than its precision); undefined: it cannot be read. */
  word(address: number): number | undefined {
    const { halves } = this;
    return this.load(address, halves, 0) ? halves[0] + halves[1] * 2 ** 32 : undefined;
  }

  /** Bytes of code or data, past the cache; undefined: not all of them can be read. */
  bytes(address: number, length: number): Uint8Array | undefined {
    if (!(address >= 0 && address + length <= TOP)) return undefined;
    try {
      return this.memory.read(BigInt(address), length);
    } catch (error) {
      if (error instanceof DeetError) return undefined;
      throw error;
    }
  }

  private blockAt(address: number): Block | undefined {
    const current = this.current;
    if (current !== undefined && address >= current.start && address < current.end) return current;
    if (!(address >= 0 && address < TOP)) return undefined;
    const known = this.blocks.find(({ start, end }) => address >= start && address < end);
    const block = known ?? this.fetch(address - (address % PAGE));
    if (block !== undefined) this.current = block;
    return block;
  }

  /** Blocks grow while the reader goes upwards without a gap, and shrink where the mapping ends. */
  private fetch(start: number): Block | undefined {
    if (this.unreadable.has(start)) return undefined;
    if (this.current?.end !== start) this.nextSize = FIRST_BLOCK;
    for (let size = this.nextSize; size >= PAGE; size /= 2) {
      const all = this.memory.readAvailable?.(BigInt(start), size);
      if (all) size = Math.min(size, all.length - (all.length % PAGE));
      if (size < PAGE) break;
      const bytes = all?.subarray(0, size) ?? this.bytes(start, size);
      if (bytes === undefined) continue;
      this.nextSize = size === this.nextSize ? Math.min(size * 2, LARGEST_BLOCK) : Math.max(size / 2, PAGE);
      const block = { start, end: start + size, view: new DataView(bytes.buffer, bytes.byteOffset, size) };
      this.blocks.push(block);
      if (this.blocks.length > KEPT_BLOCKS) this.blocks.shift();
      return block;
    }
    if (this.unreadable.size > 1000) this.unreadable.clear();
    this.unreadable.add(start);
    return undefined;
  }
}
