/** The pass over entries on damaged and made-up bytes: it ends, within its input (the build with sanitizers watches), with keys in order. */
import { describe, expect, it } from 'vitest';
import { native } from '../../src/native.js';
import { openElf } from '../../src/symbols/elf-files.js';
import { fixture } from '../helpers/build.js';
import { seededRandom, type Random } from '../fuzz/mutate.js';

const elf = openElf(fixture('classes'));
const section = (name: string): Uint8Array => elf.debugData(name) ?? new Uint8Array(0);
const info = section('info');

/** The units as their headers have them, in DWARF 5. */
const placesOf = (bytes: Uint8Array): number[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places: number[] = [];
  for (let at = 0, number = 0; at + 12 <= bytes.length; number++) {
    const end = at + 4 + view.getUint32(at, true);
    places.push(number, end, at + 12, view.getUint32(at + 8, true), view.getUint16(at + 4, true), 4, 8, 8, at);
    at = end;
  }
  return places;
};

const scan = (entries: Uint8Array, abbreviations = section('abbrev'), places = placesOf(info)): BigUint64Array =>
  new BigUint64Array(
    native.scanNames(
      entries,
      abbreviations,
      section('str'),
      section('line_str'),
      new Uint8Array(64),
      new Uint8Array(64),
      Float64Array.from(places),
    ).keys,
  );

const mutate = (bytes: Uint8Array, random: Random): void => {
  for (let n = 1 + random(8); n > 0; n--) bytes[random(bytes.length)] = [0, 0x7f, 0x80, 0xff, random(256)][random(5)];
};

describe('scanNames', () => {
  it('gives keys in order, each name once for a unit', () => {
    const keys = scan(info);
    expect(keys.length).toBeGreaterThan(10);
    for (let i = 1; i < keys.length; i++) expect(keys[i] >> 8n > keys[i - 1] >> 8n).toBe(true);
  });

  it.each([1, 2, 3, 4])('ends on damaged entries and abbreviations, seed %d', (seed) => {
    const random = seededRandom(seed);
    for (let i = 0; i < 200; i++) {
      const entries = Uint8Array.from(info);
      const abbreviations = Uint8Array.from(section('abbrev'));
      mutate(entries, random);
      mutate(abbreviations, random);
      scan(entries, abbreviations);
    }
  });

  it('takes no place for granted', () => {
    const odd = [NaN, -1, 2 ** 53, 1e300, info.length, info.length + 1, 3];
    for (const value of odd)
      for (let column = 0; column < 9; column++) {
        const places = placesOf(info);
        places[column] = value;
        scan(info, undefined, places);
      }
    expect(scan(info, undefined, [1, 2, 3])).toHaveLength(0);
    expect(scan(new Uint8Array(0))).not.toHaveLength(0); // units that cannot be read may have any name
  });

  it('of many megabytes, which several threads read, is that of the parts', () => {
    const copies = Math.ceil((20 * 2 ** 20) / info.length);
    const one = placesOf(info);
    const units = one.length / 9;
    const entries = new Uint8Array(copies * info.length);
    const places: number[] = [];
    for (let copy = 0; copy < copies; copy++) {
      const base = copy * info.length;
      entries.set(info, base);
      const moved = [copy * units, base, base, 0, 0, 0, 0, 0, base];
      places.push(...one.map((value, i) => value + moved[i % 9]));
    }
    const expected = Array.from(scan(info)).flatMap((key) =>
      Array.from({ length: copies }, (_, copy) => key + (BigInt(copy * units) << 8n)),
    );
    expected.sort((a, b) => (a < b ? -1 : 1));
    const keys = scan(entries, undefined, places);
    expect(keys).toHaveLength(expected.length);
    expect(keys.every((key, i) => key === expected[i])).toBe(true);
  });

  it('finds names in other units, whichever thread reads them', () => {
    const [count, size] = [24, 2 ** 20];
    // A unit with one function that has a name, and one that has its name from another unit (DW_FORM_ref_addr).
    const abbreviations = Uint8Array.of(1, 0x11, 1, 0, 0, 2, 0x2e, 0, 3, 8, 0x11, 1, 0, 0, 3, 0x2e, 0, 0x31, 0x10, 0x11, 1, 0, 0, 0);
    const entries = new Uint8Array(count * size);
    const view = new DataView(entries.buffer);
    const other = (unit: number): number => (unit + 17) % count;
    for (let unit = 0; unit < count; unit++) {
      const at = unit * size;
      view.setUint32(at, size - 4, true);
      view.setUint16(at + 4, 5, true);
      entries.set([1, 8], at + 6);
      entries.set([1, 2, 0x41 + unit, 0], at + 12);
      entries[at + 24] = 3;
      view.setUint32(at + 25, other(unit) * size + 13, true);
    }
    const keys = scan(entries, abbreviations, placesOf(entries));
    expect(keys).toHaveLength(2 * count);
    const hashesOf = (unit: number): bigint[] =>
      Array.from(keys).flatMap((key) => (((key >> 8n) & 0xff_ffffn) === BigInt(unit) ? [key >> 32n] : []));
    for (let unit = 0; unit < count; unit++) {
      const shared = hashesOf(unit).filter((hash) => hashesOf(other(unit)).includes(hash));
      expect(shared, `unit ${unit}`).toHaveLength(1);
    }
  });
});
