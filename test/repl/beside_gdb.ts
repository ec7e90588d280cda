/** What deet's commands and gdb's say of the same program. */
import { expect } from 'vitest';
import { fixtures } from '../helpers/build.js';
import { gdb } from '../helpers/gdb.js';
import { commands, run } from './cli.js';
import { answersIn, marked } from './marked.js';

/** The answers, command by command; what stands on the stack lies elsewhere under the other debugger. */
const answers = (text: string): string[] =>
  answersIn(text).map((answer) =>
    answer
      .replace(/^warning: .*\n/gm, '')
      .replace(/^(#\d+ +)0x\w+ in (?=.*\) at )/gm, '$1')
      .replace(/0x7ff[0-9a-f]{9}/g, '0xSTACK')
      .replace(/^\(More stack frames follow...\)\n?/m, '')
      .replace(/ Cast it first: .*/, '')
      .replace(/^(?:->| {2}) {1,5}(\d+)(?: {2}(.*))?$/gm, '$1\t$2')
      .replaceAll(`${fixtures}/`, '')
      .trimEnd(),
  );

/** Runs to the last of the stops, each of them reached once, and compares the answers there; without stops, before a run. */
export const compareAt = async (path: string, stops: readonly string[], list: readonly string[]): Promise<void> => {
  const before = [...stops.flatMap((stop, index) => [`tbreak ${stop}`, index === 0 ? 'run > /dev/null' : 'continue'])];
  const words = [...before, ...marked(list)];
  // Errors between the answers, as at a terminal.
  const theirs = answers(gdb(['python import os; os.dup2(1, 2)', ...words], path));
  const ours = answers((await run(['-nx', '--batch', ...commands(...words), path], { shell: 'exec "$@" 2>&1' })).stdout);
  const pairs = (texts: readonly string[]): string[] => list.map((command, index) => `${command}: ${texts[index] ?? 'no answer'}`);
  expect(pairs(ours)).toEqual(pairs(theirs));
};
