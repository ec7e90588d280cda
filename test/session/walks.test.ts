/**
 * Random walks: gdb and deet carry out the same commands, chosen by a seed, and must come to the same places, with the same values of what the frame shows.
 * DEET_WALKS asks for more of them than the tests make, DEET_WALK_SEED for others.
 */
import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixture, fixtures, type Variant } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { gdbWalk, openSession, walk } from './drive.js';

leakGuard();

const walks = Number(process.env['DEET_WALKS'] ?? 3);
const firstSeed = Number(process.env['DEET_WALK_SEED'] ?? 1);
/** Commands of one walk. */
const length = 40;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Functions and lines that a walk may name. */
const placesIn = (source: string): string[] => {
  const lines = readFileSync(join(fixtures, source), 'utf8').split('\n');
  const functions = lines.flatMap((line) => /^(?:static )?(?:\w+ \*?)+(\w+)\(.*\) \{/.exec(line)?.[1] ?? []);
  const statements = lines.flatMap((line, index) => (/^ {2}.*;/.test(line) ? [`${source}:${index + 1}`] : []));
  return [...functions, ...statements];
};

const rowsOf = (source: string, seed: number): string[] => {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  const places = placesIn(source);
  const moves: readonly (() => string)[] = [
    () => 'step',
    () => 'next',
    () => `next ${1 + Math.floor(random() * 3)}`,
    () => `step ${1 + Math.floor(random() * 3)}`,
    () => 'finish',
    // In a recursive function gdb's ends in another activation, against its own manual ("in the current stack frame").
    () => (source === 'recursion.c' ? 'next' : 'until'),
    () => `until ${pick(places)}`,
    () => `advance ${pick(places)}`,
    () => `stepi ${1 + Math.floor(random() * 9)}`,
    () => `nexti ${1 + Math.floor(random() * 9)}`,
    () => 'up',
    () => `tbreak ${pick(places)}`,
    () => `break ${pick(places)}`,
    () => 'continue',
    () => 'delete',
  ];
  const weights = [6, 6, 2, 2, 3, 2, 1, 1, 2, 2, 1, 2, 1, 1, 1];
  const choices = moves.flatMap((move, index) => Array.from({ length: weights[index] }, () => move));
  return [`break ${pick(places)}`, 'break main', 'run', ...Array.from({ length }, () => pick(choices)())];
};

const sources: readonly (readonly [string, Variant])[] = [
  ['recursion.c', 'plain'],
  ['calls.c', 'plain'],
  ['loop_line.c', 'plain'],
  ['scopes.c', 'plain'],
  ['inlines.c', 'plain'],
  ['structures.c', 'plain'],
  ['recursion.c', 'O2'],
  ['calls.c', 'clang'],
  ['structures.c', 'pie'],
];

describe.each(sources)('%s, %s', (source, variant) => {
  const seeds = Array.from({ length: walks }, (_, index) => firstSeed + index);
  it.each(seeds)('as gdb, seed %d', async (seed) => {
    const program = fixture(source.replace(/\.\w+$/, ''), variant);
    const rows = rowsOf(source, seed);
    const session = openSession(program);
    session.redirections = [{ fd: 1, path: '/dev/null', access: 'truncate' }];
    let ours: string[];
    try {
      ours = await walk(session, rows);
    } finally {
      session.close();
    }
    const theirs = gdbWalk(program, rows);
    // Behind main, in code without lines, gdb gives up where deet goes on to the end: the walk is over there.
    const outside = theirs.findIndex((where, index) =>
      where === 'error' ? /^(step|next)/.test(rows[index]) : !/:\d+$|^(-|exited \d+)$/.test(where),
    );
    const compared = outside < 0 ? rows : rows.slice(0, outside);
    const pairs = (places: readonly string[]): string[] => compared.map((row, index) => `${row}: ${places[index] ?? 'the end'}`);
    expect(pairs(ours)).toEqual(pairs(theirs));
  });
});
