/**
 * A cursor over little-endian bytes of a file: every parser of ELF and DWARF reads through it. Each read is checked
 * against the end of the range and fails as a FormatError that names the section and the offset in it, so that damaged
 * input can neither crash nor stall deet.
 *
 * JavaScript's numbers are exact to 2^53, which no honest offset, size or file address exceeds; so 64-bit fields come in
 * three forms: `u64` (an error above 2^53), `u64Clamped` (for fields whose tombstones such as 2^64-1 are normal, DWARF 5
 * note to 7.5) and `u64Big` (any bit pattern, for values).
 */
import { FormatError } from './errors.js';

/** LEB128 of a 64-bit value has at most ten bytes (DWARF 5, 7.6); longer ones are damage, not data. */
const MAX_LEB_BYTES = 10;

/** No name in a real file comes near; a string without an end must not become one of 200 MB. */
const MAX_STRING_BYTES = 1 << 20;

const TWO_32 = 0x1_0000_0000;

/** Text of bytes [start, end): UTF-8, damage as U+FFFD. Short ASCII, nearly all names, without leaving JavaScript. */
export const decodeText = (bytes: Uint8Array, start: number, end: number): string => {
  if (end - start <= 24) {
    let text = '';
    let i = start;
    for (; i < end; i++) {
      const byte = bytes[i];
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (i >= end) return text;
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
};

/** A position in bytes of one section. Offsets are always those of the section, also in a reader limited to a part of it. */
export class Reader {
  private readonly view: DataView;

  /**
   * @param bytes the whole section
   * @param section its name, for errors
   * @param offset where to begin
   * @param end first offset that must not be read
   * @throws FormatError when the range does not lie in the section
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly section: string,
    public offset = 0,
    readonly end = bytes.length,
    view?: DataView,
  ) {
    if (!(end <= bytes.length)) throw new FormatError(section, offset, `ends at 0x${end.toString(16)}, behind the section`);
    if (!(offset >= 0 && offset <= end)) throw new FormatError(section, offset, 'begins behind its end');
    this.view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  get atEnd(): boolean {
    return this.offset >= this.end;
  }

  /** @throws FormatError always: damage at the current offset, or at another. */
  fail(what: string, offset = this.offset): never {
    throw new FormatError(this.section, offset, what);
  }

  /** A second cursor on the same section, from `offset` up to `end` (default: this one's). */
  at(offset: number, end = this.end): Reader {
    return new Reader(this.bytes, this.section, offset, end, this.view);
  }

  seek(offset: number): void {
    if (!(offset >= 0 && offset <= this.end)) this.fail(`no such offset (the end is 0x${this.end.toString(16)})`, offset);
    this.offset = offset;
  }

  skip(count: number): void {
    this.take(count);
  }

  /** Moves over `count` bytes and returns where they begin. */
  private take(count: number): number {
    const start = this.offset;
    if (!(count >= 0 && count <= this.end - start)) this.fail(`wants ${count} bytes where ${this.end - start} are left`);
    this.offset = start + count;
    return start;
  }

  u8(): number {
    if (this.offset >= this.end) this.take(1);
    return this.bytes[this.offset++];
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  /** Three bytes: DW_FORM_strx3 and DW_FORM_addrx3. */
  u24(): number {
    const at = this.take(3);
    return this.view.getUint16(at, true) | (this.view.getUint8(at + 2) << 16);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** @throws FormatError above 2^53 - 1, which no real offset, size or file address reaches. */
  u64(): number {
    const at = this.take(8);
    const high = this.view.getUint32(at + 4, true);
    if (high >= 0x20_0000) this.fail('absurdly big 64-bit number', at);
    return high * TWO_32 + this.view.getUint32(at, true);
  }

  /** As `u64`, but what is above 2^53 - 1 becomes 2^53 - 1: for fields in which tombstones are normal. */
  u64Clamped(): number {
    const at = this.take(8);
    const high = this.view.getUint32(at + 4, true);
    return high >= 0x20_0000 ? Number.MAX_SAFE_INTEGER : high * TWO_32 + this.view.getUint32(at, true);
  }

  u64Big(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  i8(): number {
    return this.view.getInt8(this.take(1));
  }

  i16(): number {
    return this.view.getInt16(this.take(2), true);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  i64Big(): bigint {
    return this.view.getBigInt64(this.take(8), true);
  }

  /** An unsigned number of 1, 2, 3, 4 or 8 bytes (as `u64`). */
  unsigned(size: number): number {
    switch (size) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 3:
        return this.u24();
      case 4:
        return this.u32();
      case 8:
        return this.u64();
      default:
        return this.fail(`no number has ${size} bytes`);
    }
  }

  /** Unsigned LEB128 as a number. @throws FormatError above 2^53 - 1 or behind ten bytes. */
  uleb(): number {
    const start = this.offset;
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let result = byte & 0x7f;
    let scale = 0x80;
    for (let count = 1; count < MAX_LEB_BYTES; count++) {
      byte = this.u8();
      // Multiplication, not shifts: the value may need more than 32 bits. Padding bytes of 0x80 add nothing.
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (result > Number.MAX_SAFE_INTEGER) this.fail('absurdly big LEB128 number', start);
        return result;
      }
      scale *= 0x80;
    }
    return this.fail('LEB128 number without an end', start);
  }

  /** Signed LEB128 as a number. @throws FormatError beyond +-2^53 or behind ten bytes. */
  sleb(): number {
    const start = this.offset;
    const first = this.u8();
    if (first < 0x80) return first & 0x40 ? first - 0x80 : first;
    // Up to four bytes fit into a small integer: lines of big files have three.
    let small = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.u8();
      small |= (byte & 0x7f) << shift;
      if (byte < 0x80) return byte & 0x40 ? small - 2 ** (shift + 7) : small;
    }
    this.offset = start;
    const value = this.slebBig();
    const result = Number(value);
    if (!Number.isSafeInteger(result)) this.fail('absurdly big LEB128 number', start);
    return result;
  }

  /** Unsigned LEB128, wrapped to 64 bits. @throws FormatError behind ten bytes. */
  ulebBig(): bigint {
    return BigInt.asUintN(64, this.leb().value);
  }

  /** Signed LEB128, wrapped to 64 bits. @throws FormatError behind ten bytes. */
  slebBig(): bigint {
    const { value, bits, negative } = this.leb();
    return BigInt.asIntN(64, negative ? value - (1n << bits) : value);
  }

  private leb(): { value: bigint; bits: bigint; negative: boolean } {
    const start = this.offset;
    // Two halves of five bytes (35 bits): plain numbers inside, one bigint at the end.
    let low = 0;
    let high = 0;
    for (let count = 0; count < MAX_LEB_BYTES; count++) {
      const byte = this.u8();
      if (count < 5) low += (byte & 0x7f) * 2 ** (7 * count);
      else high += (byte & 0x7f) * 2 ** (7 * (count - 5));
      if (byte < 0x80) {
        const value = high === 0 ? BigInt(low) : (BigInt(high) << 35n) | BigInt(low);
        return { value, bits: BigInt(7 * (count + 1)), negative: (byte & 0x40) !== 0 };
      }
    }
    return this.fail('LEB128 number without an end', start);
  }

  /** Moves over a LEB128 number of any value. @throws FormatError behind ten bytes. */
  skipLeb(): void {
    const start = this.offset;
    for (let count = 0; count < MAX_LEB_BYTES; count++) if (this.u8() < 0x80) return;
    this.fail('LEB128 number without an end', start);
  }

  /** Text up to a zero byte, which is consumed. @throws FormatError when there is none within 1 MiB. */
  cstring(): string {
    const start = this.offset;
    this.skipCString();
    return decodeText(this.bytes, start, this.offset - 1);
  }

  skipCString(): void {
    const limit = Math.min(this.end, this.offset + MAX_STRING_BYTES);
    const bytes = this.bytes;
    let at = this.offset;
    while (at < limit && bytes[at] !== 0) at++;
    if (at >= limit) this.fail('string without an end');
    this.offset = at + 1;
  }

  /** The next bytes, not copied. */
  slice(count: number): Uint8Array {
    const start = this.take(count);
    return this.bytes.subarray(start, start + count);
  }

  /** A cursor over the next `count` bytes, which this one moves over. */
  part(count: number): Reader {
    const start = this.take(count);
    return this.at(start, start + count);
  }

  /** Moves up to a multiple of `alignment` (a power of two), counted from the start of the section; stops at the end. */
  align(alignment: number): void {
    this.offset = Math.min(this.end, Math.ceil(this.offset / alignment) * alignment);
  }
}
