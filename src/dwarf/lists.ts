/**
 * Location lists: .debug_loclists (DWARF 5, 2.6.2 and 7.29), .debug_loc (DWARF 4, 2.6.2), and the split form that gcc
 * emits for DWARF 4 (.debug_loc.dwo, which looks like an early .debug_loclists).
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { Reader } from '../common/reader.js';
import { ListEntry } from './constants.js';
import type { Unit } from './unit.js';

export interface ListedExpression {
  readonly low: FileAddress;
  readonly high: FileAddress;
  readonly expression: Uint8Array;
  /** DW_LLE_default_location: holds wherever no other entry does. */
  readonly isDefault?: boolean;
}

/** Offset of a list by its number, DW_FORM_loclistx; undefined when the table has no such entry. */
export const locationListOffset = (unit: Unit, index: number): number | undefined => {
  const header = unit.offsetSize === 8 ? 20 : 12;
  const base = unit.root.number(0x8c /* DW_AT_loclists_base */) ?? (unit.contributions?.locations ?? 0) + header;
  const bytes = unit.file.section('loclists');
  const at = base + index * unit.offsetSize;
  if (!(at >= 0 && at + unit.offsetSize <= bytes.length)) return undefined;
  return base + new Reader(bytes, '.debug_loclists', at).unsigned(unit.offsetSize);
};

/** The entries of a list in its order; what stands before damage is returned, the damage reported as a warning. */
export const readLocationList = (unit: Unit, offset: number): readonly ListedExpression[] => {
  const result: ListedExpression[] = [];
  try {
    if (unit.version >= 5) readList5(unit, offset, result);
    else if (unit.skeleton) readListSplit4(unit, offset, result);
    else readList4(unit, offset, result);
  } catch (error) {
    unit.file.warn(error);
  }
  return result;
};

/**
 * The entry of a list that holds at an address. One that covers nothing (its first and last address are the same) is what gcc's views leave of
 * assignments without code; gdb takes it at a function's first instruction, before the rest of the list, and shows the value that is about to be.
 * @param atEntry the address is that of a function's first instruction
 */
export const entryAt = <Entry extends ListedExpression>(entries: readonly Entry[], at: number, atEntry: boolean): Entry | undefined =>
  entries.find(({ low, high, isDefault }) => isDefault !== true && ((low <= at && at < high) || (atEntry && low === high && low === at))) ??
  entries.find(({ isDefault }) => isDefault);

const push = (into: ListedExpression[], low: number, high: number, expression: Uint8Array): void => {
  if (high >= low) into.push({ low: fileAddress(low), high: fileAddress(high), expression });
};

const readList4 = (unit: Unit, offset: number, into: ListedExpression[]): void => {
  const reader = new Reader(unit.file.section('loc'), '.debug_loc', 0);
  reader.seek(offset);
  let base = unit.baseAddress;
  const four = unit.addressSize === 4;
  const maximum = four ? 0xffff_ffff : Number.MAX_SAFE_INTEGER;
  for (;;) {
    const low = four ? reader.u32() : reader.u64Clamped();
    const high = four ? reader.u32() : reader.u64Clamped();
    if (low === 0 && high === 0) return;
    if (low === maximum) base = high;
    else push(into, base + low, base + high, reader.slice(reader.u16()));
  }
};

const readListSplit4 = (unit: Unit, offset: number, into: ListedExpression[]): void => {
  const reader = new Reader(unit.file.section('loc'), '.debug_loc.dwo', 0);
  reader.seek(offset);
  let base = unit.baseAddress;
  for (;;) {
    const kind = reader.u8();
    if (kind === 0) return;
    if (kind === 1) {
      base = unit.addressAt(reader.uleb()) ?? 0;
      continue;
    }
    let low: number;
    let high: number;
    if (kind === 2) {
      low = unit.addressAt(reader.uleb()) ?? 0;
      high = unit.addressAt(reader.uleb()) ?? 0;
    } else if (kind === 3) {
      low = unit.addressAt(reader.uleb()) ?? 0;
      high = low + reader.u32();
    } else if (kind === 4) {
      low = base + reader.u32();
      high = base + reader.u32();
    } else return reader.fail(`location list entry of kind ${kind}`, reader.offset - 1);
    push(into, low, high, reader.slice(reader.u16()));
  }
};

const readList5 = (unit: Unit, offset: number, into: ListedExpression[]): void => {
  const reader = new Reader(unit.file.section('loclists'), '.debug_loclists', 0);
  reader.seek(offset);
  let base = unit.baseAddress;
  const address = (): number => (unit.addressSize === 4 ? reader.u32() : reader.u64Clamped());
  const indexed = (): number => unit.addressAt(reader.uleb()) ?? 0;
  const expression = (): Uint8Array => reader.slice(reader.uleb());
  for (;;) {
    const kind = reader.u8();
    let low: number;
    let high: number;
    switch (kind) {
      case ListEntry.end_of_list:
        return;
      case ListEntry.base_addressx:
        base = indexed();
        continue;
      case ListEntry.base_address:
        base = address();
        continue;
      case ListEntry.GNU_view_pair:
        reader.skipLeb();
        reader.skipLeb();
        continue;
      case ListEntry.default_location:
        into.push({ low: fileAddress(0), high: fileAddress(Number.MAX_SAFE_INTEGER), expression: expression(), isDefault: true });
        continue;
      case ListEntry.startx_endx:
        low = indexed();
        high = indexed();
        break;
      case ListEntry.startx_length:
        low = indexed();
        high = low + reader.uleb();
        break;
      case ListEntry.offset_pair:
        low = base + reader.uleb();
        high = base + reader.uleb();
        break;
      case ListEntry.start_end:
        low = address();
        high = address();
        break;
      case ListEntry.start_length:
        low = address();
        high = low + reader.uleb();
        break;
      default:
        return reader.fail(`location list entry of kind ${kind}`, reader.offset - 1);
    }
    push(into, low, high, expression());
  }
};
