/**
 * C++ pointers to members as text. They are (Itanium C++ ABI, 2.3) to data: an offset in the object, -1 is null; to a function: two words, its address or, odd,
 * one more than its offset in the virtual table (0 is null), and what to add to `this`.
 */
import type { Method, StructType } from '../symbols/types.js';
import { functionLike } from './type-copies.js';
import { demangledParameters, objectQualifiers, typeName } from './type-name.js';
import { asFunction, asPointer, asStruct, strip } from './types.js';
import { integerOf, type Value } from './value.js';

/** Deeper inheritance is damage. */
const MAX_DEPTH = 16;
const WORD = 8;

export interface FoundMethod {
  readonly owner: StructType;
  readonly method: Method;
}

/** The offset; or a function's address or place in the table, and what to add to `this`. */
export function memberPointerWords(pointer: Value): readonly [bigint, bigint] {
  const bytes = pointer.bytes();
  return [integerOf(bytes.subarray(0, WORD), bytes.length === WORD), integerOf(bytes.subarray(WORD), true)];
}

/** `&Class::member`, `&virtual Class::f(int)`, `(int (Class::*)(Class * const)) 0x401136 <Class::f()>`, NULL. `address` shows one with its symbol. */
export function memberPointerText(pointer: Value, address: (at: bigint) => string): string {
  const type = strip(pointer.type);
  if (type.kind !== 'member-pointer') return '';
  const struct = asStruct(type.containing);
  const [first, adjustment] = memberPointerWords(pointer);
  if (!asFunction(type.target)) {
    const name = struct && dataAt(struct, Number(first), 0);
    return first === -1n ? 'NULL' : name === undefined ? first.toString() : `&${name}`;
  }
  if (first === 0n) return 'NULL';
  if ((first & 1n) === 0n) return `(${typeName(type, 'c++')}) ${address(first)}`;
  const found = struct && virtualAt(struct, Number(first) >> 3, Number(adjustment), 0);
  return found ? `&virtual ${signature(found)}` : `&virtual table offset ${first - 1n}`;
}

/** `Class::member`, in the class or the base class where it is declared. */
function dataAt(struct: StructType, offset: number, depth: number): string | undefined {
  for (const member of struct.members()) {
    if (member.staticVariable || member.virtualBase || depth > MAX_DEPTH) continue;
    const base = member.isBase ? asStruct(member.type) : undefined;
    const inner =
      base && offset >= member.offset && offset < member.offset + (base.size ?? 0)
        ? dataAt(base, offset - member.offset, depth + 1)
        : undefined;
    if (inner !== undefined) return inner;
    if (!member.isBase && member.offset === offset && member.name !== undefined) return `${struct.name ?? ''}::${member.name}`;
  }
  return undefined;
}

/** The virtual function with this number in the table of the part of the object that lies `adjustment` bytes in it. */
function virtualAt(struct: StructType, index: number, adjustment: number, depth: number): FoundMethod | undefined {
  const method = adjustment === 0 ? struct.methods().find(({ virtual, virtualIndex }) => virtual && virtualIndex === index) : undefined;
  if (method) return { owner: struct, method };
  for (const { isBase, virtualBase, type, offset } of struct.members()) {
    const base = isBase && !virtualBase && depth <= MAX_DEPTH ? asStruct(type) : undefined;
    if (base && adjustment >= offset && adjustment < offset + (base.size ?? 0))
      return virtualAt(base, index, adjustment - offset, depth + 1);
  }
  return undefined;
}

/** `Class::f(int) const`, as the demangler writes it. */
function signature({ owner, method }: FoundMethod): string {
  const [self, ...parameters] = method.type.parameters;
  const object = self && asPointer(self.type)?.target;
  const list = demangledParameters(functionLike(method.type, method.type.returns, parameters));
  return `${owner.name ?? ''}::${method.name}${list}${object ? objectQualifiers(object) : ''}`;
}
