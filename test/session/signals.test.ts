/** Signals: handlers run as without a debugger, each signal once; a fatal one kills when the program goes on; `handle` does as in gdb. */
import { describe, expect, it } from 'vitest';
import { native } from '../../src/native.js';
import type { Session } from '../../src/session/session.js';
import type { Outcome } from '../../src/session/types.js';
import { compileText, fixture, lineOf, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { processFacts } from '../helpers/processes.js';
import { until } from '../helpers/until.js';
import { driven, endOf, placeOf, record, stopOf, waitingInput } from './drive.js';

leakGuard();

/** Goes on to the end; the reasons of the stops on the way. */
const toTheEnd = async (session: Session, first: Outcome): Promise<{ stops: string[]; end: string }> => {
  const stops: string[] = [];
  let outcome = first;
  for (; outcome.kind === 'stopped'; outcome = await session.continue()) stops.push(outcome.stop.signal?.name ?? outcome.stop.reason);
  return { stops, end: endOf(outcome) };
};

describe('handlers run', () => {
  const expected = 'alarms 5, children 3, user signals 10\n';

  it('SIGCHLD and SIGALRM pass without a stop, SIGUSR1 stops and is delivered when the program goes on', () =>
    driven(fixture('signals_counted'), async (session, output) => {
      const { stops, end } = await toTheEnd(session, await session.run());
      expect(stops).toEqual(Array<string>(10).fill('SIGUSR1'));
      expect(end).toBe('exited 0');
      expect(output()).toBe(expected);
    }));

  it('with a breakpoint in each handler', () =>
    driven(fixture('signals_counted'), async (session, output) => {
      session.signals.handle('SIGUSR1 nostop noprint');
      session.break('on_alarm');
      session.break('on_user');
      session.break('on_child');
      session.break('work');
      const { end } = await toTheEnd(session, await session.run());
      expect(end).toBe('exited 0');
      expect(output()).toBe(expected);
      const hits = session.breakpoints.all().map((each) => each.hits);
      expect(hits[1]).toBe(10);
      expect(hits[3]).toBe(10);
      expect(hits[0]).toBeGreaterThanOrEqual(5);
      expect(hits[2]).toBeGreaterThanOrEqual(3);
    }));

  it('with a false condition on the function that sends them', () =>
    driven(fixture('signals_counted'), async (session, output) => {
      session.signals.handle('SIGUSR1 nostop noprint');
      session.break('work', { condition: 'i < 0' });
      expect(endOf(await session.run())).toBe('exited 0');
      expect(output()).toBe(expected);
    }));

  it('single-stepped from one to the other', () =>
    driven(fixture('signals_counted'), async (session, output) => {
      session.signals.handle('SIGUSR1 nostop noprint');
      session.break('work', { temporary: true });
      await session.run();
      for (let i = 0; i < 400; i++) stopOf(await session.step({ over: false, instruction: true }));
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe(expected);
    }));
});

describe('fatal signals', () => {
  it('SIGSEGV stops at the fault with its address, and kills when continued', () =>
    driven(sample('segfault'), async (session) => {
      const { reason, signal } = stopOf(await session.run());
      expect([reason, signal?.name, signal?.info?.codeName]).toEqual(['signal', 'SIGSEGV', 'SEGV_MAPERR']);
      expect(endOf(await session.continue())).toBe('killed SIGSEGV');
      expect(session.state).toBe('none');
    }));

  it('passing none instead (signal 0) meets the fault again', () =>
    driven(sample('segfault'), async (session) => {
      stopOf(await session.run());
      expect(stopOf(await session.signalAndContinue(0)).signal?.name).toBe('SIGSEGV');
      expect(endOf(await session.signalAndContinue(6))).toBe('killed SIGABRT');
    }));

  it('SIGKILL from elsewhere ends the program', () =>
    driven(sample('sleepy_print'), async (session) => {
      session.break('main');
      const { process } = stopOf(await session.run());
      native.kill(process.pid, 9);
      expect(endOf(await session.continue())).toBe('killed SIGKILL');
    }));
});

describe('handle', () => {
  const program = compileText(
    'three_signals.c',
    `#include <signal.h>
#include <stdio.h>
int users;
static void on_user(int s) { (void)s; users++; }
int main(void) {
  signal(SIGUSR1, on_user);
  signal(SIGUSR2, on_user);
  raise(SIGUSR1);
  raise(SIGUSR2);
  raise(SIGURG);
  printf("%d\\n", users);
  return 0;
}
`,
  );

  it('stop, nostop, print and nopass', () =>
    driven(program, async (session, output) => {
      const events = record(session);
      session.signals.handle('SIGUSR1 stop print nopass');
      session.signals.handle('SIGUSR2 nostop print');
      const { stops, end } = await toTheEnd(session, await session.run());
      expect(stops).toEqual(['SIGUSR1']);
      expect(end).toBe('exited 0');
      expect(output()).toBe('1\n');
      expect(events.flatMap((event) => (event.type === 'signal' ? [event.name] : []))).toEqual(['SIGUSR2']);
    }));

  it('batch: what the program handles itself does not stop it, unless asked', () =>
    driven(
      program,
      async (session, output) => {
        expect((await toTheEnd(session, await session.run())).stops).toEqual([]);
        expect(output()).toBe('2\n');
        session.signals.handle('SIGUSR2 stop');
        expect((await toTheEnd(session, await session.run())).stops).toEqual(['SIGUSR2']);
      },
      { batch: true },
    ));
});

describe("the program's own traps", () => {
  it('SIGTRAP by its own trap flag stops as a signal, and reaches its handler', () =>
    driven(
      compileText(
        'trap_flag.c',
        `#include <signal.h>
#include <stdio.h>
static volatile int traps;
static void on_trap(int signal) { (void)signal; traps++; }
int main(void) {
  signal(SIGTRAP, on_trap);
  __asm__ volatile("pushf; orl $0x100, (%%rsp); popf; nop; pushf; andl $~0x100, (%%rsp); popf" ::: "memory", "cc");
  printf("%d traps\\n", traps);
  return 0;
}
`,
      ),
      async (session, output) => {
        const { signal } = stopOf(await session.run());
        expect(signal?.name).toBe('SIGTRAP');
        session.signals.handle('SIGTRAP nostop noprint pass');
        expect(endOf(await session.continue())).toBe('exited 0');
        expect(output()).toBe('3 traps\n');
      },
    ));

  it('an int3 of its own is a SIGTRAP there, handed on when asked', () =>
    driven(fixture('own_trap'), async (session, output) => {
      const { stops, end } = await toTheEnd(session, await session.run());
      expect(stops).toEqual(['SIGTRAP', 'SIGTRAP', 'SIGTRAP']);
      expect(end).toBe('exited 0');
      expect(output()).toBe('0 traps\n');
      session.signals.handle('SIGTRAP nostop noprint pass');
      expect(endOf(await session.run())).toBe('exited 0');
      expect(output()).toBe('3 traps\n');
    }));

  it.each(['on', 'off'])(
    'a breakpoint on the int3 itself stops before it, and the trap is still its own (displaced stepping %s)',
    (displaced) =>
      driven(fixture('own_trap'), async (session) => {
        session.break(String(lineOf('own_trap.c', '// first trap')));
        session.settings.set('displaced-stepping', displaced);
        expect(stopOf(await session.run()).reason).toBe('breakpoint');
        expect(stopOf(await session.continue()).signal?.name).toBe('SIGTRAP');
        expect(placeOf(session)).toMatch(/^main:/);
      }),
  );
});

describe('stops by others', () => {
  it('job control works as without a debugger', () =>
    driven(fixture('job_control'), async (session, output) => {
      const { stops, end } = await toTheEnd(session, await session.run());
      expect(stops).toEqual(['SIGSTOP', 'SIGCONT']); // gdb's table: stop, print and pass
      expect(end).toBe('exited 0');
      expect(output()).toBe('stopped by 19\ncontinued\nexited 5\n');
    }));

  it('a family that job control has stopped gives the prompt back, and continue wakes it as fg does', () =>
    driven(
      compileText('stops_itself.c', 'int main(void) { raise(SIGTSTP); return raise(SIGSTOP); }', ['-include', 'signal.h']),
      async (session) => {
        const { stops, end } = await toTheEnd(session, await session.run());
        expect(stops).toEqual(['SIGTSTP', 'SIGTSTP', 'SIGSTOP', 'SIGSTOP']); // as gdb: the signal, then the stop that it made
        expect(end).toBe('exited 0');
      },
    ));

  it('... with a forked child and threads that are stopped with it', () =>
    driven(
      compileText(
        'stops_all.c',
        `void *rest(void *unused) { for (;;) pause(); return unused; }
         int main(void) {
           pthread_t thread;
           pthread_create(&thread, 0, rest, 0);
           if (fork() == 0) { pause(); return 1; }
           kill(0, SIGTSTP); return 3;
         }`,
        ['-include', 'signal.h', '-include', 'pthread.h', '-include', 'unistd.h', '-pthread'],
      ),
      async (session) => {
        session.signals.handle('SIGTSTP nostop noprint');
        const outcome = await session.run();
        expect(stopOf(outcome).signal?.name).toBe('SIGTSTP');
        expect(session.threads().map(({ groupStopped }) => groupStopped)).toEqual([true, true, true]);
        session.signals.handle('SIGCONT stop'); // not asked about: it was the user's own wish
        const last = session.processes()[1];
        const going = session.continue();
        last.threads.forEach(({ tid }) => native.kill(tid, 9));
        expect(endOf(await going)).toBe('exited 3');
      },
    ));

  it('jump leaves the signal behind that stopped the program', () =>
    driven(
      compileText('crashing_line.c', 'static int *nowhere;\nint main(void) {\n  int ok = 3;\n  *nowhere = 1;\n  ok++;\n  return ok;\n}\n'),
      async (session) => {
        expect(stopOf(await session.run()).signal?.name).toBe('SIGSEGV');
        expect(endOf(await session.jump('5'))).toBe('exited 4');
      },
    ));

  it('pause stops a sleeping program, and it sleeps on', () =>
    driven(fixture('restarts'), async (session, output) => {
      session.programArguments = ['until told'];
      const tell = waitingInput(session);
      const going = session.run();
      await until(() => session.threads().some(({ tid }) => processFacts(tid)?.state === 'S' && processFacts(tid)?.name === 'restarts'));
      session.pause();
      expect(stopOf(await going).reason).toBe('pause');
      tell();
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('poll 1 when told\n');
    }));
});
