/**
 * Starting a program: from what a user said (a name, words, redirections) to the plan that the addon's child follows between fork and exec,
 * and from the child's failure (a step and an errno) back to the user's words. The hazards of that child: native/launch.h.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { DeetError } from '../common/errors.js';
import { native, type LaunchPlan } from '../native.js';
import { launchError } from './launch_error.js';
import { readStat } from './proc.js';

/** `> path`, `>> path`, `< path`, or a descriptor that is a copy of another (`2>&1`, or the end of a pipe that deet holds). */
export type ProgramRedirection =
  | { readonly fd: number; readonly path: string; readonly access: 'read' | 'truncate' | 'append' }
  | { readonly fd: number; readonly from: number };

/** What each process of a program may have, in bytes: setrlimit(2). */
export interface ProgramLimits {
  /** Writable memory of its own (RLIMIT_DATA): variables, heap, stacks of threads. */
  readonly memory?: number;
  /** The size of a file that it writes (RLIMIT_FSIZE). */
  readonly fileSize?: number;
}

const Resource = { fileSize: 1, memory: 2 } as const;

export interface LaunchOptions {
  /** As the user named it: a path, or a bare name that is looked up here and then in PATH. Relative to deet's own directory. */
  readonly program: string;
  /** Without the program itself. */
  readonly arguments?: readonly string[];
  /** The program's working directory; files of redirections are relative to it, as in `cd DIRECTORY && PROGRAM > FILE`. */
  readonly cwd?: string;
  /** All variables of the program; deet's own when absent. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** In the order given, which matters: `> file 2>&1`. */
  readonly redirections?: readonly ProgramRedirection[];
  readonly limits?: ProgramLimits;
  /** A terminal of the program's own. */
  readonly tty?: string;
  /** Hand the terminal to the program: Ctrl-C reaches it, not deet. */
  readonly foreground?: boolean;
  /** Default true: addresses are the same in every run. */
  readonly disableRandomization?: boolean;
}

export interface Launched {
  /** Stopped at its exec; its SIGTRAP has not been waited for, PTRACE_O_EXITKILL is set. */
  readonly pid: number;
  /** The file that was executed. */
  readonly path: string;
  /** Addresses differ from run to run although they should not: personality(2) was refused, as containers' seccomp filters do. */
  readonly randomized: boolean;
}

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
};

/**
 * The absolute path of what the user named. A name with a slash is a path. A bare name is a file in this directory (`deet hello`), else
 * the first executable file of that name in PATH, as execvp(3) searches; an empty entry of PATH is this directory.
 * @throws DeetError `launch` when a bare name is neither.
 */
export const resolveProgram = (program: string, searchPath = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'): string => {
  if (program.includes('/') || isFile(program)) return resolve(program);
  const found = searchPath
    .split(delimiter)
    .map((directory) => join(resolve(directory), program))
    .find(isExecutable);
  if (found !== undefined && program !== '') return found;
  throw new DeetError(
    'launch',
    `Error starting subprocess: there is no file "${program}" in ${process.cwd()}, and no command of that name in PATH (ENOENT).`,
    'Check the name, or give the path of the program: deet ./folder/program',
  );
};

const flagsOf = {
  read: constants.O_RDONLY,
  truncate: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
  append: constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND,
} as const;

/** The kernel's strings end at the first NUL: a word with one in it would arrive cut short. */
const refuseNul = (words: readonly string[], what: string): void => {
  const bad = words.find((word) => word.includes('\0'));
  if (bad !== undefined) throw new DeetError('launch', `Error starting subprocess: ${what} contains a NUL byte: ${JSON.stringify(bad)}.`);
};

/**
 * A service, a container's first process and many test runners start deet like this; alone, the program would stand in its place, and a leader differs from others
 * in what setsid(2) and opening a terminal (without O_NOCTTY) do.
 */
const leadsSessionWithoutTerminal = (): boolean => {
  const own = readStat(process.pid);
  return own?.session === process.pid && own.terminal === 0;
};

const planOf = (options: LaunchOptions, path: string): LaunchPlan => {
  const cwd = resolve(options.cwd ?? '.');
  const argv = [path, ...(options.arguments ?? [])];
  const environment = Object.entries(options.environment ?? process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  const redirections = (options.redirections ?? []).map((entry) =>
    'from' in entry ? entry : { fd: entry.fd, path: resolve(cwd, entry.path), flags: flagsOf[entry.access], mode: 0o666 },
  );
  const limits = (['memory', 'fileSize'] as const).flatMap((name) => {
    const most = options.limits?.[name];
    return most === undefined ? [] : [{ resource: Resource[name], most }];
  });
  refuseNul(argv, 'an argument');
  refuseNul(environment, 'the environment');
  refuseNul([cwd, options.tty ?? '', ...redirections.map((entry) => ('path' in entry ? entry.path : ''))], 'a path');
  return {
    path,
    argv,
    environment,
    redirections,
    limits,
    processGroup: true,
    session: leadsSessionWithoutTerminal(),
    foreground: options.foreground ?? false,
    disableRandomization: options.disableRandomization ?? true,
    trace: true,
    ...(options.cwd !== undefined && { cwd }),
    ...(options.tty !== undefined && { tty: options.tty }),
  };
};

/**
 * Starts a program under ptrace by the calling thread, which becomes its tracer.
 * @throws DeetError `launch`: the message begins `Error starting subprocess: `; nothing is left of the attempt.
 */
export const launchProgram = (options: LaunchOptions): Launched => {
  const path = resolveProgram(options.program, options.environment?.['PATH']);
  const plan = planOf(options, path);
  const first = native.launch(plan);
  if ('pid' in first) return { pid: first.pid, path, randomized: !plan.disableRandomization };
  if (first.step !== 'personality') throw launchError(plan, options.program, first);
  const second = native.launch({ ...plan, disableRandomization: false });
  if ('pid' in second) return { pid: second.pid, path, randomized: true };
  throw launchError(plan, options.program, second);
};
