/** Finding a member by name, through anonymous structs and C++ base classes; and reading it from a value. */
import { DeetError } from '../common/errors.js';
import type { Member, StructType } from '../symbols/types.js';
import { nearest } from '../common/nearest.js';
import { asStruct } from './types.js';
import type { Value } from './value.js';
import { presentMembers } from './variants.js';

/** Nested anonymous members and base classes beyond this are damage. */
const MAX_DEPTH = 32;

export interface FoundMember {
  /** From the outermost struct inwards; the last one bears the name. */
  readonly path: readonly Member[];
}

/** Own members first, then anonymous ones, then base classes; undefined: no such member. */
export function findMember(type: StructType, name: string, depth = 0): FoundMember | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const members = type.members();
  const direct = members.find((member) => member.name === name && !member.isBase);
  if (direct) return { path: [direct] };
  for (const member of members) {
    if (!member.isBase && member.name !== undefined) continue;
    const inner = asStruct(member.type);
    if (!inner) continue;
    if (member.isBase && inner.name === name) return { path: [member] };
    const found = findMember(inner, name, depth + 1);
    if (found) return { path: [member, ...found.path] };
  }
  return undefined;
}

/** The same in an object, which has the members of its active variant too; those stand in a struct of the variant's name (Rust). */
function findPresent(object: Value, type: StructType, name: string): FoundMember | undefined {
  const found = findMember(type, name);
  if (found || !type.variantPart?.()) return found;
  for (const member of presentMembers(object, type)) {
    if (member.name === name) return { path: [member] };
    const inner = asStruct(member.type);
    const deeper = inner && findMember(inner, name);
    if (deeper) return { path: [member, ...deeper.path] };
  }
  return undefined;
}

/** How a static member or a virtual base is reached: both need more than the object's bytes. */
export interface MemberWorld {
  staticMember(member: Member): Value | undefined;
  virtualBase(object: Value, member: Member): number | undefined;
}

/** @throws DeetError when a virtual base's place cannot be computed, or a static member has none */
export function readMember(object: Value, member: Member, world: MemberWorld): Value {
  if (member.staticVariable) {
    const value = world.staticMember(member);
    if (!value) throw new DeetError('optimized-out', `static field ${member.name ?? ''} has been optimized out`);
    return value;
  }
  if (object.isAbstract) return object.member(member);
  if (member.virtualBase) {
    const offset = world.virtualBase(object, member);
    if (offset === undefined) throw new DeetError('invalid-address', '<invalid address>');
    return object.part(member.type, offset);
  }
  return object.member(member);
}

/** @throws DeetError `no-member` with the nearest name as the hint's subject */
export function memberNamed(object: Value, name: string, world: MemberWorld, language: 'c' | 'c++'): Value {
  const type = asStruct(object.type);
  if (!type) throw new DeetError('type', 'Attempt to extract a component of a value that is not a structure.');
  const parts = name.split('::');
  const plain = parts[parts.length - 1] ?? name;
  const start = parts.length > 1 ? findMember(type, parts[parts.length - 2] ?? '') : { path: [] };
  let current = object;
  for (const member of start?.path ?? []) current = readMember(current, member, world);
  const found = findPresent(current, asStruct(current.type) ?? type, plain);
  if (!found) {
    if (type.size === undefined)
      throw new DeetError(
        'incomplete-type',
        `The type of this value is incomplete: ${type.kind} ${type.name ?? '{...}'} is not defined in the debug information.`,
      );
    const names = presentMembers(current, asStruct(current.type) ?? type).flatMap((member) => member.name ?? []);
    const near = nearest(plain, names);
    throw new DeetError(
      'no-member',
      `There is no member ${language === 'c++' ? 'or method ' : ''}named ${plain}.`,
      near === undefined ? undefined : `did you mean "${near}"?`,
    );
  }
  for (const member of found.path) current = readMember(current, member, world);
  return current;
}
