/**
 * Which units have an entry of a name, and of what kind: the index of names. It holds hashes instead of names, so it is small, is made by one
 * pass in the addon (native/name_scan.cc), and can be kept in a file as it is. The answer may hold a unit that does not know the name (two
 * names with one hash), and never leaves out one that does.
 */
import { DeetError } from '../common/errors.js';
import type { DwarfFile } from '../dwarf/file.js';
import { native } from '../native.js';
import type { Compilation } from './compilation.js';

/** What entries of a name are; native/entry_shapes.h has the same numbers. */
export const Mark = {
  /** A function with code. */
  code: 1,
  /** A function without code that is no declaration: there may be inlined calls. */
  inlined: 2,
  variable: 4,
  /** A type that is more than declared. */
  type: 8,
  enumerator: 16,
  /** A namespace, another name for one; a declaration. */
  other: 32,
  /** A function with code inside of another function. */
  nested: 64,
  /** An instance of a template, of types and variables: under the template's name, besides its own. */
  instance: 128,
  any: 255,
} as const;

/** Stands for every name: of units whose names cannot be told (they are in another file). */
const ANY_NAME = 0;

/** Units have 24 bits in a key. */
export const MAX_UNITS = 2 ** 24;

/** FNV-1a, as the addon has it. */
const hashOf = (name: string): number => {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0 || 1;
};

/** Tells whether the key at an offset is as it was written: of an index that lies in a file, whoever reads it must ask before. */
export type Check = (offset: number) => boolean;

export class NameUnits {
  private readonly words: Uint32Array;

  /**
   * @param keys 64-bit words in ascending order, lowest bits first: eight of `Mark`, 24 of the unit's number, 32 of the hash
   * @param crossing true where entries have their names from other units, or calls are inlined from there (link-time optimization, partial units)
   */
  constructor(
    readonly keys: Uint8Array,
    readonly crossing: boolean,
    private readonly check: Check = () => true,
  ) {
    this.words = new Uint32Array(keys.buffer, keys.byteOffset, keys.byteLength / 4);
  }

  /** Numbers of the units, in ascending order; undefined: the index is damaged. Functions are known by their bare names (cxx-names.ts). */
  of(name: string, marks: number): number[] | undefined {
    const found = new Set<number>();
    if (!this.collect(ANY_NAME, marks, found) || !this.collect(hashOf(name), marks, found)) return undefined;
    return [...found].sort((a, b) => a - b);
  }

  /** False: damage. */
  private collect(hash: number, marks: number, found: Set<number>): boolean {
    const { words } = this;
    const isGood = (index: number): boolean => this.check(8 * index);
    let low = 0;
    let high = words.length / 2;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (!isGood(middle)) return false;
      if (words[2 * middle + 1] < hash) low = middle + 1;
      else high = middle;
    }
    for (; low < words.length / 2; low++) {
      if (!isGood(low)) return false;
      if (words[2 * low + 1] !== hash) break;
      if (words[2 * low] & marks) found.add(words[2 * low] >>> 8);
    }
    return true;
  }
}

/** What an index is of: the names of entries, or source files. */
export type IndexKind = 'names' | 'files';

/** Where an index is kept between runs. */
export interface IndexStore {
  load(): NameUnits | undefined;
  save(index: NameUnits): void;
}

const NO_BYTES = new Uint8Array(0);

/** @throws DeetError when there are more units than an index can tell apart. */
export const scanNames = (file: DwarfFile, units: readonly Compilation[]): NameUnits => {
  if (units.length > MAX_UNITS) throw new DeetError('bad-dwarf', `${units.length} units are more than deet can index.`);
  const whole = units.filter((unit) => !unit.isSkeleton);
  const shared = file.supplementary();
  const scanned: [DwarfFile, 'info' | 'types'][] = [[file, 'info'], [file, 'types'], ...(shared ? [[shared, 'info'] as [DwarfFile, 'info']] : [])]; // prettier-ignore
  const parts = scanned.map(([owner, section]) => {
    const places = whole
      .filter(({ own }) => (own.file === shared) === (owner === shared) && own.section === section)
      .sort((a, b) => a.own.offset - b.own.offset);
    return native.scanNames(
      owner.section(section),
      owner.section('abbrev'),
      owner.section('str'),
      owner.section('line_str'),
      owner.section('str_offsets'),
      owner.supplementary()?.section('str') ?? NO_BYTES,
      Float64Array.from(places.flatMap(placeOf)),
    );
  });
  // The entries of a split unit are in a file of their own: it is always asked.
  const everything = units.filter((unit) => unit.isSkeleton).map(({ number }) => (BigInt(number) << 8n) | BigInt(Mark.any));
  const keys = [...parts.map((part) => new BigUint64Array(part.keys)), BigUint64Array.from(everything)].filter(({ length }) => length > 0);
  const joined = keys.length === 1 ? keys[0] : new BigUint64Array(keys.reduce((sum, { length }) => sum + length, 0));
  if (keys.length !== 1) {
    let at = 0;
    for (const part of keys) {
      joined.set(part, at);
      at += part.length;
    }
    joined.sort();
  }
  return new NameUnits(
    new Uint8Array(joined.buffer),
    parts.some((part) => part.crossing),
  );
};

/** As the addon reads it: number, end, first entry, abbreviations, version, sizes of offsets and addresses, base of string offsets, start. */
const placeOf = (unit: Compilation): number[] => {
  const { own } = unit;
  return [
    unit.number,
    own.end,
    own.firstDie,
    own.abbreviationsOffset,
    own.version,
    own.offsetSize,
    own.addressSize,
    // The root entry is read for it: in most files nobody needs it.
    own.file.section('str_offsets').length > 0 ? unit.stringOffsetsBase : 0,
    own.offset,
  ];
};
