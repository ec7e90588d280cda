/** Where an object's bytes are: memory, a register, several pieces, a computed value, or nowhere (optimized out). */
import { hex, u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { MemoryReader, MemoryWriter } from '../common/memory.js';

export type Memory = MemoryReader & MemoryWriter;

export interface Place {
  readonly kind: 'memory' | 'register' | 'pieces' | 'value' | 'variable' | 'missing';
  /** Of offset 0; memory only. */
  readonly address?: Address;
  /** Register places: the name to show (`rax`). */
  readonly register?: string;
  /** @throws DeetError `memory`, `optimized-out`, `register` */
  read(offset: number, length: number): Uint8Array;
  /** @throws DeetError, `not-lvalue` where nothing can be written */
  write(offset: number, bytes: Uint8Array): void;
}

/** What one value may occupy in our memory: beyond, only parts of it are read. */
export const MAX_VALUE_SIZE = 64 * 1024 * 1024;

/** Zeros for a value. @throws DeetError `too-big` */
export function allocate(size: number): Uint8Array {
  if (size <= MAX_VALUE_SIZE) return new Uint8Array(size);
  throw new DeetError(
    'too-big',
    `value requires ${size} bytes, which is more than ${MAX_VALUE_SIZE}.`,
    'Print a part of it: array[index]@count.',
  );
}

export const cannotAccess = (address: Address): DeetError => new DeetError('memory', `Cannot access memory at address ${hex(address)}`);

export class MemoryPlace implements Place {
  readonly kind = 'memory';
  readonly address: Address;

  constructor(
    readonly memory: Memory,
    address: Address,
  ) {
    this.address = u64(address);
  }

  read(offset: number, length: number): Uint8Array {
    return length === 0 ? new Uint8Array(0) : this.memory.read(u64(this.address + BigInt(offset)), length);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.memory.write(u64(this.address + BigInt(offset)), bytes);
  }
}

/** A window of memory that was read at once; writes go through. */
export class FetchedPlace implements Place {
  readonly kind: Place['kind'];
  readonly address?: Address;
  readonly register?: string;

  constructor(
    private readonly behind: Place,
    private readonly start: number,
    private readonly bytes: Uint8Array,
  ) {
    this.kind = behind.kind;
    if (behind.address !== undefined) this.address = behind.address;
    if (behind.register !== undefined) this.register = behind.register;
  }

  read(offset: number, length: number): Uint8Array {
    const at = offset - this.start;
    return at >= 0 && at + length <= this.bytes.length ? this.bytes.subarray(at, at + length) : this.behind.read(offset, length);
  }

  write(offset: number, bytes: Uint8Array): void {
    this.behind.write(offset, bytes);
    const at = offset - this.start;
    for (let i = 0; i < bytes.length; i++) if (at + i >= 0 && at + i < this.bytes.length) this.bytes[at + i] = bytes[i] ?? 0;
  }
}

/** The result of a computation: it has a value and no place. */
export class ComputedPlace implements Place {
  readonly kind = 'value';
  constructor(readonly bytes: Uint8Array) {}

  read(offset: number, length: number): Uint8Array {
    if (offset >= 0 && offset + length <= this.bytes.length) return this.bytes.subarray(offset, offset + length);
    const padded = allocate(length);
    if (offset >= 0) padded.set(this.bytes.subarray(offset, offset + length));
    return padded;
  }

  write(): void {
    throw new DeetError('not-lvalue', 'Left operand of assignment is not an lvalue.');
  }
}

/** A type without an object, for `sizeof` and `whatis`: reads as zeros, whatever is asked. */
export class AbstractPlace implements Place {
  readonly kind = 'memory';
  readonly address = 0n;

  read(_offset: number, length: number): Uint8Array {
    return allocate(length);
  }

  write(): void {
    // Types are all that is wanted: no side effects.
  }
}

/** An object that the compiler left nowhere, or whose location cannot be computed; the reason says which. */
export class MissingPlace implements Place {
  readonly kind = 'missing';
  constructor(
    readonly reason: string,
    readonly code: 'optimized-out' | 'memory' | 'register' | 'synthetic-pointer' = 'optimized-out',
  ) {}

  read(): Uint8Array {
    throw new DeetError(
      this.code,
      this.code === 'optimized-out'
        ? this.reason === 'optimized out'
          ? 'value has been optimized out'
          : `value has been optimized out (${this.reason})`
        : this.reason,
    );
  }

  write(): void {
    throw new DeetError(this.code, `Cannot assign: ${this.reason}.`);
  }
}

/** A pointer to an object that has no address, but perhaps a value (DWARF 5, 2.6.1.1.4). */
export class SyntheticPointerPlace extends MissingPlace {
  /** @param object where an object of so many bytes is that it points to */
  constructor(
    readonly object: (size: number) => Place,
    /** Within that. */
    readonly offset: number,
  ) {
    super('<synthetic pointer>', 'synthetic-pointer');
  }
}

/** One register of a frame, or the part of it that a narrower name means. */
export class RegisterPlace implements Place {
  readonly kind = 'register';

  constructor(
    readonly register: string,
    private readonly get: () => Uint8Array | undefined,
    private readonly set: (bytes: Uint8Array) => void,
    /** `ah` begins at byte 1 of rax. */
    private readonly start = 0,
  ) {}

  read(offset: number, length: number): Uint8Array {
    const bytes = this.get();
    if (!bytes) throw new DeetError('register', `Register ${this.register} is not available in this frame.`);
    const part = allocate(length);
    part.set(bytes.subarray(this.start + offset, this.start + offset + length));
    return part;
  }

  write(offset: number, bytes: Uint8Array): void {
    const whole = this.get();
    if (!whole) throw new DeetError('register', `Register ${this.register} is not available in this frame.`);
    const copy = Uint8Array.from(whole);
    copy.set(bytes.subarray(0, Math.max(0, copy.length - this.start - offset)), this.start + offset);
    this.set(copy);
  }
}

/**
 * A number that the program keeps with its highest byte first, as one that has its lowest first; a bit-field's bits, which count from the highest bit of each
 * byte there, too.
 */
export class BigEndianPlace implements Place {
  readonly kind: Place['kind'];
  readonly address?: Address;

  constructor(
    private readonly behind: Place,
    /** In bytes, where the number begins. */
    private readonly start: number,
    private readonly size: number,
    private readonly bits?: { readonly offset: number; readonly size: number },
  ) {
    this.kind = behind.kind;
    if (behind.address !== undefined) this.address = u64(behind.address + BigInt(start));
  }

  get #length(): number {
    return this.bits ? (this.bits.offset + this.bits.size + 7) >> 3 : this.size;
  }

  /** Bits behind a bit-field's last in its last byte. */
  get #behindLast(): number {
    return this.bits ? this.#length * 8 - this.bits.offset - this.bits.size : 0;
  }

  read(offset: number, length: number): Uint8Array {
    const raw = Uint8Array.from(this.behind.read(this.start, this.#length)).reverse();
    const number = allocate(this.size);
    copyBits(number, 0, raw, this.#behindLast, this.bits?.size ?? this.size * 8);
    return number.subarray(offset, offset + length);
  }

  write(offset: number, bytes: Uint8Array): void {
    const number = Uint8Array.from(this.read(0, this.size));
    number.set(bytes, offset);
    const raw = Uint8Array.from(this.behind.read(this.start, this.#length)).reverse();
    copyBits(raw, this.#behindLast, number, 0, this.bits?.size ?? this.size * 8);
    this.behind.write(this.start, raw.reverse());
  }
}

/** A part of an object (DW_OP_piece): bits, in the order of the object. */
export interface PlacePiece {
  readonly bits: number;
  /** Where its bits begin in `place`, in bits from the lowest. */
  readonly bitOffset: number;
  readonly place: Place;
}

export class PiecesPlace implements Place {
  readonly kind = 'pieces';
  constructor(readonly pieces: readonly PlacePiece[]) {}

  read(offset: number, length: number): Uint8Array {
    return this.readBits(offset * 8, length * 8);
  }

  /** Bits of the object, from bit 0 of the result on: what lies beside a bit-field may be nowhere. @throws DeetError as `read` */
  readBits(first: number, count: number): Uint8Array {
    const result = allocate((count + 7) >> 3);
    this.#visit(first, count, (piece, from, to, bits) =>
      copyBits(result, to, piece.place.read(from >> 3, ((from & 7) + bits + 7) >> 3), from & 7, bits),
    );
    return result;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#visit(offset * 8, bytes.length * 8, (piece, from, to, count) => {
      const old = Uint8Array.from(piece.place.read(from >> 3, ((from & 7) + count + 7) >> 3));
      copyBits(old, from & 7, bytes, to, count);
      piece.place.write(from >> 3, old);
    });
  }

  /** Calls back for each piece in the range: bit in the piece's place, bit in the range, number of bits. */
  #visit(first: number, size: number, each: (piece: PlacePiece, from: number, to: number, count: number) => void): void {
    const last = first + size;
    let position = 0;
    for (const piece of this.pieces) {
      const from = Math.max(first, position);
      const to = Math.min(last, position + piece.bits);
      if (from < to) each(piece, piece.bitOffset + from - position, from - first, to - from);
      position += piece.bits;
    }
    if (position < last) throw new DeetError('optimized-out', 'value has been optimized out (no piece describes this part)');
  }
}

/** Copies bits, numbered from bit 0 of byte 0. */
export function copyBits(to: Uint8Array, toBit: number, from: Uint8Array, fromBit: number, count: number): void {
  if (((toBit | fromBit | count) & 7) === 0) {
    to.set(from.subarray(fromBit >> 3, (fromBit + count) >> 3), toBit >> 3);
    return;
  }
  for (let i = 0; i < count; i++) {
    const bit = ((from[(fromBit + i) >> 3] ?? 0) >> ((fromBit + i) & 7)) & 1;
    const index = (toBit + i) >> 3;
    const shift = (toBit + i) & 7;
    to[index] = ((to[index] ?? 0) & ~(1 << shift)) | (bit << shift);
  }
}
