import fc from '../helpers/property.js';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../src/common/errors.js';
import { Reader } from '../../src/common/reader.js';

const reader = (...bytes: number[]): Reader => new Reader(Uint8Array.from(bytes), '.test');

const leb = (value: bigint, signed: boolean): number[] => {
  const out: number[] = [];
  for (;;) {
    const byte = Number(value & 0x7fn);
    value >>= 7n;
    const done = signed ? (value === 0n && !(byte & 0x40)) || (value === -1n && (byte & 0x40) !== 0) : value === 0n;
    out.push(done ? byte : byte | 0x80);
    if (done) return out;
  }
};

describe('Reader', () => {
  it('reads little-endian numbers of every width', () => {
    const r = reader(1, 2, 1, 3, 2, 1, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 0);
    expect([r.u8(), r.u16(), r.u24(), r.u32(), r.u64()]).toEqual([1, 0x102, 0x10203, 0x01020304, 0x02030405060708]);
    expect(r.atEnd).toBe(true);
    const s = reader(0xff, 0xfe, 0xff, 0xfd, 0xff, 0xff, 0xff, ...Array<number>(8).fill(0xff));
    expect([s.i8(), s.i16(), s.i32(), s.i64Big()]).toEqual([-1, -2, -3, -1n]);
  });

  it('refuses, clamps or keeps 64-bit numbers above 2^53, as asked', () => {
    const ones = Array<number>(8).fill(0xff);
    expect(() => reader(...ones).u64()).toThrow(FormatError);
    expect(reader(...ones).u64Clamped()).toBe(Number.MAX_SAFE_INTEGER);
    expect(reader(...ones).u64Big()).toBe(2n ** 64n - 1n);
  });

  it('reads back every LEB128 number', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
        expect(reader(...leb(value, true)).slebBig()).toBe(value);
        const positive = BigInt.asUintN(64, value);
        expect(reader(...leb(positive, false)).ulebBig()).toBe(positive);
        const small = value >> 11n;
        expect(reader(...leb(small, true)).sleb()).toBe(Number(small));
        expect(reader(...leb(positive >> 11n, false)).uleb()).toBe(Number(positive >> 11n));
      }),
    );
  });

  it('accepts padded LEB128, refuses an endless one, names section and offset', () => {
    expect(reader(0x81, 0x80, 0x80, 0x00).uleb()).toBe(1);
    expect(reader(0xff, 0xff, 0xff, 0x7f).sleb()).toBe(-1);
    const endless = Array<number>(20).fill(0x80);
    for (const read of ['uleb', 'sleb', 'ulebBig', 'slebBig', 'skipLeb'] as const)
      expect(() => reader(...endless)[read]()).toThrow('.test+0x0: LEB128 number without an end');
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01).uleb()).toThrow('absurdly big');
  });

  it('fails at the first byte behind the end of its range, not behind the section', () => {
    const r = reader(1, 2, 3, 4, 5, 6, 7, 8).at(2, 4);
    expect(() => r.u32()).toThrow('.test+0x2: wants 4 bytes where 2 are left');
    expect(r.u16()).toBe(0x403);
    expect(() => r.u8()).toThrow(FormatError);
    expect(() => r.at(0, 9)).toThrow(FormatError);
    expect(() => r.seek(-1)).toThrow(FormatError);
    expect(() => r.skip(NaN)).toThrow(FormatError);
    expect(() => r.slice(-1)).toThrow(FormatError);
  });

  it('reads strings, UTF-8 or damaged, and refuses one without an end', () => {
    const text = (s: string): Reader => new Reader(new TextEncoder().encode(s), '.str');
    const r = text('main\0größe\0' + 'x'.repeat(40) + '\0rest');
    expect([r.cstring(), r.cstring(), r.cstring()]).toEqual(['main', 'größe', 'x'.repeat(40)]);
    expect(() => r.cstring()).toThrow('string without an end');
    expect(reader(0x61, 0xff, 0).cstring()).toBe('a\ufffd');
  });

  it('keeps section offsets in parts and aligns to them', () => {
    const r = reader(0, 1, 2, 3, 4, 5, 6, 7, 8);
    r.skip(1);
    const part = r.part(3);
    expect([part.offset, part.end, r.offset]).toEqual([1, 4, 4]);
    part.skip(1);
    part.align(4);
    expect(part.offset).toBe(4);
  });
});
