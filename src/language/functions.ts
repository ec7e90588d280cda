/** `$_strlen("abc")` and its like (gdb, "Convenience Functions"): functions of the debugger, for conditions that must not call into the program. */
import { DeetError } from '../common/errors.js';
import * as c from './c-types.js';
import type { EvaluationContext } from './context.js';
import { complexParts } from './arithmetic.js';
import { decayed } from './conversions.js';
import { enumText } from './scalar-text.js';
import { readString, terminator } from './strings.js';
import { asArray, asComplex, asInteger, isVoid } from './types.js';
import { toInteger, Value } from './value.js';

type ConvenienceFunction = (given: readonly Value[], context: EvaluationContext) => Value;

/** Longer strings are not compared to their end. */
const MAX_LENGTH = 1024 * 1024;

const truth = (holds: boolean): Value => Value.integer(c.INT, holds ? 1n : 0n);

/** The bytes of a string in memory, or of one in quotes. @throws DeetError `memory` */
function textOf(value: Value, context: EvaluationContext): Uint8Array {
  if (asArray(value.type) && value.address === undefined) {
    const bytes = value.bytes();
    const end = terminator(bytes, 1);
    return end < 0 ? bytes : bytes.subarray(0, end);
  }
  const found = readString(context, BigInt.asUintN(64, toInteger(decayed(value))), 1, MAX_LENGTH);
  if (found.error !== undefined) throw new DeetError('memory', found.error.slice(1, -1).replace('error: ', ''));
  return found.bytes;
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function bytesAt(value: Value, length: number, context: EvaluationContext): Uint8Array {
  if (asArray(value.type) && value.address === undefined) return value.bytes().subarray(0, length);
  return context.memory.read(BigInt.asUintN(64, toInteger(decayed(value))), length);
}

/** A string of deet's own: an array without an address. */
const string = (text: string): Value => {
  const bytes = new TextEncoder().encode(`${text}\0`);
  return Value.of(c.arrayOf(c.CHAR, bytes.length), bytes);
};

/** An enumerator's name, or the number. */
function asString(value: Value): Value {
  const type = asInteger(value.type);
  if (!type) throw new DeetError('type', "Value can't be converted to integer.");
  return string(type.kind === 'enum' ? enumText(toInteger(value), type) : toInteger(value).toString());
}

const part = (value: Value, index: 0 | 1): Value => {
  if (!asComplex(value.type)) throw new DeetError('type', 'expected a complex number');
  return complexParts(value)[index];
};

function setting(name: Value, context: EvaluationContext): string | number | boolean {
  const words = decode(textOf(name, context));
  const found = context.setting?.(words);
  if (found === undefined)
    throw new DeetError('no-setting', `First argument of $_gdb_setting must be a valid setting: there is no "${words}".`);
  return found;
}

const asValue = (found: string | number | boolean): Value =>
  typeof found === 'string' ? string(found) : Value.integer(c.INT, BigInt(found));
const asWords = (found: string | number | boolean): Value => string(typeof found === 'boolean' ? (found ? 'on' : 'off') : String(found));

/** Is the caller, `levels` frames out, what is asked for? `any`: or one on the way there, or beyond. */
function calledBy(
  given: readonly Value[],
  context: EvaluationContext,
  any: boolean,
  fits: (name: string, wanted: string) => boolean,
): Value {
  const [name, levels] = given;
  const wanted = decode(textOf(name, context));
  const most = levels ? toInteger(levels) : 1n;
  if (most < 0n) throw new DeetError('usage', 'nframes must be >= 0');
  let level = 0n;
  for (const caller of context.callers?.() ?? []) {
    if (any ? fits(caller ?? '', wanted) : level === most) return truth(fits(caller ?? '', wanted));
    level++;
  }
  return truth(false);
}

const same = (name: string, wanted: string): boolean => name === wanted;
const begins = (name: string, pattern: string): boolean => new RegExp(pattern).exec(name)?.index === 0;

/** How many arguments each takes, at least and at most. */
const FUNCTIONS: ReadonlyMap<string, readonly [number, ConvenienceFunction, number?]> = new Map<
  string,
  readonly [number, ConvenienceFunction, number?]
>([
  ['_as_string', [1, ([value]) => asString(value)]],
  ['_creal', [1, ([value]) => part(value, 0)]],
  ['_cimag', [1, ([value]) => part(value, 1)]],
  ['_gdb_setting', [1, ([name], context) => asValue(setting(name, context))]],
  ['_gdb_setting_str', [1, ([name], context) => asWords(setting(name, context))]],
  ['_caller_is', [1, (given, context) => calledBy(given, context, false, same), 2]],
  ['_caller_matches', [1, (given, context) => calledBy(given, context, false, begins), 2]],
  ['_any_caller_is', [1, (given, context) => calledBy(given, context, true, same), 2]],
  ['_any_caller_matches', [1, (given, context) => calledBy(given, context, true, begins), 2]],
  ['_strlen', [1, ([text], context) => Value.integer(c.INT, BigInt(text ? textOf(text, context).length : 0))]],
  [
    '_streq',
    [2, ([a, b], context) => truth(a !== undefined && b !== undefined && Buffer.compare(textOf(a, context), textOf(b, context)) === 0)],
  ],
  ['_regex', [2, ([text, pattern], context) => truth(matches(text, pattern, context))]],
  ['_memeq', [3, ([a, b, length], context) => truth(sameMemory(a, b, length, context))]],
  ['_isvoid', [1, ([value]) => truth(value !== undefined && isVoid(value.type))]],
]);

function matches(text: Value | undefined, pattern: Value | undefined, context: EvaluationContext): boolean {
  if (!text || !pattern) return false;
  const source = decode(textOf(pattern, context));
  let compiled: RegExp;
  try {
    compiled = new RegExp(source, 'u');
  } catch {
    throw new DeetError('usage', `"${source}" is not a regular expression.`);
  }
  // Anchored at the start, as Python's re.match in gdb.
  return compiled.exec(decode(textOf(text, context)).slice(0, 4096))?.index === 0;
}

function sameMemory(a: Value | undefined, b: Value | undefined, length: Value | undefined, context: EvaluationContext): boolean {
  if (!a || !b || !length) return false;
  const count = toInteger(length);
  if (count < 0n || count > BigInt(MAX_LENGTH)) throw new DeetError('usage', 'length must be non-negative and at most a megabyte');
  return Buffer.compare(bytesAt(a, Number(count), context), bytesAt(b, Number(count), context)) === 0;
}

/** Functions of the C library that only look: deet computes them itself where no debug information describes them, so that conditions can use them. */
const LIBRARY: typeof FUNCTIONS = new Map<string, readonly [number, ConvenienceFunction, number?]>([
  ['strlen', [1, ([text], context) => Value.integer(c.UNSIGNED_LONG, BigInt(text ? textOf(text, context).length : 0))]],
  ['strcmp', [2, ([a, b], context) => difference(a, b, undefined, context)]],
  ['strncmp', [3, ([a, b, count], context) => difference(a, b, count, context)]],
]);

/** Of the first characters that differ, as the C library has it. */
function difference(a: Value | undefined, b: Value | undefined, count: Value | undefined, context: EvaluationContext): Value {
  const bytes = (value: Value | undefined): Uint8Array => (value ? textOf(value, context) : new Uint8Array(0));
  const most = count ? Number(BigInt.asUintN(64, toInteger(count))) : Infinity;
  const [one, other] = [bytes(a), bytes(b)];
  for (let i = 0; i < most && i <= one.length; i++) {
    const distance = (one.at(i) ?? 0) - (other.at(i) ?? 0);
    if (distance !== 0) return Value.integer(c.INT, BigInt(distance));
  }
  return Value.integer(c.INT, 0n);
}

/** For `show convenience`. */
export const convenienceFunctions = (): Iterable<string> => FUNCTIONS.keys();

export const isLibraryFunction = (name: string): boolean => LIBRARY.has(name);

export const isConvenienceFunction = (name: string): boolean => FUNCTIONS.has(name);

/** @throws DeetError for a wrong number of arguments, and what reading them throws */
export function callConvenience(name: string, given: readonly Value[], context: EvaluationContext): Value {
  const entry = FUNCTIONS.get(name) ?? LIBRARY.get(name);
  if (!entry) throw new DeetError('no-symbol', `There is no function named $${name}.`);
  const [count, run, most = count] = entry;
  if (given.length < count || given.length > most)
    throw new DeetError('usage', `You must provide ${count} argument${count === 1 ? '' : 's'} to $${name}.`);
  return run(given, context);
}
