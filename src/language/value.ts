/** A typed object of the program or of a computation. Its bytes are read when first needed; parts can be taken without. */
import { u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { ArrayType, CType, Member } from '../symbols/types.js';
import {
  AbstractPlace,
  allocate,
  BigEndianPlace,
  ComputedPlace,
  copyBits,
  FetchedPlace,
  MAX_VALUE_SIZE,
  MemoryPlace,
  PiecesPlace,
  type Memory,
  type Place,
} from './place.js';
import { decodeDecimal, type Decimal } from './decimals.js';
import {
  BINARY128,
  BINARY16,
  BINARY32,
  BINARY64,
  BFLOAT16,
  X87,
  decodeFloat,
  encodeFloat,
  fromInteger,
  type Float,
  type FloatFormat,
} from './floats.js';
import { asDecimal, asFloat, asInteger, isBigEndian, isSigned, littleEndian, requireSize, sizeOf, strip } from './types.js';

export interface BitRange {
  /** From bit 0 of the byte at the value's offset. */
  readonly offset: number;
  readonly size: number;
}

export class Value {
  #bytes: Uint8Array | undefined;

  constructor(
    readonly type: CType,
    readonly place: Place,
    /** In bytes from the place's beginning. */
    readonly offset = 0,
    /** Bit-fields only. */
    readonly bits?: BitRange,
  ) {}

  /** An rvalue. */
  static of(type: CType, bytes: Uint8Array): Value {
    return new Value(type, new ComputedPlace(bytes));
  }

  static integer(type: CType, value: bigint): Value {
    return Value.of(type, integerBytes(value, requireSize(type)));
  }

  static float(type: CType, value: Float): Value {
    requireScalar(requireSize(type));
    return Value.of(type, encodeFloat(value, floatFormat(type), requireSize(type)));
  }

  /** The object of this type at an address. */
  static at(type: CType, memory: Memory, address: Address): Value {
    return new Value(type, new MemoryPlace(memory, address));
  }

  /** A type without an object, for sizeof and whatis. */
  static abstract(type: CType): Value {
    return new Value(type, new AbstractPlace());
  }

  /** The same type, a bit-field's width included, and nothing to read. */
  withoutObject(): Value {
    return new Value(this.type, new AbstractPlace(), 0, this.bits);
  }

  get isAbstract(): boolean {
    return this.place instanceof AbstractPlace;
  }

  /** Undefined for what is not in memory. */
  get address(): Address | undefined {
    return this.place.address === undefined ? undefined : u64(this.place.address + BigInt(this.offset));
  }

  get isLvalue(): boolean {
    return this.place.kind !== 'value' && this.place.kind !== 'missing';
  }

  /** @throws DeetError `incomplete-type` */
  get size(): number {
    return requireSize(this.type);
  }

  /** Bytes that it takes of its place: a bit-field only those that its bits are in. @throws DeetError `incomplete-type` */
  get extent(): number {
    return this.bits ? (this.bits.offset + this.bits.size + 7) >> 3 : this.size;
  }

  /**
   * The object's bytes, lowest address first; a bit-field widened to its type.
   * @throws DeetError `memory`, `optimized-out`, `register`, `too-big`, `incomplete-type`
   */
  bytes(): Uint8Array {
    if (this.#bytes) return this.#bytes;
    const { size } = this;
    if (size > MAX_VALUE_SIZE) allocate(size);
    this.#bytes = this.bits ? this.#bitField(this.bits, size) : this.place.read(this.offset, size);
    return this.#bytes;
  }

  #bitField(bits: BitRange, size: number): Uint8Array {
    const bytes = allocate(size);
    const count = Math.min(bits.size, size * 8);
    if (this.place instanceof PiecesPlace) {
      bytes.set(this.place.readBits(this.offset * 8 + bits.offset, count));
    } else {
      const source = this.place.read(this.offset + (bits.offset >> 3), ((bits.offset & 7) + bits.size + 7) >> 3);
      copyBits(bytes, 0, source, bits.offset & 7, count);
    }
    const integer = asInteger(this.type);
    const sign = bits.size > 0 ? ((bytes[(bits.size - 1) >> 3] ?? 0) >> ((bits.size - 1) & 7)) & 1 : 0;
    if (integer && isSigned(integer) && sign === 1) {
      for (let i = bits.size; i < size * 8; i++) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7));
    }
    return bytes;
  }

  /** A part of the same object. */
  part(type: CType, offset: number, bits?: BitRange): Value {
    if (isBigEndian(type)) {
      const place = new BigEndianPlace(this.place, this.offset + offset, requireSize(type), bits);
      return new Value(littleEndian(type), place, 0, bits && { offset: 0, size: bits.size });
    }
    return new Value(type, this.place, this.offset + offset, bits);
  }

  /** A member that lies at a fixed offset. */
  member(member: Member): Value {
    const bits = member.bitSize === undefined ? undefined : { offset: member.bitOffset ?? 0, size: member.bitSize };
    return this.part(member.type, member.offset, bits);
  }

  /** The same object seen as another type (casts of lvalues, unions). */
  as(type: CType): Value {
    const same = new Value(type, this.place, this.offset, this.bits);
    if (this.#bytes && sizeOf(type) === this.#bytes.length) same.#bytes = this.#bytes;
    return same;
  }

  /** With `length` bytes read in one go, so that its parts need no further reads. @throws DeetError */
  fetched(length: number = this.size): Value {
    if (this.place.kind === 'value' || length > MAX_VALUE_SIZE) return this;
    if (this.place instanceof FetchedPlace && length === 0) return this;
    const bytes = Uint8Array.from(this.place.read(this.offset, length));
    return new Value(this.type, new FetchedPlace(this.place, this.offset, bytes), this.offset, this.bits);
  }

  /** Element of an array; the index is not checked, as in C. */
  element(array: ArrayType, index: number): Value {
    return this.part(array.element, index * (sizeOf(array.element) ?? 0));
  }

  /** A copy that no later write changes: what the value history keeps. */
  frozen(): Value {
    if (this.place.kind === 'value' || (sizeOf(this.type) ?? 0) > MAX_VALUE_SIZE) return this;
    const kind = strip(this.type).kind;
    if (kind === 'void' || kind === 'function') return this;
    try {
      if (this.bits) {
        this.bytes();
        return this;
      }
      return this.fetched();
    } catch (error) {
      if (error instanceof DeetError) return this;
      throw error;
    }
  }

  /**
   * Writes the bytes of the object.
   * @throws DeetError
   */
  write(bytes: Uint8Array): void {
    if (this.bits) {
      const first = this.offset + (this.bits.offset >> 3);
      const old = Uint8Array.from(this.place.read(first, ((this.bits.offset & 7) + this.bits.size + 7) >> 3));
      copyBits(old, this.bits.offset & 7, bytes, 0, this.bits.size);
      this.place.write(first, old);
    } else {
      this.place.write(this.offset, bytes);
    }
    this.#bytes = undefined;
  }
}

/** No integer or floating type is wider (`_BitInt(4096)`): a damaged size must not cost time. */
const MAX_SCALAR_SIZE = 512;

function requireScalar(size: number): void {
  if (size > MAX_SCALAR_SIZE) throw new DeetError('too-big', `A number of ${size} bytes is too wide.`);
}

/** Two's complement, little-endian, wrapped to `size` bytes. @throws DeetError `too-big` */
export function integerBytes(value: bigint, size: number): Uint8Array {
  requireScalar(size);
  const bytes = new Uint8Array(size);
  let rest = BigInt.asUintN(size * 8, value);
  for (let i = 0; i < size && rest !== 0n; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/** Little-endian bytes as a number, signed on request. @throws DeetError `too-big` */
export function integerOf(bytes: Uint8Array, signed: boolean): bigint {
  requireScalar(bytes.length);
  let value = 0n;
  if (bytes.length <= 4) {
    let small = 0;
    for (let i = bytes.length - 1; i >= 0; i--) small = small * 256 + (bytes[i] ?? 0);
    value = BigInt(small);
  } else {
    for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  }
  return signed ? BigInt.asIntN(bytes.length * 8, value) : value;
}

/** An integer, character, boolean, enumeration or pointer as a number. @throws DeetError from reading it */
export function toInteger(value: Value): bigint {
  const integer = asInteger(value.type);
  return integerOf(value.bytes(), integer !== undefined && isSigned(integer));
}

/** A `_Decimal64` and its kin; undefined for other types. @throws DeetError from reading it */
export function toDecimal(value: Value): Decimal | undefined {
  const decimal = asDecimal(value.type);
  return decimal && decodeDecimal(integerOf(value.bytes(), false), decimal.size);
}

/** The layout of a floating type (DWARF says only the size and a name). */
export function floatFormat(type: CType): FloatFormat {
  const float = asFloat(type);
  const name = float?.name ?? '';
  switch (float?.size) {
    case 2:
      return /bf16|bfloat/i.test(name) ? BFLOAT16 : BINARY16;
    case 4:
      return BINARY32;
    case 16:
      return /128|quad/i.test(name) ? BINARY128 : X87;
    case 10:
    case 12:
      return X87;
    default:
      return BINARY64;
  }
}

/** Any arithmetic value as a floating number. @throws DeetError from reading it */
export function toFloat(value: Value): Float {
  return asFloat(value.type) ? decodeFloat(value.bytes(), floatFormat(value.type)) : fromInteger(toInteger(value));
}
