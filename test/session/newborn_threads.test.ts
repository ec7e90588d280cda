/** A thread that is born during a step comes to its first breakpoint before the step ends, however the machine schedules; who has nothing to report delays nothing. */
import { describe, expect, it } from 'vitest';
import { compileText, fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, walk } from './drive.js';

leakGuard();

const born = compileText(
  'born_in_step.c',
  `#include <pthread.h>
#include <unistd.h>
static volatile int end;
static void *quick(void *arg) { return arg; }
static void *busy(void *arg) { while (!end); return arg; }
static void *asleep(void *fd) { char c; read(*(int *)fd, &c, 1); return 0; }
int main(void) {
  pthread_t threads[3];
  int ends[2];
  pipe(ends);
  pthread_create(&threads[0], 0, busy, 0);
  pthread_create(&threads[1], 0, asleep, ends);
  pthread_create(&threads[2], 0, quick, 0);
  end = 1;
  write(ends[1], "x", 1);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
  return 0;
}
`,
);

describe('a thread made by the line that next steps over', () => {
  it('stops at its breakpoint first', () =>
    driven(born, async (session) => {
      const places = await walk(session, ['break 13', 'run', 'break quick', 'next']);
      expect(places.at(-1)).toBe('quick:4');
    }));

  it('stops first when a breakpoint is where the step ends, which is hit once, later', () =>
    driven(born, async (session) => {
      const places = await walk(session, ['break 13', 'run', 'break quick', 'break 14', 'next', 'continue', 'continue']);
      expect(places.slice(4)).toEqual(['quick:4', 'main:14', 'exited 0']);
      expect(session.breakpoints.all().map(({ hits }) => hits)).toEqual([1, 1, 1]);
    }));

  it('may be taken over a site meanwhile, for which the others stand still', () =>
    driven(born, async (session) => {
      session.settings.set('displaced-stepping', 'off');
      const places = await walk(session, ['break 13', 'run', 'break quick if 0', 'next', 'continue']);
      expect(places.slice(3)).toEqual(['main:14', 'exited 0']);
    }));

  it('does not keep the step from its end when it computes, or sleeps', () =>
    driven(born, async (session) => {
      const places = await walk(session, ['break 11', 'run', 'next', 'next', 'continue']);
      expect(places.slice(1)).toEqual(['main:11', 'main:12', 'main:13', 'exited 0']);
    }));

  // An exec waits in the kernel for the end of all other threads, and that for us: a wait for the newborn never ended.
  it('may replace the program at once', async () => {
    for (let round = 0; round < 20; round++)
      await driven(fixture('exec_thread'), async (session) => {
        // The step ends, or the exec comes first: then there is nothing left to step.
        const places = await walk(session, ['break 30', 'run', 'next']);
        if (places.at(-1) !== 'exited 0') places.push(...(await walk(session, ['continue'])));
        expect(places.at(-1)).toBe('exited 0');
      });
  });
});
