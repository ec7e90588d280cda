/** `printf`, `dprintf` and `echo`: C's conversions (C11, 7.21.6.1) on values of the program. */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { convertArithmetic } from './arithmetic.js';
import type { Expression } from './ast.js';
import * as c from './c-types.js';
import type { Evaluation, EvaluationContext } from './context.js';
import { decayed } from './conversions.js';
import { evaluate } from './evaluate.js';
import { fixed, general, hexadecimal, scientific } from './float-text.js';
import { used } from './identifiers.js';
import { parseArguments } from './parser.js';
import { readString } from './strings.js';
import { asArray, asComplex, asDecimal, asFloat, asInteger, asPointer, asStruct } from './types.js';
import { toFloat, toInteger, type Value } from './value.js';

interface Conversion {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly length: string;
  readonly letter: string;
}

export type Template = readonly (string | Conversion)[];

export interface ParsedPrintf {
  readonly template: Template;
  readonly arguments: readonly Expression[];
}

const MAX_FIELD = 10_000;
const MAX_STRING = 64 * 1024;

/**
 * `"format", arg, arg`.
 * @throws DeetError for a bad format or a wrong number of arguments
 */
export function parsePrintf(text: string, context: EvaluationContext): ParsedPrintf {
  const trimmed = text.trim();
  if (trimmed === '') throw new DeetError('usage', 'Argument required (format-control string and values to print).', 'printf "%d\\n", x');
  if (!trimmed.startsWith('"')) throw new DeetError('syntax', "Bad format string, missing '\"'.");
  const found = /^"((?:[^"\\]|\\[^])*)"\s*(,?)([^]*)$/.exec(trimmed);
  if (!found) throw new DeetError('syntax', "Bad format string, non-terminated '\"'.");
  const [, body = '', comma = '', rest = ''] = found;
  if (comma === '' && rest.trim() !== '') throw new DeetError('syntax', 'Invalid argument syntax');
  const template = parseTemplate(unescape(body));
  const list = parseArguments(rest, context.names);
  if (template.filter((piece) => typeof piece !== 'string').length !== list.length) {
    throw new DeetError('syntax', 'Wrong number of arguments for specified format-string');
  }
  return { template, arguments: list };
}

function parseTemplate(text: string): Template {
  const pieces: (string | Conversion)[] = [];
  const pattern = /%(?:(%)|([-+ #0']*)(\d*)(?:\.(\d*))?(hh|h|ll|l|j|z|t|L)?(.))|[^%]+|%/gsu;
  for (const match of text.matchAll(pattern)) {
    const [whole, percent, flags = '', width = '', precision, length = '', letter] = match;
    if (letter === undefined) {
      if (whole === '%') throw new DeetError('syntax', 'Incomplete format specifier at end of format string');
      pieces.push(percent === undefined ? whole : '%');
      continue;
    }
    if (!'diouxXcsfFeEgGaAp'.includes(letter)) throw new DeetError('syntax', `Unrecognized format specifier '${letter}' in printf`);
    pieces.push({
      flags,
      width: Math.min(Number(width), MAX_FIELD),
      precision: precision === undefined ? undefined : Math.min(Number(precision), MAX_FIELD),
      length,
      letter,
    });
  }
  return pieces;
}

/** The text. Evaluating the arguments may call into the program. @throws DeetError */
export function* runPrintf(parsed: ParsedPrintf, context: EvaluationContext): Evaluation<string> {
  let text = '';
  let next = 0;
  for (const piece of parsed.template) {
    if (typeof piece === 'string') {
      text += piece;
      continue;
    }
    const argument = parsed.arguments[next++];
    if (argument) text += converted(piece, used(yield* evaluate(argument, context), context), context);
  }
  return text;
}

function converted(conversion: Conversion, value: Value, context: EvaluationContext): string {
  const { letter } = conversion;
  switch (letter) {
    case 'c':
      return padded(character(value), conversion);
    case 's':
      return padded(stringOf(value, conversion, context), conversion);
    case 'p': {
      const address = BigInt.asUintN(64, wholeNumber(value));
      return padded(address === 0n ? '(nil)' : hex(address), conversion);
    }
    default:
      return 'fFeEgGaA'.includes(letter) ? floating(conversion, value) : integral(conversion, value);
  }
}

function character(value: Value): string {
  const point = Number(BigInt.asUintN(32, wholeNumber(value)));
  return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
}

/** From memory, or from a string that lives only here. */
function stringOf(value: Value, { length, precision }: Conversion, context: EvaluationContext): string {
  const unit = length === 'l' ? 4 : 1;
  const array = asArray(value.type);
  let bytes: Uint8Array;
  if (array && value.address === undefined) {
    bytes = value.bytes();
    const end = bytes.indexOf(0);
    if (unit === 1 && end >= 0) bytes = bytes.subarray(0, end);
  } else {
    const address = BigInt.asUintN(64, wholeNumber(value));
    if (address === 0n) return '(null)';
    const found = readString(context, address, unit, Math.min(precision ?? MAX_STRING, MAX_STRING));
    if (found.error !== undefined) throw new DeetError('memory', found.error.replace(/^<error: |>$/g, ''));
    ({ bytes } = found);
  }
  if (unit === 1) return new TextDecoder().decode(bytes.subarray(0, precision ?? bytes.length));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const point = view.getUint32(at, true);
    if (point === 0) break;
    text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
  }
  return text;
}

const SIZE: Readonly<Record<string, number>> = { hh: 8, h: 16, '': 32, l: 64, ll: 64, j: 64, z: 64, t: 64, L: 64 };

/** A number, a pointer, an array's or a function's address. @throws DeetError `type` for a struct, a vector, a complex number */
function wholeNumber(value: Value): bigint {
  requireScalar(value);
  const isFraction = (asFloat(value.type) ?? asDecimal(value.type)) !== undefined;
  return toInteger(isFraction ? convertArithmetic(value, c.LONG) : decayed(value));
}

function requireScalar({ type }: Value): void {
  if (asStruct(type) ?? asComplex(type) ?? asArray(type)?.vector) throw new DeetError('type', "Value can't be converted to integer.");
}

function integral(conversion: Conversion, value: Value): string {
  const { letter, flags, precision } = conversion;
  const number = wholeNumber(value);
  const bits = SIZE[conversion.length] ?? 32;
  const signed = letter === 'd' || letter === 'i';
  const wrapped = signed ? BigInt.asIntN(bits, number) : BigInt.asUintN(bits, number);
  const magnitude = wrapped < 0n ? -wrapped : wrapped;
  const base = letter === 'o' ? 8 : letter === 'x' || letter === 'X' ? 16 : 10;
  let digits = magnitude.toString(base).padStart(precision ?? 1, '0');
  if (letter === 'X') digits = digits.toUpperCase();
  if (flags.includes("'") && base === 10) digits = digits.replace(/\B(?=(\d{3})+$)/g, ',');
  const alternate = flags.includes('#') && magnitude !== 0n ? (base === 16 ? `0${letter}` : base === 8 ? '0' : '') : '';
  return field(signOf(wrapped < 0n, signed ? flags : ''), alternate + digits, conversion, precision === undefined);
}

const signOf = (negative: boolean, flags: string): string => (negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '');

/** An integer's bits of the same width are taken for the float, as printf itself would. */
function floating(conversion: Conversion, value: Value): string {
  const { letter, precision } = conversion;
  requireScalar(value);
  const number = asFloat(value.type)
    ? toFloat(value)
    : (asInteger(value.type) ?? asPointer(value.type) ?? asDecimal(value.type))
      ? toFloat(convertArithmetic(value, c.DOUBLE))
      : toFloat(value);
  const positive = { ...number, negative: false };
  const lower = letter.toLowerCase();
  const text =
    lower === 'f'
      ? fixed(positive, precision ?? 6)
      : lower === 'e'
        ? scientific(positive, precision ?? 6)
        : lower === 'g'
          ? general(positive, precision ?? 6, conversion.flags.includes('#'))
          : hexadecimal(positive);
  return field(
    signOf(number.negative, conversion.flags),
    letter === lower ? text : text.toUpperCase(),
    conversion,
    number.kind === 'finite',
  );
}

function field(sign: string, digits: string, conversion: Conversion, zeros: boolean): string {
  if (conversion.flags.includes('0') && !conversion.flags.includes('-') && zeros)
    return sign + digits.padStart(conversion.width - sign.length, '0');
  return padded(sign + digits, conversion);
}

const padded = (text: string, { flags, width }: Conversion): string => (flags.includes('-') ? text.padEnd(width) : text.padStart(width));

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v', e: '\x1b' };

/** C escapes in a format or in echo's text; a backslash before a newline joins lines. */
function unescape(text: string): string {
  return text.replace(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|(\n)|([^]))/g,
    (_, octal?: string, hexadecimalDigits?: string, newline?: string, letter?: string) => {
      if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
      if (hexadecimalDigits !== undefined) return String.fromCharCode(parseInt(hexadecimalDigits, 16));
      return newline !== undefined ? '' : (ESCAPES[letter ?? ''] ?? letter ?? '');
    },
  );
}

/** `echo text`: as typed, escapes resolved; a lone backslash at the end is dropped (it protects trailing spaces). */
export const echoText = (text: string): string => unescape(text.replace(/((?:^|[^\\])(?:\\\\)*)\\$/, '$1'));
