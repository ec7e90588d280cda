/** What deet knows of the insides of glibc 2.41 and newer, on bytes as those versions lay them out: the machine that tests may have an older one. */
import { describe, expect, it } from 'vitest';
import { fileAddress, type Address } from '../../src/common/addresses.js';
import type { MemoryReader } from '../../src/common/memory.js';
import type { FamilyMember, FamilyThread } from '../../src/insight/family.js';
import { futexWait } from '../../src/insight/futex.js';
import { blockAt, markOfFree, readHeap } from '../../src/insight/heap.js';
import type { Mapping } from '../../src/linux/proc.js';
import { failuresOf } from '../../src/session/bad_descriptors.js';
import type { SymbolImage } from '../../src/symbols/model.js';

/** Memory that is there from an address on. */
class Memory implements MemoryReader {
  readonly view: DataView;

  constructor(
    readonly start: Address,
    size: number,
  ) {
    this.view = new DataView(new ArrayBuffer(size));
  }

  read(address: Address, length: number): Uint8Array {
    const offset = Number(address - this.start);
    if (offset < 0 || offset + length > this.view.byteLength) throw new Error('not there');
    return new Uint8Array(this.view.buffer.slice(offset, offset + length));
  }

  put(address: Address, word: bigint): void {
    this.view.setBigUint64(Number(address - this.start), word, true);
  }
}

const mapping = (start: Address, size: number, path: string): Mapping => ({
  start,
  end: start + BigInt(size),
  readable: true,
  writable: true,
  executable: false,
  shared: false,
  offset: 0,
  device: '00:00',
  inode: 0,
  path,
});

describe('the heap of glibc 2.43', () => {
  const start = 0x405000n;
  const size = 0x1000;
  const inUse = 1n;
  const room = 16;

  /** Three blocks of 24 bytes, of which the first and then the second were freed; behind them what a thread keeps, and the rest. */
  const heap = (): Memory => {
    const memory = new Memory(start, size);
    const [first, second] = [start + 0x10n, start + 0x30n];
    for (const header of [0x00n, 0x20n, 0x40n]) memory.put(start + header + 8n, 0x20n | inUse);
    const cache = start + 0x60n;
    memory.put(cache + 8n, 0x300n | inUse);
    for (let list = 0; list < 76; list++)
      memory.view.setUint16(Number(cache + 0x10n - start) + 2 * list, list === 0 ? room - 2 : room, true);
    memory.put(cache + 0x10n + 2n * 76n, second);
    memory.put(second, first ^ (second >> 12n));
    memory.put(first, first >> 12n);
    memory.put(start + 0x360n + 8n, BigInt(size - 0x360) | inUse);
    return memory;
  };
  const maps = [mapping(start, size, '[heap]')];

  it('begins with a block of the program, and knows what a thread keeps', () => {
    const found = readHeap(heap(), maps);
    expect(found?.damagedAt).toBeUndefined();
    expect(found?.blocks.slice(0, 3).map(({ address, state }) => [address, state])).toEqual([
      [0x405010n, 'free'],
      [0x405030n, 'free'],
      [0x405050n, 'unknown'],
    ]);
    expect(found && blockAt(found, 0x405047n)?.address).toBe(0x405030n);
    expect(found && markOfFree(found, heap(), 0x405n)).toMatchObject({ address: 0x405010n });
  });

  it('is believed where a size is overwritten only if the C library is there', () => {
    const memory = heap();
    memory.put(start + 0x28n, 0x7878_7878_7878_7878n);
    expect(readHeap(memory, maps)).toBeUndefined();
    const loaded = mapping(0x7ffff7dc3000n, 0x1000, '/usr/lib/x86_64-linux-gnu/libc.so.6');
    expect(readHeap(memory, [...maps, loaded])?.damagedAt).toBe(start + 0x20n);
  });
});

describe('a futex of glibc 2.43', () => {
  const block = 0x7f00_0000_16c0n;
  /** No process has this number: nothing of /proc is asked. */
  const pid = 2 ** 30;
  const threads: FamilyThread[] = [1, 2].map((id) => ({ tid: pid + id, id, state: 'running' }));
  const member = (memory: Memory): FamilyMember => ({ pid, ppid: 1, program: 'p', state: 'running', threads, memory });
  const wait = (memory: Memory, address: Address, op: bigint, value: bigint): unknown =>
    threads[0] && futexWait(member(memory), threads[0], { name: 'futex', args: [address, op, value, 0n, 0n, 0n] });

  it('in the control block of a thread is waited for by who joins it', () => {
    const memory = new Memory(block - 0x6c0n, 0x2000);
    for (const member of [block, block + 16n]) memory.put(member, block);
    memory.view.setInt32(Number(block + 0x2d0n - memory.start), pid + 2, true);
    expect(wait(memory, block + 0x628n, 0x109n, 2n)).toMatchObject({ kind: 'join', owner: pid + 2 });
    // Of a thread that is not there, and in no control block.
    memory.view.setInt32(Number(block + 0x2d0n - memory.start), 77, true);
    expect(wait(memory, block + 0x628n, 0x109n, 2n)).not.toMatchObject({ kind: 'join' });
    memory.put(block, 0n);
    expect(wait(memory, block + 0x628n, 0x109n, 2n)).not.toMatchObject({ kind: 'join' });
  });

  it('is the lock of an arena that has no quick lists', () => {
    const arena = 0x7f00_0400_0030n;
    const memory = new Memory(arena, 0x1000);
    memory.put(arena + 8n, arena + 0x900n);
    expect(wait(memory, arena, 0x80n, 2n)).toMatchObject({ kind: 'malloc' });
    memory.put(arena + 8n, 0n);
    expect(wait(memory, arena, 0x80n, 2n)).not.toMatchObject({ kind: 'malloc' });
  });
});

describe('where calls fail', () => {
  const bytes = (text: string): number[] => text.split(' ').map((byte) => Number.parseInt(byte, 16));
  /** syscall; cmp $-4096,%rax; ja 9 further on */
  const own = '0f 05 48 3d 00 f0 ff ff 77 09';
  const image = (code: readonly number[], size: number): SymbolImage =>
    ({
      symbolsNamed: (name: string) => (name === 'read' ? [{ name, type: 'function', address: 0x1000, size }] : []),
      bytesAt: (address: number, length: number) => Uint8Array.from(code).subarray(address - 0x1000, address - 0x1000 + length),
    }) as unknown as SymbolImage;

  it('in the function itself, up to glibc 2.40', () => {
    const code = bytes(`f3 0f 1e fa 31 c0 ${own} c3`);
    expect(failuresOf(image(code, code.length), 'read')).toEqual({ places: [0x1000 + code.length - 1 + 9] });
  });

  it('in one that all of them call, from 2.41 on; not in what stands behind the function', () => {
    const read = bytes('48 83 ec 10 48 63 ff 45 31 c9 45 31 c0 6a 00 31 c9 e8 2a 00 00 00 48 83 c4 18 c3');
    const shared = bytes('48 83 ec 10 ff 74 24 18 e8 00 00 00 00 5a 59 48 3d 00 f0 ff ff 77 09 48 83 c4 08 c3');
    const code = [...read, ...bytes(own), ...Array<number>(0x40 - read.length - 10).fill(0x90), ...shared];
    expect(failuresOf(image(code, read.length), 'read')).toEqual({ places: [0x1040 + 32], behindCall: fileAddress(0x1016) });
    expect(failuresOf(image(code, read.length), 'write')).toEqual({ places: [] });
  });
});
