/** Threads: none misses a breakpoint, each arrival counts once, steps belong to one thread, and threads come and go meanwhile. */
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/session/session.js';
import type { Outcome } from '../../src/session/types.js';
import { compileText, fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { processFacts, threadsOf } from '../helpers/processes.js';
import { until } from '../helpers/until.js';
import { driven, endOf, placeOf, record, stopOf } from './drive.js';

leakGuard();

const ways = ['on', 'auto', 'off'] as const;

/** Goes on to the end; how often it stopped. */
const stopsToTheEnd = async (session: Session, first: Outcome): Promise<number> => {
  let stops = 0;
  let outcome = first;
  for (; outcome.kind === 'stopped'; outcome = await session.continue()) stops++;
  expect(endOf(outcome)).toBe('exited 0');
  return stops;
};

describe.each(ways)('many threads through one breakpoint (displaced stepping %s)', (way) => {
  const passages = way === 'off' ? 300 : 2000;

  it('stop at each arrival, once', () =>
    driven(fixture('threads_hit'), async (session, output) => {
      session.settings.set('displaced-stepping', way);
      session.programArguments = ['8', '25'];
      session.break('touch');
      expect(await stopsToTheEnd(session, await session.run())).toBe(200);
      expect(session.breakpoints.get(0).hits).toBe(200);
      expect(output()).toBe('8 threads, 200 passages\n');
    }));

  it('are counted without stops: an ignore count', () =>
    driven(fixture('threads_hit'), async (session, output) => {
      session.settings.set('displaced-stepping', way);
      session.programArguments = ['4', String(passages)];
      session.break('touch', { ignore: 1_000_000 });
      expect(endOf(await session.run())).toBe('exited 0');
      expect(session.breakpoints.get(0).hits).toBe(4 * passages);
      expect(output()).toBe(`4 threads, ${4 * passages} passages\n`);
    }));

  it('are seen by a condition: exactly one finds each count', () =>
    driven(fixture('threads_hit'), async (session) => {
      session.settings.set('displaced-stepping', way);
      session.programArguments = ['4', '100'];
      // The line adds to the counter: before it, each value from 0 to 399 is seen at least once, and by the breakpoint behind it too.
      session.break('touch', { condition: 'passages == 200' });
      const stops = await stopsToTheEnd(session, await session.run());
      expect(stops).toBe(session.breakpoints.get(0).hits);
    }));

  it('two breakpoints next to each other are each counted', () =>
    driven(fixture('threads_hit'), async (session) => {
      session.settings.set('displaced-stepping', way);
      session.programArguments = ['4', '200'];
      session.break('touch', { ignore: 1_000_000 });
      session.break(String(lineOf('threads_hit.c', '// passage') + 1), { ignore: 1_000_000 });
      expect(endOf(await session.run())).toBe('exited 0');
      expect(session.breakpoints.all().map(({ hits }) => hits)).toEqual([800, 800]);
    }));
});

describe('simultaneous stops', () => {
  const barrier = compileText(
    'at_once.c',
    `#include <pthread.h>
static pthread_barrier_t barrier;
static int results[8];
static void arrive(long i) { results[i]++; }
static void *run(void *i) { pthread_barrier_wait(&barrier); arrive((long)i); return i; }
int main(void) {
  pthread_t threads[8];
  pthread_barrier_init(&barrier, 0, 8);
  for (long i = 0; i < 8; i++) pthread_create(&threads[i], 0, run, (void *)i);
  for (long i = 0; i < 8; i++) pthread_join(threads[i], 0);
  return 0;
}
`,
    ['-pthread'],
  );

  it('are reported one after the other, each once', () =>
    driven(barrier, async (session) => {
      session.break('arrive');
      const seen: string[] = [];
      let outcome = await session.run();
      for (; outcome.kind === 'stopped'; outcome = await session.continue()) {
        expect(outcome.stop.reason).toBe('breakpoint');
        seen.push((await session.evaluate('i')).bytes().join());
        expect(placeOf(session)).toBe('arrive:4');
      }
      expect(endOf(outcome)).toBe('exited 0');
      expect(new Set(seen).size).toBe(8);
      expect(seen).toHaveLength(8);
    }));

  it('a breakpoint deleted between them lets the others go', () =>
    driven(barrier, async (session) => {
      session.break('arrive');
      stopOf(await session.run());
      session.breakpoints.delete(0);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('all threads stand while one is looked at', () =>
    driven(barrier, async (session) => {
      session.break('arrive');
      const { process } = stopOf(await session.run());
      expect(session.threads().every(({ stopped }) => stopped)).toBe(true);
      expect(session.threads().map(({ tid }) => tid).sort()).toEqual(threadsOf(process.pid).sort()); // prettier-ignore
    }));
});

describe('steps in one thread', () => {
  const program = fixture('threads_hit');

  it('next and step stay in their thread, while others arrive at breakpoints of their own', () =>
    driven(program, async (session) => {
      session.programArguments = ['4', '50'];
      session.break('touch', { temporary: true });
      const { thread } = stopOf(await session.run());
      for (let i = 0; i < 20; i++) {
        const { reason, thread: now } = stopOf(await session.step({ over: false, instruction: false }));
        expect([reason, now]).toEqual(['step', thread]);
      }
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('a step ends when another thread hits a breakpoint, and that thread is selected', () =>
    driven(
      compileText(
        'meets.c',
        `#include <pthread.h>
static volatile int waiting;
static void met(void) {}
static void *meet(void *unused) { while (!waiting) ; met(); return unused; }
static void wait_for_ever(void) { for (waiting = 1;;) ; }
int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, meet, 0);
  wait_for_ever();
}
`,
        ['-pthread'],
      ),
      async (session) => {
        session.break('9');
        session.break('met');
        const { thread } = stopOf(await session.run());
        const { thread: other, reason } = stopOf(await session.step({ over: true, instruction: false }));
        expect([thread.id, other.id, reason]).toEqual([1, 2, 'breakpoint']);
        expect(session.selectedThread()).toBe(other);
      },
    ));

  it('a breakpoint of one thread is passed by the others', () =>
    driven(program, async (session) => {
      session.programArguments = ['4', '30'];
      const own = session.break('touch', { threadId: 3 });
      let outcome = await session.run();
      let stops = 0;
      for (; outcome.kind === 'stopped'; outcome = await session.continue(), stops++) expect(outcome.stop.thread.id).toBe(3);
      expect(stops).toBe(30);
      expect(own.hits).toBe(30);
    }));

  it('finish waits for its own thread', () =>
    driven(program, async (session) => {
      session.programArguments = ['4', '100'];
      session.break('touch', { temporary: true });
      const { thread } = stopOf(await session.run());
      const { thread: finished } = stopOf(await session.finish());
      expect(finished).toBe(thread);
      expect(placeOf(session)).toMatch(/^run:/);
    }));
});

describe('scheduler-locking', () => {
  const counting = compileText(
    'counting.c',
    `#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
static atomic_long others;
static volatile int stop;
static void *count(void *unused) { while (!stop) others++; return unused; }
static void work(void) { for (volatile int i = 0; i < 10; i++) ; }
static void moved(void) {}
int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, count, 0);
  while (others < 1000) usleep(100);
  work();
  work();
  work();
  for (long seen = others; others == seen;) ;
  moved();
  stop = 1;
  pthread_join(thread, 0);
  return 0;
}
`,
    ['-pthread'],
  );
  const others = async (session: Session): Promise<bigint> => {
    const bytes = (await session.evaluate('others')).bytes();
    return new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true);
  };

  it.each([
    ['on', 'next', true],
    ['on', 'continue', true],
    ['step', 'next', true],
    ['step', 'stepi', true],
    ['step', 'continue', false],
    ['off', 'stepi', false],
  ] as const)('%s: %s lets the others stand: %s', (locking, how, stand) =>
    driven(counting, async (session) => {
      const { id: atWork } = session.break('work');
      stopOf(await session.run());
      session.settings.set('scheduler-locking', locking);
      if (how === 'continue' && !stand) {
        // From one call of work to the next the others may not have had a CPU yet.
        session.breakpoints.delete(atWork);
        session.break('moved');
      }
      const before = await others(session);
      if (how === 'continue') stopOf(await session.continue());
      else if (how === 'next') for (let i = 0; i < 3; i++) stopOf(await session.step({ over: true, instruction: false }));
      else
        // If the others may move they do, sooner or later.
        for (let i = 0; i < 30 || (!stand && (await others(session)) === before); i++)
          stopOf(await session.step({ over: false, instruction: true }));
      const after = await others(session);
      if (stand) expect(after).toBe(before);
      else expect(after).toBeGreaterThan(before);
      session.settings.set('scheduler-locking', 'off');
      for (const { id } of session.breakpoints.all()) session.breakpoints.delete(id);
      expect(endOf(await session.continue())).toBe('exited 0');
    }),
  );
});

describe('the thread that is meant', () => {
  const ending = compileText(
    'ending.c',
    `#include <pthread.h>
#include <unistd.h>
static void work(void) {}
static void *run(void *unused) { work(); return unused; }
int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, run, 0);
  pthread_join(thread, 0);
  work();
  return 3;
}
`,
    ['-pthread'],
  );

  it('is the selected one: locked, continue runs that', () =>
    driven(ending, async (session) => {
      session.break('work');
      expect(stopOf(await session.run()).thread.id).toBe(2);
      session.settings.set('scheduler-locking', 'on');
      session.selectThread(session.threads()[0]);
      // main waits for the other thread, which is locked: only we can end this.
      const going = session.continue();
      await until(() => processFacts(session.threads()[0].tid)?.state === 'S');
      session.pause();
      expect(stopOf(await going).reason).toBe('pause');
      expect(session.threads().find(({ id }) => id === 2)?.pc).toBe(session.resolvePlaces('work')[0].address);
    }));

  it('when it ends, and the others are locked, is told of, and the program stops', () =>
    driven(ending, async (session) => {
      session.break('work');
      stopOf(await session.run());
      session.settings.set('scheduler-locking', 'on');
      const events = record(session);
      const stop = stopOf(await session.continue());
      expect([stop.reason, stop.thread.id, stop.unasked]).toEqual(['pause', 1, true]);
      expect(events.some((event) => event.type === 'message' && event.text.startsWith('Thread 2 has ended'))).toBe(true);
      session.settings.set('scheduler-locking', 'off');
      const next = stopOf(await session.continue());
      expect([next.thread.id, next.unasked]).toEqual([1, undefined]);
      session.settings.set('scheduler-locking', 'on');
      expect(endOf(await session.continue())).toBe('exited 3');
    }));

  it('a breakpoint of a thread ends with it, and that is said', () =>
    driven(ending, async (session) => {
      session.break('work');
      const { thread } = stopOf(await session.run());
      thread.name = 'worker';
      const { id } = session.break('work', { threadId: 2 });
      const events = record(session);
      expect(stopOf(await session.continue()).breakpoints).toHaveLength(1);
      expect(session.breakpoints.all().map((each) => each.id)).not.toContain(id);
      const texts = events.flatMap((event) => (event.type === 'message' ? [event.text] : []));
      expect(texts).toContain(`Thread-specific breakpoint ${id} deleted - thread 2 no longer in the thread list.`);
    }));
});

describe('threads come and go', () => {
  it('1,000 at once: all known, all stopped, all go on', () =>
    driven(fixture('threads_many'), async (session, output) => {
      const events = record(session);
      session.break('all_here');
      const { process } = stopOf(await session.run());
      expect(session.threads()).toHaveLength(1001);
      expect(threadsOf(process.pid)).toHaveLength(1001);
      expect(session.threads().every(({ stopped }) => stopped)).toBe(true);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('1000 threads came\n');
      const changes = events.flatMap((event) => (event.type === 'thread' ? [event.change] : []));
      expect(changes.filter((change) => change === 'started')).toHaveLength(1000);
    }));

  it('a breakpoint in the very first function of each of many short threads', () => {
    const program = compileText(
      'short_threads.c',
      `#include <pthread.h>
static void *first(void *n) { return n; }
int main(void) {
  for (int round = 0; round < 50; round++) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) pthread_create(&threads[i], 0, first, 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
  }
  return 0;
}
`,
      ['-pthread'],
    );
    return driven(program, async (session) => {
      session.break('first', { ignore: 100_000 });
      expect(endOf(await session.run())).toBe('exited 0');
      expect(session.breakpoints.get(0).hits).toBe(200);
    });
  });

  it('the leader may end first: what is left goes on, with its breakpoints', () =>
    driven(fixture('thread_ends'), async (session, output) => {
      session.break(String(lineOf('thread_ends.c', '// alone')));
      const { thread, process } = stopOf(await session.run());
      expect(thread.tid).not.toBe(process.pid);
      expect(placeOf(session)).toMatch(/^goes_on:/);
      stopOf(await session.step({ over: true, instruction: false }));
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('two ended\nalone\n');
    }));

  it.each(['continue', 'next', 'stepi'] as const)('exec from a thread that is not the leader, met by %s', (how) =>
    driven(fixture('exec_thread'), async (session, output) => {
      session.break(String(lineOf('exec_thread.c', 'execl(')));
      session.break(String(lineOf('exec_thread.c', 'printf(')));
      const { process } = stopOf(await session.run());
      let outcome: Outcome;
      if (how === 'continue') outcome = await session.continue();
      else {
        do outcome = await session.step({ over: how === 'next', instruction: how === 'stepi' });
        while (outcome.kind === 'stopped' && outcome.stop.reason === 'step' && process.execs === 0);
        if (outcome.kind === 'stopped' && outcome.stop.reason === 'step') outcome = await session.continue();
      }
      const { thread } = stopOf(outcome);
      expect(placeOf(session)).toBe(`main:${lineOf('exec_thread.c', 'printf(')}`);
      expect([thread.tid, session.threads().length]).toEqual([process.pid, 1]);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('executed by a thread\n');
    }),
  );

  it('a program that ends while many threads run leaves nothing to wait for', () => {
    const program = compileText(
      'exits_busy.c',
      `#include <pthread.h>
#include <stdlib.h>
static void *spin(void *unused) { for (;;) ; return unused; }
int main(void) {
  pthread_t thread;
  for (int i = 0; i < 20; i++) pthread_create(&thread, 0, spin, 0);
  exit(4);
}
`,
      ['-pthread'],
    );
    return driven(program, async (session) => {
      expect(endOf(await session.run())).toBe('exited 4');
    });
  });
});
