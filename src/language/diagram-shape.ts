/** Which members of a structure are links to other structures, and what for: by their types, their names, and where they really lead. */
import type { CType, Member, StructType } from '../symbols/types.js';
import { textKind } from './textual.js';
import { asArray, asFloat, asInteger, asPointer, asStruct, countOf, sameType, sizeOf, strip } from './types.js';

/** A member, reached through embedded structures. */
export interface MemberPath {
  /** `next`, `links.next`. */
  readonly name: string;
  readonly path: readonly Member[];
}

/** `one`: a pointer to a structure. `pointers`: many of them in an array. `records`: many structures; `scalars`: many numbers. */
export interface Link extends MemberPath {
  readonly kind: 'one' | 'pointers' | 'records' | 'scalars';
  readonly target: CType;
  /** It leads to structures of the type that it is in. */
  readonly own: boolean;
  /** An array inside of the structure has a fixed count; for one behind a pointer a member beside it says how many there are. */
  readonly count: number | MemberPath | undefined;
}

export interface Shape {
  readonly fields: readonly MemberPath[];
  readonly links: readonly Link[];
}

/** Embedded structures are looked into this deep. */
const MAX_NESTING = 4;

export const complete = (type: CType): StructType | undefined => {
  const struct = asStruct(type);
  return struct?.size === undefined ? undefined : struct;
};

const shapes = new WeakMap<StructType, Shape>();

export function shapeOf(struct: StructType): Shape {
  const known = shapes.get(struct);
  if (known) return known;
  const shape: { fields: MemberPath[]; links: Link[] } = { fields: [], links: [] };
  collect(struct, struct, [], '', shape);
  shapes.set(struct, shape);
  return shape;
}

function collect(
  outer: StructType,
  struct: StructType,
  path: readonly Member[],
  prefix: string,
  shape: { fields: MemberPath[]; links: Link[] },
): void {
  const members = struct.members().filter(({ staticVariable, virtualBase }) => !staticVariable && !virtualBase);
  const siblings = members.map((member): MemberPath => ({ name: prefix + (member.name ?? ''), path: [...path, member] }));
  members.forEach((member, i) => {
    const own = siblings[i];
    const inner = complete(member.type);
    // A union's members lie on top of each other: which one is meant nobody knows.
    if (inner && inner.kind !== 'union' && path.length < MAX_NESTING && (member.isBase || member.name === undefined || hasLinks(inner))) {
      collect(outer, inner, own.path, member.isBase || member.name === undefined ? prefix : `${own.name}.`, shape);
      return;
    }
    const link = linkOf(own, member.type, outer, siblings);
    if (link) shape.links.push(link);
    else shape.fields.push(own);
  });
}

const hasLinks = (struct: StructType): boolean =>
  struct
    .members()
    .some(({ type }) => complete(asPointer(type)?.target ?? asPointer(asArray(type)?.element ?? type)?.target ?? type) && !asStruct(type));

function linkOf(own: MemberPath, type: CType, outer: StructType, siblings: readonly MemberPath[]): Link | undefined {
  const pointer = asPointer(type);
  const array = asArray(type);
  const make = (kind: Link['kind'], target: CType, count?: number | MemberPath): Link => ({
    ...own,
    kind,
    target,
    own: sameType(target, outer),
    count,
  });
  if (array) {
    const behind = asPointer(array.element);
    if (behind && complete(behind.target)) return make('pointers', behind.target, countOf(array));
    return complete(array.element) ? make('records', array.element, countOf(array)) : undefined;
  }
  if (!pointer) return undefined;
  const second = asPointer(pointer.target);
  if (second && complete(second.target)) {
    const counter = counterFor(own.name, siblings, capacities);
    return counter && make('pointers', second.target, counter);
  }
  const counter = isPlural(own.name) ? counterFor(own.name, siblings, counts) : undefined;
  if (complete(pointer.target)) {
    const many = counter && !sameType(pointer.target, outer) && !isRecursive(asStruct(pointer.target));
    return many ? make('records', pointer.target, counter) : make('one', pointer.target);
  }
  const number = (asInteger(pointer.target) ?? asFloat(pointer.target)) && !textKind(pointer.target);
  return number && counter ? make('scalars', pointer.target, counter) : undefined;
}

/** Has it a pointer to its own kind? Then a pointer to it is a list or a tree, not an array. */
const isRecursive = (struct: StructType | undefined): boolean =>
  struct?.members().some(({ type }) => {
    const target = asPointer(type)?.target;
    return target !== undefined && sameType(target, struct);
  }) ?? false;

/** Names that people give to arrays. */
const isPlural = (name: string): boolean =>
  /(?:s|data|array|arr|buf|buffer|vec|vector|table|list|heap|storage|mem|elem|v|a)_?$/i.test(name);

const capacities = /^(?:.*_)?(?:capacity|cap|n?_?(?:buckets?|slots?)|(?:bucket|slot)s?_?(?:count|num|size)|table_?size)$/i;
const counts = /^(?:.*_)?(?:count|size|length|len|n|num|used|nelems?|nitems?|top)$/i;

/** The number beside a pointer that says how many things are behind it: `size` beside `buckets`, `nitems` beside `items`. */
function counterFor(name: string, siblings: readonly MemberPath[], best: RegExp): MemberPath | undefined {
  const numbers = siblings.filter(({ path }) => {
    const { type, name: each } = path[path.length - 1];
    return each !== undefined && asInteger(type) !== undefined && strip(type).kind === 'base' && (sizeOf(type) ?? 0) >= 2;
  });
  const last = (path: MemberPath): string => path.name.slice(path.name.lastIndexOf('.') + 1);
  const stem = name
    .slice(name.lastIndexOf('.') + 1)
    .replace(/s$/, '')
    .toLowerCase();
  const fits = [
    (each: string) => stem.length > 2 && each.toLowerCase().includes(stem) && /n|count|len|size|num/i.test(each),
    (each: string) => best.test(each),
    (each: string) => counts.test(each),
    (each: string) => capacities.test(each),
  ];
  for (const fit of fits) {
    const found = numbers.find((each) => fit(last(each)));
    if (found) return found;
  }
  return undefined;
}

/** Names of members that lead back to where one came from. */
export const leadsBack = (name: string): boolean =>
  /(?:^|[._])(?:prev|previous|parent|up|back|blink|pred|predecessor|prior|above|owner|bwd|backward)(?:_?(?:ptr|p|node|link))?$|(?:Prev|Previous|Parent)$/i.test(
    name,
  );

/** First child and next sibling: a tree of any width in two pointers. */
export function childAndSibling(links: readonly Link[]): { readonly child: Link; readonly sibling: Link } | undefined {
  if (links.length !== 2) return undefined;
  const child = links.find(({ name }) => /child|kid|down|^sub/i.test(name) && !/sibling|next/i.test(name));
  const sibling = links.find(({ name }) => /sibling|next|brother|sister/i.test(name));
  return child && sibling && child !== sibling ? { child, sibling } : undefined;
}
