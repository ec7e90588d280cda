/** Why the program stands where it does, what is watched, and where it may go on. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debugRegistersTrap } from '../../src/inferior/debug_registers.js';
import { compile, fixtures } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const recursion = compile(join(fixtures, 'recursion.c'));
const inlined = compile(join(fixtures, 'inlines.c'), ['-O2']);

const said = async (program: string, ...lines: string[]): Promise<string> => {
  const { stdout } = await run(['-nx', '--batch', ...commands(...lines), program], { shell: 'exec "$@" 2>&1' });
  return stdout;
};

describe('info program', () => {
  it('tells where it stands and why', async () => {
    const text = await said(recursion, 'info program', 'break even', 'run', 'info program', 'stepi', 'info program');
    expect(text).toMatch(/^The program is not being run/m);
    expect(text).toMatch(
      /^Process (\d+), thread 1 \(tid \1\), of .*recursion\.\nProgram stopped at 0x\w+\.\nIt stopped at breakpoint 0\.$/m,
    );
    expect(text).toMatch(/^It stopped after being stepped\.$/m);
  });
});

describe('info watchpoints', () => {
  it('shows these only', async () => {
    const text = await said(recursion, 'break even', 'run', 'echo --\\n', 'info watchpoints', 'watch n', 'echo --\\n', 'info watchpoints');
    const [, none = '', one = ''] = text.split('--\n');
    expect(none).toMatch(/^No watchpoints\.$/m);
    expect(one).toMatch(debugRegistersTrap() ? /^1 +hw watchpoint .* n$/m : /^1 +watchpoint .* n$/m);
    expect(one).not.toContain('even');
  });
});

describe('jump', () => {
  it('goes to one place only', async () => {
    const text = await said(inlined, 'break main', 'run', 'jump square');
    expect(text).toMatch(/"square" means \d+ places: a jump goes to one\. Say which: jump \*0x\w+$/m);
  });
});
