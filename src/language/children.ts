/** The parts of a value, on demand: what a variables view unfolds and what the scripting API walks. */
import { DeetError } from '../common/errors.js';
import type { StructType } from '../symbols/types.js';
import { complexParts } from './arithmetic.js';
import type { EvaluationContext } from './context.js';
import { dereferenced } from './conversions.js';
import { memberWorld } from './identifiers.js';
import { readMember } from './members.js';
import { MissingPlace } from './place.js';
import { textKind } from './textual.js';
import { asArray, asComplex, asFunction, asPointer, asReference, asStruct, countOf, isVoid, nameOf, strip } from './types.js';
import { toInteger, Value } from './value.js';

export interface Child {
  /** `x`, `[3]`, `*p`; a base class's name for C++. */
  readonly name: string;
  readonly value: Value;
  /** A C expression for it, if its parent has one. */
  readonly expression: string | undefined;
}

/** Number of children without reading them. A pointer to a struct has that struct's members; other pointers one: what they point to. */
export function childCount(value: Value): number {
  const type = strip(value.type);
  const array = asArray(type);
  if (array) return countOf(array);
  const struct = asStruct(type);
  if (struct) return struct.members().length;
  if (asComplex(type)) return 2;
  const pointer = asPointer(type) ?? asReference(type);
  if (!pointer) return 0;
  if (asFunction(pointer.target) || isVoid(pointer.target)) return 0;
  const target = asStruct(pointer.target);
  if (asReference(type))
    return asArray(pointer.target)
      ? countOf(asArray(pointer.target) ?? { kind: 'array', element: pointer.target, count: 0 })
      : target
        ? target.members().length
        : 1;
  return target ? target.members().length : 1;
}

/**
 * Some of the children; reads no more than reaching them needs.
 * @param expression of the value itself: gives each child one
 * @throws DeetError when a pointer cannot be read
 */
export function childrenOf(value: Value, context: EvaluationContext, start = 0, count = Infinity, expression?: string): readonly Child[] {
  const type = strip(value.type);
  if (asReference(type)) return childrenOf(dereferenced(value, context.memory), context, start, count, expression);
  const array = asArray(type);
  if (array) {
    const last = Math.min(countOf(array), start + Math.min(count, MAX_CHILDREN));
    const list: Child[] = [];
    for (let i = start; i < last; i++)
      list.push({ name: `[${i}]`, value: value.element(array, i), expression: joined(expression, `[${i}]`) });
    return list;
  }
  const struct = asStruct(type);
  if (struct) return members(value, struct, context, expression, '.').slice(start, start + count);
  if (asComplex(type)) {
    const [real, imaginary] = complexParts(value);
    return [
      { name: 'real', value: real, expression: undefined },
      { name: 'imaginary', value: imaginary, expression: undefined },
    ].slice(start, start + count);
  }
  const pointer = asPointer(type);
  if (!pointer || childCount(value) === 0 || start > 0 || toInteger(value) === 0n)
    return pointer && asStruct(pointer.target) && start > 0 ? pointed(value, context, expression).slice(start, start + count) : [];
  return pointed(value, context, expression).slice(start, start + count);
}

/** Nobody looks at more rows at once. */
const MAX_CHILDREN = 100_000;

function pointed(value: Value, context: EvaluationContext, expression: string | undefined): readonly Child[] {
  const pointer = asPointer(value.type);
  if (!pointer || toInteger(value) === 0n) return [];
  const target = Value.at(pointer.target, context.memory, BigInt.asUintN(64, toInteger(value)));
  const struct = asStruct(pointer.target);
  if (struct) return members(target, struct, context, expression, '->');
  return [
    {
      name: expression === undefined ? '*' : `*${expression}`,
      value: target,
      expression: expression === undefined ? undefined : `*(${expression})`,
    },
  ];
}

function members(
  value: Value,
  struct: StructType,
  context: EvaluationContext,
  expression: string | undefined,
  access: '.' | '->',
): readonly Child[] {
  const world = memberWorld(context);
  return struct.members().map((member): Child => {
    let part: Value;
    try {
      part = readMember(value, member, world);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      part = new Value(member.type, new MissingPlace(error.message, error.code === 'memory' ? 'memory' : 'optimized-out'));
    }
    if (member.isBase)
      return { name: nameOf(member.type) ?? '<base>', value: part, expression: access === '.' ? expression : joined('*', expression) };
    // An anonymous struct's members are reached through its parent.
    if (member.name === undefined)
      return { name: '<anonymous>', value: part, expression: access === '.' ? expression : `(*${expression ?? ''})` };
    return { name: member.name, value: part, expression: joined(expression, `${access}${member.name}`) };
  });
}

/** `(*p).x`, `a[1].x`: parentheses where the parent is more than a path. */
function joined(parent: string | undefined, rest: string | undefined): string | undefined {
  if (parent === undefined || rest === undefined) return undefined;
  if (parent === '*') return `*${rest}`;
  return /^[\w$]+(?:(?:\.|->|::)\w+|\[\d+\])*$/.test(parent) ? parent + rest : `(${parent})${rest}`;
}

/** Has the value anything to unfold? Text and null pointers have not much to show. */
export function isExpandable(value: Value): boolean {
  const type = strip(value.type);
  if (childCount(value) === 0) return false;
  const pointer = asPointer(type);
  if (!pointer) return true;
  if (textKind(pointer.target) || strip(pointer.target).kind === 'array') return strip(pointer.target).kind === 'array';
  try {
    return toInteger(value) !== 0n;
  } catch (error) {
    if (error instanceof DeetError) return false;
    throw error;
  }
}
