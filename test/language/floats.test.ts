import fc from '../helpers/property.js';
import { describe, expect, it } from 'vitest';
import { fixed, floatText, general, hexadecimal, parseFloatText, scientific } from '../../src/language/float-text.js';
import {
  add,
  BINARY128,
  BINARY16,
  BINARY32,
  BINARY64,
  compareFloats,
  decodeFloat,
  divide,
  encodeFloat,
  fromNumber,
  multiply,
  toNumber,
  truncate,
  X87,
  type Float,
} from '../../src/language/floats.js';

const doubles = fc.double({ noDefaultInfinity: false, noNaN: false });
const asFloat32 = (value: number): number => Math.fround(value);

describe('binary64 equals the machine', () => {
  it('in every operation', () => {
    fc.assert(
      fc.property(doubles, doubles, (x, y) => {
        const [a, b] = [fromNumber(x), fromNumber(y)];
        const same = (value: Float, wanted: number): void => {
          expect(toNumber(value)).toBe(wanted);
        };
        same(a, x);
        same(add(a, b, BINARY64), x + y);
        same(multiply(a, b, BINARY64), x * y);
        same(divide(a, b, BINARY64), x / y);
        const order = compareFloats(a, b);
        expect(order === undefined ? 'unordered' : Math.sign(order) + 0).toBe(
          Number.isNaN(x) || Number.isNaN(y) ? 'unordered' : x < y ? -1 : x > y ? 1 : 0,
        );
      }),
    );
  });

  it('binary32 rounds once', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), fc.float({ noNaN: true }), (x, y) => {
        expect(toNumber(add(fromNumber(x), fromNumber(y), BINARY32))).toBe(asFloat32(x + y));
        expect(toNumber(multiply(fromNumber(x), fromNumber(y), BINARY32))).toBe(asFloat32(x * y));
        expect(toNumber(decodeFloat(encodeFloat(fromNumber(x), BINARY32), BINARY32))).toBe(x);
      }),
    );
  });

  it('truncates towards zero', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        expect(truncate(fromNumber(x))).toBe(BigInt(Math.trunc(x)));
      }),
    );
    expect(truncate(fromNumber(Infinity))).toBeUndefined();
  });
});

describe('text', () => {
  it('%e, %f and %g equal the library', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: 0, max: 30 }), (x, digits) => {
        const value = fromNumber(x);
        const sign = Object.is(x, -0) ? '-' : '';
        expect(scientific(value, digits)).toBe(sign + x.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2'));
        if (Math.abs(x) < 1e21)
          expect(fixed(value, digits)).toBe(
            (Object.is(x, -0) || (x < 0 && !x.toFixed(digits).startsWith('-')) ? '-' : '') + x.toFixed(digits),
          );
        expect(Number(general(value, 17))).toBe(x);
      }),
    );
  });

  it('reads what it writes, and what C writes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), (x) => {
        expect(toNumber(parseFloatText(x.toString()))).toBe(x);
        expect(toNumber(parseFloatText(hexadecimal(fromNumber(x))))).toBe(x);
      }),
    );
  });

  it.each([
    [0.1, BINARY64, '0.10000000000000001'],
    [100, BINARY64, '100'],
    [1e17, BINARY64, '1e+17'],
    [1e-5, BINARY64, '1.0000000000000001e-05'],
    [-0, BINARY64, '-0'],
    [Math.fround(0.1), BINARY32, '0.100000001'],
    [1.5, BINARY16, '1.5'],
    [Infinity, BINARY64, 'inf'],
    [-Infinity, BINARY64, '-inf'],
  ])('%s', (value, format, wanted) => {
    expect(floatText(fromNumber(value), format)).toBe(wanted);
  });

  it('has the digits of long double and binary128', () => {
    expect(floatText(parseFloatText('3.14', X87), X87)).toBe('3.1400000000000000001');
    expect(floatText(parseFloatText('0.1', BINARY128), BINARY128)).toBe('0.100000000000000000000000000000000005');
    expect(floatText(parseFloatText('1e4932', X87), X87)).toBe('1.00000000000000000001e+4932');
    expect(floatText(decodeFloat(Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f), BINARY64), BINARY64)).toBe('nan(0x8000000000000)');
  });

  it('absurd exponents cost nothing', () => {
    expect(toNumber(parseFloatText('1e999999999'))).toBe(Infinity);
    expect(toNumber(parseFloatText('1e-999999999'))).toBe(0);
    expect(toNumber(parseFloatText('0x1p999999999'))).toBe(Infinity);
  });
});

it('every bit pattern survives decoding and encoding', () => {
  for (const format of [BINARY16, BINARY32, BINARY64, BINARY128]) {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: format.bytes, maxLength: format.bytes }), (bytes) => {
        expect(encodeFloat(decodeFloat(bytes, format), format)).toEqual(bytes);
      }),
    );
  }
});
