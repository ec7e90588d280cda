/** The extended state as the kernel gives it: where AVX-512 lies on processors of two makers. */
import { describe, expect, it } from 'vitest';
import { ExtendedState } from '../../src/linux/xstate.js';

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

/** Of a processor with AVX-512, all parts in use. */
const stateOf = (size: number, masks: number, uppers: number, highs: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes[464] = 0xe7;
  bytes[512] = 0xe7;
  bytes.set(filled(16, 1), 160 + 16 * 3);
  bytes.set(filled(16, 2), 576 + 16 * 3);
  bytes.set(filled(8, 3), masks + 8 * 7);
  bytes.set(filled(32, 4), uppers + 32 * 3);
  bytes.set(filled(64, 5), highs + 64 * 15);
  return bytes;
};

describe.each([
  ['Intel', 2696, 1088, 1152, 1664],
  ['AMD', 2440, 832, 896, 1408],
])('%s', (_, ...layout) => {
  it('has the masks and vectors where they are', () => {
    const state = new ExtendedState(stateOf(...layout));
    expect(state.mask(7)).toEqual(filled(8, 3));
    expect(state.zmm(3)).toEqual(Uint8Array.of(...filled(16, 1), ...filled(16, 2), ...filled(32, 4)));
    expect(state.zmm(31)).toEqual(filled(64, 5));
  });

  it('writes vectors and masks there, and makes zeros of the rest of a part that was not in use', () => {
    const bytes = stateOf(...layout);
    bytes[512] = 0x01;
    const state = new ExtendedState(bytes);
    expect([state.setVector(3, filled(64, 9)), state.setVector(16, filled(32, 8)), state.setMask(1, filled(8, 7))]).toEqual([
      true,
      true,
      true,
    ]);
    expect(state.zmm(3)).toEqual(filled(64, 9));
    expect(state.zmm(16)).toEqual(Uint8Array.of(...filled(32, 8), ...filled(32, 0)));
    expect([state.mask(1), state.mask(7), state.zmm(31)]).toEqual([filled(8, 7), filled(8, 0), filled(64, 0)]);
  });

  it('shows zeros for what is not in use', () => {
    const bytes = stateOf(...layout);
    bytes[512] = 0x07;
    const state = new ExtendedState(bytes);
    expect([state.mask(7), state.zmm(31), state.zmm(3)?.subarray(32)]).toEqual([filled(8, 0), filled(64, 0), filled(32, 0)]);
  });
});

it('has none without AVX-512', () => {
  const bytes = stateOf(2696, 1088, 1152, 1664);
  bytes[464] = 0x07;
  const state = new ExtendedState(bytes);
  expect([state.mask(0), state.zmm(0), state.zmm(31)]).toEqual([undefined, undefined, undefined]);
  expect(new ExtendedState(new Uint8Array(832)).zmm(0)).toBeUndefined();
  expect([state.setVector(0, filled(64, 1)), state.setVector(16, filled(16, 1)), state.setMask(0, filled(8, 1))]).toEqual([
    false,
    false,
    false,
  ]);
});
