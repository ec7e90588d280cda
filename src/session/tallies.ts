/**
 * Hits that are counted in the program (inferior/probes.ts): a breakpoint's numbers are right whenever somebody looks at them, because what the program
 * has counted is added first.
 */
import type { Counter } from '../inferior/probes.js';
import type { Breakpoint } from './breakpoint.js';

export class Tallies {
  readonly #counters = new Map<Breakpoint, { readonly counter: Counter; left: number }>();

  /** From now on the ignore count of a breakpoint is counted down by the program. */
  begin(breakpoint: Breakpoint, counter: Counter): void {
    this.#counters.set(breakpoint, { counter, left: breakpoint.ignoreCount });
  }

  /** Adds what has been counted since the last time. */
  settle(breakpoint: Breakpoint): void {
    const tally = this.#counters.get(breakpoint);
    if (!tally) return;
    const left = Number(tally.counter.read());
    const counted = tally.left - left;
    tally.left = left;
    breakpoint.hits += counted;
    breakpoint.ignoreCount = Math.max(0, breakpoint.ignoreCount - counted);
  }

  settleAll(): void {
    for (const breakpoint of this.#counters.keys()) this.settle(breakpoint);
  }

  /** Somebody else counts. */
  end(breakpoint: Breakpoint): void {
    this.settle(breakpoint);
    this.#counters.delete(breakpoint);
  }
}
