/** Thread-local variables of libraries that come and go: what an earlier library left in the thread's table is none of the next one's. */
import { expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const plugin = (first: number): string => `
__thread int calls = ${first};
int plug(int n) {
  n += 1; // before
  calls += n;
  return calls; // after
}
`;
const host = `
#define _GNU_SOURCE
#include <dlfcn.h>
int main(int argc, char **argv) {
  int sum = 0;
  for (int i = 1; i < argc; i++) {
    void *library = i < 3 ? dlopen(argv[i], RTLD_NOW) : dlmopen(LM_ID_NEWLM, argv[i], RTLD_NOW);
    sum += ((int (*)(int))dlsym(library, "plug"))(1);
    dlclose(library);
  }
  return sum;
}
`;

it('a library has no copy of its variable before the thread looks at it, whatever lay there before', async () => {
  const library = (name: string, first: number): string => compileText(name, plugin(first), ['-shared', '-fPIC']);
  const libraries = [library('plug_one.c', 10), library('plug_two.c', 50), library('plug_three.c', 90)];
  const program = compileText('plug_host.c', host, ['-ldl']);
  const each = libraries.flatMap((_, i) => {
    const file = ['plug_one.c', 'plug_two.c', 'plug_three.c'][i];
    return [`tbreak ${file}:4`, 'continue', 'print calls', `tbreak ${file}:6`, 'continue', 'output calls', 'echo \\n'];
  });
  const script = ['set breakpoint pending on', 'break main', `run ${libraries.join(' ')}`, ...each, 'continue'];
  const { stdout, stderr } = await run(['--batch', ...commands(...script), program]);
  expect(stderr.match(/^The thread has no copy of this variable yet/gm)).toHaveLength(3);
  expect(stdout).toMatch(/^12\n(?:.*\n)*52\n(?:.*\n)*92\n/m);
  expect(stdout).toContain(`Child exited (status ${12 + 52 + 92})`);
});
