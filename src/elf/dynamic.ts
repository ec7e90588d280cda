/**
 * The dynamic linker's view of a file: PT_DYNAMIC (System V ABI, chapter 5, "Dynamic Section"). It needs no section
 * headers, so files whose headers were stripped away still show their dynamic symbols.
 */
import { Reader } from '../common/reader.js';
import { DT, PT } from './constants.js';
import type { ElfFile } from './file.js';

const MAX_ENTRIES = 4096;
const SYMBOL_SIZE = 24;

export class Dynamic {
  constructor(
    private readonly file: ElfFile,
    private readonly entries: readonly { readonly tag: number; readonly value: number }[],
  ) {}

  /** The value of the first entry with this DT_ tag. */
  value(tag: number): number | undefined {
    return this.entries.find((entry) => entry.tag === tag)?.value;
  }

  /** Bytes that an address entry points to, up to the end of its segment or `size`. */
  bytes(tag: number, size?: number): Uint8Array | undefined {
    const address = this.value(tag);
    const rest = address === undefined ? undefined : this.file.bytesFrom(address);
    return size === undefined ? rest : rest?.subarray(0, size);
  }

  get strings(): Uint8Array | undefined {
    return this.bytes(DT.STRTAB, this.value(DT.STRSZ));
  }

  private string(offset: number): string | undefined {
    const strings = this.strings;
    return strings && offset < strings.length ? new Reader(strings, 'DT_STRTAB', offset).cstring() : undefined;
  }

  /** DT_NEEDED: the libraries it wants, as named. */
  get needed(): readonly string[] {
    return this.entries
      .filter((entry) => entry.tag === DT.NEEDED)
      .map((entry) => this.string(entry.value))
      .filter((name) => name !== undefined);
  }

  get soname(): string | undefined {
    const offset = this.value(DT.SONAME);
    return offset === undefined ? undefined : this.string(offset);
  }

  /**
   * The number of dynamic symbols, which the dynamic section does not say: DT_HASH has it; DT_GNU_HASH ends with the last symbol
   * of the last chain, but covers only exported ones, so `least` (from relocations) may be more; without both, the string
   * table commonly follows.
   */
  symbolCount(least: number): number {
    const table = this.bytes(DT.SYMTAB);
    const room = Math.floor((table?.length ?? 0) / SYMBOL_SIZE);
    const hashed = this.sysvHashCount() ?? this.gnuHashCount();
    const [symtab, strtab] = [this.value(DT.SYMTAB), this.value(DT.STRTAB)];
    const guess = symtab !== undefined && strtab !== undefined && strtab > symtab ? Math.floor((strtab - symtab) / SYMBOL_SIZE) : 0;
    return Math.min(room, Math.max(hashed ?? guess, least));
  }

  /** DT_HASH: nbucket, nchain; there is one chain entry per symbol. */
  private sysvHashCount(): number | undefined {
    const bytes = this.bytes(DT.HASH, 8);
    return bytes?.length === 8 ? new Reader(bytes, 'DT_HASH', 4).u32() : undefined;
  }

  /** DT_GNU_HASH: nbuckets, symoffset, bloom size, bloom shift, bloom words (8 bytes), buckets, chains whose last hash is odd. */
  private gnuHashCount(): number | undefined {
    const bytes = this.bytes(DT.GNU_HASH);
    if (!bytes || bytes.length < 16) return undefined;
    const reader = new Reader(bytes, 'DT_GNU_HASH');
    const bucketCount = reader.u32();
    const first = reader.u32();
    const bloomWords = reader.u32();
    reader.skip(4);
    if (bloomWords * 8 + bucketCount * 4 > reader.remaining) return undefined;
    reader.skip(bloomWords * 8);
    let last = 0;
    for (let i = 0; i < bucketCount; i++) last = Math.max(last, reader.u32());
    if (last < first) return first;
    const chainAt = reader.offset + (last - first) * 4;
    if (chainAt > reader.end) return undefined;
    reader.seek(chainAt);
    while (reader.remaining >= 4 && (reader.u32() & 1) === 0) last++;
    return last + 1;
  }
}

/** @throws FormatError when the table is damaged; undefined: a static file. */
export const readDynamic = (file: ElfFile): Dynamic | undefined => {
  const segment = file.segments.find((s) => s.type === PT.DYNAMIC);
  if (!segment) return undefined;
  const reader = new Reader(file.segmentBytes(segment), 'PT_DYNAMIC');
  const entries: { tag: number; value: number }[] = [];
  while (entries.length < MAX_ENTRIES && reader.remaining >= 16) {
    const tag = reader.u64Clamped();
    const value = reader.u64Clamped();
    if (tag === DT.NULL) break;
    entries.push({ tag, value });
  }
  return entries.length > 0 ? new Dynamic(file, entries) : undefined;
};
