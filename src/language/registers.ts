/**
 * x86-64 registers by every name that people use: `$rip`, `$pc`, `$eax`, `$ah`, `$xmm0`; with the types that gdb gives them
 * (Intel SDM 1, 3.4; System V ABI, figure 3.36).
 */
import type { ArrayType, BaseType, CType, Member, StructType } from '../symbols/types.js';
import * as c from './c-types.js';
import type { RegisterFile } from './context.js';
import { RegisterPlace } from './place.js';
import { Value } from './value.js';
import { DeetError } from '../common/errors.js';

/** A type whose bits have names; printed as `[ ZF PF ]`. */
export interface FlagsType extends BaseType {
  readonly flags: ReadonlyMap<number, string>;
}

export const isFlags = (type: CType): type is FlagsType => 'flags' in type;

export interface Register {
  readonly name: string;
  readonly type: CType;
  /** The whole register that holds it, and the byte where it begins there. */
  readonly whole: string;
  readonly start: number;
  /** Not every processor has it. */
  readonly optional?: true;
}

const DATA_POINTER = c.VOID_POINTER;

const flags = (name: string, bits: readonly (readonly [number, string])[]): FlagsType => ({
  kind: 'base',
  name,
  size: 4,
  encoding: 'unsigned',
  flags: new Map(bits),
});

const EFLAGS = flags('i386_eflags', [
  [0, 'CF'], [2, 'PF'], [4, 'AF'], [6, 'ZF'], [7, 'SF'], [8, 'TF'], [9, 'IF'], [10, 'DF'], [11, 'OF'], [14, 'NT'], [16, 'RF'], [17, 'VM'],
  [18, 'AC'], [19, 'VIF'], [20, 'VIP'], [21, 'ID'],
]); // prettier-ignore
const MXCSR = flags('i386_mxcsr', [
  [0, 'IE'], [1, 'DE'], [2, 'ZE'], [3, 'OE'], [4, 'UE'], [5, 'PE'], [6, 'DAZ'], [7, 'IM'], [8, 'DM'], [9, 'ZM'], [10, 'OM'], [11, 'UM'],
  [12, 'PM'], [15, 'FZ'],
]); // prettier-ignore

const X87_EXTENDED: BaseType = { kind: 'base', name: 'builtin_type_i387_ext', size: 16, encoding: 'float' };

/** In xmm registers by gdb's name for it, such as v4f. */
const vector = (element: BaseType, count: number, kind: string): CType => {
  const array: ArrayType = { kind: 'array', element, count, vector: true };
  return element.size * count === 16 ? { kind: 'typedef', name: `v${count}${kind}`, target: array } : array;
};

function vectorUnion(name: string, size: number): StructType {
  const views: readonly (readonly [string, BaseType, string])[] = [
    ['float', c.FLOAT, 'f'],
    ['double', c.DOUBLE, 'd'],
    ['int8', c.INT8, 'i8'],
    ['int16', c.INT16, 'i16'],
    ['int32', c.INT32, 'i32'],
    ['int64', c.INT64, 'i64'],
  ];
  const members: Member[] = [
    {
      name: `v${size / 2}_bfloat16`,
      type: vector({ kind: 'base', name: 'bfloat16', size: 2, encoding: 'float' }, size / 2, 'bf16'),
      offset: 0,
    },
  ];
  members.push({ name: `v${size / 2}_half`, type: vector(c.HALF, size / 2, 'h'), offset: 0 });
  for (const [label, element, kind] of views) {
    const count = size / element.size;
    members.push({ name: `v${count}_${label}`, type: vector(element, count, kind), offset: 0 });
  }
  const wide: BaseType = { ...c.UNSIGNED_INT128, name: 'uint128_t' };
  members.push(
    size === 16
      ? { name: 'uint128', type: wide, offset: 0 }
      : { name: `v${size / 16}_int128`, type: vector(wide, size / 16, 'i128'), offset: 0 },
  );
  return { kind: 'union', name, size, members: () => members, methods: () => [] };
}

const VEC128 = vectorUnion('vec128', 16);
const VEC256 = vectorUnion('builtin_type_vec256i', 32);
const VEC512 = vectorUnion('builtin_type_vec512i', 64);

/** The mask registers of AVX-512. */
export const maskNames: readonly string[] = Array.from({ length: 8 }, (_, index) => `k${index}`);

function table(): ReadonlyMap<string, Register> {
  const all = new Map<string, Register>();
  const put = (name: string, type: CType, whole = name, start = 0): void => void all.set(name, { name, type, whole, start });
  const classic: readonly (readonly [string, string])[] = [
    ['rax', 'a'], ['rbx', 'b'], ['rcx', 'c'], ['rdx', 'd'],
  ]; // prettier-ignore
  for (const [whole, letter] of classic) {
    put(whole, c.INT64);
    put(`e${letter}x`, c.INT32, whole);
    put(`${letter}x`, c.INT16, whole);
    put(`${letter}l`, c.INT8, whole);
    put(`${letter}h`, c.INT8, whole, 1);
  }
  for (const name of ['si', 'di', 'bp', 'sp']) {
    const whole = `r${name}`;
    const pointer = name === 'bp' || name === 'sp';
    put(whole, pointer ? DATA_POINTER : c.INT64);
    put(`e${name}`, c.INT32, whole);
    if (!pointer) put(name, c.INT16, whole);
    put(`${name}l`, c.INT8, whole);
  }
  for (let i = 8; i < 16; i++) {
    put(`r${i}`, c.INT64);
    put(`r${i}d`, c.INT32, `r${i}`);
    put(`r${i}w`, c.INT16, `r${i}`);
    put(`r${i}l`, c.INT8, `r${i}`);
  }
  for (let i = 0; i < 16; i++) {
    put(`xmm${i}`, VEC128);
    put(`ymm${i}`, VEC256);
  }
  // AVX-512
  const putOptional = (name: string, type: CType): void => void all.set(name, { name, type, whole: name, start: 0, optional: true });
  for (let i = 0; i < 32; i++) {
    putOptional(`zmm${i}`, VEC512);
    if (i < 16) continue;
    putOptional(`xmm${i}`, VEC128);
    putOptional(`ymm${i}`, VEC256);
  }
  for (const name of maskNames) putOptional(name, { ...c.UNSIGNED_LONG, name: 'uint64_t' });
  for (let i = 0; i < 8; i++) put(`st${i}`, X87_EXTENDED);
  put('rip', c.CODE_POINTER);
  put('pc', c.CODE_POINTER, 'rip');
  put('sp', DATA_POINTER, 'rsp');
  put('fp', DATA_POINTER, 'rbp');
  put('eflags', EFLAGS);
  put('ps', EFLAGS, 'eflags');
  put('mxcsr', MXCSR);
  for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs']) put(name, c.INT);
  for (const name of ['fctrl', 'fstat', 'ftag', 'fiseg', 'fioff', 'foseg', 'fooff', 'fop']) put(name, c.INT);
  for (const name of ['fs_base', 'gs_base', 'orig_rax']) put(name, c.LONG);
  return all;
}

const REGISTERS = table();

export const registerNamed = (name: string): Register | undefined => REGISTERS.get(name);

/** For completion. */
export const registerNames = (): Iterable<string> => REGISTERS.keys();

/** The register as a value that can be assigned to. @throws DeetError `no-process` without a thread */
export function registerValue(register: Register, file: RegisterFile): Value {
  const read = (): Uint8Array | undefined => file.read(register.whole);
  if (read() === undefined) throw new DeetError('register', `Register ${register.name} is not available in this frame.`);
  const write = (bytes: Uint8Array): void => {
    file.write(register.whole, bytes);
  };
  return new Value(register.type, new RegisterPlace(register.name, read, write, register.start));
}
