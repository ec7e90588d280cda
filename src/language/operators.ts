/** Binary and unary operators on values of any type: numbers go to arithmetic.ts, pointers are handled here (C11, 6.5.6, 6.5.8). */
import { DeetError } from '../common/errors.js';
import type { CType, PointerType } from '../symbols/types.js';
import { arithmetic, complexOf, complexParts, holds, isComparison, isArithmetic, isTrue, promoted, type Warn } from './arithmetic.js';
import type { BinaryOperator } from './ast.js';
import * as c from './c-types.js';
import { decayed } from './conversions.js';
import { decimalValue } from './decimal-values.js';
import { negated } from './decimals.js';
import { negate as negateFloat } from './floats.js';
import { isUnknown, unknownType } from './unknown.js';
import {
  asArray,
  asComplex,
  asDecimal,
  asFloat,
  asFunction,
  asInteger,
  asPointer,
  asStruct,
  nameOf,
  sizeOf,
  strip,
  withoutTypedef,
} from './types.js';
import { toDecimal, toFloat, toInteger, Value } from './value.js';

/** Distance between neighbours behind a pointer; void and functions count as 1 (GNU C). @throws DeetError */
export function stride(pointer: PointerType): number {
  const size = sizeOf(pointer.target);
  if (size === undefined)
    throw new DeetError(
      'incomplete-type',
      `Cannot perform pointer math on incomplete type "${nameOf(pointer.target) ?? ''}", try casting to a known type, or void *.`,
    );
  return Math.max(1, size);
}

/** The result keeps the pointer's qualifiers and loses its typedef, as in gdb. */
function movePointer(pointer: Value, type: PointerType, count: bigint): Value {
  return Value.integer(withoutTypedef(pointer.type), toInteger(pointer) + count * BigInt(stride(type)));
}

/** @throws DeetError */
export function binary(operator: BinaryOperator, left: Value, right: Value, truth: CType, warn?: Warn): Value {
  rejectUnknown(left);
  rejectUnknown(right);
  const vector = asArray(left.type)?.vector ?? asArray(right.type)?.vector;
  if (vector) return vectorOperation(operator, left, right, truth);
  if (asStruct(left.type) ?? asStruct(right.type)) {
    throw noOperator(operator);
  }
  const a = decayed(left);
  const b = decayed(right);
  const p = asPointer(a.type);
  const q = asPointer(b.type);
  if (!p && !q) return arithmetic(operator, memberPointerNumber(a), memberPointerNumber(b), truth, warn);
  if (isComparison(operator)) return comparePointers(operator, a, b, truth);
  if (operator === '+' && p && asInteger(b.type)) return movePointer(a, p, toInteger(b));
  if (operator === '+' && q && asInteger(a.type)) return movePointer(b, q, toInteger(a));
  if (operator === '-' && p && asInteger(b.type)) return movePointer(a, p, -toInteger(b));
  if (operator === '-' && p && q) {
    if (stride(p) !== stride(q)) {
      throw new DeetError(
        'type',
        "First argument of `-' is a pointer and second argument is neither\nan integer nor a pointer of the same type.",
      );
    }
    return Value.integer(c.LONG, (toInteger(a) - toInteger(b)) / BigInt(stride(p)));
  }
  throw new DeetError('type', 'Argument to arithmetic operation not a number or boolean.', 'Cast the pointer first: (long) p');
}

const asNumber = (value: Value): Value => (asPointer(value.type) ? Value.integer(c.LONG, toInteger(value)) : value);

const memberPointerNumber = (value: Value): Value =>
  strip(value.type).kind === 'member-pointer' ? Value.integer(c.LONG, toInteger(value)) : value;

/** C has none for structs; gdb looks for C++'s. */
export const noOperator = (operator: string): DeetError => new DeetError('type', `Structure has no component named operator${operator}.`);

function rejectUnknown(value: Value): void {
  if (isUnknown(value)) throw unknownType(value);
}

function comparePointers(operator: BinaryOperator, a: Value, b: Value, truth: CType): Value {
  if (asFloat(a.type) ?? asFloat(b.type)) return arithmetic(operator, asNumber(a), asNumber(b), truth);
  const number = (value: Value): bigint => BigInt.asUintN(64, toInteger(value));
  const x = number(a);
  const y = number(b);
  return Value.integer(truth, holds(operator, x < y ? -1 : x > y ? 1 : 0) ? 1n : 0n);
}

/** GNU vectors: element by element; a scalar stands for a vector of itself. */
function vectorOperation(operator: BinaryOperator, left: Value, right: Value, truth: CType): Value {
  const type = asArray(left.type)?.vector ? left.type : right.type;
  const array = asArray(type);
  if (!array || typeof array.count !== 'number' || array.count > 4096)
    throw new DeetError('type', 'Argument to arithmetic operation not a number or boolean.');
  const size = sizeOf(array.element) ?? 1;
  const compares = isComparison(operator);
  const element = compares ? signedOfSize(size) : array.element;
  const bytes = new Uint8Array(size * array.count);
  const pick = (value: Value, i: number): Value => {
    const own = asArray(value.type);
    return own?.vector ? value.element(own, i) : value;
  };
  for (let i = 0; i < array.count; i++) {
    const result = arithmetic(operator, pick(left, i), pick(right, i), truth);
    const converted = asFloat(element)
      ? Value.float(element, toFloat(result))
      : Value.integer(element, toInteger(result) * (compares ? -1n : 1n));
    bytes.set(converted.bytes(), i * size);
  }
  return Value.of(compares ? { kind: 'array', element, count: array.count, vector: true } : type, bytes);
}

/** A comparison of vectors yields one of integers, all bits set where it holds (GCC, Vector Extensions). */
const signedOfSize = (size: number): CType =>
  [{ ...c.SIGNED_CHAR, encoding: 'signed' as const }, c.SHORT, c.INT, c.LONG].find((type) => type.size === size) ?? c.INT128;

/** `-`, `+`, `~`, `!`. @throws DeetError */
export function unary(operator: '-' | '+' | '~' | '!', operand: Value, truth: CType): Value {
  rejectUnknown(operand);
  if (operator === '!' && asStruct(operand.type)) throw noOperator(operator);
  if (operator === '!') return Value.integer(truth, isTrue(decayedForTruth(operand)) ? 0n : 1n);
  const float = asFloat(operand.type);
  if (float && operator !== '~') return operator === '-' ? Value.float(operand.type, negateFloat(toFloat(operand))) : operand.as(float);
  const decimal = operator === '~' ? undefined : toDecimal(operand);
  if (decimal) return decimalValue(operand.type, operator === '-' ? negated(decimal) : decimal);
  if (asComplex(operand.type)) return complexUnary(operator, operand, truth);
  const vector = asArray(operand.type)?.vector;
  if (vector && operator !== '+') {
    const unit = Value.integer(c.INT, operator === '-' ? 0n : -1n);
    return vectorOperation(operator === '-' ? '-' : '^', unit, operand, truth);
  }
  if (asStruct(operand.type)) throw noOperator(operator);
  if (!isArithmetic(operand.type) || float || asDecimal(operand.type)) {
    const what =
      operator === '~'
        ? 'Argument to complement operation not an integer, boolean.'
        : `Argument to ${operator === '-' ? 'negate' : 'positive'} operation not a number.`;
    throw new DeetError('type', what);
  }
  const value = toInteger(operand);
  return Value.integer(promoted(operand), operator === '-' ? -value : operator === '~' ? ~value : value);
}

const decayedForTruth = (value: Value): Value => (asFunction(value.type) ? decayed(value) : value);

/** GNU C: `~` is the conjugate. */
function complexUnary(operator: '-' | '+' | '~', operand: Value, truth: CType): Value {
  const [real, imaginary] = complexParts(operand);
  if (operator === '+') return operand;
  return complexOf(operator === '-' ? unary('-', real, truth) : real, unary('-', imaginary, truth));
}
