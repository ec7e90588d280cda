/** Maps and sets: red-black trees in the order of their keys, hash tables in the order of their nodes. */
import type { CType } from '../../symbols/types.js';
import { asPointer, asStruct } from '../types.js';
import { toInteger, Value } from '../value.js';
import { neighbourhood } from './neighbourhood.js';
import { behindLinks, memberOf, Nonsense, plural, sizeOfElement, withoutCircle, type Row, type Subject, type View } from './view.js';

export const isMap = (subject: Subject): boolean => subject.className.endsWith('map');

/** A map's value is a pair of key and value; a set's is its key. */
function pairType(subject: Subject, holder: Value): CType {
  if (!isMap(subject)) return subject.type(0);
  // _Rb_tree<Key, Value, ...> and _Hashtable<Key, Value, ...> name the pair.
  const type = asStruct(holder.type)?.templateTypes?.()[1];
  if (!type) throw new Nonsense();
  return type;
}

function row(subject: Subject, value: Value, index: number): Row {
  if (!isMap(subject)) return { name: `[${index}]`, value };
  const { context } = subject;
  return { name: `[${index}]`, key: memberOf(value, 'first', context), value: memberOf(value, 'second', context) };
}

function view(subject: Subject, count: number, nodes: () => Generator<bigint>, links: CType, type: CType): View {
  const offset = BigInt(behindLinks(links, type));
  return keyed(subject, count, nodes, (node) => Value.at(type, subject.context.memory, node + offset));
}

/** A map or a set by its nodes. @param valueAt a map's pair of key and value, a set's key */
export function keyed(subject: Subject, count: number, nodes: () => Generator<bigint>, valueAt: (node: bigint) => Value): View {
  return {
    title: `${subject.className} with ${plural(count, 'element')}`,
    ...(isMap(subject) ? { style: 'map' } : { style: 'named', numbered: true }),
    keyed: true,
    count,
    *rows(start) {
      let index = 0;
      for (const node of withoutCircle(nodes())) {
        if (index >= count) return;
        if (index >= start) yield row(subject, valueAt(node), index);
        index++;
      }
    },
  };
}

/** A red-black tree of all memory is not as high. */
const MAX_HEIGHT = 128;

/** The nodes below one in order. Each is read once, and as a whole: a page deep in a big map passes all nodes before it. */
export function* nodesBelow(root: bigint, linksAt: (node: bigint) => TreeLinks): Generator<bigint> {
  const open: { readonly node: bigint; readonly right: bigint }[] = [];
  for (let next = root; ;) {
    while (next !== 0n) {
      if (open.length === MAX_HEIGHT) throw new Nonsense();
      const { left, right } = linksAt(next);
      open.push({ node: next, right });
      next = left;
    }
    const inner = open.pop();
    if (!inner) return;
    yield inner.node;
    next = inner.right;
  }
}

export interface TreeLinks {
  readonly left: bigint;
  readonly right: bigint;
}

/** Reads pointers of a struct at an address; where they lie is looked up once. */
export function pointersOf(struct: Value, names: readonly string[]): (bytes: Uint8Array) => bigint[] {
  const type = asStruct(struct.type);
  const offsets = names.map((name) => {
    const member = type?.members().find((each) => each.name === name);
    if (!member) throw new Nonsense();
    return member.offset;
  });
  return (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return offsets.map((offset) => view.getBigUint64(offset, true));
  };
}

export function tree(subject: Subject): View {
  const { context } = subject;
  const holder = subject.field('_M_t');
  const header = subject.field('_M_t', '_M_impl', '_M_header');
  const count = subject.number('_M_t', '_M_impl', '_M_node_count');
  const pointer = (object: Value, name: string): bigint => BigInt.asUintN(64, toInteger(memberOf(object, name, context)));
  const sizeOfLinks = sizeOfElement(header.type);
  const pointers = pointersOf(header, ['_M_left', '_M_right']);
  const first = pointer(header, '_M_left');
  if ((first === header.address) !== (count === 0)) throw new Nonsense();
  const nodes = (): Generator<bigint> => {
    const read = neighbourhood(context.memory);
    return nodesBelow(pointer(header, '_M_parent'), (node) => {
      const [left = 0n, right = 0n] = pointers(read(node, sizeOfLinks));
      return { left, right };
    });
  };
  return view(subject, count, nodes, header.type, pairType(subject, holder));
}

export function hash(subject: Subject): View {
  const { context } = subject;
  const holder = subject.field('_M_h');
  const first = memberOf(holder, '_M_before_begin', context);
  const links = asPointer(memberOf(first, '_M_nxt', context).type)?.target;
  if (!links) throw new Nonsense();
  const count = subject.number('_M_h', '_M_element_count');
  const sizeOfLinks = sizeOfElement(links);
  const pointers = pointersOf(first, ['_M_nxt']);
  function* nodes(): Generator<bigint> {
    const read = neighbourhood(context.memory);
    let node = BigInt.asUintN(64, toInteger(memberOf(first, '_M_nxt', context)));
    while (node !== 0n) {
      yield node;
      [node = 0n] = pointers(read(node, sizeOfLinks));
    }
  }
  return view(subject, count, nodes, links, pairType(subject, holder));
}
