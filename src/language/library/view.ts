/**
 * Objects of the C++ library as a reader thinks of them: a vector is its elements, not three pointers. A view finds its way by the names of members and types
 * in the debug information (those of libstdc++; of libc++ in libcxx.ts), never by places of its own, and reads only what is asked for.
 */
import { DeetError } from '../../common/errors.js';
import type { CType, StructType } from '../../symbols/types.js';
import { baseTypeNamed } from '../c-types.js';
import type { EvaluationContext } from '../context.js';
import { memberWorld } from '../identifiers.js';
import { shortNames } from './short-names.js';
import { findMember, readMember } from '../members.js';
import type { TextKind } from '../textual.js';
import { typeName } from '../type-name.js';
import { alignOf, asStruct, sizeOf } from '../types.js';
import { toInteger, type Value } from '../value.js';

export interface Row {
  /** `[0]`, `get()`; the names of elements are shown only where they say something. */
  readonly name: string;
  /** A map's key stands for the name. */
  readonly key?: Value;
  /** What an expression of the object goes on with to mean this row: `[3]`, `.first`. Not every row can be reached so. */
  readonly access?: string;
  readonly value: Value;
}

export interface View {
  /** `std::vector of length 3, capacity 4`; undefined: the rows say it all. */
  readonly title: string | undefined;
  /** `list`: the elements alone, `map`: `[key] = value`, `named`: `name = value`, `wrapped`: what stands inside, as it is. */
  readonly style: 'list' | 'map' | 'named' | 'wrapped';
  /** The rows are called by their numbers: `[0]`, `[1]`, ... */
  readonly numbered?: true;
  readonly count: number;
  /** From an index on; a consumer may stop at any time. @throws DeetError `memory` */
  rows(start: number): Generator<Row>;
  /** A map or a set: rows are found by their keys, or are keys themselves. */
  readonly keyed?: true;
  /** It has a value or has none. */
  readonly optional?: true;
  /** Of what has several owners: how many. */
  readonly owners?: bigint;
  /** What `*object` means. @throws DeetError `memory` */
  target?(): Value;
}

/** A smart pointer: its only row is the pointer. */
export const isPointerView = ({ title }: View): boolean => /^std::(?:unique|shared)_ptr</.test(title ?? '');

/** Text is shown in quotes. */
export interface TextView {
  readonly kind: TextKind;
  /** In units. */
  readonly length: number;
  /** @throws DeetError `memory` */
  read(units: number): Uint8Array;
}

/** An object whose numbers cannot be true is not constructed yet, or damaged: it shows as it is. */
export class Nonsense extends DeetError {
  constructor() {
    super('damaged', 'the object is not constructed, or damaged');
  }
}

/** No container has more elements. */
const MAX_COUNT = 2 ** 40;

/** What a view knows of its object. */
export class Subject {
  constructor(
    readonly value: Value,
    readonly struct: StructType,
    readonly context: EvaluationContext,
  ) {}

  /** The member at a path of names; those of bases count as its own. @throws Nonsense when the library is another one */
  field(...path: readonly string[]): Value {
    return path.reduce((value, name) => memberOf(value, name, this.context), this.value);
  }

  number(...path: readonly string[]): number {
    return plausible(toInteger(this.field(...path)));
  }

  address(...path: readonly string[]): bigint {
    return BigInt.asUintN(64, toInteger(this.field(...path)));
  }

  /** The type among the template's arguments. */
  type(index: number): CType {
    const type = this.struct.templateTypes?.()[index] ?? this.#typeInName(index);
    if (!type) throw new Nonsense();
    return type;
  }

  /** Compilers leave the arguments of some classes out; the name has them. */
  #typeInName(index: number): CType | undefined {
    const inside = /^[^<]*<(.*)>$/.exec(this.struct.name ?? '')?.[1];
    if (inside === undefined || index > 0) return undefined;
    let depth = 0;
    let end = 0;
    for (; end < inside.length && !(depth === 0 && inside[end] === ','); end++) depth += bracket(inside[end]);
    const name = inside.slice(0, end).trim();
    return baseTypeNamed(name) ?? this.context.names.type(name);
  }

  typeText(index: number): string {
    return shortNames(typeName(this.type(index), 'c++'));
  }

  /** The class's own name: `std::multimap`. */
  get className(): string {
    return (/^[^<]*/.exec(this.struct.name ?? '')?.[0] ?? '').replace(/^std::__\d+::/, 'std::');
  }
}

export function memberOf(value: Value, name: string, context: EvaluationContext): Value {
  const struct = asStruct(value.type);
  const found = struct && findMember(struct, name);
  if (!found) throw new Nonsense();
  return found.path.reduce((object, member) => readMember(object, member, memberWorld(context)), value);
}

export function plausible(count: bigint): number {
  if (count < 0n || count > BigInt(MAX_COUNT)) throw new Nonsense();
  return Number(count);
}

/** The nodes of a chain, which damage may have tied to a circle (Brent's way of finding that out). @throws Nonsense in a circle */
export function* withoutCircle(nodes: Iterable<bigint>): Generator<bigint> {
  let mark: bigint | undefined;
  let [steps, most] = [0, 1];
  for (const node of nodes) {
    if (node === mark) throw new Nonsense();
    if (++steps === most) [mark, steps, most] = [node, 0, most * 2];
    yield node;
  }
}

/** In bytes; 0 for what has no size would divide by nothing. */
export function sizeOfElement(type: CType): number {
  const size = sizeOf(type);
  if (size === undefined || size === 0) throw new Nonsense();
  return size;
}

/** Where a node of a list or tree keeps its value: behind the links, which are what a node begins with. */
export const behindLinks = (links: CType, value: CType): number =>
  Math.ceil((sizeOf(links) ?? 0) / Math.max(1, alignOf(value))) * Math.max(1, alignOf(value));

const bracket = (char: string | undefined): number => (char === '<' || char === '(' ? 1 : char === '>' || char === ')' ? -1 : 0);

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** What `build` makes, or undefined when the object is not as the library has it, or cannot be read. */
export function attempt<T>(build: () => T): T | undefined {
  try {
    return build();
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
}
