/**
 * Values on the stack of the DWARF expression machine and arithmetic on them (DWARF 5, 2.5.1.1 and 2.5.1.4). A value is
 * a bit pattern with a type: the generic type (64 bits here, of no fixed sign: each operation says which it takes) or a
 * base type of the program.
 */
import { DeetError } from '../common/errors.js';
import type { ExpressionType } from './location.js';

export type NumberForm = 'generic' | 'signed' | 'unsigned' | 'float';

export interface NumberType {
  readonly form: NumberForm;
  /** In bytes. */
  readonly size: number;
  /** Floats of 16 bytes only: binary128, not the 80 bits of the x87. */
  readonly quad?: boolean;
}

/** `bits` is never negative and lies within the type's size. */
export interface TypedValue {
  readonly bits: bigint;
  readonly type: NumberType;
}

export const GENERIC: NumberType = { form: 'generic', size: 8 };

export const generic = (value: bigint): TypedValue => ({ bits: BigInt.asUintN(64, value), type: GENERIC });

const fail = (message: string): never => {
  throw new DeetError('location', message);
};

/** How the machine computes with a base type. @throws DeetError `location` for complex numbers and odd sizes. */
export const numberType = (type: ExpressionType): NumberType => {
  const { encoding, size } = type;
  if (encoding === 'float') {
    if (size !== 4 && size !== 8 && size !== 16 && size !== 10 && size !== 12) fail(`no arithmetic on ${type.name} in an expression`);
    return { form: 'float', size, quad: size === 16 && /float128/i.test(type.name) };
  }
  if (encoding === 'complex-float' || encoding === 'complex-signed' || !(size >= 1 && size <= 64))
    fail(`no arithmetic on ${type.name} in an expression`);
  return { form: encoding === 'signed' || encoding === 'signed-char' ? 'signed' : 'unsigned', size };
};

const sameType = (a: NumberType, b: NumberType): boolean => a.form === b.form && a.size === b.size && a.quad === b.quad;

const wrap = (value: bigint, type: NumberType): TypedValue => ({ bits: BigInt.asUintN(type.size * 8, value), type });

/** As a mathematical integer: sign-extended unless the type is unsigned. */
const signedOf = ({ bits, type }: TypedValue): bigint => (type.form === 'unsigned' ? bits : BigInt.asIntN(type.size * 8, bits));

const scratch = new DataView(new ArrayBuffer(8));

/** Exponent and fraction of the formats wider than double; both have 15 bits of exponent with bias 16383. */
const decodeWide = (bits: bigint, quad: boolean): number => {
  const width = quad ? 112n : 63n;
  const sign = (bits >> (quad ? 127n : 79n)) & 1n ? -1 : 1;
  const exponent = Number((bits >> (quad ? 112n : 64n)) & 0x7fffn);
  const fraction = bits & ((1n << width) - 1n);
  if (exponent === 0x7fff) return fraction === 0n ? sign * Infinity : NaN;
  // The x87 writes its leading 1; binary128 implies it.
  const one = quad ? (exponent === 0 ? 0n : 1n) : (bits >> 63n) & 1n;
  const mantissa = (one << width) | fraction;
  return sign * (Number(mantissa) / 2 ** Number(width)) * 2 ** (Math.max(exponent, 1) - 16383);
};

const encodeWide = (value: number, quad: boolean): bigint => {
  scratch.setFloat64(0, value);
  const double = scratch.getBigUint64(0);
  const sign = double >> 63n;
  let exponent = Number((double >> 52n) & 0x7ffn);
  let fraction = double & 0xf_ffff_ffff_ffffn;
  if (exponent === 0x7ff) exponent = 0x7fff;
  else if (exponent !== 0) exponent += 16383 - 1023;
  else if (fraction !== 0n) {
    // A subnormal double is a normal number here.
    const shift = 53 - fraction.toString(2).length;
    fraction = (fraction << BigInt(shift)) & 0xf_ffff_ffff_ffffn;
    exponent = 16383 - 1022 - shift;
  }
  const head = (sign << 15n) | BigInt(exponent);
  if (quad) return (head << 112n) | (fraction << 60n);
  return (head << 64n) | ((exponent === 0 ? 0n : 1n) << 63n) | (fraction << 11n);
};

/** The nearest JavaScript number. */
const floatOf = ({ bits, type }: TypedValue): number => {
  if (type.size === 4) {
    scratch.setUint32(0, Number(bits));
    return scratch.getFloat32(0);
  }
  if (type.size === 8) {
    scratch.setBigUint64(0, bits);
    return scratch.getFloat64(0);
  }
  return decodeWide(bits, type.quad === true);
};

const float = (value: number, type: NumberType): TypedValue => {
  if (type.size === 4) {
    scratch.setFloat32(0, value);
    return { bits: BigInt(scratch.getUint32(0)), type };
  }
  if (type.size === 8) {
    scratch.setFloat64(0, value);
    return { bits: scratch.getBigUint64(0), type };
  }
  return { bits: encodeWide(value, type.quad === true), type };
};

export type BinaryName = 'and' | 'or' | 'xor' | 'plus' | 'minus' | 'mul' | 'div' | 'mod' | 'shl' | 'shr' | 'shra';
export type ComparisonName = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

const shift = (name: 'shl' | 'shr' | 'shra', a: TypedValue, count: bigint): TypedValue => {
  const width = BigInt(a.type.size * 8);
  // A bigint would really grow by a count of 2^60, so what lies beyond the width is decided here.
  const by = count < width ? count : width;
  if (name === 'shl') return wrap(by === width ? 0n : a.bits << by, a.type);
  if (name === 'shr') return wrap(a.bits >> by, a.type);
  return wrap(BigInt.asIntN(a.type.size * 8, a.bits) >> by, a.type);
};

const floatBinary = (name: BinaryName, a: TypedValue, b: TypedValue): TypedValue => {
  const x = floatOf(a);
  const y = floatOf(b);
  switch (name) {
    case 'plus':
      return float(x + y, a.type);
    case 'minus':
      return float(x - y, a.type);
    case 'mul':
      return float(x * y, a.type);
    case 'div':
      return float(x / y, a.type);
    default:
      return fail(`DW_OP_${name} on floating-point numbers`);
  }
};

/** `a` was pushed before `b`. Both must have one type, except that a shift takes any integer as its count. */
export const binary = (name: BinaryName, a: TypedValue, b: TypedValue): TypedValue => {
  if (name === 'shl' || name === 'shr' || name === 'shra') {
    if (a.type.form === 'float' || b.type.form === 'float') fail(`DW_OP_${name} on floating-point numbers`);
    return shift(name, a, b.bits);
  }
  if (!sameType(a.type, b.type)) fail(`DW_OP_${name} on values of different types`);
  if (a.type.form === 'float') return floatBinary(name, a, b);
  switch (name) {
    case 'and':
      return { bits: a.bits & b.bits, type: a.type };
    case 'or':
      return { bits: a.bits | b.bits, type: a.type };
    case 'xor':
      return { bits: a.bits ^ b.bits, type: a.type };
    case 'plus':
      return wrap(a.bits + b.bits, a.type);
    case 'minus':
      return wrap(a.bits - b.bits, a.type);
    case 'mul':
      return wrap(a.bits * b.bits, a.type);
    case 'div':
      if (b.bits === 0n) fail('division by zero in an expression');
      return wrap(signedOf(a) / signedOf(b), a.type);
    case 'mod':
      if (b.bits === 0n) fail('division by zero in an expression');
      // On the generic type DW_OP_div is signed but DW_OP_mod is not, as every compiler and debugger has it.
      return a.type.form === 'signed' ? wrap(signedOf(a) % signedOf(b), a.type) : wrap(a.bits % b.bits, a.type);
  }
};

export const compare = (name: ComparisonName, a: TypedValue, b: TypedValue): TypedValue => {
  if (!sameType(a.type, b.type)) fail(`DW_OP_${name} on values of different types`);
  const [x, y] = a.type.form === 'float' ? [floatOf(a), floatOf(b)] : [signedOf(a), signedOf(b)];
  const holds = { eq: x === y, ne: x !== y, lt: x < y, le: x <= y, gt: x > y, ge: x >= y }[name];
  return generic(holds ? 1n : 0n);
};

export const unary = (name: 'abs' | 'neg' | 'not', a: TypedValue): TypedValue => {
  if (a.type.form === 'float') {
    if (name === 'not') fail('DW_OP_not on a floating-point number');
    const x = floatOf(a);
    return float(name === 'abs' ? Math.abs(x) : -x, a.type);
  }
  if (name === 'not') return wrap(~a.bits, a.type);
  const value = signedOf(a);
  return wrap(name === 'neg' || value < 0n ? -value : value, a.type);
};

/** DW_OP_convert: the same number in another type. */
export const convert = (a: TypedValue, type: NumberType): TypedValue => {
  if (a.type.form !== 'float') return type.form === 'float' ? float(Number(signedOf(a)), type) : wrap(signedOf(a), type);
  const x = floatOf(a);
  if (type.form === 'float') return sameType(a.type, type) ? a : float(x, type);
  return wrap(Number.isFinite(x) ? BigInt(Math.trunc(x)) : 0n, type);
};

/** DW_OP_reinterpret: the same bits as another type of the same size. */
export const reinterpret = (a: TypedValue, type: NumberType): TypedValue =>
  a.type.size === type.size ? { bits: a.bits, type } : fail('DW_OP_reinterpret to a type of another size');

/** The low `type.size` bytes of `bits` as a value. */
export const valueOfBits = (bits: bigint, type: NumberType): TypedValue => wrap(bits, type);

/** Little-endian bytes as an unsigned number. */
export const bitsOfBytes = (bytes: Uint8Array): bigint => {
  let bits = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) bits = (bits << 8n) | BigInt(bytes[i] ?? 0);
  return bits;
};
