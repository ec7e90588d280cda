/** What the program reads, written by deet while it runs: a pipe whose reading end the program gets as its stdin. */
import { Socket } from 'node:net';
import { DeetError } from '../common/errors.js';
import { native } from '../native.js';

export class InputPipe {
  readonly #socket: Socket;
  /** The program's end: for a redirection `{ fd: 0, from: reading }`. */
  readonly reading: number;
  #closed = false;

  /** @throws DeetError `descriptors` when there are no more. */
  constructor() {
    const ends = new Int32Array(2);
    const result = native.makePipe(ends);
    if (result < 0) throw new DeetError('descriptors', `No pipe for the program's input can be made (errno ${-result}).`);
    const [reading = -1, writing = -1] = ends;
    this.reading = reading;
    this.#socket = new Socket({ fd: writing, readable: false, writable: true });
    this.#socket.on('error', () => undefined);
    this.#socket.unref();
  }

  /** Resolves when the pipe has taken all of it. @throws DeetError `closed` after `end`, or when nobody reads any more. */
  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(data, (error) => {
        if (error) reject(new DeetError('closed', `The program's input is closed: ${error.message}.`));
        else resolve();
      });
    });
  }

  /** The program reads the end of its input. Resolves when everything before has been taken. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.writableEnded) resolve();
      else
        this.#socket.end(() => {
          this.#socket.destroy();
          resolve();
        });
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    native.closeDescriptor(this.reading);
    this.#socket.destroy();
  }
}
