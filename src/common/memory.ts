import type { Address } from './addresses.js';
import { DeetError } from './errors.js';

/**
 * Bytes of a process or of a core file. A read never shows deet's own breakpoint bytes.
 * @throws DeetError with code `memory` when any byte of the range cannot be read.
 */
export interface MemoryReader {
  read(address: Address, length: number): Uint8Array;
  /** As much as can be read from the start of the range, perhaps nothing: one call where `read` would have to be tried. */
  readAvailable?(address: Address, length: number): Uint8Array;
}

export interface MemoryWriter {
  write(address: Address, bytes: Uint8Array): void;
}

/** Undefined: it cannot be read. */
const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    return undefined;
  }
};

/** The word that lies there. Undefined: none does. */
export const wordAt = (memory: MemoryReader, address: Address): bigint | undefined => {
  const bytes = attempt(() => memory.read(BigInt.asUintN(64, address), 8));
  return bytes && new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
};

/** As many bytes as there are from an address on, at most so many. */
export const bytesFrom = (memory: MemoryReader, address: Address, most: number): Uint8Array => {
  if (memory.readAvailable) return memory.readAvailable(address, most);
  let found = attempt(() => memory.read(address, most));
  if (found) return found;
  // What can be read ends somewhere below: so many can be, from so many on none.
  let [low, high] = [0, most];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const bytes = attempt(() => memory.read(address, middle));
    if (bytes) found = bytes;
    if (bytes) low = middle;
    else high = middle;
  }
  return found ?? new Uint8Array(0);
};
