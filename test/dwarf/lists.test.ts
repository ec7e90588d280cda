/** Lists of addresses: ranges, locations, .debug_aranges; in every form of entry that a producer may write. */
import { describe, expect, it } from 'vitest';
import { readAranges } from '../../src/dwarf/aranges.js';
import { At, Form, Tag } from '../../src/dwarf/constants.js';
import { DwarfFile } from '../../src/dwarf/file.js';
import { locationListOffset, readLocationList } from '../../src/dwarf/lists.js';
import { rangesOf } from '../../src/dwarf/ranges.js';
import { Unit } from '../../src/dwarf/unit.js';
import { abbreviations, counted, dwarfWith, u16, u32, u64, uleb, unit4, unit5 } from './sections.js';

const addresses = [...u32(36), ...u16(5), 8, 0, ...u64(0x1000), ...u64(0x2000), ...u64(0x3000), ...u64(0x4000)];
const LOW = 0x10_0000;

/** A unit that begins at LOW, with these sections. */
const unitOf = (version: 4 | 5, sections: Readonly<Record<string, readonly number[]>>): Unit => {
  const abbrev = abbreviations([1, Tag.compile_unit, true, At.low_pc, Form.addr], [2, Tag.subprogram, false, At.ranges, Form.sec_offset]);
  const entries = [1, ...u64(LOW), 2, ...u32(0), 0];
  return dwarfWith({ abbrev, info: version === 5 ? unit5(entries) : unit4(entries), addr: addresses, ...sections }).units()[0];
};

const hexRanges = (ranges: readonly { low: number; high: number }[]): string[] =>
  ranges.map(({ low, high }) => `${low.toString(16)}-${high.toString(16)}`);

describe('ranges', () => {
  it('.debug_rnglists', () => {
    const rnglists = [
      ...[4, ...uleb(0x10), ...uleb(0x20)], // offset_pair
      ...[1, 1], // base_addressx
      ...[4, 0, 8],
      ...[5, ...u64(0x50_0000)], // base_address
      ...[4, 1, 2],
      ...[2, 0, 1], // startx_endx
      ...[3, 2, ...uleb(0x100)], // startx_length
      ...[6, ...u64(0x600000), ...u64(0x600010)], // start_end
      ...[7, ...u64(0x700000), 4], // start_length
      ...[6, ...u64(0x800000), ...u64(0x800000)], // empty
      0,
      ...[7, ...u64(0x900000), 4],
    ];
    const [fn] = unitOf(5, { rnglists }).root.children();
    expect(hexRanges(rangesOf(fn))).toEqual([
      '100010-100020',
      '2000-2008',
      '500001-500002',
      '1000-2000',
      '3000-3100',
      '600000-600010',
      '700000-700004',
    ]);
  });

  it('.debug_ranges', () => {
    const pair = (low: number | bigint, high: number): number[] => [...u64(low), ...u64(high)];
    const ranges = [...pair(0x10, 0x20), ...pair(-1n, 0x50_0000), ...pair(1, 2), ...pair(7, 7), ...pair(0, 0), ...pair(5, 6)];
    const [fn] = unitOf(4, { ranges }).root.children();
    expect(hexRanges(rangesOf(fn))).toEqual(['100010-100020', '500001-500002']);
  });

  it('a list that breaks off has the ranges before, and a warning', () => {
    const unit = unitOf(5, { rnglists: [7, ...u64(0x1000), 4, 6, 1, 2] });
    const [fn] = unit.root.children();
    expect(hexRanges(rangesOf(fn))).toEqual(['1000-1004']);
    expect(unit.file.warnings).toEqual([expect.stringMatching(/^\.debug_rnglists\+0xb: wants 8 bytes/)]);
  });

  it('low and high address: the high one as an address or as a size', () => {
    const abbrev = abbreviations(
      [1, Tag.compile_unit, true],
      [2, Tag.subprogram, false, At.low_pc, Form.addr, At.high_pc, Form.addr],
      [3, Tag.subprogram, false, At.low_pc, Form.addr, At.high_pc, Form.udata],
      [4, Tag.subprogram, false, At.low_pc, Form.addrx, At.high_pc, Form.addrx],
    );
    const info = unit5([1, ...[2, ...u64(0x10), ...u64(0x30)], ...[3, ...u64(0x10), 0x20], ...[4, 0, 1], ...[3, ...u64(0x10), 0], 0]);
    const [byAddress, bySize, byIndex, empty] = dwarfWith({ abbrev, info, addr: addresses }).units()[0].root.children();
    expect(hexRanges(rangesOf(byAddress))).toEqual(['10-30']);
    expect(hexRanges(rangesOf(bySize))).toEqual(['10-30']);
    expect(hexRanges(rangesOf(byIndex))).toEqual(['1000-2000']);
    expect(rangesOf(empty)).toEqual([]);
  });

  it('by number', () => {
    const abbrev = abbreviations([1, Tag.compile_unit, true], [2, Tag.subprogram, false, At.ranges, Form.rnglistx]);
    const rnglists = [...u32(0), ...u16(5), 8, 0, ...u32(2), ...u32(8), ...u32(20), ...[7, ...u64(1), 1, 0, 0], ...[7, ...u64(2), 1, 0]];
    const [fn, none] = dwarfWith({ abbrev, info: unit5([1, 2, 1, 2, 200, 1, 0]), rnglists })
      .units()[0]
      .root.children();
    expect(hexRanges(rangesOf(fn))).toEqual(['2-3']);
    expect(rangesOf(none)).toEqual([]);
  });
});

const listed = (unit: Unit, offset = 0): string[] =>
  readLocationList(unit, offset).map(
    ({ low, high, expression, isDefault }) =>
      `${isDefault ? 'default' : `${low.toString(16)}-${high.toString(16)}`} ${Buffer.from(expression).toString('hex')}`,
  );

describe('location lists', () => {
  it('.debug_loclists', () => {
    const loclists = [
      ...[4, ...uleb(0x10), ...uleb(0x20), 1, 0x50],
      ...[9, 1, 2], // a pair of views, of GNU
      ...[1, 1],
      ...[4, 0, 8, 2, 0x51, 0x52],
      ...[6, ...u64(0x50_0000)],
      ...[4, 1, 2, 1, 0x53],
      ...[2, 0, 1, 1, 0x54],
      ...[3, 2, ...uleb(0x100), 1, 0x55],
      ...[7, ...u64(0x600000), ...u64(0x600010), 1, 0x56],
      ...[8, ...u64(0x700000), 4, 1, 0x57],
      ...[8, ...u64(0x700000), 0, 1, 0x58],
      ...[5, 1, 0x59],
      0,
    ];
    expect(listed(unitOf(5, { loclists }))).toEqual([
      '100010-100020 50',
      '2000-2008 5152',
      '500001-500002 53',
      '1000-2000 54',
      '3000-3100 55',
      '600000-600010 56',
      '700000-700004 57',
      '700000-700000 58',
      'default 59',
    ]);
  });

  it('.debug_loc', () => {
    const entry = (low: number | bigint, high: number, ...bytes: number[]): number[] => [
      ...u64(low),
      ...u64(high),
      ...u16(bytes.length),
      ...bytes,
    ];
    const loc = [...entry(0x10, 0x20, 0x50), ...u64(-1n), ...u64(0x50_0000), ...entry(1, 2, 0x51, 0x52), ...u64(0), ...u64(0)];
    expect(listed(unitOf(4, { loc }))).toEqual(['100010-100020 50', '500001-500002 5152']);
  });

  it('.debug_loc.dwo, as gcc writes it for DWARF 4', () => {
    // Before DWARF 5 .debug_addr has no header.
    const skeleton = unitOf(4, { addr: addresses.slice(8) });
    const entries = [
      ...[2, 0, 1, ...u16(1), 0x50],
      ...[3, 2, ...u32(0x100), ...u16(1), 0x51],
      ...[1, 3],
      ...[4, ...u32(1), ...u32(2), ...u16(1), 0x52],
      0,
    ];
    const own = unitOf(4, { loc: entries });
    expect(listed(new Unit(own.file, 'info', own.bytes, own, skeleton))).toEqual(['1000-2000 50', '3000-3100 51', '4001-4002 52']);
  });

  it('by number', () => {
    const unit = unitOf(5, { loclists: [...u32(0), ...u16(5), 8, 0, ...u32(1), ...u32(4), 5, 1, 0x50, 0] });
    expect(locationListOffset(unit, 0)).toBe(16);
    expect(locationListOffset(unit, 9)).toBeUndefined();
    expect(listed(unit, 16)).toEqual(['default 50']);
  });

  it('an entry of a kind that nobody defined ends the list', () => {
    const unit = unitOf(5, { loclists: [5, 1, 0x50, 77, 0] });
    expect(listed(unit)).toEqual(['default 50']);
    expect(unit.file.warnings).toEqual(['.debug_loclists+0x3: location list entry of kind 77']);
  });
});

describe('.debug_aranges', () => {
  const rowsOf = (file: DwarfFile): object[] => {
    const { count, lows, highs, unitOffsets } = readAranges(file);
    return Array.from({ length: count }, (_, i) => ({ low: lows[i], high: highs[i], unitOffset: unitOffsets[i] }));
  };

  it('pairs are aligned behind the header; what the linker dropped is left out', () => {
    const pairs = [...u64(0x1000), ...u64(0x10), ...u64(0), ...u64(0x20), ...u64(0x2000), ...u64(0x30), ...u64(0), ...u64(0)];
    const set = (unit: number, addressSize = 8): number[] => counted([...u16(2), ...u32(unit), addressSize, 0, 0, 0, 0, 0, ...pairs]);
    const file = dwarfWith({ aranges: [...set(0), ...set(0x99, 4), ...set(0x50)] });
    expect(rowsOf(file)).toEqual([
      { low: 0x1000, high: 0x1010, unitOffset: 0 },
      { low: 0x2000, high: 0x2030, unitOffset: 0 },
      { low: 0x1000, high: 0x1010, unitOffset: 0x50 },
      { low: 0x2000, high: 0x2030, unitOffset: 0x50 },
    ]);
    expect(file.warnings).toEqual([]);
  });

  it('a set that is longer than the section', () => {
    const file = new DwarfFile((name) => Uint8Array.from(name === 'aranges' ? u32(0x1000) : []));
    expect(rowsOf(file)).toEqual([]);
    expect(file.warnings).toEqual([expect.stringContaining('.debug_aranges+0x4')]);
  });
});
