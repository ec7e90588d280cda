/**
 * Counters in the program: a page of a nameless file (memfd_create(2)), mapped by the program and kept open by deet. So they can be read at any time and
 * without a stop, and what they said last is known when the program has ended, however it did.
 */
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { Address } from '../common/addresses.js';
import { failed, injectSyscall } from './inject.js';
import type { Counter } from './probes.js';
import type { Thread } from './thread.js';

const pageSize = 4096;
const wordSize = 8;
const memfdCreate = 319;
const mmap = 9;
const close = 3;
/** MFD_CLOEXEC. */
const closeOnExec = 1n;
/** PROT_READ | PROT_WRITE; MAP_SHARED. */
const protection = 3n;
const shared = 1n;
/** The last byte of e_ident in an ELF header is padding, that is, an empty string. */
const emptyString = 15n;

export class CounterPage {
  #used = 0;
  /** What it held when the memory was given up. */
  #last: Buffer | undefined;

  private constructor(
    private readonly descriptor: number,
    readonly low: Address,
  ) {}

  /** First address after it. */
  get high(): Address {
    return this.low + BigInt(pageSize);
  }

  /** Lets a stopped thread map one. Undefined: it could not. */
  static make(thread: Thread): CounterPage | undefined {
    const { process, tid } = thread;
    const { main } = process.images;
    if (!main || process.space.readAvailable(main.low + emptyString, 1)[0] !== 0) return undefined;
    const made = injectSyscall(thread, memfdCreate, [main.low + emptyString, closeOnExec]);
    if (made === 'refused' || 'ended' in made || failed(made.result)) return undefined;
    let descriptor: number | undefined;
    try {
      descriptor = openSync(`/proc/${tid}/fd/${made.result}`, 'r+');
      ftruncateSync(descriptor, pageSize);
    } catch {
      // no right to: it is not counted in the program then
    }
    const size = BigInt(pageSize);
    const mapped = descriptor === undefined ? 'refused' : injectSyscall(thread, mmap, [0n, size, protection, shared, made.result, 0n]);
    injectSyscall(thread, close, [made.result]);
    if (descriptor === undefined) return undefined;
    if (mapped !== 'refused' && 'result' in mapped && !failed(mapped.result))
      return new CounterPage(descriptor, BigInt.asUintN(64, mapped.result));
    closeSync(descriptor);
    return undefined;
  }

  /** A new counter; undefined: all are in use. */
  next(): Counter | undefined {
    const offset = this.#used;
    if (offset >= pageSize) return undefined;
    this.#used += wordSize;
    return {
      cell: this.low + BigInt(offset),
      read: () => this.#page(offset).readBigUInt64LE(0),
      write: (left) => {
        const word = Buffer.alloc(wordSize);
        word.writeBigUInt64LE(left);
        if (!this.#last) writeSync(this.descriptor, word, 0, wordSize, offset);
      },
    };
  }

  #page(offset: number): Buffer {
    if (this.#last) return this.#last.subarray(offset, offset + wordSize);
    const word = Buffer.alloc(wordSize);
    readSync(this.descriptor, word, 0, wordSize, offset);
    return word;
  }

  /** The address space is given up. */
  close(): void {
    if (this.#last) return;
    const last = Buffer.alloc(pageSize);
    readSync(this.descriptor, last, 0, pageSize, 0);
    this.#last = last;
    closeSync(this.descriptor);
  }
}
