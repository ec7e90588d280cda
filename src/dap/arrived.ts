/** What a client has sent while a request was being computed. The event loop does not turn then, so its socket is read here, without waiting. */
import { readSync } from 'node:fs';
import type { Socket } from 'node:net';

const room = 64 * 1024;

/** Reads what is there: no bytes when there is nothing; undefined: the client has gone. The stream itself finds that out later, too. */
export type Arrived = () => Buffer | undefined;

const nothing = Buffer.alloc(0);

/** @param stream a pipe or socket that the event loop reads; of anything else nothing is heard here */
export const arrivedAt = (stream: Socket | NodeJS.ReadStream): Arrived => {
  const buffer = Buffer.alloc(room);
  return () => {
    const fd = descriptorOf(stream);
    if (fd === undefined) return nothing;
    try {
      const length = readSync(fd, buffer, 0, room, null);
      return length === 0 ? undefined : Buffer.from(buffer.subarray(0, length));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return nothing;
      return undefined;
    }
  };
};

/** Node names the descriptor of no socket in its interface. Its pipes and sockets have it in their handle, and never block; files have no handle. */
const descriptorOf = (stream: object): number | undefined => {
  const fd = (stream as { readonly _handle?: { readonly fd?: unknown } | null })._handle?.fd;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
};
