/**
 * For tests with vitest: a debugging session that ends with its test, however that ends, and matchers for where programs stop and how they end.
 *
 * ```ts
 * import { debug } from 'deet/testing';
 * test('the third node is lost', async () => {
 *   const session = await debug('./list', { args: ['3'] });
 *   await session.break('list.c:12', { condition: 'i == 3' });
 *   expect(await session.continue()).toStopAt('list.c', 12);
 *   expect(await session.evaluate('node->next')).toBe(0n);
 * });
 * ```
 *
 * @packageDocumentation
 */
import * as vitest from 'vitest';
import { launch, Session } from './api/session.js';
import type { LaunchOptions } from './api/options.js';
import { Stop, type Exit } from './api/stop.js';
import type { ProcessResult } from './commands/results.js';
import { DeetError } from './common/errors.js';

export { DeetError, Session, Stop };

/** Of the function that a test is made of: `test.concurrent('...', async (context) => { ... })`. */
export interface TestContext {
  onTestFinished(hook: () => void): void;
}

/** The test that is running, if there is one and nothing runs beside it: vitest knows no more. @throws DeetError `outside` */
const onlyTest = (): TestContext => {
  // Before vitest 4.1 there is no TestRunner.
  const test = (
    vitest as { readonly TestRunner?: { getCurrentTest(): { readonly concurrent?: boolean } | undefined } }
  ).TestRunner?.getCurrentTest();
  if (test?.concurrent)
    throw new DeetError(
      'outside',
      'debug() cannot tell which of the tests that run at the same time calls it: hand it the context, as in test.concurrent(NAME, async (context) => { await debug(PROGRAM, {}, context); })',
    );
  return vitest;
};

/**
 * Launches a program for a test: when that is over, nothing of the program is left.
 * @param context of the test that calls; needed only in tests that run at the same time
 * @throws DeetError `launch`, or `outside` when it cannot be told which test calls
 */
export const debug = async (program: string, options: LaunchOptions = {}, context: TestContext = onlyTest()): Promise<Session> => {
  // Registered before anything is waited for: a test may be over (its time is up) before its program has begun.
  let [session, over]: [Session | undefined, boolean] = [undefined, false];
  try {
    context.onTestFinished(() => {
      over = true;
      session?.close();
    });
  } catch (error) {
    throw new DeetError('outside', 'debug() belongs inside of a test.', error instanceof Error ? error.message : undefined);
  }
  session = await launch(program, options);

  if (over) {
    session.close();
    throw new DeetError('outside', 'The test was over before its program had begun.');
  }
  return session;
};

/** Where a stop is, in words. */
const placeOf = (stop: Stop): string => {
  if (stop.reason === 'exit') return `the program ended (${endOf(stop.exit)})`;
  return `it stopped (${stop.signal ?? stop.reason}) in ${stop.frame.toString()}`;
};

const endOf = (exit: Exit | undefined): string =>
  exit === undefined ? 'unknown' : exit.signal === undefined ? `status ${exit.status ?? '?'}` : exit.signal;

/** `segfault.c` means any file of that name; more of the path may be given. */
const isFile = (path: string | undefined, wanted: string): boolean => path === wanted || (path?.endsWith(`/${wanted}`) ?? false);

interface Verdict {
  readonly pass: boolean;
  message(): string;
}

const verdict = (pass: boolean, wanted: string, found: string): Verdict => ({
  pass,
  message: () => `expected ${pass ? 'not ' : ''}${wanted}; ${found}`,
});

/** @throws TypeError when a matcher is used on something else */
const stopOf = (received: unknown): Stop => {
  if (received instanceof Stop) return received;
  throw new TypeError('This matcher is for what continue(), step() and the others resolve with: expect(await session.continue())');
};

const sessionOf = (received: unknown): Session => {
  if (received instanceof Session) return received;
  throw new TypeError('This matcher is for a session.');
};

const exitOf = (received: unknown): Exit | undefined =>
  received instanceof Stop || received instanceof Session ? received.exit : (received as Exit | undefined);

const zombiesIn = (processes: readonly ProcessResult[]): number[] =>
  processes.flatMap(({ pid, state, children }) => [...(state === 'zombie' ? [pid] : []), ...zombiesIn(children ?? [])]);

vitest.expect.extend({
  toStopAt(received: unknown, file: string, line?: number): Verdict {
    const stop = stopOf(received);
    const frame = stop.reason === 'exit' ? undefined : stop.frame;
    const pass = isFile(frame?.file, file) && (line === undefined || frame?.line === line);
    return verdict(pass, `a stop at ${file}${line === undefined ? '' : `:${line}`}`, placeOf(stop));
  },

  toStopIn(received: unknown, name: string): Verdict {
    const stop = stopOf(received);
    return verdict(stop.reason !== 'exit' && stop.frame.function === name, `a stop in ${name}`, placeOf(stop));
  },

  toStopWith(received: unknown, signal: string): Verdict {
    const stop = stopOf(received);
    return verdict(stop.signal === signal, `a stop by ${signal}`, placeOf(stop));
  },

  toExitWith(received: unknown, status: number): Verdict {
    const exit = exitOf(received);
    return verdict(exit?.status === status, `an exit with status ${status}`, exit ? `it was ${endOf(exit)}` : 'the program has not ended');
  },

  toDieOf(received: unknown, signal: string): Verdict {
    const exit = exitOf(received);
    return verdict(exit?.signal === signal, `a death by ${signal}`, exit ? `it was ${endOf(exit)}` : 'the program has not ended');
  },

  async toHaveNoZombies(received: unknown): Promise<Verdict> {
    const zombies = zombiesIn(await sessionOf(received).tree());
    const found = zombies.length === 0 ? 'there are none' : `process ${zombies.join(', ')} ended and was never waited for`;
    return verdict(zombies.length === 0, 'no zombies', found);
  },

  async toHaveNoProblems(received: unknown): Promise<Verdict> {
    const problems = await sessionOf(received).report();
    return verdict(problems.length === 0, 'nothing left undone', problems.map(({ text }) => text).join('\n') || 'all is done');
  },
});

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unused-vars -- merged with vitest's own declaration
  interface Matchers<T = any> {
    /** A stop in this file (by the end of its path), and line. */
    toStopAt(file: string, line?: number): void;
    /** A stop in this function. */
    toStopIn(name: string): void;
    /** A stop by this signal: `SIGSEGV`. */
    toStopWith(signal: string): void;
    toExitWith(status: number): void;
    toDieOf(signal: string): void;
    /** No process of the family has ended without being waited for. */
    toHaveNoZombies(): Promise<void>;
    /** The report at the end of a run is empty: no zombies, orphans, leaked descriptors. */
    toHaveNoProblems(): Promise<void>;
  }
}
