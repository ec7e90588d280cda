/** What a script says when it launches a program or attaches to one. */
import { DeetError } from '../common/errors.js';

/** `pipe`: the script writes or reads it; `ignore`: empty, or thrown away; a path: a file. */
export type Stream = 'pipe' | 'ignore' | { readonly file: string };

export interface CommonOptions {
  /** Which processes of a fork are debugged. Default `both`. */
  readonly follow?: 'both' | 'parent' | 'child';
  /** Settings of the prompt by name (`set NAME VALUE`): `{ 'print elements': '10', 'hang-after': '5' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface LaunchOptions extends CommonOptions {
  /** Words for the program, without its own name. */
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Added to the script's own environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default `ignore`: empty. */
  readonly stdin?: Stream;
  /** Default `pipe`: kept in `session.stdout` and told as `output` events. `inherit`: the script's own. */
  readonly stdout?: Stream | 'inherit';
  readonly stderr?: Stream | 'inherit';
  /** What each of its processes may have, in bytes (setrlimit(2)): writable memory of its own, and the size of a file that it writes. */
  readonly limits?: { readonly memory?: number; readonly fileSize?: number };
  /** Addresses that differ from run to run. Default false. */
  readonly randomizeAddresses?: boolean;
}

export interface AttachOptions extends CommonOptions {
  /** The processes too that descend from it. Default false. */
  readonly family?: boolean;
}

export interface CoreOptions extends CommonOptions {
  /** The program's file; by default it is found through the core file. */
  readonly program?: string;
}

export interface BreakOptions {
  /** A C expression; the breakpoint stops when it is true. */
  readonly condition?: string;
  /** Gone after its first stop. */
  readonly temporary?: boolean;
  /** So many hits are passed first. */
  readonly ignore?: number;
  /** Only this thread stops here. */
  readonly thread?: { readonly id: number };
  /** It may name what is not loaded yet; without it that is an error. */
  readonly pending?: boolean;
}

export interface WatchOptions {
  readonly condition?: string;
  /** What it stops at. Default `write`: a change of the value. */
  readonly access?: 'write' | 'read' | 'readWrite';
  /** Watches the object that the expression means now, wherever the program goes. */
  readonly location?: boolean;
}

const isStream = (value: unknown, words: readonly string[]): boolean =>
  value === undefined ||
  (typeof value === 'string' && words.includes(value)) ||
  (typeof value === 'object' && value !== null && typeof (value as { readonly file?: unknown }).file === 'string');

const launchOptions: Readonly<Record<keyof LaunchOptions, true>> = {
  args: true,
  cwd: true,
  env: true,
  stdin: true,
  stdout: true,
  stderr: true,
  limits: true,
  randomizeAddresses: true,
  follow: true,
  settings: true,
};

/** Not every script is checked by a compiler. @throws DeetError `usage` */
export const checkLaunch = (program: unknown, options: { readonly [Name in keyof LaunchOptions]: unknown }): void => {
  const demand = (holds: boolean, sentence: string): void => {
    if (!holds) throw new DeetError('usage', sentence);
  };
  const { args = [], env = {}, limits = {}, stdin, stdout, stderr, cwd = '' } = options;
  demand(typeof program === 'string', 'launch: the program must be a path.');
  for (const name of Object.keys(options))
    demand(name in launchOptions, `launch: there is no option "${name}"; there are ${Object.keys(launchOptions).join(', ')}.`);
  demand(Array.isArray(args) && args.every((each) => typeof each === 'string'), 'launch: "args" must be a list of strings.');
  demand(typeof cwd === 'string', 'launch: "cwd" must be a path.');
  demand(
    typeof env === 'object' && env !== null && Object.values(env).every((each) => each === undefined || typeof each === 'string'),
    'launch: "env" must be an object of strings.',
  );
  const sizes = Object.entries(limits ?? {});
  demand(
    sizes.every(([name, size]) => ['memory', 'fileSize'].includes(name) && Number.isSafeInteger(size) && (size as number) >= 0),
    'launch: "limits" may have "memory" and "fileSize", each a whole number of bytes.',
  );
  demand(isStream(stdin, ['pipe', 'ignore']), "launch: \"stdin\" must be 'pipe', 'ignore' or { file: PATH }.");
  for (const [name, value] of Object.entries({ stdout, stderr }))
    demand(isStream(value, ['pipe', 'ignore', 'inherit']), `launch: "${name}" must be 'pipe', 'ignore', 'inherit' or { file: PATH }.`);
};
