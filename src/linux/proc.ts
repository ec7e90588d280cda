/**
 * A process as /proc shows it (proc(5)). A process may vanish at any moment, and the kernel may refuse a look: every
 * function here answers `undefined` (or an empty list where a list is asked) then, and never throws.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Address } from '../common/addresses.js';
import { native } from '../native.js';
import { errno } from './constants.js';

/** The file's text, or undefined if it cannot be read. Also for the other files that read /proc. */
export const procText = (path: string): string | undefined => {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return undefined;
  }
};

const procLink = (path: string): string | undefined => {
  try {
    return readlinkSync(`/proc/${path}`);
  } catch {
    return undefined;
  }
};

/** The numeric entries of a directory: pids, tids or descriptors, ascending. */
export const procNumbers = (path: string): number[] => {
  try {
    return readdirSync(`/proc/${path}`)
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
};

/** A process, or with `PID/task/TID` one of its threads. */
type ProcessPath = number | `${number}/task/${number}`;

export interface ProcessStat {
  readonly pid: number;
  /** At most 15 bytes; the program's base name or what prctl(PR_SET_NAME) set. */
  readonly name: string;
  /** R running, S sleeping, D disk sleep, Z zombie, T stopped by a signal, t stopped by a tracer, X dead, I idle. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Device number of the controlling terminal; 0: none. */
  readonly terminal: number;
  /** The terminal's foreground process group; -1: none. */
  readonly foregroundGroup: number;
  /** In its last system call, or killed, it has begun to end, and never comes back to its program (PF_EXITING of linux/sched.h). */
  readonly isExiting: boolean;
  /** Clock ticks (1/100 s) in user and in kernel mode. */
  readonly userTime: number;
  readonly systemTime: number;
  readonly threads: number;
  /** Clock ticks after boot: with the pid it identifies a process for ever. */
  readonly startTime: number;
  /** The status that wait would give; needs the right to trace. */
  readonly exitStatus: number;
}

const isExitingFlag = 0x4;

/** /proc/PID/stat. The name stands in parentheses and may hold anything, parentheses and spaces included. */
export const parseStat = (text: string): ProcessStat | undefined => {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  // proc(5) counts the fields from 1, and the state is the third.
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state: fields[0] ?? '?',
    parent: field(4),
    group: field(5),
    session: field(6),
    terminal: field(7),
    foregroundGroup: field(8),
    isExiting: (field(9) & isExitingFlag) !== 0,
    userTime: field(14),
    systemTime: field(15),
    threads: field(20),
    startTime: field(22),
    exitStatus: field(52),
  };
};

export const readStat = (process: ProcessPath): ProcessStat | undefined => {
  const text = procText(`${process}/stat`);
  return text === undefined ? undefined : parseStat(text);
};

/** Dead, and waited for. */
export const isGone = (pid: number): boolean => native.kill(pid, 0) === -errno.ESRCH;

/** Dead, and waited for by nobody yet. Of one that is gone the file system is not asked: that costs ten times as much. */
export const isZombie = (pid: number): boolean => !isGone(pid) && readStat(pid)?.state === 'Z';

export interface ProcessStatus {
  /** 0: not traced. */
  readonly tracer: number;
  readonly parent: number;
  readonly threadGroup: number;
  /** Real user and group id. */
  readonly user: number;
  readonly group: number;
  readonly effectiveUser: number;
  readonly effectiveGroup: number;
  readonly threads: number;
  /** Masks, bit 0 for signal 1. `pending` is the thread's own, `sharedPending` the process's. */
  readonly pending: bigint;
  readonly sharedPending: bigint;
  readonly blocked: bigint;
  readonly ignored: bigint;
  readonly caught: bigint;
}

/** /proc/PID/status. */
export const readStatus = (process: ProcessPath): ProcessStatus | undefined => {
  const text = procText(`${process}/status`);
  if (text === undefined) return undefined;
  const fields = new Map(
    text.split('\n').map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const number = (name: string): number => Number.parseInt(fields.get(name) ?? '0', 10);
  const second = (name: string): number => Number((fields.get(name) ?? '').split(/\s+/)[1]);
  const mask = (name: string): bigint => BigInt(`0x${fields.get(name) ?? '0'}`);
  return {
    tracer: number('TracerPid'),
    parent: number('PPid'),
    threadGroup: number('Tgid'),
    user: number('Uid'),
    group: number('Gid'),
    effectiveUser: second('Uid'),
    effectiveGroup: second('Gid'),
    threads: number('Threads'),
    pending: mask('SigPnd'),
    sharedPending: mask('ShdPnd'),
    blocked: mask('SigBlk'),
    ignored: mask('SigIgn'),
    caught: mask('SigCgt'),
  };
};

export interface Mapping {
  readonly start: Address;
  /** First address after it. */
  readonly end: Address;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** MAP_SHARED: writes reach the file and other processes. */
  readonly shared: boolean;
  /** Offset of `start` in the file. */
  readonly offset: number;
  /** `major:minor`, in hexadecimal. */
  readonly device: string;
  /** 0: no file. */
  readonly inode: number;
  /** A path (with ` (deleted)` behind if the name is gone), `[heap]`, `[stack]`, `[vdso]`..., or empty for anonymous memory. */
  readonly path: string;
}

const mappingLine = /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])([sp]) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/;

/** /proc/PID/maps, in the order of addresses. The kernel writes a line feed in a path as `\012`. */
export const parseMaps = (text: string): Mapping[] =>
  text.split('\n').flatMap((line) => {
    const [, start, end, read, write, execute, share, offset, device = '', inode, path = ''] = mappingLine.exec(line) ?? [];
    if (start === undefined || end === undefined || offset === undefined) return [];
    return [
      {
        start: BigInt(`0x${start}`),
        end: BigInt(`0x${end}`),
        readable: read === 'r',
        writable: write === 'w',
        executable: execute === 'x',
        shared: share === 's',
        offset: Number.parseInt(offset, 16),
        device,
        inode: Number(inode),
        path: path.replaceAll('\\012', '\n'),
      },
    ];
  });

/** Undefined: no such process. A zombie has no memory: an empty list. */
export const readMaps = (pid: number): Mapping[] | undefined => {
  const text = procText(`${pid}/maps`);
  return text === undefined ? undefined : parseMaps(text);
};

/** The auxiliary vector (getauxval(3)): type to value, AT_NULL left out. */
const parseAuxv = (bytes: Uint8Array): Map<number, bigint> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<number, bigint>();
  for (let offset = 0; offset + 16 <= bytes.byteLength; offset += 16) {
    const type = Number(view.getBigUint64(offset, true));
    if (type === 0) break;
    entries.set(type, view.getBigUint64(offset + 8, true));
  }
  return entries;
};

export const readAuxv = (pid: number): Map<number, bigint> | undefined => {
  try {
    return parseAuxv(readFileSync(`/proc/${pid}/auxv`));
  } catch {
    return undefined;
  }
};

const zeroSeparated = (text: string | undefined): string[] | undefined =>
  text === undefined
    ? undefined
    : text
        .replace(/\0$/, '')
        .split('\0')
        .filter((_, index, all) => all.length > 1 || all[index] !== '');

/** argv as the process has it now; empty for a zombie. */
export const readCommandLine = (pid: number): string[] | undefined => zeroSeparated(procText(`${pid}/cmdline`));

/** The program's path, ` (deleted)` behind it if the file is gone. Undefined for a zombie too. */
export const readExecutable = (pid: number): string | undefined => procLink(`${pid}/exe`);

/** Thread ids, the oldest first. */
export const readThreads = (pid: number): number[] => procNumbers(`${pid}/task`);

/** The children of a process, by whichever thread they were made; zombies included. */
export const readChildren = (pid: number): number[] =>
  readThreads(pid)
    .flatMap((tid) => (procText(`${pid}/task/${tid}/children`) ?? '').split(' '))
    .filter((text) => text.trim() !== '')
    .map(Number)
    .sort((a, b) => a - b);

/** All that descend from a process, parents before their children; who has been orphaned does not any more. */
export const readDescendants = (pid: number): number[] => {
  const found = readChildren(pid);
  for (const each of found) found.push(...readChildren(each).filter((child) => !found.includes(child)));
  return found;
};

/** Its parent, its parent's parent and so on. */
export const readAncestors = (pid: number): number[] => {
  const found: number[] = [];
  for (let each = readStat(pid)?.parent ?? 0; each > 0; each = readStat(each)?.parent ?? 0) found.push(each);
  return found;
};

/** /proc/PID/schedstat: nanoseconds that a thread has had a processor (Documentation/scheduler/sched-stats.rst). */
export const readTimeOnProcessor = (path: ProcessPath): number | undefined => {
  const first = /^\d+/.exec(procText(`${path}/schedstat`) ?? '')?.[0];
  return first === undefined ? undefined : Number(first);
};

/** A system call that a thread is blocked in. */
export interface BlockedCall {
  readonly number: number;
  /** Six; how many mean something depends on the call. */
  readonly args: readonly bigint[];
  readonly stackPointer: Address;
  /** Behind the syscall instruction. */
  readonly pc: Address;
}

/**
 * /proc/PID/task/TID/syscall: the call that a thread sleeps in. `running`: on a processor or ready for one, in user mode or not; `none`: it sleeps
 * outside any call (stopped in user mode, or in a page fault). Undefined: gone, or not allowed to look.
 */
export const parseSyscall = (text: string): BlockedCall | 'running' | 'none' => {
  const words = text.trim().split(' ');
  if (words.length < 9) return words[0] === 'running' ? 'running' : 'none';
  const values = words.slice(1).map((word) => BigInt(word));
  return { number: Number(words[0]), args: values.slice(0, 6), stackPointer: values[6] ?? 0n, pc: values[7] ?? 0n };
};

export const readSyscall = (pid: number, tid = pid): BlockedCall | 'running' | 'none' | undefined => {
  const text = procText(`${pid}/task/${tid}/syscall`);
  return text === undefined ? undefined : parseSyscall(text);
};

/** The soft limit of /proc/PID/limits (getrlimit(2)); undefined: unlimited, or not known. */
export const readLimit = (pid: number, name: string): number | undefined => {
  const row = procText(`${pid}/limits`)
    ?.split('\n')
    .find((line) => line.startsWith(`${name}  `));
  const value = Number(/^\s+(\d+)\s/.exec(row?.slice(name.length) ?? '')?.[1]);
  return Number.isNaN(value) ? undefined : value;
};
