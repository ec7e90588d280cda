/** Maps and sets: red-black trees in the order of their keys, hash tables in the order of their nodes. */
import type { CType } from '../../symbols/types.js';
import { asPointer, asStruct } from '../types.js';
import { toInteger, Value } from '../value.js';
import { behindLinks, memberOf, Nonsense, plural, withoutCircle, type Row, type Subject, type View } from './view.js';

const isMap = (subject: Subject): boolean => subject.className.endsWith('map');

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
  return {
    title: `${subject.className} with ${plural(count, 'element')}`,
    ...(isMap(subject) ? { style: 'map' } : { style: 'named', numbered: true }),
    keyed: true,
    count,
    *rows(start) {
      let index = 0;
      for (const node of withoutCircle(nodes())) {
        if (index >= count) return;
        if (index >= start) yield row(subject, Value.at(type, subject.context.memory, node + offset), index);
        index++;
      }
    },
  };
}

/** Steps to the next node in order, as _Rb_tree_increment does. */
function nextInTree(node: bigint, linksAt: (node: bigint) => TreeLinks): bigint {
  const { right } = linksAt(node);
  if (right !== 0n) {
    let next = right;
    for (let i = 0; i < MAX_HEIGHT; i++) {
      const { left } = linksAt(next);
      if (left === 0n) return next;
      next = left;
    }
    throw new Nonsense();
  }
  let [current, parent] = [node, linksAt(node).parent];
  for (let i = 0; i < MAX_HEIGHT && linksAt(parent).right === current; i++) [current, parent] = [parent, linksAt(parent).parent];
  return linksAt(current).right === parent ? current : parent;
}

/** A red-black tree of all memory is not as high. */
const MAX_HEIGHT = 128;

export interface TreeLinks {
  readonly left: bigint;
  readonly right: bigint;
  readonly parent: bigint;
}

export function tree(subject: Subject): View {
  const { context } = subject;
  const holder = subject.field('_M_t');
  const header = subject.field('_M_t', '_M_impl', '_M_header');
  const count = subject.number('_M_t', '_M_impl', '_M_node_count');
  const pointer = (object: Value, name: string): bigint => BigInt.asUintN(64, toInteger(memberOf(object, name, context)));
  const linksAt = (node: bigint): TreeLinks => {
    const links = Value.at(header.type, context.memory, node).fetched();
    return { left: pointer(links, '_M_left'), right: pointer(links, '_M_right'), parent: pointer(links, '_M_parent') };
  };
  const first = pointer(header, '_M_left');
  if ((first === header.address) !== (count === 0)) throw new Nonsense();
  function* nodes(): Generator<bigint> {
    for (let node = first; node !== header.address; node = nextInTree(node, linksAt)) yield node;
  }
  return view(subject, count, nodes, header.type, pairType(subject, holder));
}

export function hash(subject: Subject): View {
  const { context } = subject;
  const holder = subject.field('_M_h');
  const first = memberOf(holder, '_M_before_begin', context);
  const links = asPointer(memberOf(first, '_M_nxt', context).type)?.target;
  if (!links) throw new Nonsense();
  const next = (object: Value): bigint => BigInt.asUintN(64, toInteger(memberOf(object, '_M_nxt', context)));
  const count = subject.number('_M_h', '_M_element_count');
  function* nodes(): Generator<bigint> {
    for (let node = next(first); node !== 0n; node = next(Value.at(links ?? first.type, context.memory, node))) yield node;
  }
  return view(subject, count, nodes, links, pairType(subject, holder));
}
