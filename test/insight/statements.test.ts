/** Sentences of `why` about programs that deet has stopped, each of which must be true to the letter: one program a row. */
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { askStopped } from './ask.js';
import { preamble } from './native.js';

leakGuard();

/** `asleep`: how many threads of the family must sleep before anybody asks. Sentences by their order, deadlocks last. */
type Row = readonly [name: string, asleep: number, body: string, sentences: readonly (RegExp | undefined)[]];

const rows: readonly Row[] = [
  [
    'a reader behind a writer that waits',
    3,
    `pthread_rwlock_t l; static void *hold(void *x) { pthread_rwlock_rdlock(&l); pause(); return x; }
     static void *late(void *x) { pthread_rwlock_wrlock(&l); return x; }
     int main(void) { pthread_rwlockattr_t a; pthread_rwlockattr_init(&a); pthread_t t;
       pthread_rwlockattr_setkind_np(&a, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP); pthread_rwlock_init(&l, &a);
       pthread_create(&t, NULL, hold, NULL); while (pthread_rwlock_trywrlock(&l) == 0) pthread_rwlock_unlock(&l);
       pthread_create(&t, NULL, late, NULL); while (pthread_rwlock_tryrdlock(&l) == 0) pthread_rwlock_unlock(&l);
       pthread_rwlock_rdlock(&l); }`,
    [
      /^waits for the read-write lock `l`, locked for reading once, and a writer waits before it$/,
      ,
      /^waits .* `l`, locked for reading once$/,
    ],
  ],
  [
    'an initialisation that needs itself',
    1,
    `pthread_once_t o; static void first(void) { pthread_once(&o, first); } int main(void) { first(); }`,
    [/^waits for an initialisation that it has begun itself \(pthread_once, call_once\): what initialises needs itself$/],
  ],
  [
    'pause, and which signals would end it',
    1,
    `static void handler(int s) {} int main(void) { signal(SIGALRM, handler); signal(SIGUSR1, handler); pause(); }`,
    [/^waits for a signal \(pause\); it handles SIGUSR1 and SIGALRM$/],
  ],
  [
    'a lock in a signal handler',
    1,
    `pthread_mutex_t m; static void handler(int s) { pthread_mutex_lock(&m); }
     int main(void) { signal(SIGUSR1, handler); pthread_mutex_lock(&m); raise(SIGUSR1); }`,
    [
      /^waits for the mutex `m`, which it holds itself: a signal handler wants what the code holds that it has interrupted$/,
      /^Process A waits for itself: it/,
    ],
  ],
  [
    'a signal that has been and gone',
    1,
    `static void handler(int s) {} int main(void) { signal(SIGCHLD, handler); pid_t pid = fork(); if (pid == 0) _exit(0);
       siginfo_t i; while (waitid(P_PID, pid, &i, WEXITED | WNOWAIT)); pause(); }`,
    [
      /^waits for a signal \(pause\); it handles SIGCHLD, but all its children \(B\) have ended already, and their signals have been and gone$/,
    ],
  ],
  [
    'splice from an empty pipe to another',
    1,
    `int main(void) { int a[2], b[2]; pipe(a); pipe(b); splice(a[0], NULL, b[1], NULL, 1, 0); }`,
    [
      /^moves data from pipe N \(fd 3\) to pipe N \(fd 6\) \(splice\): the one is empty, or the other full; fd 3: its write end is still open in itself, fd 4; fd 6: its read end is open in itself, fd 5$/,
    ],
  ],
  [
    'sendfile into a pipe that nobody reads',
    1,
    `int main(void) { int a[2], f = open("/proc/self/exe", O_RDONLY); pipe(a); while (sendfile(a[1], f, NULL, 4096) >= 0) lseek(f, 0, SEEK_SET); }`,
    [/^writes to pipe N \(fd 5\), which is full; its read end is open in itself, fd 4: nobody will ever read it$/],
  ],
  [
    'an eventfd that a ring could write to',
    1,
    `#include <sys/syscall.h>
     int main(void) { char params[256] = {0}; long v; int e = eventfd(0, 0); if (syscall(SYS_io_uring_setup, 4, params) < 0) e = eventfd(0, 0);
       read(e, &v, 8); }`,
    [/^reads an eventfd \(fd \d\), whose count is 0; it is open in itself, fd \d$/],
  ],
  [
    'a socket that is polled for room',
    1,
    `static char b[65536]; int main(void) { int s[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, s); fcntl(s[0], F_SETFL, O_NONBLOCK);
       while (write(s[0], b, sizeof b) > 0); struct pollfd f = {s[0], POLLOUT}; poll(&f, 1, -1); }`,
    [/^waits for room in fd 3 \(socket N\) \(poll\); its other end is open in itself, fd 4: nobody will ever read it$/],
  ],
  [
    'a connection that finds the queue full',
    1,
    `int main(void) { int s = socket(AF_UNIX, SOCK_STREAM, 0); struct sockaddr_un a = {AF_UNIX}; int n = 3 + sprintf(a.sun_path + 1, "deet-full-%d", 7);
       bind(s, (void *)&a, n); listen(s, 0); for (;;) connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, n); }`,
    [/^connects to @deet-full-7 \(fd \d\), whose queue of connections that wait to be accepted is full$/],
  ],
  [
    'a first thread that has ended',
    1,
    `pthread_mutex_t m; static void *late(void *x) { pthread_join(*(pthread_t *)x, NULL); pthread_mutex_lock(&m); return x; }
     int main(void) { static pthread_t self, t; self = pthread_self(); pthread_mutex_lock(&m); pthread_create(&t, NULL, late, &self); pthread_exit(NULL); }`,
    [/^waits for the mutex `m`, held by a thread \(A\) that has ended without unlocking it$/],
  ],
];

describe('why says of', () => {
  it.each(rows)('%s', async (name, asleep, body, sentences) => {
    const path = compileText(
      `${name.replace(/\W+/g, '-')}.c`,
      preamble.replace('#include <time.h>', '#include <sys/sendfile.h>\n#include <time.h>') + body,
      ['-pthread', '-w'],
    );
    const { texts } = await askStopped(path, asleep);
    sentences.forEach((sentence, index) => {
      if (sentence) expect(texts[index]).toMatch(sentence);
    });
  });
});
