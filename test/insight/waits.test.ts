import { describe, expect, it } from 'vitest';
import { deadlocks, stuckThreads } from '../../src/insight/deadlock.js';
import { why } from '../../src/insight/waits.js';
import { readThreads } from '../../src/linux/proc.js';
import { leakGuard } from '../helpers/leaks.js';
import { until } from '../helpers/until.js';
import { ask } from './ask.js';
import { memberOf, Program } from './native.js';

leakGuard();

describe('deadlocks in a graph of waits', () => {
  const graph = (edges: Record<number, number[] | undefined>) =>
    new Map(Object.entries(edges).map(([from, to]): [number, number[] | undefined] => [Number(from), to]));

  it('are circles from which no releaser leads out', () => {
    expect(deadlocks(graph({ 1: [2], 2: [1], 3: [1] }))).toEqual([[1, 2]]);
    expect([...stuckThreads(graph({ 1: [2], 2: [1], 3: [1] }))]).toEqual([1, 2, 3]);
    // 4 runs and could release 2; somebody unknown could release 2.
    expect(deadlocks(graph({ 1: [2], 2: [1, 4] }))).toEqual([]);
    expect(deadlocks(graph({ 1: [2], 2: undefined }))).toEqual([]);
  });

  it('may be several, of one thread or of many, and are listed in the order of waiting', () => {
    expect(deadlocks(graph({ 1: [1], 2: [4], 3: [2], 4: [3], 5: [] }))).toEqual([[1], [2, 4, 3]]);
    expect(stuckThreads(graph({ 5: [] })).has(5)).toBe(true);
  });
});

describe('why, for pipes', () => {
  it('says who holds the write end of a pipe that is read, the reader itself included', async () => {
    const { report, texts, pids } = await ask(
      'own-write-end',
      `int main(void) { int p[2]; pipe(p); char c;
         if (child() == 0) { while (read(p[0], &c, 1) > 0); _exit(0); }
         wait(NULL); }`,
      2,
    );
    expect(texts[1]).toBe(
      'reads pipe N (fd 3); its write end is still open in pid A fd 4 and in itself, fd 4: it will never see end of file',
    );
    expect(texts[0]).toBe('waits for its child B, which reads pipe N (fd 3)');
    expect(report.waits[1]).toMatchObject({
      pid: pids[1],
      call: 'read',
      forever: true,
      on: {
        kind: 'pipe',
        fd: 3,
        holders: [
          { pid: pids[0], fd: 4 },
          { pid: pids[1], fd: 4 },
        ],
      },
    });
    expect(report.deadlocks).toEqual([pids]);
    expect(texts[2]).toBe(
      'Deadlock of process A and process B: process A waits for its child B; process B reads pipe N (fd 3), whose write end is still open in pid A fd 4 and in itself, fd 4.',
    );
  });

  it('finds no deadlock where the writer may still write', async () => {
    const { report, texts } = await ask(
      'slow-writer',
      `int main(void) { int p[2]; pipe(p); char c;
         if (child() == 0) { close(p[1]); read(p[0], &c, 1); _exit(0); }
         close(p[0]); sleep(1000); }`,
      2,
    );
    expect(texts).toEqual(['sleeps for 1000 s', 'reads pipe N (fd 3); its write end is still open in pid A fd 4']);
    expect(report.deadlocks).toEqual([]);
    expect(report.waits.some(({ forever }) => forever)).toBe(false);
  });

  it('finds a process that waits for nobody but itself', async () => {
    const { report, texts, pids } = await ask('alone', `int main(void) { int p[2]; pipe(p); char c; read(p[0], &c, 1); }`, 1);
    expect(texts[0]).toBe('reads pipe N (fd 3); its write end is still open in itself, fd 4: it will never see end of file');
    expect(report.deadlocks).toEqual([pids]);
    expect(texts[1]).toMatch(/^Process A waits for itself: it reads pipe/);
  });

  it('finds the child that fills a pipe which its parent reads only after waiting', async () => {
    const { report, texts, pids } = await ask(
      'full-pipe',
      `static char block[1 << 20];
       int main(void) { int p[2]; pipe(p);
         pid_t pid = child(); if (pid == 0) { close(p[0]); write(p[1], block, sizeof block); _exit(0); }
         waitpid(pid, NULL, 0); }`,
      2,
    );
    expect(texts.slice(0, 2)).toEqual([
      'waits for child B, which writes to pipe N (fd 4), which is full',
      'writes to pipe N (fd 4), which is full; its read end is open in pid A fd 3: nobody will ever read it',
    ]);
    expect(report.deadlocks).toEqual([pids]);
  });

  it('names what poll waits for', async () => {
    const { texts } = await ask(
      'poll',
      `int main(void) { int p[2]; pipe(p); struct pollfd f[] = {{p[0], POLLIN}, {eventfd(0, 0), POLLIN}}; poll(f, 2, 5000000); }`,
      1,
    );
    expect(texts).toEqual([
      'waits for fd 3 (pipe N) or fd 5 (eventfd) (poll), for at most 5000 s; fd 3: its write end is still open in itself, fd 4; fd 5: it is open in itself, fd 5',
    ]);
  });

  it('names what select and epoll wait for', async () => {
    const { texts, report, pids } = await ask(
      'select',
      `int main(void) { int p[2]; pipe(p); fd_set s; FD_ZERO(&s); FD_SET(p[0], &s);
         if (child() == 0) { int e = epoll_create1(0); struct epoll_event v = {EPOLLIN}; epoll_ctl(e, EPOLL_CTL_ADD, p[0], &v); epoll_wait(e, &v, 1, -1); }
         select(p[0] + 1, &s, NULL, NULL, NULL); }`,
      2,
    );
    expect(texts.slice(0, 2)).toEqual([
      'waits for fd 3 (pipe N) (select); its write end is still open in pid B fd 4 and in itself, fd 4: it will never see end of file',
      'waits for fd 3 (pipe N) (epoll_wait); its write end is still open in pid A fd 4 and in itself, fd 4: it will never see end of file',
    ]);
    expect(report.deadlocks).toEqual([pids]);
  });
});

describe('why, for sockets', () => {
  it('names the socket that poll waits for by its address', async () => {
    const { texts } = await ask(
      'poll_socket',
      `#include <netinet/in.h>
       int main(void) { int l = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
         bind(l, (void *)&a, sizeof a); listen(l, 1); struct pollfd p = {l, POLLIN, 0}; poll(&p, 1, -1); }`,
      1,
    );
    expect(texts[0]).toMatch(/^waits for fd 3 \(listening tcp socket 127\.0\.0\.1:[0-9N]+\) \(poll\)$/);
  });
});

describe('why, for children', () => {
  it('follows the chain of reasons', async () => {
    const { texts } = await ask(
      'chain',
      `int main(void) { pid_t a = child(); if (a == 0) { pid_t b = child(); if (b == 0) pause(); waitpid(b, NULL, 0); } waitpid(a, NULL, 0); }`,
      3,
    );
    expect(texts).toEqual([
      'waits for child B, which waits for child C, which waits for a signal (pause)',
      'waits for child C, which waits for a signal (pause)',
      'waits for a signal (pause)',
    ]);
  });

  it('lists all children where any will do', async () => {
    const { texts } = await ask('any', `int main(void) { if (child() == 0) pause(); if (child() == 0) pause(); wait(NULL); }`, 3);
    expect(texts[0]).toBe('waits for any of its children (B and C)');
  });

  it('says of which children a process group is not', async () => {
    const { texts } = await ask(
      'group',
      `int main(void) { pid_t a; for (int i = 0; i < 2; i++) { pid_t pid = child(); if (i == 0) a = pid ? pid : getpid(); setpgid(pid, a); if (pid == 0) pause(); }
         if (child() == 0) pause(); waitpid(-a, NULL, 0); }`,
      4,
    );
    expect(texts[0]).toMatch(/^waits for any of its children in process group B \(B and C\); not for its child D \(in group \w+\)$/);
  });

  it('knows a parent suspended by vfork', async () => {
    const { texts } = await ask('vfork', `int main(void) { if (vfork() == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); pause(); } }`, 2);
    expect(texts[0]).toBe('waits for child B to call exec or to end (vfork), which waits for a signal (pause)');
  });

  it('sees a signal that has come and is blocked', async () => {
    const { texts } = await ask(
      'held_back',
      `static void wake(int s) {}
       int main(void) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR1); sigprocmask(SIG_BLOCK, &s, NULL); signal(SIGUSR1, wake);
         if (child() == 0) { raise(SIGUSR1); sigsuspend(&s); } raise(SIGUSR1); pause(); }`,
      2,
    );
    expect(texts).toEqual([
      'waits for a signal (pause); SIGUSR1 has come already, but is blocked (sigprocmask), so it does not end the wait',
      'waits for a signal other than SIGUSR1 (sigsuspend); SIGUSR1 has come already, but is blocked by the mask that sigsuspend was given, so it does not end the wait',
    ]);
  });

  it('sees that SIGCHLD has been missed', async () => {
    const { texts } = await ask(
      'missed',
      `static volatile int reaped; static void reap(int s) { while (waitpid(-1, NULL, WNOHANG) > 0) reaped = 1; }
       int main(void) { signal(SIGCHLD, reap); if (child() == 0) _exit(0); while (!reaped); pause(); }`,
      1,
    );
    expect(texts[0]).toBe('waits for a signal (pause); it handles SIGCHLD, but it has no child left that could send one');
  });
});

describe('why, for locks', () => {
  it('finds two threads that lock two mutexes in opposite order, and who joins them', async () => {
    const { report, texts, pids } = await ask(
      'two-locks',
      `pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER; pthread_barrier_t both;
       static void *a(void *x) { pthread_mutex_lock(&first); pthread_barrier_wait(&both); pthread_mutex_lock(&second); return x; }
       static void *b(void *x) { pthread_mutex_lock(&second); pthread_barrier_wait(&both); pthread_mutex_lock(&first); return x; }
       int main(void) { pthread_t t, u; pthread_barrier_init(&both, NULL, 2);
         pthread_create(&t, NULL, a, NULL); pthread_create(&u, NULL, b, NULL); pthread_join(t, NULL); pthread_join(u, NULL); }`,
      3,
    );
    expect(texts.slice(1, 3)).toEqual([
      'waits for the mutex `second` held by thread 3, which waits for the mutex `first` held by thread 2: a circle',
      'waits for the mutex `first` held by thread 2, which waits for the mutex `second` held by thread 3: a circle',
    ]);
    expect(texts[0]).toMatch(/^waits for thread 2 to end \(pthread_join\), which waits for the mutex `second` held by thread 3/);
    expect(report.deadlocks).toHaveLength(1);
    expect(texts[3]).toMatch(/^Deadlock of threads 2 and 3 of process A: thread 2 waits /);
    expect(report.waits[1]).toMatchObject({ pid: pids[0], on: { kind: 'mutex', symbol: 'second' }, forever: true });
  });

  it('finds a mutex locked twice, a condition that nobody can signal, and a semaphore', async () => {
    const { texts } = await ask(
      'twice',
      `pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; int main(void) { pthread_mutex_lock(&lock); pthread_mutex_lock(&lock); }`,
      1,
    );
    expect(texts).toEqual([
      'waits for the mutex `lock`, which it holds itself: it was locked a second time',
      'Process A waits for itself: it waits for the mutex `lock`, which it holds itself.',
    ]);
    const condition = await ask(
      'condition',
      `pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; pthread_cond_t ready = PTHREAD_COND_INITIALIZER;
       int main(void) { pthread_mutex_lock(&lock); pthread_cond_wait(&ready, &lock); }`,
      1,
    );
    expect(condition.texts[0]).toMatch(
      /^waits for the (?:futex|condition variable) `ready(?:\+\d+)?`; there is no other thread that could (?:signal it: what was signalled before the wait began is lost|wake it)$/,
    );
    expect(condition.report.waits[0]?.forever).toBe(true);
  });

  it('finds a lock that fork copied while another thread held it', async () => {
    const { report, texts, pids } = await ask(
      'copied-lock',
      `pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; sem_t held;
       static void *hold(void *x) { pthread_mutex_lock(&lock); sem_post(&held); sleep(1000); return x; }
       int main(void) { pthread_t t; sem_init(&held, 0, 0); pthread_create(&t, NULL, hold, NULL); sem_wait(&held);
         pid_t pid = child(); if (pid == 0) { pthread_mutex_lock(&lock); _exit(0); } waitpid(pid, NULL, 0); }`,
      3,
    );
    expect(texts[2]).toBe(
      'waits for the mutex `lock`, held by thread 2 of process A, which does not exist in this process: fork() copied a locked lock',
    );
    expect(texts[0]).toBe(`waits for child B, which ${texts[2]}`);
    expect(report.waits.find(({ pid }) => pid === pids[1])?.forever).toBe(true);
  });

  it("knows malloc's lock in a child that was forked behind the C library's back", async () => {
    // The thread holds the lock nearly always: each of its calls moves the end of the heap. A child that sleeps hangs in malloc.
    const { texts } = await ask(
      'malloc-lock',
      `#include <malloc.h>
       #include <sys/syscall.h>
       static volatile int enough;
       static int sleeps(pid_t pid) {
         char name[40], state = 0; sprintf(name, "/proc/%d/stat", pid); FILE *file = fopen(name, "r");
         fscanf(file, "%*d (%*[^)]) %c", &state); fclose(file); return state == 'S'; }
       static void *busy(void *x) { while (!enough) free(malloc(200000)); pause(); return x; }
       int main(void) { pthread_t t; int p[2]; mallopt(M_ARENA_MAX, 1); mallopt(M_TRIM_THRESHOLD, 0); mallopt(M_MMAP_THRESHOLD, 1 << 30);
         pthread_create(&t, NULL, busy, NULL);
         for (;;) { pipe(p); pid_t pid = syscall(SYS_fork);
           if (pid == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); char *m = malloc(5000); write(p[1], "", m != 0); _exit(0); }
           struct pollfd f = {p[0], POLLIN}; while (poll(&f, 1, 100) == 0) if (sleeps(pid)) { enough = 1; waitpid(pid, NULL, 0); }
           waitpid(pid, NULL, 0); close(p[0]); close(p[1]); } }`,
      3,
    );
    expect(texts[0]).toBe(`waits for child B, which ${texts[2]}`);
    expect(texts[2]).toBe("waits for malloc's lock, held by a thread that does not exist in this process: fork() copied a locked lock");
  });

  it('names the file and the process that has locked it', async () => {
    const { texts, report, pids } = await ask(
      'file-lock',
      `int main(void) { char name[] = "/tmp/deet-lock-XXXXXX"; int p[2], fd = mkstemp(name); pipe(p); unlink(name); char c; struct flock l = {F_WRLCK, SEEK_SET};
         fcntl(fd, F_SETLK, &l); pid_t pid = child(); if (pid == 0) { fcntl(fd, F_SETLKW, &l); _exit(0); } waitpid(pid, NULL, 0); }`,
      2,
    );
    expect(texts[1]).toMatch(
      /^waits for a write lock on \/tmp\/deet-lock-\w+ \(deleted\) \(fcntl, fd 3\), held by pid A, which waits for child B: a circle$/,
    );
    expect(report.deadlocks).toEqual([pids]);
  });
});

describe('why, for sockets', () => {
  it('names the server that waits for clients and the two ends of a connection', async () => {
    const { texts, report } = await ask(
      'server',
      `int main(void) { int s = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = {AF_INET}; a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
         socklen_t n = sizeof a; bind(s, (void *)&a, n); listen(s, 5); getsockname(s, (void *)&a, &n); char c;
         if (child() == 0) { close(s); int k = socket(AF_INET, SOCK_STREAM, 0); connect(k, (void *)&a, n); recv(k, &c, 1, 0); _exit(0); }
         int k = accept(s, NULL, NULL); if (child() == 0) { close(k); accept(s, NULL, NULL); } close(s); read(k, &c, 1); }`,
      3,
    );
    expect(texts[0]).toMatch(
      /^reads tcp socket 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ \(fd 4\); its other end is open in pid B fd 3: nothing will ever come, not even end of file$/,
    );
    expect(texts[1]).toMatch(
      /^receives from tcp socket 127.* \(fd 3\); its other end is open in pid A fd 4: nothing will ever come, not even end of file$/,
    );
    expect(texts[2]).toMatch(/^waits for a client on 127\.0\.0\.1:\d+ \(accept, fd 3\)$/);
    expect(report.deadlocks).toHaveLength(1);
  });
});

it('sees a process that a signal has stopped, and tells its parent so', async () => {
  await using program = Program.start(
    'stopped',
    `int main(void) { pid_t pid = child(); if (pid == 0) { raise(SIGSTOP); _exit(0); } waitpid(pid, NULL, 0); }`,
  );
  const { readStat, readChildren } = await import('../../src/linux/proc.js');
  const child = await until(() => readChildren(program.pid).find((pid) => readStat(pid)?.state === 'T'));
  await until(() => readStat(program.pid)?.state === 'S' && readThreads(program.pid).length === 1);
  const { waits } = why([memberOf(program.pid), memberOf(child)]);
  expect(waits[1]).toMatchObject({ pid: child, on: { kind: 'stopped' }, text: 'is stopped by a signal: SIGCONT lets it go on' });
  expect(waits[0]?.text).toBe(`waits for child ${child}, which is stopped by a signal`);
});
