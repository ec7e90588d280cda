/** A program may be killed at any moment: also between what the kernel reports of it and what deet asks next. Its end is told then, never an error. */
import { expect, it, vi } from 'vitest';
import { readStat } from '../../src/linux/proc.js';
import { native } from '../../src/native.js';
import type { Session } from '../../src/session/session.js';
import type { Outcome } from '../../src/session/types.js';
import { fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, stopOf } from '../session/drive.js';

leakGuard();

type Request = 'getRegisters' | 'getSignalInfo' | 'setRegister' | 'cont' | 'step' | 'interrupt' | 'readAt' | 'writeAt';
const requests: readonly Request[] = ['getRegisters', 'getSignalInfo', 'setRegister', 'cont', 'step', 'interrupt', 'readAt', 'writeAt'];

/** Lets a program run, and kills it just before deet asks for the `nth` time. False: it did not come to that. */
const killedBefore = (request: Request, nth: number): Promise<boolean> =>
  driven(fixture('threads_hit'), async (session) => {
    session.programArguments = ['2', '3'];
    const { pid } = session.launch().process;
    session.break('touch', { ignore: 1_000_000 });
    let count = 0;
    const ask = native[request] as (...given: unknown[]) => number;
    const spy = vi.spyOn(native, request).mockImplementation((...given: unknown[]) => {
      if (++count === nth) {
        process.kill(pid, 'SIGKILL');
        while (readStat(`${pid}/task/${pid}`)?.state === 't') continue;
      }
      return ask(...given);
    });
    try {
      // It may end by itself just before.
      expect(['killed SIGKILL', 'exited 0'], `request ${nth}`).toContain(endOf(await session.continue()));
    } finally {
      spy.mockRestore();
    }
    return nth <= count;
  });

it.each(requests)('its end is told if that comes before deet asks the kernel (%s)', async (request) => {
  for (let nth = 1; await killedBefore(request, nth); nth++) continue;
});

const movements: Record<string, (session: Session) => Promise<Outcome>> = {
  continue: (session) => session.continue(),
  next: (session) => session.step({ over: true, instruction: false }),
  stepi: (session) => session.step({ over: false, instruction: true }),
  finish: (session) => session.finish(),
  until: (session) => session.until(),
  advance: (session) => session.advance('main'),
  jump: (session) => session.jump('touch'),
  signal: (session) => session.signalAndContinue(0),
};

it.each(Object.entries(movements))('while it stands: nothing is left but to see its end (%s)', (_name, move) =>
  driven(fixture('threads_hit'), async (session) => {
    session.break('touch');
    const { thread } = stopOf(await session.run());
    process.kill(thread.process.pid, 'SIGKILL');
    while (readStat(`${thread.process.pid}/task/${thread.tid}`)?.state === 't') continue;
    await expect(session.evaluate('each')).rejects.toMatchObject({ code: 'killed', hint: 'Type "continue" to see its end.' });
    expect(endOf(await move(session))).toBe('killed SIGKILL');
  }),
);
