/** Operators and conversions of `_Decimal32`, `_Decimal64` and `_Decimal128` (ISO/IEC TR 24732, 5 and 6). */
import { DeetError } from '../common/errors.js';
import type { BaseType, CType } from '../symbols/types.js';
import type { BinaryOperator } from './ast.js';
import {
  compareDecimals,
  decimalFromBinary,
  decimalOf,
  decimalResult,
  decimalText,
  encodeDecimal,
  truncateDecimal,
  type Decimal,
} from './decimals.js';
import { parseFloatText } from './float-text.js';
import { asDecimal, asFloat } from './types.js';
import { floatFormat, toDecimal, toFloat, toInteger, Value } from './value.js';

export const decimalValue = (type: CType, value: Decimal): Value => {
  const size = asDecimal(type)?.size ?? 0;
  return Value.integer(type, encodeDecimal(value, size));
};

/** Any arithmetic value as a decimal, exactly. */
const asExact = (value: Value): Decimal =>
  toDecimal(value) ?? (asFloat(value.type) ? decimalFromBinary(toFloat(value)) : decimalOf(toInteger(value)));

/**
 * One of the operands at least is a decimal.
 * @param holds tells whether a comparison holds of an order; undefined: the operator compares nothing
 * @throws DeetError `type` for a mixture with binary floats, and for operators of integers
 */
export function decimalArithmetic(
  operator: BinaryOperator,
  left: Value,
  right: Value,
  truth: CType,
  holds: ((order: number | undefined) => boolean) | undefined,
): Value {
  if (asFloat(left.type) ?? asFloat(right.type))
    throw new DeetError('type', 'Mixing decimal floating types with other floating types is not allowed.');
  const [a, b] = [asExact(left), asExact(right)];
  if (holds) return Value.integer(truth, holds(compareDecimals(a, b)) ? 1n : 0n);
  const types = [asDecimal(left.type), asDecimal(right.type)].filter((type): type is BaseType => type !== undefined);
  const [type] = types.sort((x, y) => y.size - x.size);
  const result = decimalResult(operator, a, b);
  if (!type || !result) throw new DeetError('type', 'Operation not valid for decimal floating point number.');
  return decimalValue(type, result);
}

/** From a decimal or to one; undefined: neither. An infinity becomes the lowest number, as of a binary float. */
export function convertDecimal(value: Value, type: CType, size: number): Value | undefined {
  if (asDecimal(type)) return decimalValue(type, asExact(value));
  const decimal = toDecimal(value);
  if (!decimal) return undefined;
  if (!asFloat(type)) return Value.integer(type, truncateDecimal(decimal) ?? 1n << BigInt(size * 8 - 1));
  const magnitude = decimalText({ ...decimal, negative: false });
  const float = parseFloatText(magnitude === 'Infinity' ? '1e99999' : magnitude, floatFormat(type));
  return Value.float(type, { ...float, negative: decimal.negative });
}
