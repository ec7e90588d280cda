import type { Address } from './addresses.js';

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
