/** What is shown of pointers that are returned, moved or come from arrays, beside gdb. */
import { expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { compareAt } from './beside_gdb.js';
import { commands, run } from './cli.js';

leakGuard();

const text = `
struct pair { int first; struct { int depth; } second; };
typedef struct pair *link;
static struct pair *next_of(struct pair *const from, link other) {
  struct pair here[1] = {{7, {8}}};
  return here->first == 7 ? from + 1 : other; // inside
}
int main(void) {
  struct pair all[3] = {{1, {2}}, {3, {4}}, {5, {6}}};
  return next_of(all, all)->first - 3;
}
`;
const program = (): string => compileText('pointed.c', text);
const inside = `pointed.c:${text.split('\n').findIndex((line) => line.includes('// inside')) + 1}`;

it.each(['from + 1', '1 + other', 'other - 1', 'here.first', 'here.second.depth', '&here.second'])('%s', (expression) =>
  compareAt(program(), [inside], [`print ${expression}`, `whatis ${expression}`]));

it('a pointer that finish tells has its type, and the frame that is left its arguments', async () => {
  const { stdout } = await run(['--batch', ...commands(`break ${inside}`, 'run', 'finish'), program()]);
  expect(stdout).toMatch(/^Run till exit from #0 {2}next_of \(from=0x\w+, other=0x\w+\) at \S*pointed\.c:6$/m);
  expect(stdout).toMatch(/^Value returned is \$1 = \(struct pair \*\) 0x7f\w+$/m);
});

const nested = `
volatile int sink;
__attribute__((noinline)) int leaf(int n) { sink += n; return sink; }
static inline __attribute__((always_inline)) int twice(int n) { return leaf(n) + leaf(n + 1); }
__attribute__((noinline)) int outer(int n) { int kept = n * 3; return twice(n) + kept; }
int main(void) { return outer(2) & 1; }
`;

it('where an inlined call in the middle of a stack lies, and who keeps its registers', () =>
  compareAt(compileText('nested.c', nested, ['-O2']), ['leaf'], ['set print entry-values no', 'bt', 'frame 1', 'info frame', 'frame 2', 'info frame']));
