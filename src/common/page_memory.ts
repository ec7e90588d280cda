/**
 * Memory of a program that stands still, read by pages and remembered: a backtrace of 100,000 frames reads a million words that lie close together, each a system call if it
 * were read alone. Good for one command: nothing here notices that the program ran.
 */
import type { Address } from './addresses.js';
import { bytesFrom, type MemoryReader } from './memory.js';

const PAGE = 4096;
/** Pages remembered: when there are more, all are forgotten. */
const MOST_PAGES = 256;

export class PageMemory implements MemoryReader {
  readonly #pages = new Map<number, Uint8Array>();

  constructor(private readonly memory: MemoryReader) {}

  /** @throws DeetError `memory` */
  read(address: Address, length: number): Uint8Array {
    const start = Number(address);
    const offset = start % PAGE;
    // Beyond 2^53 there are no pages of programs, only what damaged pointers hold.
    if (offset + length > PAGE || start >= Number.MAX_SAFE_INTEGER) return this.memory.read(address, length);
    const page = this.#page(start - offset);
    return offset + length <= page.length ? page.slice(offset, offset + length) : this.memory.read(address, length);
  }

  #page(start: number): Uint8Array {
    let page = this.#pages.get(start);
    if (!page) {
      page = bytesFrom(this.memory, BigInt(start), PAGE);
      if (this.#pages.size === MOST_PAGES) this.#pages.clear();
      this.#pages.set(start, page);
    }
    return page;
  }
}
