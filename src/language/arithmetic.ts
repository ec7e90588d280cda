/**
 * C arithmetic on the System V x86-64 ABI (C11, 6.3.1 and 6.5.3-6.5.12): promotions, usual conversions, and operators that
 * wrap as the machine does. Works on values already read; pointers are pointer-arithmetic.ts.
 */
import { DeetError } from '../common/errors.js';
import type { BaseType, CType } from '../symbols/types.js';
import type { BinaryOperator } from './ast.js';
import * as c from './c-types.js';
import { convertDecimal, decimalArithmetic } from './decimal-values.js';
import { isZeroDecimal } from './decimals.js';
import { add, compareFloats, divide, isZero, multiply, negate, truncate, type Float } from './floats.js';
import { asComplex, asDecimal, asFloat, asInteger, asPointer, asReference, isSigned, requireSize, strip } from './types.js';
import { floatFormat, toDecimal, toFloat, toInteger, Value } from './value.js';

export type Warn = (message: string) => void;

/** C11, 6.3.1.1: anything narrower than int becomes int; bit-fields by their width. */
export function promoted(value: Value): CType {
  const integer = asInteger(value.type);
  if (!integer) return strip(value.type);
  const { size } = integer;
  if (value.bits && value.bits.size < 32) return c.INT;
  if (integer.kind === 'enum') return size > 4 ? (integer.signed ? c.LONG : c.UNSIGNED_LONG) : integer.signed ? c.INT : c.UNSIGNED_INT;
  if (size < 4) return c.INT;
  if (size === 4 && integer.encoding !== 'signed' && integer.encoding !== 'unsigned') return isSigned(integer) ? c.INT : c.UNSIGNED_INT;
  return integer;
}

const rank = (type: BaseType): number => (type.size === 16 ? 4 : type.size === 8 ? (type.name.includes('long long') ? 3 : 2) : 1);

/** C11, 6.3.1.8. @throws DeetError for operands that are not arithmetic */
export function usualType(left: Value, right: Value): BaseType {
  const floats = [asFloat(left.type), asFloat(right.type)];
  const [a, b] = floats;
  if (a && b) return floatRank(a) >= floatRank(b) ? a : b;
  if (a ?? b) return (a ?? b) as BaseType;
  const x = promoted(left);
  const y = promoted(right);
  if (x.kind !== 'base' || y.kind !== 'base') throw notNumber();
  if (isSigned(x) === isSigned(y)) return rank(x) >= rank(y) ? x : y;
  const [unsigned, signed] = isSigned(x) ? [y, x] : [x, y];
  if (rank(unsigned) >= rank(signed)) return unsigned;
  if (signed.size > unsigned.size) return signed;
  return signed.size === 16 ? c.UNSIGNED_INT128 : rank(signed) === 3 ? c.UNSIGNED_LONG_LONG : c.UNSIGNED_LONG;
}

const floatRank = (type: BaseType): number => type.size * 2 + (/128/.test(type.name) ? 1 : 0);

const notNumber = (): DeetError => new DeetError('type', 'Argument to arithmetic operation not a number or boolean.');

export const isArithmetic = (type: CType): boolean => (asInteger(type) ?? asFloat(type) ?? asDecimal(type)) !== undefined;

const COMPARISONS = new Set<BinaryOperator>(['==', '!=', '<', '>', '<=', '>=']);
export const isComparison = (operator: BinaryOperator): boolean => COMPARISONS.has(operator);

/** Of an ordering; unordered (NaN) makes everything but `!=` false. */
export function holds(operator: BinaryOperator, order: number | undefined): boolean {
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order !== undefined && order < 0;
    case '>':
      return order !== undefined && order > 0;
    case '<=':
      return order !== undefined && order <= 0;
    default:
      return order !== undefined && order >= 0;
  }
}

/** @throws DeetError `type`, `division-by-zero` */
export function arithmetic(operator: BinaryOperator, left: Value, right: Value, truth: CType, warn?: Warn): Value {
  if (asComplex(left.type) ?? asComplex(right.type)) return complexArithmetic(operator, left, right, truth);
  if (!isArithmetic(left.type) || !isArithmetic(right.type)) throw notNumber();
  if (asDecimal(left.type) ?? asDecimal(right.type)) {
    const holding = isComparison(operator) ? (order: number | undefined) => holds(operator, order) : undefined;
    return decimalArithmetic(operator, left, right, truth, holding);
  }
  if (operator === '<<' || operator === '>>') return shift(operator, left, right, warn);
  const type = usualType(left, right);
  if (type.encoding === 'float') return floatArithmetic(operator, type, toFloat(left), toFloat(right), truth);
  const wrap = (value: bigint): bigint => (isSigned(type) ? BigInt.asIntN(type.size * 8, value) : BigInt.asUintN(type.size * 8, value));
  const a = wrap(toInteger(left));
  const b = wrap(toInteger(right));
  if (isComparison(operator)) return Value.integer(truth, holds(operator, a < b ? -1 : a > b ? 1 : 0) ? 1n : 0n);
  return Value.integer(type, integerResult(operator, a, b, left.isAbstract || right.isAbstract));
}

function integerResult(operator: BinaryOperator, a: bigint, b: bigint, abstract: boolean): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '&':
      return a & b;
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '/':
    case '%':
      if (b === 0n && abstract) return 0n;
      if (b === 0n) throw new DeetError('division-by-zero', 'Division by zero');
      return operator === '/' ? a / b : a % b;
    default:
      throw notNumber();
  }
}

/** The result has the promoted left operand's type (C11, 6.5.7); counts that C leaves undefined are warned of and give what gdb gives. */
function shift(operator: '<<' | '>>', left: Value, right: Value, warn?: Warn): Value {
  const type = promoted(left);
  if (type.kind !== 'base' || asFloat(type) || asFloat(right.type))
    throw new DeetError('type', 'Integer-only operation on floating point number.');
  const width = BigInt(type.size * 8);
  const value = toInteger(left);
  const count = toInteger(right);
  const name = operator === '<<' ? 'left' : 'right';
  if (count < 0n) {
    warn?.(`${name} shift count is negative`);
    return Value.integer(type, 0n);
  }
  if (count >= width) {
    warn?.(`${name} shift count >= width of type`);
    return Value.integer(type, operator === '>>' && value < 0n ? -1n : 0n);
  }
  return Value.integer(type, operator === '<<' ? value << count : value >> count);
}

function floatArithmetic(operator: BinaryOperator, type: BaseType, a: Float, b: Float, truth: CType): Value {
  if (isComparison(operator)) return Value.integer(truth, holds(operator, compareFloats(a, b)) ? 1n : 0n);
  const format = floatFormat(type);
  switch (operator) {
    case '+':
      return Value.float(type, add(a, b, format));
    case '-':
      return Value.float(type, add(a, negate(b), format));
    case '*':
      return Value.float(type, multiply(a, b, format));
    case '/':
      return Value.float(type, divide(a, b, format));
    default:
      throw new DeetError('type', 'Integer-only operation on floating point number.');
  }
}

/** Real and imaginary part, as values of the component's type. */
export function complexParts(value: Value): [Value, Value] {
  const complex = asComplex(value.type);
  if (!complex) {
    if (!isArithmetic(value.type)) throw notNumber();
    const real = asFloat(value.type) ? value : Value.integer(promoted(value), toInteger(value));
    return [real, Value.of(real.type, new Uint8Array(real.size))];
  }
  const size = complex.size / 2;
  const component = complexComponent(complex);
  return [value.part(component, 0), value.part(component, size)];
}

export function complexComponent(complex: BaseType): BaseType {
  const size = complex.size / 2;
  if (complex.encoding === 'complex-signed') return integerComponent(complex.name, size);
  return size === 4 ? c.FLOAT : size === 8 ? c.DOUBLE : /128/.test(complex.name) ? c.FLOAT128 : c.LONG_DOUBLE;
}

/** GNU C's complex integers: `_Complex unsigned long`, to gcc's debug information `complex long unsigned int`. */
function integerComponent(name: string, size: number): BaseType {
  const unsigned = name.includes('unsigned');
  const named = [c.SIGNED_CHAR, c.SHORT, c.INT, c.LONG, c.UNSIGNED_CHAR, c.UNSIGNED_SHORT, c.UNSIGNED_INT, c.UNSIGNED_LONG];
  return named.find((type) => type.size === size && isSigned(type) !== unsigned) ?? c.INT;
}

function complexArithmetic(operator: BinaryOperator, left: Value, right: Value, truth: CType): Value {
  const [a, b] = complexParts(left);
  const [x, y] = complexParts(right);
  const op = (o: BinaryOperator, p: Value, q: Value): Value => arithmetic(o, p, q, truth);
  switch (operator) {
    case '+':
    case '-':
      return complexOf(op(operator, a, x), op(operator, b, y));
    case '*':
      return complexOf(op('-', op('*', a, x), op('*', b, y)), op('+', op('*', a, y), op('*', b, x)));
    case '/': {
      const norm = op('+', op('*', x, x), op('*', y, y));
      return complexOf(op('/', op('+', op('*', a, x), op('*', b, y)), norm), op('/', op('-', op('*', b, x), op('*', a, y)), norm));
    }
    case '==':
    case '!=': {
      const equal = toInteger(op('==', a, x)) !== 0n && toInteger(op('==', b, y)) !== 0n;
      return Value.integer(truth, equal === (operator === '==') ? 1n : 0n);
    }
    default:
      throw notNumber();
  }
}

/** Of two numbers of one type. */
export function complexOf(real: Value, imaginary: Value): Value {
  const bytes = new Uint8Array(real.size + imaginary.size);
  bytes.set(real.bytes());
  bytes.set(imaginary.bytes(), real.size);
  return Value.of(complexType(real.type), bytes);
}

function complexType(component: CType): BaseType {
  const bare = strip(component);
  if (bare.kind !== 'base') throw notNumber();
  if (bare.encoding !== 'float') return { kind: 'base', name: `_Complex ${bare.name}`, size: bare.size * 2, encoding: 'complex-signed' };
  return bare.size === 4 ? c.COMPLEX_FLOAT : bare.size === 8 ? c.COMPLEX_DOUBLE : c.COMPLEX_LONG_DOUBLE;
}

/** Is it different from zero? (C11, 6.5.13-15.) @throws DeetError for structs */
export function isTrue(value: Value): boolean {
  if (asFloat(value.type)) return !isZero(toFloat(value));
  const decimal = toDecimal(value);
  if (decimal) return !isZeroDecimal(decimal);
  if (asInteger(value.type) ?? asPointer(value.type)) return toInteger(value) !== 0n;
  const kind = strip(value.type).kind;
  if (kind === 'array' || kind === 'function') return true;
  if (asComplex(value.type)) return complexParts(value).some(isTrue);
  if (asReference(value.type) || kind === 'member-pointer') return toInteger(value) !== 0n;
  throw new DeetError('type', 'Attempt to take the truth of a value that is not a number or a pointer.');
}

/** Conversion to an arithmetic type (C11, 6.3.1.2-5). A float that does not fit is undefined in C: it wraps here. */
export function convertArithmetic(value: Value, type: CType): Value {
  const target = strip(type);
  const size = requireSize(type);
  if (target.kind === 'base' && target.encoding === 'bool') return Value.integer(type, isTrue(value) ? 1n : 0n);
  if (asComplex(value.type) && !asComplex(type)) return convertArithmetic(complexParts(value)[0], type);
  const decimal = convertDecimal(value, type, size);
  if (decimal) return decimal;
  if (asFloat(type)) return Value.float(type, toFloat(value));
  if (asFloat(value.type)) return Value.integer(type, truncate(toFloat(value)) ?? 1n << BigInt(size * 8 - 1));
  return Value.integer(type, toInteger(value));
}
