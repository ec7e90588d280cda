/** `/4xw` behind a command: a count, a format letter and a unit size, in any order (gdb, "Output Formats" and "Memory"). */
import { DeetError } from '../common/errors.js';
import { letterOf, type Letter } from './format-letter.js';

export type UnitSize = 1 | 2 | 4 | 8;

export interface CommandFormat {
  /** Undefined: not given. Negative: backwards. */
  readonly count?: number;
  readonly letter?: Letter;
  readonly size?: UnitSize;
  /** /r: no pretty views. */
  readonly raw: boolean;
}

const SIZES: Readonly<Record<string, UnitSize>> = { b: 1, h: 2, w: 4, g: 8 };

/** The text behind the slash, up to the first space. @throws DeetError "Undefined output format" */
export function parseFormat(text: string): CommandFormat {
  const [, digits = '', letters = ''] = /^(-?\d*)(.*)$/s.exec(text) ?? [];
  let letter: Letter | undefined;
  let size: UnitSize | undefined;
  let raw = false;
  for (const character of letters) {
    const unit = SIZES[character];
    if (unit !== undefined) size = unit;
    else if (character === 'r') raw = true;
    else letter = letterOf(character);
  }
  const count = digits === '' || digits === '-' ? undefined : Number(digits);
  return { raw, ...(count === undefined ? {} : { count }), ...(letter ? { letter } : {}), ...(size ? { size } : {}) };
}

/** Splits `/x rest` as it follows a command's name; no slash: everything is the rest. @throws DeetError */
export function splitFormat(text: string): { readonly format: CommandFormat; readonly rest: string } {
  const trimmed = text.trimStart();
  const found = /^\/(\S*)\s*([^]*)$/.exec(trimmed);
  return found ? { format: parseFormat(found[1] ?? ''), rest: found[2] ?? '' } : { format: { raw: false }, rest: trimmed };
}

/** For print and display, which show one value. @throws DeetError */
export function requireSingle(format: CommandFormat, command: string): void {
  if (format.count !== undefined && format.count !== 1)
    throw new DeetError('usage', `Item count other than 1 is meaningless in "${command}" command.`);
  if (format.size !== undefined) throw new DeetError('usage', `Size letters are meaningless in "${command}" command.`);
  if (format.letter === 'i') throw new DeetError('usage', `Format letter "i" is meaningless in "${command}" command.`);
}
