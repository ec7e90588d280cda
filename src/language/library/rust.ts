/**
 * Strings and collections of Rust's library, as its printers for gdb show them. Their insides change from release to release: a pointer is looked for
 * behind whatever stands around it.
 */
import type { CType } from '../../symbols/types.js';
import * as c from '../c-types.js';
import { asPointer, asStruct } from '../types.js';
import { toInteger, Value } from '../value.js';
import { attempt, memberOf, Nonsense, plausible, sizeOfElement, type Row, type Subject, type TextView, type View } from './view.js';

/** What a view is found by: the class's own name, or what its reference is called. Undefined: it has none. */
export function rustName(name: string): string | undefined {
  if (/^(?:&(?:mut )?|alloc::boxed::Box<)str\b/.test(name)) return '&str';
  if (/^(?:&(?:mut )?|alloc::boxed::Box<)\[/.test(name)) return '&[]';
  return /^(?:alloc|core|std)::(?:\w+::)*(\w+)(?:<|$)/.exec(name)?.[1];
}

/** RawVec, RawVecInner, Unique and NonNull stand around a pointer, more or fewer of them. */
function pointerInside(value: Value, subject: Subject): Value {
  let inner = value;
  for (let depth = 0; depth < 8 && !asPointer(inner.type); depth++) {
    const outer = inner;
    const found = ['inner', 'ptr', 'pointer'].map((name) => attempt(() => memberOf(outer, name, subject.context))).find((each) => each);
    if (!found) throw new Nonsense();
    inner = found;
  }
  return inner;
}

const addressIn = (pointer: Value): bigint => BigInt.asUintN(64, toInteger(pointer));

function targetOf(pointer: Value): CType {
  const type = asPointer(pointer.type)?.target;
  if (!type) throw new Nonsense();
  return type;
}

const textAt = (address: bigint, length: number, { context }: Subject): TextView => ({
  kind: { prefix: '', unit: 1 },
  length,
  read: (units) => (units === 0 ? new Uint8Array(0) : context.memory.read(address, units)),
});

export const text = (subject: Subject): TextView => textAt(subject.address('data_ptr'), subject.number('length'), subject);

export const string = (subject: Subject): TextView =>
  textAt(addressIn(pointerInside(subject.field('vec', 'buf'), subject)), subject.number('vec', 'len'), subject);

const sequence = (title: string, count: number, element: (index: number) => Value): View => ({
  title: `${title}(size=${count})`,
  style: 'list',
  numbered: true,
  count,
  *rows(start) {
    for (let index = start; index < count; index++) yield { name: `[${index}]`, access: `[${index}]`, value: element(index) };
  },
});

/** `count` elements of a type, one behind the other. */
function elements(title: string, type: CType, address: bigint, count: number, subject: Subject): View {
  const all = Value.at(c.arrayOf(type, count), subject.context.memory, address);
  const size = count === 0 ? 0 : sizeOfElement(type);
  return sequence(title, count, (index) => all.part(type, index * size));
}

export function slice(subject: Subject): View {
  const pointer = subject.field('data_ptr');
  return elements(subject.struct.name ?? '', targetOf(pointer), addressIn(pointer), subject.number('length'), subject);
}

export const vector = (subject: Subject): View =>
  elements('Vec', subject.type(0), addressIn(pointerInside(subject.field('buf'), subject)), subject.number('len'), subject);

/** A ring: from `head` on, and round at the end of what is allocated. */
export function deque(subject: Subject): View {
  const type = subject.type(0);
  const first = addressIn(pointerInside(subject.field('buf'), subject));
  const size = sizeOfElement(type);
  const capacity = plausible(capacityOf(subject));
  const [head, count] = ringOf(subject, capacity);
  if (count > capacity || (count > 0 && head >= capacity)) throw new Nonsense();
  const element = (index: number): Value =>
    Value.at(type, subject.context.memory, first + BigInt(((head + index) % Math.max(1, capacity)) * size));
  return sequence('VecDeque', count, element);
}

function capacityOf(subject: Subject): bigint {
  const found = attempt(() => subject.field('buf', 'inner', 'cap')) ?? subject.field('buf', 'cap');
  return toInteger(asStruct(found.type) ? memberOf(found, '__0', subject.context) : found);
}

/** Before Rust 1.67 both ends were kept. */
function ringOf(subject: Subject, capacity: number): readonly [head: number, count: number] {
  const length = attempt(() => subject.number('len'));
  if (length !== undefined) return [subject.number('head'), length];
  const [tail, head] = [subject.number('tail'), subject.number('head')];
  return [tail, (head - tail + capacity) % Math.max(1, capacity)];
}

const named = (title: string, parts: readonly (readonly [name: string, value: Value, access?: string])[]): View => ({
  title,
  style: 'named',
  count: parts.length,
  *rows(start) {
    for (const [name, value, access] of parts.slice(start)) yield { name, value, ...(access !== undefined && { access }) };
  },
});

/** Rc and Arc; all owners together hold one of the weak counts. */
export function counted(subject: Subject): View {
  const pointer = subject.field('ptr', 'pointer');
  const block = Value.at(targetOf(pointer), subject.context.memory, addressIn(pointer));
  const number = (name: string): bigint => {
    let value = memberOf(block, name, subject.context);
    for (let depth = 0; depth < 4 && asStruct(value.type); depth++) {
      const outer = value;
      value =
        attempt(() => memberOf(outer, 'value', subject.context)) ?? attempt(() => memberOf(outer, 'v', subject.context)) ?? first(outer);
    }
    return toInteger(value);
  };
  const value = attempt(() => memberOf(block, 'value', subject.context)) ?? memberOf(block, 'data', subject.context);
  const kind = /(\w+)</.exec(subject.struct.name ?? '')?.[1] ?? '';
  const title = `${kind}(strong=${number('strong')}, weak=${number('weak') - 1n})`;
  return { ...named(title, [['value', value]]), target: () => value };
}

function first(value: Value): Value {
  const [member] = asStruct(value.type)?.members() ?? [];
  if (!member) throw new Nonsense();
  return value.member(member);
}

/** hashbrown's table: a byte for each bucket, of which the highest bit says that it is empty; the buckets lie before them, backwards. */
function table(subject: Subject, path: readonly string[]): { readonly count: number; readonly entries: () => Generator<Value> } {
  const raw = subject.field(...path, 'table');
  const type = asStruct(raw.type)?.templateTypes?.()[0];
  if (!type) throw new Nonsense();
  const part = (...names: readonly string[]): Value => subject.field(...path, 'table', 'table', ...names);
  const buckets = plausible(toInteger(part('bucket_mask'))) + 1;
  const count = plausible(toInteger(part('items')));
  const control = addressIn(part('ctrl', 'pointer'));
  if (count > buckets) throw new Nonsense();
  const { memory } = subject.context;
  const size = sizeOfElement(type);
  return {
    count,
    *entries() {
      for (let start = 0; start < buckets; start += GROUP) {
        const bytes = memory.read(control + BigInt(start), Math.min(GROUP, buckets - start));
        for (const [at, byte] of bytes.entries()) if (byte < 0x80) yield Value.at(type, memory, control - BigInt((start + at + 1) * size));
      }
    },
  };
}

/** Control bytes that are read at once. */
const GROUP = 4096;

function* numbered(values: Generator<Value>, start: number, row: (value: Value, index: number) => Row): Generator<Row> {
  let index = 0;
  for (const value of values) {
    if (index >= start) yield row(value, index);
    index++;
  }
}

export function hashMap(subject: Subject): View {
  const { count, entries } = table(subject, ['base']);
  const part = (entry: Value, name: string): Value => memberOf(entry, name, subject.context);
  return {
    title: `HashMap(size=${count})`,
    style: 'map',
    count,
    rows: (start) =>
      numbered(entries(), start, (entry, index) => ({ name: `[${index}]`, key: part(entry, '__0'), value: part(entry, '__1') })),
  };
}

export function hashSet(subject: Subject): View {
  const { count, entries } = table(subject, ['base', 'map']);
  return {
    title: `HashSet(size=${count})`,
    style: 'list',
    count,
    rows: (start) => numbered(entries(), start, (entry, index) => ({ name: `[${index}]`, value: memberOf(entry, '__0', subject.context) })),
  };
}

/** Cell, RefCell and UnsafeCell: what stands inside can change behind shared references. */
export function cell(subject: Subject): View {
  const value = subject.field('value', 'value');
  return { ...named('Cell', [['value', value]]), target: () => value };
}

/** Above 0: so many borrow it, below: one does that may change it. */
export function refCell(subject: Subject): View {
  const value = subject.field('value', 'value');
  const borrow = toInteger(subject.field('borrow', 'value', 'value'));
  const state = borrow < 0n ? `borrow_mut=${-borrow}` : `borrow=${borrow}`;
  return { ...named(`RefCell(${state})`, [['value', value]]), target: () => value };
}
