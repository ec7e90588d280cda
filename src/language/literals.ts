/** Constants and their types (C11, 6.4.4): the first type of the list that holds the value. */
import { DeetError } from '../common/errors.js';
import type { BaseType, CType } from '../symbols/types.js';
import { complexOf } from './arithmetic.js';
import type { CharacterPrefix, Expression } from './ast.js';
import * as c from './c-types.js';
import type { EvaluationContext } from './context.js';
import { decimalValue } from './decimal-values.js';
import { parseDecimal } from './decimals.js';
import { parseFloatText } from './float-text.js';
import { floatFormat, integerBytes, Value } from './value.js';

const SIGNED: readonly BaseType[] = [c.INT, c.LONG, c.LONG_LONG];
const UNSIGNED: readonly BaseType[] = [c.UNSIGNED_INT, c.UNSIGNED_LONG, c.UNSIGNED_LONG_LONG];

/** @throws DeetError "Numeric constant too large." */
export function integerLiteral(node: Extract<Expression, { kind: 'integer' }>): Value {
  const start = node.suffix.endsWith('ll') ? 2 : node.suffix.endsWith('l') ? 1 : 0;
  for (let rank = start; rank < 3; rank++) {
    const signed = SIGNED[rank];
    const unsigned = UNSIGNED[rank];
    if (!signed || !unsigned) continue;
    const bits = BigInt(signed.size * 8);
    const number = (type: BaseType): Value => imaginary(node, Value.integer(type, node.value));
    if (!node.suffix.startsWith('u') && node.value >> (bits - 1n) === 0n) return number(signed);
    // A decimal constant without u never becomes unsigned, except that there is nothing else left for it.
    const last = rank === 2 || (rank === 1 && start < 2);
    if ((node.suffix.startsWith('u') || !node.decimal || last) && node.value >> bits === 0n) return number(unsigned);
  }
  throw new DeetError('syntax', 'Numeric constant too large.');
}

export function floatLiteral(node: Extract<Expression, { kind: 'float' }>): Value {
  const { suffix } = node;
  if (suffix === 'df' || suffix === 'dd' || suffix === 'dl')
    return decimalValue(suffix === 'df' ? c.DECIMAL32 : suffix === 'dd' ? c.DECIMAL64 : c.DECIMAL128, parseDecimal(node.text));
  const type = suffix === 'f' ? c.FLOAT : suffix === 'l' ? c.LONG_DOUBLE : c.DOUBLE;
  return imaginary(node, Value.float(type, parseFloatText(node.text, floatFormat(type))));
}

/** With an `i` the number is the imaginary part of a complex one. */
const imaginary = (node: { readonly imaginary: boolean }, value: Value): Value =>
  node.imaginary ? complexOf(Value.of(value.type, new Uint8Array(value.size)), value) : value;

/** The program's own typedef, so that it prints as it is spelled there. */
function characterType(prefix: CharacterPrefix, context: EvaluationContext): CType {
  switch (prefix) {
    case 'L':
      return context.names.type('wchar_t') ?? c.WCHAR;
    case 'u':
      return context.names.type('char16_t') ?? c.CHAR16;
    case 'U':
      return context.names.type('char32_t') ?? c.CHAR32;
    default:
      return c.CHAR;
  }
}

const unitSize = (prefix: CharacterPrefix): number => (prefix === 'L' || prefix === 'U' ? 4 : prefix === 'u' ? 2 : 1);

export function characterLiteral(node: Extract<Expression, { kind: 'character' }>, context: EvaluationContext): Value {
  return Value.integer(characterType(node.prefix, context), BigInt(node.value));
}

/** An array with its terminating NUL. */
export function stringLiteral(node: Extract<Expression, { kind: 'string' }>, context: EvaluationContext): Value {
  const size = unitSize(node.prefix);
  const bytes = new Uint8Array((node.units.length + 1) * size);
  node.units.forEach((unit, i) => {
    bytes.set(integerBytes(BigInt(unit), size), i * size);
  });
  return Value.of(c.arrayOf(characterType(node.prefix, context), node.units.length + 1), bytes);
}
