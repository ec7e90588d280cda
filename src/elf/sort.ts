/** Sorting of many addresses: by digits, since comparing a million of them through a callback takes a second. */

const DIGIT_BITS = 16;
const DIGITS = 4;
const RADIX = 1 << DIGIT_BITS;

/**
 * The order in which to visit addresses (whole numbers from 0 to 2^53) so that they ascend. Stable: equal ones keep their
 * order.
 */
export const sortByAddress = (addresses: Float64Array): Uint32Array => {
  const count = addresses.length;
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (count < 8192) return order.sort((a, b) => addresses[a] - addresses[b] || a - b);
  let sorted = new Uint32Array(count);
  for (let digit = 0; digit < DIGITS; digit++) {
    const scale = 2 ** (digit * DIGIT_BITS);
    const digitOf = (i: number): number => Math.floor(addresses[i] / scale) % RADIX;
    const starts = new Uint32Array(RADIX + 1);
    for (let i = 0; i < count; i++) starts[digitOf(i) + 1]++;
    if (starts.includes(count)) continue; // All have the same digit here.
    for (let d = 0; d < RADIX; d++) starts[d + 1] += starts[d];
    for (const i of order) sorted[starts[digitOf(i)]++] = i;
    [order, sorted] = [sorted, order];
  }
  return order;
};
