/** Macros at the prompt: the program's, compiled with -g3, and those of the user. */
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const source = `#define LIMIT 3
#define TWICE(x) ((x) * 2)
int first(int value) {
  return TWICE(value); /* first */
}
#undef LIMIT
#define LIMIT 7
int main(void) {
  return first(LIMIT); /* main */
}
`;

const said = async (...typed: string[]): Promise<{ stdout: string; stderr: string }> => {
  const { stdout, stderr } = await run([...commands(...typed), compileText('with_macros.c', source, ['-g3'])]);
  return { stdout: stdout.replace(/\/\S*\/with_macros\.c/g, 'with_macros.c'), stderr };
};

describe("the user's own", () => {
  it('are used in expressions, listed and forgotten', async () => {
    const { stdout, stderr } = await said(
      'macro define SUM(a, b) ((a) + (b))',
      'macro define FOUR 4',
      'print SUM(FOUR, TWICE(1))',
      'macro expand SUM(FOUR, x)',
      'macro list',
      'info macro FOUR',
      'macro undef FOUR',
      'macro list',
      'print FOUR',
    );
    expect(stdout.trimEnd().split('\n')).toEqual([
      '$1 = 6',
      'expands to: ((4) + (x))',
      'macro define FOUR 4',
      'macro define SUM(a, b) ((a) + (b))',
      'User-defined: macro define FOUR 4',
      'macro define SUM(a, b) ((a) + (b))',
    ]);
    expect(stderr).toContain('No symbol "FOUR" in current context.');
  });

  it('go before those of the program', async () =>
    expect((await said('macro define LIMIT 100', 'print LIMIT', 'macro undef LIMIT', 'print LIMIT')).stdout).toBe('$1 = 100\n$2 = 7\n'));

  it('that are no definitions are refused', async () => {
    expect((await said('macro define 3x')).stderr).toContain('"3x" is no definition of a macro.');
    expect((await said('macro undef TWICE')).stderr).toContain("There is no macro `TWICE' of yours.");
  });
});

describe("the program's", () => {
  it('info macros: those that hold at a place', async () => {
    const before = await said('info macros first');
    expect(before.stdout).toContain('Defined at with_macros.c:1\n#define LIMIT 3\n');
    expect(before.stdout).not.toContain('#define LIMIT 7');
    expect((await said('break main', 'run', 'info macros')).stdout).toContain('Defined at with_macros.c:7\n#define LIMIT 7\n');
  });

  it('info macro -all: every definition of one', async () =>
    expect((await said('info macro -all LIMIT')).stdout).toBe(
      'Defined at with_macros.c:1\n#define LIMIT 3\nDefined at with_macros.c:7\n#define LIMIT 7\n',
    ));
});

it('a program without them says how to get them', async () => {
  const { stderr } = await run([...commands('info macros'), compileText('without_macros.c', 'int main(void) { return 0; }\n')]);
  expect(stderr).toContain('There is no information about macros here. Compile with -g3.');
});
