/** Searching sections for bytes, at the speed of memory. */

export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A section offset as it stands in 32-bit (4) or 64-bit (8) DWARF. */
export const littleEndian = (value: number, size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(value % 2 ** 32, 0);
  if (size === 8) bytes.writeUInt32LE(Math.floor(value / 2 ** 32), 4);
  return bytes;
};

/** Where `text` stands; undefined when in more than `limit` places. */
export const positionsOf = (bytes: Buffer, text: Buffer, limit: number): number[] | undefined => {
  const result: number[] = [];
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    result.push(at);
    if (result.length > limit) return undefined;
  }
  return result;
};
