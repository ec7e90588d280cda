/**
 * Objects of the C++ library in comparisons and as truths, and what a map has under a key, without a call: their functions are mostly inlined, and a condition
 * must not let the program run.
 */
import { DeetError } from '../../common/errors.js';
import { holds, isComparison, isTrue } from '../arithmetic.js';
import type { BinaryOperator } from '../ast.js';
import * as c from '../c-types.js';
import type { EvaluationContext } from '../context.js';
import { decayed } from '../conversions.js';
import { binary } from '../operators.js';
import { readString, terminator } from '../strings.js';
import { textKind, type TextKind } from '../textual.js';
import { asArray, asPointer, asStruct } from '../types.js';
import { integerOf, toInteger, type Value } from '../value.js';
import { hasView, textOf, viewOf, type View } from './index.js';
import { isPointerView } from './view.js';

/** Longer texts are compared no further. */
const MAX_UNITS = 1024 * 1024;

interface Text {
  readonly bytes: Uint8Array;
  readonly unit: TextKind['unit'];
}

/** Of a string object, a pointer to characters or an array of them. @throws DeetError `memory` */
function textual(value: Value, context: EvaluationContext): Text | undefined {
  const own = textOf(value, context);
  if (own) return { bytes: own.read(Math.min(own.length, MAX_UNITS)), unit: own.kind.unit };
  const element = asArray(value.type)?.element ?? asPointer(value.type)?.target;
  const kind = element && textKind(element);
  if (!kind) return undefined;
  if (value.address === undefined && asArray(value.type)) {
    const bytes = value.bytes();
    const end = terminator(bytes, kind.unit);
    return { bytes: end < 0 ? bytes : bytes.subarray(0, end), unit: kind.unit };
  }
  const found = readString(context, BigInt.asUintN(64, toInteger(decayed(value))), kind.unit, MAX_UNITS);
  if (found.error !== undefined) throw new DeetError('memory', found.error.replace(/^<error: |>$/g, ''));
  return { bytes: found.bytes, unit: kind.unit };
}

/** As std::char_traits compares: unit by unit, then by length. */
function order(a: Text, b: Text): number {
  const unitAt = ({ bytes, unit }: Text, at: number): bigint => integerOf(bytes.subarray(at, at + unit), false);
  const length = Math.min(a.bytes.length, b.bytes.length);
  for (let at = 0; at < length; at += a.unit) {
    const [x, y] = [unitAt(a, at), unitAt(b, at)];
    if (x !== y) return x < y ? -1 : 1;
  }
  return Math.sign(a.bytes.length - b.bytes.length);
}

const pointerIn = (view: View | undefined): Value | undefined =>
  view && isPointerView(view) ? [...view.rows(0)].map(({ value }) => value)[0] : undefined;

/** Does `a OPERATOR b` hold? Undefined: neither is an object that is known here. @throws DeetError `memory` */
export function comparison(operator: BinaryOperator, a: Value, b: Value, context: EvaluationContext): boolean | undefined {
  if (!isComparison(operator) || ![a, b].some(({ type }) => hasView(type))) return undefined;
  if (textOf(a, context) ?? textOf(b, context)) {
    const [x, y] = [textual(a, context), textual(b, context)];
    return x?.unit !== undefined && x.unit === y?.unit ? holds(operator, order(x, y)) : undefined;
  }
  const [x, y] = [a, b].map((value) => pointerIn(viewOf(value, context)) ?? value);
  return (x === a && y === b) || !x || !y || asStruct(x.type) || asStruct(y.type) ? undefined : isTrue(binary(operator, x, y, c.INT));
}

/** `if (object)`: a smart pointer that points somewhere, an optional that has a value; undefined: it is none. */
export function truthOf(object: Value, context: EvaluationContext): boolean | undefined {
  if (!hasView(object.type)) return undefined;
  const view = viewOf(object, context);
  const pointer = pointerIn(view);
  if (pointer) return isTrue(pointer);
  return view?.optional ? view.count > 0 : undefined;
}

const same = (a: Value, b: Value, context: EvaluationContext): boolean | undefined =>
  comparison('==', a, b, context) ?? (asStruct(a.type) || asStruct(b.type) ? undefined : isTrue(binary('==', a, b, c.INT)));

export type Found = { readonly value: Value | undefined };

/** What a map has under a key, or a set as it; undefined: the object is neither, or keys of this kind are not compared here. @throws DeetError `memory` */
export function under(object: Value, key: Value, context: EvaluationContext): Found | undefined {
  const view = viewOf(object, context);
  if (!view?.keyed) return undefined;
  for (const row of view.rows(0)) {
    const equal = same(row.key ?? row.value, key, context);
    if (equal === undefined) return undefined;
    if (equal) return { value: row.value };
  }
  return { value: undefined };
}
