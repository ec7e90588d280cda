/**
 * What an expression does with objects of the C++ library: `v[2]`, `*p`, `p->x`, `m.size()`. Their functions are mostly inlined, so that there is nothing to
 * call; the views know the answers.
 */
import { DeetError } from '../../common/errors.js';
import * as c from '../c-types.js';
import type { EvaluationContext } from '../context.js';
import { Value } from '../value.js';
import { textOf, viewOf, type View } from './index.js';

/** `object[index]`; undefined: the object has no elements by number. @throws DeetError `type` beyond the end */
export function elementOf(object: Value, index: bigint, context: EvaluationContext): Value | undefined {
  const text = textOf(object, context);
  const view = text ? undefined : viewOf(object, context);
  if (!text && view?.style !== 'list') return undefined;
  const count = text?.length ?? view?.count ?? 0;
  if (index < 0n || index >= BigInt(count)) throw new DeetError('type', `no such element (index ${index}, there are ${count})`);
  if (text) {
    const bytes = text.read(Number(index) + 1);
    return Value.of(text.kind.unit === 1 ? c.CHAR : c.WCHAR, bytes.slice(-text.kind.unit));
  }
  return view && firstOf(view, Number(index));
}

function firstOf(view: View, start = 0): Value | undefined {
  const first = view.rows(start).next();
  return first.done === true ? undefined : first.value.value;
}

/** `*object`: what a smart pointer, an optional or an iterator holds; undefined: it is none. @throws DeetError `memory` */
export const targetOf = (object: Value, context: EvaluationContext): Value | undefined => viewOf(object, context)?.target?.();

/** `object.size()` and its like, without arguments; undefined: not known here. @throws DeetError */
export function answerTo(object: Value, method: string, context: EvaluationContext): Value | undefined {
  const text = textOf(object, context);
  const view = text ? undefined : viewOf(object, context);
  const isContainer = text !== undefined || view?.style === 'list' || view?.style === 'map' || /^std::.* with /.test(view?.title ?? '');
  const count = text?.length ?? view?.count;
  if (count === undefined) return undefined;
  switch (method) {
    case 'size':
    case 'length':
      return isContainer ? Value.integer(c.UNSIGNED_LONG, BigInt(count)) : undefined;
    case 'empty':
      return isContainer ? Value.integer(c.CXX_BOOL, count === 0 ? 1n : 0n) : undefined;
    case 'front':
    case 'back':
      return elementOf(object, method === 'front' ? 0n : BigInt(count - 1), context);
    case 'has_value':
      return view?.target ? Value.integer(c.CXX_BOOL, BigInt(count)) : undefined;
    case 'value':
      return view?.target?.();
    case 'get':
      return view?.target && view.style === 'named' ? firstOf(view) : undefined;
    default:
      return undefined;
  }
}
