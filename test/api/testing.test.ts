/** The vitest helper, used as its users do, and made to fail. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debug } from '../../src/testing.js';
import { compileText } from '../helpers/build.js';
import { leaksSince, snapshot, type Snapshot } from '../helpers/leaks.js';

// debug() ends its sessions behind afterEach: what is left is looked at when all tests are over.
let before: Snapshot;
beforeAll(() => {
  before = snapshot();
});
afterAll(async () => {
  expect(await leaksSince(before)).toEqual([]);
});

const samples = resolve(import.meta.dirname, '../../samples');
const settings = { 'debug-file-directory': '/nonexistent' };
const segfault = join(samples, 'segfault');

const complaint = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'no complaint';
};

describe('matchers', () => {
  it('say where a program stops', async () => {
    const session = await debug(segfault, { settings });
    await session.break('func2');
    const stop = await session.continue();
    expect(stop).toStopIn('func2');
    expect(stop).toStopAt('segfault.c', stop.frame.line);
    expect(stop).toStopAt('samples/segfault.c');
    expect(stop).not.toStopAt('fault.c');
    expect(await complaint(() => { expect(stop).toStopAt('segfault.c', 1); })).toMatch(/a stop at segfault\.c:1; it stopped \(breakpoint\) in func2 \(.*segfault\.c:\d+\)/); // prettier-ignore
    const crash = await session.continue();
    expect(crash).toStopWith('SIGSEGV');
    const end = await session.continue();
    expect(end).toDieOf('SIGSEGV');
    expect(end).not.toStopIn('func2');
    expect(await complaint(() => { expect(end).toExitWith(0); })).toContain('it was SIGSEGV'); // prettier-ignore
  });

  it('see zombies', async () => {
    const program = compileText(
      'zombie.c',
      '#include <sys/wait.h>\n#include <unistd.h>\nstatic void look(void) {}\nint main(void) {\n  siginfo_t info;\n  if (fork() == 0) _exit(0);\n  waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);\n  look(); // ended, not reaped\n  wait(0);\n  look(); // reaped\n  return 0;\n}\n',
    );
    const session = await debug(program, { settings });
    await session.break('look');
    await session.continue();
    expect(await complaint(() => expect(session).toHaveNoZombies())).toMatch(
      /expected no zombies; process \d+ ended and was never waited for/,
    );
    await session.continue();
    await expect(session).toHaveNoZombies();
    expect(await session.continue()).toExitWith(0);
    await expect(session).toHaveNoProblems();
  });
});

describe('debug()', () => {
  let pid = 0;
  it('gives the test a session', async () => {
    const session = await debug(join(samples, 'sleepy_print'), { args: ['100'], settings });
    pid = session.processes[0]?.pid ?? 0;
    expect(existsSync(`/proc/${pid}`)).toBe(true);
  });
  afterAll(() => {
    expect(existsSync(`/proc/${pid}`)).toBe(false);
  });
});

describe('tests at the same time', () => {
  it.concurrent.for([1, 2, 3])('have sessions of their own (%i)', async (line, context) => {
    const told = await complaint(() => debug(segfault, { settings }));
    expect(told).toMatch(/cannot tell which|belongs inside/);
    const session = await debug(segfault, { settings }, context);
    await session.break(`func${(line % 2) + 1}`);
    expect(await session.continue()).toStopIn(`func${(line % 2) + 1}`);
  });
});
