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

/** What a target is: by its name where the kernel made the name up, else by the file's type. */
const identify = (path: string, target: string): Identity => {
  const named = /^(pipe|socket):\[(\d+)\]$/.exec(target);
  if (named) return { kind: named[1] === 'pipe' ? 'pipe' : 'socket', inode: Number(named[2]) };
  const anonymous = /^anon_inode:\[?(\w+)\]?$/.exec(target);
  if (anonymous) return { kind: anonymousKinds.get(anonymous[1] ?? '') ?? 'other' };
  try {
    const stat = statSync(path, { bigint: true });
    const number = deviceNumber(stat.rdev);
    const kind = stat.isFile()
      ? 'file'
      : stat.isDirectory()
        ? 'directory'
        : stat.isFIFO()
          ? 'fifo'
          : stat.isCharacterDevice() && isTerminal(number.major, number.minor)
            ? 'terminal'
            : stat.isCharacterDevice() || stat.isBlockDevice()
              ? 'device'
              : 'other';
    const size = kind === 'file' ? { size: Number(stat.size) } : {};
    return { kind, inode: Number(stat.ino), device: hexPair(deviceNumber(stat.dev)), ...size };
  } catch {
    return { kind: 'other' };
  }
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

/** One descriptor of a process; undefined if it has none of this number. */
export const readDescriptor = (pid: number, fd: number): Descriptor | undefined => {
  const path = `/proc/${pid}/fd/${fd}`;
  const info = procText(`${pid}/fdinfo/${fd}`);
  let target: string;
  try {
    target = readlinkSync(path);
  } catch {
    return undefined;
  }
  if (info === undefined) return undefined;
  const field = (name: string): string | undefined => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(info)?.[1];
  const flags = Number.parseInt(field('flags') ?? '0', 8);
  const identity = identify(path, target);
  const terminalIndex = field('tty-index');
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
  };
};

/** All descriptors of a process, ascending; an empty list for a zombie. */
export const readDescriptors = (pid: number): Descriptor[] => procNumbers(`${pid}/fd`).flatMap((fd) => readDescriptor(pid, fd) ?? []);

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
