/**
 * Which functions a C++ call may mean: member functions of an object's class and its bases, virtual ones through the object's table (Itanium C++ ABI, 2.5). Which of
 * them is called: overload-ranking.ts.
 */
import { DeetError } from '../common/errors.js';
import { samePart, splitName } from '../symbols/cxx-names.js';
import type { Method, StructType } from '../symbols/types.js';
import type { EvaluationContext, ScopePath } from './context.js';
import { addressOf } from './conversions.js';
import { memberWorld } from './identifiers.js';
import { findMember, readMember } from './members.js';
import { asFunction, asStruct, sameType } from './types.js';
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

/** The same for a name as it is written: of `object.Base::f()` the base's own, also where `f` is virtual ([class.virtual]/15). @throws DeetError as above */
export function methodsNamed(object: Value, written: string, context: EvaluationContext): readonly Callee[] {
  const parts = written.startsWith('operator') ? [written] : splitName(written);
  const [scope, name] = [parts.at(-2), parts.at(-1) ?? written];
  if (scope === undefined) return methodsOf(object, name, context);
  const struct = asStruct(object.type);
  const isOwn = struct?.name !== undefined && (struct.name === scope || splitName(struct.name).at(-1) === scope);
  const path = isOwn ? [] : struct && findMember(struct, scope)?.path;
  const base = path?.reduce((part, member) => readMember(part, member, memberWorld(context)), object);
  const owner = base && asStruct(base.type);
  const own = owner?.methods().filter((method) => method.name === name) ?? [];
  return base && owner && own.length > 0 ? plain(base, owner, own, context) : base ? methodsOf(base, name, context) : [];
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
    // Where only types are wanted no object stands there, and one without a table will do.
    if (object.isAbstract) return { value: Value.abstract(type), self: [addressOf(object)] };
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
