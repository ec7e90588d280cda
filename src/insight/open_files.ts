/**
 * Who has what open: the descriptors of a family of processes, read once per question, and searches over them and over all other
 * processes of the machine that we may look at. A pipe that a stranger holds open is as open as one held at home.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { procNumbers } from '../linux/proc.js';
import { readDescriptor, readDescriptors, type Descriptor } from '../linux/proc_files.js';
import { listenerFor, peerOf, readSockets, type Socket } from '../linux/proc_sockets.js';
import { unixPeer, unixQueue } from '../linux/sock_diag.js';

/** A descriptor of some process. `outside`: not of the family. */
export interface Holder {
  readonly pid: number;
  readonly fd: number;
  readonly outside?: true;
}

/** As compareDescriptors of linux/kcmp.ts: 0 means the same open file description; negative: refused. */
export type CompareFiles = (pid: number, fd: number, otherPid: number, otherFd: number) => number;

const reads = ({ access }: Descriptor): boolean => access === 'read' || access === 'read-write';
const writes = ({ access }: Descriptor): boolean => access === 'write' || access === 'read-write';

export class OpenFiles {
  readonly #tables = new Map<number, readonly Descriptor[]>();
  readonly #sockets = new Map<number, ReadonlyMap<number, Socket>>();
  #strangers: Map<string, Holder[]> | undefined;

  constructor(readonly family: readonly number[]) {}

  /** All descriptors of a process of the family. */
  of(pid: number): readonly Descriptor[] {
    const known = this.#tables.get(pid);
    if (known) return known;
    const table = readDescriptors(pid);
    this.#tables.set(pid, table);
    return table;
  }

  find(pid: number, fd: number): Descriptor | undefined {
    return this.of(pid).find((descriptor) => descriptor.fd === fd);
  }

  /** Everybody who has the same pipe, FIFO or socket open, for reading or for writing if that is asked. */
  holders(of: Descriptor, end?: 'read' | 'write'): Holder[] {
    const wanted = end === 'read' ? reads : end === 'write' ? writes : () => true;
    const inside = this.family.flatMap((pid) =>
      this.of(pid)
        .filter((other) => same(of, other) && wanted(other))
        .map(({ fd }) => ({ pid, fd })),
    );
    const outside = (this.#others().get(of.target) ?? []).filter(({ pid, fd }) => {
      const other = readDescriptor(pid, fd);
      return other !== undefined && same(of, other) && wanted(other);
    });
    return [...inside, ...outside];
  }

  /** What a socket's descriptor is. */
  socket(pid: number, descriptor: Descriptor): Socket | undefined {
    if (descriptor.kind !== 'socket' || descriptor.inode === undefined) return undefined;
    return this.#table(pid).get(descriptor.inode);
  }

  /** Who holds the other end of a pipe or socket. Undefined: it cannot be known. */
  peers(pid: number, descriptor: Descriptor): Holder[] | undefined {
    if (descriptor.kind === 'pipe' || descriptor.kind === 'fifo')
      return descriptor.access === 'read-write' ? undefined : this.holders(descriptor, descriptor.access === 'read' ? 'write' : 'read');
    const socket = this.socket(pid, descriptor);
    if (!socket) return undefined;
    const inode = socket.protocol === 'unix' ? unixPeer(socket.inode) : peerOf(socket, this.#table(pid))?.inode;
    // A connection that has not been accepted has no inode yet, and one that the kernel closes has none any more.
    return inode === undefined || inode === 0 ? undefined : this.#holdersOfSocket(descriptor, inode);
  }

  /** Who listens where a socket's connection still waits to be accepted. */
  queue(pid: number, descriptor: Descriptor): Holder[] | undefined {
    const socket = this.socket(pid, descriptor);
    if (!socket) return undefined;
    const inode = socket.protocol === 'unix' ? unixQueue(socket.inode) : listenerFor(socket, this.#table(pid))?.inode;
    return inode === undefined || inode === 0 ? undefined : this.#holdersOfSocket(descriptor, inode);
  }

  #holdersOfSocket(like: Descriptor, inode: number): Holder[] {
    return this.holders({ ...like, inode, target: `socket:[${inode}]` });
  }

  #table(pid: number): ReadonlyMap<number, Socket> {
    let table = this.#sockets.get(pid);
    if (!table) this.#sockets.set(pid, (table = readSockets(pid)));
    return table;
  }

  /** Pipes, FIFOs and sockets of all processes outside the family, by target. */
  #others(): Map<string, Holder[]> {
    if (this.#strangers) return this.#strangers;
    const found = new Map<string, Holder[]>();
    for (const pid of procNumbers('')) {
      if (this.family.includes(pid)) continue;
      for (const [fd, target] of links(pid)) {
        const list = found.get(target);
        if (list) list.push({ pid, fd, outside: true });
        else found.set(target, [{ pid, fd, outside: true }]);
      }
    }
    this.#strangers = found;
    return found;
  }
}

const same = (a: Descriptor, b: Descriptor): boolean =>
  a.inode !== undefined && a.inode === b.inode && a.device === b.device && a.kind === b.kind;

/** Descriptors with their targets, as quickly as possible. */
const links = (pid: number): [number, string][] => {
  const found: [number, string][] = [];
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`)) found.push([Number(name), readlinkSync(`/proc/${pid}/fd/${name}`)]);
  } catch {
    // Gone, or not ours to see.
  }
  return found;
};
