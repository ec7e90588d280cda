/** The parts of a value, on demand: what a variables view unfolds and what the scripting API walks. */
import { DeetError } from '../common/errors.js';
import type { ArrayType, CType, PointerType, StructType } from '../symbols/types.js';
import { complexParts } from './arithmetic.js';
import { VOID } from './c-types.js';
import type { EvaluationContext } from './context.js';
import { dereferenced, pointee } from './conversions.js';
import { formatMember } from './format.js';
import { memberWorld } from './identifiers.js';
import { textOf, viewOf, type Row, type View } from './library/index.js';
import { readMember } from './members.js';
import { MissingPlace, SyntheticPointerPlace } from './place.js';
import { rustShape, type RustShape } from './rust-shape.js';
import { textKind } from './textual.js';
import { asArray, asComplex, asFunction, asPointer, asReference, asStruct, countOf, isVoid, nameOf } from './types.js';
import { toInteger, Value } from './value.js';
import { presentMembers } from './variants.js';

export interface Child {
  /** `x`, `[3]`, `*p`; a base class's name for C++. */
  readonly name: string;
  readonly value: Value;
  /** A C expression for it, if its parent has one. */
  readonly expression: string | undefined;
  /** An anonymous struct's members are reached through its parent, though nothing means itself. */
  readonly through?: string | undefined;
}

/** What a value's children are those of: a reference's are its object's, a pointer's the struct behind it. */
function subject(type: CType): { readonly array?: ArrayType; readonly struct?: StructType; readonly pointer?: PointerType } {
  const own = asReference(type)?.target ?? type;
  const array = asArray(own);
  const struct = asStruct(own);
  const pointer = asPointer(own);
  return { ...(array && { array }), ...(struct && { struct }), ...(pointer && { pointer }) };
}

/** Number of children, without reading more than the object itself. A pointer to a struct has that struct's members, others have what they point to. */
export function childCount(value: Value, context: EvaluationContext): number {
  const viewed = viewedChildren(value, context);
  if (viewed) return viewed === 'text' ? 0 : viewed.count;
  const { array, struct, pointer } = subject(value.type);
  if (array) return elementCount(array);
  if (struct) return partsOf(dereferenced(value, context.memory), struct).members.length;
  if (asComplex(value.type)) return 2;
  if (!pointer || asFunction(pointer.target) || isVoid(pointer.target)) return 0;
  const target = asStruct(pointer.target);
  if (!target?.variantPart?.()) return target?.members().length ?? 1;
  return isNull(value) ? 0 : partsOf(pointee(value, pointer.target, context.memory), target).members.length;
}

/** Are the children elements, called by their numbers? */
export function isNumbered(value: Value, context: EvaluationContext): boolean {
  const viewed = viewedChildren(value, context);
  if (viewed) return viewed !== 'text' && viewed.numbered === true;
  return subject(value.type).array !== undefined;
}

/**
 * Some of the children; reads no more than reaching them needs.
 * @param expression of the value itself: gives each child one
 * @throws DeetError when a pointer cannot be read
 */
export function childrenOf(value: Value, context: EvaluationContext, start = 0, count = Infinity, expression?: string): readonly Child[] {
  const object = dereferenced(value, context.memory);
  const viewed = viewedChildren(object, context);
  if (viewed) return viewed === 'text' ? [] : rowsOf(viewed, context, start, Math.min(count, MAX_CHILDREN), expression);
  const { array, struct, pointer } = subject(object.type);
  if (array) return elements(object, array, start, count, expression);
  const all = struct
    ? members(object, struct, context, expression, '.')
    : asComplex(object.type)
      ? complexParts(object).map((part, i) => ({ name: i === 0 ? 'real' : 'imaginary', value: part, expression: undefined }))
      : pointer && childCount(object, context) > 0
        ? pointed(object, pointer, context, expression)
        : [];
  return all.slice(start, start + count);
}

/** C++: what an object of the library shows instead of its members. A pointer to one shows what the object does. */
function viewedChildren(value: Value, context: EvaluationContext): View | 'text' | undefined {
  try {
    const object = dereferenced(value, context.memory);
    return textOf(object, context) ? 'text' : viewOf(object, context);
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
}

function rowsOf(view: View, context: EvaluationContext, start: number, count: number, expression: string | undefined): Child[] {
  return rowsUntil(view, start, count).map(({ name, key, access, value }) => ({
    name: key ? `[${formatMember(key, context)}]` : name,
    value,
    expression: joined(expression, access),
  }));
}

/** Rows of a view; where its object is damaged the last says so. */
export function rowsUntil(view: View, start: number, count: number): readonly Row[] {
  const list: Row[] = [];
  try {
    for (const row of view.rows(start)) {
      if (list.length >= count) break;
      list.push(row);
    }
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    list.push({ name: '<error>', value: new Value(VOID, new MissingPlace(error.message, 'memory')) });
  }
  return list;
}

/** Of an array that says no number of elements, such as a flexible array member, the first is shown. */
const elementCount = (array: ArrayType): number => (array.count === undefined ? 1 : countOf(array));

function elements(value: Value, array: ArrayType, start: number, count: number, expression: string | undefined): readonly Child[] {
  const last = Math.min(elementCount(array), start + Math.min(count, MAX_CHILDREN));
  const list: Child[] = [];
  for (let i = start; i < last; i++) {
    list.push({ name: `[${i}]`, value: value.element(array, i), expression: joined(expression, `[${i}]`) });
  }
  return list;
}

/** Nobody looks at more rows at once. */
const MAX_CHILDREN = 100_000;

function pointed(value: Value, pointer: PointerType, context: EvaluationContext, expression: string | undefined): readonly Child[] {
  if (isNull(value)) return [];
  const target = pointee(value, pointer.target, context.memory);
  const struct = asStruct(pointer.target);
  if (struct) return members(target, struct, context, expression, '->');
  return [{ name: `*${expression ?? ''}`, value: target, expression: expression === undefined ? undefined : `*(${expression})` }];
}

function members(
  value: Value,
  struct: StructType,
  context: EvaluationContext,
  expression: string | undefined,
  access: '.' | '->',
): readonly Child[] {
  const world = memberWorld(context);
  const { object, members: present } = partsOf(value, struct);
  return present.map((member): Child => {
    let part: Value;
    try {
      part = readMember(object, member, world);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      part = new Value(member.type, new MissingPlace(error.message, error.code === 'memory' ? 'memory' : 'optimized-out'));
    }
    if (member.isBase)
      return { name: nameOf(member.type) ?? '<base>', value: part, expression: baseExpression(nameOf(member.type), expression, access) };
    if (member.name === undefined) {
      const through = expression !== undefined && access === '->' ? `(*${expression})` : expression;
      return { name: '<anonymous>', value: part, expression: undefined, through };
    }
    // What the compiler has added has no name of the language's: `_vptr.Base`.
    const rest = /^\w+$/.test(member.name) ? `${access}${member.name}` : undefined;
    return { name: member.name, value: part, expression: joined(expression, rest) };
  });
}

/** What the object has now; an enumeration of Rust has the members of its variant. Nothing, where it cannot be read. */
function partsOf(value: Value, struct: StructType): Pick<RustShape, 'object' | 'members'> {
  if (!struct.variantPart?.()) return { object: value, members: struct.members() };
  try {
    return struct.rust ? rustShape(value, struct) : { object: value, members: presentMembers(value, struct) };
  } catch (error) {
    if (error instanceof DeetError) return { object: value, members: struct.members() };
    throw error;
  }
}

/** The object as its base: a member of the base may be hidden by one of the same name. */
function baseExpression(base: string | undefined, expression: string | undefined, access: '.' | '->'): string | undefined {
  if (base === undefined || expression === undefined) return undefined;
  return `*(${base} *) ${access === '.' ? `&(${expression})` : `(${expression})`}`;
}

/** `(*p).x`, `a[1].x`: parentheses where the parent is more than a path. */
function joined(parent: string | undefined, rest: string | undefined): string | undefined {
  if (parent === undefined || rest === undefined) return undefined;
  return /^[\w$]+(?:(?:\.|->|::)\w+|\[\d+\])*$/.test(parent) ? parent + rest : `(${parent})${rest}`;
}

const isNull = (pointer: Value): boolean => !(pointer.place instanceof SyntheticPointerPlace) && toInteger(pointer) === 0n;

/** Has the value anything to unfold? Text and null pointers have not. */
export function isExpandable(value: Value, context: EvaluationContext): boolean {
  if (childCount(value, context) === 0) return false;
  const pointer = asPointer(value.type);
  if (!pointer) return true;
  if (textKind(pointer.target)) return false;
  try {
    return !isNull(value);
  } catch (error) {
    if (error instanceof DeetError) return false;
    throw error;
  }
}
