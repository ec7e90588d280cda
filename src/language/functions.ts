/** `$_strlen("abc")` and its like (gdb, "Convenience Functions"): functions of the debugger, for conditions that must not call into the program. */
import { DeetError } from '../common/errors.js';
import * as c from './c-types.js';
import type { EvaluationContext } from './context.js';
import { decayed } from './conversions.js';
import { readString, terminator } from './strings.js';
import { asArray, isVoid } from './types.js';
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

const FUNCTIONS: ReadonlyMap<string, readonly [number, ConvenienceFunction]> = new Map([
  ['_strlen', [1, ([text], context) => Value.integer(c.INT, BigInt(text ? textOf(text, context).length : 0))]],
  [
    '_streq',
    [2, ([a, b], context) => truth(a !== undefined && b !== undefined && Buffer.compare(textOf(a, context), textOf(b, context)) === 0)],
  ],
  ['_regex', [2, ([text, pattern], context) => truth(matches(text, pattern, context))]],
  ['_memeq', [3, ([a, b, length], context) => truth(sameMemory(a, b, length, context))]],
  ['_isvoid', [1, ([value]) => truth(value !== undefined && isVoid(value.type))]],
] satisfies [string, readonly [number, ConvenienceFunction]][]);

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

export const isConvenienceFunction = (name: string): boolean => FUNCTIONS.has(name);

/** @throws DeetError for a wrong number of arguments, and what reading them throws */
export function callConvenience(name: string, given: readonly Value[], context: EvaluationContext): Value {
  const entry = FUNCTIONS.get(name);
  if (!entry) throw new DeetError('no-symbol', `There is no function named $${name}.`);
  const [count, run] = entry;
  if (given.length !== count) throw new DeetError('usage', `You must provide ${count} argument${count === 1 ? '' : 's'} to $${name}.`);
  return run(given, context);
}
