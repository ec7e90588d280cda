/** GNU C's nested functions: their code sees the variables of the activation in which it was made, whichever frames stand between. */
import { describe, expect, it } from 'vitest';
import { fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const line = (mark: string): string => String(lineOf('nested_functions.c', `// ${mark}`));

/** What is printed, in order: `$1 = 3` as `3`. */
const printed = async (variant: 'plain' | 'O1' | 'O2', ...typed: string[]): Promise<string[]> => {
  const { stdout, stderr } = await run([...commands(...typed), fixture('nested_functions', variant)]);
  expect(stderr).toBe('');
  return [...stdout.matchAll(/^\$\d+ = (.*)$/gm)].map((match) => match[1]);
};

describe.each(['plain', 'O1', 'O2'] as const)('%s', (variant) => {
  it('names of the function around, and of the one around that', async () =>
    expect(await printed(variant, `break ${line('in deeper')}`, 'run', 'continue', 'print more', 'print inner', 'print total')).toEqual([
      '3',
      '7',
      '0',
    ]));

  it('of several activations the one that the static link leads to', async () =>
    expect(await printed(variant, `break ${line('in add')}`, 'run', 'print total', 'print seen', 'print amount', 'print ::total')).toEqual([
      '200',
      '7',
      '5',
      '777',
    ]));

  it('conditions see them', async () =>
    expect(await printed(variant, `break ${line('in deeper')} if inner == 7 && total == 0`, 'run', 'print inner')).toEqual(['7']));
});

it('they can be changed', async () =>
  expect(await printed('plain', `break ${line('in add')}`, 'run', 'set var total = 1000', 'next', 'print total')).toEqual(['1005']));

it('types of the function around', async () => {
  const { stdout } = await run([
    ...commands(`break ${line('in add')}`, 'run', 'ptype struct pair', 'print pair'),
    fixture('nested_functions'),
  ]);
  expect(stdout).toContain('type = struct pair {\n    int first;\n    int second;\n}\n$1 = {first = 2, second = 8}\n');
});

it('blocks that the nested function does not stand in are not seen', async () => {
  const { stderr } = await run([...commands(`break ${line('in add')}`, 'run', 'print sum', 'print inner'), fixture('nested_functions')]);
  expect(stderr).toContain('No symbol "inner" in current context.');
});

it('a watchpoint on one ends with the frame that it lives in', async () => {
  const at = `break ${line('in add')}`;
  const { stdout } = await run([
    ...commands('set can-use-hw-watchpoints 0', at, 'run', 'watch seen', 'delete 0', 'continue', 'frame'),
    fixture('nested_functions'),
  ]);
  expect(stdout).toMatch(/Watchpoint 1 deleted: its frame has ended[\s\S]*#0 {2}main \(\)/);
});
