/** .debug_aranges (DWARF 5, 6.1.2): which unit has the code at an address, without reading any unit. */
import { Reader } from '../common/reader.js';
import type { DwarfFile } from './file.js';

/** In columns, because big programs have a hundred thousand rows. */
export interface Aranges {
  readonly count: number;
  readonly lows: Float64Array;
  /** First addresses behind. */
  readonly highs: Float64Array;
  /** Of the units, in .debug_info. */
  readonly unitOffsets: Float64Array;
}

interface Columns extends Aranges {
  count: number;
}

/** Code that the linker dropped (address 0) is left out; so are sets that are damaged, with a warning. */
export const readAranges = (file: DwarfFile): Aranges => {
  const bytes = file.section('aranges');
  const most = Math.floor(bytes.length / 16);
  const columns = { count: 0, lows: new Float64Array(most), highs: new Float64Array(most), unitOffsets: new Float64Array(most) };
  const reader = new Reader(bytes, '.debug_aranges');
  try {
    while (reader.remaining > 0) readSet(reader, columns);
  } catch (error) {
    file.warn(error);
  }
  return columns;
};

const readSet = (reader: Reader, into: Columns): void => {
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
    if (low <= 0 || size <= 0) continue;
    into.lows[into.count] = low;
    into.highs[into.count] = Math.min(low + size, Number.MAX_SAFE_INTEGER);
    into.unitOffsets[into.count++] = unitOffset;
  }
};
