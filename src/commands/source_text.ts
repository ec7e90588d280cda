/**
 * The text of a source file. A generated file may have 250,000 lines, of which a few are shown at each stop: it is gone through once for where its lines begin, and those that
 * somebody asks for are read from it then.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Bytes of one read. */
const pieceSize = 64 * 1024;

/** Where lines begin: offsets in bytes, in ascending order, as many as are counted. */
class Starts {
  offsets = new Uint32Array(1024);
  count = 1;

  /**
   * Adds the lines that begin behind the newlines of a piece. A function of its own: V8 compiles what is called often, long before the end of a file.
   * @param base offset of the piece in the file
   */
  take(piece: Uint8Array, length: number, base: number): void {
    for (let at = 0; at < length; at++) if (piece[at] === newline) this.add(base + at + 1);
  }

  add(offset: number): void {
    if (this.count === this.offsets.length) {
      const larger = new Uint32Array(2 * this.count);
      larger.set(this.offsets);
      this.offsets = larger;
    }
    this.offsets[this.count++] = offset;
  }
}

export class SourceText {
  /** Where each line begins, and where one behind the last would. */
  #starts = new Uint32Array(1);
  /** In bytes. */
  #size = 0;
  /** When it was gone through it had been written last: milliseconds since 1970. */
  #modified = 0;

  /**
   * @param path of a file of UTF-8, whose lines end as those of Unix or of DOS
   * @throws Error of node:fs where it cannot be read
   */
  constructor(readonly path: string) {
    this.#open((file) => {
      this.#scan(file);
    });
  }

  #open<T>(look: (file: number) => T): T {
    const file = openSync(this.path, 'r');
    try {
      return look(file);
    } finally {
      closeSync(file);
    }
  }

  #scan(file: number): void {
    const starts = new Starts();
    const piece = Buffer.allocUnsafeSlow(pieceSize);
    let size = 0;
    let isOpen = false;
    for (let length = readSync(file, piece, 0, pieceSize, 0); length > 0; length = readSync(file, piece, 0, pieceSize, size)) {
      starts.take(piece, length, size);
      size += length;
      isOpen = piece[length - 1] !== newline;
    }
    // As if the last line had an end.
    if (isOpen) starts.add(size + 1);
    this.#starts = starts.offsets.slice(0, starts.count);
    this.#size = size;
    this.#modified = fstatSync(file).mtimeMs;
  }

  /** Lines. */
  get length(): number {
    return this.#starts.length - 1;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** @param number from 1 */
  line(number: number): string | undefined {
    return this.lines(number, number).at(0);
  }

  /** Of two numbers from 1, both included, as far as there are such lines. */
  lines(first = 1, last = this.length): string[] {
    try {
      return this.#open((file) => {
        // Somebody may be editing it.
        const { mtimeMs, size } = fstatSync(file);
        if (mtimeMs !== this.#modified || size !== this.#size) this.#scan(file);
        return this.#read(file, Math.max(1, first), Math.min(last, this.length));
      });
    } catch {
      // It is no longer there.
      return [];
    }
  }

  #read(file: number, first: number, last: number): string[] {
    if (first > last) return [];
    const start = this.#starts[first - 1];
    const bytes = Buffer.alloc(Math.min(this.#starts[last], this.#size) - start);
    readSync(file, bytes, 0, bytes.length, start);
    return Array.from({ length: last - first + 1 }, (_, index) => {
      const from = this.#starts[first - 1 + index] - start;
      const end = this.#starts[first + index] - 1 - start;
      const ofDos = end > from && end < bytes.length && bytes[end - 1] === carriageReturn;
      return bytes.toString('utf8', from, ofDos ? end - 1 : end);
    });
  }
}
