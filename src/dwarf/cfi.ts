/**
 * Call-frame information of one file: from an address to the row of its table (DWARF 5, 6.4). .eh_frame comes first
 * (its table in .eh_frame_hdr is searched by bisection; LSB, 10.6.2), then .debug_frame, both without a table through a
 * sorted list that is made when first needed.
 */
import { DeetError } from '../common/errors.js';
import { Reader } from '../common/reader.js';
import type { CallFrameSource } from './location.js';
import { FrameEntries, readEncoded, type FrameEntry } from './cfi-entries.js';
import { rowAt, type Row } from './cfi-program.js';

export type { RegisterRule, Row } from './cfi-program.js';

/** Last index whose value is at most `wanted`, -1 when none is. */
const bisect = (count: number, valueAt: (index: number) => number, wanted: number): number => {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueAt(middle) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

type Finder = (address: number) => FrameEntry | undefined;

/** Damaged entries are as good as absent. */
const orAbsent = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
};

/** DW_EH_PE_datarel | DW_EH_PE_sdata4, the only form that linkers write: entries of fixed size can be bisected. */
const TABLE_ENCODING = 0x3b;

/** A finder over the table of .eh_frame_hdr; undefined when there is none that can be searched. */
const headerFinder = (source: CallFrameSource, entries: FrameEntries): Finder | undefined => {
  const header = source.ehFrameHeader;
  if (header === undefined) return undefined;
  return orAbsent(() => {
    const reader = new Reader(header.bytes, '.eh_frame_hdr');
    const bases = { address: header.address, textAddress: source.textAddress, gotAddress: header.address };
    const [version, pointerEncoding, countEncoding, tableEncoding] = [reader.u8(), reader.u8(), reader.u8(), reader.u8()];
    if (version !== 1 || tableEncoding !== TABLE_ENCODING) return undefined;
    readEncoded(reader, pointerEncoding, bases);
    const count = readEncoded(reader, countEncoding, bases);
    const start = reader.offset;
    if (!(count > 0 && count * 8 <= reader.remaining)) return undefined;
    const table = new DataView(header.bytes.buffer, header.bytes.byteOffset, header.bytes.byteLength);
    const field = (index: number, at: number): number => header.address + table.getInt32(start + index * 8 + at, true);
    return (address) => {
      const index = bisect(count, (i) => field(i, 0), address);
      if (index < 0) return undefined;
      const entry = orAbsent(() => entries.frameAt(field(index, 4) - entries.section.address));
      return entry !== undefined && entry.low <= address && address < entry.high ? entry : undefined;
    };
  });
};

/** A finder that reads the whole section once, when first called. */
const scanFinder = (entries: FrameEntries): Finder => {
  let index: { lows: Float64Array; highs: Float64Array; offsets: Float64Array } | undefined;
  const build = (): NonNullable<typeof index> => {
    const all: { low: number; high: number; offset: number }[] = [];
    for (const { low, high, offset } of entries.frames()) if (high > low) all.push({ low, high, offset });
    all.sort((a, b) => a.low - b.low);
    return {
      lows: Float64Array.from(all, ({ low }) => low),
      highs: Float64Array.from(all, ({ high }) => high),
      offsets: Float64Array.from(all, ({ offset }) => offset),
    };
  };
  return (address) => {
    const { lows, highs, offsets } = (index ??= build());
    const at = bisect(lows.length, (i) => lows[i] ?? 0, address);
    return at >= 0 && address < (highs[at] ?? 0) ? orAbsent(() => entries.frameAt(offsets[at] ?? 0)) : undefined;
  };
};

/** The address of .eh_frame, as .eh_frame_hdr has it; undefined: not readable. */
export const pointedByHeader = (header: NonNullable<CallFrameSource['ehFrameHeader']>): number | undefined =>
  orAbsent(() => {
    const reader = new Reader(header.bytes, '.eh_frame_hdr', 1);
    const encoding = reader.u8();
    reader.skip(2);
    return readEncoded(reader, encoding, { address: header.address, textAddress: undefined, gotAddress: header.address });
  });

export class CallFrames {
  private readonly finders: readonly Finder[];

  constructor(source: CallFrameSource) {
    this.finders = FrameEntries.of(source).map((entries) => {
      const byHeader = entries.section.name === '.eh_frame' ? headerFinder(source, entries) : undefined;
      return byHeader ?? scanFinder(entries);
    });
  }

  /** The FDE whose range holds a file address. */
  entryAt(address: number): FrameEntry | undefined {
    for (const find of this.finders) {
      const entry = find(address);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  /** How to unwind from a file address; undefined when nothing (readable) describes it. */
  rowAt(address: number): Row | undefined {
    const entry = this.entryAt(address);
    return entry === undefined ? undefined : orAbsent(() => rowAt(entry, address));
  }
}
