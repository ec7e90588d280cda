/** Breakpoints where naive debuggers go wrong: side by side, twice, under the program counter, on a system call, where nothing is mapped. */
import { describe, expect, it, vi } from 'vitest';
import { hex, type Address } from '../../src/common/addresses.js';
import { DeetError } from '../../src/common/errors.js';
import { native } from '../../src/native.js';
import type { Session } from '../../src/session/session.js';
import type { Outcome } from '../../src/session/types.js';
import { compileText, fixture, lineOf, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { processFacts } from '../helpers/processes.js';
import { until } from '../helpers/until.js';
import { addressOf, driven, endOf, placeOf, stopOf, waitingInput } from './drive.js';

leakGuard();

const points = fixture('patch_points');

const at = (address: Address): string => `*${hex(address)}`;
const breakAt = (session: Session, name: string, offset = 0n): number => session.break(at(addressOf(session, name) + offset)).id;

/** Why and where: `breakpoints 0,1 at one_byte_a`. */
const told = (session: Session, outcome: Outcome, names: readonly string[]): string => {
  const { breakpoints, thread, reason, signal } = stopOf(outcome);
  const here = names.find((name) => addressOf(session, name) === thread.pc) ?? hex(thread.pc);
  const why = reason === 'breakpoint' ? `breakpoints ${breakpoints.map(({ id }) => id).join(',')}` : (signal?.name ?? reason);
  return `${why} at ${here}`;
};

const failure = (attempt: () => unknown): DeetError => {
  try {
    attempt();
  } catch (error) {
    if (error instanceof DeetError) return error;
    throw error;
  }
  throw new Error('it succeeded');
};

describe('neighbours', () => {
  const names = ['one_byte_a', 'one_byte_b', 'one_byte_c', 'relative'];

  it('several in one 8-byte word, on adjacent instructions, are each hit once, and the program runs as without', () =>
    driven(points, async (session) => {
      for (const name of names) breakAt(session, name);
      const stops = [told(session, await session.run(), names)];
      for (let i = 0; i < 3; i++) stops.push(told(session, await session.continue(), names));
      expect(stops).toEqual(names.map((name, id) => `breakpoints ${id} at ${name}`));
      expect(endOf(await session.continue())).toBe('exited 11');
      expect(session.breakpoints.all().map(({ hits }) => hits)).toEqual([1, 1, 1, 1]);
    }));

  it('are met by single steps as well, and memory never shows them', () =>
    driven(points, async (session) => {
      const code = session.programImage()?.image.bytesAt(session.images()[0]?.image.symbolsNamed('main')[0]?.address, 32);
      for (const name of names) breakAt(session, name);
      const { thread } = stopOf(await session.run());
      const stops: string[] = [];
      for (let i = 0; i < 3; i++) stops.push(told(session, await session.step({ over: false, instruction: true }), names));
      expect(stops).toEqual(names.slice(1).map((name, i) => `breakpoints ${i + 1} at ${name}`));
      expect(thread.process.space.read(addressOf(session, 'main'), 32)).toEqual(code);
      expect(thread.process.space.readRaw(addressOf(session, 'main'), 3)).toEqual(Uint8Array.of(0xcc, 0xcc, 0xcc));
    }));

  it('on the rest of an instruction that is a breakpoint elsewhere: a call, a branch, a string instruction, all of them at once', () =>
    driven(points, async (session) => {
      const all = [...names, 'loop_top', 'loop_branch', 'call_site', 'leaf', 'leaf_return', 'prefixed', 'repeated', 'condition'];
      for (const name of all) breakAt(session, name);
      let outcome = await session.run();
      let stops = 0;
      for (; outcome.kind === 'stopped'; outcome = await session.continue()) stops++;
      expect(endOf(outcome)).toBe('exited 11');
      expect(session.breakpoints.all().map(({ hits }) => hits)).toEqual([1, 1, 1, 1, 5, 5, 1, 1, 1, 1, 1, 1]);
      expect(stops).toBe(20);
    }));

  it('a turn of a string instruction that ends just after deet has looked is no new hit', () =>
    driven(points, async (session) => {
      breakAt(session, 'repeated');
      const stopped = stopOf(await session.run());
      const tick = native.waitTick.bind(native);
      let isEarly = false;
      const spy = vi.spyOn(native, 'waitTick').mockImplementation((tid, status) => {
        isEarly = !isEarly;
        if (!isEarly) return tick(tid, status);
        // The look comes to nothing, and when the next begins the thread has made its step.
        while (processFacts(tid)?.state === 'R') continue;
        return 0;
      });
      try {
        expect(endOf(await session.continue())).toBe('exited 11');
      } finally {
        spy.mockRestore();
      }
      expect(stopped.breakpoints.map(({ hits }) => hits)).toEqual([1]);
    }));
});

describe('one place', () => {
  it('twice the same address is one stop, of both, planted once', () =>
    driven(points, async (session) => {
      breakAt(session, 'one_byte_b');
      breakAt(session, 'one_byte_b');
      const outcome = await session.run();
      expect(told(session, outcome, ['one_byte_b'])).toBe('breakpoints 0,1 at one_byte_b');
      const { sites } = stopOf(outcome).process.space;
      expect(sites.at(addressOf(session, 'one_byte_b'))?.owners.size).toBe(2);
      session.breakpoints.delete(0);
      expect(sites.at(addressOf(session, 'one_byte_b'))?.owners.size).toBe(1);
      session.breakpoints.delete(1);
      expect(sites.at(addressOf(session, 'one_byte_b'))).toBeUndefined();
      expect(endOf(await session.continue())).toBe('exited 11');
    }));

  it('at the current pc is not hit by going on from there, but by the next arrival', () =>
    driven(points, async (session) => {
      breakAt(session, 'loop_top');
      await session.run();
      session.breakpoints.delete(0);
      breakAt(session, 'loop_top');
      let hits = 0;
      let outcome = await session.continue();
      for (; outcome.kind === 'stopped'; outcome = await session.continue()) hits++;
      expect(hits).toBe(4);
      expect(endOf(outcome)).toBe('exited 11');
    }));

  it('at a pc that was reached by stepi, set afterwards, is not hit by going on', () =>
    driven(points, async (session) => {
      breakAt(session, 'one_byte_a');
      await session.run();
      await session.step({ over: false, instruction: true });
      breakAt(session, 'one_byte_b');
      expect(endOf(await session.continue())).toBe('exited 11');
      expect(session.breakpoints.get(1).hits).toBe(0);
    }));

  it('jumped to is hit there', () =>
    driven(points, async (session) => {
      breakAt(session, 'one_byte_a');
      breakAt(session, 'one_byte_b');
      await session.run();
      const outcome = await session.jump(at(addressOf(session, 'one_byte_b')));
      expect(told(session, outcome, ['one_byte_b'])).toBe('breakpoints 1 at one_byte_b');
    }));

  it('removed while the thread stands on it lets the thread execute what is there', () =>
    driven(points, async (session) => {
      breakAt(session, 'relative');
      await session.run();
      session.breakpoints.delete(0);
      expect(endOf(await session.continue())).toBe('exited 11');
    }));
});

describe('in a loop', () => {
  it('counts each passage; conditions and ignore counts count as in gdb', () =>
    driven(fixture('threads_hit'), async (session) => {
      session.programArguments = ['1', '20'];
      session.break('touch', { condition: 'passages % 4 == 3' });
      session.break('touch', { ignore: 15 });
      const passages: string[] = [];
      for (let outcome = await session.run(); outcome.kind === 'stopped'; outcome = await session.continue()) {
        const value = await session.evaluate('passages');
        passages.push(`${outcome.stop.breakpoints.map(({ id }) => id).join(',')} after ${value.bytes()[0]}`);
      }
      expect(passages).toEqual([
        '0 after 3',
        '0 after 7',
        '0 after 11',
        '0,1 after 15',
        '1 after 16',
        '1 after 17',
        '1 after 18',
        '0,1 after 19',
      ]);
      expect(session.breakpoints.all().map(({ hits }) => hits)).toEqual([5, 20]);
    }));

  it('a temporary one is gone after its hit, a disabled one does not stop', () =>
    driven(points, async (session) => {
      session.break(at(addressOf(session, 'loop_top')), { temporary: true });
      const other = breakAt(session, 'loop_branch');
      session.breakpoints.enable(other, false);
      expect(told(session, await session.run(), ['loop_top'])).toBe('breakpoints 0 at loop_top');
      expect(session.breakpoints.all().map(({ id }) => id)).toEqual([other]);
      expect(endOf(await session.continue())).toBe('exited 11');
      expect(session.breakpoints.get(other).hits).toBe(0);
    }));

  it('enable once, count and delete do what they say', () =>
    driven(points, async (session) => {
      const id = breakAt(session, 'loop_top');
      session.breakpoints.update(id, { enableCount: 2 });
      const stops = [told(session, await session.run(), ['loop_top']), told(session, await session.continue(), ['loop_top'])];
      expect(stops).toEqual(['breakpoints 0 at loop_top', 'breakpoints 0 at loop_top']);
      expect(endOf(await session.continue())).toBe('exited 11');
      expect(session.breakpoints.get(id).enabled).toBe(false);
    }));

  it('continue N passes N - 1 hits', () =>
    driven(points, async (session) => {
      breakAt(session, 'loop_top');
      await session.run();
      expect(told(session, await session.continue(2), ['loop_top'])).toBe('breakpoints 0 at loop_top');
      expect(session.breakpoints.get(0).hits).toBe(4);
      expect(told(session, await session.continue(), ['loop_top'])).toBe('breakpoints 0 at loop_top');
      expect(endOf(await session.continue())).toBe('exited 11');
    }));
});

describe('the syscall instruction', () => {
  const exit = sample('exit');
  /** `syscall` is 0f 05. */
  const findSyscall = (session: Session): Address => {
    const leave = addressOf(session, 'leave');
    const code = session.programImage()?.image.bytesAt(Number(leave) as never, 64) ?? new Uint8Array();
    return leave + BigInt(code.findIndex((byte, i) => byte === 0x0f && code[i + 1] === 0x05));
  };

  it.each(['continue', 'stepi', 'nexti', 'step', 'next', 'finish'] as const)('of samples/exit: %s over it ends the process', (how) =>
    driven(exit, async (session) => {
      session.programArguments = ['7'];
      session.break(at(findSyscall(session)));
      expect(placeOf((stopOf(await session.run()), session))).toMatch(/^leave:/);
      const outcome =
        how === 'continue'
          ? await session.continue()
          : how === 'finish'
            ? await session.finish()
            : await session.step({ over: how.startsWith('next'), instruction: how.endsWith('i') });
      expect(endOf(outcome)).toBe('exited 7');
      expect(session.state).toBe('none');
    }),
  );

  it('that sleeps, interrupted and restarted, is one hit each time it is executed', () =>
    driven(fixture('restarts'), async (session, output) => {
      session.programArguments = ['until told'];
      const tell = waitingInput(session);
      session.break('syscall', { pending: true });
      const { thread } = stopOf(await session.run());
      const code = thread.process.space.read(thread.pc, 256);
      const offset = code.findIndex((byte, i) => byte === 0x0f && code[i + 1] === 0x05);
      expect(offset).toBeGreaterThan(0);
      session.breakpoints.delete(0);
      session.break(at(thread.pc + BigInt(offset)));
      expect(stopOf(await session.continue()).reason).toBe('breakpoint');
      for (let i = 0; i < 3; i++) {
        const going = session.continue();
        await until(() => processFacts(thread.tid)?.state === 'S');
        session.pause();
        expect(stopOf(await going).reason).toBe('pause');
      }
      session.breakpoints.enable(1, false);
      tell();
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(session.breakpoints.get(1).hits).toBe(1);
      expect(output()).toBe('poll 1 when told\n');
    }));
});

describe('a signal just behind a breakpoint', () => {
  it('is a signal there, not a second hit', () =>
    driven(points, async (session) => {
      breakAt(session, 'one_byte_a');
      const { process } = stopOf(await session.run());
      await session.step({ over: false, instruction: true });
      native.kill(process.pid, 2);
      expect(told(session, await session.continue(), ['one_byte_b'])).toBe('SIGINT at one_byte_b');
      expect(session.breakpoints.get(0).hits).toBe(1);
      expect(endOf(await session.continue())).toBe('exited 11');
    }));

  it('and on it: the breakpoint is hit once, before or after', () =>
    driven(points, async (session) => {
      breakAt(session, 'one_byte_a');
      breakAt(session, 'one_byte_b');
      const { process } = stopOf(await session.run());
      native.kill(process.pid, 2);
      const stops = [told(session, await session.continue(), ['one_byte_a', 'one_byte_b'])];
      stops.push(told(session, await session.continue(), ['one_byte_a', 'one_byte_b']));
      expect(stops).toEqual(['SIGINT at one_byte_a', 'breakpoints 1 at one_byte_b']);
      expect(endOf(await session.continue())).toBe('exited 11');
      expect(session.breakpoints.all().map(({ hits }) => hits)).toEqual([1, 1]);
    }));

  it('with a handler that itself runs over the breakpoint: hit in the handler, not again by its return', () => {
    const program = compileText(
      'handler_over.c',
      `#include <signal.h>
int count;
static void touch(void) { count++; }
static void handler(int s) { (void)s; touch(); }
int main(void) { signal(SIGUSR1, handler); touch(); touch(); return count; }
`,
    );
    return driven(program, async (session) => {
      session.signals.handle('SIGUSR1 nostop noprint');
      session.break('touch');
      const { process } = stopOf(await session.run());
      native.kill(process.pid, 10);
      const depth = stopOf(await session.continue()) && [...session.stack()].length;
      expect(depth).toBeGreaterThan(3); // touch, handler, <signal handler called>, touch, main
      stopOf(await session.continue());
      expect(endOf(await session.continue())).toBe('exited 3');
      expect(session.breakpoints.get(0).hits).toBe(3);
    });
  });
});

describe('what cannot be', () => {
  it('an address that is not mapped is said, and not listed', () =>
    driven(points, async (session) => {
      breakAt(session, 'one_byte_a');
      await session.run();
      const error = failure(() => session.break('*0x10'));
      expect(error.code).toBe('memory');
      expect(error.message).toBe('Cannot insert breakpoint at 0x10: no memory is mapped there.');
      expect(session.breakpoints.all()).toHaveLength(1);
      expect(breakAt(session, 'one_byte_b')).toBe(1);
      expect(endOf((await session.continue(), await session.continue()))).toBe('exited 11');
    }));

  it('... before the run, too', () =>
    driven(points, (session) => {
      const error = failure(() => session.break('*0x10'));
      expect(error.message).toContain('0x10');
      expect(session.breakpoints.all()).toEqual([]);
    }));

  it('no argument: nowhere before a run, the very instruction at a stop, the return address in a caller', () =>
    driven(fixture('recursion'), async (session) => {
      expect(failure(() => session.break('')).message).toContain('There is no current place to break at');
      breakAt(session, 'factorial');
      const { thread } = stopOf(await session.run());
      expect(session.break('').locations.map(({ address }) => address)).toEqual([thread.pc]);
      const caller = session.selectFrame(1);
      expect(session.break('').locations.map(({ address }) => address)).toEqual([caller.pc]);
    }));

  it('an unknown function is said, with the nearest name', () =>
    driven(fixture('recursion'), (session) => {
      const error = failure(() => session.break('factoral'));
      expect(error.message).toBe('Function "factoral" not defined.');
      expect(error.hint).toBe('Did you mean "factorial"?');
      expect(session.breakpoints.all()).toEqual([]);
    }));

  it('a condition that names what the place does not know is said when it is given, and nothing is set', () =>
    driven(fixture('recursion'), async (session) => {
      expect(() => session.break('factorial', { condition: 'm == 3' })).toThrow('No symbol "m" in current context.');
      expect(session.breakpoints.all()).toEqual([]);
      const { id } = session.break('factorial', { condition: 'n == 3 && $unset == 0' });
      expect(() => {
        session.breakpoints.setCondition(id, 'n == parity');
      }).toThrow('No symbol "parity" in current context.');
      expect(session.breakpoints.get(id).condition).toBe('n == 3 && $unset == 0');
      expect(placeOf((stopOf(await session.run()), session))).toMatch(/^factorial:/);
    }));

  it('a line past the end, an unknown file', () =>
    driven(fixture('recursion'), (session) => {
      expect(failure(() => session.break('1000')).message).toMatch(/^Line 1000 is past the end of the code of ".*recursion\.c"\.$/);
      expect(failure(() => session.break('recursoin.c:7')).hint).toBe('Did you mean "recursion.c"?');
      expect(session.breakpoints.all()).toEqual([]);
    }));

  it('a line without code slides to the next that has some', () =>
    driven(fixture('recursion'), async (session) => {
      const { locations } = session.break(String(lineOf('recursion.c', '#include')));
      expect(locations.map(({ position }) => position?.line)).toEqual(
        [lineOf('recursion.c', 'static int factorial(int n) {') + 1].map((n) => n),
      );
      expect(stopOf(await session.run()).reason).toBe('breakpoint');
    }));

  it('an ambiguous name is one breakpoint with a location each', () =>
    driven(fixture('shared'), async (session) => {
      session.break('helper');
      const places: string[] = [];
      for (let outcome = await session.run(); outcome.kind === 'stopped'; outcome = await session.continue()) places.push(placeOf(session));
      const library = `helper:${lineOf('shared_lib.c', '// library helper')}`;
      const own = `helper:${lineOf('shared.c', '// program helper')}`;
      expect(places).toEqual([library, library, own, own]);
      expect(session.breakpoints.get(0).locations).toHaveLength(2);
      expect(session.breakpoints.get(0).hits).toBe(4);
    }));

  it('one that no library has yet waits, when that was asked for', () =>
    driven(fixture('dlopen'), async (session) => {
      expect(failure(() => session.break('library_add')).code).toBe('no-symbol');
      expect(session.break('library_add', { pending: true }).pending).toBe(true);
      expect(placeOf((stopOf(await session.run()), session))).toBe(`library_add:${lineOf('shared_lib.c', 'library_calls++')}`);
      stopOf(await session.continue());
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(session.breakpoints.get(0).hits).toBe(2);
    }));
});

describe('indirect functions', () => {
  const indirect = fixture('ifunc');

  it.each(['before the run', 'at main'])('by their name stop in the function that was picked, not in the resolver (set %s)', (when) =>
    driven(indirect, async (session, output) => {
      if (when === 'at main') await session.start('main');
      session.break('chosen');
      const outcome = when === 'at main' ? await session.continue() : await session.run();
      expect(placeOf((stopOf(outcome), session))).toBe(`plain:${lineOf('ifunc.c', '// plain')}`);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(output()).toBe('42\n');
    }),
  );

  const calls = `#include <string.h>
int main(int argc, char **argv) { size_t (*volatile length)(const char *) = strlen; return argc + (int)length(argv[0]) < 2; }
`;
  it.each([[], ['-static'], ['-Wl,-z,now']])("libc's strlen: %s", (...flags) =>
    driven(compileText('measures.c', calls, ['-fno-builtin', ...flags]), async (session) => {
      session.break('strlen', { pending: true });
      const { breakpoints } = stopOf(await session.run());
      expect(breakpoints[0]?.locations).toHaveLength(1);
      expect(session.stack().frame(1)?.functionName).toBe('main');
      session.breakpoints.delete(0);
      expect(endOf(await session.continue())).toBe('exited 0');
    }),
  );
});

describe('over runs', () => {
  it('breakpoints survive the exit and the restart; hit counts begin anew', () =>
    driven(fixture('recursion'), async (session) => {
      session.break('factorial', { condition: 'n == 2' });
      stopOf(await session.run());
      expect(endOf(await session.continue())).toBe('exited 0');
      stopOf(await session.run());
      const { thread } = stopOf(await session.run()); // while one is alive: killed first
      expect(thread.process.alive).toBe(true);
      expect(endOf(await session.continue())).toBe('exited 0');
      expect(session.breakpoints.all()).toHaveLength(1);
    }));

  it('are planted where a position-independent program is loaded, and move with it', () =>
    driven(fixture('recursion', 'pie'), async (session) => {
      session.settings.set('disable-randomization', 'off');
      session.break('factorial');
      const places = [stopOf(await session.run()).thread.pc, stopOf(await session.run()).thread.pc];
      expect(placeOf(session)).toBe(`factorial:${lineOf('recursion.c', '// base')}`);
      expect(places[0] === places[1]).toBe(false);
      expect(places.every((pc) => (pc & 0xfffn) === ((places[0] ?? 0n) & 0xfffn))).toBe(true);
    }));

  it('an address of a position-independent file follows it to where it is loaded', () =>
    driven(fixture('recursion', 'pie'), async (session) => {
      const inFile = addressOf(session, 'factorial');
      session.break(at(inFile));
      const { thread, process } = stopOf(await session.run());
      expect(thread.pc - (process.images.main?.bias ?? 0n)).toBe(inFile);
    }));
});
