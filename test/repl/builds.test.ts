/**
 * One program in pairs of all forms in which compilers and linkers leave debug information (helpers/matrix.ts), running: at each stop the
 * same frames as gdb, inlined ones too, on the same lines, with the same variables of the same values.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile, fixtures } from '../helpers/build.js';
import { gdb } from '../helpers/gdb.js';
import { leakGuard } from '../helpers/leaks.js';
import { pairsOfBuilds } from '../helpers/matrix.js';
import { commands, run } from './cli.js';
import { answersIn, marked } from './marked.js';

leakGuard();

const stops = ['mix', 'frames.c:8', 'frames_other.c:10', 'frames_other.c:17'];
const looks = ['backtrace', 'info args', 'info locals', 'up', 'info locals'];
const script = [
  ...stops.map((stop) => `break ${stop}`),
  'run > /dev/null',
  ...Array.from({ length: 6 }, () => [...marked(looks), 'continue']).flat(),
];
const settings = ['set debug-file-directory /nonexistent', 'set print frame-arguments none', 'set print entry-values no'];

/** What was said at the stops, in one form; `unknown`: without values that only one of the debuggers may know. */
const looksIn = (text: string): string[][] =>
  answersIn(text).map((answer) =>
    answer
      .split('\n')
      .map((line) =>
        line
          .replace(/^(#\d+ +)0x\w+ in (?=.*\) at )/, '$1')
          .replace(/ at \S*\//, ' at ')
          .replace(/0x7ff[0-9a-f]{9}/g, '0xSTACK'),
      )
      .filter((line) => /^#\d|^\w+ = |^No /.test(line)),
  );

describe('frames and variables at run time', () => {
  it.each(pairsOfBuilds)('$name', async ({ flags, compiler }) => {
    const program = compile(join(fixtures, 'frames.c'), [join(fixtures, 'frames_other.c'), ...flags], compiler);
    const theirs = looksIn(gdb([...settings, ...script], program));
    const { stdout } = await run(['-nx', '--batch', ...commands(...settings, ...script), program]);
    const ours = looksIn(stdout);
    expect(theirs.flat().filter((line) => line.startsWith('#')).length).toBeGreaterThan(10);
    expect(theirs.flat().filter((line) => line.includes(' = ')).length).toBeGreaterThan(10);
    // Where gdb finds no value, deet may know one.
    const lost = (line: string): string | undefined => /^(\w+ = )<optimized out>$/.exec(line)?.[1];
    const comparable = ours.map((answer, i) =>
      answer.map((line, j) => {
        const name = lost(theirs[i]?.[j] ?? '');
        return name !== undefined && line.startsWith(name) ? `${name}<optimized out>` : line;
      }),
    );
    expect(comparable).toEqual(theirs);
  });
});
