/** Calls into the program: whatever the function does, the program stands afterwards where it stood. */
import { describe, expect, it } from 'vitest';
import { frameLabel } from '../../src/inferior/frame.js';
import { CallStopped } from '../../src/session/calls.js';
import type { Session } from '../../src/session/session.js';
import { toInteger } from '../../src/language/value.js';
import { fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, placeOf, stopOf } from './drive.js';

leakGuard();

const at = (text: string): string => String(lineOf('called.c', text));

/** Stopped in main, before `kept` is multiplied. */
const inMain = (body: (session: Session, output: () => string) => Promise<void>): Promise<void> =>
  driven(fixture('called'), async (session, output) => {
    session.break(at('// here'));
    stopOf(await session.run());
    session.breakpoints.delete(0);
    await body(session, output);
  });

const number = async (session: Session, text: string): Promise<number> => Number(toInteger(await session.evaluate(text)));

/** The registers that a program could notice. */
const registers = (session: Session): string => session.selection().thread.registers().join(' ');

describe('a call into the program', () => {
  it('yields its value and leaves no trace: registers, the last stop, the frame', () =>
    inMain(async (session, output) => {
      const [before, stop, place] = [registers(session), session.lastStop, placeOf(session)];
      expect(await number(session, 'plus_one(plus_one(40))')).toBe(42);
      expect([registers(session), session.lastStop, placeOf(session)]).toEqual([before, stop, place]);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('0\n');
    }));

  it('that faults is given up', () =>
    inMain(async (session) => {
      const [before, stop] = [registers(session), session.lastStop];
      await expect(session.evaluate('faults(1)')).rejects.toThrow(/received SIGSEGV .* given up/);
      expect([registers(session), session.lastStop]).toEqual([before, stop]);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('that meets a breakpoint is given up, and the breakpoint has been hit', () =>
    inMain(async (session) => {
      const { id } = session.break('plus_one');
      const stop = session.lastStop;
      await expect(session.evaluate('plus_one(1)')).rejects.toThrow('met breakpoint 1');
      expect([session.breakpoints.get(id).hits, session.lastStop]).toEqual([1, stop]);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('during which another thread comes to a breakpoint is given up, and the breakpoint is told of when the program goes on', () =>
    inMain(async (session) => {
      const { id } = session.break(at('// turn'), { condition: 'i == 1' });
      await expect(session.evaluate('waits()')).rejects.toThrow(/thread 2 met breakpoint 1/);
      expect(session.breakpoints.get(id).hits).toBe(0);
      const stop = stopOf(await session.continue());
      expect([stop.reason, stop.thread.id, session.breakpoints.get(id).hits]).toEqual(['breakpoint', 2, 1]);
      expect(await number(session, 'i')).toBe(1);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('lets the other threads run, so that it can wait for them', () =>
    inMain(async (session) => {
      expect(await number(session, 'waits()')).toBe(3);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('that forks makes a child that goes on from here', () =>
    inMain(async (session, output) => {
      const child = await number(session, 'forks()');
      expect(session.processes().map(({ pid }) => pid)).toContain(child);
      session.break(at('// end'));
      const pids = new Set<number>();
      for (let stop = 0; stop < 2; stop++) pids.add(stopOf(await session.continue()).process.pid);
      expect(pids.size).toBe(2);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('0\n0\n');
    }));

  it('that ends the program says so', () =>
    inMain(async (session) => {
      await expect(session.evaluate('ends(5)')).rejects.toThrow('The program ended while the function ran.');
      expect(session.state).toBe('none');
    }));

  it('made at a signal leaves the signal as the kernel made it', () =>
    driven(fixture('called'), async (session) => {
      session.programArguments = ['fault'];
      expect(stopOf(await session.run()).signal?.name).toBe('SIGSEGV');
      expect(await number(session, 'plus_one(1)')).toBe(2);
      expect(await number(session, '(long) $_siginfo._sifields._sigfault.si_addr')).toBe(16);
      // The handler finds the address, not what a debugger made up.
      expect(endOf(await session.continue())).toBe('exited 7');
    }));
});

describe('a call that is stopped and stays on the stack', () => {
  const stay = (session: Session, text: string): Promise<unknown> => session.values.evaluate(text, undefined, 'stay');

  /** The functions on the stack, innermost first, down to main. */
  const functions = (session: Session): string[] => {
    const names = session.stack().frames(20).map((frame) => frameLabel(frame) ?? frame.functionName ?? '??'); // prettier-ignore
    return names.slice(0, names.indexOf('main') + 1);
  };
  const called = '<function called from deet>';

  it('is debugged like the rest of the program, and finished; another one may be made within', () =>
    inMain(async (session, output) => {
      const [before, place] = [registers(session), placeOf(session)];
      session.break('plus_one');
      await expect(stay(session, 'plus_one(1)')).rejects.toThrow('The function plus_one met breakpoint 1; the expression is abandoned');
      expect(functions(session)).toEqual(['plus_one', called, 'main']);
      const inside = registers(session);
      await expect(stay(session, 'plus_one(40)')).rejects.toThrow(CallStopped);
      expect(functions(session)).toEqual(['plus_one', called, 'plus_one', called, 'main']);
      expect(await number(session, 'n')).toBe(40);
      await session.step({ over: true, instruction: false });
      expect(placeOf(session)).toBe(`plus_one:${Number(at('// plus one')) + 1}`);
      const inner = stopOf(await session.finish());
      expect([inner.returned && toInteger(inner.returned.value), inner.call?.name]).toEqual([41n, 'plus_one']);
      expect([registers(session), functions(session)]).toEqual([inside, ['plus_one', called, 'main']]);
      session.breakpoints.delete(1);
      const outer = stopOf(await session.continue());
      expect(outer.returned && toInteger(outer.returned.value)).toBe(2n);
      expect([registers(session), placeOf(session)]).toEqual([before, place]);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('0\n');
    }));

  it('is left by a step out of it, or by return from any of its frames', () =>
    inMain(async (session) => {
      const before = registers(session);
      session.break('plus_one');
      await expect(stay(session, 'plus_one(1)')).rejects.toThrow(CallStopped);
      const stepped = stopOf(await session.step({ over: false, instruction: false, count: 2 }));
      expect([stepped.call?.name, registers(session)]).toEqual(['plus_one', before]);
      for (const level of [0, 1, 2, 3]) {
        for (const argument of [5, 6]) await expect(stay(session, `plus_one(${argument})`)).rejects.toThrow(CallStopped);
        session.selectFrame(level);
        await session.returnNow();
        if (level < 2) await session.returnNow();
        expect(registers(session)).toBe(before);
      }
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('stays when return only leaves what its function has called', () =>
    inMain(async (session) => {
      const before = registers(session);
      session.break('plus_one');
      await expect(stay(session, 'plus_two(1)')).rejects.toThrow(CallStopped);
      await session.returnNow();
      expect(functions(session)).toEqual(['plus_two', called, 'main']);
      await session.returnNow();
      expect([registers(session), functions(session)]).toEqual([before, ['main']]);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('stays at a signal, too, unless that is to unwind', () =>
    inMain(async (session) => {
      const before = registers(session);
      await expect(stay(session, 'faults(1)')).rejects.toThrow('The function faults received SIGSEGV');
      expect([session.lastStop?.signal?.name, functions(session)]).toEqual(['SIGSEGV', ['faults', called, 'main']]);
      await session.returnNow();
      session.settings.set('unwindonsignal', 'on');
      await expect(stay(session, 'faults(1)')).rejects.toThrow('given up');
      expect(registers(session)).toBe(before);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('waits while another thread is looked at', () =>
    inMain(async (session) => {
      session.break(at('// turn'), { condition: 'i == 1' });
      await expect(stay(session, 'waits()')).rejects.toThrow(/thread 2 met breakpoint 1/);
      expect([session.selection().thread.id, await number(session, 'i')]).toEqual([2, 1]);
      const over = stopOf(await session.continue());
      expect([over.thread.id, over.returned && toInteger(over.returned.value), placeOf(session)]).toEqual([1, 3n, `main:${at('// here')}`]);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('comes back in a child that it forked as well', () =>
    inMain(async (session, output) => {
      session.break('plus_one');
      await expect(stay(session, 'plus_one(1)')).rejects.toThrow(CallStopped);
      await number(session, 'forks()');
      const callers = stopOf(await session.continue());
      expect([callers.call?.name, placeOf(session)]).toEqual(['plus_one', `main:${at('// here')}`]);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('0\n0\n');
    }));
});

describe('$_siginfo', () => {
  it('tells a sender, and can be written before the program sees it', () =>
    driven(fixture('called'), async (session) => {
      session.programArguments = ['fault'];
      stopOf(await session.run());
      expect(await number(session, '$_siginfo.si_signo')).toBe(11);
      expect(await number(session, '$_siginfo.si_code')).toBe(1);
      await session.evaluate('$_siginfo._sifields._sigfault.si_addr = (void *) 99');
      expect(endOf(await session.continue())).toBe('exited 8');
    }));

  it('is void without a process', () =>
    driven(fixture('called'), async (session) => {
      expect((await session.evaluate('$_siginfo')).type.kind).toBe('void');
    }));
});

describe('queue-signal', () => {
  it('gives a thread a signal although it was stopped by something else than a signal', () =>
    driven(fixture('signals_counted'), async (session) => {
      session.break('main');
      stopOf(await session.run());
      session.queueSignal(15);
      expect(endOf(await session.continue())).toBe('killed SIGTERM');
    }));

  it('reaches the selected one of several threads, which stands in no signal', () =>
    inMain(async (session) => {
      const other = session.threads().find(({ id }) => id === 2);
      if (!other) throw new Error('no second thread');
      session.selectThread(other);
      session.queueSignal(15);
      expect(endOf(await session.continue())).toBe('killed SIGTERM');
    }));
});
