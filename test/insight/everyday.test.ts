/** Programs as students write them: what `run` and `explain` say of each, at the hang or crash that it comes to. */
import { rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText, type Compiler } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from '../repl/cli.js';

leakGuard();

const headers = `#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>
`;

const explained = async (file: string, text: string, flags: readonly string[], compiler?: Compiler): Promise<string> => {
  const program = compileText(file, text, ['-pthread', '-w', ...flags], compiler);
  return (await run(['--timeout', '600', ...commands('set hang-after 1', 'run', 'explain'), program])).stdout;
};

/** Name, text, what is explained. */
type Row = readonly [name: string, text: string, says: RegExp];

describe('C++20', () => {
  const rows: Row[] = [
    [
      'latch',
      '#include <latch>\n#include <thread>\nstd::latch done(3);\nint main() { std::thread a([] { done.count_down(); }); done.wait(); a.join(); }',
      /It waits for the std::latch `done`, which is still to be counted down 2 times; there is no other thread that could count it down\.$/m,
    ],
    [
      'barrier',
      '#include <barrier>\n#include <thread>\nstd::barrier b(3);\nint main() { std::thread a([] { b.arrive_and_wait(); }); b.arrive_and_wait(); a.join(); }',
      /^Thread 2 of process \d+ waits for the other threads of a std::barrier$/m,
    ],
    [
      'atomic',
      '#include <atomic>\nnamespace n { std::atomic<int> state{0}; }\nint main() { n::state.wait(0); }',
      /It waits for a change of the std::atomic `n::state`; /,
    ],
    [
      'semaphore',
      '#include <semaphore>\nstd::counting_semaphore<4> slots(0);\nint main() { slots.acquire(); }',
      /It waits for the semaphore `slots`; /,
    ],
  ];
  describe.each(['-O0', '-O2'])('%s', (level) => {
    it.each(rows)('%s', async (name, text, says) => {
      expect(await explained(`${name}.cc`, text, ['-std=c++20', level], 'g++')).toMatch(says);
    });
  });
});

describe('C++ exceptions', () => {
  it.each<Row>([
    [
      'rethrown',
      '#include <exception>\n#include <stdexcept>\nint main() { std::exception_ptr p; try { throw std::logic_error("first"); } catch (...) { p = std::current_exception(); } std::rethrow_exception(p); }',
      /^An exception of type std::logic_error thrown in main was caught by nobody.* It says: "first"\.$/m,
    ],
    [
      'recursive-initialisation',
      'int f(); struct S { int v; S() : v(f()) {} }; S &get() { static S s; return s; } int f() { return get().v; }\nint main() { return get().v; }',
      /^A static local variable in get is initialised by code that comes to the same variable again/m,
    ],
  ])('%s', async (name, text, says) => {
    expect(await explained(`${name}.cc`, text, [], 'g++')).toMatch(says);
  });
});

describe('C', () => {
  it.each<Row>([
    [
      'named-semaphore',
      `int main(void) { char n[30]; sprintf(n, "/deet-%d", getpid()); sem_t *s = sem_open(n, O_CREAT, 0600, 1); if (fork() == 0) { sem_wait(s); _exit(0); }
         wait(NULL); if (fork() == 0) { sleep(1000); _exit(0); } sem_t *o = s; char *k = strdup(n); sem_wait(s); sem_unlink(k); }`,
      /It waits for the semaphore `s` \(\/deet-\d+\)/,
    ],
    [
      'edge-triggered',
      `int main(void) { int p[2]; pipe(p); int e = epoll_create1(0); struct epoll_event v = {EPOLLIN | EPOLLET, {.fd = p[0]}}; char c;
         epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v); write(p[1], "hello", 5); for (;;) { epoll_wait(e, &v, 1, -1); read(p[0], &c, 1); } }`,
      /\(epoll_wait\); its write end is still open in itself, fd 4; edge-triggered \(EPOLLET\): only what comes anew is told/,
    ],
  ])('%s', async (name, text, says) => {
    const said = await explained(`${name}.c`, headers + text, []);
    // The program has no time to unlink its semaphore.
    for (const [, semaphore] of said.matchAll(/\(\/(deet-\d+)\)/g)) rmSync(`/dev/shm/sem.${semaphore}`, { force: true });
    expect(said).toMatch(says);
  });

  it('processes that say what they are, or were started as something else', async () => {
    const text = `int main(int argc, char **argv) { strcpy(argv[0], "title: idle worker"); char *end = argv[0] + strlen(argv[0]);
      memset(end, 0, argv[argc - 1] + strlen(argv[argc - 1]) - end); abort(); }`;
    const program = compileText('title.c', headers + text, ['-w']);
    const { stdout } = await run([...commands('run', 'info tree'), '--args', program, 'one', 'two']);
    expect(stdout).toMatch(/^\* \d+ title: idle worker: stopped; at main title\.c:\d+$/m);
    const link = join(dirname(program), 'applet');
    rmSync(link, { force: true });
    symlinkSync(program, link);
    const started = await run([...commands('break main', 'run', 'info tree'), '--args', link]);
    expect(started.stdout).toMatch(/^\* \d+ title \(applet\): stopped; at main title\.c:\d+$/m);
  });

  it.each(['-O0', '-O2'])('the next of a node that was freed, freed %s', async (level) => {
    const text = `struct node { struct node *next; int v; };
      int main(void) { struct node *n = malloc(16); n->next = malloc(16); n->next->next = NULL; for (struct node *p = n; p; p = p->next) free(p); return n->v; }`;
    expect(await explained('freed-list.c', headers + text, [level])).toMatch(
      /^(?:main calls free with `p`|The C library stopped the program in free\(p\), called by main: \".*\")\. `p` is 0x\w+, which malloc itself writes into the block of \d+ bytes at 0x\w+ when it was freed/m,
    );
  });

  it.each([
    `int main(void) { if (fork() == 0) { if (fork() == 0) _exit(0); wait(NULL); _exit(0); } wait(NULL); }`,
    `static int safe_fork(void) { int pid = fork(); if (pid < 0) abort(); return pid; }
     int main(void) {
       if (safe_fork() == 0) {
         if (safe_fork() == 0) _exit(0);
         wait(NULL); _exit(0); } wait(NULL); }`,
  ])('two forks on one line, or by one function, are two', async (text) => {
    expect(await explained('one-line.c', headers + text, [])).not.toContain('was run by children too');
  });
});

describe('C with musl', () => {
  const wait = 'pthread_mutex_lock(&m); pthread_cond_wait(&c, &m);';
  const globals =
    'pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; pthread_cond_t c = PTHREAD_COND_INITIALIZER; pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER; pthread_barrier_t b;\n';
  it.each<Row>([
    ['mutex', 'int main(void) { pthread_mutex_lock(&m); pthread_mutex_lock(&m); }', /It waits for the mutex `m`; /],
    ['condition', `int main(void) { ${wait} }`, /It waits for the condition variable `c`; /],
    ['barrier', 'int main(void) { pthread_barrier_init(&b, NULL, 2); pthread_barrier_wait(&b); }', /It waits for the barrier `b`; /],
    [
      'rwlock',
      'int main(void) { pthread_rwlock_rdlock(&l); pthread_rwlock_rdlock(&l); pthread_rwlock_wrlock(&l); }',
      /It waits for the read-write lock `l`, locked for reading 2 times; /,
    ],
    [
      'written',
      'int main(void) { pthread_rwlock_wrlock(&l); pthread_rwlock_wrlock(&l); }',
      /It waits for the read-write lock `l`, locked for writing; /,
    ],
    [
      'join',
      'void *w(void *a) { pthread_join(*(pthread_t *)a, NULL); return NULL; }\nint main(void) { pthread_t self = pthread_self(), t; pthread_create(&t, NULL, w, &self); pthread_join(t, NULL); }',
      /^Thread 2 of process \d+ waits for thread 1 to end \(pthread_join\), which waits for thread 2 to end \(pthread_join\): a circle$/m,
    ],
    ['assertion', '#include <assert.h>\nint main(void) { assert(stdin == NULL); }', /^An assertion failed in main\.$/m],
    [
      'heap',
      'int main(void) { char *a = malloc(24), *b = malloc(24); memset(a, 65, 60); free(b); free(a); }',
      /^The C library \(musl\) stopped the program.*: /m,
    ],
    [
      'copied',
      'int main(void) { pthread_mutex_lock(&m); if (fork() == 0) pthread_mutex_lock(&m); else pause(); }',
      /^Process \d+ waits for the mutex `m`; there is no other thread that could release it: fork\(\) copies locks as they are/m,
    ],
  ])('%s', async (name, text, says) => {
    for (const flags of [[], ['-static']])
      expect(await explained(`musl-${name}.c`, headers + globals + text, ['-O0', ...flags], 'musl-gcc')).toMatch(says);
  });

  it('free twice, where the stack can be read', async () => {
    const once = 'int main(void) { char *a = malloc(24), *b = malloc(24); free(a); free(a); free(b); }';
    expect(await explained('musl-free.c', headers + once, ['-O0', '-static'], 'musl-gcc')).toMatch(
      /^The C library \(musl\) stopped the program in free\(a\), called by main: free was given `a`, which is no block in use: it was freed before, /m,
    );
    // The only block of its group: musl has given the memory back.
    const only = 'int main(void) { char *a = malloc(24); free(a); free(a); }';
    expect(await explained('musl-free-only.c', headers + only, ['-O0', '-static'], 'musl-gcc')).toMatch(/^main calls free with `a`/m);
  });
});

describe('a program without symbols', () => {
  it.each<Row>([
    ['assertion', '#include <assert.h>\nint main(void) { assert(stdin == NULL); }', /^An assertion failed: `stdin == /m],
    [
      'double-free',
      'int main(void) { char *a = malloc(24); free(a); free(a); }',
      /^The C library stopped the program.*: "free\(\): double free detected in tcache 2"\./m,
    ],
    [
      'recursion',
      'int f(int n) { return n * f(n - 1); }\nint main(void) { return f(10); }',
      /^The stack is full: functions without names call themselves, about [\d,]+ calls deep\./m,
    ],
    ['division', 'int main(int argc, char **argv) { return 7 / (argc - 1); }', /^The program divides an integer by zero/m],
    [
      'wait',
      'int main(void) { pause(); }',
      /^The program has made no progress\. It is in code without a name, which had called pause\. It waits for a signal \(pause\)\.$/m,
    ],
  ])('%s', async (name, text, says) => {
    const said = await explained(`stripped-${name}.c`, headers + text, ['-O0', '-s']);
    expect(said).toMatch(says);
    expect(said).not.toMatch(/^.* in (?:__pthread_kill|__GI_|raise).*: `|calls itself/m);
  });
});
