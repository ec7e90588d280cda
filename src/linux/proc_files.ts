/**
 * A process's descriptors and the locks on files, from /proc/PID/fd, /proc/PID/fdinfo and /proc/locks (proc(5)). The same
 * rule as in proc.ts: what vanished or is hidden is absent, nothing throws.
 */
import { readlinkSync, statSync } from 'node:fs';
import { procNumbers, procText } from './proc.js';

export type DescriptorKind =
  | 'file'
  | 'directory'
  | 'pipe'
  | 'fifo'
  | 'socket'
  | 'terminal'
  | 'device'
  | 'eventfd'
  | 'epoll'
  | 'timerfd'
  | 'signalfd'
  | 'inotify'
  | 'pidfd'
  | 'other';

/** One entry of a descriptor table, and the open file description behind it (open(2)). */
export interface Descriptor {
  readonly fd: number;
  readonly kind: DescriptorKind;
  /** A path, `pipe:[123]`, `socket:[456]`, `anon_inode:[eventfd]`... */
  readonly target: string;
  /** Of the pipe, socket or file: with the device it identifies it. Of an eventfd its own number. */
  readonly inode?: number;
  /** `major:minor` in hexadecimal, as /proc/locks has it. Files only. */
  readonly device?: string;
  readonly access: 'read' | 'write' | 'read-write' | 'path';
  readonly closeOnExec: boolean;
  readonly append: boolean;
  readonly nonBlocking: boolean;
  /** File offset, shared by all entries of the same open file description. */
  readonly offset: number;
  /** Size in bytes of a regular file. */
  readonly size?: number;
  /** epoll: what is watched. */
  readonly watched?: readonly { readonly fd: number; readonly events: number }[];
  /** eventfd: the counter. */
  readonly count?: bigint;
  /** signalfd: the signals it takes, bit 0 for signal 1. */
  readonly signals?: bigint;
  /** timerfd: seconds until it expires; 0: it is not set. */
  readonly expires?: number;
  /** inotify: how many files and directories are watched. */
  readonly watches?: number;
  /** pidfd: the process. */
  readonly process?: number;
  /** The other side of /dev/ptmx: the N of /dev/pts/N. */
  readonly terminalIndex?: number;
  /** Locks that are held through it, if any: those of flock(2) and open-file-description locks by every entry of its description. */
  readonly locks?: readonly FileLock[];
}

/** O_* of open(2) on x86-64, as fdinfo shows them. */
const openFlag = { accessMode: 0o3, append: 0o2000, nonBlock: 0o4000, closeOnExec: 0o2000000, path: 0o10000000 } as const;

const anonymousKinds = new Map<string, DescriptorKind>([
  ['eventfd', 'eventfd'],
  ['eventpoll', 'epoll'],
  ['timerfd', 'timerfd'],
  ['signalfd', 'signalfd'],
  ['inotify', 'inotify'],
  ['pidfd', 'pidfd'],
]);

/** Character devices that are terminals: consoles and /dev/tty (4, 5), pseudo-terminals (136-143), serial lines (204). */
const isTerminal = (major: number, minor: number): boolean =>
  major === 4 || (major === 5 && minor !== 2) || (major >= 136 && major <= 143) || major === 204;

const deviceNumber = (device: bigint): { major: number; minor: number } => ({
  major: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn)),
  minor: Number((device & 0xffn) | ((device >> 12n) & ~0xffn)),
});

const hexPair = ({ major, minor }: { major: number; minor: number }): string =>
  `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`;

type Identity = Pick<Descriptor, 'kind' | 'inode' | 'device' | 'size'>;

/** Names that the kernel made up; others are of files. */
const madeUp = /^(?:(pipe|socket):\[(\d+)\]|anon_inode:\[?(\w+)\]?)$/;

/** What a target is: by its name where the kernel made the name up, else by the file's type. */
const identify = ({ target, file }: DescriptorRecord): Identity => {
  const [, channel, number, anonymous] = madeUp.exec(target) ?? [];
  if (channel !== undefined) return { kind: channel === 'pipe' ? 'pipe' : 'socket', inode: Number(number) };
  if (anonymous !== undefined) return { kind: anonymousKinds.get(anonymous) ?? 'other' };
  if (!file) return { kind: 'other' };
  const own = deviceNumber(file.rdev);
  const kind = file.isFile()
    ? 'file'
    : file.isDirectory()
      ? 'directory'
      : file.isFIFO()
        ? 'fifo'
        : file.isCharacterDevice() && isTerminal(own.major, own.minor)
          ? 'terminal'
          : file.isCharacterDevice() || file.isBlockDevice()
            ? 'device'
            : 'other';
  const size = kind === 'file' ? { size: Number(file.size) } : {};
  return { kind, inode: Number(file.ino), device: hexPair(deviceNumber(file.dev)), ...size };
};

const accessModes = ['read', 'write', 'read-write', 'read-write'] as const;

/** What fdinfo says of the kernel's own objects (proc(5), "fdinfo"). */
const particulars = (kind: DescriptorKind, info: string): Partial<Descriptor> => {
  const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(info)?.[1];
  switch (kind) {
    case 'epoll': {
      const watched = [...info.matchAll(/^tfd:\s*(\d+)\s+events:\s*([0-9a-f]+)/gm)];
      return { watched: watched.map(([, number, events = '0']) => ({ fd: Number(number), events: Number.parseInt(events, 16) })) };
    }
    case 'eventfd': {
      const [count, id] = [field('eventfd-count'), field('eventfd-id')];
      return { ...(count === undefined ? {} : { count: BigInt(`0x${count}`) }), ...(id === undefined ? {} : { inode: Number(id) }) };
    }
    case 'signalfd': {
      const mask = field('sigmask');
      return mask === undefined ? {} : { signals: BigInt(`0x${mask}`) };
    }
    case 'timerfd': {
      const [, seconds, nanoseconds] = /^it_value:\s*\((\d+),\s*(\d+)\)/m.exec(info) ?? [];
      return seconds === undefined ? {} : { expires: Number(seconds) + Number(nanoseconds) / 1e9 };
    }
    case 'inotify':
      return { watches: [...info.matchAll(/^inotify wd:/gm)].length };
    case 'pidfd': {
      const process = field('Pid');
      return process === undefined ? {} : { process: Number(process) };
    }
    default:
      return {};
  }
};

/** As much of fs.Stats as tells what a file is. */
interface FileStatus {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly rdev: bigint;
  readonly size: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
  isFIFO(): boolean;
  isCharacterDevice(): boolean;
  isBlockDevice(): boolean;
}

/** What there is to read of a descriptor; to understand it takes as long again. */
export interface DescriptorRecord {
  readonly fd: number;
  readonly info: string;
  readonly target: string;
  /** Undefined where the name says what it is, and where nobody knows. */
  readonly file: FileStatus | undefined;
}

const readRecord = (pid: number, fd: number): DescriptorRecord | undefined => {
  const path = `/proc/${pid}/fd/${fd}`;
  const info = procText(`${pid}/fdinfo/${fd}`);
  if (info === undefined) return undefined;
  try {
    const target = readlinkSync(path);
    return { fd, info, target, file: madeUp.test(target) ? undefined : statOf(path) };
  } catch {
    return undefined;
  }
};

const statOf = (path: string): FileStatus | undefined => {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
};

/** All descriptors of a process, ascending; an empty list for a zombie. */
export const readRecords = (pid: number): DescriptorRecord[] => procNumbers(`${pid}/fd`).flatMap((fd) => readRecord(pid, fd) ?? []);

export const understood = (record: DescriptorRecord): Descriptor => {
  const { fd, info, target } = record;
  const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(info)?.[1];
  const flags = Number.parseInt(field('flags') ?? '0', 8);
  const identity = identify(record);
  const terminalIndex = field('tty-index');
  const locks = parseLocks(info.replaceAll(/^lock:\s*/gm, ''));
  return {
    fd,
    ...identity,
    target,
    access: flags & openFlag.path ? 'path' : (accessModes[flags & openFlag.accessMode] ?? 'read-write'),
    closeOnExec: (flags & openFlag.closeOnExec) !== 0,
    append: (flags & openFlag.append) !== 0,
    nonBlocking: (flags & openFlag.nonBlock) !== 0,
    offset: Number(field('pos') ?? 0),
    ...particulars(identity.kind, info),
    ...(terminalIndex === undefined ? {} : { terminalIndex: Number(terminalIndex) }),
    ...(locks.length === 0 ? {} : { locks }),
  };
};

/** One descriptor of a process; undefined if it has none of this number. */
export const readDescriptor = (pid: number, fd: number): Descriptor | undefined => {
  const record = readRecord(pid, fd);
  return record && understood(record);
};

export const readDescriptors = (pid: number): Descriptor[] => readRecords(pid).map(understood);

/** A lock on a file, or a request for one that must wait (fcntl(2), flock(2)). */
export interface FileLock {
  /** Requests that wait carry the id of the lock they wait for. */
  readonly id: number;
  readonly waiting: boolean;
  /** POSIX: fcntl; FLOCK: flock; OFDLCK: open-file-description lock; LEASE. */
  readonly type: string;
  readonly mode: 'read' | 'write';
  /** -1: belongs to an open file description, not to a process. */
  readonly pid: number;
  readonly device: string;
  readonly inode: number;
  /** In bytes, the last included; undefined: to the end of the file. */
  readonly start: number;
  readonly end: number | undefined;
}

const lockLine = /^(\d+):\s+(->\s+)?(\S+)\s+\S+\s+(READ|WRITE)\s+(-?\d+)\s+([0-9a-f]+:[0-9a-f]+):(\d+)\s+(\d+)\s+(\S+)/;

export const parseLocks = (text: string): FileLock[] =>
  text.split('\n').flatMap((line) => {
    const [, id, arrow, type, mode, pid, device, inode, start, end] = lockLine.exec(line) ?? [];
    if (id === undefined || type === undefined || device === undefined) return [];
    return [
      {
        id: Number(id),
        waiting: arrow !== undefined,
        type,
        mode: mode === 'READ' ? ('read' as const) : ('write' as const),
        pid: Number(pid),
        device,
        inode: Number(inode),
        start: Number(start),
        end: end === 'EOF' ? undefined : Number(end),
      },
    ];
  });

/** The system's table of locks. */
export const readLocks = (): FileLock[] => parseLocks(procText('locks') ?? '');
