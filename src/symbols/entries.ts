/**
 * The index of names: one flat table of what is visible at the level of files, namespaces and classes. Columns are typed
 * arrays (a program with 100 MB of DWARF has millions of entries), names stay where they are in the string sections,
 * and a hash over their bytes finds them.
 */
import { decodeText } from '../common/reader.js';
import { Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import type { Unit } from '../dwarf/unit.js';
import { bareName } from './cxx-names.js';

/** What an entry is; `declaration` and the like are bits of `Flag`. */
export const Kind = {
  namespace: 1,
  function: 2,
  variable: 3,
  struct: 4,
  union: 5,
  class: 6,
  enum: 7,
  typedef: 8,
  base: 9,
  enumerator: 10,
} as const;

/** The kind of entries with this tag; 0: such entries are not in the index. */
export const kindOf = (tag: number): number => {
  switch (tag) {
    case Tag.namespace:
    case Tag.module:
      return Kind.namespace;
    case Tag.subprogram:
      return Kind.function;
    case Tag.variable:
    case Tag.constant:
      return Kind.variable;
    case Tag.structure_type:
    case Tag.interface_type:
      return Kind.struct;
    case Tag.union_type:
      return Kind.union;
    case Tag.class_type:
      return Kind.class;
    case Tag.enumeration_type:
      return Kind.enum;
    case Tag.typedef:
    case Tag.template_alias:
      return Kind.typedef;
    case Tag.base_type:
    case Tag.unspecified_type:
      return Kind.base;
    case Tag.enumerator:
      return Kind.enumerator;
    default:
      return 0;
  }
};

export const Flag = {
  /** DW_AT_declaration. */
  declaration: 1,
  /** A function with an address. */
  code: 2,
  /** An abstract instance, without code: there may be inlined calls, in this unit or (link-time optimization) in others. */
  inlined: 4,
  external: 8,
  /** A variable with a location or a constant value. */
  located: 16,
  /** The name is not all there: a template's arguments, or what stands for a type unit's type, are told by other entries. */
  partial: 32,
} as const;

/** Where a name's text stands. */
export const NameIn = { none: 0, info: 1, str: 2, lineStr: 3, sharedInfo: 4, sharedStr: 5 } as const;

export interface NameSections {
  readonly info: Uint8Array;
  readonly str: Uint8Array;
  readonly lineStr: Uint8Array;
  /** Of the file that dwz moved what several files share to, if there is one. */
  readonly sharedInfo?: Uint8Array | undefined;
  readonly sharedStr?: Uint8Array | undefined;
}

const grown = <T extends Uint8Array | Uint32Array | Int32Array>(old: T, capacity: number): T => {
  const copy = new (old.constructor as new (length: number) => T)(capacity);
  copy.set(old);
  return copy;
};

const LESS = 0x3c;
const SPACE = 0x20;
const OPERATOR = Buffer.from('operator');

/** Where a name's template arguments, or the name, end: bareName of cxx-names.ts for bytes. */
const bareEnd = (bytes: Uint8Array, start: number): number => {
  let at = start;
  const isOperator = bytes[start] === OPERATOR[0] && OPERATOR.every((byte, i) => bytes[start + i] === byte);
  if (isOperator) {
    at += OPERATOR.length;
    while (bytes[at] >= LESS && bytes[at] <= LESS + 2) at++; // < = >
  }
  while (bytes[at] && bytes[at] !== LESS && !(isOperator && bytes[at] === SPACE)) at++;
  return at;
};

/** FNV-1a over the bytes of a bare name. */
const hashIn = (bytes: Uint8Array, at: number): number => {
  const end = bareEnd(bytes, at);
  let hash = 0x811c9dc5;
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return hash >>> 0;
};

export class EntryTable {
  /** @param completed the name of an entry, given what it says itself, where other entries may tell more of it (`Flag.partial`) */
  constructor(readonly completed: (die: Die, written: string) => string) {}

  count = 0;
  private capacity = 64;
  kinds = new Uint8Array(this.capacity);
  flags = new Uint8Array(this.capacity);
  nameSections = new Uint8Array(this.capacity);
  nameOffsets = new Uint32Array(this.capacity);
  /** Offset of the entry in its section. */
  dies = new Uint32Array(this.capacity);
  /** Index of the enclosing namespace or type, or -1. */
  parents = new Int32Array(this.capacity);
  /** Number of the unit, in the image's list; -1: not in it. */
  units = new Int32Array(this.capacity);

  private readonly sections = new Map<number, NameSections>();
  private readonly dieUnits = new Map<number, Unit>();

  /** Says where the names of a unit's entries stand: to be called before they are added. */
  beginUnit(number: number, unit: Unit, sections: NameSections): void {
    this.sections.set(number, sections);
    this.dieUnits.set(number, unit);
  }

  add(kind: number, flags: number, nameSection: number, nameOffset: number, die: number, parent: number, unit: number): number {
    if (this.count === this.capacity) {
      const capacity = (this.capacity *= 2);
      this.kinds = grown(this.kinds, capacity);
      this.flags = grown(this.flags, capacity);
      this.nameSections = grown(this.nameSections, capacity);
      this.nameOffsets = grown(this.nameOffsets, capacity);
      this.dies = grown(this.dies, capacity);
      this.parents = grown(this.parents, capacity);
      this.units = grown(this.units, capacity);
    }
    const at = this.count++;
    this.kinds[at] = kind;
    this.flags[at] = flags;
    this.nameSections[at] = nameSection;
    this.nameOffsets[at] = nameOffset;
    this.dies[at] = die;
    this.parents[at] = parent;
    this.units[at] = unit;
    return at;
  }

  /** The entry of a DIE among those added since `first` (entries of one unit stand in the order of their offsets). */
  indexOfDie(die: number, first: number): number {
    let low = first;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.dies[middle] < die) low = middle + 1;
      else high = middle;
    }
    return low < this.count && this.dies[low] === die ? low : -1;
  }

  private bytesOf(index: number): Uint8Array | undefined {
    const sections = this.sections.get(this.units[index]);
    switch (this.nameSections[index]) {
      case NameIn.info:
        return sections?.info;
      case NameIn.str:
        return sections?.str;
      case NameIn.lineStr:
        return sections?.lineStr;
      case NameIn.sharedInfo:
        return sections?.sharedInfo;
      case NameIn.sharedStr:
        return sections?.sharedStr;
      default:
        return undefined;
    }
  }

  private readonly whole = new Map<number, string>();

  /** With a template's arguments. */
  name(index: number): string {
    const written = this.written(index);
    if (!(this.flags[index] & Flag.partial) || bareName(written) !== written) return written;
    let name = this.whole.get(index);
    if (name === undefined) {
      // An instance that is an argument of itself, which damage makes, ends there.
      this.whole.set(index, written);
      const die = this.dieUnits.get(this.units[index])?.dieAt(this.dies[index]);
      name = die ? this.completed(die, written) : written;
      this.whole.set(index, name);
    }
    return name;
  }

  private written(index: number): string {
    const bytes = this.bytesOf(index);
    if (!bytes) return '';
    const start = this.nameOffsets[index];
    let end = start;
    while (bytes[end]) end++;
    return decodeText(bytes, start, end);
  }

  private readonly elsewhere = new Map<number, () => string>();

  /** For an entry that completes a declaration in another file, which alone knows what is around it: its whole name. */
  declareElsewhere(index: number, qualifiedName: () => string): void {
    this.elsewhere.set(index, qualifiedName);
  }

  /** `ns::Class::f`, by the chain of parents. */
  qualifiedName(index: number): string {
    const whole = this.elsewhere.get(index);
    if (whole) return whole();
    let text = this.name(index);
    if (text === '' && this.kinds[index] === Kind.namespace) text = '(anonymous namespace)';
    let parent = this.parents[index];
    for (let depth = 0; parent >= 0 && depth < 64; depth++) {
      const kind = this.kinds[parent];
      const name = this.name(parent);
      // C's structs do not scope what they declare inside, and an unscoped enum's constants belong to its surroundings.
      if (kind === Kind.namespace) text = `${name === '' ? '(anonymous namespace)' : name}::${text}`;
      else if (kind !== Kind.enum && name !== '') text = `${name}::${text}`;
      parent = this.parents[parent];
    }
    return text;
  }

  private buckets: Int32Array | undefined;
  private chain = new Int32Array(0);

  /** Indexes of all entries with this name, whatever a template's arguments are, in the order they were added. */
  named(name: string): number[] {
    if (!this.buckets) this.buildHash();
    const whole = Buffer.from(name + '\0', 'utf8');
    const wanted = whole.subarray(0, bareEnd(whole, 0));
    const buckets = this.buckets as Int32Array;
    const result: number[] = [];
    for (let at = buckets[hashIn(whole, 0) & (buckets.length - 1)]; at >= 0; at = this.chain[at]) {
      const bytes = this.bytesOf(at) as Uint8Array;
      const start = this.nameOffsets[at];
      let i = 0;
      while (i < wanted.length && bytes[start + i] === wanted[i]) i++;
      if (i === wanted.length && bareEnd(bytes, start) === start + i) result.push(at);
    }
    return result;
  }

  private buildHash(): void {
    let size = 16;
    while (size < this.count * 1.5) size *= 2;
    const buckets = new Int32Array(size).fill(-1);
    this.chain = new Int32Array(this.count);
    // Backwards, so that each chain runs in the order of the table.
    for (let at = this.count - 1; at >= 0; at--) {
      const bytes = this.bytesOf(at);
      if (!bytes) continue;
      const bucket = hashIn(bytes, this.nameOffsets[at]) & (size - 1);
      this.chain[at] = buckets[bucket];
      buckets[bucket] = at;
    }
    this.buckets = buckets;
  }
}
