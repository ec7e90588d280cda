/** What `why` says of each kind of thing that a program can wait for: one program each. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { ask, askStopped } from './ask.js';
import { preamble } from './native.js';

leakGuard();

describe('why, for sockets', () => {
  it('knows both ends of a socket pair, and the deadlock of two who read', async () => {
    const { texts, report, pids } = await ask(
      'socketpair',
      `int main(void) { int s[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, s); char c;
         if (child() == 0) { close(s[0]); read(s[1], &c, 1); _exit(0); } close(s[1]); read(s[0], &c, 1); }`,
      2,
    );
    expect(texts[0]).toBe('reads socket N (fd 3); its other end is open in pid B fd 4: nothing will ever come, not even end of file');
    expect(report.waits[0]?.on).toMatchObject({ kind: 'socket', fd: 3, holders: [{ pid: pids[1], fd: 4 }] });
    expect(report.deadlocks).toEqual([pids]);
  });

  it.each([
    ['unix', 'struct sockaddr_un a = {AF_UNIX}; sprintf(a.sun_path + 1, "deet%d", getpid()); int s = socket(AF_UNIX, SOCK_STREAM, 0);'],
    [
      'tcp',
      'struct sockaddr_in a = {AF_INET}; a.sin_addr.s_addr = htonl(INADDR_LOOPBACK); int s = socket(AF_INET, SOCK_STREAM, 0); socklen_t n = sizeof a;',
    ],
  ])('sees that nobody has accepted a %s connection', async (family, opening) => {
    const { texts } = await ask(
      `not-accepted-${family}`,
      `int main(void) { ${opening} bind(s, (void *)&a, sizeof a); listen(s, 5); ${family === 'tcp' ? 'getsockname(s, (void *)&a, &n);' : ''}
         pid_t pid = child(); if (pid == 0) { close(s); int k = socket(a.${family === 'tcp' ? 'sin' : 'sun'}_family, SOCK_STREAM, 0); char c;
           connect(k, (void *)&a, sizeof a); read(k, &c, 1); _exit(0); }
         waitpid(pid, NULL, 0); }`,
      2,
    );
    expect(texts[1]).toMatch(/\(fd 3\); nobody has accepted the connection yet \(it is listened for in pid A fd 3\)$/);
  });
});

describe('why, for descriptors that the kernel made up', () => {
  it('says who could write to an eventfd', async () => {
    const { texts, report, pids } = await ask(
      'eventfd',
      `int main(void) { int e = eventfd(0, 0); eventfd(0, 0); long v; child(); read(e, &v, 8); }`,
      2,
    );
    expect(texts[0]).toBe('reads an eventfd (fd 3), whose count is 0; it is open in pid B fd 3 and in itself, fd 3');
    expect(report.deadlocks).toEqual([pids]);
  });

  it('tells a timer that was never set from one that runs', async () => {
    const { texts } = await ask(
      'timerfd',
      `#include <sys/timerfd.h>
       int main(void) { int t = timerfd_create(CLOCK_MONOTONIC, 0); struct itimerspec s = {{0}, {5000}}; long v;
         if (child()) timerfd_settime(t = timerfd_create(CLOCK_MONOTONIC, 0), 0, &s, NULL); read(t, &v, 8); }`,
      2,
    );
    expect(texts[0]).toMatch(/^waits for a timer \(timerfd, fd 4\), which expires in [\d.]+ s$/);
    expect(texts[1]).toBe('waits for a timer (timerfd, fd 3), which is not set (timerfd_settime)');
  });

  it('names the signals of a signalfd, and those that somebody forgot to block', async () => {
    const body = (block: string): string => `#include <sys/signalfd.h>
      int main(void) { sigset_t m; sigemptyset(&m); sigaddset(&m, SIGCHLD); ${block}
        struct signalfd_siginfo i; int s = signalfd(-1, &m, 0); read(s, &i, sizeof i); }`;
    const forgotten = await ask('signalfd', body(''), 1);
    expect(forgotten.texts).toEqual([
      'waits for SIGCHLD (signalfd, fd 3); but SIGCHLD is not blocked: it is delivered as ever, and never read here (sigprocmask comes first)',
    ]);
    const blocked = await ask('signalfd', body('sigprocmask(SIG_BLOCK, &m, NULL);'), 1);
    expect(blocked.texts).toEqual(['waits for SIGCHLD (signalfd, fd 3); but it has no child left that could send one']);
  });

  it('knows inotify, message queues and both sides of a pseudo-terminal', async () => {
    const { texts } = await ask(
      'special',
      `#include <sys/inotify.h>
       #include <mqueue.h>
       int main(void) { char c[9000]; struct mq_attr a = {0, 2, 64};
         if (child() == 0) { int i = inotify_init(); inotify_add_watch(i, "/", IN_CREATE); read(i, c, sizeof c); }
         if (child() == 0) { char name[40]; sprintf(name, "/deet%d", getpid()); mqd_t q = mq_open(name, O_CREAT | O_RDWR, 0600, &a); mq_unlink(name);
           mq_receive(q, c, sizeof c, 0); }
         int m = posix_openpt(O_RDWR | O_NOCTTY); grantpt(m); unlockpt(m);
         if (child() == 0) { int s = open(ptsname(m), O_RDWR | O_NOCTTY); close(m); read(s, c, 1); }
         read(m, c, 1); }`,
      4,
    );
    expect(texts[1]).toBe('waits for changes of 1 file (inotify, fd 3)');
    expect(texts[2]).toMatch(
      /^waits for a message in the queue \/deet\w+ (?:\(deleted\) )?\(mq_receive, fd 3\), which is empty; it is open for writing in itself, fd 3$/,
    );
    expect(texts[0]).toMatch(/^reads the master side of the terminal \/dev\/pts\/\d+ \(fd 3\); its other side is open in pid D fd 4$/);
    expect(texts[3]).toMatch(/^reads the terminal \/dev\/pts\/\d+ \(fd 4\): waits for input; its master side is open in pid A fd 3$/);
  });
});

describe('why, for what lies between processes', () => {
  it('names a FIFO that nobody opens at the other end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deet-fifo-'));
    try {
      execFileSync('mkfifo', [join(folder, 'f')]);
      const { texts } = await ask('fifo', `int main(void) { chdir("${folder}"); open("f", O_WRONLY); }`, 1);
      expect(texts).toEqual([`opens the FIFO ${folder}/f for writing, and waits until somebody opens it for reading`]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('knows the type of message and the state of semaphore that System V waits are for', async () => {
    const { texts } = await ask(
      'sysv',
      `#include <sys/msg.h>
       #include <sys/sem.h>
       int main(void) { int q = msgget(IPC_PRIVATE, 0600), s = semget(IPC_PRIVATE, 3, 0600); struct { long type; char text[8]; } m = {1};
         msgsnd(q, &m, 8, 0); struct sembuf b[] = {{2, -1, 0}, {0, 1, 0}};
         pid_t a = child(); if (a == 0) { msgrcv(q, &m, 8, 7, 0); _exit(0); }
         pid_t z = child(); if (z == 0) { semop(s, b, 2); _exit(0); }
         sigset_t last; sigemptyset(&last); sigaddset(&last, SIGUSR1); sigprocmask(SIG_BLOCK, &last, NULL);
         if (fork() == 0) { prctl(PR_SET_PDEATHSIG, SIGUSR1); sigwaitinfo(&last, NULL); msgctl(q, IPC_RMID, NULL); semctl(s, 0, IPC_RMID); _exit(0); }
         waitpid(a, NULL, 0); }`,
      4,
    );
    expect(texts[1]).toMatch(
      /^waits for a message of type 7 in the System V queue \d+ \(msgrcv\), which holds 1 message, none of them such$/,
    );
    expect(texts[2]).toMatch(/^waits until semaphore 2 is at least 1, in the System V semaphore set \d+ \(semop\)$/);
  });

  it('tells a process-shared mutex whose owner has died from one that fork copied', async () => {
    const { texts, report, pids } = await ask(
      'shared-mutex',
      `#include <sys/mman.h>
       pthread_mutex_t *locks;
       int main(void) { locks = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
         pthread_mutexattr_t a; pthread_mutexattr_init(&a); pthread_mutexattr_setpshared(&a, 1);
         pthread_mutex_init(&locks[0], &a); pthread_mutex_init(&locks[1], &a);
         pid_t dead = fork(); if (dead == 0) { pthread_mutex_lock(&locks[0]); _exit(0); } waitpid(dead, NULL, 0);
         pthread_mutex_lock(&locks[1]);
         if (child() == 0) pthread_mutex_lock(&locks[0]);
         pid_t last = child(); if (last == 0) pthread_mutex_lock(&locks[1]);
         waitpid(last, NULL, 0); }`,
      3,
    );
    expect(texts[1]).toMatch(/^waits for the mutex [^,]+, held by a thread \(\d+\) that has ended without unlocking it$/);
    expect(texts[2]).toMatch(/^waits for the mutex .+ held by process A, which waits for child C: a circle$/);
    expect(report.deadlocks).toEqual([[pids[0], pids[2]]]);
  });

  it('finds the second open() that flock takes for a stranger', async () => {
    const { texts } = await ask(
      'flock-self',
      `int main(void) { char n[] = "/tmp/deet-lock-XXXXXX"; int a = mkstemp(n), b = open(n, O_RDWR); unlink(n); flock(a, LOCK_EX); flock(b, LOCK_EX); }`,
      1,
    );
    expect(texts[0]).toMatch(/^waits for a write lock on .* \(flock, fd 4\), held by itself, through fd 3$/);
    expect(texts[1]).toMatch(/^Process A waits for itself: /);
  });
});

it('names the signals that sigsuspend lets through', async () => {
  const { texts } = await ask('sigsuspend', `int main(void) { sigset_t m; sigfillset(&m); sigdelset(&m, SIGUSR1); sigsuspend(&m); }`, 1);
  expect(texts).toEqual(['waits for SIGUSR1 (sigsuspend, which holds all others back)']);
});

describe('why, of what deet has stopped', () => {
  const c = (name: string, body: string): string => compileText(`${name}.c`, preamble + body, ['-pthread', '-w']);
  const cxx = (name: string, body: string): string => compileText(`${name}.cc`, body, ['-pthread', '-std=c++17']);

  it('knows a write that the stop has ended half done', async () => {
    const { texts, report, pids } = await askStopped(
      c(
        'both-full',
        `static char block[200000];
         int main(void) { int a[2], b[2]; pipe(a); pipe(b);
           if (child() == 0) { close(a[1]); close(b[0]); write(b[1], block, sizeof block); read(a[0], block, 1); _exit(0); }
           close(a[0]); close(b[1]); write(a[1], block, sizeof block); read(b[0], block, 1); }`,
      ),
      2,
    );
    expect(texts[0]).toBe(
      'writes to pipe N (fd 4), which is full (65536 of 200000 bytes are through); its read end is open in pid B fd 3: nobody will ever read it',
    );
    expect(report.deadlocks).toEqual([pids]);
  });

  it('counts the threads at a barrier and the readers of a lock', async () => {
    const { texts } = await askStopped(
      c(
        'barrier',
        `pthread_barrier_t all; static void *come(void *x) { pthread_barrier_wait(&all); return x; }
         int main(void) { pthread_t t; pthread_barrier_init(&all, NULL, 3); pthread_create(&t, NULL, come, NULL); come(NULL); }`,
      ),
      2,
    );
    expect(texts[0]).toBe('waits for the barrier `all`, which 2 of 3 threads have reached');
    const upgrade = await askStopped(
      c(
        'upgrade',
        `pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER; int main(void) { pthread_rwlock_rdlock(&lock); pthread_rwlock_wrlock(&lock); }`,
      ),
      1,
    );
    expect(upgrade.texts[0]).toBe(
      'waits for the read-write lock `lock`, locked for reading once; there is no other thread that could release it: who has it for reading must unlock it before it asks for writing',
    );
  });

  it("names C++'s locks as the program has them", async () => {
    const { texts } = await askStopped(
      cxx(
        'bank',
        `#include <mutex>
         #include <thread>
         #include <atomic>
         std::atomic<int> ready;
         struct Bank { std::mutex first, second;
           void pay(std::mutex &a, std::mutex &b) { std::lock_guard<std::mutex> l(a); ready++; while (ready < 2); std::lock_guard<std::mutex> m(b); }
           void one() { pay(first, second); } void two() { pay(second, first); } };
         int main() { Bank bank; std::thread t(&Bank::one, &bank), u(&Bank::two, &bank); t.join(); u.join(); }`,
      ),
      3,
    );
    const waits = texts.slice(1, 3);
    for (const name of ['first', 'second'])
      expect(
        waits.some((text) => text.includes(`the mutex \`bank.${name}\` held by`)),
        name,
      ).toBe(true);
    const global = await askStopped(
      cxx(
        'recursive',
        `#include <future>
         #include <mutex>
         std::recursive_mutex r;
         int main() { std::lock_guard<std::recursive_mutex> l(r); std::thread t([] { std::lock_guard<std::recursive_mutex> l(r); }); t.join(); }`,
      ),
      2,
    );
    expect(global.texts[1]).toMatch(/^waits for the mutex `r` held by thread 1/);
  });

  it('knows a future that nobody will set', async () => {
    const { texts } = await askStopped(
      cxx('future', `#include <future>\nint main() { std::promise<int> p; auto f = p.get_future(); return f.get(); }`),
      1,
    );
    expect(texts[0]).toBe('waits for the result of a std::future (std::promise, std::async); there is no other thread that could set it');
  });
});
