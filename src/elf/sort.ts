/** Sorting of many addresses: by digits, since comparing a million of them through a callback takes a second. */

const RADIX = 1 << 16;
/** Below this the tables of digits cost more than they save. */
const FEW = 8192;

/**
 * The order in which to visit addresses (whole numbers from 0 to 2^53) so that they ascend. Stable: equal ones keep their
 * order.
 */
export const sortByAddress = (addresses: Float64Array): Uint32Array => {
  const count = addresses.length;
  let order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (count < FEW) return order.sort((a, b) => addresses[a] - addresses[b] || a - b);
  const low = new Uint32Array(count);
  const high = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    low[i] = addresses[i] >>> 0;
    high[i] = addresses[i] / 2 ** 32;
  }
  let sorted = new Uint32Array(count);
  for (const [half, shift] of [
    [low, 0],
    [low, 16],
    [high, 0],
    [high, 16],
  ] as const) {
    // prettier-ignore
    const starts = new Uint32Array(RADIX + 1);
    for (let i = 0; i < count; i++) starts[((half[i] >>> shift) & (RADIX - 1)) + 1]++;
    if (starts.includes(count)) continue; // All have the same digit here.
    for (let digit = 0; digit < RADIX; digit++) starts[digit + 1] += starts[digit];
    for (let i = 0; i < count; i++) {
      const from = order[i];
      sorted[starts[(half[from] >>> shift) & (RADIX - 1)]++] = from;
    }
    [order, sorted] = [sorted, order];
  }
  return order;
};
