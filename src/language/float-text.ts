/** Floating point to and from decimal text, exactly: C's %g, %f, %e, %a for values of any width (C11, 7.21.6.1). */
import { BINARY64, bitLength, divide, NAN, precisionOf, roundFloat, zero, type Float, type FloatFormat } from './floats.js';

type Finite = Extract<Float, { kind: 'finite' }>;

/** The exact value as numerator / denominator. */
function ratio(value: Finite): [bigint, bigint] {
  return value.exponent >= 0 ? [value.mantissa << BigInt(value.exponent), 1n] : [value.mantissa, 1n << BigInt(-value.exponent)];
}

const roundHalfEven = (numerator: bigint, denominator: bigint): bigint => {
  const quotient = numerator / denominator;
  const twice = (numerator - quotient * denominator) * 2n;
  return twice > denominator || (twice === denominator && (quotient & 1n) === 1n) ? quotient + 1n : quotient;
};

const pow10 = (n: number): bigint => 10n ** BigInt(n);

/** `digits` significant decimal digits and the power of ten of the first one. */
function decimal(value: Finite, digits: number): { text: string; exponent: number } {
  if (value.mantissa === 0n) return { text: '0'.repeat(digits), exponent: 0 };
  const [numerator, denominator] = ratio(value);
  let exponent = Math.floor((bitLength(value.mantissa) + value.exponent - 1) * Math.LOG10E * Math.LN2);
  for (;;) {
    const shift = digits - 1 - exponent;
    const scaled =
      shift >= 0 ? roundHalfEven(numerator * pow10(shift), denominator) : roundHalfEven(numerator, denominator * pow10(-shift));
    const text = scaled.toString();
    if (text.length === digits) return { text, exponent };
    exponent += text.length > digits ? 1 : -1;
    // 9.99 rounds up to 10.0: the next round settles it.
    if (text.length === digits + 1 && /^10*$/.test(text)) return { text: text.slice(0, digits), exponent };
  }
}

function special(value: Float, showPayload: boolean): string | undefined {
  const sign = value.negative ? '-' : '';
  if (value.kind === 'infinite') return `${sign}inf`;
  if (value.kind === 'nan') return showPayload ? `${sign}nan(0x${value.payload.toString(16)})` : `${sign}nan`;
  return undefined;
}

const exponentText = (exponent: number): string => `e${exponent < 0 ? '-' : '+'}${Math.abs(exponent).toString().padStart(2, '0')}`;

/** %.{precision}e */
export function scientific(value: Float, precision: number): string {
  if (value.kind !== 'finite') return special(value, false) ?? '';
  const { text, exponent } = decimal(value, precision + 1);
  return `${value.negative ? '-' : ''}${text[0] ?? '0'}${precision > 0 ? `.${text.slice(1)}` : ''}${exponentText(exponent)}`;
}

/** %.{precision}f */
export function fixed(value: Float, precision: number): string {
  if (value.kind !== 'finite') return special(value, false) ?? '';
  const [numerator, denominator] = ratio(value);
  const digits = roundHalfEven(numerator * pow10(precision), denominator)
    .toString()
    .padStart(precision + 1, '0');
  const split = digits.length - precision;
  return `${value.negative ? '-' : ''}${digits.slice(0, split)}${precision > 0 ? `.${digits.slice(split)}` : ''}`;
}

/** %.{precision}g; `alternate` keeps trailing zeros (%#g). */
export function general(value: Float, precision: number, alternate = false): string {
  if (value.kind !== 'finite') return special(value, false) ?? '';
  const digits = Math.max(precision, 1);
  const { text, exponent } = decimal(value, digits);
  const sign = value.negative ? '-' : '';
  const trim = (s: string): string => (alternate || !s.includes('.') ? s : s.replace(/\.?0+$/, ''));
  if (exponent < -4 || exponent >= digits) {
    return sign + trim(text.length > 1 ? `${text[0] ?? ''}.${text.slice(1)}` : text) + exponentText(exponent);
  }
  if (exponent < 0) return sign + trim(`0.${'0'.repeat(-exponent - 1)}${text}`);
  return sign + trim(exponent + 1 < text.length ? `${text.slice(0, exponent + 1)}.${text.slice(exponent + 1)}` : text);
}

/** As gdb prints a value: enough digits for its width, never fewer (`0.100000001` for 0.1f); NaN with its payload. */
export function floatText(value: Float, format: FloatFormat): string {
  return special(value, true) ?? general(value, Math.ceil(1 + precisionOf(format) * Math.log10(2)));
}

/** %a of a double. */
export function hexadecimal(value: Float): string {
  if (value.kind !== 'finite') return special(value, false) ?? '';
  const sign = value.negative ? '-' : '';
  if (value.mantissa === 0n) return `${sign}0x0p+0`;
  const bits = bitLength(value.mantissa);
  const exponent = value.exponent + bits - 1;
  const padded = value.mantissa << BigInt((4 - ((bits - 1) % 4)) % 4);
  const text = padded.toString(16);
  const fraction = text.slice(1).replace(/0+$/, '');
  return `${sign}0x${text[0] ?? ''}${fraction === '' ? '' : `.${fraction}`}p${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

/** Exponents beyond every format: the value is zero or infinite before any arithmetic. */
const ABSURD = 20_000;

/** A C floating constant, rounded once to the format. NaN for text that is none. */
export function parseFloatText(text: string, format: FloatFormat = BINARY64): Float {
  const hexadecimalForm = /^0x([0-9a-f]*)\.?([0-9a-f]*)p([+-]?\d+)$/i.exec(text);
  if (hexadecimalForm) {
    const [, whole = '', fraction = '', power = '0'] = hexadecimalForm;
    const exponent = Number(power) - 4 * fraction.length;
    const mantissa = BigInt(`0x0${whole}${fraction}`);
    return bounded(mantissa, exponent, () => roundFloat({ kind: 'finite', negative: false, mantissa, exponent }, format));
  }
  const decimalForm = /^(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (!decimalForm) return NAN;
  const [, whole = '', fraction = '', power = '0'] = decimalForm;
  const mantissa = BigInt(`0${whole}${fraction}`);
  const exponent = Number(power) - fraction.length;
  const finite = (m: bigint): Float => ({ kind: 'finite', negative: false, mantissa: m, exponent: 0 });
  return bounded(mantissa, exponent, () =>
    exponent >= 0 ? roundFloat(finite(mantissa * pow10(exponent)), format) : divide(finite(mantissa), finite(pow10(-exponent)), format),
  );
}

function bounded(mantissa: bigint, exponent: number, compute: () => Float): Float {
  if (mantissa === 0n) return zero();
  if (exponent > ABSURD) return { kind: 'infinite', negative: false };
  return exponent < -ABSURD - mantissa.toString().length ? zero() : compute();
}
