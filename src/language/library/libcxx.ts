/** Objects of libc++, LLVM's C++ library, whose classes stand in an inline namespace (`std::__1`). As of LLVM 14; where later versions call a member otherwise, by that name, too. */
import type { CType, StructType } from '../../symbols/types.js';
import * as c from '../c-types.js';
import { memberWorld } from '../identifiers.js';
import { readMember } from '../members.js';
import { asArray, asPointer, asStruct, countOf, sizeOf } from '../types.js';
import { integerOf, toInteger, Value } from '../value.js';
import { adapter, following, holding, owned, pair, standingAt } from './holders.js';
import { isMap, keyed, nodesBelow, pointersOf } from './maps.js';
import { neighbourhood } from './neighbourhood.js';
import { addressIn, between, bitsAt, borrowed, chain, fixed, indexed, singleChain, skip, targetOf, text } from './sequences.js';
import { shortNames } from './short-names.js';
import {
  attempt,
  behindLinks,
  memberOf,
  Nonsense,
  plausible,
  plural,
  sizeOfElement,
  type Subject,
  type TextView,
  type View,
} from './view.js';
import { typeName } from '../type-name.js';

/** The first of these members that there is, `within` another or of the object itself. @throws Nonsense */
function either(subject: Subject, names: readonly string[], within: Value = subject.value): Value {
  for (const name of names) {
    const found = attempt(() => memberOf(within, name, subject.context));
    if (found) return found;
  }
  throw new Nonsense();
}

/** What stands first in a pair that is made to take no room for what is empty; other values as they are. */
const compressed = (value: Value, subject: Subject): Value =>
  /::__compressed_pair</.test(asStruct(value.type)?.name ?? '') ? memberOf(value, '__value_', subject.context) : value;

const part = (subject: Subject, ...names: readonly string[]): Value => compressed(either(subject, names), subject);

/** The node that an allocator makes, which stands second in such a pair, or in a member of its own. */
function nodeType(subject: Subject, holder: Value, ...names: readonly string[]): StructType {
  const field = either(subject, names, holder);
  const struct = asStruct(field.type);
  const allocator = /::__compressed_pair</.test(struct?.name ?? '') ? struct?.templateTypes?.()[1] : struct;
  const node = allocator && asStruct(allocator)?.templateTypes?.()[0];
  const found = node && asStruct(node);
  if (!found) throw new Nonsense();
  return found;
}

/** Short ones lie in the object itself: the lowest bit of its first byte tells. */
function string(subject: Subject): TextView {
  const { context } = subject;
  const rep = part(subject, '__r_', '__rep_');
  const short = memberOf(rep, '__s', context);
  const flag = attempt(() => memberOf(short, '__is_long_', context));
  const size = toInteger(memberOf(short, '__size_', context));
  const isLong = flag ? toInteger(flag) !== 0n : (size & 1n) === 1n;
  if (isLong) {
    const long = memberOf(rep, '__l', context);
    const length = plausible(toInteger(memberOf(long, '__size_', context)));
    const capacity = plausible(toInteger(memberOf(long, '__cap_', context)) * (flag ? 2n : 1n));
    if (length >= capacity) throw new Nonsense();
    return text(subject, memberOf(long, '__data_', context), length);
  }
  const buffer = memberOf(short, '__data_', context);
  const array = asArray(buffer.type);
  const length = Number(flag ? size : size >> 1n);
  if (!array || buffer.address === undefined || length >= countOf(array)) throw new Nonsense();
  return text(subject, Value.integer(c.pointerTo(array.element), buffer.address), length);
}

const stringView = (subject: Subject): TextView =>
  text(subject, either(subject, ['__data_', '__data']), plausible(toInteger(either(subject, ['__size_', '__size']))));

function vector(subject: Subject): View {
  const start = subject.field('__begin_');
  const end = attempt(() => subject.field('__end_'));
  if (end) return between(subject, start, end, part(subject, '__end_cap_', '__cap_'));
  const words = plausible(toInteger(part(subject, '__cap_alloc_', '__cap_')));
  return bitsAt(subject, addressIn(start), subject.number('__size_'), words * 64);
}

/** Of elements that lie elsewhere. `std::initializer_list` is the compiler's as well, and has no version in its name. */
export const listed = (subject: Subject): View =>
  borrowed(subject, either(subject, ['__begin_', '__data_', '__data']), plausible(toInteger(either(subject, ['__size_', '__size']))));

/** Blocks of 4096 bytes, or of 16 elements if these are big. */
function deque(subject: Subject): View {
  const type = subject.type(0);
  const size = sizeOfElement(type);
  const perBlock = size < 256 ? Math.floor(4096 / size) : 16;
  const [blocks, start] = [subject.address('__map_', '__begin_'), subject.number('__start_')];
  const count = plausible(toInteger(part(subject, '__size_')));
  const room = (plausible(subject.address('__map_', '__end_') - blocks) / 8) * perBlock;
  if (start + count > room) throw new Nonsense();
  const { memory } = subject.context;
  const element = (index: number): Value => {
    const at = start + index;
    const block = integerOf(memory.read(blocks + BigInt(Math.floor(at / perBlock) * 8), 8), false);
    return Value.at(type, memory, block + BigInt((at % perBlock) * size));
  };
  return { title: `std::deque with ${plural(count, 'element')}`, ...indexed(count, element) };
}

function list(subject: Subject): View {
  const head = subject.field('__end_');
  const next = memberOf(head, '__next_', subject.context);
  const count = plausible(toInteger(part(subject, '__size_alloc_', '__size_')));
  const first = addressIn(next);
  if ((first === head.address) !== (count === 0)) throw new Nonsense();
  const [links, type] = [targetOf(next), subject.type(0)];
  return {
    title: count === 0 ? 'empty std::list' : 'std::list',
    style: 'named',
    numbered: true,
    count,
    rows: (start) => skip(chain(subject, links, '__next_', first, type, count), start),
  };
}

function forwardList(subject: Subject): View {
  const pointer = memberOf(part(subject, '__before_begin_'), '__next_', subject.context);
  return singleChain(subject, pointer, '__next_', offsetIn(asStruct(targetOf(pointer)), '__value_'));
}

function offsetIn(node: StructType | undefined, name: string): number {
  const member = node?.members().find((each) => each.name === name);
  if (!member) throw new Nonsense();
  return member.offset;
}

/** What a node of a map holds wraps the pair. */
const unwrapped = (value: Value, subject: Subject): Value => {
  const isWrapper = /::__(?:hash_)?value_type</.test(asStruct(value.type)?.name ?? '');
  return isWrapper ? either(subject, ['__cc_', '__cc'], value) : value;
};

const valueIn = (subject: Subject, node: StructType, address: bigint): Value =>
  unwrapped(memberOf(Value.at(node, subject.context.memory, address), '__value_', subject.context), subject);

/** @param holder the allocator of the nodes; without elements there need be no type of node */
function keyedBy(subject: Subject, count: number, nodes: () => Generator<bigint>, holder: Value, ...allocator: readonly string[]): View {
  const node = count > 0 ? nodeType(subject, holder, ...allocator) : undefined;
  return keyed(subject, count, nodes, (address) => {
    const value = node && valueIn(subject, node, address);
    if (!value || (isMap(subject) && !asStruct(value.type))) throw new Nonsense();
    return value;
  });
}

function tree(subject: Subject): View {
  const { context } = subject;
  const holder = subject.field('__tree_');
  const first = (...names: readonly string[]): Value => compressed(either(subject, names, holder), subject);
  const end = first('__pair1_', '__end_node_');
  const count = plausible(toInteger(first('__pair3_', '__size_')));
  const root = memberOf(end, '__left_', context);
  const parent = (): bigint => addressIn(memberOf(Value.at(targetOf(root), context.memory, addressIn(root)), '__parent_', context));
  // The end of the tree is its root's parent.
  if ((addressIn(root) === 0n) !== (count === 0) || (count > 0 && parent() !== end.address)) throw new Nonsense();
  const nodes = (): Generator<bigint> => {
    const read = neighbourhood(context.memory);
    const links = targetOf(root);
    const left = pointersOf(end, ['__left_']);
    const right = pointersOf(Value.at(links, context.memory, addressIn(root)), ['__right_']);
    return nodesBelow(addressIn(root), (node) => {
      const bytes = read(node, sizeOfElement(links));
      return { left: left(bytes)[0] ?? 0n, right: right(bytes)[0] ?? 0n };
    });
  };
  return keyedBy(subject, count, nodes, holder, '__pair1_', '__node_alloc_');
}

function hash(subject: Subject): View {
  const { context } = subject;
  const holder = subject.field('__table_');
  const first = (...names: readonly string[]): Value => compressed(either(subject, names, holder), subject);
  const start = first('__p1_', '__first_node_');
  const count = plausible(toInteger(first('__p2_', '__size_')));
  const next = pointersOf(start, ['__next_']);
  if ((addressIn(memberOf(start, '__next_', context)) === 0n) !== (count === 0)) throw new Nonsense();
  function* nodes(): Generator<bigint> {
    const read = neighbourhood(context.memory);
    for (let node = addressIn(memberOf(start, '__next_', context)); node !== 0n; [node = 0n] = next(read(node, 8))) yield node;
  }
  return keyedBy(subject, count, nodes, holder, '__p1_', '__node_alloc_');
}

function uniquePointer(subject: Subject): View {
  const pointer = part(subject, '__ptr_');
  return following(holding(`std::unique_ptr<${subject.typeText(0)}>`, 'named', 'get()', pointer, '.get()'), pointer, subject);
}

/** Counts are of the owners beside the first. */
function sharedPointer(subject: Subject): View {
  const [pointer, block] = [subject.field('__ptr_'), subject.field('__cntrl_')];
  if (addressIn(block) === 0n) return owned(subject, pointer, undefined);
  const counts = Value.at(targetOf(block), subject.context.memory, addressIn(block));
  const [uses, weak] = ['__shared_owners_', '__shared_weak_owners_'].map((name) => toInteger(memberOf(counts, name, subject.context)) + 1n);
  return owned(subject, pointer, { uses, weak });
}

function optional(subject: Subject): View {
  const name = `std::optional<${subject.typeText(0)}>`;
  const engaged = toInteger(subject.field('__engaged_'));
  if (engaged > 1n) throw new Nonsense();
  if (engaged === 0n) return { ...holding(`${name} [no contained value]`, 'named', '', undefined), optional: true };
  const value = subject.field('__val_');
  return { ...holding(name, 'named', '[contained value]', value), optional: true, target: () => value };
}

function variant(subject: Subject): View {
  const { context } = subject;
  const types = subject.struct.templateTypes?.() ?? [];
  const name = `std::variant<${types.map((type) => shortNames(typeName(type, 'c++'))).join(', ')}>`;
  const inside = either(subject, ['__impl_', '__impl']);
  const index = Number(toInteger(memberOf(inside, '__index', context)));
  if (!(index in types)) return holding(`${name} [no contained value]`, 'list', '', undefined);
  let union = memberOf(inside, '__data', context);
  for (let i = 0; i < index; i++) union = memberOf(union, '__tail', context);
  return holding(`${name} [index ${index}]`, 'list', `[${index}]`, memberOf(memberOf(union, '__head', context), '__value', context));
}

/** Each element is in a base of its own, or is one, if it is empty. */
function tuple(subject: Subject): View {
  const inside = attempt(() => subject.field('__base_'));
  const leaves = (asStruct(inside?.type ?? c.VOID)?.members() ?? []).filter(
    ({ isBase, type }) => isBase && /::__tuple_leaf</.test(asStruct(type)?.name ?? ''),
  );
  const element = (at: number): Value => {
    const leaf = inside && readMember(inside, leaves[at], memberWorld(subject.context));
    if (!leaf) throw new Nonsense();
    return attempt(() => memberOf(leaf, '__value_', subject.context)) ?? leaf;
  };
  return {
    title: leaves.length === 0 ? 'empty std::tuple' : 'std::tuple containing',
    style: 'named',
    count: leaves.length,
    *rows(start) {
      for (let i = start; i < leaves.length; i++) yield { name: `[${i + 1}]`, value: element(i) };
    },
  };
}

const atomic = (subject: Subject): View =>
  holding(`std::atomic<${subject.typeText(0)}>`, 'wrapped', 'load()', subject.field('__a_', '__a_value'));

/** Of a vector or a string. */
function iterator(subject: Subject): View {
  const pointer = either(subject, ['__i_', '__i']);
  return standingAt(pointer, 'std::vector', asPointer(pointer.type)?.target, subject);
}

/** Of a list: links, and behind them what stands there. */
function listIterator(subject: Subject): View {
  const [pointer, type] = [subject.field('__ptr_'), subject.type(0)];
  return standingAt(pointer, 'std::list', type, subject, behindLinks(targetOf(pointer), type));
}

/** Of a map or a set: a pointer to a node; a map's has another iterator around it. */
function nodeIterator(subject: Subject): View {
  const inside = attempt(() => subject.field('__i_')) ?? subject.value;
  const address = addressIn(either(subject, ['__ptr_', '__node_'], inside));
  const node = nodeAmong(asStruct(inside.type)?.templateTypes?.() ?? []);
  if (!node || address === 0n) return holding('non-dereferenceable iterator for associative container', 'wrapped', '*', undefined);
  const value = valueIn(subject, node, address);
  return { ...holding(undefined, 'wrapped', '*', value), target: () => value };
}

/** Iterators of trees and hash tables name the pointer to their nodes. */
function nodeAmong(types: readonly CType[]): StructType | undefined {
  for (const type of types) {
    const target = asStruct(asPointer(type)?.target ?? c.VOID);
    if (target && /::__(?:tree|hash)_node</.test(target.name ?? '') && sizeOf(target) !== undefined) return target;
  }
  return undefined;
}

/** For the table in index.ts. @param viewOf the view of another object */
export const libcxxViews = (
  viewOf: (subject: Subject, value: Value) => View | undefined,
): Readonly<Record<string, (subject: Subject) => View>> => {
  const wrapping = (subject: Subject): View => adapter(subject, (value) => viewOf(subject, value));
  return {
    vector,
    array: (subject) => fixed(subject.field('__elems_')),
    initializer_list: listed,
    span: listed,
    deque,
    list,
    forward_list: forwardList,
    map: tree,
    multimap: tree,
    set: tree,
    multiset: tree,
    unordered_map: hash,
    unordered_multimap: hash,
    unordered_set: hash,
    unordered_multiset: hash,
    unique_ptr: uniquePointer,
    shared_ptr: sharedPointer,
    weak_ptr: sharedPointer,
    optional,
    variant,
    tuple,
    pair,
    atomic,
    stack: wrapping,
    queue: wrapping,
    priority_queue: wrapping,
    __wrap_iter: iterator,
    __list_iterator: listIterator,
    __list_const_iterator: listIterator,
    __tree_iterator: nodeIterator,
    __tree_const_iterator: nodeIterator,
    __map_iterator: nodeIterator,
    __map_const_iterator: nodeIterator,
    __hash_iterator: nodeIterator,
    __hash_map_iterator: nodeIterator,
  };
};

export const libcxxTexts: Readonly<Record<string, (subject: Subject) => TextView>> = {
  basic_string: string,
  basic_string_view: stringView,
};
