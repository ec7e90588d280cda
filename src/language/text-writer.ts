/** Characters and strings as gdb writes them: escapes, runs (`'x' <repeats 30 times>`), encodings. */
import type { PrintSettings } from './settings.js';
import type { TextKind } from './textual.js';

/** One character of the program: a code point, or a unit that decodes to none. */
export interface Glyph {
  readonly point: number;
  readonly valid: boolean;
  /** The bytes it came from, for octal escapes. */
  readonly bytes: readonly number[];
}

const NAMED: ReadonlyMap<number, string> = new Map([
  [7, '\\a'], [8, '\\b'], [9, '\\t'], [10, '\\n'], [11, '\\v'], [12, '\\f'], [13, '\\r'], [27, '\\033'],
]); // prettier-ignore

/** A unit as gdb escapes it: three octal digits, or hexadecimal when those do not suffice. */
function escapeUnit(value: number): string {
  return value <= 0o777 ? `\\${value.toString(8).padStart(3, '0')}` : `\\x${value.toString(16)}`;
}

function escapeBytes(bytes: readonly number[], unit: number): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += unit) {
    let value = 0;
    for (let i = unit - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
    text += escapeUnit(value);
  }
  return text;
}

/** Prints as itself? Controls, surrogates, private and unassigned characters never reach the terminal. */
const isPrintable = (point: number): boolean =>
  (point >= 0x20 && point < 0x7f) || (point > 0xa0 && /[^\p{C}\p{Zl}\p{Zp}]/u.test(String.fromCodePoint(point)));

/** `afterEscape`: the character before was a hexadecimal escape, which a digit would lengthen. */
function glyphText(glyph: Glyph, unit: number, quote: string, afterEscape: boolean): { text: string; escaped: boolean } {
  const { point } = glyph;
  const named = glyph.valid ? NAMED.get(point) : undefined;
  if (named !== undefined) return { text: named, escaped: false };
  const digit = afterEscape && /[0-9a-fA-F]/.test(String.fromCharCode(point));
  if (glyph.valid && isPrintable(point) && !digit) {
    const character = String.fromCodePoint(point);
    return { text: character === quote || character === '\\' ? `\\${character}` : character, escaped: false };
  }
  const text = escapeBytes(glyph.bytes, unit);
  return { text, escaped: text.includes('x') };
}

/** Splits a string of 1-, 2- or 4-byte units into characters (UTF-8, UTF-16, UTF-32). */
export function glyphs(bytes: Uint8Array, unit: number, limit = Infinity): Glyph[] {
  const list: Glyph[] = [];
  for (let at = 0; at + unit <= bytes.length && list.length < limit;) {
    const glyph = unit === 1 ? utf8At(bytes, at) : unit === 2 ? utf16At(bytes, at) : utf32At(bytes, at);
    list.push(glyph);
    at += glyph.bytes.length;
  }
  return list;
}

function utf8At(bytes: Uint8Array, at: number): Glyph {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { point: first, valid: true, bytes: [first] };
  const length = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 1;
  let point = length === 2 ? first & 0x1f : length === 3 ? first & 0x0f : first & 0x07;
  const used = [first];
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i];
    if (next === undefined || (next & 0xc0) !== 0x80) return { point: first, valid: false, bytes: [first] };
    point = (point << 6) | (next & 0x3f);
    used.push(next);
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  const valid = length > 1 && point >= least && point <= 0x10ffff && (point & 0x1ff800) !== 0xd800;
  return valid ? { point, valid, bytes: used } : { point: first, valid: false, bytes: [first] };
}

function utf16At(bytes: Uint8Array, at: number): Glyph {
  const unit = (i: number): number => (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8);
  const high = unit(at);
  const own = [...bytes.subarray(at, at + 2)];
  if ((high & 0xf800) !== 0xd800) return { point: high, valid: true, bytes: own };
  const low = unit(at + 2);
  if ((high & 0xfc00) !== 0xd800 || (low & 0xfc00) !== 0xdc00 || at + 4 > bytes.length) return { point: high, valid: false, bytes: own };
  return { point: 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff), valid: true, bytes: [...bytes.subarray(at, at + 4)] };
}

function utf32At(bytes: Uint8Array, at: number): Glyph {
  const own = [...bytes.subarray(at, at + 4)];
  const point = ((own[0] ?? 0) | ((own[1] ?? 0) << 8) | ((own[2] ?? 0) << 16)) + (own[3] ?? 0) * 0x1000000;
  const valid = point <= 0x10ffff && (point & 0xfffff800) !== 0xd800;
  return { point, valid, bytes: own };
}

/** `'a'`, `'\n'`, `L'x'`: one unit in single quotes. */
export function quotedCharacter(bytes: Uint8Array, prefix: string): string {
  const [glyph] = glyphs(bytes, bytes.length);
  return glyph ? `${prefix}'${glyphText(glyph, bytes.length, "'", false).text}'` : `${prefix}''`;
}

/**
 * A whole string. `more`: it goes on beyond what was read, so `...` follows. Runs longer than the threshold stand outside the quotes.
 * @param rest how many more characters like the last one follow it
 */
export function quotedString(all: readonly Glyph[], kind: TextKind, settings: PrintSettings, more: boolean, rest = 0): string {
  const { prefix, unit } = kind;
  if (all.length === 0) return `${prefix}""${more ? '...' : ''}`;
  const limit = settings.elements === 0 ? Infinity : settings.elements;
  // What was read beyond the limit, to find where a run ends, is not shown: its end is none.
  const [list, tail] = more && all.length > limit ? [all, ''] : splitIncomplete(all, unit);
  const threshold = settings.repeats === 0 ? Infinity : settings.repeats;
  const segments: string[] = [];
  let open: string | undefined;
  let escaped = false;
  let at = 0;
  for (; at < list.length && at < limit;) {
    const glyph = list[at];
    if (!glyph) break;
    let run = 1;
    while (at + run < list.length && sameGlyph(glyph, list[at + run])) run++;
    if (at + run === list.length) run += rest;
    if (run > threshold) {
      if (open !== undefined) segments.push(`"${open}"`);
      open = undefined;
      segments.push(`'${glyphText(glyph, unit, "'", false).text}' <repeats ${run} times>`);
      escaped = false;
      at += run;
      continue;
    }
    // A run is never cut, not even by the limit.
    for (let i = 0; i < run; i++) {
      const piece = glyphText(glyph, unit, '"', escaped);
      open = (open ?? '') + piece.text;
      ({ escaped } = piece);
    }
    at += run;
  }
  if (open !== undefined) segments.push(`"${open}"`);
  if (tail !== '' && at >= list.length) segments.push(`<incomplete sequence ${tail}>`);
  return prefix + segments.join(', ') + (more || at < list.length ? '...' : '');
}

/** A multibyte character that the string's end cuts off stands apart, as gdb shows it. */
function splitIncomplete(all: readonly Glyph[], unit: number): [readonly Glyph[], string] {
  if (unit !== 1) return [all, ''];
  for (let back = 1; back <= 3 && back <= all.length; back++) {
    const lead = all[all.length - back];
    if (!lead || lead.valid) break;
    const needed = lead.point >= 0xf8 ? 5 : lead.point >= 0xf0 ? 4 : lead.point >= 0xe0 ? 3 : 2;
    if (lead.point >= 0xc2 && lead.point < 0xfe && back < needed) {
      const bytes = all.slice(all.length - back).flatMap((glyph) => glyph.bytes);
      return [all.slice(0, all.length - back), escapeBytes(bytes, 1)];
    }
    if (lead.point >= 0xc0) break;
  }
  return [all, ''];
}

const sameGlyph = (a: Glyph, b: Glyph | undefined): boolean => b !== undefined && a.point === b.point && a.valid === b.valid;
