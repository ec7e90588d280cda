/**
 * An ELF file as it lies in memory, put together again: for libraries whose file is gone, or has changed since. Only what the dynamic linker maps is there:
 * code, unwind tables and dynamic symbols, but no sections, no .symtab and no debug information.
 */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { DT, PT } from './constants.js';
import { parseElf, type ElfFile } from './file.js';

/** Reads as many bytes as there are from the start of a range. */
export type ReadAvailable = (address: Address, into: Uint8Array) => number;

/** The file header and all that is near it: program headers, and nearly always the build-id. */
const beginning = 64 * 1024;
const pageSize = 4096;
/** A larger file in memory is damage, or not worth the copy. */
const largest = 1 << 30;

const tagsOfAddresses: ReadonlySet<number> = new Set([
  DT.HASH, DT.STRTAB, DT.SYMTAB, DT.RELA, DT.JMPREL, DT.GNU_HASH, DT.VERSYM, DT.VERDEF, DT.VERNEED,
]); // prettier-ignore

/** What the first pages of a mapped file say of it; undefined: they are not there, or no ELF file's. */
export const memoryHeader = (read: ReadAvailable, start: Address, name: string): ElfFile | undefined => {
  const bytes = new Uint8Array(beginning);
  const got = read(start, bytes);
  if (got < 64) return undefined;
  try {
    return parseElf(bytes.slice(0, got), name);
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
};

/** The file's bytes from memory; undefined when nothing but its beginning is there. */
export const rebuiltFile = (read: ReadAvailable, start: Address, name: string): Uint8Array | undefined => {
  const header = memoryHeader(read, start, name);
  const [first] = header?.loads ?? [];
  if (!header || !first) return undefined;
  const bias = start - BigInt(first.address - (first.address % pageSize));
  const size = header.loads.reduce((end, { offset, fileSize }) => Math.max(end, offset + fileSize), 0);
  if (!(size > 0 && size <= largest)) return undefined;
  const bytes = new Uint8Array(size);
  let pieces = 0;
  for (const { offset, address, fileSize } of header.loads)
    if (read(BigInt(address) + bias, bytes.subarray(offset, offset + fileSize)) > pageSize || header.loads.length === 1) pieces++;
  if (pieces === 0) return undefined;
  const view = new DataView(bytes.buffer);
  // No section headers: they are never mapped.
  view.setBigUint64(40, 0n, true);
  view.setUint16(60, 0, true);
  view.setUint16(62, 0, true);
  unrelocate(view, header, bias);
  return bytes;
};

/** The dynamic linker adds the bias to addresses in PT_DYNAMIC; a file has them without. */
const unrelocate = (view: DataView, header: ElfFile, bias: bigint): void => {
  if (bias === 0n) return;
  const low = BigInt(header.span.low) + bias;
  const high = BigInt(header.span.high) + bias;
  for (const { offset, fileSize } of header.segments.filter(({ type }) => type === PT.DYNAMIC))
    for (let at = offset; at + 16 <= Math.min(offset + fileSize, view.byteLength); at += 16) {
      const value = view.getBigUint64(at + 8, true);
      if (tagsOfAddresses.has(Number(view.getBigUint64(at, true))) && value >= low && value < high)
        view.setBigUint64(at + 8, value - bias, true);
    }
};
