/** How Rust writes its structs, tuples and enumerations: `Point {x: 1, y: 2}`, `(1, 'c')`, `Option<i32>::Some(5)`, as gdb does. */
import type { BaseType, Member, StructType } from '../symbols/types.js';
import type { Brackets } from './aggregate-layout.js';
import { isTuple } from './rust-types.js';
import type { TextKind } from './textual.js';
import { asStruct } from './types.js';
import type { Value } from './value.js';
import { activeVariant } from './variants.js';

export interface RustShape {
  /** What stands in front of the brackets, with its space; alone where there are no members. */
  readonly head: string;
  readonly brackets: Brackets;
  readonly named: boolean;
  /** Whose members they are. */
  readonly object: Value;
  readonly members: readonly Member[];
}

/** Of arrays. */
export const SQUARE: Brackets = ['[', ']'];

/** A `char` of Rust is a code point; pointers to it lead to one, and no array of them is a string. */
export const rustCharacter = ({ encoding, name }: BaseType): TextKind | undefined =>
  encoding === 'utf' && name === 'char' ? { prefix: '', unit: 4 } : undefined;

/** @throws DeetError when the discriminant cannot be read */
export function rustShape(object: Value, struct: StructType): RustShape {
  const name = struct.name ?? '';
  const part = struct.variantPart?.();
  if (!part) return shape(object, struct, name, name.startsWith('(') ? '' : `${name} `);
  const [member] = activeVariant(object, part)?.members ?? [];
  const inner = member && asStruct(member.type);
  if (!inner) return { head: `${name} {<No data fields>}`, brackets: ['', ''], named: false, object, members: [] };
  const variant = `${name}::${member.name ?? ''}`;
  return shape(object.member(member), inner, variant, variant);
}

function shape(object: Value, struct: StructType, alone: string, head: string): RustShape {
  const members = struct.members();
  const tuple = isTuple(struct);
  return { head: members.length === 0 ? alone : head, brackets: tuple ? ['(', ')'] : ['{', '}'], named: !tuple, object, members };
}
