/** Values in braces: arrays, and structs initialised in order (C11, 6.5.2.5 and 6.7.9). */
import { DeetError } from '../common/errors.js';
import type { CType } from '../symbols/types.js';
import type { Expression } from './ast.js';
import * as c from './c-types.js';
import type { Evaluation } from './context.js';
import { convertForAssignment } from './conversions.js';
import { allocate, type Place } from './place.js';
import type { OperandEvaluator } from './resolve-type.js';
import { asArray, asStruct, requireSize, sameType } from './types.js';
import { Value } from './value.js';

/** `{1, 2, 3}`: an array of its first element's type. */
export function* evaluateList(nodes: readonly Expression[], evaluator: OperandEvaluator): Evaluation {
  const elements: Value[] = [];
  for (const node of nodes) elements.push(yield* evaluator.operand(node));
  const [first] = elements;
  if (!first) throw new DeetError('type', 'An array needs at least one element.');
  const { size } = first;
  const bytes = allocate(size * elements.length);
  elements.forEach((element, i) => {
    if (!sameType(element.type, first.type)) throw new DeetError('type', 'array elements must all be the same size');
    bytes.set(element.bytes(), i * size);
  });
  return Value.of(c.arrayOf(first.type, elements.length), bytes);
}

/** `(struct point) {1, 2}`: what is not given is zero. */
export function* evaluateAggregate(type: CType, nodes: readonly Expression[], evaluator: OperandEvaluator): Evaluation {
  const array = asArray(type);
  const whole = array && typeof array.count !== 'number' ? c.arrayOf(array.element, nodes.length) : type;
  const storage = allocate(requireSize(whole));
  const object = new Value(whole, writable(storage));
  const members = (asStruct(type)?.members() ?? []).filter((member) => !member.staticVariable);
  for (const [i, node] of nodes.entries()) {
    const member = members[i];
    const slot = array ? object.element(array, i) : member && object.member(member);
    if (!slot || slot.offset + slot.extent > storage.length) throw new DeetError('type', 'Too many elements in braces.');
    const nested = node.kind === 'list' && (asStruct(slot.type) ?? asArray(slot.type));
    const value = nested ? yield* evaluateAggregate(slot.type, node.elements, evaluator) : yield* evaluator.operand(node);
    slot.write(convertForAssignment(value, slot.type, evaluator.context).bytes());
  }
  return Value.of(whole, storage);
}

/** Bytes under construction. */
const writable = (storage: Uint8Array): Place => ({
  kind: 'value',
  read: (offset, length) => storage.slice(offset, offset + length),
  write: (offset, bytes) => {
    storage.set(bytes, offset);
  },
});
