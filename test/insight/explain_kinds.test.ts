/** One program for each way to crash that `explain` tells from the others: what it must say, and what it must not. */
import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/insight/crash.js';
import { explain } from '../../src/insight/explain.js';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { crash, source } from './crash.js';

leakGuard();

type Row = readonly [name: string, body: string, cause: Explanation['cause'], text: RegExp];

const explained = ([name, body, cause, text]: Row, flags: readonly string[] = ['-fstack-protector-strong']): void => {
  it(name, async () => {
    const explanation = await crash(source(name.replace(/\W+/g, '-'), body, flags));
    expect(explanation.text).toMatch(text);
    expect(explanation.cause).toBe(cause);
  });
};

describe('the heap is read', () => {
  const rows: Row[] = [
    [
      'a block written past its end',
      `int main(void) { char *name = malloc(24), *other = malloc(24), *third = malloc(2000); memset(name, 'x', 60); free(third); free(other); }`,
      'heap-corruption',
      /"(?:double free or corruption|free\(\): invalid).*: the block of 24 bytes at 0x\w+ \(`name` points to it\) was written past its end, or the one behind it, at 0x\w+ \(`other` points to it\), before its beginning\. There is "xxxxxxxx" now\.$/,
    ],
    [
      'a block written before its beginning',
      `int main(void) { int *a = malloc(40), *b = malloc(40); b[-2] = 0x7777; free(b); free(a); }`,
      'heap-corruption',
      /(?:"munmap_chunk\(\): invalid pointer"|^main calls free with `b`).*or the one behind it, at 0x\w+ \(`b` points to it\), before its beginning\.$/,
    ],
    [
      'free stumbles over it',
      `int main(void) { char *a = malloc(24), *b = malloc(24); memset(a, '5', 40); free(b); free(a); }`,
      'heap-corruption',
      /^main calls free with `b`\. A size that malloc keeps .* There is "55555555" now\.$/,
    ],
    [
      'only the size is overwritten',
      `int main(void) { char *a = malloc(24), *b = malloc(24); memset(a, 0, 24); memcpy(a + 24, "abcdefg", 8); free(b); free(a); }`,
      'heap-corruption',
      / There is "abcdefg" now\.$/,
    ],
    [
      'a pointer that malloc wrote when the block was freed',
      `int main(void) { struct node *a = malloc(24); *(struct node **)((char *)a + 8) = a; free(a); a = *(struct node **)((char *)a + 8); return a->value; }`,
      'use-after-free',
      /`a` is 0x\w+, which malloc itself writes into a block that is freed: it was read there after free\.$/,
    ],
    [
      'use after free',
      `int main(void) { struct node *a = malloc(sizeof *a), *b = malloc(sizeof *b); a->next = b; free(b); free(a); return a->next->next->value; }`,
      'use-after-free',
      /^`a(?:->next)?` points to memory that was freed \(\d+ bytes at 0x\w+\)\./,
    ],
    [
      'free of a local variable',
      `int main(void) { int x[4], *p = x; free(p); }`,
      'bad-free',
      /`p`.* points to the variable `x`, which malloc did not make\.$/,
    ],
    [
      'free of a global variable',
      `int main(void) { int *p = table; free(p); }`,
      'bad-free',
      /`p`.* points to the variable `table`, which malloc did not make\.$/,
    ],
    [
      'free of the middle',
      `int main(void) { char *s = strdup("  text"); while (*s == ' ') s++; free(s); }`,
      'bad-free',
      /`s` points 2 bytes into a block of 24 bytes: only its beginning, 0x\w+, can be freed\.$/,
    ],
    [
      'an index out of a block',
      `int main(void) { int *a = malloc(40); for (int i = 100000; ; i++) a[i] = i; }`,
      'out-of-bounds',
      /^main writes 4 bytes to `a\[i\]` .*: `a` points to a block of 40 bytes, and the access is 400000 bytes behind it\. Is the index/,
    ],
    [
      'fclose twice',
      `int main(void) { FILE *f = fopen("/dev/null", "r"); fclose(f); fclose(f); }`,
      'bad-free',
      /in fclose, called by main: .*the stream was closed twice\.$/,
    ],
  ];
  for (const row of rows) explained(row);
});

describe('a number is no address', () => {
  const rows: Row[] = [
    [
      'printf %s of a number',
      `int main(void) { int count = 5; printf("%s\\n", count); }`,
      'wild-pointer',
      /^main calls printf with `count`, which is 5: a number, not the address of anything\. %s wants the address of a string/,
    ],
    [
      'a pointer made of a number',
      `int main(void) { int *p = (int *)42; return *p; }`,
      'wild-pointer',
      /^main reads 4 bytes from `\*p` \(address 0x2a\), and `p` is 42: a number, not the address of anything\.$/,
    ],
    [
      'a member of NULL that a library is given',
      `struct user { long id; char name[20]; }; int main(void) { struct user *u = NULL; return strlen(u->name); }`,
      'null-pointer',
      /^main calls strlen with `u->name`, (?:which|but `u`) is NULL\.$|^main calls strlen with `&u->name`, but `u` is NULL\.$/,
    ],
  ];
  for (const row of rows) explained(row);
});

describe('calls', () => {
  const rows: Row[] = [
    [
      'a table of functions with a hole',
      `int one(int x) { return x; } struct { int n; int (*ops[4])(int); } t = {1, {one}};
       int main(void) { for (int i = 0; i < 4; i++) t.ops[i](i); }`,
      'null-pointer',
      /^main calls a function through `t\.ops\[i\]`, which is NULL\.$/,
    ],
    [
      'a small number in a pointer to a function',
      `struct op { void (*run)(int); }; int main(void) { struct op op = {(void (*)(int))0x1234}; op.run(3); }`,
      'execute-data',
      /^main calls 0x1234 through `op\.run`, where nothing is mapped\.$/,
    ],
    [
      'text over a pointer to a function',
      `int main(void) { struct node n; memset(&n, 'A', sizeof n); n.act(&n); }`,
      'wild-pointer',
      /^main calls 0x4141414141414141 through `n\.act`, which is no address at all\. These bytes are the text "AAAAAAAA"/,
    ],
  ];
  for (const row of rows) explained(row);
});

describe('stacks and limits', () => {
  const rows: Row[] = [
    [
      'an instruction of the kernel',
      `int main(void) { __asm__ volatile("hlt"); }`,
      'illegal-instruction',
      /^main executes hlt, an instruction that only the kernel may execute\.$/,
    ],
    [
      'no instruction at all, in no function',
      `int main(void) { unsigned char *p = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); memset(p, 0x0f, 1); memset(p + 1, 0xff, 9); ((void (*)(void))p)(); }`,
      'illegal-instruction',
      /^At 0x\w+, where main has gone, there is no instruction that this processor knows\.$/,
    ],
    [
      'a write to code',
      `int main(void) { *(volatile int *)main = 3; }`,
      'read-only',
      /^main writes 4 bytes to address 0x\w+, in read-only memory of the program's code \(`main`\)\.$/,
    ],
    [
      'a canary',
      `static void fill(const char *s) { char word[8]; strcpy(word, s); puts(word); } int main(void) { fill("much too long for it"); }`,
      'stack-smashed',
      /a local array was written past its end: `word`, or what a pointer into this frame points to\.$/,
    ],
    [
      'an array of a size that was computed',
      `int f(int n) { int a[n]; a[0] = 1; return a[0]; } int main(void) { return f(100000000); }`,
      'stack-overflow',
      /^The stack is full: the local variables of f alone need 4000000\d\d bytes, and the stack may have \d+ \(ulimit -s\)\.$/,
    ],
    [
      'a row of a matrix too far',
      `int grid[10][10]; int main(void) { for (int i = 0; ; i++) for (int j = 0; j < 10; j++) grid[i][j] = 1; }`,
      'out-of-bounds',
      /^main writes 4 bytes to `grid\[i\]\[j\]` .*where nothing is mapped\. Is the index out of range\?$/,
    ],
    [
      'too large a file',
      `#include <sys/resource.h>
       int main(void) { char n[] = "/tmp/deet-large-XXXXXX"; int fd = mkstemp(n); unlink(n); struct rlimit r = {1000, 1000}; setrlimit(RLIMIT_FSIZE, &r);
         char b[600] = {0}; for (;;) write(fd, b, sizeof b); }`,
      'limit',
      /^main makes \/tmp\/deet-large-\w+ \(deleted\) \(fd 3\) larger \(write\) than 1000 bytes, the largest that a file of this process may be/,
    ],
    [
      'too much of the processor',
      `#include <sys/resource.h>
       int main(void) { struct rlimit r = {1, 5}; setrlimit(RLIMIT_CPU, &r); for (;;); }`,
      'limit',
      /^The process has used the processor for 1 s, as long as it may \(RLIMIT_CPU/,
    ],
  ];
  for (const row of rows) explained(row);
});

describe('C++', () => {
  it.each<[string, string, RegExp]>([
    [
      'out-of-range',
      `#include <vector>\nint main() { std::vector<int> v(3); return v.at(7); }`,
      /^An exception of type std::out_of_range thrown in main was caught by nobody.* It says: "vector::_M_range_check: .*size\(\) \(which is 3\)"\.$/,
    ],
    [
      'own',
      `struct Lost { int x; };\nint main() { throw Lost{3}; }`,
      /^An exception of type Lost thrown in main was caught by nobody[^"]*$/,
    ],
    ['number', `int main() { throw 42; }`, /^An exception of type int .* Its value is 42\.$/],
    [
      'destructor',
      `#include <stdexcept>\nstruct Guard { ~Guard() { throw std::logic_error("late"); } };\nint main() { try { Guard g; } catch (...) {} }`,
      /^An exception of type std::logic_error, thrown in Guard::~Guard, came to a function that lets none out .* It says: "late"\.$/,
    ],
    [
      'joinable',
      `#include <thread>\nint main() { std::thread t([] {}); }`,
      /^A std::thread that was neither joined nor detached was destroyed or assigned to in main/,
    ],
    [
      'method-of-null',
      `#include <iostream>\nstruct Account { int id; std::string owner; void show() { std::cout << owner; } };\nint main() { Account *a = nullptr; a->show(); }`,
      /^Account::show calls std::operator<< with `&this->owner`, but `this` is NULL\.$/,
    ],
  ])('%s', async (name, body, text) => {
    expect((await crash(compileText(`${name}.cc`, body, ['-pthread', '-w']))).text).toMatch(text);
  });
});

it('Ctrl-C is no fault: of a program of which nothing can be read no more is said', () => {
  const signal = { signal: 2, signalName: 'SIGINT', errno: 0, code: 0x80, codeName: 'SI_KERNEL', fromKernel: true } as const;
  const scene = { pid: 1, program: '/bin/a', signal, memory: { read: () => new Uint8Array(0) } };
  const nothing = { register: () => undefined, frames: () => [], maps: () => [], symbolAt: () => undefined, symbolNamed: () => undefined };
  expect(explain({ ...scene, ...nothing })).toMatchObject({
    cause: 'signal',
    text: 'Ctrl-C was pressed (SIGINT).',
  });
});
