/** One scalar by a format letter: `print/x`, `x/4dw`. Widths are the value's own; floats show their bits, as in gdb. */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { EvaluationContext } from './context.js';
import { decimalText, truncateDecimal } from './decimals.js';
import { floatText } from './float-text.js';
import { BINARY32, BINARY64, X87, decodeFloat, truncate, type FloatFormat } from './floats.js';
import { quotedCharacter } from './text-writer.js';
import { asDecimal, asFloat, asInteger, isSigned, strip } from './types.js';
import { floatFormat, integerOf, toDecimal, toFloat, type Value } from './value.js';

export type Letter = 'x' | 'd' | 'u' | 'o' | 't' | 'z' | 'a' | 'c' | 's' | 'f' | 'i';

/** What one scalar can be shown as; /s is for whole values. */
type ScalarLetter = Exclude<Letter, 's'>;

const LETTERS = new Set<string>(['x', 'd', 'u', 'o', 't', 'z', 'a', 'c', 's', 'f', 'i']);

/** @throws DeetError "Undefined output format" */
export function letterOf(text: string): Letter {
  if (!LETTERS.has(text)) throw new DeetError('usage', `Undefined output format "${text}".`, 'Formats: x d u o t z a c s f i.');
  return text as Letter;
}

export interface LetterWorld {
  readonly instruction?: (address: Address) => string;
}

/** `0x404028 <counter+4>` */
export function symbolicAddress(address: Address, context: Pick<EvaluationContext, 'symbolAt' | 'settings'>): string {
  return `${hex(address)} ${symbolWords(address, context)}`.trimEnd();
}

/** `<main+4>`, or nothing: there is no symbol, or none as near as the settings want it. */
export function symbolWords(address: Address, context: Pick<EvaluationContext, 'symbolAt' | 'settings'>): string {
  const symbol = context.symbolAt(address);
  const { settings } = context;
  if (!symbol || (settings.symbolicOffset > 0 && symbol.offset > settings.symbolicOffset)) return '';
  return `<${symbol.name}${symbol.offset === 0 ? '' : `+${symbol.offset}`}>`;
}

/** @throws DeetError from reading the value */
export function formatScalar(value: Value, letter: ScalarLetter, context: EvaluationContext, world: LetterWorld): string {
  const bare = strip(value.type);
  const bytes = significant(value);
  const raw = integerOf(bytes, false);
  const bits = bytes.length * 8;
  switch (letter) {
    case 'x':
      return hex(raw);
    case 'z':
      return `0x${raw.toString(16).padStart(bytes.length * 2, '0')}`;
    case 'd':
      return BigInt.asIntN(bits, raw).toString();
    case 'u':
      return raw.toString();
    case 'o':
      return raw === 0n ? '0' : `0${raw.toString(8)}`;
    case 't':
      return raw.toString(2);
    case 'a':
      if (bare.kind === 'function') throw new DeetError('type', "Value can't be converted to integer.");
      return symbolicAddress(BigInt.asUintN(64, asNumber(value, signedType(value) ? BigInt.asIntN(bits, raw) : raw)), context);
    case 'c':
      return character(value, raw);
    case 'f':
      return asFloatText(value, bytes, raw);
    case 'i':
      if (!world.instruction) throw new DeetError('usage', 'Format letter "i" is meaningless in "print" command.');
      return world.instruction(raw);
  }
}

/** An x87 long double has ten bytes of value and six of padding. */
function significant(value: Value): Uint8Array {
  const bytes = value.bytes();
  return asFloat(value.type) ? bytes.subarray(0, Math.min(bytes.length, floatFormat(value.type).bytes)) : bytes;
}

function signedType(value: Value): boolean {
  const integer = asInteger(value.type);
  return integer !== undefined && isSigned(integer);
}

function asNumber(value: Value, raw: bigint): bigint {
  if (asFloat(value.type)) return truncate(toFloat(value)) ?? 0n;
  const decimal = toDecimal(value);
  return decimal ? (truncateDecimal(decimal) ?? 0n) : raw;
}

function character(value: Value, raw: bigint): string {
  const number = asNumber(value, raw);
  const unit = Number(BigInt.asUintN(8, number));
  const shown = signedType(value) || asFloat(value.type) || asDecimal(value.type) ? Number(BigInt.asIntN(8, number)) : unit;
  return `${shown} ${quotedCharacter(Uint8Array.of(unit), '')}`;
}

const FLOAT_OF_SIZE: ReadonlyMap<number, FloatFormat> = new Map([
  [4, BINARY32],
  [8, BINARY64],
  [16, X87],
]);

/** Integers and pointers of a float's size show that float's value. */
function asFloatText(value: Value, bytes: Uint8Array, raw: bigint): string {
  if (asFloat(value.type)) return floatText(toFloat(value), floatFormat(value.type));
  const decimal = toDecimal(value);
  if (decimal) return decimalText(decimal);
  const format = FLOAT_OF_SIZE.get(bytes.length);
  if (format) return floatText(decodeFloat(bytes, format), format);
  return (signedType(value) ? BigInt.asIntN(bytes.length * 8, raw) : raw).toString();
}
