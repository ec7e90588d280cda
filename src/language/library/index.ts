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
import { libcxxTexts, libcxxViews, listed } from './libcxx.js';
import { hash, tree } from './maps.js';
import * as rust from './rust.js';
import { array, bitset, deque, forwardList, initializerList, list, path, span, string, stringView, vector } from './sequences.js';
import { attempt, Subject, type TextView, type View } from './view.js';

export type { Row, TextView, View } from './view.js';

const VIEWS: Readonly<Record<string, (subject: Subject) => View>> = {
  vector,
  array,
  bitset,
  initializer_list: (subject) => attempt(() => initializerList(subject)) ?? listed(subject),
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

/** libc++ has a version in its names: `std::__1::vector<int, ...>`. */
const LIBCXX = /^std::__\d+::(\w+)(?:<|$)/;

const OF_LIBCXX = { views: libcxxViews((subject, value) => viewOf(value, subject.context)), texts: libcxxTexts };
const OTHERS = { views: VIEWS, texts: TEXTS };

interface Tables {
  readonly views: Readonly<Record<string, (subject: Subject) => View>>;
  readonly texts: Readonly<Record<string, (subject: Subject) => TextView>>;
}

/** What the class is called, and where that name is looked for. */
function known({ name = '', rust: isRust }: StructType): { readonly name: string | undefined; readonly tables: Tables } {
  const versioned = isRust ? undefined : LIBCXX.exec(name)?.[1];
  if (versioned !== undefined) return { name: versioned, tables: OF_LIBCXX };
  return { name: isRust ? rust.rustName(name) : LIBRARY.exec(name)?.[1], tables: OTHERS };
}

/** Has the class a view, if its object is sound? */
export function hasView(type: CType): boolean {
  const struct = asStruct(type);
  if (!struct) return false;
  const { name = '', tables } = known(struct);
  return Object.hasOwn(tables.views, name) || Object.hasOwn(tables.texts, name);
}

type Table<T> = (tables: Tables) => Readonly<Record<string, (subject: Subject) => T>>;

function find<T>(value: Value, context: EvaluationContext, tableIn: Table<T>): T | undefined {
  const struct = value.place.kind !== 'missing' && !value.isAbstract ? asStruct(value.type) : undefined;
  if (!struct) return undefined;
  const { name, tables } = known(struct);
  const table = tableIn(tables);
  const build = name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
  return build && attempt(() => build(new Subject(value, struct, context)));
}

/** The object as the library means it; undefined: it has no view, or is not constructed (yet). */
export const viewOf = (value: Value, context: EvaluationContext): View | undefined => find(value, context, ({ views }) => views);

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

export const textOf = (value: Value, context: EvaluationContext): TextView | undefined => find(value, context, ({ texts }) => texts);
