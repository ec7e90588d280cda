/** Between which whole numbers the value of simple code lies, whatever registers and memory hold. */
import type { Code } from './simple-code.js';

export interface Bounds {
  readonly low: bigint;
  readonly high: bigint;
}

const signedBounds = (bits: number): Bounds => ({ low: -(1n << BigInt(bits - 1)), high: (1n << BigInt(bits - 1)) - 1n });
const unsignedBounds = (bits: number): Bounds => ({ low: 0n, high: (1n << BigInt(bits)) - 1n });

const word = { signed: signedBounds(64), unsigned: unsignedBounds(64) };

const within = (inner: Bounds, outer: Bounds): boolean => inner.low >= outer.low && inner.high <= outer.high;

export const fitsSigned = (bounds: Bounds): boolean => within(bounds, word.signed);
export const fitsUnsigned = (bounds: Bounds): boolean => within(bounds, word.unsigned);

const around = (...values: bigint[]): Bounds => ({
  low: values.reduce((a, b) => (a < b ? a : b)),
  high: values.reduce((a, b) => (a > b ? a : b)),
});

/** Bits of the two's complement that holds all of them, the sign included. */
const width = ({ low, high }: Bounds): number => Math.max((low < 0n ? -low - 1n : low).toString(2).length, high.toString(2).length) + 1;

const corners = (a: Bounds, b: Bounds, operate: (x: bigint, y: bigint) => bigint): Bounds =>
  around(operate(a.low, b.low), operate(a.low, b.high), operate(a.high, b.low), operate(a.high, b.high));

const binaryBounds = ({ operator, left, right }: Extract<Code, { kind: 'binary' }>): Bounds => {
  const [a, b] = [boundsOf(left), boundsOf(right)];
  switch (operator) {
    case '+':
      return { low: a.low + b.low, high: a.high + b.high };
    case '-':
      return { low: a.low - b.high, high: a.high - b.low };
    case '*':
      return corners(a, b, (x, y) => x * y);
    case '/': {
      // Never farther from zero than the dividend.
      const most = around(a.low, -a.low, a.high, -a.high, 0n);
      return a.low >= 0n && b.low >= 0n ? { low: 0n, high: a.high } : most;
    }
    case '%': {
      const most = around(b.low, -b.low, b.high, -b.high, 0n);
      return { low: a.low < 0n ? most.low : 0n, high: a.high > 0n ? most.high : 0n };
    }
    case '&':
      if (a.low >= 0n && b.low >= 0n) return { low: 0n, high: a.high < b.high ? a.high : b.high };
      if (a.low >= 0n || b.low >= 0n) return { low: 0n, high: a.low >= 0n ? a.high : b.high };
      return signedBounds(Math.max(width(a), width(b)));
    case '|':
    case '^': {
      const bits = Math.max(width(a), width(b));
      return a.low >= 0n && b.low >= 0n ? unsignedBounds(bits - 1) : signedBounds(bits);
    }
    case '<<':
    case '>>': {
      // A count that is no constant may be anything: nobody can say.
      if (right.kind !== 'constant' || right.value < 0n || right.value > 63n) return signedBounds(256);
      const shift = (value: bigint): bigint => (operator === '<<' ? value << right.value : value >> right.value);
      return { low: shift(a.low), high: shift(a.high) };
    }
  }
};

export const boundsOf = (code: Code): Bounds => {
  switch (code.kind) {
    case 'constant':
      return { low: code.value, high: code.value };
    case 'register':
      return word.unsigned;
    case 'load':
      return unsignedBounds(code.size * 8);
    case 'extend': {
      const whole = code.signed ? signedBounds(code.bits) : unsignedBounds(code.bits);
      const inner = boundsOf(code.of);
      return within(inner, whole) ? inner : whole;
    }
    case 'binary':
      return binaryBounds(code);
    case 'compare':
    case 'logical':
      return { low: 0n, high: 1n };
  }
};
