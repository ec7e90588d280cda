/** Values that few programs have, beside gdb: decimal floats, enumerations with two names for a flag, structs in arrays, `char` without a sign. */
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { compareAt } from './beside_gdb.js';
import { commands, run } from './cli.js';

leakGuard();

const source = `
enum flags { ONE = 1, TWO = 2, TWO_AS_BEFORE = 2, FOUR = 4 } flags = 3, more = 6, strange = 12;
enum several { A = 1, B = 6, C = 8 } several = 7;
struct layout {
  char c;
  struct { char x; int y; } array[2];
  union { char q; long r; } unions[3];
  struct { struct { short s; } deep; char t; } plain;
} layout;
union all { struct { char c; int i; } array[2]; struct { char c; int i; } plain; } all;
_Decimal32 d32 = 1.2df, big32 = 9999999.df, tiny32 = 1e-101df;
_Decimal64 d64 = -12345.678dd, zero64 = 0.00dd, big64 = 1e384dd, nine64 = 9007199254740993.dd;
_Decimal128 d128 = 1.0e100dl, third = 0.3333333333333333333333333333333333dl;
volatile _Decimal64 none64 = 0;
char letter = 200;
char *text = "text";
int number = 7;
double fraction;
_Decimal64 half(_Decimal64 whole) { return whole / 2; }
int main(void) {
  static int inner = 42;
  none64 = none64 / none64;
  half(d64);
  return inner; // here
}
`;

const halfKept = `
int total;
static void recurse(int depth) {
  char pad[64];
  pad[0] = depth;
  if (depth > 0) recurse(depth - 1);
  else total += pad[0];
}
int main(void) { recurse(5); return total; }
`;

const inRegister = `
register unsigned long counter asm("r15");
struct pair { int a, b; };
static __attribute__((noinline)) int kept(int n) {
  register int local asm("r12") = n;
  asm volatile("" : "+r" (local));
  return local;
}
static __attribute__((noinline)) int sum(int n, struct pair pair) {
  asm volatile("" : : "r" (n) : "memory");
  return n;
}
int main(void) {
  counter = 0xdeadbeefcafebabeUL;
  struct pair pair = {1, 2};
  asm volatile("" : : "r" (counter));
  return sum(3, pair) + kept(4) + (counter == 7); // here
}
`;

const inlinedLength = `
static __attribute__((noinline)) void use(int *a) { asm volatile("" : : "r" (a) : "memory"); }
static inline __attribute__((always_inline)) int fill(int n) {
  int a[n];
  for (int i = 0; i < n; i++) a[i] = 10 + i;
  use(a);
  return a[n - 1]; // last
}
int main(void) { return fill(3); }
`;

const line = 1 + source.split('\n').findIndex((text) => text.includes('// here'));

const decimals = `print d32
print big32
print tiny32
print d64
print zero64
print big64
print nine64
print none64
print d128
print third
print/d d64
print/c d64
output d64
print &d64
whatis d32
ptype third
print d64 + 1
print d64 - 0.5dd
print d32 + d64
print d64 * d64
print d64 / 3
print 1.0dl / 3
print 2.0df / 3.0df
print 9999999.5df
print 1.0dd / 4
print 10.0dd / 2.5dd
print 1.0dd * 3.00dd
print 1e-398dd
print 1.e384dd * 10
print 1.0dd / 0
print 0.000001dd
print 0.0000001dd
print 123456789.0df
print d64 == d64
print d64 > 0
print 1.5dd == 1.50dd
print !d64
print !zero64
print -d64
print d64 ? 1 : 2
print (int) d64
print (double) d64
print (float) 1.5dd
print d64 + 1.5
print d64 % 2
print sizeof(1.0dl)
whatis 1.0df + 1.0dl
set var d64 = 3.5
print d64
set var d32 = number
print d32
set var fraction = d64
print fraction
printf "%d\\n", d64
print half
print *&third@1`.split('\n');

const others = `print flags
print more
print strange
print several
print (enum flags) 0
ptype/o struct layout
ptype/ox struct layout
ptype/o union all
print/f text
print/f &number
print/f main
print -pretty --
print letter
print (char) 200
print (char) -1
print (signed char) 200
info address inner
info address number
printf "%d\\n", layout
printf "%s\\n", layout
printf "%c\\n", layout`.split('\n');

const shapes = `
typedef unsigned char bytes __attribute__((vector_size(8)));
typedef char letters __attribute__((vector_size(8)));
bytes vector = {1, 2, 'a'};
letters other = {-1, 2, 'a'};
struct { bytes v; letters w; int n; unsigned char t[3]; } both = {{1}, {2}, 3, {1, 2, 3}};
union { int i; unsigned char b[4]; char c[4]; short h[2]; } parts = {0x3f800000};
struct { int n; int data[]; } flexible;
char runs[] = "aaaaaaaaaaaabbbbbbbbbbbbb", filled[40] = "zzzzzzzzzzzzzzzzzzzz", plain[] = "abcdefghij";
enum { NONE, SOME } choice = SOME;
int main(void) { return vector[0]; }
`;

const shown = `print vector
print other
print both
print vector[2]
print/x vector
print/c vector
ptype vector
whatis vector[0]
print -max-depth 1 -- parts
with print max-depth 1 -- print/x parts
with print max-depth 1 -- print/t parts
print -max-depth 1 -- flexible
print -max-depth 1 -- both
print -null-stop -elements 4 -- runs
print -null-stop -elements 4 -- filled
print -null-stop -elements 4 -repeats 3 -- filled
print -null-stop -- filled
print -null-stop -- plain
print -null-stop -elements 10 -- plain
print -elements 4 -- runs
with output-radix 16 -- print both
with output-radix 16 -- print parts
with output-radix 16 -- print -5
with output-radix 16 -- print 'a'
with output-radix 16 -- print runs
with output-radix 16 -- print choice
with output-radix 16 -- print 1.5
with output-radix 16 -- print/d 16
with output-radix 8 -- print 9
with output-radix 8 -- output 'a'
print vector + vector
print -vector
set var vector[1] = 65
print vector
print (char) vector[1]`.split('\n');

describe('as gdb', () => {
  const program = compileText('odd_values.c', source, ['-funsigned-char', '-w']);

  it('decimal floats: shown, computed, converted and assigned', { timeout: 120_000 }, async () => {
    await compareAt(program, [`odd_values.c:${line}`], decimals);
  });

  it('flags, layouts, letters and where things are', { timeout: 120_000 }, async () => {
    await compareAt(program, [`odd_values.c:${line}`], others);
  });

  it('vectors of bytes are numbers; limits of depth, of units, and another radix', { timeout: 120_000 }, async () => {
    await compareAt(compileText('shapes.c', shapes, ['-w']), ['main'], shown);
  });

  it('an array of characters of which all but one are optimized out', { timeout: 120_000 }, async () => {
    const program = compileText('half_kept.c', halfKept, ['-O1']);
    await compareAt(
      program,
      ['recurse if depth == 2'],
      ['print pad', 'info locals', 'print/x pad', 'print -elements 4 -- pad', 'bt -full 1'],
    );
  });

  it('a global variable in a register; arguments that are structures and optimized out', { timeout: 120_000 }, async () => {
    const program = compileText('in_register.c', inRegister, ['-O2', '-ffixed-r15']);
    await compareAt(program, ['sum'], ['print/x counter', 'print counter + 1', 'bt', 'up', 'print/x counter']);
    const elsewhere = await run(['-nx', '--batch', ...commands('break sum', 'run', 'print kept::local'), program]);
    expect(elsewhere.stderr).toContain('No frame is currently executing in the block of local.');
    const { stderr } = await run(['--batch', ...commands('print counter'), program]);
    expect(stderr).toContain("Cannot read `counter' without registers");
  });

  it('a reference to what was optimized out does not hide the frame', async () => {
    const source = `struct pair { int a, b; int sum() const { return a + b; } };
static volatile int seen;
static __attribute__((noinline)) int plain(int n) { seen++; return n; }
static inline int look(const pair &lost, int n) { int total = plain(n); return total + lost.sum(); }
int main() { pair p{1, 2}; return look(p, 3) == 6 ? 0 : 1; }
`;
    const program = compileText('lost_reference.cc', source, ['-O2'], 'clang++');
    const { stdout, stderr } = await run([
      '-nx',
      '--batch',
      ...commands('break plain', 'run', 'up', 'info args', 'print lost.sum()'),
      program,
    ]);
    expect(stderr).toMatch(/^value has been optimized out$/m);
    expect(stdout).toMatch(/^#1 {2}look \(n=3, lost=\.\.\.\) at /m);
    expect(stdout).toMatch(/^n = 3\nlost = <optimized out>$/m);
  });

  it('the length of an array of an inlined call is that of this call (gdb does not know it)', async () => {
    const program = compileText('inlined_length.c', inlinedLength, ['-O1'], 'clang');
    const asked = commands('break 7', 'run', 'print sizeof a', 'whatis a');
    const { stdout } = await run(['-nx', '--batch', ...asked, program]);
    expect(stdout).toMatch(/^\$1 = 12\ntype = int \[3\]$/m);
  });

  it('dprintf keeps its arguments as they were written', async () => {
    const { stdout } = await run(['--batch', ...commands('dprintf half,"%d,%d\\n", number,  (1, 2)', 'info breakpoints'), program]);
    expect(stdout).toContain('printf "%d,%d\\n", number,  (1, 2)');
  });

  it('a decimal is given to a function and returned by it', async () => {
    const { stdout } = await run([
      '-nx',
      '--batch',
      ...commands('tbreak half', 'run', 'finish', 'print half(8.50dd)', 'print none64 == none64'),
      program,
    ]);
    expect(stdout).toMatch(/^Value returned is \$1 = -6172\.839$/m);
    expect(stdout).toMatch(/^\$2 = 4\.25$/m);
    expect(stdout).toMatch(/^\$3 = 0$/m);
  });
});
