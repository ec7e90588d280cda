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

/** struct tcache_perthread_struct as glibc 2.30 to 2.41 have it: 64 counts of two bytes, 64 lists. It is the heap's first block. */
const cacheSize = 0x290;
const cacheLists = 64;
const listsAt = headerSize + cacheLists * 2;

/** What a thread keeps for its next malloc: the blocks in the lists of the first thread's cache. */
const cached = (view: DataView, start: Address): Set<Address> => {
  const found = new Set<Address>();
  for (let list = 0; list < cacheLists; list++) {
    let next = view.getBigUint64(listsAt + list * 8, true);
    for (let count = view.getUint16(headerSize + list * 2, true); count > 0 && next !== 0n; count--) {
      const offset = Number(next - start);
      if (offset < cacheSize || offset + 8 > view.byteLength || found.has(next)) break;
      found.add(next);
      // "Safe linking" since glibc 2.32: a link is combined with its own place.
      const plain = view.getBigUint64(offset, true);
      const hidden = plain ^ (next >> 12n);
      next = (hidden & 15n) === 0n && (hidden === 0n || (hidden >= start && hidden < start + BigInt(view.byteLength))) ? hidden : plain;
    }
  }
  return found;
};

export const readHeap = (memory: MemoryReader, maps: readonly Mapping[]): Heap | undefined => {
  const mapping = maps.find(({ path }) => path === '[heap]');
  const length = mapping ? Number(mapping.end - mapping.start) : 0;
  if (!mapping || length < cacheSize || length > longest) return undefined;
  let view: DataView;
  try {
    const bytes = memory.read(mapping.start, length);
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch {
    return undefined;
  }
  if (Number(view.getBigUint64(8, true) & ~flagBits) !== cacheSize) return undefined;
  const free = cached(view, mapping.start);
  const blocks: HeapBlock[] = [];
  for (let at = 0; ;) {
    const word = view.getBigUint64(at + 8, true);
    const size = Number(word & ~flagBits);
    const next = at + size;
    if ((word & foreignFlags) !== 0n || size < smallest || size % headerSize !== 0 || next > length)
      return { blocks, damagedAt: mapping.start + BigInt(at) };
    if (next === length) return { blocks };
    if (next + headerSize > length) return { blocks, damagedAt: mapping.start + BigInt(at) };
    const address = mapping.start + BigInt(at + headerSize);
    const unused = (view.getBigUint64(next + 8, true) & previousInUse) === 0n;
    blocks.push({ address, size: size - 8, state: unused || free.has(address) ? 'free' : 'unknown' });
    at = next;
  }
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
