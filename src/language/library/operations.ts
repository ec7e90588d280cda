/**
 * What an expression does with objects of the C++ library: `v[2]`, `*p`, `p->x`, `m.size()`. Their functions are mostly inlined, so that there is nothing to
 * call; the views know the answers.
 */
import { DeetError } from '../../common/errors.js';
import * as c from '../c-types.js';
import type { EvaluationContext } from '../context.js';
import { formatMember } from '../format.js';
import { asInteger } from '../types.js';
import { toInteger, Value } from '../value.js';
import { under } from './comparing.js';
import { textOf, viewOf, type View } from './index.js';

/** `object[index]`, by number or by a map's key; undefined: the object has no such elements. @throws DeetError `type` when there is none at the index */
export function elementOf(object: Value, index: Value, context: EvaluationContext): Value | undefined {
  const found = under(object, index, context);
  if (!found) return asInteger(index.type) && elementAt(object, toInteger(index), context);
  if (!found.value) throw new DeetError('type', `no such element (there is none with the key ${formatMember(index, context)})`);
  return found.value;
}

function elementAt(object: Value, index: bigint, context: EvaluationContext): Value | undefined {
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

/** `object.size()`, `object.at(key)` and their like; undefined: not known here. @throws DeetError */
export function answerTo(object: Value, method: string, given: readonly Value[], context: EvaluationContext): Value | undefined {
  if (given.length === 0) return answer(object, method, context);
  if (given.length > 1) return undefined;
  if (method === 'at') return elementOf(object, given[0], context);
  const isCounted = method === 'count' || method === 'contains';
  const found = isCounted ? under(object, given[0], context) : undefined;
  if (!found || /^std::(?:unordered_)?multi/.test(viewOf(object, context)?.title ?? '')) return undefined;
  return Value.integer(method === 'count' ? c.UNSIGNED_LONG : c.CXX_BOOL, found.value ? 1n : 0n);
}

function answer(object: Value, method: string, context: EvaluationContext): Value | undefined {
  const text = textOf(object, context);
  const view = text ? undefined : viewOf(object, context);
  const isChain = /^(?:empty )?std::(?:__cxx11::)?(?:forward_)?list\b/.test(view?.title ?? '');
  const isContainer =
    isChain || text !== undefined || view?.style === 'list' || view?.style === 'map' || /^std::.* with /.test(view?.title ?? '');
  const count = text?.length ?? view?.count;
  if (count === undefined) return undefined;
  switch (method) {
    case 'size':
    case 'length':
    case 'len':
      return isContainer ? Value.integer(c.UNSIGNED_LONG, BigInt(count)) : undefined;
    case 'empty':
    case 'is_empty':
      return isContainer ? Value.integer(c.CXX_BOOL, count === 0 ? 1n : 0n) : undefined;
    case 'front':
    case 'back':
      if (isChain && view && count > 0) return firstOf(view, method === 'front' ? 0 : count - 1);
      return elementAt(object, method === 'front' ? 0n : BigInt(count - 1), context);
    case 'use_count':
      return view?.owners === undefined ? undefined : Value.integer(c.LONG, view.owners);
    case 'has_value':
      return view?.optional ? Value.integer(c.CXX_BOOL, BigInt(count)) : undefined;
    case 'value':
      return view?.target?.();
    case 'get':
      return view?.target && view.style === 'named' ? firstOf(view) : undefined;
    default:
      return undefined;
  }
}
