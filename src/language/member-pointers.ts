/** C++ pointers to members, made (`&Class::member`) and followed (`object.*pointer`). How they lie in memory: member-pointer-text.ts. */
import { u64 } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { CType, MemberPointerType, Method, StructType } from '../symbols/types.js';
import type { ScopedName } from './ast.js';
import * as c from './c-types.js';
import type { EvaluationContext } from './context.js';
import { baseOf } from './conversions.js';
import { findMember } from './members.js';
import type { Callee } from './methods.js';
import { memberPointerWords, type FoundMethod } from './member-pointer-text.js';
import { typeName } from './type-name.js';
import { asFunction, asStruct, sameType, strip } from './types.js';
import { Value } from './value.js';
import { virtualTable } from './virtual-table.js';

/** Deeper inheritance is damage. */
const MAX_DEPTH = 16;
const WORD = 8;

/** What `&Class::member` means; undefined: no member of that name that belongs to objects. */
export function pointerToMember({ path, file, name }: ScopedName, context: EvaluationContext): Value | undefined {
  const type = file === undefined && path.length > 0 ? context.names.type(path.join('::')) : undefined;
  const struct = type && asStruct(type);
  return struct && (pointerToData(struct, name) ?? pointerToMethod(struct, name, context));
}

/** Of an inherited member a pointer to a member of the class that has it ([expr.unary.op]/3). */
function pointerToData(struct: StructType, name: string): Value | undefined {
  const path = findMember(struct, name)?.path ?? [];
  const last = path.at(-1);
  if (!last || last.isBase || last.staticVariable || last.bitSize !== undefined) return undefined;
  const own = path.findLastIndex(({ isBase }) => isBase);
  const offset = path.slice(own + 1).reduce((sum, member) => sum + member.offset, 0);
  const type: MemberPointerType = { kind: 'member-pointer', target: last.type, containing: path[own]?.type ?? struct, size: WORD };
  return Value.integer(type, BigInt(offset));
}

function pointerToMethod(struct: StructType, name: string, context: EvaluationContext): Value | undefined {
  const found = methodNamed(struct, name, 0);
  if (!found) return undefined;
  const { owner, method } = found;
  const entry =
    method.virtual && method.virtualIndex !== undefined ? BigInt(method.virtualIndex * WORD + 1) : codeOf(owner, method, context);
  if (entry === undefined) return undefined;
  const bytes = new Uint8Array(2 * WORD);
  new DataView(bytes.buffer).setBigUint64(0, entry, true);
  return Value.of({ kind: 'member-pointer', target: method.type, containing: owner, size: 2 * WORD }, bytes);
}

function methodNamed(struct: StructType, name: string, depth: number): FoundMethod | undefined {
  const method = struct.methods().find((each) => each.name === name && !each.isStatic);
  if (method) return { owner: struct, method };
  if (depth > MAX_DEPTH) return undefined;
  for (const { isBase, type } of struct.members()) {
    const base = isBase ? asStruct(type) : undefined;
    const found = base && methodNamed(base, name, depth + 1);
    if (found) return found;
  }
  return undefined;
}

const codeOf = (owner: StructType, method: Method, { names }: EvaluationContext): bigint | undefined => {
  const own = names.codeOf(method);
  if (own) return own.address;
  const found = names.overloads({ path: [owner.name ?? ''] }, method.name);
  return (found.find(({ type }) => sameType(type, method.type)) ?? found[0])?.address;
};

/**
 * The member that a pointer means in an object, and for a function the address that it takes as `this`.
 * @throws DeetError when it is no pointer to a member of the object's class, or null
 */
export function memberMeant(object: Value, pointer: Value, context: EvaluationContext): Callee {
  const type = strip(pointer.type);
  if (type.kind !== 'member-pointer') throw new DeetError('type', 'non-pointer-to-member value used in pointer-to-member construct');
  const part = asContaining(object, type, context);
  const isFunction = asFunction(type.target) !== undefined;
  if (pointer.isAbstract || object.isAbstract)
    return { value: Value.abstract(type.target), self: isFunction ? [Value.abstract(c.VOID_POINTER)] : [] };
  const [first, adjustment] = memberPointerWords(pointer);
  if (first === (isFunction ? 0n : -1n)) throw new DeetError('memory', 'The pointer to a member is null.');
  if (!isFunction) return { value: part.part(type.target, Number(first)), self: [] };
  if (part.address === undefined) throw new DeetError('type', 'A member function needs an object in memory.');
  const self = u64(part.address + adjustment);
  const entry =
    (first & 1n) === 0n ? first : virtualTable(Value.at(c.LONG, context.memory, self), context.memory)?.entry(Number(first) >> 3);
  if (entry === undefined) throw new DeetError('memory', 'The virtual table of the object cannot be read.');
  const asThis: CType = { kind: 'pointer', target: type.containing, size: WORD };
  return { value: Value.at(type.target, context.memory, u64(entry)), self: [Value.integer(asThis, self)] };
}

/** The object as the class whose members the pointer means: its own or a base. */
function asContaining(object: Value, { containing }: MemberPointerType, context: EvaluationContext): Value {
  const [wanted, own] = [asStruct(containing), asStruct(object.type)];
  if (!wanted || !own) throw new DeetError('type', 'Only an object has members to point to.');
  if (sameType(own, wanted)) return object;
  const base = baseOf(object, own, wanted, context);
  if (!base) throw new DeetError('type', `The object is no ${typeName(containing, 'c++')}, to whose members the pointer points.`);
  return base;
}
