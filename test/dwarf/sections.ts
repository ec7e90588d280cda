/** DWARF for tests: of compiled programs, and put together byte by byte. */
import { readFileSync } from 'node:fs';
import { DwarfFile } from '../../src/dwarf/file.js';
import { parseElf } from '../../src/elf/file.js';

/** The DWARF of a program on disk. */
export const dwarfOf = (path: string): DwarfFile => {
  const elf = parseElf(readFileSync(path), path);
  return new DwarfFile((name) => elf.debugData(name) ?? new Uint8Array(0));
};

/** A file with these sections only. */
export const dwarfWith = (sections: Readonly<Record<string, readonly number[]>>): DwarfFile =>
  new DwarfFile((name) => Uint8Array.from(sections[name] ?? []));

export const u16 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
export const u32 = (value: number): number[] => [...u16(value), ...u16(Math.floor(value / 0x1_0000))];
export const u64 = (value: number | bigint): number[] => {
  const bits = BigInt.asUintN(64, BigInt(value));
  return [...u32(Number(bits & 0xffff_ffffn)), ...u32(Number(bits >> 32n))];
};

export const uleb = (value: number): number[] => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...uleb(Math.floor(value / 0x80))]);
export const sleb = (value: number): number[] =>
  value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...sleb(Math.floor(value / 0x80))];
export const text = (value: string): number[] => [...Buffer.from(`${value}\0`, 'utf8')];

/** A length before what it counts, as at the head of units and tables. */
export const counted = (bytes: readonly number[]): number[] => [...u32(bytes.length), ...bytes];

/** `.debug_abbrev` of one table: rows of code, tag, children and pairs of attribute and form. */
export const abbreviations = (...rows: readonly (readonly [number, number, boolean, ...number[]])[]): number[] => [
  ...rows.flatMap(([code, tag, children, ...pairs]) => [...uleb(code), ...uleb(tag), children ? 1 : 0, ...pairs.flatMap(uleb), 0, 0]),
  0,
];

/** A compilation unit of version 5 (8-byte addresses, abbreviations at 0) around its entries. */
export const unit5 = (entries: readonly number[]): number[] => counted([...u16(5), 1, 8, ...u32(0), ...entries]);

/** Of version 4. */
export const unit4 = (entries: readonly number[]): number[] => counted([...u16(4), ...u32(0), 8, ...entries]);
