/** Watchpoints: what they follow, how they end, and what they do when the debug registers do not suffice. */
import { describe, expect, it } from 'vitest';
import { debugRegistersTrap } from '../../src/inferior/debug_registers.js';
import { observeNative } from '../../src/native.js';
import type { Session } from '../../src/session/session.js';
import type { Outcome, Stop } from '../../src/session/types.js';
import { compileText, fixture, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, record, stopOf } from './drive.js';

leakGuard();

/** Without them the same is found by stepping. */
const registers = debugRegistersTrap();

const source = 'watch_cases.c';
const at = (text: string): number => lineOf(source, text);

const kernelWrites = `
#include <unistd.h>
char buf[8];
int got, unread;
static void fill(int from) {
  int got = read(from, buf, 6);
  got += 100;
}
int main(void) {
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "hello", 6) != 6) return 1;
  fill(ends[0]);
  got = 5;
  return 0;
}`;

/** `x: 1 -> 2 by 50`, `2 ended`, or where else it stopped. */
const seen = ({ watch, breakpoints, reason }: Stop): string => {
  if (!watch) return `${reason} ${breakpoints.map(({ spec }) => spec).join(' ')}`.trim();
  return watch
    .map((each) =>
      each.scopeEnded
        ? `${each.breakpoint.id} ended`
        : `${each.expression}: ${each.old ?? ''} -> ${each.new ?? ''} by ${each.by?.line ?? 0}`,
    )
    .join(', ');
};

const follow = async (session: Session, first: Promise<Outcome>, count: number): Promise<string[]> => {
  const all: string[] = [];
  let outcome = await first;
  while (outcome.kind === 'stopped' && all.push(seen(outcome.stop)) < count) outcome = await session.continue();
  if (outcome.kind === 'ended') all.push(endOf(outcome));
  return all;
};

describe('a watchpoint', () => {
  it('is set before the program runs, and watches in the next run, too', () =>
    driven(fixture('watch_cases'), async (session) => {
      const { software } = session.watchpoints.create('watch', 'shared');
      expect(software === undefined).toBe(registers);
      for (let run = 0; run < 2; run++)
        expect(await follow(session, session.run(), 9)).toEqual([`shared: 0 -> 3 by ${at('// shared')}`, 'exited 0']);
    }));

  it('follows the pointer that leads to its object', () =>
    driven(fixture('watch_cases'), async (session) => {
      expect(session.watchpoints.create('watch', 'p->x').software === undefined).toBe(registers);
      expect(await follow(session, session.run(), 9)).toEqual([
        `p->x: 1 -> 10 by ${at('// through p')}`,
        `p->x: 10 -> 2 by ${at('// moved')}`,
        `p->x: 2 -> 20 by ${at('// the other one')}`,
        'exited 0',
      ]);
    }));

  it('with -l stays with the object', () =>
    driven(fixture('watch_cases'), async (session) => {
      stopOf(await session.start('main'));
      session.watchpoints.create('watch', 'p->x', { location: true });
      expect(await follow(session, session.continue(), 9)).toEqual([`-location p->x: 1 -> 10 by ${at('// through p')}`, 'exited 0']);
    }));

  it('is not triggered by the dynamic linker, which fills addresses in', () =>
    driven(fixture('watch_cases'), async (session) => {
      session.watchpoints.create('watch', 'text');
      const [first = '', second] = await follow(session, session.run(), 9);
      expect(first).toMatch(/"abc" -> 0x[0-9a-f]+ "xyz" by/);
      expect(second).toBe('exited 0');
    }));

  it('by stepping begins when all is relocated: initializers are seen, and the dynamic linker is not stepped', () => {
    const library = compileText(
      'early_lib.c',
      'extern int early;\nint copied;\n__attribute__((constructor)) static void begin(void) {\n  copied = 5;\n  early = 1;\n}\n',
      ['-shared', '-fPIC'],
    );
    const program = compileText(
      'early.c',
      'int early;\nextern int copied;\n__attribute__((constructor)) static void begin(void) {\n  early = 2;\n}\nint main(void) {\n  int early = copied;\n  return early - 5;\n}\n',
      [library],
    );
    return driven(program, async (session) => {
      session.settings.set('can-use-hw-watchpoints', '0');
      session.watchpoints.create('watch', 'early');
      let steps = 0;
      const ended = observeNative((name) => {
        if (name === 'step') steps++;
      });
      try {
        expect(await follow(session, session.run(), 1)).toEqual(['early: 0 -> 1 by 5']);
        expect(steps).toBeGreaterThan(10);
        // The linker relocates with a hundred thousand instructions.
        expect(steps).toBeLessThan(20_000);
      } finally {
        ended();
      }
      // The library's variable is where the linker has copied it to.
      expect(String((await session.evaluate('copied', session.selection().frame)).bytes())).toBe('5,0,0,0');
      // main's own variable of that name is another.
      expect(await follow(session, session.continue(), 9)).toEqual(['early: 1 -> 2 by 4', 'exited 0']);
    });
  });

  it('joins registers for an object at an odd address', () =>
    driven(fixture('watch_cases'), async (session) => {
      expect(session.watchpoints.create('watch', 'packed.odd').software === undefined).toBe(registers);
      expect(await follow(session, session.run(), 9)).toEqual([
        `packed.odd: "\\000\\000\\000\\000\\000" -> "\\000\\000\\003\\000\\000" by ${at('// odd')}`,
        'exited 0',
      ]);
    }));

  it('of a local ends with its frame: by return of its own activation, by longjmp, by the end of the thread', () =>
    driven(fixture('watch_cases'), async (session) => {
      session.break('jumper');
      session.break('factorial', { condition: 'n == 2' });
      session.break('thread');
      stopOf(await session.run());
      session.watchpoints.create('watch', 'local');
      expect(await follow(session, session.continue(), 4)).toEqual([
        expect.stringMatching(`^local: .* -> 3 by ${at('// local')}$`) as string,
        `local: 3 -> 4 by ${at('// local') + 1}`,
        // factorial's frames lie where the frame was.
        '3 ended',
        'breakpoint factorial',
      ]);
      session.watchpoints.create('watch', 'result');
      expect(await follow(session, session.continue(), 3)).toEqual([
        expect.stringMatching(`^result: .* -> 2 by ${at('// result')}$`) as string,
        '4 ended',
        'breakpoint thread',
      ]);
      const breakpoint = session.watchpoints.create('watch', 'own');
      expect((await follow(session, session.continue(), 2))[1]).toBe('own: 1 -> 2 by ' + String(at('// own') + 1));
      const ends = await follow(session, session.continue(), 3);
      expect(ends.at(-1)).toBe('exited 0');
      expect(session.breakpoints.all()).not.toContain(breakpoint);
    }));

  it('of a local lasts while its thread is on another stack, wherever that lies, and ends with the return or with what is left of the stack', () =>
    driven(fixture('watch_stacks'), async (session) => {
      session.signals.handle('SIGUSR1 nostop');
      const line = (text: string): number => lineOf('watch_stacks.c', text);
      const where = line('where = &away');
      session.break(String(where));
      stopOf(await session.run());
      session.watchpoints.create('watch', 'away');
      const handled = `away: 1 -> 2 by ${line('// handler')}`;
      expect(await follow(session, session.continue(), 5)).toEqual([
        handled,
        `away: 2 -> 12 by ${line('// from outside')}`,
        `away: 12 -> 13 by ${line('// resumed')}`,
        '1 ended',
        `breakpoint ${where}`,
      ]);
      session.watchpoints.create('watch', 'away');
      session.break(String(line('// starts')));
      expect(await follow(session, session.continue(), 3)).toEqual([handled, '2 ended', `breakpoint ${line('// starts')}`]);
      session.watchpoints.create('watch', 'local');
      expect(await follow(session, session.continue(), 9)).toEqual([
        `local: 1 -> 11 by ${line('// coroutine')}`,
        `local: 11 -> 12 by ${line('// at home')}`,
        '4 ended',
        'exited 0',
      ]);
    }));

  it('steps when the value is in a register', () =>
    driven(fixture('watch_cases'), async (session) => {
      session.break('in_register');
      stopOf(await session.run());
      expect(session.watchpoints.create('watch', 'k').software).toBe('Its value depends on registers.');
      const all = await follow(session, session.continue(), 3);
      expect(all.slice(1)).toEqual([`k: 2 -> 3 by ${at('// add')}`, `k: 3 -> 5 by ${at('// add')}`]);
    }));

  it('steps when the registers do not suffice, and finds the same changes', () =>
    driven(fixture('watch_cases'), async (session) => {
      stopOf(await session.start('main'));
      expect(session.watchpoints.create('watch', 'words').software).toMatch(registers ? 'No debug register is free' : 'do not work');
      expect(session.watchpoints.create('watch', 'packed.odd').software === undefined).toBe(registers);
      expect(await follow(session, session.continue(), 2)).toEqual([
        expect.stringContaining('packed.odd') as string,
        `words: {0, 0, 0, 0, 0} -> {0, 0, 0, 0, 4} by ${at('// words')}`,
      ]);
    }));

  it('has its own value in a fork and in a program that is executed', () =>
    driven(fixture('watch_cases'), async (session) => {
      session.programArguments = ['fork'];
      session.watchpoints.create('watch', 'shared');
      session.break(String(at('// mine')));
      stopOf(await session.run());
      stopOf(await session.step({ over: true, instruction: false }));
      session.watchpoints.create('watch', 'mine');
      const all = await follow(session, session.continue(), 9);
      expect(all.filter((each) => !each.startsWith('breakpoint'))).toEqual([
        `mine: 1 -> 2 by ${at("// child's")}`,
        `shared: 0 -> 3 by ${at('// shared')}`, // the child's new program
        `mine: 1 -> 3 by ${at("// parent's")}`,
        `shared: 0 -> 3 by ${at('// shared')}`,
        '2 ended',
        'exited 0',
      ]);
    }));

  it('with a condition stops when that holds, and disabled it has no register', () =>
    driven(fixture('watched'), async (session) => {
      const { id } = session.watchpoints.create('watch', 'counter', { condition: 'counter == 4 || counter > 8' });
      expect(await follow(session, session.run(), 1)).toEqual([`counter: 3 -> 4 by ${lineOf('watched.c', '// counter')}`]);
      expect(session.breakpoints.get(id).hits).toBe(1);
      session.breakpoints.enable(id, false);
      for (const name of ['widths', 'array[1]', 'record.field', 'from_thread'])
        expect(session.watchpoints.create('watch', name).software === undefined).toBe(registers);
      const refusal = registers ? /4 of 4 are in use by watchpoint 1 \(widths\)/ : /debug registers do not work/;
      expect(() => session.watchpoints.create('rwatch', 'counter')).toThrow(refusal);
      expect(await follow(session, session.continue(), 1)).toEqual([expect.stringContaining('widths') as string]);
    }));

  it('of a constant is refused', () =>
    driven(fixture('watched'), (session) => {
      expect(() => session.watchpoints.create('watch', '5 + 1')).toThrow("Cannot watch constant value `5 + 1'.");
    }));

  it('is done by stepping when the user wishes so', () =>
    driven(fixture('watch_cases'), async (session) => {
      session.settings.set('can-use-hw-watchpoints', '0');
      stopOf(await session.start('main'));
      expect(session.watchpoints.create('watch', 'p->x').software).toMatch('forbids debug registers');
      expect(() => session.watchpoints.create('awatch', 'shared')).toThrow('forbids debug registers');
      expect(await follow(session, session.continue(), 2)).toEqual([
        `p->x: 1 -> 10 by ${at('// through p')}`,
        `p->x: 10 -> 2 by ${at('// moved')}`,
      ]);
    }));

  it('sees what the kernel writes, and means the variable of the place where it was made', () =>
    driven(compileText('kernel_writes.c', kernelWrites), async (session) => {
      session.break('main');
      stopOf(await session.run());
      session.watchpoints.create('watch', 'buf[0]');
      session.watchpoints.create('watch', 'got');
      if (registers) session.watchpoints.create('rwatch', 'unread');
      const stop = stopOf(await session.continue());
      expect(stop.watch?.map(({ expression, old, new: now }) => [expression, old, now])).toEqual([['buf[0]', "0 '\\000'", "104 'h'"]]);
      expect(session.stack().frames(9).map(({ functionName }) => functionName)).toContain('fill'); // prettier-ignore
      const names = [await follow(session, session.continue(), 9)].flat();
      // Of two functions that have a variable of this name only the global is meant.
      expect(names).toEqual([expect.stringMatching(/^got: 0 -> 5 /) as string, 'exited 0']);
    }));
});

// Some virtual machines take values into their debug registers and never trap (native/debug_registers.cc): there is nothing that could hear of a read.
if (registers)
  describe('a watchpoint on reads', () => {
    it('hears of reads and writes as asked, in every thread', () =>
      driven(fixture('watched'), async (session) => {
        session.watchpoints.create('awatch', 'from_thread');
        const events = record(session);
        const all = await follow(session, session.run(), 9);
        expect(all).toEqual([
          `from_thread: 0 -> 9 by ${lineOf('watched.c', '// thread writes')}`,
          expect.stringMatching(/^from_thread: {2}-> 9/) as string,
          'exited 0',
        ]);
        expect(events.filter(({ type }) => type === 'stopped')).toHaveLength(2);
      }));

    it('reads of what a computed value is made of', () =>
      driven(
        compileText(
          'computed.c',
          'static int a = 1, b = 2;\nint get(void) { return b; }\nint main(void) { int r = get(); a = 5; return r > 9; }\n',
        ),
        async (session) => {
          session.watchpoints.create('rwatch', 'a + b');
          expect(await follow(session, session.run(), 9)).toEqual([expect.stringMatching(/^a \+ b: {2}-> 3/) as string, 'exited 0']);
        },
      ));
  });
else
  it('a watchpoint on reads is refused with the reason', () =>
    driven(fixture('watched'), (session) => {
      for (const kind of ['rwatch', 'awatch'] as const)
        expect(() => session.watchpoints.create(kind, 'counter')).toThrow(
          "read/access watchpoint. This machine's debug registers do not work",
        );
    }));
