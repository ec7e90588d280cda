/** Processes that spin: `why` says that they wait, on which variable, and only where the code leaves no doubt. */
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from '../repl/cli.js';

leakGuard();

const text = (loop: string): string => `#include <stdatomic.h>
#include <stdlib.h>
struct queue { long count; volatile int ready; } *queue;
atomic_int go;
atomic_flag taken = ATOMIC_FLAG_INIT;
int flag;
unsigned long turns;
__attribute__((noinline)) static void work(void) {
  ${loop} // spinning
}
int main(void) {
  queue = calloc(1, sizeof *queue);
  atomic_flag_test_and_set(&taken);
  work();
}
`;

/** Steps of single instructions lead into the loop for certain. */
const said = async (file: string, loop: string, level: string): Promise<string | undefined> => {
  const program = compileText(`${file}${level}.c`, text(loop), ['-w', level]);
  const { stdout } = await run(['--timeout', '600', ...commands('break work', 'run', 'stepi 40', 'why'), program]);
  return /^Process \d+ (is not.*)$/m.exec(stdout)?.[1];
};

const reads = (what: string): string =>
  `is not blocked, it spins in work at LINE: the loop changes nothing, it reads ${what} until a signal handler or another process (there is no other thread) writes there`;

describe.each(['-O0', '-O2'])('a loop that waits, %s', (level) => {
  it.each([
    ['spin_atomic', 'while (!atomic_load(&go)) ;', /^`go`$/],
    ['spin_member', 'while (!queue->ready) ;', level === '-O0' ? /^`queue` and the memory at 0x[0-9a-f]+$/ : /^`queue->ready`$/],
    ['spin_test_and_set', 'while (atomic_flag_test_and_set(&taken)) ;', /^`taken/],
  ])('%s', async (file, loop, what) => {
    const wait = (await said(file, loop, level))?.replace(/spin\w+-O\d\.c:\d+/, 'LINE') ?? '';
    const [before, after] = reads('|').split('|');
    expect(wait.slice(0, before?.length)).toBe(before);
    expect(wait.slice(-(after?.length ?? 0))).toBe(after);
    expect(wait.slice(before?.length, -(after?.length ?? 0))).toMatch(what);
  });
});

it('a variable that the compiler does not look at again is not what ends the loop', async () => {
  expect(await said('spin_plain', 'while (!flag) ;', '-O2')).toMatch(
    /^is not blocked, it spins .*: the loop changes nothing and reads no memory: no variable will end it/,
  );
});

it('a loop that counts is work, and nothing else is said of it', async () => {
  expect(await said('spin_count', 'for (;;) turns++;', '-O0')).toMatch(/^is not blocked: it is in work at spin_count-O0\.c:\d+$/);
  expect(await said('spin_index', 'for (unsigned long i = 0; i != ~0ul; i++) if (flag) break;', '-O0')).toMatch(
    /^is not blocked: it is in work at /,
  );
});
