/** A program under deet behaves as without: what it prints and how it ends, left alone, with breakpoints everywhere, and single-stepped. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debugRegistersTrap } from '../../src/inferior/debug_registers.js';
import type { Session } from '../../src/session/session.js';
import type { Outcome } from '../../src/session/types.js';
import { DeetError } from '../../src/common/errors.js';
import { signalNamed } from '../../src/linux/signals.js';
import { compileText, fixture, fixtures } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, stopOf } from './drive.js';

leakGuard();

interface Behaviour {
  readonly output: string;
  readonly end: string;
}

const natively = (program: string, args: readonly string[]): Behaviour => {
  const { stdout, status, signal } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return { output: stdout, end: signal === null ? `exited ${status}` : `killed ${signal}` };
};

/** Every signal goes to the program as if nobody looked. */
const passAll = (session: Session): void => {
  session.signals.handle('all nostop noprint pass');
  session.signals.handle('SIGTRAP SIGINT nostop noprint pass');
};

/** A breakpoint that never stops on each function that the program has lines for. */
const breakEverywhere = (session: Session): void => {
  for (const name of session.programImage()?.image.functionNames() ?? []) {
    try {
      session.break(name, { ignore: 1_000_000_000 });
    } catch (error) {
      if (!(error instanceof DeetError)) throw error; // inlined everywhere, or a resolver without a place
    }
  }
};

const lastEnd = (outcome: Outcome): string => endOf(outcome);

const observed = (program: string, args: readonly string[], run: (session: Session) => Promise<Outcome>): Promise<Behaviour> =>
  driven(program, async (session, output) => {
    session.programArguments = args;
    passAll(session);
    const end = lastEnd(await run(session));
    return { output: output(), end };
  });

/** So many instructions from main on, then the rest at once. */
const stepping = (instructions: number) => async (session: Session) => {
  let outcome = await session.start('main');
  for (let i = 0; i < instructions && outcome.kind === 'stopped'; i++) outcome = await session.step({ over: false, instruction: true });
  return outcome.kind === 'stopped' ? session.continue() : outcome;
};

/** So many steps by lines. */
const walking = (steps: number) => async (session: Session) => {
  let outcome = await session.start('main');
  for (let i = 0; i < steps && outcome.kind === 'stopped'; i++) outcome = await session.step({ over: i % 3 > 0, instruction: false });
  return outcome.kind === 'stopped' ? session.continue() : outcome;
};

interface Case {
  readonly name: string;
  readonly args: readonly string[];
}

/** Those that look for a debugger, or at their own code, or print what differs from run to run. */
const telling = new Set(['traced', 'inherited', 'checksum']);

/** The programs that promise in their head comment what they print. */
const cases: Case[] = readdirSync(fixtures)
  .filter((file) => /\.(?:c|cc|S)$/.test(file))
  .map((file) => ({ name: file.slice(0, -extname(file).length), source: readFileSync(join(fixtures, file), 'utf8') }))
  .filter(({ name, source }) => !telling.has(name) && /^\/\/ (?:prints|exits): /m.test(source))
  .map(({ name, source }) => ({ name, args: /^\/\/ run: (.*)$/m.exec(source)?.[1]?.split(' ') ?? [] }));

/** An int3 met while SIGTRAP is blocked, as in its own handler, makes the kernel forget the handler; what that was is known in families only (blocked_trap.ts). */
const blocksTraps = new Set(['own_trap']);

describe.each(cases)('$name', ({ name, args }) => {
  const program = fixture(name);
  const expected = natively(program, args);

  it('left alone', async () => expect(await observed(program, args, (session) => session.run())).toEqual(expected));

  if (!blocksTraps.has(name))
    it('with a breakpoint on every function', async () => {
      const behaviour = await observed(program, args, (session) => {
        breakEverywhere(session);
        return session.run();
      });
      expect(behaviour).toEqual(expected);
    });

  it('stepped by instructions', async () => expect(await observed(program, args, stepping(150))).toEqual(expected));
  it('stepped by lines', async () => expect(await observed(program, args, walking(25))).toEqual(expected));
});

describe('what a program can look at', () => {
  it('its own code is unchanged without breakpoints, and behind hardware breakpoints where there are any', () =>
    driven(fixture('checksum'), async (session, output) => {
      expect(endOf(await session.run())).toBe('exited 0');
      expect(output()).toBe('unchanged\n');
      if (debugRegistersTrap()) session.break('watched', { hardware: true, ignore: 1000 });
      expect(endOf(await session.run())).toBe('exited 0');
      expect(output()).toBe('unchanged\n');
    }));

  it('arguments, environment, descriptors, signals and the rest of what it inherits', () =>
    driven(fixture('inherited'), async (session, output) => {
      session.programArguments = ['a b', "it's", ''];
      session.environment = { DEET_A: '1', PATH: process.env['PATH'] };
      expect(endOf(await session.run())).toBe('exited 0');
      expect(output().split('\n')).toEqual([
        "arguments 3 [a b] [it's] []",
        `directory ${process.cwd()}`,
        'descriptors 0 1 2',
        'ignored',
        'blocked',
        'group leader yes',
        'randomized no',
        'DEET_A=1',
        '',
      ]);
    }));

  it('flags that it saves while it is stepped do not hold the trap flag', () => {
    const program = compileText(
      'saves_flags.c',
      `static long flags(void) { long f; __asm__ volatile("pushfq; popq %0" : "=r"(f)); return f; }
static void restore(long f) { __asm__ volatile("pushq %0; popfq" : : "r"(f) : "cc"); }
int main(void) { long f = flags(); restore(f); return (f >> 8) & 1; }
`,
    );
    return driven(program, async (session) => {
      expect(lastEnd(await stepping(200)(session))).toBe('exited 0');
      session.break('flags');
      stopOf(await session.run());
      stopOf(await session.step({ over: true, instruction: false }));
      for (const { id } of session.breakpoints.all()) session.breakpoints.delete(id);
      expect(endOf(await session.continue())).toBe('exited 0');
    });
  });

  it.each(['SIGABRT', 'SIGTERM', 'SIGSEGV', 'SIGALRM', 'SIGUSR1', 'SIGKILL'])('death by %s', async (name) => {
    const program = compileText(
      'dies.c',
      '#include <signal.h>\n#include <stdlib.h>\nint main(int c, char **v) { (void)c; raise(atoi(v[1])); return 1; }\n',
    );
    const args = [String(signalNamed(name)?.number)];
    expect((await observed(program, args, (session) => session.run())).end).toBe(`killed ${name}`);
    expect(natively(program, args).end).toBe(`killed ${name}`);
  });
});
