/**
 * Which function a C++ call means: member functions of an object's class and its bases, virtual ones through the object's table (Itanium C++ ABI, 2.5), and of
 * several functions of one name the one that the arguments suit best.
 */
import { DeetError } from '../common/errors.js';
import { samePart } from '../symbols/cxx-names.js';
import type { CType, FunctionType, Method, StructType } from '../symbols/types.js';
import * as c from './c-types.js';
import type { EvaluationContext, ScopePath } from './context.js';
import { addressOf } from './conversions.js';
import { memberWorld } from './identifiers.js';
import { readMember } from './members.js';
import { asArray, asFloat, asFunction, asInteger, asPointer, asReference, asStruct, isVoid, sameType, sizeOf, strip } from './types.js';
import { Value } from './value.js';
import { isDynamic, virtualTable } from './virtual-table.js';

/** A function, or a pointer to one, and what stands before the arguments that the user writes: the object's address. */
export interface Callee {
  readonly value: Value;
  readonly self: readonly Value[];
}

/** Deeper inheritance is damage. */
const MAX_DEPTH = 32;

/**
 * The member functions of this name that a call on the object may mean; empty: its class and its bases have none.
 * @throws DeetError when they have no code, or the object's table cannot be read
 */
export function methodsOf(object: Value, name: string, context: EvaluationContext, depth = 0): readonly Callee[] {
  const struct = asStruct(object.type);
  if (!struct || depth > MAX_DEPTH) return [];
  const own = struct.methods().filter((method) => method.name === name || isInstance(method.name, name));
  if (own.length > 0) return own.some(({ virtual }) => virtual) ? mixed(object, struct, own, context) : plain(object, struct, own, context);
  for (const base of struct.members()) {
    if (!base.isBase) continue;
    const found = methodsOf(readMember(object, base, memberWorld(context)), name, context, depth + 1);
    if (found.length > 0) return found;
  }
  return [];
}

/**
 * `twice<int>` of a member template `twice`, or of `twice< int >`, however that is spelled; `operator<` is no template, but a lambda with `auto` has
 * `operator()<int>`.
 */
const isInstance = (method: string, name: string): boolean =>
  (method.startsWith(`${name}<`) && (name === 'operator()' || !name.startsWith('operator'))) ||
  (/\w</.test(name) && samePart(name, method));

function plain(object: Value, struct: StructType, methods: readonly Method[], context: EvaluationContext): readonly Callee[] {
  const { name: owner } = struct;
  const names = [...new Set(methods.map(({ name }) => name))];
  const named = owner === undefined ? [] : names.flatMap((name) => context.names.overloads({ path: [owner] }, name));
  // Those of lambdas, of other classes without a name and of classes in functions; overloads that only the library has.
  const others = methods.filter(({ type }) => !named.some((each) => sameType(each.type, type)));
  const found = [...named, ...others.flatMap((method) => context.names.codeOf(method) ?? [])];
  if (found.length === 0) {
    if (object.place.kind === 'missing') object.place.read(0, 0); // says why it is
    const name = owner === undefined ? names[0] : `${owner}::${names[0]}`;
    throw new DeetError('no-symbol', `Cannot evaluate function -- may be inlined or unused: ${name} has no code.`);
  }
  return found.map((value) => ({ value, self: asFunction(value.type)?.parameters[0]?.artificial ? [addressOf(object)] : [] }));
}

/** Virtual functions by the object's table, the others by their name. */
function mixed(object: Value, struct: StructType, methods: readonly Method[], context: EvaluationContext): readonly Callee[] {
  const virtual = methods.filter(({ virtualIndex }) => virtualIndex !== undefined);
  const bound = virtual.map(({ type, virtualIndex }): Callee => {
    const entry = isDynamic(struct) && virtualTable(object, context.memory)?.entry(virtualIndex ?? 0);
    if (entry === undefined || entry === false) throw new DeetError('memory', 'The virtual table of the object cannot be read.');
    return { value: Value.at(type, context.memory, entry), self: [addressOf(object)] };
  });
  if (virtual.length === methods.length) return bound;
  const others = plain(object, struct, methods, context);
  return [...bound, ...others.filter(({ value }) => !virtual.some(({ type }) => sameType(type, value.type)))];
}

/** The functions of a name: several in C++. */
export const functionsNamed = (where: ScopePath, name: string, context: EvaluationContext): readonly Callee[] =>
  context.language === 'c++' ? context.names.overloads(where, name).map((value) => ({ value, self: [] })) : [];

/** The one that suits the arguments best; of equals the first. */
export function bestFor(callees: readonly Callee[], given: readonly Value[]): Callee | undefined {
  let best: Callee | undefined;
  let least = Infinity;
  for (const callee of callees) {
    const type = asFunction(callee.value.type);
    const distance = type ? distanceTo(type, [...callee.self, ...given], callee.self.length) : impossible;
    if (best === undefined || distance < least) [best, least] = [callee, distance];
  }
  return best;
}

const impossible = 1e6;

function distanceTo(type: FunctionType, given: readonly Value[], hidden: number): number {
  if (given.length < type.parameters.length || (given.length > type.parameters.length && !type.varargs)) return impossible * impossible;
  return given.reduce((sum, value, i) => {
    const parameter = i < hidden ? undefined : type.parameters[i]?.type;
    return sum + (parameter ? conversion(value.type, parameter) : 0);
  }, 0);
}

/** Can an argument be passed for a parameter of this type? */
export const accepts = (parameter: CType | undefined, given: Value): boolean =>
  parameter !== undefined && conversion(given.type, parameter) < impossible;

const referred = (type: CType): CType => asReference(type)?.target ?? type;

/** How far a conversion goes (C++17, [over.ics.rank], simplified): nothing, promotion, conversion, never. */
function conversion(from: CType, to: CType): number {
  const [source, target] = [strip(referred(from)), strip(referred(to))];
  if (sameType(source, target)) return 0;
  const array = asArray(source);
  const pointer = asPointer(target);
  const pointee = array?.element ?? asPointer(source)?.target ?? (asFunction(source) ? source : undefined);
  if (pointer && pointee) {
    if (sameType(pointer.target, pointee)) return 0;
    if (isVoid(pointer.target)) return 2;
    return isBaseOf(pointer.target, pointee) ? 1 : impossible;
  }
  if (asStruct(target)) return isBaseOf(target, source) ? 1 : impossible;
  const [integer, wanted] = [asInteger(source), asInteger(target)];
  if (integer && wanted) return sameType(target, c.INT) && (sizeOf(source) ?? 0) < 4 ? 1 : 2;
  if (asFloat(source) && asFloat(target)) return sameType(target, c.DOUBLE) ? 1 : 2;
  return (integer ?? asFloat(source)) && (wanted ?? asFloat(target)) ? 2 : impossible;
}

function isBaseOf(base: CType, derived: CType, depth = 0): boolean {
  const struct = asStruct(derived);
  if (!struct || depth > MAX_DEPTH) return false;
  return struct
    .members()
    .some((member) => member.isBase === true && (sameType(member.type, base) || isBaseOf(base, member.type, depth + 1)));
}
