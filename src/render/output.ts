/**
 * Writing results out. Directly to the descriptor and synchronously: what deet says and what the program writes to the same terminal must stay in
 * order, and loading process.stdout costs milliseconds.
 */
import { writeSync } from 'node:fs';

const pause = new Int32Array(new SharedArrayBuffer(4));

/** Writes all bytes; waits while a non-blocking pipe is full. False: nobody reads any more (EPIPE, a terminal that was closed). */
export const writeAll = (descriptor: number, text: string): boolean => {
  let rest = Buffer.from(text, 'utf8');
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'EAGAIN') return false;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
  return true;
};
