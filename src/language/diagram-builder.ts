/** Follows the pointers of a value and describes what is found as a drawing. Bounded: a limit of nodes, of depth, and of elements of each array. */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { CType, StructType } from '../symbols/types.js';
import type { EvaluationContext } from './context.js';
import { dereferenced } from './conversions.js';
import { arrayDrawing } from './diagram-arrays.js';
import type { DiagramNode, Drawing } from './diagram.js';
import { Roles } from './diagram-roles.js';
import { complete, shapeOf, type Link, type MemberPath, type Shape } from './diagram-shape.js';
import * as c from './c-types.js';
import { formatMember, formatValue, type FormatOptions } from './format.js';
import { readMember } from './members.js';
import { memberWorld } from './identifiers.js';
import { textKind } from './textual.js';
import { typeName } from './type-name.js';
import { asArray, asPointer, asStruct, nameOf } from './types.js';
import { integerOf, toInteger, Value } from './value.js';

export interface DiagramOptions extends FormatOptions {
  /** Most nodes. */
  readonly nodes: number;
}

/** Trees deeper than this, and chains of different structures, end with `more`. */
const MAX_DEPTH = 200;
/** A count in the program beyond this is garbage. */
const MAX_COUNT = 1_000_000;
/** Characters and elements of one member: a drawing is to be looked at. */
const MAX_ELEMENTS = 48;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
interface Node extends Mutable<Omit<DiagramNode, 'fields' | 'links' | 'notes'>> {
  readonly fields: { name: string; value: string }[];
  readonly links: { name: string; to: Drawing; child?: true }[];
  notes?: string[];
}

/** A link backwards, looked at when all nodes are known. */
interface Back {
  readonly node: Node;
  readonly link: Link;
  readonly target: Address;
  readonly expected: readonly (Address | undefined)[];
  /** What it should be. */
  readonly instead: string;
}

/** @throws DeetError when the value itself cannot be read */
export function diagramOf(value: Value, context: EvaluationContext, options: DiagramOptions): { drawing: Drawing; nodes: number } {
  const builder = new Builder(context, options);
  const drawing = builder.draw(dereferenced(value, context.memory), 0);
  builder.finish();
  return { drawing, nodes: builder.count };
}

export class Builder {
  readonly #nodes = new Map<string, Node>();
  readonly #backs: Back[] = [];
  readonly #roles: Roles;
  /** The node whose children are being followed. */
  #from: Address | undefined;
  readonly fieldOptions: FormatOptions;
  count = 0;

  constructor(
    readonly context: EvaluationContext,
    readonly options: DiagramOptions,
  ) {
    const { elements } = { ...context.settings, ...options.settings };
    const few = elements === 0 ? MAX_ELEMENTS : Math.min(elements, MAX_ELEMENTS);
    this.fieldOptions = { ...options, settings: { ...options.settings, elements: few, pretty: false, array: false, nullStop: true } };
    this.#roles = new Roles(context.memory, (object, link) => this.#pointer(object, link));
  }

  get exhausted(): boolean {
    return this.count >= this.options.nodes;
  }

  /** Any value, as it is best drawn. @throws DeetError when it cannot be read */
  draw(value: Value, depth: number): Drawing {
    const struct = complete(value.type);
    if (struct) return this.#object(value, struct, depth);
    const array = asArray(value.type);
    if (array && !textKind(array.element)) return arrayDrawing(value, array, this, depth);
    const pointer = asPointer(value.type);
    if (pointer && !textKind(pointer.target)) {
      const address = BigInt.asUintN(64, toInteger(value));
      if (address !== 0n && complete(pointer.target)) return this.at(pointer.target, address, depth);
      if (address !== 0n && depth < 4 && (asPointer(pointer.target) ?? asArray(pointer.target)))
        return this.draw(Value.at(pointer.target, this.context.memory, address), depth + 1);
    }
    return { kind: 'value', text: formatValue(value, this.context, this.options) };
  }

  /** What a pointer leads to. Never throws for what cannot be read. */
  at(type: CType, address: Address, depth: number): Drawing {
    if (address === 0n) return { kind: 'null' };
    return (
      this.#seen(type, address) ??
      this.#unreadable(type, address) ??
      this.#object(Value.at(type, this.context.memory, address), complete(type), depth)
    );
  }

  #seen(type: CType, address: Address): Drawing | undefined {
    const known = this.#nodes.get(keyOf(type, address));
    if (!known) return undefined;
    known.shared = true;
    return { kind: 'reference', id: known.id, address: hex(address) };
  }

  #unreadable(type: CType, address: Address): Drawing | undefined {
    try {
      Value.at(type, this.context.memory, address).fetched();
      return undefined;
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return { kind: 'unreadable', address: hex(address), text: error.message };
    }
  }

  #object(value: Value, struct: StructType | undefined, depth: number): Drawing {
    if (!struct) return { kind: 'value', text: formatMember(value, this.context, this.fieldOptions) };
    if (this.exhausted || depth > MAX_DEPTH) return { kind: 'more', address: hex(value.address ?? 0n) };
    const object = value.fetched();
    const shape = shapeOf(struct);
    const roles = this.#roles.of(object, shape);
    if (roles.tree) return this.#childAndSibling(object, shape, roles.tree, depth);
    const [next] = roles.forward;
    if (roles.forward.length === 1 && next && !shape.links.some((link) => link.own && link.kind === 'pointers'))
      return this.#list(object, shape, next, roles.back, depth);
    const parent = this.#from;
    const node = this.#enter(object, shape);
    for (const link of roles.back) this.#noteBack(node, object, link, [parent], 'its parent');
    this.#follow(node, object, shape, depth, roles.back);
    return { kind: 'node', node };
  }

  /** Nodes one behind the other. What else hangs on them is followed when all of them are known. */
  #list(first: Value, shape: Shape, next: Link, back: readonly Link[], depth: number): Drawing {
    const list: { node: Node; object: Value }[] = [];
    let object = first;
    let end: Drawing = { kind: 'null' };
    for (let before: Address | undefined; ;) {
      const node = this.#enter(object, shape);
      list.push({ node, object });
      for (const link of back) this.#noteBack(node, object, link, [before], 'the node before');
      before = object.address;
      const target = this.#pointer(object, next);
      if (target === undefined) {
        end = { kind: 'unreadable', address: '0x0', text: 'unreadable' };
        break;
      }
      const stop: Drawing | undefined =
        target === 0n
          ? { kind: 'null' }
          : (this.#seen(next.target, target) ??
            this.#unreadable(next.target, target) ??
            (this.exhausted ? { kind: 'more', address: hex(target) } : undefined));
      if (stop) {
        end = stop;
        break;
      }
      object = Value.at(next.target, this.context.memory, target).fetched();
    }
    for (const { node, object: each } of list) this.#follow(node, each, shape, depth, [next, ...back]);
    const nodes = list.map(({ node }) => node);
    const [first_] = back;
    return { kind: 'list', link: next.name, ...(first_ && { back: first_.name }), nodes, end };
  }

  /** A tree by first child and next sibling: the children of a node are its links. */
  #childAndSibling(object: Value, shape: Shape, { child, sibling }: { child: Link; sibling: Link }, depth: number): Drawing {
    const { back } = this.#roles.of(object, shape);
    const family = (first: Value, parent: Address | undefined, level: number): Drawing[] => {
      const drawings: Drawing[] = [];
      let before: Address | undefined;
      for (let each = first; ;) {
        const node = this.#enter(each, shape);
        for (const link of back) this.#noteBack(node, each, link, [parent, before], 'its parent');
        drawings.push({ kind: 'node', node });
        before = each.address;
        const below = this.#pointer(each, child) ?? 0n;
        const stop = below === 0n ? undefined : this.#halted(child, below, level);
        const children =
          below === 0n ? [] : stop ? [stop] : family(Value.at(child.target, this.context.memory, below).fetched(), each.address, level + 1);
        children.forEach((to, i) => node.links.push({ name: `${child.name}${i === 0 ? '' : ` ${i + 1}`}`, to, child: true }));
        this.#follow(node, each, shape, level, [child, sibling, ...back]);
        const beside = this.#pointer(each, sibling) ?? 0n;
        if (beside === 0n) return drawings;
        const halted = this.#halted(sibling, beside, level);
        if (halted) return [...drawings, halted];
        each = Value.at(sibling.target, this.context.memory, beside).fetched();
      }
    };
    const drawings = family(object, undefined, depth);
    const [only] = drawings;
    return drawings.length === 1 && only ? only : { kind: 'rows', rows: drawings.map((to, i) => ({ label: `[${i}]`, to })) };
  }

  #halted(link: Link, target: Address, depth: number): Drawing | undefined {
    const limit: Drawing | undefined = this.exhausted || depth > MAX_DEPTH ? { kind: 'more', address: hex(target) } : undefined;
    return this.#seen(link.target, target) ?? this.#unreadable(link.target, target) ?? limit;
  }

  /** Structures beside each other: all are known before the pointers of the first are followed, so that those to the others are references. */
  records(values: readonly Value[], struct: StructType, depth: number): Drawing[] {
    const shape = shapeOf(struct);
    const entered = values.map((value) => ({ value, node: this.exhausted ? undefined : this.#enter(value, shape) }));
    return entered.map(({ value, node }): Drawing => {
      if (!node) return { kind: 'more', address: hex(value.address ?? 0n) };
      this.#follow(node, value, shape, depth, []);
      return { kind: 'node', node };
    });
  }

  #enter(object: Value, shape: Shape): Node {
    const { address } = object;
    this.count++;
    const node: Node = {
      id: this.count,
      ...(address !== undefined && !object.isAbstract && object.place.kind === 'memory' && { address: hex(address) }),
      type: typeName(object.type, this.context.language),
      fields: shape.fields.map((field) => ({ name: field.name, value: this.field(object, field) })),
      links: [],
    };
    if (address !== undefined) this.#nodes.set(keyOf(object.type, address), node);
    return node;
  }

  field(object: Value, field: MemberPath): string {
    try {
      return this.text(this.#member(object, field));
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return `<${error.message}>`;
    }
  }

  /** As `print` has it, but of text only the text: there is little room. */
  text(value: Value): string {
    const text = formatMember(value, this.context, this.fieldOptions);
    if (this.options.letter !== undefined) return text;
    const pointer = asPointer(value.type);
    if (pointer && textKind(pointer.target)) return text.replace(/^0x[0-9a-f]+ (?:<[^>]*> )?(?=["'LuU])/, '');
    return nameOf(value.type) === 'char' ? text.replace(/^-?\d+ /, '') : text;
  }

  /** Everything that hangs on a node, except the links that are drawn or looked at already. */
  #follow(node: Node, object: Value, shape: Shape, depth: number, done: readonly Link[]): void {
    const outer = this.#from;
    for (const link of shape.links) {
      if (done.includes(link)) continue;
      this.#from = link.own ? object.address : undefined;
      if (link.own && link.kind === 'pointers') this.#children(node, object, link, depth);
      else node.links.push({ name: link.name, to: this.#target(node, object, link, depth), ...(link.own && { child: true as const }) });
    }
    this.#from = outer;
  }

  #target(node: Node, object: Value, link: Link, depth: number): Drawing {
    try {
      if (link.kind === 'one') return this.at(link.target, this.#pointer(object, link) ?? 0n, depth + 1);
      return this.draw(this.many(object, link), depth + 1);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return error.code === 'null' ? { kind: 'null' } : { kind: 'unreadable', address: node.address ?? '0x0', text: error.message };
    }
  }

  /** The children of a node of a tree whose pointers are in an array; empty places are left out. */
  #children(node: Node, object: Value, link: Link, depth: number): void {
    const drawing = this.#target(node, object, link, depth);
    if (drawing.kind !== 'rows') node.links.push({ name: link.name, to: drawing });
    else
      for (const { label, to } of drawing.rows) if (to.kind !== 'null') node.links.push({ name: `${link.name}${label}`, to, child: true });
  }

  /** The array that a link stands for. @throws DeetError */
  many(object: Value, link: Link): Value {
    const element = link.kind === 'pointers' ? c.pointerTo(link.target) : link.target;
    const member = this.#member(object, link);
    if (link.count === undefined || typeof link.count === 'number') return member;
    const counter = this.#member(object, link.count);
    const count = toInteger(counter);
    if (count < 0n || count > MAX_COUNT) throw new DeetError('memory', `${link.count.name} is ${count}`);
    const address = BigInt.asUintN(64, toInteger(member));
    if (address === 0n) throw new DeetError('null', 'NULL');
    return Value.at(c.arrayOf(element, Number(count)), this.context.memory, address);
  }

  #member(object: Value, { path }: MemberPath): Value {
    const world = memberWorld(this.context);
    return path.reduce((value, member) => readMember(value, member, world), object);
  }

  #pointer(object: Value, link: MemberPath): Address | undefined {
    try {
      return BigInt.asUintN(64, integerOf(this.#member(object, link).bytes(), false));
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return undefined;
    }
  }

  #noteBack(node: Node, object: Value, link: Link, expected: readonly (Address | undefined)[], instead: string): void {
    const target = this.#pointer(object, link);
    if (target !== undefined) this.#backs.push({ node, link, target, expected, instead });
  }

  /** Links backwards that do not lead to where one came from are worth a word; those that do go without saying. */
  finish(): void {
    for (const { node, link, target, expected, instead } of this.#backs) {
      if (expected.some((each) => each === target)) continue;
      const start = expected.every((each) => each === undefined);
      if (start && target === 0n) continue;
      const known = this.#nodes.get(keyOf(link.target, target));
      if (known) known.shared = true;
      const where = target === 0n ? 'NULL' : known ? `#${known.id}` : hex(target);
      if (start) node.fields.push({ name: link.name, value: where });
      else (node.notes ??= []).push(`${link.name} is ${where}, not ${instead}`);
    }
  }
}

/** A structure and its first member have one address: the type tells them apart. */
const keyOf = (type: CType, address: Address): string => {
  const struct = asStruct(type);
  return `${address}/${struct?.name ?? '?'}/${struct?.size ?? 0}`;
};
