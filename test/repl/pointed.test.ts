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
const lineIn = (source: string, part: string): number => source.split('\n').findIndex((line) => line.includes(part)) + 1;
const inside = `pointed.c:${lineIn(text, '// inside')}`;

it.each(['from + 1', '1 + other', 'other - 1', 'here.first', 'here.second.depth', '&here.second'])('%s', (expression) =>
  compareAt(program(), [inside], [`print ${expression}`, `whatis ${expression}`]),
);

it('a pointer that finish tells has its type, and the frame that is left its arguments', async () => {
  const { stdout } = await run(['--batch', ...commands(`break ${inside}`, 'run', 'finish'), program()]);
  expect(stdout).toMatch(/^Run till exit from #0 {2}next_of \(from=0x\w+, other=0x\w+\) at \S*pointed\.c:6$/m);
  expect(stdout).toMatch(/^Value returned is \$1 = \(struct pair \*\) 0x7f\w+$/m);
});

const empty = `
struct old { int n; char text[0]; unsigned short wide[0]; int rows[0][3]; } old = {2};
char after[4] = "ab";
int main(void) { int none[0]; static int count; return old.n + count + (int)sizeof none; }
`;

it('arrays of no elements are shown by where they begin, and symbols as the linker has them', () =>
  compareAt(
    compileText('empty.c', empty),
    ['main'],
    [
      ...['old', 'old.text', '/x old', '/d old.wide', '&old.rows', 'old.rows', 'none', 'old.text[0]@2'].map((each) => `print ${each}`),
      'info locals',
      'info symbol &count',
    ],
  ));

const nested = `
volatile int sink;
__attribute__((noinline)) int deepest(int n) { int a = sink, b = sink, c = sink; sink += n; asm volatile("" ::: "rbx", "r12", "r13", "r14");
  return a + b + c + sink; }
__attribute__((noinline)) int leaf(int n) { int kept = n + sink; asm volatile("" ::: "rbx"); return deepest(n) + kept; }
static inline __attribute__((always_inline)) int twice(int n) { return leaf(n) + leaf(n + 1); }
__attribute__((noinline)) int outer(int n) { int kept = n * 3; return twice(n) + kept; }
int main(void) { return outer(2) & 1; }
`;

it('where an inlined call in the middle of a stack lies, and who keeps its registers', () =>
  compareAt(
    compileText('nested.c', nested, ['-O2']),
    [`nested.c:${lineIn(nested, 'a + b')}`],
    ['set print entry-values no', 'bt', 'frame 1', 'info frame', 'frame 2', 'info frame', 'frame 3', 'info frame'],
  ));

const references = `
namespace ns { struct Base { int b = 4; }; template <class T> struct Sel { using type = Base; }; template <class T> using alias = typename Sel<T>::type; }
struct D : public ns::alias<int> { static constexpr int k = 64; static constexpr double half = 0.5; static const unsigned char c = 'x'; static int real; int n = 3; };
struct E { static int real; };
int D::real = 9;
int E::real = 7;
template <class T, unsigned long N> struct Arr { T v[N]; };
struct Node { Arr<Node *, 3UL> kids; Arr<const char *, 2> names; };
int f(int &r, D &d, const double &x, int *&p, Node &n, int (&a)[3]) {
  E e;
  return r + d.n + (int)x + *p + a[0] + D::real + E::real + (n.kids.v[0] != 0) + (int)sizeof e;
}
int main() { int i = 4; D d; double x = 2; int *p = &i; Node n = {}; int a[3] = {1, 2, 3}; return f(i, d, x, p, n, a); }
`;
const asked = [
  ...[
    '/x r',
    '/c r',
    '/t r',
    '/d d',
    '/x x',
    '/f x',
    '/x p',
    '/a r',
    '/x a',
    '/x n',
    'd',
    'd.c',
    '/x d.k',
    'd.real',
    'e.real',
    'D::real',
    'E::real',
    'D::half',
  ].map((each) => `print ${each}`),
  ...['output/x r', 'whatis n.kids', 'whatis n.names', 'ptype n', 'info args'],
];

it.each([
  ['g++', '-gdwarf-5'],
  ['g++', '-gdwarf-4'],
  ['clang++', '-gdwarf-5'],
  ['clang++', '-gdwarf-4'],
] as const)('formats go through references, and static members are found in their class, %s %s', (compiler, version) =>
  compareAt(compileText('references.cc', references, [version], compiler), ['references.cc:11'], asked),
);

const destroyed = `
struct Base { virtual ~Base(); int a = 1; };
volatile int sink;
__attribute__((noinline)) Base::~Base() { sink++; }
struct Derived : Base { ~Derived() override = default; };
struct Pair { int first, second; };
__attribute__((noinline)) Base *make() { return new Derived; }
__attribute__((noinline)) int leaf(Pair &pair) { return sink + pair.first; }
__attribute__((noinline)) int use(Pair &pair) { return leaf(pair) + pair.second; }
__attribute__((noinline)) void drop(Base *p) { delete p; sink++; }
int main() { Pair pair = {1, 2}; Base *p = make(); int used = use(pair); drop(p); return sink - 2 + used; }
`;
const destroying = (): string => compileText('destroyed.cc', destroyed, ['-O2']);

it('a deleting destructor is stopped in before the plain one that is inlined at its beginning', () =>
  compareAt(destroying(), ['drop', 'Derived::~Derived'], ['bt', 'info frame']));

it('what a reference leads to is not told twice, nor in the line of a frame', () =>
  compareAt(destroying(), ['leaf'], ['bt', 'frame 1', 'info args']));

it('the stub of a C++ function has its name', async () => {
  const { stdout } = await run(['--batch', ...commands('info line *0x401036'), destroying()]);
  expect(stdout).toBe('No line number information available for address 0x401036 <operator new(unsigned long)@plt+6>\n');
});

const jumped = `
volatile int sink;
struct box { int n; };
__attribute__((noinline)) int inner(int n) { sink += n; return sink; }
__attribute__((noinline)) struct box *pick(struct box *from) { sink++; return from + sink; }
__attribute__((noinline)) int target(struct box *ctx, int n) {
  volatile long area[16];
  for (int i = 0; i < 16; i++) area[i] = 0x1234567 + i;
  asm volatile("" ::: "rdi", "rsi", "memory");
  return inner(30) + (int)area[2] + n;
}
__attribute__((noinline)) int via(struct box *from, int n) {
  struct box *chosen = pick(from);
  asm volatile("" ::: "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15");
  inner(n + 1);
  return target(chosen, 5);
}
int main(void) { struct box box = {1}; return via(&box, 2) & 1; }
`;

it('what lay in a frame that was left by a jump is not told as an argument', async () => {
  const program = compileText('jumped.c', jumped, ['-O2', '-fomit-frame-pointer', '-fno-ipa-sra', '-fno-ipa-cp']);
  const { stdout } = await run(['--batch', ...commands('break inner if n == 30', 'run', 'bt'), program]);
  expect(stdout).toMatch(/^#1 {2}target \(ctx=<optimized out>, n=n@entry=5\) at .*\n#2 {2}via \(from=from@entry=0x\w+, n=/m);
});
