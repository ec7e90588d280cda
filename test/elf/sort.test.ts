/** The sort by digits against the sort by comparing. */
import fc from '../helpers/property.js';
import { expect, it } from 'vitest';
import { sortByAddress } from '../../src/elf/sort.js';
import { seededRandom } from '../fuzz/mutate.js';

const compared = (addresses: Float64Array): number[] => Array.from(addresses.keys()).sort((a, b) => addresses[a] - addresses[b] || a - b);

it('orders few addresses, equal ones as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.nat(3), fc.maxSafeNat())), (list) => {
      const addresses = Float64Array.from(list);
      expect([...sortByAddress(addresses)]).toEqual(compared(addresses));
    }),
  );
});

it.each([
  ['in one image', 2 ** 24],
  ['over 32 bits', 2 ** 32],
  ['over all bits', Number.MAX_SAFE_INTEGER],
  ['all equal', 1],
])('orders many addresses %s', (_name, below) => {
  const random = seededRandom(below);
  const addresses = Float64Array.from(
    { length: 20_000 },
    () => Math.floor((random(2 ** 32) / 2 ** 32) * below) - (below > 1e15 ? random(2 ** 20) : 0),
  ).map(Math.abs);
  expect([...sortByAddress(addresses)]).toEqual(compared(addresses));
});
