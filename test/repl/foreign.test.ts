/** Programs that no one here wrote, stripped or not: under deet they say and return what they do alone, and stop where they are asked to. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

interface Foreign {
  readonly program: string;
  readonly words: readonly string[];
  /** A function on its way, in itself or in a library. */
  readonly stopsIn: string;
}

/** .ci/run installs all of them; elsewhere one that is missing is told of. */
const programs: readonly Foreign[] = [
  { program: '/bin/ls', words: ['-d', '/', '/etc'], stopsIn: 'write' },
  { program: '/bin/sh', words: ['-c', 'echo $((6 * 7)); exit 3'], stopsIn: 'write' },
  { program: '/usr/bin/python3', words: ['-c', 'import threading\nprint([threading.active_count(), 2 ** 70])'], stopsIn: 'write' },
  { program: process.execPath, words: ['-e', 'setTimeout(() => console.log(1 + 1), 10)'], stopsIn: 'main' },
  { program: '/bin/busybox', words: ['echo', 'one', 'two'], stopsIn: '*$pc' },
];

const isInstalled = ({ program }: Foreign): boolean => {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    process.stderr.write(`${program} is not installed: it is not tried under deet\n`);
    return false;
  }
};

const alone = ({ program, words }: Foreign): { stdout: string; status: number } => {
  try {
    return { stdout: execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }), status: 0 };
  } catch (error) {
    return error as { stdout: string; status: number };
  }
};

describe.each(programs.filter(isInstalled))('$program', (foreign) => {
  const { program, words, stopsIn } = foreign;

  it('says and returns what it does alone', async () => {
    const { stdout, status } = alone(foreign);
    const under = await run(['--batch', '--return-child-result', '--json', ...commands('run'), '--args', program, ...words]);
    const said = under.stderr; // with --json the program's own output goes there
    expect({ said, status: under.status }).toEqual({ said: stdout, status });
  });

  it(`stops in ${stopsIn}, and goes on to the same end`, async () => {
    const { stdout } = alone(foreign);
    const script = ['set breakpoint pending on', 'starti', `tbreak ${stopsIn}`, 'continue', 'bt -3', 'info sharedlibrary', 'continue'];
    const steps = stopsIn.startsWith('*') ? ['starti', 'stepi 20', 'bt', 'info registers rip', 'continue'] : script;
    const under = await run(['--batch', ...commands(...steps), '--args', program, ...words]);
    expect(under.stderr).toBe('');
    expect(under.stdout).toMatch(/^#\d+ /m);
    if (!stopsIn.startsWith('*')) expect(under.stdout).toMatch(/^Temporary breakpoint 0, /m);
    expect(under.stdout).toContain(stdout);
    expect(under.stdout).toMatch(/^Child exited \(status \d+\)$/m);
  });
});
