/**
 * Comparisons of floating-point numbers without floating-point arithmetic: of numbers that are not NaN, the order is that of their bits read as a sign and a
 * magnitude (IEEE 754-2019, 3.4). So conditions on them are simple code like those on integers, and the program's floating-point state is not touched.
 */
import { decodeFloat, encodeFloat, fromNumber, BINARY32, BINARY64, toNumber } from './floats.js';
import { constant, type Code, type SimpleComparison } from './simple-code.js';

/** An object of `size` (4 or 8) bytes whose bits are `bits`, as a signed number. */
export interface FloatObject {
  readonly bits: Code;
  readonly size: 4 | 8;
}

const formats = { 4: BINARY32, 8: BINARY64 } as const;

const mirrored: Record<SimpleComparison, SimpleComparison> = { '==': '==', '!=': '!=', '<': '>', '>': '<', '<=': '>=', '>=': '<=' };

const binary = (operator: '&' | '^' | '-' | '>>', left: Code, right: Code): Code => ({ kind: 'binary', operator, left, right });
const compare = (operator: SimpleComparison, left: Code, right: Code): Code => ({ kind: 'compare', operator, left, right });
const both = (left: Code, right: Code): Code => ({ kind: 'logical', operator: '&&', left, right });
const truth = (holds: boolean): Code => constant(holds ? 1n : 0n);

const largestMagnitude = (size: 4 | 8): bigint => (1n << BigInt(size * 8 - 1)) - 1n;

const magnitudeOf = ({ bits, size }: FloatObject): Code => binary('&', bits, constant(largestMagnitude(size)));

/** Minus the magnitude for what is negative; both zeros are 0. */
const orderOf = (object: FloatObject): Code => {
  const sign = binary('>>', object.bits, constant(BigInt(object.size * 8 - 1)));
  return { kind: 'extend', of: binary('-', binary('^', magnitudeOf(object), sign), sign), bits: 64, signed: true };
};

const bitsOf = (value: number, size: 4 | 8): bigint =>
  encodeFloat(fromNumber(value), formats[size]).reduceRight((bits, byte) => (bits << 8n) | BigInt(byte), 0n);

const orderOfConstant = (value: number, size: 4 | 8): bigint => {
  const magnitude = bitsOf(Math.abs(value), size);
  return value < 0 ? -magnitude : magnitude;
};

/** Magnitudes behind infinity are NaN. */
const isNumber = (object: FloatObject): Code => compare('<=', magnitudeOf(object), constant(bitsOf(Infinity, object.size)));

/** An object and a number that its type may not hold: then the nearest that it does, and what the comparison means there. */
const withConstant = (operator: SimpleComparison, object: FloatObject, value: number): Code => {
  if (Number.isNaN(value)) return truth(operator === '!=');
  const nearest = toNumber(decodeFloat(encodeFloat(fromNumber(value), formats[object.size]), formats[object.size]));
  if (nearest !== value && (operator === '==' || operator === '!=')) return truth(operator === '!=');
  const below = operator === '<' || operator === '<=';
  const exact = nearest === value ? operator : below ? (nearest < value ? '<=' : '<') : nearest < value ? '>' : '>=';
  const comparison = compare(exact, orderOf(object), constant(orderOfConstant(nearest, object.size)));
  // A NaN's magnitude is no other number's, so equality needs no second question.
  return operator === '==' || operator === '!=' ? comparison : both(comparison, isNumber(object));
};

/** A comparison as simple code. Undefined: the objects are of different sizes, and would have to be converted. */
export const compareFloats = (operator: SimpleComparison, left: FloatObject | number, right: FloatObject | number): Code | undefined => {
  if (typeof left === 'number') return typeof right === 'number' ? undefined : withConstant(mirrored[operator], right, left);
  if (typeof right === 'number') return withConstant(operator, left, right);
  if (left.size !== right.size) return undefined;
  const comparison = compare(operator, orderOf(left), orderOf(right));
  const numbers = both(isNumber(left), isNumber(right));
  if (operator !== '!=') return both(comparison, numbers);
  return { kind: 'logical', operator: '||', left: comparison, right: compare('==', numbers, constant(0n)) };
};
