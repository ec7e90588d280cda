/** Strings, and containers whose elements follow one another. */
import { DeetError } from '../../common/errors.js';
import type { CType } from '../../symbols/types.js';
import * as c from '../c-types.js';
import { textKind } from '../textual.js';
import { asArray, asPointer, asStruct, countOf, sizeOf } from '../types.js';
import { integerOf, toInteger, Value } from '../value.js';
import {
  attempt,
  behindLinks,
  memberOf,
  Nonsense,
  plausible,
  plural,
  sizeOfElement,
  withoutCircle,
  Subject,
  type Row,
  type TextView,
  type View,
} from './view.js';

/** What a pointer inside an object points to. @throws Nonsense for what is none */
export const targetOf = (pointer: Value): CType => {
  const type = asPointer(pointer.type)?.target;
  if (!type) throw new Nonsense();
  return type;
};

export const addressIn = (pointer: Value): bigint => BigInt.asUintN(64, toInteger(pointer));

/** Text that a pointer leads to. @throws Nonsense when these are no characters */
export function text(subject: Subject, pointer: Value, length: number): TextView {
  const kind = textKind(targetOf(pointer));
  if (!kind) throw new Nonsense();
  const { memory } = subject.context;
  return { kind, length, read: (units) => (units === 0 ? new Uint8Array(0) : memory.read(addressIn(pointer), units * kind.unit)) };
}

/**
 * Where a string's text is. clang leaves the class of `_M_dataplus` out of the debug information unless the library has its own; it is the
 * pointer, with an allocator that takes no room.
 */
function textPointer(subject: Subject): Value {
  const holder = subject.field('_M_dataplus');
  if (sizeOf(holder.type) !== undefined || holder.address === undefined) return subject.field('_M_dataplus', '_M_p');
  return Value.at(c.pointerTo(subject.type(0)), subject.context.memory, holder.address);
}

export function string(subject: Subject): TextView {
  const pointer = textPointer(subject);
  const length = subject.number('_M_string_length');
  const buffer = subject.field('_M_local_buf');
  const local = buffer.address !== undefined && addressIn(pointer) === buffer.address;
  const capacity = local ? countOf(asArray(buffer.type) ?? c.arrayOf(c.CHAR, 0)) : subject.number('_M_allocated_capacity') + 1;
  // A string that is not constructed yet has lengths by chance.
  if (length >= capacity) throw new Nonsense();
  return text(subject, pointer, length);
}

/** std::filesystem::path is the text that it was made of. */
export function path(subject: Subject): TextView {
  const name = subject.field('_M_pathname');
  const struct = asStruct(name.type);
  if (!struct) throw new Nonsense();
  return string(new Subject(name, struct, subject.context));
}

export const stringView = (subject: Subject): TextView => text(subject, subject.field('_M_str'), subject.number('_M_len'));

/** Elements found by their index. */
export const indexed = (count: number, element: (index: number) => Value): Pick<View, 'style' | 'numbered' | 'count' | 'rows'> => ({
  style: 'list',
  numbered: true,
  count,
  *rows(start) {
    for (let index = start; index < count; index++) yield { name: `[${index}]`, access: `[${index}]`, value: element(index) };
  },
});

export function vector(subject: Subject): View {
  const [start, finish, end] = ['_M_start', '_M_finish', '_M_end_of_storage'].map((name) => subject.field('_M_impl', name));
  return asPointer(start.type) === undefined ? bits(subject, start, finish, end) : between(subject, start, finish, end);
}

/** A vector by its three pointers. @throws Nonsense */
export function between(subject: Subject, start: Value, finish: Value, end: Value): View {
  const type = targetOf(start);
  const size = sizeOfElement(type);
  const first = addressIn(start);
  const count = (to: bigint): number => {
    const length = plausible(to - first);
    if (length % size !== 0) throw new Nonsense();
    return length / size;
  };
  const [length, capacity] = [count(addressIn(finish)), count(addressIn(end))];
  // Without elements there is no memory either.
  if (length > capacity || (capacity === 0 && first !== 0n)) throw new Nonsense();
  const { memory } = subject.context;
  const all = Value.at(c.arrayOf(type, length), memory, first);
  return { title: `std::vector of length ${length}, capacity ${capacity}`, ...indexed(length, (i) => all.part(type, i * size)) };
}

/** std::vector<bool>: iterators of a word and a bit in it. */
function bits(subject: Subject, start: Value, finish: Value, end: Value): View {
  const word = memberOf(start, '_M_p', subject.context);
  const size = sizeOfElement(targetOf(word));
  const first = addressIn(word);
  const length =
    plausible(addressIn(memberOf(finish, '_M_p', subject.context)) - first) * 8 +
    plausible(toInteger(memberOf(finish, '_M_offset', subject.context)));
  const capacity = plausible(addressIn(end) - first) * 8;
  if (size === 0) throw new Nonsense();
  return bitsAt(subject, first, length, capacity);
}

/** A std::vector<bool> by where its bits are. @throws Nonsense */
export function bitsAt(subject: Subject, first: bigint, length: number, capacity: number): View {
  if (length > capacity) throw new Nonsense();
  const bit = (index: number): Value =>
    Value.integer(c.CXX_BOOL, BigInt(((subject.context.memory.read(first + BigInt(index >> 3), 1)[0] ?? 0) >> (index & 7)) & 1));
  return { title: `std::vector<bool> of length ${length}, capacity ${capacity}`, ...indexed(length, bit) };
}

export function array(subject: Subject): View {
  return fixed(subject.field('_M_elems'));
}

/** A std::array by the array inside. @throws Nonsense */
export function fixed(elements: Value): View {
  const type = asArray(elements.type);
  if (!type) throw new Nonsense();
  return { title: `std::array of length ${countOf(type)}`, ...indexed(countOf(type), (i) => elements.element(type, i)) };
}

/** Elements that lie elsewhere: std::span, std::initializer_list. */
export function borrowed(subject: Subject, pointer: Value, count: number): View {
  const type = targetOf(pointer);
  const all = Value.at(c.arrayOf(type, count), subject.context.memory, addressIn(pointer));
  return { title: `${subject.className} of length ${count}`, ...indexed(count, (i) => all.part(type, i * sizeOfElement(type))) };
}

export const initializerList = (subject: Subject): View => borrowed(subject, subject.field('_M_array'), subject.number('_M_len'));

/** The length of a span is a number in it, or an argument of the template. */
export function span(subject: Subject): View {
  const fixed = /, (\d+)u?l*>$/.exec(subject.struct.name ?? '')?.[1];
  const own = attempt(() => plausible(toInteger(subject.field('_M_extent', '_M_extent_value'))));
  return borrowed(subject, subject.field('_M_ptr'), own ?? plausible(BigInt(fixed ?? -1)));
}

export function bitset(subject: Subject): View {
  const bytes = subject.field('_M_w').bytes();
  const set = [...bytes].flatMap((byte, at) => [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => at * 8 + bit));
  return {
    title: 'std::bitset',
    style: 'named',
    count: set.length,
    *rows(start) {
      for (const index of set.slice(start)) yield { name: `[${index}]`, value: Value.integer(c.INT, 1n) };
    },
  };
}

/** A map of blocks of the same size; the first and the last may be used in part. */
export function deque(subject: Subject): View {
  const [start, finish] = ['_M_start', '_M_finish'].map((name) => {
    const iterator = (field: string): bigint => subject.address('_M_impl', name, field);
    return { current: iterator('_M_cur'), first: iterator('_M_first'), last: iterator('_M_last'), node: iterator('_M_node') };
  });
  const type = targetOf(subject.field('_M_impl', '_M_start', '_M_cur'));
  const size = sizeOfElement(type);
  const perBlock = plausible(start.last - start.first) / size;
  const before = plausible(start.current - start.first) / size;
  const inLast = plausible(finish.current - finish.first) / size;
  const count = (plausible(finish.node - start.node) / 8) * perBlock + inLast - before;
  if (![perBlock, before, inLast, count].every((number) => Number.isInteger(number) && number >= 0) || perBlock === 0) throw new Nonsense();
  const { memory } = subject.context;
  const element = (index: number): Value => {
    const at = before + index;
    const block = integerOf(memory.read(start.node + BigInt(Math.floor(at / perBlock) * 8), 8), false);
    return Value.at(type, memory, block + BigInt((at % perBlock) * size));
  };
  return { title: `std::deque with ${plural(count, 'element')}`, ...indexed(count, element) };
}

function* nodesFrom(subject: Subject, links: CType, next: string, first: bigint): Generator<bigint> {
  for (let node = first; ; node = addressIn(memberOf(Value.at(links, subject.context.memory, node), next, subject.context))) yield node;
}

/** Nodes that lead from one to the next. */
export function* chain(subject: Subject, links: CType, next: string, first: bigint, type: CType, count: number): Generator<Row> {
  const offset = BigInt(behindLinks(links, type));
  if (count === 0) return;
  let index = 0;
  for (const node of withoutCircle(nodesFrom(subject, links, next, first))) {
    yield { name: `[${index}]`, value: Value.at(type, subject.context.memory, node + offset) };
    if (++index >= count) return;
  }
}

export const skip = function* (rows: Generator<Row>, start: number): Generator<Row> {
  let index = 0;
  for (const row of rows) if (index++ >= start) yield row;
};

export function list(subject: Subject): View {
  const head = subject.field('_M_impl', '_M_node');
  const links = targetOf(memberOf(head, '_M_next', subject.context));
  const first = addressIn(memberOf(head, '_M_next', subject.context));
  const type = subject.type(0);
  // The head of a std::list knows the length, behind its links.
  const count = plausible(integerOf(subject.context.memory.read((head.address ?? 0n) + BigInt(sizeOf(links) ?? 0), 8), false));
  if (head.address === undefined || (first === head.address) !== (count === 0)) throw new Nonsense();
  return {
    title: count === 0 ? `empty ${subject.className}` : subject.className,
    style: 'named',
    numbered: true,
    count,
    rows: (start) => skip(chain(subject, links, '_M_next', first, type, count), start),
  };
}

/** Lists without a length are counted this far: whoever shows one counts it at every stop. */
const MAX_COUNTED = 10_000;

export function forwardList(subject: Subject): View {
  const pointer = memberOf(subject.field('_M_impl', '_M_head'), '_M_next', subject.context);
  return singleChain(subject, pointer, '_M_next', behindLinks(targetOf(pointer), subject.type(0)));
}

/** Nodes without a length, of which each leads to the next. @param behind where a node has its value */
export function singleChain(subject: Subject, pointer: Value, next: string, behind: number): View {
  const links = targetOf(pointer);
  const type = subject.type(0);
  const offset = BigInt(behind);
  const { memory } = subject.context;
  const nodes = function* (): Generator<bigint> {
    const seen = new Set<bigint>();
    try {
      for (
        let node = addressIn(pointer);
        node !== 0n && !seen.has(node);
        node = addressIn(memberOf(Value.at(links, memory, node), next, subject.context))
      ) {
        seen.add(node);
        yield node;
      }
    } catch (error) {
      if (!(error instanceof DeetError)) throw error; // the value of the last will say so
    }
  };
  let count = 0;
  for (const counted = nodes(); count < MAX_COUNTED && !counted.next().done;) count++;
  return {
    title: count === 0 ? 'empty std::forward_list' : 'std::forward_list',
    style: 'named',
    numbered: true,
    count,
    *rows(start) {
      let index = 0;
      for (const node of nodes()) {
        if (index >= start) yield { name: `[${index}]`, value: Value.at(type, memory, node + offset) };
        index++;
      }
    },
  };
}
