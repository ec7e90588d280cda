/**
 * The part of a core file that describes it: ELF header, program headers and notes, in a few pages even when the memory behind them takes more than a
 * JavaScript buffer can. Everything else is read where it lies, when it is asked for.
 */
import { PN_XNUM, PT } from './constants.js';

/** A file that is read piecewise. */
export interface FileBytes {
  readonly size: number;
  /** As many bytes as there are from an offset; perhaps none. */
  readAt(offset: number, into: Uint8Array): number;
}

export const bytesAsFile = (bytes: Uint8Array): FileBytes => ({
  size: bytes.length,
  readAt: (offset, into) => {
    const piece = bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + into.length, bytes.length));
    into.set(piece);
    return piece.length;
  },
});

const headerSize = 64;
const programHeaderSize = 56;
const sectionHeaderSize = 64;
/** Notes of tens of thousands of threads fit. */
const largestHead = 256 * 1024 * 1024;

const field = (bytes: DataView, at: number): number => bytes.getUint32(at, true) + bytes.getUint32(at + 4, true) * 2 ** 32;

const piece = (file: FileBytes, offset: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, file.size - offset)));
  return bytes.subarray(0, file.readAt(offset, bytes));
};

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * The file's beginning up to the end of its last note, as an ELF file of its own. Sections are left out: in a core file they say nothing that segments do not,
 * save the first one, which has the number of segments when that needs more than 16 bits (PN_XNUM).
 */
export const coreHead = (file: FileBytes): Uint8Array => {
  const start = piece(file, 0, headerSize);
  if (start.length < headerSize) return start;
  const header = viewOf(start);
  const [programsAt, sectionsAt] = [field(header, 32), field(header, 40)];
  const shortCount = header.getUint16(56, true);
  const first = shortCount === PN_XNUM ? piece(file, sectionsAt, sectionHeaderSize) : new Uint8Array();
  const extended = first.length === sectionHeaderSize;
  const count = extended ? viewOf(first).getUint32(44, true) : shortCount;
  const programsEnd = Math.min(programsAt + count * programHeaderSize, largestHead);
  const programs = viewOf(piece(file, programsAt, programsEnd - programsAt));
  let end = Math.max(headerSize, programsEnd);
  for (let at = 0; at + programHeaderSize <= programs.byteLength; at += programHeaderSize)
    if (programs.getUint32(at, true) === PT.NOTE) end = Math.max(end, field(programs, at + 8) + field(programs, at + 32));
  const length = Math.min(end, largestHead, file.size);
  const head = new Uint8Array(length + first.length);
  const got = file.readAt(0, head.subarray(0, length));
  head.set(first, got);
  const view = viewOf(head);
  view.setBigUint64(40, extended ? BigInt(got) : 0n, true);
  view.setUint16(60, extended ? 1 : 0, true);
  view.setUint16(62, 0, true);
  return head.subarray(0, got + first.length);
};
