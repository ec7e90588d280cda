/** The expression machine operation by operation, its arithmetic against a model in bigints, and damaged expressions. */
import fc from '../helpers/property.js';
import { describe, expect, it } from 'vitest';
import { fileAddress } from '../../src/common/addresses.js';
import { DeetError } from '../../src/common/errors.js';
import type { ExpressionType, FrameContext, Location, LocationDescription, UnitContext } from '../../src/dwarf/location.js';
import { evaluate, evaluateNumber, locate, numberAt } from '../../src/dwarf/machine.js';
import { Op, operationName } from '../../src/dwarf/operations.js';

const base = (name: string, size: number, encoding: ExpressionType['encoding']): ExpressionType => ({ name, size, encoding });

/** Types by their offsets in the unit. */
const types = new Map<number, ExpressionType>([
  [1, base('int', 4, 'signed')],
  [2, base('unsigned char', 1, 'unsigned-char')],
  [3, base('float', 4, 'float')],
  [4, base('double', 8, 'float')],
  [5, base('long double', 16, 'float')],
  [6, base('__int128', 16, 'signed')],
  [7, base('_Float128', 16, 'float')],
  [8, base('long', 8, 'signed')],
  [10, base('complex double', 16, 'complex-float')],
  [11, base('unsigned long', 8, 'unsigned')],
]);

const expressions = new Map<number, Uint8Array>([
  [0x10, Uint8Array.of(Op.lit0 + 7)],
  [0x20, Uint8Array.of(Op.call2, 0x20, 0)], // calls itself
  [0x30, Uint8Array.of(Op.reg0 + 3)],
  [0x40, Uint8Array.of(Op.breg0 + 5, 0)],
]);

const unit: UnitContext = {
  addressSize: 8,
  version: 5,
  offsetSize: 4,
  addressAt: (index) => fileAddress(0x4000 + index * 8),
  baseType: (offset) => types.get(offset),
  objectAt: () => undefined,
  expressionOf: (offset, relative) => expressions.get(relative ? offset : offset - 0x1000),
  locationList: (offset) => {
    if (offset === 99) throw new DeetError('bad-format', '.debug_loclists+0x63: damaged');
    return [
      { low: fileAddress(0x100), high: fileAddress(0x110), expression: Uint8Array.of(Op.reg0) },
      { low: fileAddress(0x110), high: fileAddress(0x120), expression: Uint8Array.of(Op.reg0 + 1) },
      ...(offset === 2 ? [{ low: fileAddress(0x130), high: fileAddress(0x130), expression: Uint8Array.of(Op.reg0 + 3) }] : []),
      ...(offset === 1 ? [{ low: fileAddress(0), high: fileAddress(0), expression: Uint8Array.of(Op.reg0 + 2), isDefault: true }] : []),
    ];
  },
};

const wide = Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? [0, 0, 0, 0, 0, 0, 0x04, 0x40][i] : 0)); // 2.5 as double

const context = (changes: Partial<FrameContext> = {}): FrameContext => ({
  // Every byte is the low byte of its address; nothing lies below 0x1000.
  memory: {
    read: (address, length) => {
      if (address < 0x1000n) throw new DeetError('memory', `Cannot access memory at address 0x${address.toString(16)}`);
      return Uint8Array.from({ length }, (_, i) => Number(address & 0xffn) + i);
    },
  },
  register: (number) => (number <= 16 && number !== 2 ? BigInt(number) * 0x1000n : undefined),
  wideRegister: (number) => (number === 17 ? wide : undefined),
  bias: 0x555500000000n,
  listAddress: 0x100,
  frameBase: () => 0x7000n,
  cfa: () => 0x7fff0000n,
  tlsAddress: (offset) => 0x9000n + offset,
  entryValue: (inner) =>
    inner.length > 1 ? undefined : inner[0] === Op.reg0 + 5 ? 42n : inner[0] === Op.reg0 + 17 ? 0x4004000000000000n : undefined,
  objectAddress: 0xabc0n,
  ...changes,
});

const memory = (address: bigint): Location => ({ kind: 'memory', address });
const value = (bits: bigint): Location => ({ kind: 'value', value: bits });
const u64 = (number: bigint): bigint => BigInt.asUintN(64, number);

const bytes8 = (number: bigint): number[] => Array.from({ length: 8 }, (_, i) => Number((u64(number) >> BigInt(8 * i)) & 0xffn));
const push = (number: bigint): number[] => [Op.const8u, ...bytes8(number)];
const uleb = (number: number): number[] => (number < 0x80 ? [number] : [(number & 0x7f) | 0x80, ...uleb(number >>> 7)]);

const run = (expression: readonly number[], changes?: Partial<FrameContext>): Location =>
  evaluate(Uint8Array.from(expression), unit, context(changes));

const float = (number: number): number[] => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, number, true);
  return [...new Uint8Array(view.buffer)];
};
const double = (number: number): number[] => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, number, true);
  return [...new Uint8Array(view.buffer)];
};
const bits = (list: readonly number[]): bigint => list.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** 1, 2, 3 pushed in this order. */
const three = [Op.lit0 + 1, Op.lit0 + 2, Op.lit0 + 3];

describe('operations', () => {
  it.each<[string, number[], Location]>([
    ['lit0', [Op.lit0], memory(0n)],
    ['lit31', [Op.lit31], memory(31n)],
    ['addr', [Op.addr, ...bytes8(0x4010n)], memory(0x555500004010n)],
    ['const1u', [Op.const1u, 0xff], memory(0xffn)],
    ['const1s', [Op.const1s, 0xff], memory(u64(-1n))],
    ['const2u', [Op.const2u, 0xfe, 0xff], memory(0xfffen)],
    ['const2s', [Op.const2s, 0xfe, 0xff], memory(u64(-2n))],
    ['const4u', [Op.const4u, 0xfe, 0xff, 0xff, 0xff], memory(0xfffffffen)],
    ['const4s', [Op.const4s, 0xfe, 0xff, 0xff, 0xff], memory(u64(-2n))],
    ['const8u', push(0xfedcba9876543210n), memory(0xfedcba9876543210n)],
    ['const8s', [Op.const8s, ...bytes8(-5n)], memory(u64(-5n))],
    ['constu', [Op.constu, 0x80, 0x02], memory(256n)],
    ['consts', [Op.consts, 0x80, 0x7e], memory(u64(-256n))],
    ['addrx', [Op.addrx, 2], memory(0x555500004010n)],
    ['constx', [Op.constx, 2], memory(0x4010n)],
    ['GNU_addr_index', [Op.GNU_addr_index, 2], memory(0x555500004010n)],
    ['GNU_const_index', [Op.GNU_const_index, 2], memory(0x4010n)],
    ['breg0', [Op.breg0, 8], memory(8n)],
    ['breg3', [Op.breg0 + 3, 0x78], memory(0x2ff8n)],
    ['bregx', [Op.bregx, 3, 0x78], memory(0x2ff8n)],
    ['fbreg', [Op.fbreg, 0x6c], memory(0x6fecn)],
    ['call_frame_cfa', [Op.call_frame_cfa], memory(0x7fff0000n)],
    ['dup', [...three, Op.dup, Op.plus], memory(6n)],
    ['drop', [...three, Op.drop], memory(2n)],
    ['over', [...three, Op.over], memory(2n)],
    ['pick', [...three, Op.pick, 2], memory(1n)],
    ['swap', [...three, Op.swap], memory(2n)],
    ['swap, the second', [...three, Op.swap, Op.drop], memory(3n)],
    ['rot', [...three, Op.rot], memory(2n)],
    ['rot, the second', [...three, Op.rot, Op.drop], memory(1n)],
    ['rot, the third', [...three, Op.rot, Op.drop, Op.drop], memory(3n)],
    ['deref', [...push(0x2010n), Op.deref], memory(0x1716151413121110n)],
    ['deref_size', [...push(0x20f0n), Op.deref_size, 2], memory(0xf1f0n)],
    ['push_object_address', [Op.push_object_address], memory(0xabc0n)],
    ['form_tls_address', [Op.lit0 + 8, Op.form_tls_address], memory(0x9008n)],
    ['GNU_push_tls_address', [...push(8n), Op.GNU_push_tls_address], memory(0x9008n)],
    ['addr of a thread-local variable', [Op.addr, ...bytes8(8n), Op.GNU_push_tls_address], memory(0x9008n)],
    ['abs', [Op.const1s, 0xfb, Op.abs], memory(5n)],
    ['neg', [Op.lit0 + 5, Op.neg], memory(u64(-5n))],
    ['not', [Op.lit0 + 5, Op.not], memory(u64(~5n))],
    ['plus_uconst', [Op.lit0 + 5, Op.plus_uconst, 0x80, 1], memory(133n)],
    ['div is signed', [Op.const1s, 0xf9, Op.lit0 + 2, Op.div], memory(u64(-3n))],
    ['mod is unsigned', [Op.const1s, 0xff, Op.lit0 + 10, Op.mod], memory(5n)],
    ['shl by the width', [Op.lit0 + 1, Op.const1u, 64, Op.shl], memory(0n)],
    ['shr by more than the width', [Op.const1s, 0xff, ...push(1n << 60n), Op.shr], memory(0n)],
    ['shra by more than the width', [Op.const1s, 0xff, ...push(1n << 60n), Op.shra], memory(u64(-1n))],
    ['lt is signed', [Op.const1s, 0xff, Op.lit0, Op.lt], memory(1n)],
    ['skip', [Op.skip, 1, 0, Op.const1u, Op.lit0 + 9], memory(9n)],
    ['bra taken', [Op.lit0 + 1, Op.bra, 1, 0, Op.lit0 + 8, Op.lit0 + 9], memory(9n)],
    ['bra not taken', [Op.lit0, Op.bra, 2, 0, Op.lit0 + 8, Op.nop], memory(8n)],
    ['bra backwards', [Op.lit0 + 3, Op.lit0 + 1, Op.minus, Op.dup, Op.bra, 0xfa, 0xff, Op.lit0 + 6], memory(6n)],
    ['call2', [Op.call2, 0x10, 0, Op.lit0 + 1, Op.plus], memory(8n)],
    ['call4', [Op.call4, 0x10, 0, 0, 0], memory(7n)],
    ['call_ref', [Op.call_ref, 0x10, 0x10, 0, 0], memory(7n)],
    ['a call of what has no location', [Op.lit0 + 1, Op.call2, 0x50, 0], memory(1n)],
    ['GNU_variable_value in a register', [Op.GNU_variable_value, 0x30, 0x10, 0, 0, Op.stack_value], value(0x3000n)],
    ['GNU_variable_value in memory', [Op.GNU_variable_value, 0x40, 0x10, 0, 0, Op.stack_value], value(0x0706050403020100n)],
    ['entry_value', [Op.entry_value, 1, Op.reg0 + 5, Op.lit0 + 1, Op.minus, Op.stack_value], value(41n)],
    ['entry_value of a floating-point register: 2.5 + 2.5', [
      ...[Op.entry_value, 3, Op.regval_type, 17, 4, Op.dup, Op.plus, Op.stack_value],
    ], value(0x4014000000000000n)], // prettier-ignore
    ['GNU_entry_value', [Op.GNU_entry_value, 1, Op.reg0 + 5, Op.stack_value], value(42n)],
    ['reg3', [Op.reg0 + 3], { kind: 'register', register: 3 }],
    ['regx', [Op.regx, 17], { kind: 'register', register: 17 }],
    ['GNU_uninit', [Op.reg0 + 3, Op.GNU_uninit], { kind: 'register', register: 3 }],
    ['stack_value', [Op.lit0 + 4, Op.stack_value], value(4n)],
    ['implicit_value', [Op.implicit_value, 3, 1, 2, 3], { kind: 'bytes', bytes: Uint8Array.of(1, 2, 3) }],
    ['implicit_pointer', [Op.implicit_pointer, 1, 2, 0, 0, 0x7c], { kind: 'implicit-pointer', die: 0x201, offset: -4n }],
    ['GNU_implicit_pointer', [Op.GNU_implicit_pointer, 1, 2, 0, 0, 4], { kind: 'implicit-pointer', die: 0x201, offset: 4n }],
  ])('%s', (_, expression, expected) => {
    expect(run(expression)).toEqual(expected);
  });

  it('piece and bit_piece make a composite, with holes', () => {
    expect(run([Op.reg0 + 3, Op.piece, 4, Op.piece, 2, Op.fbreg, 0, Op.piece, 2, Op.lit0 + 9, Op.stack_value, Op.bit_piece, 3, 5])).toEqual(
      {
        kind: 'pieces',
        pieces: [
          { size: 32, offset: 0, location: { kind: 'register', register: 3 } },
          { size: 16, offset: 0, location: undefined },
          { size: 16, offset: 0, location: memory(0x7000n) },
          { size: 3, offset: 5, location: value(9n) },
        ],
      },
    );
  });

  it('take what was pushed before', () => {
    expect(evaluate(Uint8Array.of(Op.lit0 + 8, Op.minus), undefined, context(), [0x100n])).toEqual(memory(0xf8n));
    expect(evaluate(new Uint8Array(0), undefined, context(), [0x100n])).toEqual(memory(0x100n));
  });
});

describe('typed operations', () => {
  it.each<[string, number[], bigint]>([
    ['int arithmetic wraps', [Op.const_type, 1, 4, 0xff, 0xff, 0xff, 0x7f, Op.const_type, 1, 4, 1, 0, 0, 0, Op.plus], 0x80000000n],
    ['int division', [Op.const_type, 1, 4, 0xf9, 0xff, 0xff, 0xff, Op.const_type, 1, 4, 2, 0, 0, 0, Op.div], 0xfffffffdn],
    ['int remainder is signed', [Op.const_type, 1, 4, 0xf9, 0xff, 0xff, 0xff, Op.const_type, 1, 4, 2, 0, 0, 0, Op.mod], 0xffffffffn],
    ['unsigned comparison', [Op.const_type, 2, 1, 0xff, Op.const_type, 2, 1, 1, Op.gt], 1n],
    ['float addition', [Op.const_type, 3, 4, ...float(1.5), Op.const_type, 3, 4, ...float(2.25), Op.plus], bits(float(3.75))],
    ['double division', [Op.const_type, 4, 8, ...double(1), Op.const_type, 4, 8, ...double(4), Op.div], bits(double(0.25))],
    ['double negation', [Op.const_type, 4, 8, ...double(1.5), Op.neg], bits(double(-1.5))],
    ['double abs', [Op.const_type, 4, 8, ...double(-1.5), Op.abs], bits(double(1.5))],
    ['double comparison', [Op.const_type, 4, 8, ...double(-1.5), Op.const_type, 4, 8, ...double(1), Op.lt], 1n],
    ['convert double to int', [Op.const_type, 4, 8, ...double(-3.9), Op.convert, 1], 0xfffffffdn],
    ['convert int to double', [Op.const_type, 1, 4, 0xfe, 0xff, 0xff, 0xff, Op.convert, 4], bits(double(-2))],
    ['convert float to double', [Op.const_type, 3, 4, ...float(0.5), Op.GNU_convert, 4], bits(double(0.5))],
    ['convert char to int', [Op.GNU_const_type, 2, 1, 0xff, Op.convert, 1], 0xffn],
    ['convert to the generic type', [Op.const_type, 1, 4, 0xff, 0xff, 0xff, 0xff, Op.convert, 0], u64(-1n)],
    ['reinterpret', [Op.const_type, 4, 8, ...double(1), Op.reinterpret, 8], 0x3ff0000000000000n],
    ['GNU_reinterpret', [Op.const_type, 8, 8, ...bytes8(-1n), Op.GNU_reinterpret, 0], u64(-1n)],
    ['regval_type of a general register', [Op.regval_type, 3, 2], 0n],
    ['regval_type of xmm0', [Op.regval_type, 17, 4], bits(double(2.5))],
    ['GNU_regval_type', [Op.GNU_regval_type, 3, 1], 0x3000n],
    ['deref_type', [...push(0x20f0n), Op.deref_type, 1, 2], 0xf0n],
    ['GNU_deref_type', [...push(0x2010n), Op.GNU_deref_type, 4, 1], 0x13121110n],
    [
      '128 bits',
      [Op.const_type, 6, 16, ...bytes8(-1n), ...bytes8(0n), Op.const_type, 6, 16, 1, ...new Array<number>(15).fill(0), Op.plus],
      1n << 64n,
    ],
    ['long double', [Op.const_type, 4, 8, ...double(1), Op.convert, 5], 0x3fff8000000000000000n],
    ['long double and back', [Op.const_type, 4, 8, ...double(-2.75), Op.convert, 5, Op.convert, 4], bits(double(-2.75))],
    [
      'a subnormal double as long double and back',
      [Op.const_type, 4, 8, ...double(5e-324), Op.convert, 5, Op.convert, 4],
      bits(double(5e-324)),
    ],
    ['binary128 and back', [Op.const_type, 4, 8, ...double(-2.75), Op.convert, 7, Op.convert, 4], bits(double(-2.75))],
    ['zero as binary128', [Op.const_type, 4, 8, ...double(0), Op.convert, 7], 0n],
    ['infinity as long double', [Op.const_type, 4, 8, ...double(Infinity), Op.convert, 5, Op.convert, 4], bits(double(Infinity))],
  ])('%s', (_, expression, expected) => {
    expect(run([...expression, Op.stack_value])).toEqual(value(expected));
  });
});

describe('what cannot be evaluated says why', () => {
  it.each<[string, number[], string]>([
    ['an unknown operation', [0xed], 'DW_OP_0xed is not supported'],
    ['xderef', [Op.lit0, Op.lit0, Op.xderef], 'DW_OP_xderef is not supported'],
    ['xderef_size', [Op.lit0, Op.lit0, Op.xderef_size, 4], 'DW_OP_xderef_size is not supported'],
    ['xderef_type', [Op.lit0, Op.lit0, Op.xderef_type, 4, 1], 'DW_OP_xderef_type is not supported'],
    ['an empty stack', [Op.plus], 'stack of a DWARF expression is empty'],
    ['pick beyond the stack', [Op.lit0, Op.pick, 1], 'stack of a DWARF expression is empty'],
    ['a truncated operand', [Op.const4u, 1, 2], 'wants 4 bytes where 2 are left'],
    ['a branch out of the expression', [Op.skip, 0x10, 0], 'branch out of the expression'],
    ['a loop', [Op.skip, 0xfd, 0xff], 'more than 100000 operations'],
    ['a growing stack', [Op.lit0, Op.skip, 0xfc, 0xff], 'stack of a DWARF expression overflows'],
    ['calls without an end', [Op.call2, 0x20, 0], 'nested deeper'],
    ['division by zero', [Op.lit0 + 1, Op.lit0, Op.div], 'division by zero'],
    ['remainder by zero', [Op.lit0 + 1, Op.lit0, Op.mod], 'division by zero'],
    ['unreadable memory', [Op.lit0 + 8, Op.deref], 'Cannot access memory at address 0x8'],
    ['a deref of no size', [Op.breg0 + 4, 0, Op.deref_size, 0], 'DW_OP_deref_size of 0 bytes'],
    ['operands of two types', [Op.lit0, Op.const_type, 1, 4, 1, 0, 0, 0, Op.plus], 'different types'],
    ['bits of a float', [Op.const_type, 4, 8, ...double(1), Op.not], 'floating-point'],
    ['a float as an address', [Op.const_type, 4, 8, ...double(1)], 'floating-point'],
    ['reinterpret to another size', [Op.lit0, Op.reinterpret, 1], 'another size'],
    ['a type that is none', [Op.lit0, Op.convert, 9], 'no base type'],
    ['a complex type', [Op.lit0, Op.convert, 10], 'no arithmetic on complex double'],
    ['an operation behind a location', [Op.reg0, Op.lit0], 'behind a complete location'],
    ['pieces without an end', [...new Array<number[]>(5000).fill([Op.piece, 1]).flat()], 'more than 4096 pieces'],
  ])('%s', (_, expression, reason) => {
    const result = run(expression);
    expect(result).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining(reason) });
    expect(result).not.toHaveProperty('optimizedOut');
  });

  it.each<[string, number[], Partial<FrameContext>]>([
    ['an empty expression', [], {}],
    ['a register of a caller that no one saved', [Op.breg0 + 2, 0], {}],
    ['the last register that has an operation', [Op.breg31, 0], {}],
    ['an unknown value at entry', [Op.entry_value, 1, Op.reg0 + 4, Op.stack_value], {}],
    ['no frame base', [Op.fbreg, 0], { frameBase: () => undefined }],
    ['no CFA', [Op.call_frame_cfa], { cfa: () => undefined }],
    ['no object', [Op.push_object_address], { objectAddress: undefined }],
    ['GNU_parameter_ref', [Op.GNU_parameter_ref, 0, 0, 0, 0], {}],
  ])('%s is optimized out', (_, expression, changes) => {
    expect(run(expression, changes)).toMatchObject({ kind: 'unavailable', optimizedOut: true });
  });

  it('a thread-local variable of which the thread has no copy is there, but has no value', () => {
    const missing = run([Op.lit0, Op.form_tls_address], { tlsAddress: () => undefined });
    expect(missing).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('no copy of this variable') as string });
    expect(missing).not.toHaveProperty('optimizedOut');
  });

  it('needs a unit only where one is needed', () => {
    expect(evaluateNumber(Uint8Array.of(Op.breg0 + 7, 8), undefined, context())).toBe(0x7008n);
    for (const expression of [
      [Op.addrx, 0],
      [Op.call2, 0, 0],
      [Op.lit0, Op.convert, 1],
    ])
      expect(evaluate(Uint8Array.from(expression), undefined, context()).kind).toBe('unavailable');
  });

  it('does not hide bugs', () => {
    const broken = context({ cfa: () => (undefined as unknown as { value: bigint }).value });
    expect(() => evaluate(Uint8Array.of(Op.call_frame_cfa), unit, broken)).toThrow(TypeError);
  });
});

describe('numberAt', () => {
  it.each<[string, Location, bigint | undefined]>([
    ['memory', memory(5n), 5n],
    ['register', { kind: 'register', register: 3 }, 0x3000n],
    ['unknown register', { kind: 'register', register: 2 }, undefined],
    ['value', value(-1n), u64(-1n)],
    ['bytes', { kind: 'bytes', bytes: Uint8Array.of(1, 2) }, 0x201n],
    ['pieces', { kind: 'pieces', pieces: [] }, undefined],
    ['unavailable', { kind: 'unavailable', reason: '' }, undefined],
  ])('%s', (_, location, expected) => {
    expect(numberAt(location, context())).toBe(expected);
  });
});

describe('locate', () => {
  const at = (description: LocationDescription | undefined, listAddress: number): Location => locate(description, context({ listAddress }));
  const register = (number: number): Location => ({ kind: 'register', register: number });

  it('chooses from a list by address', () => {
    expect(at({ kind: 'list', offset: 0, unit }, 0x100)).toEqual(register(0));
    expect(at({ kind: 'list', offset: 0, unit }, 0x10f)).toEqual(register(0));
    expect(at({ kind: 'list', offset: 0, unit }, 0x110)).toEqual(register(1));
    expect(at({ kind: 'list', offset: 0, unit }, 0x120)).toMatchObject({ kind: 'unavailable', optimizedOut: true });
    expect(at({ kind: 'list', offset: 1, unit }, 0x120)).toEqual(register(2));
    expect(at({ kind: 'list', offset: 99, unit }, 0x100)).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('damaged'),
    });
  });

  it('takes an entry that covers nothing at the first instruction of a function only', () => {
    const description: LocationDescription = { kind: 'list', offset: 2, unit };
    expect(at(description, 0x130)).toMatchObject({ kind: 'unavailable', optimizedOut: true });
    expect(locate(description, context({ listAddress: 0x130, atEntry: true }))).toEqual(register(3));
    expect(locate(description, context({ listAddress: 0x131, atEntry: true }))).toMatchObject({ kind: 'unavailable', optimizedOut: true });
  });

  it('takes constants and expressions as they are', () => {
    expect(at({ kind: 'constant', value: 7n }, 0)).toEqual(value(7n));
    expect(at({ kind: 'constant', value: Uint8Array.of(1) }, 0)).toEqual({ kind: 'bytes', bytes: Uint8Array.of(1) });
    expect(at({ kind: 'expression', bytes: Uint8Array.of(Op.reg0), unit }, 0)).toEqual(register(0));
    expect(at(undefined, 0)).toMatchObject({ kind: 'unavailable', optimizedOut: true });
  });
});

describe('arithmetic of the generic type', () => {
  const signed = (x: bigint): bigint => BigInt.asIntN(64, x);
  const models: Record<string, (a: bigint, b: bigint) => bigint | undefined> = {
    and: (a, b) => a & b,
    or: (a, b) => a | b,
    xor: (a, b) => a ^ b,
    plus: (a, b) => a + b,
    minus: (a, b) => a - b,
    mul: (a, b) => a * b,
    div: (a, b) => (b === 0n ? undefined : signed(a) / signed(b)),
    mod: (a, b) => (b === 0n ? undefined : a % b),
    shl: (a, b) => (b >= 64n ? 0n : a << b),
    shr: (a, b) => (b >= 64n ? 0n : a >> b),
    shra: (a, b) => signed(a) >> (b >= 64n ? 64n : b),
    eq: (a, b) => (a === b ? 1n : 0n),
    ne: (a, b) => (a !== b ? 1n : 0n),
    lt: (a, b) => (signed(a) < signed(b) ? 1n : 0n),
    le: (a, b) => (signed(a) <= signed(b) ? 1n : 0n),
    gt: (a, b) => (signed(a) > signed(b) ? 1n : 0n),
    ge: (a, b) => (signed(a) >= signed(b) ? 1n : 0n),
  };
  const word = fc.oneof(fc.bigInt({ min: 0n, max: u64(-1n) }), fc.constantFrom(0n, 1n, 2n, 63n, 64n, 1n << 63n, u64(-1n)));

  it.each(Object.keys(models))('%s', (name) => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const expected = models[name](a, b);
        const result = run([...push(a), ...push(b), Op[name as keyof typeof Op], Op.stack_value]);
        if (expected === undefined) expect(result.kind).toBe('unavailable');
        else expect(result).toEqual(value(u64(expected)));
      }),
    );
  });

  it('LEB128 operands of any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), (number) => {
        expect(run([Op.constu, ...uleb(number)])).toEqual(memory(BigInt(number)));
      }),
    );
  });
});

describe('damaged expressions', () => {
  it('of any bytes end soon, without an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (expression) => {
        const result = evaluate(expression, unit, context());
        expect(typeof result.kind).toBe('string');
      }),
      { numRuns: 3000 },
    );
  });

  it('name their operations', () => {
    expect([0x50, 0x71, 0x31, 0x22, 0xe9].map(operationName)).toEqual([
      'DW_OP_reg0',
      'DW_OP_breg1',
      'DW_OP_lit1',
      'DW_OP_plus',
      'DW_OP_0xe9',
    ]);
  });
});
