/**
 * What the program writes, read by deet: a pipe (pipe(7)) whose writing end the program gets as its stdout or stderr. It is read as it fills, while the event
 * loop turns; and `drain` reads at once what is there now, so that a stop or an end is never reported before the output that came before it.
 */
import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import { DeetError } from '../common/errors.js';
import { native } from '../native.js';

/** Where every pipe is drained into: a stop drains often, and mostly finds nothing. */
const chunk = new Uint8Array(1 << 16);

export class OutputPipe {
  readonly #socket: Socket;
  readonly #reading: number;
  /** The program's end: for a redirection `{ fd, from: writing }`. Kept open for the next run. */
  readonly writing: number;
  #closed = false;

  /** @throws DeetError `descriptors` when there are no more. */
  constructor(private readonly listener: (bytes: Uint8Array) => void) {
    const ends = new Int32Array(2);
    const result = native.makePipe(ends);
    if (result < 0) throw new DeetError('descriptors', `No pipe for the program's output can be made (errno ${-result}).`);
    const [reading = -1, writing = -1] = ends;
    this.#reading = reading;
    this.writing = writing;
    // The socket makes the reading end non-blocking.
    this.#socket = new Socket({ fd: this.#reading, readable: true, writable: false });
    this.#socket.on('data', listener);
    this.#socket.on('error', () => undefined);
    this.#socket.unref();
  }

  /** Hands on everything that has been written so far. */
  drain(): void {
    if (this.#closed) return;
    for (;;) {
      let count = 0;
      try {
        count = readSync(this.#reading, chunk);
      } catch {
        return; // EAGAIN: empty
      }
      if (count === 0) return;
      this.listener(chunk.slice(0, count));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    native.closeDescriptor(this.writing);
    this.#socket.destroy();
  }
}
