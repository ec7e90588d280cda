/**
 * The text of a source file. A generated file may have 250,000 lines, of which a few are shown at each stop: it is gone through once for where its lines begin, as far as
 * somebody asks, and the lines themselves are read then.
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
  /** Where each line begins that has been come to, and at the end of the file where one behind the last would. */
  #starts = new Starts();
  /** Up to where the file has been gone through, and whether a line is open there. */
  #done = 0;
  #isOpen = false;
  #isWhole = false;
  /** In bytes. */
  #size = 0;
  /** When it was opened first it had been written last: milliseconds since 1970. */
  #modified = 0;

  /**
   * @param path of a file of UTF-8, whose lines end as those of Unix or of DOS
   * @throws Error of node:fs where it cannot be read
   */
  constructor(readonly path: string) {
    this.#open(() => undefined);
  }

  #open<T>(look: (file: number) => T): T {
    const file = openSync(this.path, 'r');
    try {
      const { mtimeMs, size } = fstatSync(file);
      // Somebody may be editing it.
      if (mtimeMs !== this.#modified || size !== this.#size) {
        [this.#starts, this.#done, this.#isOpen, this.#isWhole] = [new Starts(), 0, false, false];
        [this.#modified, this.#size] = [mtimeMs, size];
      }
      return look(file);
    } finally {
      closeSync(file);
    }
  }

  /** Goes on until the line behind one has been come to, or the end. */
  #reach(file: number, line: number): void {
    const starts = this.#starts;
    const piece = Buffer.allocUnsafeSlow(pieceSize);
    while (!this.#isWhole && starts.count <= line) {
      const length = readSync(file, piece, 0, pieceSize, this.#done);
      this.#isWhole = length === 0;
      if (length > 0) this.#isOpen = piece[length - 1] !== newline;
      // As if the last line had an end.
      else if (this.#isOpen) starts.add(this.#done + 1);
      starts.take(piece, length, this.#done);
      this.#done += length;
    }
  }

  /** Lines. */
  get length(): number {
    return this.lastUpTo(Infinity);
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** The line, or the last where there are fewer: the file is gone through no further than that. */
  lastUpTo(line: number): number {
    try {
      this.#open((file) => {
        this.#reach(file, line);
      });
    } catch {
      // It is no longer there.
    }
    return Math.min(line, this.#starts.count - 1);
  }

  /** @param number from 1 */
  line(number: number): string | undefined {
    return this.lines(number, number).at(0);
  }

  /** Of two numbers from 1, both included, as far as there are such lines. */
  lines(first = 1, last = Infinity): string[] {
    try {
      return this.#open((file) => {
        this.#reach(file, last);
        return this.#read(file, Math.max(1, first), Math.min(last, this.#starts.count - 1));
      });
    } catch {
      // It is no longer there.
      return [];
    }
  }

  #read(file: number, first: number, last: number): string[] {
    if (first > last) return [];
    const { offsets } = this.#starts;
    const start = offsets[first - 1];
    const bytes = Buffer.alloc(Math.min(offsets[last], this.#done) - start);
    readSync(file, bytes, 0, bytes.length, start);
    return Array.from({ length: last - first + 1 }, (_, index) => {
      const from = offsets[first - 1 + index] - start;
      const end = offsets[first + index] - 1 - start;
      const ofDos = end > from && end < bytes.length && bytes[end - 1] === carriageReturn;
      return bytes.toString('utf8', from, ofDos ? end - 1 : end);
    });
  }
}
