/** Registers that are written by hand, and what a function returns in them: the program tells what it found there. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const hasAvx512 = readFileSync('/proc/cpuinfo', 'utf8').includes(' avx512f ');

const said = async (program: string, ...words: string[]): Promise<string[]> => {
  const { stdout } = await run(['-nx', '--batch', ...commands('run', ...words), program], { shell: 'exec "$@" 2>&1' });
  return stdout.split('\n');
};

const x87 = `#include <stdio.h>
#include <complex.h>
long double pi(void) { return 3.0L; }
_Complex long double both(void) { return 1.0L + 2.0L * I; }
int main(void) {
  unsigned mxcsr = 0;
  unsigned short control = 0;
  long double top = 0;
  __asm__ volatile("fldl2e; int3; fstpt %0; fnstcw %1; stmxcsr %2" : "=m"(top), "=m"(control), "=m"(mxcsr));
  printf("top %Lg, control %#x, mxcsr %#x\\n", top, control, mxcsr);
  __asm__ volatile("int3");
  long double one = pi();
  _Complex long double two = both();
  printf("%Lg, %Lg %Lgi\\n", one, creall(two), cimagl(two));
  return 0;
}
`;

it('the x87 stack and the control words', async () => {
  const lines = await said(
    compileText('x87.c', x87),
    'print $st0 = 1.25',
    'print $fctrl = 0x27f',
    'print $mxcsr = 0x1fa0',
    'print $mxcsr = 0xffffffff',
    'continue',
    'break pi',
    'break both',
    'continue',
    'return 7.5L',
    'continue',
    'return 3.0 + 4.0i',
    'continue',
  );
  expect(lines.join('\n')).toMatch(
    /^The vector registers of thread \d+ cannot be written \(the processor reserves a bit that is set\)\.$/m,
  );
  expect(lines).toContain('top 1.25, control 0x27f, mxcsr 0x1fa0');
  expect(lines).toContain('7.5, 3 4i');
});

const avx512 = `#include <stdio.h>
typedef long vector __attribute__((vector_size(64)));
__attribute__((noinline)) vector ramp(long from) { return (vector){0, 1, 2, 3, 4, 5, 6, 7} + from; }
int main(void) {
  long wide[8], high[8], low[8];
  unsigned long mask;
  __asm__ volatile("int3; vmovdqu64 %%zmm1, %0; vmovdqu64 %%zmm20, %1; vmovdqu64 %%zmm2, %2; kmovq %%k1, %3"
                   : "=m"(wide), "=m"(high), "=m"(low), "=r"(mask) : : "zmm1", "zmm2", "zmm20", "k1");
  printf("%ld %ld %ld %ld %ld %lu\\n", wide[0], wide[7], high[1], high[7], low[3], mask);
  return (int)ramp(1)[7] - 8;
}
`;

it('vectors of 64 bytes, those from 16 on, and masks, where the processor has them', async () => {
  if (!hasAvx512) return;
  const lines = await said(
    compileText('avx512.c', avx512, ['-mavx512f', '-mavx512bw']),
    'print $zmm1.v8_int64[0] = 5',
    'print $zmm1.v8_int64[7] = 6',
    'print $xmm20.v2_int64[1] = 7',
    'print $zmm20.v8_int64[7] = 8',
    'print $ymm2.v4_int64[3] = 9',
    'print $k1 = 10',
    'break ramp',
    'continue',
    'finish',
    'continue',
  );
  expect(lines).toContain('5 6 7 8 9 10');
  expect(lines.join('\n')).toContain('Value returned is $7 = {1, 2, 3, 4, 5, 6, 7, 8}');
  expect(lines).toContain('Child exited (status 0)');
});
