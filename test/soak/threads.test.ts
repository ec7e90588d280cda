/**
 * Many threads through one breakpoint, and each passage counted once: by stops, with slots and with steps over the instruction, and in the program. What the
 * program has counted itself is the truth. `npm run soak` makes it a million passages each way; the tests some thousands.
 */
import { describe, expect, it } from 'vitest';
import { fixture } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, endOf, stopOf } from '../session/drive.js';

leakGuard();

const threads = 8;
const isSoak = process.env['DEET_SOAK'] !== undefined;
const passages = isSoak ? 1_000_000 : 8_000;
/** Milliseconds that a passage may take on a busy machine. */
const longestPassage = 2;

interface Way {
  readonly displaced: 'on' | 'off';
  readonly evaluation: 'host' | 'target';
  /** A condition that counts each passage, or none at all. */
  readonly holds: boolean;
}

const ways: readonly Way[] = (['on', 'off'] as const).flatMap((displaced) =>
  (['host', 'target'] as const).flatMap((evaluation) => [true, false].map((holds) => ({ displaced, evaluation, holds }))),
);

describe('many threads through one breakpoint', () => {
  it.each(ways)(
    'displaced stepping $displaced, conditions in the $evaluation, true: $holds',
    ({ displaced, evaluation, holds }) =>
      driven(fixture('threads_hit'), async (session, output) => {
        session.settings.set('displaced-stepping', displaced);
        session.settings.set('breakpoint condition-evaluation', evaluation);
        session.programArguments = [String(threads), String(passages / threads)];
        const counted = session.break('touch', { condition: holds ? 'each > 0' : 'each < 0', onHit: () => 'pass' });
        expect(endOf(await session.run())).toBe('exited 0');
        expect(output()).toBe(`${threads} threads, ${passages} passages\n`);
        expect(counted.hits).toBe(holds ? passages : 0);
      }),
    900_000 + passages * longestPassage,
  );

  it(
    'while one of them steps instruction by instruction',
    () =>
      driven(fixture('threads_hit'), async (session, output) => {
        session.programArguments = [String(threads), String(passages / threads)];
        const counted = session.break('touch', { condition: 'each > 0', onHit: () => 'pass' });
        session.break('run', { temporary: true });
        let outcome = await session.run();
        const stepper = stopOf(outcome).thread;
        let steps = 0;
        for (; outcome.kind === 'stopped' && steps < 200 && session.selection().thread === stepper; steps++)
          outcome = await session.step({ over: steps % 2 === 0, instruction: true });
        expect(steps).toBeGreaterThan(100);
        if (outcome.kind === 'stopped') outcome = await session.continue();
        expect(endOf(outcome)).toBe('exited 0');
        expect(output()).toBe(`${threads} threads, ${passages} passages\n`);
        expect(counted.hits).toBe(passages);
      }),
    900_000 + passages * longestPassage,
  );
});
