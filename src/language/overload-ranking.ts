/** Of several functions of one name the one that suits the arguments best: overload resolution (C++17, [over.match]), simplified. */
import type { CType, FunctionType } from '../symbols/types.js';
import * as c from './c-types.js';
import type { Callee } from './methods.js';
import {
  asArray,
  asFloat,
  asFunction,
  asInteger,
  asPointer,
  asReference,
  asStruct,
  isConst,
  isSigned,
  isVoid,
  sameType,
  sizeOf,
  strip,
} from './types.js';
import type { Value } from './value.js';

/** Deeper inheritance is damage. */
const MAX_DEPTH = 32;

/** Costs of conversions. What C++ does not allow, but can be carried out, is better than nothing where no other function bears the name. */
const cost = {
  /** `int *` for `const int *`: as good as the same type, but for a function that takes the very same. */
  qualification: 0.01,
  promotion: 1,
  conversion: 2,
  /** Numbers that may not fit: C++ leaves `f(1)` undecided between `f(long)` and `f(char)`. */
  narrowing: 2.1,
  /** A constant where the function may write, an rvalue for `T &`, an lvalue for `T &&`. */
  discarded: 100,
  impossible: 1e6,
} as const;

/** The one that suits the arguments best; of equals the first. */
export function bestFor(callees: readonly Callee[], given: readonly Value[]): Callee | undefined {
  let best: Callee | undefined;
  let least = Infinity;
  for (const callee of callees) {
    const type = asFunction(callee.value.type);
    const distance = type ? distanceTo(type, [...callee.self, ...given], callee.self.length) : cost.impossible;
    if (best === undefined || distance < least) [best, least] = [callee, distance];
  }
  return best;
}

function distanceTo(type: FunctionType, given: readonly Value[], hidden: number): number {
  const { parameters, varargs } = type;
  if (given.length < parameters.length || (given.length > parameters.length && !varargs)) return cost.impossible * cost.impossible;
  return given.reduce((sum, value, i) => {
    const parameter = parameters[i]?.type as CType | undefined;
    if (!parameter) return sum;
    return sum + (i < hidden ? objectCost(value.type, parameter) : argumentCost(value, parameter));
  }, 0);
}

/** Of a cost: C++ has such a conversion. */
export const isPossible = (distance: number): boolean => distance < cost.impossible;

/** Can an argument be passed for a parameter of this type? */
export const accepts = (parameter: CType | undefined, given: Value): boolean =>
  parameter !== undefined && isPossible(conversionCost(given.type, parameter));

/** `f()` and `f() const`: the object is what `this` points to ([over.match.funcs]/4). */
function objectCost(given: CType, parameter: CType): number {
  const [own, wanted] = [asPointer(given)?.target, asPointer(parameter)?.target];
  return own && wanted ? qualification(own, wanted) : 0;
}

/** From a place of one type to where one of another is wanted. */
const qualification = (from: CType, to: CType): number =>
  isConst(from) === isConst(to) ? 0 : isConst(to) ? cost.qualification : cost.discarded;

function argumentCost(value: Value, parameter: CType): number {
  const plain = conversionCost(value.type, parameter);
  const reference = asReference(parameter);
  if (reference) return plain + bindingCost(value, reference.target, reference.reference);
  const array = asArray(value.type);
  const [own, wanted] = [array?.element ?? asPointer(value.type)?.target, asPointer(parameter)?.target];
  // A string in quotes is constant in C++ ([lex.string]/6).
  if (own && wanted) return plain + (array && isTemporary(value) && !isConst(wanted) ? cost.discarded : qualification(own, wanted));
  return plain;
}

/** Where only types are wanted an object stands for itself, and a temporary is what has no place. */
const isTemporary = (value: Value): boolean => !value.isLvalue && !value.isAbstract;

/** [over.ics.rank]/3.2: a temporary goes to `T &&` before `const T &`, and to `T &` never; an object of the program to `T &` first. */
function bindingCost(value: Value, target: CType, kind: 'lvalue' | 'rvalue' | undefined): number {
  if (kind === 'rvalue') return isTemporary(value) ? 0 : cost.discarded;
  if (!isTemporary(value)) return qualification(value.type, target);
  return isConst(target) ? cost.qualification : cost.discarded;
}

const referred = (type: CType): CType => asReference(type)?.target ?? type;

/** How far a conversion goes ([over.ics.rank]): nothing, promotion, conversion, never. */
export function conversionCost(from: CType, to: CType): number {
  const [source, target] = [strip(referred(from)), strip(referred(to))];
  if (sameType(source, target)) return 0;
  const array = asArray(source);
  const pointer = asPointer(target);
  const pointee = array?.element ?? asPointer(source)?.target ?? (asFunction(source) ? source : undefined);
  if (pointer && pointee) {
    if (sameType(pointer.target, pointee)) return 0;
    if (isVoid(pointer.target)) return cost.conversion;
    return isBaseOf(pointer.target, pointee) ? cost.promotion : cost.impossible;
  }
  if (asStruct(target)) return isBaseOf(target, source) ? cost.promotion : cost.impossible;
  return numberCost(source, target);
}

function numberCost(source: CType, target: CType): number {
  const [integer, wanted] = [asInteger(source), asInteger(target)];
  const [size, room] = [sizeOf(source) ?? 0, sizeOf(target) ?? 0];
  if (integer && wanted) {
    if (sameType(target, c.INT) && (size < room || integer.kind === 'enum')) return cost.promotion;
    return room > size || (room === size && isSigned(integer) === isSigned(wanted)) ? cost.conversion : cost.narrowing;
  }
  if (asFloat(source) && asFloat(target)) return sameType(target, c.DOUBLE) && room > size ? cost.promotion : cost.conversion;
  return (integer ?? asFloat(source)) && (wanted ?? asFloat(target)) ? cost.narrowing : cost.impossible;
}

function isBaseOf(base: CType, derived: CType, depth = 0): boolean {
  const struct = asStruct(derived);
  if (!struct || depth > MAX_DEPTH) return false;
  return struct
    .members()
    .some((member) => member.isBase === true && (sameType(member.type, base) || isBaseOf(base, member.type, depth + 1)));
}
