/** Which classes have a view, by their names. */
import type { CType, StructType } from '../../symbols/types.js';
import type { EvaluationContext } from '../context.js';
import { asStruct, strip } from '../types.js';
import type { Value } from '../value.js';
import {
  adapter,
  any,
  atomic,
  dequeIterator,
  iterator,
  nodeIterator,
  optional,
  pair,
  sharedPointer,
  tuple,
  uniquePointer,
  variant,
} from './holders.js';
import { hash, tree } from './maps.js';
import * as rust from './rust.js';
import { array, bitset, deque, forwardList, initializerList, list, path, span, string, stringView, vector } from './sequences.js';
import { attempt, Subject, type TextView, type View } from './view.js';

export type { Row, TextView, View } from './view.js';

const VIEWS: Readonly<Record<string, (subject: Subject) => View>> = {
  vector,
  array,
  bitset,
  initializer_list: initializerList,
  span,
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
  any,
  stack: (subject) => adapter(subject, (value) => viewOf(value, subject.context)),
  queue: (subject) => adapter(subject, (value) => viewOf(value, subject.context)),
  priority_queue: (subject) => adapter(subject, (value) => viewOf(value, subject.context)),
  _Rb_tree_iterator: nodeIterator,
  _Rb_tree_const_iterator: nodeIterator,
  _List_iterator: nodeIterator,
  _List_const_iterator: nodeIterator,
  _Deque_iterator: dequeIterator,
  __normal_iterator: iterator,
  '&[]': rust.slice,
  Vec: rust.vector,
  VecDeque: rust.deque,
  HashMap: rust.hashMap,
  HashSet: rust.hashSet,
  Rc: rust.counted,
  Arc: rust.counted,
  Cell: rust.cell,
  RefCell: rust.refCell,
};

const TEXTS: Readonly<Record<string, (subject: Subject) => TextView>> = {
  basic_string: string,
  basic_string_view: stringView,
  path,
  '&str': rust.text,
  String: rust.string,
};

const LIBRARY = /^(?:std|__gnu_cxx)::(?:filesystem::)?(?:__cxx11::|__debug::)?(\w+)(?:<|$)/;

const libraryName = ({ name = '', rust: isRust }: StructType): string | undefined =>
  isRust ? rust.rustName(name) : LIBRARY.exec(name)?.[1];

/** Has the class a view, if its object is sound? */
export function hasView(type: CType): boolean {
  const struct = asStruct(type);
  const name = (struct && libraryName(struct)) ?? '';
  return Object.hasOwn(VIEWS, name) || Object.hasOwn(TEXTS, name);
}

function find<T>(value: Value, context: EvaluationContext, table: Readonly<Record<string, (subject: Subject) => T>>): T | undefined {
  const struct = value.place.kind !== 'missing' && !value.isAbstract ? asStruct(value.type) : undefined;
  const name = struct && libraryName(struct);
  const build = name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
  return struct && build && attempt(() => build(new Subject(value, struct, context)));
}

/** The object as the library means it; undefined: it has no view, or is not constructed (yet). */
export const viewOf = (value: Value, context: EvaluationContext): View | undefined => find(value, context, VIEWS);

/** Without its parts: `std::vector of length 2 = {...}`; a string is in no need of that (undefined); what has no view is `...`. */
export function headOf(value: Value, context: EvaluationContext): string | undefined {
  if (textOf(value, context)) return undefined;
  const view = viewOf(value, context);
  if (!view) return '...';
  // An iterator is what it stands at: a number is told, an object is not.
  const target = view.style === 'wrapped' && view.title === undefined ? view.target?.() : undefined;
  if (target) return asStruct(target.type) || strip(target.type).kind === 'array' ? headOf(target, context) : undefined;
  return view.count === 0 ? (view.title ?? '{}') : `${view.title === undefined ? '' : `${view.title} = `}{...}`;
}

export const textOf = (value: Value, context: EvaluationContext): TextView | undefined => find(value, context, TEXTS);
