/** What `why` says of things that several processes share: who could end the wait, as far as it can be known, and no further. */
import { describe, expect, it } from 'vitest';
import { leakGuard } from '../helpers/leaks.js';
import { ask } from './ask.js';

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
