/**
 * The indexes of a .dwp package, .debug_cu_index and .debug_tu_index (DWARF 5, 7.3.5.3; GNU's version 2 before): hash tables from
 * unit ids and type signatures to rows, each with the unit's part of every section.
 */
import { Reader } from '../common/reader.js';
import type { Contributions } from './unit.js';

export interface PackageRow extends Contributions {
  /** Type units of version 2 stand in .debug_types.dwo, all others in .debug_info.dwo. */
  readonly section: 'info' | 'types';
  /** Where the unit stands there, and its size. */
  readonly offset: number;
  readonly size: number;
}

export type PackageIndex = ReadonlyMap<bigint, PackageRow>;

/** Section numbers DW_SECT_*: those that versions 2 and 5 share, and those that differ. */
const Section = { info: 1, types: 2, abbrev: 3, line: 4, locations: 5, strOffsets: 6 } as const;
const macroSection = (version: number): number => (version === 2 ? 8 : 7);
const RANGES_5 = 8;

/** Damage ends the index; the rows before it stay. */
export const readPackageIndex = (bytes: Uint8Array): PackageIndex => {
  const result = new Map<bigint, PackageRow>();
  const reader = new Reader(bytes, '.debug_cu_index');
  try {
    // Version 5 has a 2-byte version and 2 bytes of padding; version 2 has 4 bytes. Little-endian, both read alike.
    const version = reader.u32();
    const columns = reader.u32();
    const units = reader.u32();
    const slots = reader.u32();
    if ((version !== 2 && version !== 5) || columns > 16 || slots * 12 > reader.remaining) return result;
    const signatures = reader.part(slots * 8);
    const rows = reader.part(slots * 4);
    const ids: number[] = [];
    for (let i = 0; i < columns; i++) ids.push(reader.u32());
    const section = ids.includes(Section.info) ? 'info' : 'types';
    const offsets = reader.part(units * columns * 4);
    const sizes = reader.part(units * columns * 4);
    for (let slot = 0; slot < slots; slot++) {
      const signature = signatures.u64Big();
      const row = rows.u32();
      if (row === 0 || row > units) continue;
      const cell = (from: Reader, id: number): number => {
        const column = ids.indexOf(id);
        return column < 0 ? 0 : from.at(from.end - (units - row + 1) * columns * 4 + column * 4).u32();
      };
      result.set(signature, {
        section,
        offset: cell(offsets, Section[section]),
        size: cell(sizes, Section[section]),
        abbreviations: cell(offsets, Section.abbrev),
        line: cell(offsets, Section.line),
        locations: cell(offsets, Section.locations),
        strOffsets: cell(offsets, Section.strOffsets),
        macro: cell(offsets, macroSection(version)),
        ranges: version === 5 ? cell(offsets, RANGES_5) : 0,
      });
    }
  } catch {
    // What stands before the damage is usable.
  }
  return result;
};
