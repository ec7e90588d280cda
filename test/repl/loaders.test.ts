/** Programs that the kernel does not start by way of an interpreter: static ones that may lie anywhere, or load libraries themselves; and `ld.so PROGRAM`. */
import { expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const text = `
#include <string.h>
__thread int depth = 4;
static int fill(int n) {
  char bytes[20];
  memset(bytes, n, sizeof bytes);
  return bytes[n] + depth; // filled
}
int main(int argc, char **argv) { return fill(argc + 1); }
`;

it('a static program is the program also where the kernel puts it above the vDSO', async () => {
  const program = compileText('anywhere.c', text, ['-static-pie', '-fPIE']);
  const script = ['tbreak memset', 'break 7', 'run', 'bt', 'continue', 'print depth', 'info sharedlibrary', 'continue'];
  const { stdout, stderr } = await run(['--batch', ...commands(...script), program]);
  expect(stdout).toMatch(/^Temporary breakpoint 0, \w*memset\w* \(/m);
  expect(stdout).toMatch(/^#1 {2}fill \(n=2\)/m);
  expect(stdout).toContain('$1 = 4\nNo shared libraries loaded at this time.\n');
  expect(stdout).toContain('Child exited (status 6)');
  expect(stderr).toBe('');
});

it('a program that is given to the dynamic linker is debugged as any other', async () => {
  const program = compileText('given.c', text, ['-pie', '-fPIE']);
  const script = [
    'set breakpoint pending on',
    'break given.c:7',
    'break main',
    `run ${program} one`,
    'continue',
    'bt',
    'print depth',
    'continue',
  ];
  const { stdout } = await run(['--batch', ...commands(...script), '/lib64/ld-linux-x86-64.so.2']);
  expect(stdout).toMatch(/^Breakpoint 1, main \(argc=2, /m);
  expect(stdout).toMatch(/^Breakpoint 0, fill \(n=3\)(?:\n.*)*\n#1 {2}main \(argc=2, .*\n\$1 = 4\n/m);
  expect(stdout).toContain('Child exited (status 7)');
});

const plugin = `int plug(int n) {
  return n + 3;
}
`;
const loading = `
#include <dlfcn.h>
int main(int argc, char **argv) {
  void *library = dlopen(argv[1], RTLD_NOW);
  return library ? ((int (*)(int))dlsym(library, "plug"))(argc) : 99;
}
`;

it('a static program that loads a library stops in it', async () => {
  const library = compileText('plug_static.c', plugin, ['-shared', '-fPIC']);
  const program = compileText('loading.c', loading, ['-static', '-w']);
  const script = ['set breakpoint pending on', 'break plug_static.c:2', `run ${library}`, 'bt', 'continue'];
  const { stdout } = await run(['--batch', ...commands(...script), program]);
  expect(stdout).toMatch(/^Breakpoint 0, plug \(n=2\)(?:\n.*)*\n#0 {2}plug \(n=2\).*\n#1 {2}main \(/m);
  expect(stdout).toContain('Child exited (status 5)');
});
