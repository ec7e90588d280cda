/** Smart pointers, optional, variant, tuple, atomic, and what wraps another container. */
import type { CType } from '../../symbols/types.js';
import { memberWorld } from '../identifiers.js';
import { readMember } from '../members.js';
import { asPointer, asStruct, isVoid } from '../types.js';
import { toInteger, Value } from '../value.js';
import { baseTypeNamed } from '../c-types.js';
import { attempt, behindLinks, memberOf, Nonsense, type Row, type Subject, type View } from './view.js';
import { typeName } from '../type-name.js';
import { shortNames } from './short-names.js';

/** One thing inside, or nothing. */
export const holding = (
  title: string | undefined,
  style: View['style'],
  name: string,
  value: Value | undefined,
  access?: string,
): View => ({
  title,
  style,
  count: value ? 1 : 0,
  *rows(start) {
    if (value && start === 0) yield { name, value, ...(access !== undefined && { access }) };
  },
});

/** What a pointer inside points to: `*p` and `p->x` mean it. */
export function following(view: View, pointer: Value, subject: Subject): View {
  const type = asPointer(pointer.type)?.target;
  if (!type || isVoid(type)) return view;
  return { ...view, target: () => Value.at(type, subject.context.memory, BigInt.asUintN(64, toInteger(pointer))) };
}

export function uniquePointer(subject: Subject): View {
  const data = subject.field('_M_t', '_M_t');
  const pointer = tupleElements(data, subject)[0];
  if (!pointer) throw new Nonsense();
  return following(holding(`std::unique_ptr<${subject.typeText(0)}>`, 'named', 'get()', pointer, '.get()'), pointer, subject);
}

export function sharedPointer(subject: Subject): View {
  const pointer = subject.field('_M_ptr');
  const counts = subject.field('_M_refcount', '_M_pi');
  const address = BigInt.asUintN(64, toInteger(counts));
  const type = asPointer(counts.type)?.target;
  if (address === 0n || !type) return owned(subject, pointer, undefined);
  const block = Value.at(type, subject.context.memory, address);
  const [uses, weak] = ['_M_use_count', '_M_weak_count'].map((field) => toInteger(memberOf(block, field, subject.context)));
  return owned(subject, pointer, { uses, weak });
}

/** A pointer with several owners, all of which together hold one of the weak counts; undefined: it never had one. */
export function owned(subject: Subject, pointer: Value, counts: { readonly uses: bigint; readonly weak: bigint } | undefined): View {
  const name = `${subject.className}<${subject.typeText(0)}>`;
  const { uses: owners = 0n, weak = 0n } = counts ?? {};
  const shared = owners > 0n ? ` (use count ${owners}, weak count ${weak - 1n})` : ` (expired, weak count ${weak})`;
  const state = counts ? shared : ' (empty)';
  const held = holding(name + state, 'named', 'get()', pointer, subject.className.endsWith('weak_ptr') ? undefined : '.get()');
  return following({ ...held, owners }, pointer, subject);
}

export function optional(subject: Subject): View {
  const name = `std::optional<${subject.typeText(0)}>`;
  const { context } = subject;
  const payload = subject.field('_M_payload');
  const engaged = toInteger(memberOf(payload, '_M_engaged', context));
  if (engaged > 1n) throw new Nonsense();
  if (engaged === 0n) return { ...holding(`${name} [no contained value]`, 'named', '', undefined), optional: true };
  const value = memberOf(memberOf(payload, '_M_payload', context), '_M_value', context);
  return { ...holding(name, 'named', '[contained value]', value), optional: true, target: () => value };
}

export function variant(subject: Subject): View {
  const types = subject.struct.templateTypes?.() ?? [];
  const name = `std::variant<${types.map((type) => shortNames(typeName(type, 'c++'))).join(', ')}>`;
  const index = Number(toInteger(subject.field('_M_index')));
  const type = types[index];
  if (!type) return holding(`${name} [no contained value]`, 'list', '', undefined);
  const { context } = subject;
  let union = subject.field('_M_u');
  for (let i = 0; i < index; i++) union = memberOf(union, '_M_rest', context);
  const storage = memberOf(memberOf(union, '_M_first', context), '_M_storage', context);
  return holding(`${name} [index ${index}]`, 'list', `[${index}]`, storage.as(type));
}

const MAX_ELEMENTS = 64;

/** A tuple inherits from its rest and from its first element: `_Tuple_impl<0, ...>`. An element that is empty is a base itself. */
function tupleElements(value: Value, subject: Subject): Value[] {
  const world = memberWorld(subject.context);
  const elements: Value[] = [];
  const bases = (object: Value, pattern: RegExp): Value | undefined => {
    const member = asStruct(object.type)
      ?.members()
      .find(({ isBase, type }) => isBase && pattern.test(asStruct(type)?.name ?? ''));
    return member && readMember(object, member, world);
  };
  let level = bases(value, /^std::_Tuple_impl</) ?? value;
  for (let i = 0; i < MAX_ELEMENTS; i++) {
    const head = bases(level, /^std::_Head_base</);
    if (!head) break;
    elements.push(attempt(() => memberOf(head, '_M_head_impl', subject.context)) ?? head);
    const rest = bases(level, /^std::_Tuple_impl</);
    if (!rest) break;
    level = rest;
  }
  return elements;
}

export function tuple(subject: Subject): View {
  const elements = tupleElements(subject.value, subject);
  return {
    title: elements.length === 0 ? 'empty std::tuple' : 'std::tuple containing',
    style: 'named',
    count: elements.length,
    *rows(start) {
      for (let i = start; i < elements.length; i++) yield { name: `[${i + 1}]`, value: elements[i] };
    },
  };
}

export function pair(subject: Subject): View {
  const rows: Row[] = ['first', 'second'].map((name) => ({ name, access: `.${name}`, value: subject.field(name) }));
  return {
    title: undefined,
    style: 'named',
    count: rows.length,
    *rows(start) {
      yield* rows.slice(start);
    },
  };
}

export function atomic(subject: Subject): View {
  const names = ['_M_i', '_M_p', '_M_base', '_M_b', '_M_fp'];
  let value = subject.value;
  for (let depth = 0; depth < names.length && (depth === 0 || /^std::__?atomic/.test(asStruct(value.type)?.name ?? '')); depth++) {
    const inner = names.map((name) => attempt(() => memberOf(value, name, subject.context))).find((found) => found);
    if (!inner) throw new Nonsense();
    value = inner;
  }
  return holding(`std::atomic<${subject.typeText(0)}>`, 'wrapped', 'load()', value);
}

/** std::any: the function that manages what it holds is named after its type; what is small lies in the object itself. */
export function any(subject: Subject): View {
  const { context } = subject;
  const manager = subject.address('_M_manager');
  if (manager === 0n) return { ...holding('std::any [no contained value]', 'named', '', undefined), optional: true };
  const [, where, name] = /^std::any::_Manager_(internal|external)<(.*?) ?>::_S_manage\(/.exec(context.symbolAt(manager)?.name ?? '') ?? [];
  const type = name === undefined ? undefined : (baseTypeNamed(name) ?? context.names.type(name));
  if (name === undefined || !type) throw new Nonsense();
  const inside = subject.field('_M_storage', '_M_buffer');
  const at = where === 'internal' ? inside.address : subject.address('_M_storage', '_M_ptr');
  if (at === undefined) throw new Nonsense();
  const value = Value.at(type, context.memory, at);
  return { ...holding(`std::any containing ${shortNames(name)}`, 'named', '[contained value]', value), optional: true };
}

/** std::stack and its kin: `c` is the container that they use. */
export function adapter(subject: Subject, inner: (value: Value) => View | undefined): View {
  const view = inner(subject.field('c'));
  if (!view) throw new Nonsense();
  return {
    ...view,
    title: `${subject.className} wrapping: ${view.title ?? ''}`,
    // The classes themselves give away one end only.
    *rows(start) {
      for (const row of view.rows(start)) yield { name: row.name, value: row.value };
    },
  };
}

/** An iterator shows what it stands at; one that was made without a container stands nowhere. */
export const standingAt = (pointer: Value, what: string, type: CType | undefined, subject: Subject, behind = 0): View => {
  if (!type || isVoid(type)) throw new Nonsense();
  const address = BigInt.asUintN(64, toInteger(pointer));
  if (address === 0n) return holding(`non-dereferenceable iterator for ${what}`, 'wrapped', '*', undefined);
  const value = Value.at(type, subject.context.memory, address + BigInt(behind));
  return { ...holding(undefined, 'wrapped', '*', value), target: () => value };
};

/** Of a vector or a string. */
export function iterator(subject: Subject): View {
  const pointer = subject.field('_M_current');
  return standingAt(pointer, 'std::vector', asPointer(pointer.type)?.target, subject);
}

export function dequeIterator(subject: Subject): View {
  const pointer = subject.field('_M_cur');
  return standingAt(pointer, 'std::deque', asPointer(pointer.type)?.target, subject);
}

/** Of a list, a map or a set. */
export function nodeIterator(subject: Subject): View {
  const node = subject.field('_M_node');
  const links = asPointer(node.type)?.target;
  const type = subject.type(0);
  const isList = subject.className.includes('_List_');
  if (!links || (toInteger(node) !== 0n && isHeader(node, links, subject))) throw new Nonsense();
  return standingAt(node, isList ? 'std::list' : 'associative container', type, subject, behindLinks(links, type));
}

/** end() of a map: the header, which alone is red and its own grandparent. */
function isHeader(node: Value, links: CType, subject: Subject): boolean {
  const { context } = subject;
  const at = (address: bigint): Value => Value.at(links, context.memory, address);
  if (
    !asStruct(links)
      ?.members()
      .some(({ name }) => name === '_M_color')
  )
    return false;
  const address = BigInt.asUintN(64, toInteger(node));
  const parent = BigInt.asUintN(64, toInteger(memberOf(at(address), '_M_parent', context)));
  if (parent === 0n) return true;
  const red = toInteger(memberOf(at(address), '_M_color', context)) === 0n;
  return red && BigInt.asUintN(64, toInteger(memberOf(at(parent), '_M_parent', context))) === address;
}
