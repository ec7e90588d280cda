/** What happens to a value on its way: decay, references followed, casts, and conversion by assignment (C11, 6.3.2, 6.5.4, 6.5.16). */
import { DeetError } from '../common/errors.js';
import type { CType, Member, StructType } from '../symbols/types.js';
import { complexComponent, complexParts, convertArithmetic, isArithmetic } from './arithmetic.js';
import * as c from './c-types.js';
import type { EvaluationContext } from './context.js';
import { readMember, type MemberWorld } from './members.js';
import { allocate, SyntheticPointerPlace, type Memory } from './place.js';
import { isUnknown } from './unknown.js';
import { typeName } from './type-name.js';
import {
  asArray,
  asComplex,
  asFloat,
  asFunction,
  asInteger,
  asPointer,
  asReference,
  asStruct,
  countOf,
  requireSize,
  sameType,
  sizeOf,
  strip,
  unqualified,
} from './types.js';
import { integerBytes, toFloat, toInteger, Value } from './value.js';
import { encodeFloat } from './floats.js';

/** Deeper inheritance is damage. */
const MAX_DEPTH = 32;

const notInMemory = (): DeetError => new DeetError('type', 'Attempt to take address of value not located in memory.');

/** What a reference refers to; anything else as it is. */
export function dereferenced(value: Value, memory: Memory): Value {
  const reference = asReference(value.type);
  if (!reference) return value;
  return value.isAbstract ? Value.abstract(reference.target) : pointee(value, reference.target, memory);
}

/** The object that a pointer or reference points to, which need not have an address. */
export function pointee(pointer: Value, type: CType, memory: Memory): Value {
  const { place } = pointer;
  return place instanceof SyntheticPointerPlace
    ? new Value(type, place.object(place.offset + (sizeOf(type) ?? 0)), place.offset)
    : Value.at(type, memory, BigInt.asUintN(64, toInteger(pointer)));
}

/** `&value`. @throws DeetError for rvalues, registers and bit-fields */
export function addressOf(value: Value): Value {
  if (value.isAbstract) return Value.abstract(c.pointerTo(value.type));
  if (value.place.kind === 'register')
    throw new DeetError('type', `Attempt to take address of value in register $${value.place.register ?? ''}.`);
  if (value.address === undefined) throw notInMemory();
  return Value.integer(c.pointerTo(value.type), value.address);
}

/** Arrays and functions become pointers (C11, 6.3.2.1). @throws DeetError for arrays that have no address */
export function decayed(value: Value): Value {
  const array = asArray(value.type);
  if (array && !array.vector) {
    if (value.place.kind === 'missing') value.place.read(0, 1);
    return addressOf(value.part(array.element, 0));
  }
  return asFunction(value.type) ? addressOf(value) : value;
}

/** What an object lies in: its memory, and where in an object its virtual bases are. */
export type Surroundings = Pick<EvaluationContext, 'memory' | 'virtualBase'>;

/** @throws DeetError `type` ("Invalid cast.") */
export function cast(value: Value, type: CType, around: Surroundings): Value {
  const { memory } = around;
  const target = strip(type);
  const from = strip(value.type);
  if (target.kind === 'void') return Value.of(type, new Uint8Array(0));
  const reference = asReference(type);
  if (reference) return Value.integer(type, addressNumber(asRelative(value, reference.target, around) ?? value));
  if (isUnknown(value) && value.place.kind === 'memory') return value.as(type);
  if (from.kind === 'void') throw invalid();
  if (target.kind === 'array' || asStruct(type)) return castAggregate(value, type, around);
  const operand = decayed(value);
  if (asComplex(type)) return toComplex(operand, type);
  if (target.kind === 'pointer' || target.kind === 'member-pointer') {
    if (asFloat(operand.type) || asStruct(operand.type)) throw invalid();
    if (operand.isAbstract) return Value.abstract(type);
    const moved = target.kind === 'pointer' ? alongInheritance(operand, target.target, around) : undefined;
    return Value.integer(type, moved ?? toInteger(operand));
  }
  if (target.kind === 'function') return Value.at(type, memory, BigInt.asUintN(64, toInteger(operand)));
  if (asStruct(operand.type)) throw invalid();
  return convertArithmetic(operand, type);
}

const invalid = (): DeetError => new DeetError('type', 'Invalid cast.');

function addressNumber(value: Value): bigint {
  if (value.address === undefined) throw notInMemory();
  return value.address;
}

/** An object seen as an array or struct of the same size; or built from a list in braces. */
function castAggregate(value: Value, type: CType, around: Surroundings): Value {
  const array = asArray(type);
  if (array && countOf(array) === 0 && (sizeOf(array.element) ?? 0) > 0) {
    const count = Math.floor(value.size / requireSize(array.element));
    return value.as(c.arrayOf(array.element, count));
  }
  const struct = asStruct(type);
  const from = asStruct(value.type);
  if (struct && from && !sameType(struct, from)) return baseOf(value, from, struct, around) ?? downcast(value, struct, from, type);
  if (sizeOf(value.type) !== requireSize(type)) throw invalid();
  return value.as(type);
}

/** C++: an object as its base class. @throws DeetError when the place of a virtual base cannot be read */
export function baseOf(value: Value, from: StructType, to: StructType, around: Surroundings): Value | undefined {
  const world: MemberWorld = {
    staticMember: () => undefined,
    virtualBase: (object, { virtualBase }) => virtualBase && around.virtualBase?.(object, virtualBase),
  };
  return pathToBase(from, to, 0)?.reduce((part, member) => readMember(part, member, world), value);
}

/** Bases that are not virtual come first: they lie at the same place in every object. */
function pathToBase(from: StructType, to: StructType, depth: number): readonly Member[] | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const bases = from.members().filter(({ isBase }) => isBase);
  for (const member of [...bases.filter(({ virtualBase }) => !virtualBase), ...bases.filter(({ virtualBase }) => virtualBase)]) {
    const inner = asStruct(member.type);
    const path = inner && (sameType(inner, to) ? [] : pathToBase(inner, to, depth + 1));
    if (path) return [member, ...path];
  }
  return undefined;
}

/** C++: an object as what it is part of (by inheritance that is not virtual), or what is part of it; undefined: the types are not so related. */
function asRelative(value: Value, type: CType, around: Surroundings): Value | undefined {
  const [from, to] = [asStruct(value.type), asStruct(type)];
  if (!from || !to || sameType(from, to)) return undefined;
  return baseOf(value, from, to, around) ?? (offsetOfBase(to, from, 0) === undefined ? undefined : downcast(value, to, from, type));
}

/** A pointer to an object as one to its base, or to what it is the base of (C++17, [conv.ptr]/3, [expr.static.cast]/11): null stays null. */
function alongInheritance(pointer: Value, target: CType, around: Surroundings): bigint | undefined {
  const pointee = asPointer(pointer.type)?.target;
  const address = BigInt.asUintN(64, toInteger(pointer));
  if (!pointee || address === 0n || !asStruct(pointee)) return undefined;
  return asRelative(Value.at(pointee, around.memory, address), target, around)?.address;
}

function offsetOfBase(derived: StructType, base: StructType, depth: number): number | undefined {
  for (const member of derived.members()) {
    const inner = member.isBase && !member.virtualBase && depth <= MAX_DEPTH ? asStruct(member.type) : undefined;
    const within = inner && (sameType(inner, base) ? 0 : offsetOfBase(inner, base, depth + 1));
    if (within !== undefined) return member.offset + within;
  }
  return undefined;
}

/** Is the one a base of the other by virtual inheritance alone? */
export const isVirtualBase = (derived: StructType, base: StructType): boolean =>
  offsetOfBase(derived, base, 0) === undefined && pathToBase(derived, base, 0) !== undefined;

function downcast(value: Value, to: StructType, from: StructType, type: CType): Value {
  const offset = offsetOfBase(to, from, 0);
  if (offset === undefined || value.address === undefined) throw invalid();
  return value.part(type, -offset);
}

function toComplex(value: Value, type: CType): Value {
  const complex = asComplex(type);
  if (!complex || !(asComplex(value.type) ?? asFloat(value.type) ?? asInteger(value.type))) throw invalid();
  const component = complexComponent(complex);
  const bytes = allocate(complex.size);
  complexParts(value).forEach((part, i) => {
    bytes.set(convertArithmetic(part, component).bytes(), i * component.size);
  });
  return Value.of(type, bytes);
}

/**
 * The value converted as if by assignment to an object of this type.
 * @throws DeetError `type`
 */
export function convertForAssignment(value: Value, type: CType, around: Surroundings): Value {
  const target = strip(type);
  if (asStruct(type) || (target.kind === 'array' && !asPointer(value.type))) {
    if (sameType(value.type, type)) return value;
    const array = asArray(type);
    if (array && asArray(value.type)) return fitArray(value, type, requireSize(type));
    if (sizeOf(value.type) === sizeOf(type) && asStruct(value.type))
      throw new DeetError('type', `Invalid cast: ${typeName(unqualified(value.type))} is not ${typeName(unqualified(type))}.`);
    return cast(value, type, around);
  }
  if (isArithmetic(value.type) && isArithmetic(type)) return convertArithmetic(value, type);
  return cast(dereferenced(value, around.memory), type, around);
}

/** `char name[8] = "abc"`: the rest is zeros (C11, 6.7.9). */
function fitArray(value: Value, type: CType, size: number): Value {
  const bytes = allocate(size);
  const source = value.bytes();
  if (source.length > size && source.subarray(size).some((byte) => byte !== 0))
    throw new DeetError('type', 'Size mismatch: the value is larger than the array.');
  bytes.set(source.subarray(0, size));
  return Value.of(type, bytes);
}

/** The default argument promotions (C11, 6.5.2.2): for `...` and functions without a prototype. */
export function promoteArgument(value: Value): Value {
  const float = asFloat(value.type);
  if (float && float.size < 8)
    return Value.of(c.DOUBLE, encodeFloat(toFloat(value), { bytes: 8, exponentBits: 11, fractionBits: 52, explicitOne: false }));
  const integer = asInteger(value.type);
  if (integer && integer.size < 4) return Value.of(c.INT, integerBytes(toInteger(value), 4));
  return value;
}
