/** What gdb says, for comparison: an oracle that is older than we are. */
import { execFileSync } from 'node:child_process';
import { patience } from './patience.js';

const quiet = ['set debuginfod enabled off', 'set pagination off', 'set confirm off', 'set style enabled off', 'set width 0'];

/** Runs gdb's commands on a program in batch and returns what gdb and the program wrote to stdout; its complaints, on stderr, are not in it. */
export const gdb = (commands: readonly string[], program?: string, args: readonly string[] = []): string =>
  execFileSync(
    'gdb',
    [
      '-nx',
      '-q',
      '--batch',
      ...[...quiet, ...commands].flatMap((command) => ['-ex', command]),
      ...(program === undefined ? [] : ['--args', program, ...args]),
    ],
    // Without colours, and with UTF-8 whatever the locale of the tests.
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: patience,
      killSignal: 'SIGKILL',
      env: { ...process.env, TERM: 'dumb', LC_ALL: 'C.UTF-8' },
      maxBuffer: 1 << 28,
    },
  );
