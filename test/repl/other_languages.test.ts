/** Programs in other languages than C's, running: gcc's assembly of a C program, with some numbers of its debug information changed. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { compileText, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const text = `static int twice(int n) {
  int table[n];
  for (int i = 0; i < n; i++) table[i] = i;
  return table[n - 1] * 2;
}
__attribute__((noreturn)) static void begin(void) {
  while (twice(4)) continue;
  for (;;) continue;
}
int main(void) { begin(); }
`;
const assembly = execFileSync('gcc', ['-S', '-g', '-dA', '-o', '-', writeText('begins.c', text)], { encoding: 'utf8' });

const said = async (...changes: [comment: string, number: string][]): Promise<string> => {
  const changed = changes.reduce((all, [comment, number]) => {
    const line = new RegExp(`(\\.\\w+\\s+)0x[0-9a-f]+(\\s+# .*${comment})`);
    expect(all).toMatch(line);
    return all.replace(line, `$1${number}$2`);
  }, assembly);
  const { stdout } = await run(['-nx', '--batch', ...commands('break 4', 'run', 'bt', 'info locals'), compileText('begins.s', changed)]);
  return stdout;
};

it('a stack ends at the main of its language (DW_AT_main_subprogram), in C at main', async () => {
  const frames = (shown: string): string[] => [...shown.matchAll(/^#\d+ +(\w+)/gm)].map(([, name]) => name);
  expect(frames(await said())).toEqual(['twice', 'begin', 'main']);
  expect(frames(await said(['DW_AT_noreturn', '0x6a']))).toEqual(['twice', 'begin']);
});

it('arrays of variable length have as many elements as their lowest index says (Fortran: 1)', async () => {
  expect(await said()).toContain('table = {0, 1, 2, 3}\n');
  expect(await said(['DW_AT_language', '0x22'])).toContain('table = {0, 1, 2}\n');
});
