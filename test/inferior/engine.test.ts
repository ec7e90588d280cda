/** The engine beside everything else in its process: Node's own children, other sessions, timers; and what happens to a program from outside. */
import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { Thread } from '../../src/inferior/thread.js';
import { readStat } from '../../src/linux/proc.js';
import { native } from '../../src/native.js';
import type { Session } from '../../src/session/session.js';
import { compileText, fixture, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { addressOf, driven, endOf, openSession, stopOf } from '../session/drive.js';

leakGuard();

const exitOf = (command: string): Promise<number | null> =>
  new Promise((resolve) => spawn('/bin/sh', ['-c', command], { stdio: 'ignore' }).once('exit', resolve));

describe("Node's own children", () => {
  it('keep their exit status while a session waits for its program', () =>
    driven(fixture('threads_hit'), async (session) => {
      session.programArguments = ['2', '200'];
      session.break('touch', { ignore: 1_000_000 });
      const children = Promise.all([1, 2, 3, 4, 5].map((status) => exitOf(`exit ${status}`)));
      expect(endOf(await session.run())).toBe('exited 0');
      expect(await children).toEqual([1, 2, 3, 4, 5]);
      expect(session.breakpoints.get(0).hits).toBe(400);
    }));

  it('do not hide the program that ends meanwhile', async () => {
    for (let round = 0; round < 10; round++) {
      const child = exitOf('exit 9');
      await driven(sample('exit'), async (session) => {
        session.programArguments = [String(round)];
        expect(endOf(await session.run())).toBe(`exited ${round}`);
      });
      expect(await child).toBe(9);
    }
  });
});

describe('several sessions in one process', () => {
  it('run at once, and each hears of its own program only', async () => {
    const sessions = [1, 2, 3].map((count) => {
      const session = openSession(fixture('threads_hit'), { arguments: ['2', String(count * 50)] });
      session.redirections = [{ fd: 1, path: '/dev/null', access: 'truncate' }];
      session.break('touch', { ignore: 1_000_000 });
      return session;
    });
    try {
      const ends = await Promise.all(sessions.map((session) => session.run()));
      expect(ends.map(endOf)).toEqual(['exited 0', 'exited 0', 'exited 0']);
      expect(sessions.map(({ breakpoints }) => breakpoints.get(0).hits)).toEqual([100, 200, 300]);
    } finally {
      for (const session of sessions) session.close();
    }
  });

  it('one that stands still does not keep another from running', () =>
    driven(fixture('recursion'), async (first) => {
      first.break('factorial');
      stopOf(await first.run());
      await driven(fixture('births'), async (second, output) => {
        second.programArguments = ['tree'];
        expect(endOf(await second.run())).toBe('exited 0');
        expect(output()).toBe('tree 14 descendants\n');
      });
      first.breakpoints.delete(0);
      expect(endOf(await first.continue())).toBe('exited 0');
    }));
});

describe('the event loop', () => {
  /** Calls f() until it is told to stop. */
  const endless = compileText(
    'endless_calls.c',
    'static volatile int n;\nstatic void f(void) { n++; }\nint main(void) { for (;;) f(); }\n',
  );

  /** Pauses at the fifth tick. What it returns tells how many there were, and ends them. */
  const pauseSoon = (session: Session): (() => number) => {
    let ticks = 0;
    const timer = setInterval(() => {
      if (++ticks === 5) session.pause();
    }, 2);
    return () => {
      clearInterval(timer);
      return ticks;
    };
  };

  it('goes on while the program runs', () =>
    driven(endless, async (session) => {
      stopOf(await session.start('main'));
      const ticks = pauseSoon(session);
      expect(stopOf(await session.continue()).reason).toBe('pause');
      expect(ticks()).toBeGreaterThanOrEqual(5);
    }));

  it.each(['a false condition', 'steps over an endless call'])('goes on during %s, which can be interrupted', (what) =>
    driven(endless, async (session) => {
      stopOf(await session.start('main'));
      const conditional = what === 'a false condition';
      if (conditional) session.break('f', { condition: 'n < 0' });
      // From here on, not while the program starts: its command is on its way when the first tick comes.
      const ticks = pauseSoon(session);
      const outcome = await (conditional ? session.continue() : session.step({ over: true, instruction: false }));
      expect(stopOf(outcome).reason).toBe('pause');
      expect(ticks()).toBeGreaterThanOrEqual(5);
    }),
  );
});

describe('from outside', () => {
  it('a program killed while it stands still is found dead when it should go on', () =>
    driven(fixture('threads_many'), async (session) => {
      session.programArguments = ['20'];
      session.break('all_here');
      const { process } = stopOf(await session.run());
      native.kill(process.pid, 9);
      expect(endOf(await session.continue())).toBe('killed SIGKILL');
      expect(session.state).toBe('none');
    }));

  it('... and when it should make a step', () =>
    driven(fixture('recursion'), async (session) => {
      session.break('factorial');
      const { process } = stopOf(await session.run());
      native.kill(process.pid, 9);
      expect(endOf(await session.step({ over: true, instruction: false }))).toBe('killed SIGKILL');
    }));

  it('... and when it has just come to where it should stop', () =>
    driven(fixture('recursion'), async (session) => {
      const { process } = stopOf(await session.start('main'));
      const arrived = (thread: Thread): 'stop' => {
        native.kill(process.pid, 9);
        while (readStat(`${process.pid}/task/${thread.tid}`)?.state === 't');
        return 'stop';
      };
      process.space.sites.add(addressOf(session, 'factorial'), { kind: 'user', arrived });
      expect(endOf(await session.continue())).toBe('killed SIGKILL');
    }));

  it('a second command while the program runs is refused, and the first goes on', () =>
    driven(fixture('restarts'), async (session) => {
      const outcome = session.run();
      await expect(session.continue()).rejects.toThrow('The program is running.');
      expect(endOf(await outcome)).toBe('exited 0');
    }));
});
