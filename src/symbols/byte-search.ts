/** Searching sections for bytes: several patterns in one pass, at about a nanosecond for each byte. */

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

/** More patterns than this fit into the table of searchAny. */
const MAX_PATTERNS = 60_000;

/**
 * Calls `hit` where any of the patterns stands (each of two bytes or more). It returns where to go on: at the earliest behind
 * the position it got.
 */
export const searchAny = (bytes: Uint8Array, patterns: readonly Uint8Array[], hit: (position: number) => number): void => {
  // A pair of bytes that no pattern begins with, which is nearly every pair, is passed over by one look at this table: the
  // number of a list of patterns, 0 for none.
  const begins = new Uint16Array(0x1_0000);
  const lists: Uint8Array[][] = [[]];
  for (const pattern of patterns.slice(0, MAX_PATTERNS)) {
    const pair = pattern[0] | (pattern[1] << 8);
    if (begins[pair] === 0) begins[pair] = lists.push([]) - 1;
    lists[begins[pair]].push(pattern);
  }
  for (let position = nextPair(bytes, begins, 0); position >= 0;) {
    const list = lists[begins[bytes[position] | (bytes[position + 1] << 8)]];
    const behind = standsAt(bytes, position, list) ? hit(position) : 0;
    position = behind < bytes.length ? nextPair(bytes, begins, Math.max(position + 1, behind)) : -1;
  }
};

/** The next position whose pair of bytes begins a pattern; -1: none. All in small integers, which is what makes it fast. */
const nextPair = (bytes: Uint8Array, begins: Uint16Array, from: number): number => {
  const end = (bytes.length - 1) | 0;
  let low = bytes[from] | 0;
  for (let position = from | 0; position < end; position = (position + 1) | 0) {
    const high = bytes[position + 1];
    if (begins[low | (high << 8)] !== 0) return position;
    low = high;
  }
  return -1;
};

const standsAt = (bytes: Uint8Array, at: number, patterns: readonly Uint8Array[]): boolean =>
  patterns.some((pattern) => {
    for (let i = 2; i < pattern.length; i++) if (bytes[at + i] !== pattern[i]) return false;
    return true;
  });
