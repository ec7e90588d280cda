/** Where the compiler put a variable, in words, without a frame: `a variable in $rdi`; what changes along the way is told range by range (DWARF 5, 2.6). */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { Reader } from '../common/reader.js';
import type { LocationDescription, UnitContext } from '../dwarf/location.js';
import { Op } from '../dwarf/operations.js';
import { dwarfRegisterName } from './location-place.js';

const complex = 'a complex DWARF expression';

const inRegister = (number: number): string => `a variable in $${dwarfRegisterName(number) ?? number}`;

/** `lit3 stack_value`, `entry_value(reg5) stack_value`: a value that has no place. */
const valueText = (bytes: Uint8Array): string | undefined => {
  const [first] = bytes;
  if (bytes.at(-1) !== Op.stack_value) return undefined;
  if (bytes.length === 2 && first >= Op.lit0 && first <= Op.lit31) return `the constant ${first - Op.lit0}`;
  const isEntry = first === Op.entry_value || first === Op.GNU_entry_value;
  if (!isEntry || bytes.length !== 4 || bytes[1] !== 1 || bytes[2] < Op.reg0 || bytes[2] > Op.reg31) return undefined;
  return `the value that $${dwarfRegisterName(bytes[2] - Op.reg0) ?? '?'} had at the function's entry`;
};

/** Of `const8u 16, form_tls_address`: bytes from the beginning of the file's thread-local storage (DWARF 5, 2.5.1.3). */
const offsetOfThread = (bytes: Uint8Array, unit: UnitContext): bigint | undefined => {
  const last = bytes.at(-1);
  if (last !== Op.form_tls_address && last !== Op.GNU_push_tls_address) return undefined;
  const reader = new Reader(bytes, 'DWARF expression');
  const first = reader.u8();
  const read = new Map<number, () => number | bigint>([
    [Op.const4u, () => reader.u32()],
    [Op.const8u, () => reader.u64()],
    [Op.addr, () => reader.u64()],
    [Op.addrx, () => unit.addressAt(reader.uleb())],
    [Op.constx, () => unit.addressAt(reader.uleb())],
  ]).get(first);
  const offset = read?.();
  return offset === undefined || reader.offset !== bytes.length - 1 ? undefined : BigInt(offset);
};

/** Where a variable of each thread lies in its file's thread-local storage, in bytes; undefined: it is none. */
export const threadLocalOffset = (location: LocationDescription | undefined): bigint | undefined =>
  location?.kind === 'expression' ? offsetOfThread(location.bytes, location.unit) : undefined;

const expressionText = (bytes: Uint8Array, unit: UnitContext, bias: bigint): string => {
  try {
    return operationText(bytes, unit, bias);
  } catch (error) {
    if (error instanceof DeetError) return complex;
    throw error;
  }
};

const operationText = (bytes: Uint8Array, unit: UnitContext, bias: bigint): string => {
  const [first] = bytes;
  if (first === undefined) return 'optimized out';
  if (bytes.length === 1 && first >= Op.reg0 && first <= Op.reg31) return inRegister(first - Op.reg0);
  const reader = new Reader(bytes, 'DWARF expression');
  reader.seek(1);
  const atEnd = (text: string): string => (reader.offset === bytes.length ? text : complex);
  if (first === Op.fbreg) {
    const offset = reader.sleb();
    return atEnd(`a variable at frame base offset ${offset}`);
  }
  if (first >= Op.breg0 && first <= Op.breg31) {
    const offset = reader.sleb();
    return atEnd(`a variable at offset ${offset} from base reg $${dwarfRegisterName(first - Op.breg0) ?? '?'}`);
  }
  if (first === Op.addr) return atEnd(`static storage at address ${hex(BigInt(reader.u64()) + bias)}`);
  if (first === Op.addrx) {
    const address = unit.addressAt(reader.uleb());
    return atEnd(`static storage at address ${hex(BigInt(address) + bias)}`);
  }
  const offset = offsetOfThread(bytes, unit);
  if (offset !== undefined) return `a thread-local variable at offset ${hex(offset)} in the thread-local storage`;
  return valueText(bytes) ?? complex;
};

/** @param bias added to the file's addresses */
export const locationText = (location: LocationDescription | undefined, bias: bigint): string => {
  if (location === undefined) return 'optimized out';
  if (location.kind === 'constant') return typeof location.value === 'bigint' ? `constant ${location.value}` : 'constant';
  if (location.kind === 'expression') return expressionText(location.bytes, location.unit, bias);
  const rows = location.unit.locationList(location.offset).map(({ low, high, expression }) => {
    const range = `${hex(BigInt(low) + bias)}-${hex(BigInt(high) + bias)}`;
    return `  Range ${range}: ${expressionText(expression, location.unit, bias)}`;
  });
  return ['multi-location:', ...rows, ''].join('\n');
};
