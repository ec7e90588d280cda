/** Stacks where naive debuggers lose their way: before the frame is set up, inside libc, overwritten, without end, through handlers. */
import { describe, expect, it } from 'vitest';
import { hex } from '../../src/common/addresses.js';
import { DeetError } from '../../src/common/errors.js';
import type { Session } from '../../src/session/session.js';
import { compileText, fixture, lineOf } from '../helpers/build.js';
import { gdb } from '../helpers/gdb.js';
import { leakGuard } from '../helpers/leaks.js';
import { addressOf, driven, endOf, placeOf, stopOf } from './drive.js';

leakGuard();

/** From the innermost frame to main, which ends what people see. */
const names = (session: Session, count = 40): string[] => {
  const all = session
    .stack()
    .frames(count)
    .map(({ functionName }) => functionName ?? '??');
  const main = all.indexOf('main');
  return main < 0 ? all : all.slice(0, main + 1);
};

describe('without a program', () => {
  it('before a run and after the exit every look at the stack is refused in words', () =>
    driven(fixture('recursion'), async (session) => {
      const refused = (): string[] =>
        [() => session.stack(), () => session.selection(), () => session.selectFrame(0)].map((look) => {
          try {
            look();
          } catch (error) {
            if (error instanceof DeetError) return error.message;
          }
          return 'accepted';
        });
      const words = Array<string>(3).fill('The program is not being run.');
      expect(refused()).toEqual(words);
      await expect(session.continue()).rejects.toThrow('The program is not being run.');
      await expect(session.finish()).rejects.toThrow('The program is not being run.');
      expect(endOf(await session.run())).toBe('exited 0');
      expect(refused()).toEqual(words);
      await expect(session.step({ over: true, instruction: false })).rejects.toThrow('The program is not being run.');
    }));
});

describe('names', () => {
  /** gdb's backtraces at each stop in stop(), as far as they are in this program's own code. */
  const theirs = (program: string, stops: number): string[] => {
    const output = gdb(
      ['set width 0', 'set debug-file-directory /nonexistent', 'set print frame-arguments none', 'break stop', 'run', 'backtrace'].concat(
        Array<string[]>(stops - 1)
          .fill(['continue', 'backtrace'])
          .flat(),
      ),
      program,
    );
    return [...output.matchAll(/^#\d+ +(?:0x[0-9a-f]+ in )?(.*?) \((?:[\w@]+=.*|)\) at .*function_names\.cc/gm)].map(
      ([, name]) => name.replace(/\(struct \{\.\.\.\}\)$/, ''), // gdb keeps the parameters of a name that it cannot parse
    );
  };

  it.each(['plain', 'O2'] as const)('of C++ functions are those of gdb (%s)', (variant) =>
    driven(fixture('function_names', variant), async (session) => {
      session.break('stop');
      const ours: string[] = [];
      let stops = 0;
      for (let outcome = await session.run(); outcome.kind === 'stopped'; outcome = await session.continue(), stops++)
        for (const { functionName, position } of session.stack().frames(40))
          if (position?.file.path.endsWith('function_names.cc')) ours.push(functionName ?? '??');
      expect(stops).toBeGreaterThan(20);
      expect(ours).toEqual(theirs(fixture('function_names', variant), stops));
    }),
  );
});

describe('every instruction', () => {
  it('of a call, from `push %rbp` to `ret`, has main behind the function', () =>
    driven(fixture('recursion'), async (session) => {
      session.break(`*${hex(addressOf(session, 'odd'))}`, { condition: '$rdi == 9' });
      stopOf(await session.run());
      const seen = new Set<string>();
      for (let stack = names(session); stack[0] !== 'main'; stack = names(session)) {
        expect(stack.slice(-2)).toEqual([stack.length === 1 ? stack[0] : 'even', 'main'].slice(-2));
        seen.add(stack.slice(0, 2).join(' '));
        stopOf(await session.step({ over: false, instruction: true }));
      }
      expect(seen).toContain('odd even');
      expect(seen).toContain('even odd');
    }));

  it.each(['plain', 'noframe', 'static', 'musl'] as const)('function entry in a %s program', (variant) =>
    driven(fixture('recursion', variant), async (session) => {
      session.break(`*${hex(addressOf(session, 'factorial'))}`);
      stopOf(await session.run());
      expect(names(session).slice(0, 2)).toEqual(['factorial', 'main']);
      stopOf(await session.continue());
      expect(names(session).slice(0, 3)).toEqual(['factorial', 'factorial', 'main']);
    }),
  );
});

describe('inside libc', () => {
  it('at the first instruction of write, and where exit flushes what printf left', () =>
    driven(fixture('system_calls'), async (session) => {
      session.break('write', { pending: true });
      stopOf(await session.run());
      expect(names(session)).toEqual(['write', 'main']);
      stopOf(await session.continue());
      const stack = names(session);
      expect([stack[0], stack.at(-1)]).toEqual(['write', '_start']);
      expect(stack).toContain('exit');
    }));

  it('through abort', () =>
    driven(
      compileText('aborts.c', '#include <stdlib.h>\nstatic void fail(void) { abort(); }\nint main(void) { fail(); }\n'),
      async (session) => {
        expect(stopOf(await session.run()).signal?.name).toBe('SIGABRT');
        const stack = names(session);
        expect(stack.slice(-2)).toEqual(['fail', 'main']);
        expect(endOf(await session.continue())).toBe('killed SIGABRT');
      },
    ));

  it("through libc's qsort into the program's own function", () =>
    driven(fixture('calls'), async (session) => {
      session.break('compare');
      stopOf(await session.run());
      const stack = names(session);
      expect([stack[0], stack.at(-1)]).toEqual(['compare', 'main']);
      expect(stack.length).toBeGreaterThan(2);
    }));
});

describe('broken and endless', () => {
  it('a smashed stack ends with the reason, and follows no nonsense', () =>
    driven(fixture('smashed'), async (session) => {
      session.break('check');
      stopOf(await session.run());
      expect(names(session).slice(0, 2)).toEqual(['check', 'smash']);
      expect(session.stack().frame(2)?.functionName).toBeUndefined();
      expect(session.stack().depth).toBeLessThan(10);
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('... and returning into it dies as without a debugger', () =>
    driven(fixture('smashed'), async (session) => {
      session.programArguments = ['return'];
      expect(stopOf(await session.run()).signal?.name).toBe('SIGSEGV');
      expect(names(session).length).toBeGreaterThan(0);
      expect(endOf(await session.continue())).toBe('killed SIGSEGV');
    }));

  it('a call of a null pointer still shows who called', () =>
    driven(
      compileText('calls_null.c', 'static void caller(void (*f)(void)) { f(); }\nint main(void) { caller(0); return 0; }\n'),
      async (session) => {
        expect(stopOf(await session.run()).signal?.name).toBe('SIGSEGV');
        expect(names(session).slice(-2)).toEqual(['caller', 'main']);
      },
    ));

  it('an infinite recursion is shown from its end, and counted', () =>
    driven(
      compileText(
        'endless.c',
        'int down(int n) { volatile char room[64]; room[0] = n; return down(n + 1) + room[0]; }\nint main(void) { return down(0); }\n',
      ),
      async (session) => {
        expect(stopOf(await session.run()).signal?.name).toBe('SIGSEGV');
        expect(names(session, 3)).toEqual(['down', 'down', 'down']);
        const { depth } = session.stack();
        expect(depth).toBeGreaterThan(10_000);
        expect(session.selectFrame(depth - 10).functionName).toBe('down');
      },
    ));

  it('100,000 frames are walked', () =>
    driven(fixture('deep'), async (session) => {
      session.break('bottom');
      stopOf(await session.run());
      expect(session.selectFrame(100_002).functionName).toBe('main');
    }));
});

describe('through signal handlers', () => {
  it('from the handler over the trampoline to what was interrupted, on an alternate stack as well', () =>
    driven(fixture('handlers'), async (session) => {
      session.signals.handle('SIGSEGV SIGUSR1 SIGUSR2 nostop noprint');
      session.break('on_overflow');
      session.break('inner');
      stopOf(await session.run());
      const first = session.stack().frames(3);
      expect(first.map(({ kind, functionName }) => (kind === 'signal' ? kind : functionName))).toEqual([
        'on_overflow',
        'signal',
        'overflow',
      ]);
      stopOf(await session.continue());
      const second = session.stack().frames(40);
      expect(second.filter(({ kind }) => kind === 'signal')).toHaveLength(2);
      expect(second.flatMap(({ functionName }) => (['inner', 'outer', 'main'].includes(functionName ?? '') ? [functionName] : []))).toEqual(
        ['inner', 'outer', 'main'],
      );
      expect(endOf(await session.continue())).toBe('exited 0');
    }));

  it('a frame selected further out is where finish, up to main, leads', () =>
    driven(fixture('signal_in_step'), async (session) => {
      session.signals.handle('SIGUSR1 nostop noprint');
      session.break('handler');
      stopOf(await session.run());
      const main = session
        .stack()
        .frames(12)
        .find(({ functionName }) => functionName === 'main');
      session.selectFrame((main?.level ?? 0) - 1);
      session.breakpoints.delete(0);
      stopOf(await session.finish());
      expect(placeOf(session)).toBe(`main:${lineOf('signal_in_step.c', '// first') + 1}`);
    }));
});
