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

/** More patterns than this fit into the table of AnyOf. */
const MAX_PATTERNS = 60_000;

/** Some patterns of two bytes or more, any of which is looked for in one pass. */
export class AnyOf {
  /**
   * A pair of bytes that no pattern begins with, which is nearly every pair, is passed over by one look at this table: the
   * number of a list of patterns, 0 for none.
   */
  private readonly begins = new Uint16Array(0x1_0000);
  private readonly lists: Uint8Array[][] = [[]];

  constructor(patterns: readonly Uint8Array[]) {
    for (const pattern of patterns.slice(0, MAX_PATTERNS)) {
      const pair = pattern[0] | (pattern[1] << 8);
      if (this.begins[pair] === 0) this.begins[pair] = this.lists.push([]) - 1;
      this.lists[this.begins[pair]].push(pattern);
    }
  }

  /** Whether one of them stands in bytes [from, end), which may lie behind the last one where the file is damaged. */
  standsIn(bytes: Uint8Array, from: number, end: number): boolean {
    if (!(from < bytes.length)) return false;
    for (let at = this.nextPair(bytes, from, end); at >= 0; at = this.nextPair(bytes, at + 1, end)) {
      const list = this.lists[this.begins[bytes[at] | (bytes[at + 1] << 8)]];
      if (list.some((pattern) => at + pattern.length <= end && standsAt(bytes, at, pattern))) return true;
    }
    return false;
  }

  /** The next position whose pair of bytes begins a pattern; -1: none. All in small integers, which is what makes it fast. */
  private nextPair(bytes: Uint8Array, from: number, end: number): number {
    const { begins } = this;
    const last = (Math.min(end, bytes.length) - 1) | 0;
    let low = bytes[from] | 0;
    for (let position = from | 0; position < last; position = (position + 1) | 0) {
      const high = bytes[position + 1];
      if (begins[low | (high << 8)] !== 0) return position;
      low = high;
    }
    return -1;
  }
}

/** Of a pattern whose first two bytes are known to stand there. */
const standsAt = (bytes: Uint8Array, at: number, pattern: Uint8Array): boolean => {
  for (let i = 2; i < pattern.length; i++) if (bytes[at + i] !== pattern[i]) return false;
  return true;
};
