/** The end of a family by force, whatever its processes are just doing. */
import { expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, stopOf } from '../session/drive.js';

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
