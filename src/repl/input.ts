/**
 * Commands from a standard input that is no terminal. Not one byte more is read than the line needs: what follows belongs to the program, which
 * shares the descriptor. So bytes are read one at a time; from a file directly, from a pipe or socket through the event loop, so that a
 * signal is not kept waiting.
 */
import { fstatSync, readSync } from 'node:fs';
import type { OnReadOpts, Socket, SocketConstructorOpts } from 'node:net';

export interface LineSource {
  /** Undefined: the end of input. */
  next(): Promise<string | undefined>;
  close(): void;
}

/** Longer lines are no commands. */
const longestLine = 1024 * 1024;

export const standardInput = async (): Promise<LineSource> => {
  let facts;
  try {
    facts = fstatSync(0);
  } catch {
    return { next: async () => undefined, close: () => undefined }; // closed
  }
  return facts.isFIFO() || facts.isSocket() ? streamLines() : { next: async () => fileLine(), close: () => undefined };
};

const fileLine = (): string | undefined => {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  for (;;) {
    let count: number;
    try {
      count = readSync(0, byte, 0, 1, null);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EAGAIN') continue;
      count = 0;
    }
    if (count === 0) return bytes.length > 0 ? Buffer.from(bytes).toString('utf8') : undefined;
    if (byte[0] === 10 || bytes.length >= longestLine) return Buffer.from(bytes).toString('utf8');
    bytes.push(byte[0]);
  }
};

/** What Node's handle of a pipe offers beside its documented face (uv_stream_set_blocking). */
interface Handle {
  setBlocking?(on: boolean): number;
}

const streamLines = async (): Promise<LineSource> => {
  const { Socket } = await import('node:net');
  const byte = Buffer.alloc(1);
  let bytes: number[] = [];
  let waiting: ((line: string | undefined) => void) | undefined;
  let ended = false;
  const deliver = (line: string | undefined): void => {
    const resolve = waiting;
    waiting = undefined;
    bytes = [];
    // While the program runs the descriptor must block as it did before: the mode belongs to the open file that both share.
    handleOf(socket)?.setBlocking?.(true);
    resolve?.(line);
  };
  const onread: OnReadOpts = {
    buffer: byte,
    callback: () => {
      if (byte[0] !== 10 && bytes.length < longestLine) {
        bytes.push(byte[0]);
        return true;
      }
      deliver(Buffer.from(bytes).toString('utf8'));
      return false; // stops reading
    },
  };
  const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = { fd: 0, readable: true, writable: false, onread };
  const socket = new Socket(options);
  handleOf(socket)?.setBlocking?.(true);
  const finish = (): void => {
    ended = true;
    deliver(bytes.length > 0 ? Buffer.from(bytes).toString('utf8') : undefined);
  };
  socket.on('end', finish);
  socket.on('error', finish);
  return {
    next: () => {
      if (ended) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        waiting = resolve;
        handleOf(socket)?.setBlocking?.(false);
        socket.resume();
      });
    },
    close: () => void socket.destroy(),
  };
};

const handleOf = (socket: Socket): Handle | undefined =>
  ('_handle' in socket ? (socket._handle as Handle | undefined) : undefined) ?? undefined;
