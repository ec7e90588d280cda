/** What the parameters of templates stand for, in expressions and in conditions of breakpoints, beside gdb; and names in C++ conditions that mean nothing. */
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { compareAt } from './beside_gdb.js';
import { commands, run } from './cli.js';

leakGuard();

const text = `
enum class Mode { off, on };
int shared = 4;
struct Base { int base = 2; int twice() { return base * 2; } };
template <class T, int N, Mode M = Mode::on> struct Row : Base {
  T cells[N];
  int own = 1;
  __attribute__((noinline)) int sum(int from) {
    int total = from;
    for (T cell : cells) total += cell;
    return total; // summed
  }
  __attribute__((noinline)) static int width(int more) {
    return N + more; // width
  }
};
template <int K, int *P> __attribute__((noinline)) int times(int x) {
  return x * K + *P; // times
}
int main() {
  Row<short, 3> row{};
  return row.sum(2) + row.width(1) + times<7, &shared>(3) + row.twice();
}
`;
const lineIn = (part: string): string => `rows.cc:${text.split('\n').findIndex((line) => line.includes(part)) + 1}`;

describe('arguments of templates are those of gdb, g++', () => {
  const program = (): string => compileText('rows.cc', text, [], 'g++');

  it.each(['N', 'N + from', 'M', '(T)70000', 'cells[N - 1]'])('of a class: %s', (expression) =>
    compareAt(program(), [lineIn('// summed')], [`print ${expression}`, `whatis ${expression}`]),
  );
  it.each(['N', 'more * N', 'sizeof(T)', 'sizeof(T *)', '&N'])('of a class, in a static function: %s', (expression) =>
    compareAt(program(), [lineIn('// width')], [`print ${expression}`]),
  );
  it.each(['K', 'x - K', '*P'])('of a function: %s', (expression) =>
    compareAt(program(), [lineIn('// times')], [`print ${expression}`, `whatis ${expression}`]),
  );
});

describe.each(['g++', 'clang++'] as const)('arguments of templates, %s', (compiler) => {
  const program = (): string => compileText('rows.cc', text, [], compiler);

  // gdb does not find those of clang's classes.
  it('in expressions', async () => {
    const asked = ['output N + from', 'echo \\n', 'output M', 'echo \\n', 'output sizeof(T)', 'echo \\n', 'whatis (T)1'];
    const { stdout } = await run(['--batch', ...commands(`break ${lineIn('// summed')}`, 'run', ...asked), program()]);
    expect(stdout).toContain('\n5\nMode::on\n2\ntype = short\n');
  });

  it('in a condition', async () => {
    const { stdout } = await run(['--batch', ...commands('break times if x == K - 4', 'run', 'print x'), program()]);
    expect(stdout).toContain('$1 = 3');
  });

  it.each(['nosuch == 1', 'owm', 'own + nosuch', 'nosuch.own == 2'])(
    'a condition in C++ that names what there is not is refused: %s',
    async (condition) => {
      const { stderr, stdout } = await run([
        '--batch',
        ...commands(`break ${lineIn('// summed')} if ${condition}`, 'info breakpoints'),
        program(),
      ]);
      expect(stderr).toMatch(/^No symbol "(?:nosuch|owm)" in current context\./m);
      expect(stdout).toContain('No breakpoints');
    },
  );
  it.each(['own + base == twice()', 'from > 1 && true', 'this != nullptr', 'shared == N', 'Mode::on == M', 'sizeof(Mode) > 1'])(
    'one that names what the place knows is taken: %s',
    async (condition) => {
      const { stderr } = await run(['--batch', ...commands(`break ${lineIn('// summed')} if ${condition}`), program()]);
      expect(stderr).toBe('');
    },
  );
});
