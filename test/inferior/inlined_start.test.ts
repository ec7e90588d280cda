/** Which inlined calls a thread has not entered yet: by ranges of code alone, as gdb has it, whatever the compiler calls the entry. */
import { describe, expect, it } from 'vitest';
import { fileAddress } from '../../src/common/addresses.js';
import { inlinedCallsStartingAt } from '../../src/inferior/frames.js';
import type { Scope, SymbolImage } from '../../src/symbols/model.js';

interface Call {
  readonly ranges: readonly (readonly [low: number, high: number])[];
  readonly entry: number;
}

/** An image with one function and inlined calls in it, outermost first. */
const imageOf = (calls: readonly Call[]): SymbolImage => {
  const covers = ({ ranges }: Pick<Scope, 'ranges'>, at: number): boolean => ranges.some(({ low, high }) => low <= at && at < high);
  const scopes = [{ ranges: [[0x100, 0x200]], entry: 0x100 } as const, ...calls].map(({ ranges, entry }, i) => ({
    kind: i === 0 ? 'function' : 'inlined',
    ranges: ranges.map(([low, high]) => ({ low: fileAddress(low), high: fileAddress(high) })),
    ...(i > 0 && { inlined: { name: `f${i}`, entry: fileAddress(entry) } }),
  }));
  const image: Partial<SymbolImage> = {
    scopesAt: (at) => scopes.filter((scope) => covers(scope, at)).toReversed() as unknown as Scope[],
  };
  return image as SymbolImage;
};

describe('inlined calls that begin at an address', () => {
  const outer: Call = {
    ranges: [
      [0x120, 0x130],
      [0x140, 0x160],
    ],
    entry: 0x150,
  };
  const inner: Call = { ranges: [[0x150, 0x158]], entry: 0x150 };
  it.each<[string, number, number]>([
    ['the first range begins', 0x120, 1],
    ['inside', 0x128, 0],
    ['a later range begins behind code that is not its own', 0x140, 1],
    ['the entry of the compiler in the middle of a range; an inner call that begins there does not count for the outer', 0x150, 1],
    ['before', 0x110, 0],
  ])('%s', (_, address, count) => {
    expect(inlinedCallsStartingAt(imageOf([outer, inner]), fileAddress(address))).toBe(count);
  });
});
