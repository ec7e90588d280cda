import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, root, run } from './cli.js';
import { wrongWith } from './shapes.js';

leakGuard();

const sample = (name: string): string => compile(join(root, 'samples', `${name}.c`));

const lines = async (
  program: string,
  ...typed: string[]
): Promise<{ results: Record<string, unknown>[]; stderr: string; status: number | null }> => {
  const { stdout, stderr, status } = await run(['--json', ...commands(...typed), program]);
  const all = stdout.split('\n').filter((line) => line !== '');
  expect(all.map(wrongWith).filter((wrong) => wrong !== undefined)).toEqual([]);
  return { results: all.map((line) => JSON.parse(line) as Record<string, unknown>), stderr, status };
};

describe('--json', () => {
  it('has the shapes of the interface', async () => {
    const { results, stderr } = await lines(
      sample('function_calls'),
      ...['break func2 if a == 2', 'break func3', 'run', 'info breakpoints', 'backtrace', 'info locals', 'info args', 'print a', 'print &sum', 'frame 1', 'up', 'down 2', 'info threads', 'info inferiors', 'info tree'],
      ...['info fds', 'why', 'explain', 'info registers', 'x/4xw $sp', 'x/2i $pc', 'x/s "abc"', 'list', 'disassemble', 'display a', 'finish', 'step', 'continue', 'nonsense', 'help', 'continue'],
      'continue',
    ); // prettier-ignore
    expect([...new Set(results.map(({ type }) => type))].sort()).toEqual(
      ['backtrace', 'breakpoint', 'breakpoints', 'descriptors', 'disassembly', 'error', 'exit', 'explanation', 'frame', 'memory', 'message', 'processes', 'registers', 'source', 'stop', 'threads', 'value', 'variables', 'why'],
    ); // prettier-ignore
    // The program's own output does not mix with the results.
    expect(stderr).toContain('func1 got 2\n');
  });

  it('tells where and why the program stopped', async () => {
    const { results } = await lines(sample('segfault'), 'break func2', 'run', 'continue', 'continue');
    const stops = results.filter(({ type }) => type === 'stop');
    expect(stops[0]).toMatchObject({
      reason: 'breakpoint',
      breakpoint: 0,
      hits: 1,
      frame: { level: 0, function: 'func2', line: 4, args: [{ name: 'a', type: 'int', value: '2' }] },
    });
    expect(stops[1]).toMatchObject({ reason: 'signal', signal: 'SIGSEGV', address: '0x0', frame: { line: 5 } });
    expect(results.at(-1)).toMatchObject({ type: 'exit', signal: 'SIGSEGV', coreDumped: false });
    expect(results.at(-1)).not.toHaveProperty('status');
  });

  it('gives errors a code and the command', async () => {
    const { results, status } = await lines(sample('hello'), 'print nosuch', 'brek');
    expect(results).toMatchObject([
      { type: 'error', command: 'print nosuch', code: 'no-symbol' },
      { type: 'error', command: 'brek', code: 'unknown-command', hint: 'Did you mean "break"?' },
    ]);
    expect(status).toBe(1);
  });

  it('tells what is wrong with other shapes', () => {
    expect(wrongWith('{"type":"exit","pid":"1"}')).toBe('exit: pid: "1" is no number');
    expect(wrongWith('{"type":"exit","pid":1,"signal":null}')).toContain('null');
    expect(wrongWith('Hello')).toContain('not JSON');
  });
});
