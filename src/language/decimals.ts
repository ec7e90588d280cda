/** Decimal floating point as x86-64 keeps it: binary integer decimals, BID (IEEE 754-2019, 3.5.2; System V ABI, 3.1.2). */
import type { Float } from './floats.js';

export type Decimal =
  | { readonly kind: 'finite'; readonly negative: boolean; readonly coefficient: bigint; readonly exponent: number }
  | { readonly kind: 'infinite' | 'quiet-nan' | 'signalling-nan'; readonly negative: boolean };

interface DecimalFormat {
  readonly exponentBits: number;
  readonly bias: number;
  /** Decimal digits of a coefficient. A larger one is not canonical, and means zero. */
  readonly digits: number;
}

/** By size in bytes. */
const FORMATS: ReadonlyMap<number, DecimalFormat> = new Map([
  [4, { exponentBits: 8, bias: 101, digits: 7 }],
  [8, { exponentBits: 10, bias: 398, digits: 16 }],
  [16, { exponentBits: 14, bias: 6176, digits: 34 }],
]);

const bitsOf = (raw: bigint, low: number, count: number): bigint => (raw >> BigInt(low)) & ((1n << BigInt(count)) - 1n);

/** The value of 4, 8 or 16 bytes as one number, lowest byte first; undefined for another size. */
export function decodeDecimal(raw: bigint, size: number): Decimal | undefined {
  const format = FORMATS.get(size);
  if (!format) return undefined;
  const width = size * 8;
  const negative = bitsOf(raw, width - 1, 1) === 1n;
  const top = Number(bitsOf(raw, width - 7, 6));
  if (top >> 1 === 0b11110) return { kind: 'infinite', negative };
  if (top >> 1 === 0b11111) return { kind: (top & 1) === 1 ? 'signalling-nan' : 'quiet-nan', negative };
  // A coefficient that begins with 100 leaves those bits out, and the exponent lies two bits lower.
  const isLong = top >> 4 === 0b11;
  const fraction = width - 1 - format.exponentBits - (isLong ? 2 : 0);
  const exponent = Number(bitsOf(raw, fraction, format.exponentBits)) - format.bias;
  const coefficient = bitsOf(raw, 0, fraction) | (isLong ? 0b100n << BigInt(fraction) : 0n);
  return { kind: 'finite', negative, coefficient: coefficient < 10n ** BigInt(format.digits) ? coefficient : 0n, exponent };
}

/** IEEE 754's conversion to a character sequence: `1.20`, `1.0E+100`, `Infinity`. */
export function decimalText(value: Decimal): string {
  const sign = value.negative ? '-' : '';
  if (value.kind !== 'finite') return sign + { infinite: 'Infinity', 'quiet-nan': 'NaN', 'signalling-nan': 'sNaN' }[value.kind];
  const digits = value.coefficient.toString();
  const first = value.exponent + digits.length - 1;
  if (value.exponent <= 0 && first >= -6) {
    const padded = digits.padStart(1 - value.exponent, '0');
    const split = padded.length + value.exponent;
    return sign + padded.slice(0, split) + (value.exponent === 0 ? '' : `.${padded.slice(split)}`);
  }
  const rest = digits.slice(1);
  return `${sign}${digits[0] ?? '0'}${rest === '' ? '' : `.${rest}`}E${first < 0 ? '-' : '+'}${Math.abs(first)}`;
}

/** Without its fraction, as C converts it; undefined: it is no number. */
export function truncateDecimal(value: Decimal): bigint | undefined {
  if (value.kind !== 'finite') return undefined;
  const power = 10n ** BigInt(Math.abs(value.exponent));
  const magnitude = value.exponent < 0 ? value.coefficient / power : value.coefficient * power;
  return value.negative ? -magnitude : magnitude;
}

type Finite = Extract<Decimal, { kind: 'finite' }>;

const finite = (signed: bigint, exponent: number, negativeZero = false): Finite => ({
  kind: 'finite',
  negative: signed < 0n || (signed === 0n && negativeZero),
  coefficient: signed < 0n ? -signed : signed,
  exponent,
});

export const decimalOf = (value: bigint): Decimal => finite(value, 0);

/** A number that is written in decimal: `1.5`, `1e-3`. */
export function parseDecimal(text: string): Decimal {
  const [, whole = '', fraction = '', power = '0'] = /^(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  return finite(BigInt(`0${whole}${fraction}`), Number(power) - fraction.length);
}

/** `mantissa * 2^exponent`, exactly, with as few digits as that takes. */
export function decimalFromBinary(value: Float): Decimal {
  if (value.kind !== 'finite') return { kind: value.kind === 'nan' ? 'quiet-nan' : 'infinite', negative: value.negative };
  const { mantissa, exponent, negative } = value;
  const scaled = exponent < 0 ? mantissa * 5n ** BigInt(-exponent) : mantissa << BigInt(exponent);
  return withoutZeros({ kind: 'finite', negative, coefficient: scaled, exponent: Math.min(exponent, 0) }, 0);
}

/** Takes zeros off the end of the coefficient, until the exponent is `highest`. */
function withoutZeros(value: Finite, highest: number): Finite {
  let { coefficient, exponent } = value;
  for (; exponent < highest && coefficient !== 0n && coefficient % 10n === 0n; exponent++) coefficient /= 10n;
  return { ...value, coefficient, exponent: coefficient === 0n ? highest : exponent };
}

/** To the digits and the exponents of a format, half to even. */
function rounded(value: Finite, format: DecimalFormat): Decimal {
  const { negative } = value;
  const lowest = -format.bias;
  const highest = 3 * 2 ** (format.exponentBits - 2) - 1 - format.bias;
  let { coefficient, exponent } = value;
  const excess = Math.max(coefficient.toString().length - format.digits, lowest - exponent);
  if (excess > 0) {
    const unit = 10n ** BigInt(excess);
    const twice = (coefficient % unit) * 2n;
    coefficient /= unit;
    if (twice > unit || (twice === unit && (coefficient & 1n) === 1n)) coefficient += 1n;
    exponent += excess;
  }
  for (; exponent > highest && coefficient.toString().length < format.digits; exponent--) coefficient *= 10n;
  if (coefficient === 10n ** BigInt(format.digits))
    return rounded({ ...value, coefficient: coefficient / 10n, exponent: exponent + 1 }, format);
  if (exponent > highest && coefficient !== 0n) return { kind: 'infinite', negative };
  return { kind: 'finite', negative, coefficient, exponent: Math.min(exponent, highest) };
}

/** The bits of a decimal of 4, 8 or 16 bytes, rounded to what it can hold. */
export function encodeDecimal(given: Decimal, size: number): bigint {
  const format = FORMATS.get(size);
  if (!format) return 0n;
  const width = size * 8;
  const value = given.kind === 'finite' ? rounded(given, format) : given;
  const sign = value.negative ? 1n << BigInt(width - 1) : 0n;
  if (value.kind !== 'finite') {
    const top = { infinite: 0b111100n, 'quiet-nan': 0b111110n, 'signalling-nan': 0b111111n }[value.kind];
    return sign | (top << BigInt(width - 7));
  }
  const exponent = BigInt(value.exponent + format.bias);
  const fraction = width - 1 - format.exponentBits;
  if (value.coefficient >> BigInt(fraction) === 0n) return sign | (exponent << BigInt(fraction)) | value.coefficient;
  const low = BigInt(fraction - 2);
  return sign | (0b11n << BigInt(width - 3)) | (exponent << low) | (value.coefficient & ((1n << low) - 1n));
}

/** Below, at or above zero as `a` is below, at or above `b`; undefined: one of them is no number. */
export function compareDecimals(a: Decimal, b: Decimal): number | undefined {
  if (isNaN(a) || isNaN(b)) return undefined;
  if (a.kind === 'finite' && b.kind === 'finite') {
    const { coefficient } = sum(a, negated(b));
    return coefficient === 0n ? 0 : sum(a, negated(b)).negative ? -1 : 1;
  }
  const size = (value: Decimal): number => (value.kind === 'finite' ? 0 : value.negative ? -1 : 1);
  return size(a) - size(b);
}

const isNaN = (value: Decimal): boolean => value.kind === 'quiet-nan' || value.kind === 'signalling-nan';

export const isZeroDecimal = (value: Decimal): boolean => value.kind === 'finite' && value.coefficient === 0n;

const signedOf = ({ negative, coefficient }: Finite): bigint => (negative ? -coefficient : coefficient);

export const negated = <T extends Decimal>(value: T): T => ({ ...value, negative: !value.negative });

function sum(a: Finite, b: Finite): Finite {
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = (value: Finite): bigint => signedOf(value) * 10n ** BigInt(value.exponent - exponent);
  return finite(scaled(a) + scaled(b), exponent, a.negative && b.negative);
}

/** Digits that a quotient is computed to, before it is rounded to its type. */
const QUOTIENT_DIGITS = 40;

function quotient(a: Finite, b: Finite): Decimal {
  const negative = a.negative !== b.negative;
  if (b.coefficient === 0n) return { kind: a.coefficient === 0n ? 'quiet-nan' : 'infinite', negative };
  const shift = Math.max(0, QUOTIENT_DIGITS + b.coefficient.toString().length - a.coefficient.toString().length);
  const numerator = a.coefficient * 10n ** BigInt(shift);
  // A digit that is lost for ever must not look like a tie: the last one tells that there was a rest.
  const sticky = numerator % b.coefficient === 0n ? 0n : 1n;
  const coefficient = (numerator / b.coefficient) * 10n + sticky;
  return withoutZeros({ kind: 'finite', negative, coefficient, exponent: a.exponent - b.exponent - shift - 1 }, a.exponent - b.exponent);
}

/** `+ - * /` (IEEE 754-2019, 5.4.1), not yet rounded to a type; undefined for what decimals do not have. */
export function decimalResult(operator: string, a: Decimal, b: Decimal): Decimal | undefined {
  if (!'+-*/'.includes(operator)) return undefined;
  const right = operator === '-' ? negated(b) : b;
  if (a.kind !== 'finite' || right.kind !== 'finite') return withInfinity(operator, a, right);
  if (operator === '*')
    return { ...finite(signedOf(a) * signedOf(right), a.exponent + right.exponent), negative: a.negative !== right.negative };
  return operator === '/' ? quotient(a, right) : sum(a, right);
}

function withInfinity(operator: string, a: Decimal, b: Decimal): Decimal {
  const nan: Decimal = { kind: 'quiet-nan', negative: false };
  if (isNaN(a) || isNaN(b)) return isNaN(a) ? { ...nan, negative: a.negative } : { ...nan, negative: b.negative };
  const negative = a.negative !== b.negative;
  if (operator === '*') return isZeroDecimal(a) || isZeroDecimal(b) ? nan : { kind: 'infinite', negative };
  if (operator === '/') return a.kind === 'finite' ? finite(0n, 0, negative) : b.kind === 'finite' ? { kind: 'infinite', negative } : nan;
  if (a.kind === 'infinite' && b.kind === 'infinite' && negative) return nan;
  return a.kind === 'infinite' ? a : b;
}
