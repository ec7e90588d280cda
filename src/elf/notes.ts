/** Notes: PT_NOTE segments and SHT_NOTE sections (System V ABI, chapter 5, "Note Section"; core(5)). */
import { Reader, decodeText } from '../common/reader.js';

export interface Note {
  /** The owner: `GNU`, `CORE`, `LINUX`. */
  readonly owner: string;
  readonly type: number;
  readonly data: Uint8Array;
}

export const NT_GNU_BUILD_ID = 3;

/** More than any core file of a program with many threads has. */
const MAX_NOTES = 1 << 20;

/**
 * The notes in these bytes, in order. Names and data are padded to 4 bytes, to 8 when the segment is aligned so (only
 * .note.gnu.property is). A damaged note ends the list: where the next begins is not known.
 */
export function* readNotes(bytes: Uint8Array, align: number): Generator<Note, void, undefined> {
  const reader = new Reader(bytes, 'notes');
  const padding = align === 8 ? 8 : 4;
  for (let count = 0; count < MAX_NOTES && reader.remaining >= 12; count++) {
    const nameSize = reader.u32();
    const dataSize = reader.u32();
    const type = reader.u32();
    if (nameSize > reader.remaining) return;
    const name = reader.slice(nameSize);
    reader.align(padding);
    if (dataSize > reader.remaining) return;
    const data = reader.slice(dataSize);
    reader.align(padding);
    yield { owner: decodeText(name, 0, Math.max(0, name.indexOf(0))), type, data };
  }
}
