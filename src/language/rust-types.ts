/** Types in Rust's words, as gdb has them: `*mut i32`, `[u16; 3]`, `fn (i32) -> i32`, `enum Shape {...}`. */
import type { CType, FunctionType, Member, StructType } from '../symbols/types.js';
import { asStruct, baseName, isQualified } from './types.js';

/** Damaged debug information can nest without end. */
const MAX_DEPTH = 32;
const MAX_MEMBERS = 10_000;

/** The type without values, and its only one. */
export const RUST_UNIT = '()';

/** Members without names are called by their numbers: `__0`, `__1`. */
export const isTuple = (struct: StructType): boolean => {
  const members = struct.members();
  return members.length > 0 && members.every(({ name }, index) => name === `__${index}`);
};

export function rustTypeName(type: CType, depth = 0): string {
  if (depth > MAX_DEPTH) return '...';
  if (isQualified(type)) return rustTypeName(type.target, depth + 1);
  switch (type.kind) {
    case 'void':
      return RUST_UNIT;
    case 'base':
      return baseName(type);
    case 'pointer':
      return `*mut ${rustTypeName(type.target, depth + 1)}`;
    case 'array':
      return `[${rustTypeName(type.element, depth + 1)}${typeof type.count === 'number' ? `; ${type.count}` : ''}]`;
    case 'function':
      return rustFunction('', type, depth);
    case 'member-pointer':
      return '';
    default:
      return type.name ?? `${type.kind} {...}`;
  }
}

/** `fn NAME(i32, i32) -> i32`. */
export function rustFunction(name: string, { parameters, returns }: FunctionType, depth = 0): string {
  const list = parameters.map(({ type }) => rustTypeName(type, depth + 1)).join(', ');
  const result = rustTypeName(returns, depth + 1);
  return `fn ${name}(${list})${result === RUST_UNIT ? '' : ` -> ${result}`}`;
}

/** With its members, each on a line of its own; a tuple is its name. */
export function rustBody(type: StructType): string {
  const name = type.name ?? '';
  if (name.startsWith('(')) return name;
  const part = type.variantPart?.();
  const lines = part
    ? part.variants.slice(0, MAX_MEMBERS).flatMap(({ members: [member] }) => (member ? variant(member) : []))
    : membersOf(type);
  const head = `${part ? 'enum' : type.kind} ${name}`;
  if (lines.length === 0 && !part) return head;
  const [open, close] = !part && isTuple(type) ? '()' : '{}';
  return `${head} ${open ?? ''}\n${lines.map((line) => `  ${line},\n`).join('')}${close ?? ''}`;
}

function variant({ name = '', type }: Member): string {
  const struct = asStruct(type);
  const members = struct ? membersOf(struct).join(', ') : '';
  if (!struct || members === '') return name;
  return isTuple(struct) ? `${name}(${members})` : `${name}{${members}}`;
}

function membersOf(struct: StructType): string[] {
  const tuple = isTuple(struct);
  return struct
    .members()
    .slice(0, MAX_MEMBERS)
    .map(({ name = '', type }) => (tuple ? '' : `${name}: `) + rustTypeName(type));
}
