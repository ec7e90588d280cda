/**
 * `info fds`: the descriptors of each process, which of them are one open file description (and so share offset and flags,
 * open(2)), and who is at the other end of pipes and sockets.
 */
import { compareDescriptors } from '../linux/kcmp.js';
import { understood, type Descriptor, type DescriptorKind, type DescriptorRecord } from '../linux/proc_files.js';
import type { Socket } from '../linux/proc_sockets.js';
import { OpenFiles, type CompareFiles, type Holder } from './open_files.js';

export interface DescriptorView {
  readonly fd: number;
  readonly kind: DescriptorKind;
  readonly target: string;
  /** Pipes and FIFOs. */
  readonly end?: 'read' | 'write';
  readonly access: Descriptor['access'];
  readonly closeOnExec: boolean;
  readonly append?: true;
  readonly nonBlocking?: true;
  /** Files only. */
  readonly offset?: number;
  /** Other descriptors with the same open file description. */
  readonly sharedWith?: readonly Holder[];
  /** Who holds the other end; an empty list: nobody any more. Absent: not a channel, or not known. */
  readonly peers?: readonly Holder[];
  readonly socket?: Pick<Socket, 'protocol' | 'state' | 'local' | 'remote'>;
  /** epoll: descriptors watched. */
  readonly watches?: readonly number[];
  /** pidfd: the process. */
  readonly process?: number;
}

/** The JSON object `descriptors`. */
export interface DescriptorTable {
  readonly type: 'descriptors';
  readonly pid: number;
  /** deet does not trace the process. */
  readonly untraced?: true;
  readonly descriptors: readonly DescriptorView[];
}

interface Entry {
  readonly pid: number;
  readonly descriptor: Descriptor;
}

/** Two entries with the same description agree in all of these. */
const bucketOf = ({ descriptor: { kind, target, inode, device, access, append, nonBlocking, offset } }: Entry): string =>
  [kind, target, inode, device, access, append, nonBlocking, offset].join('|');

/**
 * Whether two entries of one bucket are one description. Where kcmp(2) is refused: the ends of a pipe and a socket are opened once,
 * and so are as good as proven equal; a file at offset 0 may have been opened twice, and is not.
 */
const sameDescription = (a: Entry, b: Entry, compare: CompareFiles): boolean => {
  const verdict = compare(a.pid, a.descriptor.fd, b.pid, b.descriptor.fd);
  if (verdict >= 0) return verdict === 0;
  return ['pipe', 'socket'].includes(a.descriptor.kind) || a.descriptor.offset > 0;
};

/** Classes of entries that are one open file description. */
const descriptions = (entries: readonly Entry[], compare: CompareFiles): Entry[][] => {
  const buckets = new Map<string, Entry[][]>();
  for (const entry of entries) {
    const key = bucketOf(entry);
    const classes = buckets.get(key) ?? [];
    const found = classes.find(([first]) => first !== undefined && sameDescription(first, entry, compare));
    if (found) found.push(entry);
    else classes.push([entry]);
    buckets.set(key, classes);
  }
  return [...buckets.values()].flat();
};

/** What an entry says by itself, whoever else has it. */
const plainEntry = ({ fd, kind, target, access, closeOnExec, append, nonBlocking, offset }: Descriptor): DescriptorView => ({
  fd,
  kind,
  target,
  ...((kind === 'pipe' || kind === 'fifo') && (access === 'read' || access === 'write') ? { end: access } : {}),
  access,
  closeOnExec,
  ...(append ? { append } : {}),
  ...(nonBlocking ? { nonBlocking } : {}),
  ...(kind === 'file' ? { offset } : {}),
});

const viewOf = (entry: Entry, group: readonly Entry[], files: OpenFiles): DescriptorView => {
  const { pid, descriptor } = entry;
  const { watched, process } = descriptor;
  const shared = group.filter((other) => other !== entry).map((other) => ({ pid: other.pid, fd: other.descriptor.fd }));
  const socket = files.socket(pid, descriptor);
  const peers = files.peers(pid, descriptor);
  return {
    ...plainEntry(descriptor),
    ...(shared.length > 0 ? { sharedWith: shared } : {}),
    ...(peers ? { peers } : {}),
    ...(socket
      ? {
          socket: {
            protocol: socket.protocol,
            state: socket.state,
            local: socket.local,
            ...(socket.remote === undefined ? {} : { remote: socket.remote }),
          },
        }
      : {}),
    ...(watched ? { watches: watched.map((each) => each.fd) } : {}),
    ...(process === undefined ? {} : { process }),
  };
};

export interface DescriptorOptions {
  /** kcmp(2) unless something else is given; where it answers with an error, sharing is told from offsets and flags. */
  readonly compare?: CompareFiles;
}

/** The tables of all these processes, in the order given. */
export const descriptorTables = (pids: readonly number[], options: DescriptorOptions = {}): DescriptorTable[] => {
  const files = new OpenFiles(pids);
  const entries = pids.flatMap((pid) => files.of(pid).map((descriptor): Entry => ({ pid, descriptor })));
  const groupOf = new Map<Entry, Entry[]>();
  for (const group of descriptions(entries, options.compare ?? compareDescriptors)) for (const entry of group) groupOf.set(entry, group);
  return pids.map((pid) => ({
    type: 'descriptors',
    pid,
    descriptors: entries.filter((entry) => entry.pid === pid).map((entry) => viewOf(entry, groupOf.get(entry) ?? [entry], files)),
  }));
};

/** As much of a table as changes are told by: what it says by itself, without a look at anybody else. */
export const plainTable = (pid: number, records: readonly DescriptorRecord[]): DescriptorTable => ({
  type: 'descriptors',
  pid,
  descriptors: records.map((record) => plainEntry(understood(record))),
});

/** The JSON object `descriptorChanges`. */
export interface DescriptorChanges {
  readonly type: 'descriptorChanges';
  readonly changes: readonly DescriptorChange[];
}

export interface DescriptorChange {
  readonly pid: number;
  readonly fd: number;
  /** `replaced`: another file under the same number (dup2); `changed`: flags or offset of the same file. */
  readonly change: 'opened' | 'closed' | 'replaced' | 'changed';
  readonly before?: DescriptorView;
  readonly after?: DescriptorView;
}

const changeOf = (before: DescriptorView | undefined, after: DescriptorView | undefined): DescriptorChange['change'] | undefined => {
  if (!before) return after ? 'opened' : undefined;
  if (!after) return 'closed';
  if (before.target !== after.target || before.end !== after.end) return 'replaced';
  const same =
    before.offset === after.offset &&
    before.closeOnExec === after.closeOnExec &&
    before.append === after.append &&
    before.nonBlocking === after.nonBlocking;
  return same ? undefined : 'changed';
};

/** `info fds -changes`: what became different between two looks, process by process. */
export const descriptorChanges = (before: readonly DescriptorTable[], after: readonly DescriptorTable[]): DescriptorChange[] => {
  const pids = [...new Set([...before, ...after].map(({ pid }) => pid))];
  const table = (tables: readonly DescriptorTable[], pid: number): Map<number, DescriptorView> =>
    new Map(tables.find((each) => each.pid === pid)?.descriptors.map((view) => [view.fd, view]));
  return pids.flatMap((pid) => {
    const [old, now] = [table(before, pid), table(after, pid)];
    const fds = [...new Set([...old.keys(), ...now.keys()])].sort((a, b) => a - b);
    return fds.flatMap((fd) => {
      const [was, is] = [old.get(fd), now.get(fd)];
      const change = changeOf(was, is);
      return change ? [{ pid, fd, change, ...(was ? { before: was } : {}), ...(is ? { after: is } : {}) }] : [];
    });
  });
};
