/**
 * The heap as glibc's malloc keeps it (malloc/malloc.c, "Chunk representation"): blocks one behind the other, each behind a word with its size, the
 * last one being the rest ("top"). Read from its beginning it shows which block an address is in, and where a block was written past its end. Only
 * the main heap; where it does not look like one, nothing is said.
 */
import type { Address } from '../common/addresses.js';
import { wordAt, type MemoryReader } from '../common/memory.js';
import type { Mapping } from '../linux/proc.js';

export interface HeapBlock {
  /** What malloc returned. */
  readonly address: Address;
  /** Bytes that may be used. */
  readonly size: number;
  /** `unknown`: it may lie in a list that only malloc finds. */
  readonly state: 'free' | 'unknown';
}

export interface Heap {
  /** The blocks that can be read, in the order of addresses, without the rest. */
  readonly blocks: readonly HeapBlock[];
  /** The header behind the last of `blocks` is none: that block was written past its end, or the next one before its beginning. */
  readonly damagedAt?: Address;
}

const headerSize = 16;
const smallest = 32;
/** The low bits of a size: PREV_INUSE, IS_MMAPPED, NON_MAIN_ARENA. */
const flagBits = 7n;
const previousInUse = 1n;
/** No block of the main heap is mapped by itself, or of another arena. */
const foreignFlags = 6n;
/** A larger heap takes too long; one without room for its first block is damaged. */
const longest = 64 << 20;

/** What a thread keeps for its next malloc (struct tcache_perthread_struct): a number of two bytes for each list, and the lists. */
interface CacheShape {
  readonly lists: number;
  readonly blockSize: number;
}
/** glibc 2.30 to 2.41: the heap's first block; the numbers count what is in the lists. */
const older: CacheShape = { lists: 64, blockSize: 0x290 };
/** From 2.42 on it is made when something is freed for the first time; the numbers count what still has room. */
const newer: CacheShape = { lists: 76, blockSize: 0x300 };
/** Blocks that a list may have. */
const longestList = 0xffff;

/** A library of glibc: then the heap is its malloc's, also where damage hides how it goes on. */
const glibc = /\/libc(?:\.so\.6|-2\.\d+\.so)$/;

/** The heap's bytes, and where they lie. */
class HeapBytes {
  private readonly view: DataView;

  constructor(
    readonly start: Address,
    bytes: Uint8Array,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.view.byteLength;
  }

  word(offset: number): bigint {
    return this.view.getBigUint64(offset, true);
  }

  /** The size that stands before a block whose header is at this offset, with its flags. */
  sizeWord(header: number): bigint {
    return this.word(header + 8);
  }

  has(address: Address): boolean {
    return address >= this.start + BigInt(headerSize) && address + 8n <= this.start + BigInt(this.length);
  }

  /** The blocks in the lists of the cache whose header is at this offset; undefined: there is no cache. */
  cached(header: number, { lists, blockSize }: CacheShape): Set<Address> | undefined {
    if (header + blockSize > this.length || Number(this.sizeWord(header) & ~flagBits) !== blockSize) return undefined;
    const numbersAt = header + headerSize;
    const counts = Array.from({ length: lists }, (_, list) => this.view.getUint16(numbersAt + 2 * list, true));
    const firsts = Array.from({ length: lists }, (_, list) => this.word(numbersAt + 2 * lists + 8 * list));
    if (firsts.some((first) => first !== 0n && (!this.has(first) || first % BigInt(headerSize) !== 0n))) return undefined;
    // Every empty list has the same room.
    const room = new Set(counts.filter((_, list) => firsts[list] === 0n));
    if (room.size > 1) return undefined;
    const found = new Set<Address>();
    for (const first of firsts) this.follow(first, found);
    return found;
  }

  private follow(first: Address, found: Set<Address>): void {
    let next = first;
    for (let count = 0; next !== 0n && this.has(next) && !found.has(next) && count < longestList; count++) {
      found.add(next);
      // "Safe linking" since glibc 2.32: a link is combined with its own place.
      const plain = this.word(Number(next - this.start));
      const hidden = plain ^ (next >> 12n);
      next = (hidden & 15n) === 0n && (hidden === 0n || this.has(hidden)) ? hidden : plain;
    }
  }
}

interface Chunk {
  readonly header: number;
  readonly size: number;
  readonly unused: boolean;
}

/** From one header to the next. `end`: where there is none, or the rest begins. */
const chunksOf = (heap: HeapBytes): { readonly chunks: Chunk[]; readonly end: number; readonly damaged: boolean } => {
  const chunks: Chunk[] = [];
  for (let at = 0; ;) {
    const word = heap.sizeWord(at);
    const size = Number(word & ~flagBits);
    const next = at + size;
    if ((word & foreignFlags) !== 0n || size < smallest || size % headerSize !== 0 || next > heap.length)
      return { chunks, end: at, damaged: true };
    if (next === heap.length) return { chunks, end: at, damaged: false };
    if (next + headerSize > heap.length) return { chunks, end: at, damaged: true };
    chunks.push({ header: at, size, unused: (heap.sizeWord(next) & previousInUse) === 0n });
    at = next;
  }
};

const bytesOf = (memory: MemoryReader, maps: readonly Mapping[]): HeapBytes | undefined => {
  const mapping = maps.find(({ path }) => path === '[heap]');
  const length = mapping ? Number(mapping.end - mapping.start) : 0;
  if (!mapping || length < older.blockSize || length > longest) return undefined;
  try {
    return new HeapBytes(mapping.start, memory.read(mapping.start, length));
  } catch {
    return undefined;
  }
};

export const readHeap = (memory: MemoryReader, maps: readonly Mapping[]): Heap | undefined => {
  const heap = bytesOf(memory, maps);
  if (!heap) return undefined;
  const { chunks, end, damaged } = chunksOf(heap);
  let free = heap.cached(0, older);
  if (!free && damaged && !maps.some(({ path }) => glibc.test(path ?? ''))) return undefined;
  for (const { header } of chunks) free ??= heap.cached(header, newer);
  const blocks = chunks.map(({ header, size, unused }): HeapBlock => {
    const address = heap.start + BigInt(header + headerSize);
    return { address, size: size - 8, state: unused || free?.has(address) ? 'free' : 'unknown' };
  });
  return { blocks, ...(damaged && { damagedAt: heap.start + BigInt(end) }) };
};

/**
 * The free block into whose first word malloc has put this value (a link, made unreadable by safe linking). `key`: it is what malloc puts into the second word of
 * all that a thread keeps for its next malloc.
 */
export const markOfFree = ({ blocks }: Heap, memory: MemoryReader, value: bigint): HeapBlock | 'key' | undefined => {
  for (const block of blocks) {
    if (block.state !== 'free') continue;
    if (wordAt(memory, block.address) === value) return block;
    if (wordAt(memory, block.address + 8n) === value) return 'key';
  }
  return undefined;
};

/** The block that an address lies in. */
export const blockAt = ({ blocks }: Heap, address: Address): HeapBlock | undefined => {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((blocks[middle]?.address ?? 0n) <= address) low = middle + 1;
    else high = middle;
  }
  const block = blocks[low - 1];
  return block && address < block.address + BigInt(block.size) ? block : undefined;
};
