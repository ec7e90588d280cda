/** The end of a family by force, whatever its processes are just doing. */
import { expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, stopOf } from '../session/drive.js';

leakGuard();

const source = `#include <sys/mman.h>
#include <unistd.h>
int main(void) {
  volatile int *go = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 24; i++)
    if (fork() == 0) {
      while (!*go) usleep(50);
      _exit(i);
    }
  usleep(20000);
  *go = 1;
  usleep(100);
  usleep(1); // leaving
  for (;;) pause();
}
`;

it('takes those along that stand before their exit, where SIGKILL does not reach them', () =>
  driven(compileText('leaving.c', source), async (session) => {
    // Who wants to hear of exits has the kernel stop each process before its own.
    session.subscribe(() => undefined, true);
    session.break(String(source.split('\n').findIndex((line) => line.includes('// leaving')) + 1));
    stopOf(await session.run());
    // How many have gone meanwhile is chance; with two dozen, some stand before their exit.
    session.kill();
    expect(session.processes()).toEqual([]);
  }));

const namespaced = `#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static long forked(int flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }
int main(void) {
  for (int round = 0; round < 40; round++) {
    int ready[2];
    if (pipe(ready) != 0) return 1;
    long first = forked(CLONE_NEWPID);
    if (first < 0) first = forked(CLONE_NEWUSER | CLONE_NEWPID);
    if (first < 0) return 2;
    if (first == 0) {
      for (int i = 0; i < 12; i++) if (fork() == 0) for (;;) pause();
      if (write(ready[1], "x", 1) != 1) return 3;
      for (;;) pause();
    }
    char byte;
    if (read(ready[0], &byte, 1) != 1) return 4;
    kill(first, SIGKILL);
    close(ready[0]); // killed
    close(ready[1]);
    waitpid(first, NULL, 0);
  }
  return 0;
}
`;

it('waits for none that waits in its exit for those whom deet has to reap: the first process of a pid namespace', () =>
  driven(compileText('namespaced.c', namespaced), async (session) => {
    session.break(String(namespaced.split('\n').findIndex((line) => line.includes('// killed')) + 1));
    // Which of the others the kernel has told of when everybody shall stand is chance; in so many rounds some have not been waited for yet.
    let outcome = await session.run();
    let stops = 0;
    for (; outcome.kind === 'stopped'; outcome = await session.continue()) stops++;
    expect([stops, endOf(outcome)]).toEqual([40, 'exited 0']);
  }));
