/**
 * What stdio still keeps to itself: the bytes in a stream's buffer that no write(2) has taken yet. fork copies them, and
 * then parent and child each write them. The layout is glibc's struct _IO_FILE (bits/types/struct_FILE.h), stable since 2.0.
 */
import type { Address } from '../common/addresses.js';
import type { MemoryReader } from '../common/memory.js';

/** _IO_MAGIC in the upper half of _flags. */
const magic = 0xfbad;
const writeBase = 32;
const writePointer = 40;
const longestText = 40;

export interface PendingOutput {
  readonly bytes: number;
  /** The beginning, as text. */
  readonly text: string;
}

/** `stream`: the value of `stdout` or any other FILE pointer. Undefined: nothing is pending, or this is no stream of glibc's. */
export const pendingOutput = (memory: MemoryReader, stream: Address): PendingOutput | undefined => {
  try {
    const file = memory.read(stream, writePointer + 8);
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    if (view.getUint32(0, true) >>> 16 !== magic) return undefined;
    const base = view.getBigUint64(writeBase, true);
    const bytes = Number(view.getBigUint64(writePointer, true) - base);
    if (bytes <= 0 || bytes > 1 << 30) return undefined;
    const text = new TextDecoder().decode(memory.read(base, Math.min(bytes, longestText)));
    return { bytes, text };
  } catch {
    return undefined;
  }
};
