/**
 * Ranges of addresses: .debug_rnglists (DWARF 5, 2.17.3 and 7.25), .debug_ranges (DWARF 4, 2.17.3), and the pair of
 * DW_AT_low_pc and DW_AT_high_pc.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { Reader } from '../common/reader.js';
import { At, Form, RangeEntry } from './constants.js';
import type { Die } from './die.js';
import type { Unit } from './unit.js';

export interface Range {
  readonly low: FileAddress;
  readonly high: FileAddress;
}

/** The addresses of an entry: scopes, functions, units. Empty ranges are left out; a damaged list ends at the damage, with a warning. */
export const rangesOf = (die: Die): readonly Range[] => {
  const low = die.address(At.low_pc);
  if (low !== undefined) {
    const form = die.form(At.high_pc);
    if (form !== undefined) {
      // DW_AT_high_pc is an address, or (class constant) the size.
      const high = form === Form.addr || isIndexed(form) ? die.address(At.high_pc) : low + (die.number(At.high_pc) ?? 0);
      return high !== undefined && high > low ? [{ low: fileAddress(low), high: fileAddress(high) }] : [];
    }
  }
  if (!die.has(At.ranges)) return [];
  const { unit } = die;
  const index = die.listIndex(At.ranges);
  const offset = index !== undefined ? rangeListOffset(unit, index) : die.number(At.ranges);
  if (offset === undefined) return [];
  // DWARF 4 split units: offsets count from the skeleton's DW_AT_GNU_ranges_base and lie in the program's own file.
  const result: Range[] = [];
  try {
    if (unit.version >= 5) readRanges5(unit, offset, result);
    else if (unit.skeleton) readRanges4(unit.skeleton, offset + (unit.skeleton.root.number(At.GNU_ranges_base) ?? 0), result);
    else readRanges4(unit, offset, result);
  } catch (error) {
    unit.file.warn(error);
  }
  return result;
};

const isIndexed = (form: number): boolean =>
  form === Form.addrx || form === Form.GNU_addr_index || (form >= Form.addrx1 && form <= Form.addrx4);

const rangeListOffset = (unit: Unit, index: number): number | undefined => {
  const header = unit.offsetSize === 8 ? 20 : 12;
  const base = unit.root.number(At.rnglists_base) ?? (unit.contributions?.ranges ?? 0) + header;
  const bytes = unit.file.section('rnglists');
  const at = base + index * unit.offsetSize;
  if (!(at + unit.offsetSize <= bytes.length)) return undefined;
  return base + new Reader(bytes, '.debug_rnglists', at).unsigned(unit.offsetSize);
};

/** .debug_ranges: pairs of offsets from the base address; (0, 0) ends, (-1, x) sets the base. */
const readRanges4 = (unit: Unit, offset: number, result: Range[]): void => {
  const reader = new Reader(unit.file.section('ranges'), '.debug_ranges', 0);
  reader.seek(offset);
  let base = unit.baseAddress;
  const maximum = unit.addressSize === 4 ? 0xffff_ffff : Number.MAX_SAFE_INTEGER;
  for (;;) {
    const low = unit.addressSize === 4 ? reader.u32() : reader.u64Clamped();
    const high = unit.addressSize === 4 ? reader.u32() : reader.u64Clamped();
    if (low === 0 && high === 0) return;
    if (low === maximum) base = high;
    else push(result, base + low, base + high);
  }
};

/** .debug_rnglists; the list ends with the section at the latest. */
const readRanges5 = (unit: Unit, offset: number, result: Range[]): void => {
  const reader = new Reader(unit.file.section('rnglists'), '.debug_rnglists', 0);
  reader.seek(offset);
  let base = unit.baseAddress;
  const address = (): number => (unit.addressSize === 4 ? reader.u32() : reader.u64Clamped());
  const indexed = (): number => unit.addressAt(reader.uleb()) ?? 0;
  for (;;) {
    switch (reader.u8()) {
      case RangeEntry.end_of_list:
        return;
      case RangeEntry.base_addressx:
        base = indexed();
        break;
      case RangeEntry.startx_endx: {
        const low = indexed();
        push(result, low, indexed());
        break;
      }
      case RangeEntry.startx_length: {
        const low = indexed();
        push(result, low, low + reader.uleb());
        break;
      }
      case RangeEntry.offset_pair: {
        const low = base + reader.uleb();
        push(result, low, base + reader.uleb());
        break;
      }
      case RangeEntry.base_address:
        base = address();
        break;
      case RangeEntry.start_end: {
        const low = address();
        push(result, low, address());
        break;
      }
      case RangeEntry.start_length: {
        const low = address();
        push(result, low, low + reader.uleb());
        break;
      }
      default:
        reader.fail('unknown kind of range', reader.offset - 1);
    }
  }
};

const push = (into: Range[], low: number, high: number): void => {
  if (high > low) into.push({ low: fileAddress(low), high: fileAddress(high) });
};
