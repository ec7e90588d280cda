/** Enumerations and flag registers as names. */
import type { EnumType, MemberPointerType, StructType } from '../symbols/types.js';
import { asStruct } from './types.js';

/** An enumeration whose values are single bits names the sum of its flags: `(A | B)`, `(A | unknown: 0x8)`. */
export function enumText(value: bigint, type: EnumType): string {
  const list = type.enumerators();
  const exact = list.find((entry) => entry.value === value);
  if (exact) return exact.name;
  if (!isFlagEnum(list)) return value.toString();
  const names: string[] = [];
  let rest = value;
  for (const entry of list) {
    if (entry.value === 0n || (rest & entry.value) === 0n) continue;
    names.push(entry.name);
    rest &= ~entry.value;
  }
  if (rest !== 0n) names.push(`unknown: 0x${BigInt.asUintN(type.size * 8, rest).toString(16)}`);
  return names.length === 0 ? '0' : `(${names.join(' | ')})`;
}

/** gdb's rule: no negative value, none with several bits, and no bit used twice. */
function isFlagEnum(list: readonly { value: bigint }[]): boolean {
  let seen = 0n;
  for (const { value } of list) {
    if (value < 0n || (value & (value - 1n)) !== 0n || (seen & value) !== 0n) return false;
    seen |= value;
  }
  return list.length > 0;
}

/** `[ ZF PF ]`, in the order of the bits. */
export function flagsText(value: bigint, names: ReadonlyMap<number, string>): string {
  const set = [...names].filter(([bit]) => ((value >> BigInt(bit)) & 1n) === 1n).map(([, name]) => name);
  return `[ ${set.map((name) => `${name} `).join('')}]`;
}

/** `&Class::member`: a pointer to a data member is an offset, -1 is null (Itanium C++ ABI, 2.3). */
export function memberPointerText(offset: bigint, type: MemberPointerType): string {
  if (offset === -1n) return 'NULL';
  const struct = asStruct(type.containing);
  const name = struct && memberAt(struct, Number(offset), 0);
  return name === undefined ? offset.toString() : `&${name}`;
}

/** `Class::member`, in the class or the base class where it is declared. */
function memberAt(struct: StructType, offset: number, depth: number): string | undefined {
  for (const member of struct.members()) {
    if (member.staticVariable || member.virtualBase || depth > 16) continue;
    const base = member.isBase ? asStruct(member.type) : undefined;
    const inner =
      base && offset >= member.offset && offset < member.offset + (base.size ?? 0)
        ? memberAt(base, offset - member.offset, depth + 1)
        : undefined;
    if (inner !== undefined) return inner;
    if (!member.isBase && member.offset === offset && member.name !== undefined) return `${struct.name ?? ''}::${member.name}`;
  }
  return undefined;
}
