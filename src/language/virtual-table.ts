/** Objects with virtual functions: their table, and through it the class that an object really is (Itanium C++ ABI, 2.5.2). */
import { u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { CType, StructType } from '../symbols/types.js';
import * as c from './c-types.js';
import type { EvaluationContext } from './context.js';
import { memberWorld } from './identifiers.js';
import { readMember } from './members.js';
import type { Memory } from './place.js';
import { asStruct } from './types.js';
import { toInteger, Value } from './value.js';

/** Deeper inheritance is damage. */
const MAX_DEPTH = 32;

/** Has the class a virtual function or base, its own or inherited? */
export function isDynamic(type: CType, depth = 0): boolean {
  const struct = asStruct(type);
  if (!struct || depth > MAX_DEPTH) return false;
  if (struct.members().some(({ name, virtualBase }) => /^_vptr[.$]/.test(name ?? '') || virtualBase !== undefined)) return true;
  return (
    struct.methods().some(({ virtual }) => virtual) || struct.members().some((member) => member.isBase && isDynamic(member.type, depth + 1))
  );
}

export interface VirtualTable {
  readonly address: Address;
  /** The virtual function of this number. @throws DeetError `memory` */
  entry(index: number): Address;
  /** From the beginning of the whole object to this part of it, in bytes; negative or 0. */
  readonly offsetToTop: bigint;
}

/** The table of an object of a dynamic class: every such class begins with the pointer to it. Undefined: it cannot be read. */
export function virtualTable(object: Value, memory: Memory): VirtualTable | undefined {
  try {
    const address = BigInt.asUintN(64, toInteger(object.part(c.LONG, 0)));
    const word = (at: number): bigint => toInteger(Value.at(c.LONG, memory, u64(address + BigInt(at * 8))));
    return { address, entry: (index) => BigInt.asUintN(64, word(index)), offsetToTop: word(-2) };
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
}

/** The whole object that this part of one is, by the class that its table is named after; undefined: it is that already, or nobody knows. */
export function wholeObject(object: Value, context: EvaluationContext): Value | undefined {
  if (object.address === undefined || !isDynamic(object.type)) return undefined;
  const table = virtualTable(object, context.memory);
  const symbol = table && context.symbolAt(table.address);
  const name = /^vtable for (.*)$/.exec(symbol?.name ?? '')?.[1];
  const type = name === undefined ? undefined : context.names.type(name);
  const struct = type && asStruct(type);
  // An offset beyond any object: the memory is not one (yet).
  if (!table || !type || !struct || table.offsetToTop > 0n || -table.offsetToTop > BigInt(struct.size ?? 0)) return undefined;
  if (struct.name === (asStruct(object.type) as StructType).name) return undefined;
  return Value.at(type, context.memory, u64(object.address + table.offsetToTop));
}

export interface TableOfPart {
  /** The class whose table it is: the outermost one that begins at this place of the object. */
  readonly className: string;
  readonly part: Address;
  readonly table: VirtualTable;
  /** Functions in it. */
  readonly count: number;
}

/** The tables of an object and of its bases that have one of their own. @throws DeetError `memory` when a table cannot be read */
export function tablesOf(object: Value, context: EvaluationContext): readonly TableOfPart[] {
  const found = new Map<Address, TableOfPart>();
  const visit = (part: Value, depth: number): void => {
    const struct = asStruct(part.type);
    if (!struct || part.address === undefined || depth > MAX_DEPTH || !isDynamic(struct)) return;
    part.part(c.LONG, 0).bytes();
    const table = virtualTable(part, context.memory);
    const known = found.get(part.address);
    const count = Math.max(known?.count ?? 0, ...struct.methods().map(({ virtualIndex = -1 }) => virtualIndex + 1));
    if (table) found.set(part.address, { className: known?.className ?? struct.name ?? '', part: part.address, table, count });
    for (const base of struct.members()) if (base.isBase) visit(readMember(part, base, memberWorld(context)), depth + 1);
  };
  visit(object, 0);
  return [...found.values()].filter(({ count }) => count > 0);
}
