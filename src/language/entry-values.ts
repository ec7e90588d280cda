/** What a parameter was when its function was entered, where the caller's call site tells (DWARF 5, 3.4.2): gdb's `x@entry`. */
import { entryAt } from '../dwarf/lists.js';
import { Op } from '../dwarf/operations.js';
import type { Frame } from '../inferior/frame.js';
import type { Variable } from '../symbols/model.js';
import { asFloat, asInteger, requireSize, strip } from './types.js';
import { integerBytes, Value } from './value.js';

/** The expression of its place at the function's first instruction: a register in which the caller passed it. */
const passedIn = ({ location }: Variable, entry: number): Uint8Array | undefined => {
  if (location === undefined || location.kind === 'constant') return undefined;
  const bytes =
    location.kind === 'expression' ? location.bytes : entryAt(location.unit.locationList(location.offset), entry, true)?.expression;
  return bytes?.length === 1 && bytes[0] >= Op.reg0 && bytes[0] <= Op.reg31 ? bytes : undefined;
};

/** Undefined: no parameter of this function, or the caller does not tell. */
export const valueAtEntry = (variable: Variable, frame: Frame): Value | undefined => {
  const { function: fn, kind, context } = frame;
  const { type } = variable;
  const isWord = strip(type).kind === 'pointer' || ((asInteger(type) ?? asFloat(type))?.size ?? 16) <= 8;
  if (variable.role !== 'parameter' || !fn || kind === 'inlined' || !isWord) return undefined;
  const place = passedIn(variable, fn.entry);
  const number = place && context.entryValue(place);
  return number === undefined ? undefined : Value.of(type, integerBytes(number, requireSize(type)));
};
