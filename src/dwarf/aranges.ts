/** .debug_aranges (DWARF 5, 6.1.2): which unit has the code at an address, without reading any unit. */
import { Reader } from '../common/reader.js';
import type { DwarfFile } from './file.js';

export interface Arange {
  readonly low: number;
  readonly high: number;
  /** Of the unit, in .debug_info. */
  readonly unitOffset: number;
}

/** Code that the linker dropped (address 0) is left out; so are sets that are damaged, with a warning. */
export const readAranges = (file: DwarfFile): readonly Arange[] => {
  const result: Arange[] = [];
  const reader = new Reader(file.section('aranges'), '.debug_aranges');
  try {
    while (reader.remaining > 0) readSet(reader, result);
  } catch (error) {
    file.warn(error);
  }
  return result;
};

const readSet = (reader: Reader, into: Arange[]): void => {
  const start = reader.offset;
  let length = reader.u32();
  let offsetSize = 4;
  if (length === 0xffff_ffff) {
    length = reader.u64();
    offsetSize = 8;
  }
  const set = reader.part(length);
  const version = set.u16();
  const unitOffset = set.unsigned(offsetSize);
  const addressSize = set.u8();
  const segmentSize = set.u8();
  if (version !== 2 || addressSize !== 8 || segmentSize !== 0) return;
  // Pairs are aligned to their size, counted from the start of the set.
  set.skip((16 - ((set.offset - start) % 16)) % 16);
  while (set.remaining >= 16) {
    const low = set.u64Clamped();
    const size = set.u64Clamped();
    if (low > 0 && size > 0) into.push({ low, high: low + size, unitOffset });
  }
};
