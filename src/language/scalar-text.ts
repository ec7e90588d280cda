/** Enumerations and flag registers as names. */
import type { EnumType } from '../symbols/types.js';
import { templateName } from './types.js';

/** An enumeration whose values are single bits names the sum of its flags: `(A | B)`, `(A | unknown: 0x8)`. */
export function enumText(value: bigint, type: EnumType): string {
  const list = type.enumerators();
  const exact = list.find((entry) => entry.value === value);
  if (exact) return templateName(exact.name);
  if (!isFlagEnum(list)) return value.toString();
  const names: string[] = [];
  let rest = value;
  for (const entry of list) {
    if (entry.value === 0n || (rest & entry.value) === 0n) continue;
    names.push(templateName(entry.name));
    rest &= ~entry.value;
  }
  if (rest !== 0n) names.push(`unknown: 0x${BigInt.asUintN(type.size * 8, rest).toString(16)}`);
  return names.length === 0 ? '0' : `(${names.join(' | ')})`;
}

/** gdb's rule: no negative value, and none with several bits. Two names for one bit are none the less flags. */
const isFlagEnum = (list: readonly { value: bigint }[]): boolean =>
  list.length > 0 && list.every(({ value }) => value >= 0n && (value & (value - 1n)) === 0n);

/** `[ ZF PF ]`, in the order of the bits. */
export function flagsText(value: bigint, names: ReadonlyMap<number, string>): string {
  const set = [...names].filter(([bit]) => ((value >> BigInt(bit)) & 1n) === 1n).map(([, name]) => name);
  return `[ ${set.map((name) => `${name} `).join('')}]`;
}
