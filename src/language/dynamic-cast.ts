/** C++ `dynamic_cast` (C++17, [expr.dynamic.cast]): to what an object is part of, or has a part of, as its virtual table tells. */
import { DeetError } from '../common/errors.js';
import type { CType } from '../symbols/types.js';
import type { EvaluationContext } from './context.js';
import { addressOf, baseOf, isVirtualBase } from './conversions.js';
import { asPointer, asReference, asStruct, isVoid, sameType } from './types.js';
import { toInteger, Value } from './value.js';
import { wholeObject } from './virtual-table.js';

/** @throws DeetError when the types are no classes, or the object is nothing of a class whose reference is asked for */
export function dynamicCast(given: Value, type: CType, context: EvaluationContext): Value {
  const pointer = asPointer(type);
  const wanted = pointer?.target ?? asReference(type)?.target;
  const source = asPointer(given.type);
  if (!wanted || !(asStruct(wanted) ?? (pointer && isVoid(wanted))))
    throw new DeetError('type', 'Argument to dynamic_cast must be a pointer or reference type');
  if (given.isAbstract || (source && toInteger(given) === 0n)) return given.isAbstract ? Value.abstract(type) : Value.integer(type, 0n);
  const object = source ? Value.at(source.target, context.memory, BigInt.asUintN(64, toInteger(given))) : given;
  if (!asStruct(object.type)) throw new DeetError('type', 'Argument to dynamic_cast does not have pointer to class type');
  const whole = wholeObject(object, context) ?? object;
  const part = isVoid(wanted) ? whole : partOf(whole, wanted, context);
  if (part?.address === undefined && !pointer) throw new DeetError('type', 'dynamic_cast failed');
  return part?.address === undefined ? Value.integer(type, 0n) : pointer ? Value.integer(type, toInteger(addressOf(part))) : part;
}

/**
 * A cast in C's way to what an object is part of by virtual inheritance, which C++ leaves to `dynamic_cast`: the object's place in the whole is known to its
 * table alone. Undefined: it is no such cast, or no such object.
 */
export function fromVirtualBase(given: Value, type: CType, context: EvaluationContext): Value | undefined {
  const from = asStruct(asPointer(given.type)?.target ?? given.type);
  const wanted = asPointer(type)?.target ?? asReference(type)?.target;
  const to = wanted && asStruct(wanted);
  if (given.isAbstract || !from || !to || !isVirtualBase(to, from)) return undefined;
  const found = dynamicCast(given, type, context);
  return asPointer(type) && toInteger(found) === 0n ? undefined : found;
}

function partOf(whole: Value, wanted: CType, context: EvaluationContext): Value | undefined {
  const [own, target] = [asStruct(whole.type), asStruct(wanted)];
  if (!own || !target) return undefined;
  if (sameType(own, target)) return whole;
  return baseOf(whole, own, target, context);
}
