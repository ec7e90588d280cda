/**
 * Binary floating point of any width, exactly: a value is sign * mantissa * 2^exponent with a bigint mantissa. One
 * arithmetic serves _Float16, float, double, x87 80-bit and binary128 (IEEE 754-2019, 3.4; Intel SDM 1, 4.2.2), rounding once to
 * nearest even, as the machine does.
 */
export interface FloatFormat {
  /** Bytes that carry information; an x87 long double occupies 16 but uses 10. */
  readonly bytes: number;
  readonly exponentBits: number;
  /** Stored bits of the significand; x87 stores its leading one too. */
  readonly fractionBits: number;
  readonly explicitOne: boolean;
}

export const BINARY16: FloatFormat = { bytes: 2, exponentBits: 5, fractionBits: 10, explicitOne: false };
export const BINARY32: FloatFormat = { bytes: 4, exponentBits: 8, fractionBits: 23, explicitOne: false };
export const BINARY64: FloatFormat = { bytes: 8, exponentBits: 11, fractionBits: 52, explicitOne: false };
export const X87: FloatFormat = { bytes: 10, exponentBits: 15, fractionBits: 64, explicitOne: true };
export const BINARY128: FloatFormat = { bytes: 16, exponentBits: 15, fractionBits: 112, explicitOne: false };
export const BFLOAT16: FloatFormat = { bytes: 2, exponentBits: 8, fractionBits: 7, explicitOne: false };

/** Significant bits, the leading one included. */
export const precisionOf = (format: FloatFormat): number => format.fractionBits + (format.explicitOne ? 0 : 1);

export type Float =
  | { readonly kind: 'finite'; readonly negative: boolean; readonly mantissa: bigint; readonly exponent: number }
  | { readonly kind: 'infinite'; readonly negative: boolean }
  | { readonly kind: 'nan'; readonly negative: boolean; readonly payload: bigint };

export const NAN: Float = { kind: 'nan', negative: false, payload: 0n };
export const zero = (negative = false): Float => ({ kind: 'finite', negative, mantissa: 0n, exponent: 0 });

const mask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

/** Number of binary digits of a non-negative bigint. */
export function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return value === 0n ? 0 : (digits.length - 1) * 4 + (32 - Math.clz32(parseInt(digits[0] ?? '0', 16)));
}

const littleEndian = (bytes: Uint8Array, count: number): bigint => {
  let value = 0n;
  for (let i = Math.min(count, bytes.length) - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value;
};

export function decodeFloat(bytes: Uint8Array, format: FloatFormat): Float {
  const raw = littleEndian(bytes, format.bytes);
  const fraction = raw & mask(format.fractionBits);
  const biased = Number((raw >> BigInt(format.fractionBits)) & mask(format.exponentBits));
  const negative = ((raw >> BigInt(format.fractionBits + format.exponentBits)) & 1n) === 1n;
  const bias = (1 << (format.exponentBits - 1)) - 1;
  const precision = precisionOf(format);
  if (biased === (1 << format.exponentBits) - 1) {
    const payload = format.explicitOne ? fraction & mask(63) : fraction;
    return payload === 0n ? { kind: 'infinite', negative } : { kind: 'nan', negative, payload: fraction };
  }
  const exponent = Math.max(biased, 1) - bias - (precision - 1);
  const mantissa = format.explicitOne || biased === 0 ? fraction : fraction | (1n << BigInt(format.fractionBits));
  return { kind: 'finite', negative, mantissa, exponent };
}

/** Rounds to nearest, ties to even; overflow gives infinity, underflow gives subnormals and zero. */
export function roundFloat(value: Float, format: FloatFormat): Float {
  if (value.kind !== 'finite' || value.mantissa === 0n) return value;
  const precision = precisionOf(format);
  const bias = (1 << (format.exponentBits - 1)) - 1;
  const lowest = 1 - bias - (precision - 1);
  const excess = Math.max(bitLength(value.mantissa) - precision, lowest - value.exponent);
  if (excess <= 0) return overflow(value, format);
  const shift = BigInt(excess);
  const half = 1n << (shift - 1n);
  const rest = value.mantissa & mask(excess);
  let mantissa = value.mantissa >> shift;
  if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n;
  return overflow({ kind: 'finite', negative: value.negative, mantissa, exponent: value.exponent + excess }, format);
}

function overflow(value: Extract<Float, { kind: 'finite' }>, format: FloatFormat): Float {
  const bias = (1 << (format.exponentBits - 1)) - 1;
  return bitLength(value.mantissa) + value.exponent > bias + 1 ? { kind: 'infinite', negative: value.negative } : value;
}

/** The bytes of a value in a format, padded with zeros to `size`. */
export function encodeFloat(value: Float, format: FloatFormat, size = format.bytes): Uint8Array {
  const rounded = roundFloat(value, format);
  const precision = precisionOf(format);
  const bias = (1 << (format.exponentBits - 1)) - 1;
  let biased = 0;
  let fraction = 0n;
  if (rounded.kind !== 'finite') {
    biased = (1 << format.exponentBits) - 1;
    const one = format.explicitOne ? 1n << 63n : 0n;
    const quiet = 1n << BigInt(precision - 2);
    fraction = rounded.kind === 'nan' ? one | (rounded.payload & mask(precision - 1) || quiet) : one;
  } else if (rounded.mantissa !== 0n) {
    const lowest = 1 - bias - (precision - 1);
    const exponent = Math.max(rounded.exponent - (precision - bitLength(rounded.mantissa)), lowest);
    const shift = rounded.exponent - exponent;
    fraction = shift >= 0 ? rounded.mantissa << BigInt(shift) : rounded.mantissa >> BigInt(-shift);
    biased = bitLength(fraction) === precision ? exponent - lowest + 1 : 0;
    if (!format.explicitOne) fraction &= mask(format.fractionBits);
  }
  let raw = fraction | (BigInt(biased) << BigInt(format.fractionBits));
  if (rounded.negative) raw |= 1n << BigInt(format.fractionBits + format.exponentBits);
  const bytes = new Uint8Array(size);
  for (let i = 0; i < format.bytes && i < size; i++, raw >>= 8n) bytes[i] = Number(raw & 0xffn);
  return bytes;
}

export const negate = (value: Float): Float => ({ ...value, negative: !value.negative });

export function fromInteger(value: bigint): Float {
  return { kind: 'finite', negative: value < 0n, mantissa: value < 0n ? -value : value, exponent: 0 };
}

export function fromNumber(value: number): Float {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return decodeFloat(bytes, BINARY64);
}

export function toNumber(value: Float): number {
  const bytes = encodeFloat(value, BINARY64);
  return new DataView(bytes.buffer).getFloat64(0, true);
}

/** Towards zero, as C converts; undefined for infinities and NaN. */
export function truncate(value: Float): bigint | undefined {
  if (value.kind !== 'finite') return undefined;
  const { mantissa, exponent } = value;
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa >> BigInt(Math.min(-exponent, bitLength(mantissa) + 1));
  return value.negative ? -whole : whole;
}

export const isZero = (value: Float): boolean => value.kind === 'finite' && value.mantissa === 0n;

/** Signed mantissas at a common exponent. */
function align(a: Extract<Float, { kind: 'finite' }>, b: Extract<Float, { kind: 'finite' }>): [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = (x: typeof a): bigint => (x.negative ? -x.mantissa : x.mantissa) << BigInt(x.exponent - exponent);
  return [scaled(a), scaled(b), exponent];
}

export function add(a: Float, b: Float, format: FloatFormat): Float {
  if (a.kind === 'nan') return a;
  if (b.kind === 'nan') return b;
  if (a.kind === 'infinite') return b.kind === 'infinite' && a.negative !== b.negative ? { ...NAN, negative: true } : a;
  if (b.kind === 'infinite') return b;
  const [left, right, exponent] = align(a, b);
  const sum = left + right;
  if (sum === 0n) return zero(a.negative && b.negative);
  return roundFloat({ ...fromInteger(sum), exponent } as Float, format);
}

export function multiply(a: Float, b: Float, format: FloatFormat): Float {
  if (a.kind === 'nan') return a;
  if (b.kind === 'nan') return b;
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinite' || b.kind === 'infinite')
    return isZero(a) || isZero(b) ? { ...NAN, negative: true } : { kind: 'infinite', negative };
  return roundFloat({ kind: 'finite', negative, mantissa: a.mantissa * b.mantissa, exponent: a.exponent + b.exponent }, format);
}

export function divide(a: Float, b: Float, format: FloatFormat): Float {
  if (a.kind === 'nan') return a;
  if (b.kind === 'nan') return b;
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinite') return b.kind === 'infinite' ? { ...NAN, negative: true } : { kind: 'infinite', negative };
  if (b.kind === 'infinite') return zero(negative);
  if (b.mantissa === 0n) return a.mantissa === 0n ? { ...NAN, negative: true } : { kind: 'infinite', negative };
  // Enough quotient bits for one rounding; a remainder leaves a sticky bit.
  const shift = Math.max(0, precisionOf(format) + 2 + bitLength(b.mantissa) - bitLength(a.mantissa));
  const dividend = a.mantissa << BigInt(shift);
  const quotient = dividend / b.mantissa;
  const sticky = quotient * b.mantissa === dividend ? 0n : 1n;
  return roundFloat(
    { kind: 'finite', negative, mantissa: (quotient << 1n) | sticky, exponent: a.exponent - b.exponent - shift - 1 },
    format,
  );
}

/** Negative, zero or positive; undefined when unordered. */
export function compareFloats(a: Float, b: Float): number | undefined {
  if (a.kind === 'nan' || b.kind === 'nan') return undefined;
  const rank = (x: Float): number => (x.kind === 'infinite' ? (x.negative ? -1 : 1) : 0);
  if (a.kind === 'infinite' || b.kind === 'infinite') return rank(a) - rank(b);
  const [left, right] = align(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}
