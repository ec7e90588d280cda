/** Memory read by pages is what memory is, with fewer calls, and errors where it has them. */
import { describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import type { MemoryReader } from '../../src/common/memory.js';
import { PageMemory } from '../../src/common/page_memory.js';

const page = 4096n;

/** Bytes from 0x1000 up to 0x3800, each the lowest of its address; counts its calls. */
class Counted implements MemoryReader {
  calls = 0;

  readAvailable(address: bigint, length: number): Uint8Array {
    this.calls++;
    const end = address < page ? address : address + BigInt(length) > 0x3800n ? 0x3800n : address + BigInt(length);
    const count = end > address ? Number(end - address) : 0;
    return Uint8Array.from({ length: count }, (_, index) => Number((address + BigInt(index)) & 0xffn));
  }

  read(address: bigint, length: number): Uint8Array {
    const bytes = this.readAvailable(address, length);
    if (bytes.length < length) throw new DeetError('memory', `Cannot access memory at address 0x${address.toString(16)}`);
    return bytes;
  }
}

describe('memory read by pages', () => {
  it.each([
    [0x1000n, 8],
    [0x1ffcn, 4],
    [0x1ffcn, 8],
    [0x2000n, 4096],
    [0x2800n, 8192 - 4096],
    [0x37f8n, 8],
  ])('has at 0x%x the %d bytes that are there', (address, length) => {
    const real = new Counted();
    expect(new PageMemory(real).read(address, length)).toEqual(real.read(address, length));
  });

  it.each([0n, 0xfffn, 0x3800n, 0x37fcn, 0xffff_ffff_ffff_fff8n])('has nothing at 0x%x where not all can be read', (address) => {
    expect(() => new PageMemory(new Counted()).read(address, 8)).toThrow(`at address 0x${address.toString(16)}`);
  });

  it('asks for a page once', () => {
    const real = new Counted();
    const memory = new PageMemory(real);
    for (let address = 0x1000n; address < 0x3000n; address += 8n) memory.read(address, 8);
    expect(real.calls).toBe(2);
  });

  it('hands out bytes that are the caller’s own', () => {
    const memory = new PageMemory(new Counted());
    memory.read(0x1000n, 8).fill(0);
    expect(memory.read(0x1001n, 1)).toEqual(Uint8Array.of(1));
  });
});
