/** Values larger than memory, and Ctrl-C while deet itself computes. */
import { expect, it } from 'vitest';
import { fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const stop = [`break huge.c:${lineOf('huge.c', '// here')}`, 'run > /dev/null'];

it('shows an array of ten thousand million elements by its beginning', async () => {
  const list = [
    'print *huge',
    'print -elements 3 -- *numbers@2000000000',
    'print (*huge)[5000000000]',
    'print sizeof(*huge)',
    'x/2c &(*huge)[5000000000]',
  ];
  const { stdout, stderr } = await run(['-nx', ...commands(...stop, ...list), fixture('huge')]);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^\$1 = '\\000' <repeats \d+ times>\.\.\.$/m);
  expect(stdout).toMatch(/^\$2 = \{0 <repeats \d+ times>\.\.\.\}$/m);
  expect(stdout).toMatch(/^\$3 = 120 'x'$/m);
  expect(stdout).toMatch(/^\$4 = 10000000000$/m);
  expect(stdout).toMatch(/^0x\w+:\t120 'x'\t0 '\\000'$/m);
});

/** The command would take longer than this test may; what follows it is answered. */
const interrupted = async (command: string): Promise<string> => {
  const lines = ['define long', 'echo begun\\n', command, 'end', ...stop, 'long', 'print 40 + 2'];
  const { stdout, stderr } = await run(['-nx', fixture('huge')], {
    started: async ({ stdin, said, kill }) => {
      stdin.write(`${lines.join('\n')}\n`);
      await said('begun');
      kill('SIGINT');
      await said('= 42');
      stdin.end('quit\n');
    },
  });
  expect(stdout).toMatch(/ = 42\n/);
  return stderr;
};

it.each([
  ["find numbers, +9999999999, 'x', 'y', 'z'"],
  ['while 1\nprint 1\nend'],
  [
    'set print elements unlimited\nset print repeats unlimited\noutput *numbers@2000000000\noutput *numbers@2000000000\noutput *numbers@2000000000',
  ],
  ['x/1000000s numbers\nx/1000000s numbers\nx/1000000s numbers\nx/1000000s numbers'],
])('Ctrl-C ends %j', async (command) => {
  expect(await interrupted(command)).toBe('Quit\n');
});
