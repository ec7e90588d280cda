/** What /proc says of processes, for tests: see proc(5). A process that goes away while we look is simply not there. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessFacts {
  readonly pid: number;
  readonly name: string;
  /** R, S, D, T, t, Z, X... as in /proc/PID/stat. */
  readonly state: string;
  readonly parent: number;
}

const attempt = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise;
  }
};

/** undefined when there is no such process. */
export const processFacts = (pid: number): ProcessFacts | undefined => {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), '');
  const close = stat.lastIndexOf(')');
  if (close < 0) return undefined;
  const [state = '?', parent = '0'] = stat.slice(close + 2).split(' ');
  return { pid, name: stat.slice(stat.indexOf('(') + 1, close), state, parent: Number(parent) };
};

/** Thread numbers of a process. */
export const threadsOf = (pid: number): number[] => attempt(() => readdirSync(`/proc/${pid}/task`), []).map(Number);

/** Children of every thread of a process, zombies included. */
export const childrenOf = (pid: number): number[] =>
  threadsOf(pid).flatMap((tid) =>
    attempt(() => readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8'), '')
      .split(' ')
      .filter((text) => text !== '')
      .map(Number),
  );

/** Every process on the machine. */
export const allProcesses = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/**
 * Whether a process was started with this `NAME=value` in its environment (its own later changes do not show). In the middle of an execve
 * the new memory is there before the kernel has put the arguments and the environment in it, and both read as empty: such a process is
 * looked at again. A kernel thread and a zombie look the same, but have no program (/proc/PID/exe).
 */
export const hasEnvironment = (pid: number, entry: string): boolean => {
  const read = (name: string): string => attempt(() => readFileSync(`/proc/${pid}/${name}`, 'latin1'), '');
  const amidExec = (): boolean => read('cmdline') === '' && attempt(() => readlinkSync(`/proc/${pid}/exe`), '') !== '';
  const deadline = performance.now() + 100; // a program may have emptied its own arguments
  let environment = read('environ');
  while (environment === '' && amidExec() && performance.now() < deadline) environment = read('environ');
  return (environment === '' ? read('environ') : environment).split('\0').includes(entry);
};

/** Descriptor -> what it is ("pipe:[123]", a path...). The descriptor that reads the directory is not counted. */
export const descriptorsOf = (pid: number | 'self'): Map<number, string> => {
  const found = new Map<number, string>();
  for (const name of attempt(() => readdirSync(`/proc/${pid}/fd`), [])) {
    const target = attempt(() => readlinkSync(`/proc/${pid}/fd/${name}`), undefined);
    if (target !== undefined) found.set(Number(name), target);
  }
  return found;
};
