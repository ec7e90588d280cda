/** The pass over line tables' headers on damaged and made-up bytes: it ends, within its input (the build with sanitizers watches), with keys in order. */
import { describe, expect, it } from 'vitest';
import { native } from '../../src/native.js';
import { seededRandom } from '../fuzz/mutate.js';
import { table4, table5 } from '../helpers/line-tables.js';

const nothing = new Uint8Array(0);
const names = ['/usr/include/stdio.h', 'main.c', 'lib/list.c', 'list.h'];

const scan = (
  line: Uint8Array,
  lineStrings: Uint8Array,
  strings: Uint8Array,
  places: readonly number[] = [0, line.length],
): BigUint64Array => new BigUint64Array(native.scanFileNames(line, lineStrings, strings, Float64Array.from(places)).keys);

/** What the scan keeps of damage: the table's number, and no name. */
const ANY = 0xffn;

describe('scanFileNames', () => {
  const inFull = scan(table4(4, names), nothing, nothing);

  it.each(['string', 'line_strp', 'strp'] as const)('finds the same names of form %s as in version 4', (form) => {
    const { line, line_str = nothing, str = nothing } = table5(form, names);
    expect(scan(line, line_str, str)).toEqual(inFull);
    expect(inFull).toHaveLength(names.length);
    for (let i = 1; i < inFull.length; i++) expect(inFull[i] > inFull[i - 1]).toBe(true);
  });

  it('tells that names stand in a section that it was not given', () => {
    const { line, str = nothing } = table5('strp', names);
    const places = Float64Array.of(0, line.length);
    expect(native.scanFileNames(line, nothing, nothing, places).needsStrings).toBe(true);
    expect(native.scanFileNames(line, nothing, str, places).needsStrings).toBe(false);
  });

  it('keeps a table that it cannot read as one that may name any file', () => {
    const { line, line_str = nothing } = table5('line_strp', names);
    expect(scan(line.subarray(0, -6), line_str, nothing)).toContain(ANY);
    const version = Uint8Array.from(line);
    version[4] = 6;
    expect([...scan(version, line_str, nothing)]).toEqual([ANY]);
    const form = Uint8Array.from(line);
    form[form.length - 5 * names.length - 4] = 0x1a; // DW_FORM_strx: the unit says where
    expect(scan(form, line_str, nothing)).toContain(ANY);
    expect([...scan(line, nothing, nothing)]).toEqual([ANY]);
  });

  it('takes no place for granted', () => {
    const { line, line_str = nothing } = table5('line_strp', names);
    const odd = [NaN, -1, 2 ** 53, 1e300, line.length, line.length + 1, 3];
    for (const offset of odd) for (const end of odd) expect([...scan(line, line_str, nothing, [offset, end])]).toEqual([ANY]);
    expect(scan(line, line_str, nothing, [0])).toHaveLength(0);
  });

  it.each([1, 2, 3, 4])('ends on damaged tables, seed %d', (seed) => {
    const random = seededRandom(seed);
    const whole = [
      table4(2, names),
      table4(4, names),
      ...(['string', 'line_strp', 'strp'] as const).map((form) => table5(form, names).line),
    ];
    const strings = Buffer.from(names.join('\0'));
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from(whole[random(whole.length)]);
      for (let n = 1 + random(6); n > 0; n--) bytes[random(bytes.length)] = [0, 0x7f, 0x80, 0xff, random(256)][random(5)];
      const keys = scan(bytes, strings, strings);
      // A count of 2^60 entries that take no bytes would not end.
      expect(keys.length).toBeLessThanOrEqual(2 * bytes.length);
    }
  });
});
