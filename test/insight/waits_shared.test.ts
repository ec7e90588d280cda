/** What `why` says of things that several processes share: who could end the wait, as far as it can be known, and no further. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { why } from '../../src/insight/waits.js';
import { readStat } from '../../src/linux/proc.js';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { until } from '../helpers/until.js';
import { ask, askStopped } from './ask.js';
import { familyOf, memberOf, preamble, Program } from './native.js';

leakGuard();

describe('why, for locks on files', () => {
  const lockFile = 'char n[] = "/tmp/deet-lock-XXXXXX"; int a = mkstemp(n);';

  it('says who has the lock of flock now, not who took it', async () => {
    const { texts, report, pids } = await ask(
      'flock-inherited',
      `int main(void) { ${lockFile} int p[2]; char c; pipe(p); flock(a, LOCK_EX);
         if (child() == 0) { close(p[1]); read(p[0], &c, 1); } close(a); a = open(n, O_RDWR); unlink(n); flock(a, LOCK_EX); }`,
      2,
    );
    expect(texts[0]).toMatch(/^waits for a write lock on .* \(flock, fd 3\), held by pid B \(fd 3\), which reads pipe N \(fd 4\)$/);
    expect(report.deadlocks).toEqual([pids]);
  });

  it('names only those who hold what is asked for', async () => {
    const { texts } = await ask(
      'fcntl-ranges',
      `int main(void) { ${lockFile} unlink(n); int p[2]; char c; pipe(p); struct flock low = {F_WRLCK, SEEK_SET, 0, 10}, high = {F_WRLCK, SEEK_SET, 20, 10}, read5 = {F_RDLCK, SEEK_SET, 5, 1};
         if (child() == 0) { fcntl(a, F_SETLKW, &high); write(p[1], "x", 1); pause(); } read(p[0], &c, 1);
         pid_t b = child(); if (b == 0) { fcntl(a, F_SETLKW, &low); write(p[1], "x", 1); pause(); } read(p[0], &c, 1); fcntl(a, F_SETLKW, &read5); }`,
      3,
    );
    expect(texts[0]).toMatch(/^waits for a read lock on .* \(fcntl, fd 3\), held by pid C, which waits for a signal \(pause\)$/);
  });
});

it('why does not say that nobody holds the end of a pipe that is on its way in a message', async () => {
  const { texts } = await ask(
    'in-flight',
    `int main(void) { int s[2], p[2]; char b = 'x'; socketpair(AF_UNIX, SOCK_STREAM, 0, s); pipe(p); struct iovec v = {&b, 1};
       union { char c[CMSG_SPACE(sizeof(int))]; struct cmsghdr h; } u = {0};
       struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = u.c, .msg_controllen = sizeof u.c};
       u.h.cmsg_level = SOL_SOCKET; u.h.cmsg_type = SCM_RIGHTS; u.h.cmsg_len = CMSG_LEN(sizeof(int)); memcpy(CMSG_DATA(&u.h), &p[1], sizeof(int));
       sendmsg(s[0], &m, 0); close(p[1]); read(p[0], &b, 1); }`,
    1,
  );
  expect(texts).toEqual([
    'reads pipe N (fd 5); no process that deet may look at holds its write end: it may be on its way in a message (SCM_RIGHTS) that nobody has received',
  ]);
});

it('why says who traces a process that stands', async () => {
  const traced =
    '#include <sys/ptrace.h>\nint main(void) { if (child() == 0) { ptrace(PTRACE_TRACEME, 0, 0, 0); raise(SIGSTOP); } for (;;) pause(); }';
  await using program = Program.start('traced-child', traced);
  const family = await until(() => {
    const pids = familyOf(program.pid);
    return pids.some((pid) => readStat(pid)?.state === 't') && pids;
  });
  const { busy } = why(family.map(memberOf));
  expect(busy?.map(({ text }) => text)).toEqual([`is stopped by process ${program.pid}, which traces it (ptrace)`]);
});

describe('why, for what any process could come to have', () => {
  const c = (name: string, body: string): string => compileText(`${name}.c`, preamble + body, ['-pthread', '-w']);
  const inShared = `#include <sys/mman.h>
    sem_t own; struct shared { sem_t ready; pthread_mutex_t lock; pthread_cond_t changed; } *s;
    static void share(void) { s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }
    int main(void) { share(); `;

  it('finds the deadlock around a semaphore and a condition variable in anonymous shared memory', async () => {
    const bare = await ask(
      'futex-shared',
      `#include <sys/mman.h>
       #include <sys/syscall.h>
       int main(void) { int *word = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); if (child() == 0) syscall(SYS_futex, word, 0, 0, NULL, NULL, 0); wait(NULL); }`,
      2,
    );
    expect(bare.texts[1]).toMatch(/^waits for the futex [^;]*$/);
    const semaphore = await askStopped(
      c('sem-shared', `${inShared} sem_init(&s->ready, 1, 0); if (child() == 0) sem_wait(&s->ready); wait(NULL); }`),
      2,
    );
    expect(semaphore.texts[1]).toMatch(/^waits for the semaphore `s->ready` \(0x\w+\), which only process A could post$/);
    expect(semaphore.texts[2]).toMatch(/^Deadlock of process A and process B: process A waits for its child B; process B waits for the /);
    const condition = await askStopped(
      c(
        'cond-shared',
        `${inShared} pthread_mutexattr_t a; pthread_mutexattr_init(&a); pthread_mutexattr_setpshared(&a, 1); pthread_mutex_init(&s->lock, &a);
         pthread_condattr_t b; pthread_condattr_init(&b); pthread_condattr_setpshared(&b, 1); pthread_cond_init(&s->changed, &b);
         if (child() == 0) { pthread_mutex_lock(&s->lock); pthread_cond_wait(&s->changed, &s->lock); } wait(NULL); }`,
      ),
      2,
    );
    expect(condition.texts[1]).toMatch(/, which only process A could signal; what was signalled before the wait began is lost$/);
    expect(condition.report.deadlocks).toEqual([condition.pids]);
  });

  it('says that another program could still open what has a name', async () => {
    const { texts } = await askStopped(
      c(
        'sem-named',
        `int main(void) { sem_t *s = sem_open("/deet-named-order", O_CREAT, 0600, 0); if (child() == 0) sem_wait(s); wait(NULL); }`,
      ),
      2,
    );
    rmSync('/dev/shm/sem.deet-named-order', { force: true });
    expect(texts[1]).toBe(
      'waits for the semaphore `s` (/deet-named-order), which only process A or another program that opens /deet-named-order could post',
    );
    expect(texts[2]).toMatch(/^Deadlock of process A and process B, unless another program opens \/deet-named-order: /);
  });

  it('says so of FIFOs and of System V semaphores', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deet-fifo-'));
    try {
      const fifos = await ask(
        'fifo-order',
        `int main(void) { chdir("${folder}"); mkfifo("a", 0600); mkfifo("b", 0600);
           if (child() == 0) { open("b", O_WRONLY); open("a", O_RDONLY); } open("a", O_WRONLY); open("b", O_RDONLY); }`,
        2,
      );
      expect(fifos.texts[2]).toContain(
        `Deadlock of process A and process B, unless another program opens ${folder}/a or opens ${folder}/b: `,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
    const semaphores = await ask(
      'semop-order',
      `#include <sys/sem.h>
       int main(void) { int s = semget(IPC_PRIVATE, 2, 0600); struct sembuf a = {0, -1}, b = {1, -1}; if (child() == 0) semop(s, &b, 1); semop(s, &a, 1); }`,
      2,
    );
    const [, set = ''] = /System V semaphore set (\d+)/.exec(semaphores.texts[0] ?? '') ?? [];
    execFileSync('ipcrm', ['-s', set]);
    expect(semaphores.texts[2]).toMatch(
      /^Deadlock of process A and process B, unless another program uses the System V semaphore set \d+: /,
    );
  });

  it('tells a semaphore for threads in shared memory from one for processes that is not in it', async () => {
    const threads = await askStopped(
      c('sem-threads', `${inShared} sem_init(&s->ready, 0, 0); if (child() == 0) sem_wait(&s->ready); wait(NULL); }`),
      2,
    );
    expect(threads.texts[1]).toMatch(
      /; it lies in shared memory, but was made for the threads of one process \(sem_init's second argument\): other processes cannot wake who waits for it$/,
    );
    const copied = await askStopped(
      c('sem-copied', `${inShared} sem_init(&own, 1, 0); if (child() == 0) sem_wait(&own); sem_post(&own); wait(NULL); }`),
      2,
    );
    expect(copied.texts[1]).toBe(
      "waits for the semaphore `own`; there is no other thread that could post it; it was made for several processes (sem_init's second argument), but does not lie in shared memory (mmap with MAP_SHARED): after a fork each has its own",
    );
  });

  it('does not say for certain that nobody posts a semaphore that a signal handler may post', async () => {
    const { texts } = await askStopped(
      c(
        'sem-handler',
        `sem_t stop, own; void h(int s) { sem_post(&stop); } void *wait_too(void *x) { sem_wait(&own); return x; }
         int main(void) { signal(SIGINT, h); sem_init(&stop, 0, 0); pthread_t t; pthread_create(&t, NULL, wait_too, NULL); sem_wait(&stop); }`,
      ),
      2,
    );
    expect(texts[2]).toMatch(/^Deadlock of threads 1 and 2 of process A, unless a signal handler \(SIGINT\) posts a semaphore: /);
  });

  it('nor that nothing comes from whoever waits for such a semaphore, or for a lock that the program makes of a futex', async () => {
    const asks = (name: string, wait: string): ReturnType<typeof askStopped> =>
      askStopped(
        c(
          name,
          `#include <linux/futex.h>
           #include <sys/syscall.h>
           sem_t done; int word; void h(int s) { sem_post(&done); word = 1; syscall(SYS_futex, &word, FUTEX_WAKE, 1); }
           int main(void) { int p[2]; char x; signal(SIGUSR1, h); sem_init(&done, 0, 0); pipe(p); if (child() == 0) { signal(SIGUSR1, SIG_DFL); read(p[0], &x, 1); } ${wait}; write(p[1], "x", 1); }`,
        ),
        2,
      );
    const reads = 'reads pipe N (fd 3); its write end is still open in pid A fd 4 and in itself, fd 4';
    const semaphore = await asks('sem-handled', 'sem_wait(&done)');
    expect(semaphore.texts).toEqual([
      'waits for the semaphore `done`; there is no other thread that could post it',
      reads,
      'Process B waits for itself, unless a signal handler (SIGUSR1) posts a semaphore: it reads pipe N (fd 3).',
    ]);
    expect(semaphore.report.waits.map(({ forever }) => forever)).toEqual([undefined, undefined]);
    const futex = await asks('futex-handled', 'while (!word) syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL)');
    expect(futex.texts).toEqual([
      'waits for the futex `word`; there is no other thread that could wake it',
      reads,
      'Process B waits for itself, unless a signal handler (SIGUSR1) wakes who waits for a futex: it reads pipe N (fd 3).',
    ]);
  });
});
