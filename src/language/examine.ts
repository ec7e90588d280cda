/** `x/NFU address`: memory as numbers, characters, strings or instructions, in gdb's columns. */
import { u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { CType } from '../symbols/types.js';
import * as c from './c-types.js';
import type { CommandFormat, UnitSize } from './command-format.js';
import type { EvaluationContext } from './context.js';
import { decayed } from './conversions.js';
import { formatScalar, symbolicAddress, type Letter } from './format-letter.js';
import { readString, stringsBefore } from './strings.js';
import { glyphs, quotedString } from './text-writer.js';
import type { TextKind } from './textual.js';
import { asFunction, asStruct } from './types.js';
import { isUnknown, unknownType } from './unknown.js';
import { toInteger, Value } from './value.js';

/** What `x` without letters repeats. */
export interface ExamineDefaults {
  readonly letter: Letter;
  readonly size: UnitSize;
}

export const FIRST_DEFAULTS: ExamineDefaults = { letter: 'x', size: 4 };

export interface ExaminedLine {
  readonly address: Address;
  /** `0x404010 <arr>` */
  readonly label: string;
  /** The columns behind the colon. */
  readonly cells: readonly string[];
}

export interface Examined {
  readonly lines: readonly ExaminedLine[];
  /** Where the next `x` goes on. */
  readonly next: Address;
  /** First address behind what was read. */
  readonly end: Address;
  readonly defaults: ExamineDefaults;
  /** Becomes `$_` and `$__`; undefined when nothing was shown. */
  readonly last: Value | undefined;
  /** What ended it early; the lines before are good. */
  readonly error?: DeetError;
}

/** More is for a file, not for eyes. */
const MAX_ITEMS = 1_000_000;

/** How many units a command asks for. @throws DeetError `too-big` */
export function unitCount({ count = 1 }: CommandFormat): number {
  if (Math.abs(count) > MAX_ITEMS)
    throw new DeetError('too-big', `x shows at most ${MAX_ITEMS} units at once.`, 'dump memory FILE START END');
  return count;
}

const COLUMNS: Readonly<Record<UnitSize, number>> = { 1: 8, 2: 8, 4: 4, 8: 2 };

/** The address an argument of `x` means: a pointer's value, an array's or function's place. @throws DeetError */
export function examineAddress(value: Value): Address {
  if (asFunction(value.type) && value.address !== undefined) return value.address;
  if (isUnknown(value)) throw unknownType(value);
  if (asStruct(value.type)) throw new DeetError('type', "Value can't be converted to integer.", 'Use its address: x &...');
  return u64(toInteger(decayed(value)));
}

/** The sizes that letters imply: `a` is 8 bytes, `c` one, a float no less than 4. */
function settle(format: CommandFormat, defaults: ExamineDefaults): ExamineDefaults {
  const letter = format.letter ?? defaults.letter;
  // gdb's rule: strings are bytes, and so is what follows them; instructions leave the size as it was.
  const last = defaults.letter === 's' ? 1 : defaults.size;
  if (format.size !== undefined) return { letter, size: format.size };
  switch (letter) {
    case 'a':
      return { letter, size: 8 };
    case 'c':
      return { letter, size: 1 };
    case 's':
      return { letter, size: defaults.letter === 's' ? defaults.size : 1 };
    case 'f':
      return { letter, size: last >= 4 ? last : 8 };
    default:
      return { letter, size: last };
  }
}

export function examine(start: Address, format: CommandFormat, defaults: ExamineDefaults, context: EvaluationContext): Examined {
  const settled = settle(format, defaults);
  const count = unitCount(format);
  const reader = settled.letter === 's' ? stringReader(settled.size, context) : scalarReader(settled.letter, settled.size, context);
  const lines: { address: Address; label: string; cells: string[] }[] = [];
  const columns = settled.letter === 's' ? 1 : COLUMNS[settled.size];
  const [begin, units] = count < 0 ? backwards(start, -count, settled, context) : [u64(start), count];
  let at = begin;
  let last: Value | undefined;
  for (let i = 0; i < units; i++) {
    if (i % columns === 0) lines.push({ address: at, label: symbolicAddress(at, context), cells: [] });
    try {
      const item = reader(at);
      lines.at(-1)?.cells.push(item.text);
      ({ value: last } = item);
      at = u64(at + BigInt(item.length));
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return { lines, next: at, end: at, defaults: settled, last, error };
    }
  }
  return { lines, next: count < 0 ? begin : at, end: at, defaults: settled, last };
}

/** `label:<tab>cell<tab>cell`, line by line. */
export const examinedText = (lines: readonly ExaminedLine[]): string =>
  lines.map(({ label, cells }) => `${label}:\t${cells.join('\t')}`).join('\n');

/** The place that so many units before `start` begin at, and how many there are. */
function backwards(
  start: Address,
  count: number,
  { letter, size }: ExamineDefaults,
  context: EvaluationContext,
): readonly [Address, number] {
  if (letter !== 's') return [u64(start - BigInt(count * size)), count];
  return stringsBefore(context, start, count, size === 8 ? 1 : size, longestString(context));
}

interface Item {
  readonly text: string;
  readonly length: number;
  readonly value: Value;
}

const UNITS: Readonly<Record<UnitSize, CType>> = { 1: c.INT8, 2: c.INT16, 4: c.INT32, 8: c.INT64 };

function scalarReader(letter: Exclude<Letter, 's'>, size: UnitSize, context: EvaluationContext): (address: Address) => Item {
  const float = letter === 'f' && size >= 4;
  const type = float ? (size === 4 ? c.FLOAT : c.DOUBLE) : UNITS[size];
  // With a unit size, hexadecimal is padded to it, and so are bits.
  const shown = letter === 'x' ? 'z' : letter;
  return (address) => {
    const value = Value.at(type, context.memory, address).fetched();
    const text = formatScalar(value, shown, context, {});
    return { text: letter === 't' ? text.padStart(size * 8, '0') : text, length: size, value };
  };
}

/** In characters. */
const longestString = ({ settings }: EvaluationContext): number => (settings.elements === 0 ? 1024 * 1024 : settings.elements);

function stringReader(size: UnitSize, context: EvaluationContext): (address: Address) => Item {
  const kind: TextKind = { prefix: size === 2 ? 'u' : size === 4 ? 'U' : '', unit: size === 8 ? 1 : size };
  return (address) => {
    const found = readString(context, address, kind.unit, longestString(context));
    const character = kind.unit === 2 ? c.CHAR16 : kind.unit === 4 ? c.CHAR32 : c.CHAR;
    const value = Value.at(c.arrayOf(character, found.bytes.length / kind.unit + 1), context.memory, address);
    if (found.error !== undefined && found.bytes.length === 0) return { text: found.error, length: 0, value };
    const text =
      quotedString(glyphs(found.bytes, kind.unit), kind, context.settings, !found.ended && found.error === undefined) + (found.error ?? '');
    return { text, length: found.bytes.length + (found.ended ? kind.unit : 0), value };
  };
}
