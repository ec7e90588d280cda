/**
 * Text to tokens (C11, 6.4), with what debuggers add: `$name`, `@`, and source file names before `::` or `:f::`.
 */
import type { CharacterPrefix, FloatSuffix } from './ast.js';
import { ExpressionError } from './errors.js';

interface Span {
  readonly offset: number;
  readonly end: number;
}

export type Token = Span &
  (
    | { readonly kind: 'integer'; readonly value: bigint; readonly decimal: boolean; readonly suffix: string; readonly imaginary: boolean }
    | { readonly kind: 'float'; readonly text: string; readonly suffix: FloatSuffix; readonly imaginary: boolean }
    | { readonly kind: 'character'; readonly value: number; readonly prefix: CharacterPrefix }
    | { readonly kind: 'string'; readonly units: readonly number[]; readonly prefix: CharacterPrefix }
    | { readonly kind: 'name'; readonly name: string }
    /** `'file.c'`, `'f(int)'`, or an unquoted file name in front of `::`. */
    | { readonly kind: 'quoted'; readonly name: string }
    | { readonly kind: 'dollar'; readonly name: string }
    | { readonly kind: 'operator'; readonly text: string }
    | { readonly kind: 'end' }
  );

/** Longer texts are refused: no one types them, and every later stage may rely on it. */
export const MAX_EXPRESSION_LENGTH = 32_768;

const SPACE = /[ \t\r\n\f\v]+/y;
const NAME = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const DOLLAR = /\$[A-Za-z0-9_$]*/y;
const NUMBER = /(?:0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*(?:[pP][+-]?\d+)?|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)[\w.]*/y;
const OPERATOR = /->\*|\.\*|<<=|>>=|\.\.\.|::|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:,.()[\]{}@]/y;
const NUMBERED_MEMBER = /\.(\d+)(?!\w)/y;
const QUOTE = /(u8|[LuU])?(['"])/y;
/** `list.c::head`, `list.c:insert::count`: only with a source file's ending, so that `a.b` stays a member. The bound keeps it linear. */
const FILE = /[\w./+-]{0,255}\w\.(?:c|h|cc|cpp|cxx|c\+\+|C|hpp|hh|hxx|inc|s|S|rs)(?=::|:[A-Za-z_]\w*::)/y;

const ESCAPES: Readonly<Record<string, number>> = {
  n: 10,
  t: 9,
  r: 13,
  a: 7,
  b: 8,
  f: 12,
  v: 11,
  e: 27,
  '\\': 92,
  "'": 39,
  '"': 34,
  '?': 63,
};

/** @throws ExpressionError for text that is no token. */
export function tokenize(text: string): readonly Token[] {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    throw new ExpressionError('syntax', `The expression is too long (${text.length} characters; at most ${MAX_EXPRESSION_LENGTH}).`, 0);
  }
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const space = match(SPACE);
    if (space) {
      at += space[0].length;
      continue;
    }
    const numbered = followsOperand(tokens.at(-1), at) ? match(NUMBERED_MEMBER)?.[1] : undefined;
    if (numbered !== undefined) {
      tokens.push({ kind: 'operator', text: '.', offset: at, end: at + 1 });
      tokens.push({ kind: 'name', name: `__${numbered}`, offset: at + 1, end: (at += 1 + numbered.length) });
      continue;
    }
    const token =
      quotedAt(text, at, match(QUOTE)) ?? fileAt(at, match(FILE)) ?? numberAt(at, match(NUMBER)) ?? wordAt(at, match(NAME), match(DOLLAR));
    const operator = token ? undefined : match(OPERATOR);
    if (token) tokens.push(token);
    else if (operator) tokens.push({ kind: 'operator', text: operator[0], offset: at, end: at + operator[0].length });
    else throw new ExpressionError('syntax', `Invalid character '${printable(text, at)}' in expression.`, at);
    at = tokens[tokens.length - 1]?.end ?? text.length;
  }
  tokens.push({ kind: 'end', offset: text.length, end: text.length });
  return tokens;
}

/**
 * Rust: behind what has members `.0` is one of a tuple's, which the debug information calls `__0`. In C no number can stand there; behind a
 * parenthesis one can: `(float).5`.
 */
const followsOperand = (last: Token | undefined, at: number): boolean =>
  last?.end === at && (last.kind === 'name' || last.kind === 'dollar' || (last.kind === 'operator' && last.text === ']'));

function printable(text: string, at: number): string {
  const point = text.codePointAt(at) ?? 0;
  return /\p{C}/u.test(String.fromCodePoint(point)) ? `\\${point.toString(8).padStart(3, '0')}` : String.fromCodePoint(point);
}

function fileAt(at: number, found: RegExpExecArray | null): Token | undefined {
  return found ? { kind: 'quoted', name: found[0], offset: at, end: at + found[0].length } : undefined;
}

function wordAt(at: number, name: RegExpExecArray | null, dollar: RegExpExecArray | null): Token | undefined {
  if (name) return { kind: 'name', name: name[0], offset: at, end: at + name[0].length };
  if (dollar) return { kind: 'dollar', name: dollar[0].slice(1), offset: at, end: at + dollar[0].length };
  return undefined;
}

const FLOAT_SUFFIXES = new Set<string>(['', 'f', 'l', 'df', 'dd', 'dl']);
const isFloatSuffix = (letters: string): letters is FloatSuffix => FLOAT_SUFFIXES.has(letters);

function numberAt(at: number, found: RegExpExecArray | null): Token | undefined {
  if (!found) return undefined;
  const whole = found[0];
  const place = { offset: at, end: at + whole.length };
  // GNU C: 2i is a complex number; the letter stands among those of the suffix.
  const [, before = whole, after = ''] = /^(\d.*?|\.\d.*?)[ij]([a-z]*)$/i.exec(whole) ?? [];
  const text = before + after;
  const imaginary = text !== whole;
  const integer = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)([uUlL]*)$/.exec(text);
  const suffix = (integer?.[2] ?? '').toLowerCase().replace(/^(l+)u$/, 'u$1');
  if (integer?.[1] !== undefined && /^(u?l{0,2})$/.test(suffix)) {
    const digits = integer[1];
    const octal = /^0\d/.test(digits);
    if (octal && !/^[0-7]+$/.test(digits)) throw new ExpressionError('syntax', `Invalid number "${whole}".`, at);
    const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
    return { kind: 'integer', value, decimal: !/^0./.test(digits), suffix, imaginary, ...place };
  }
  const float =
    /^((?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+)(d?[fl]?|dd)$/i.exec(
      text,
    );
  const letter = (float?.[2] ?? '').toLowerCase();
  if (float?.[1] === undefined || !isFloatSuffix(letter) || (letter.startsWith('d') && /x/i.test(text))) {
    throw new ExpressionError('syntax', `Invalid number "${whole}".`, at);
  }
  return { kind: 'float', text: float[1], suffix: letter, imaginary, ...place };
}

/** A character constant, a string, or a name in single quotes. */
function quotedAt(text: string, at: number, found: RegExpExecArray | null): Token | undefined {
  if (!found) return undefined;
  const prefix = (found[1] ?? '') as CharacterPrefix;
  const quote = found[2] ?? "'";
  let cursor = at + found[0].length;
  const start = cursor;
  const points: { value: number; raw: boolean }[] = [];
  while (text[cursor] !== quote) {
    if (cursor >= text.length) {
      throw new ExpressionError('syntax', quote === '"' ? 'Unterminated string in expression.' : 'Unmatched single quote.', at);
    }
    const next = text[cursor] === '\\' ? escapeAt(text, cursor) : plainAt(text, cursor);
    points.push({ value: next.value, raw: next.raw });
    cursor = next.end;
  }
  const end = cursor + 1;
  const units = points.flatMap((point) => encode(point.value, point.raw, prefix));
  if (quote === '"') return { kind: 'string', units, prefix, offset: at, end };
  const [only] = points;
  if (points.length === 1 && only !== undefined && !text.startsWith('::', end)) {
    if (units.length === 1) return { kind: 'character', value: units[0] ?? 0, prefix, offset: at, end };
    if (prefix === '') throw new ExpressionError('syntax', 'Invalid character constant.', at);
  }
  if (points.length === 0) throw new ExpressionError('syntax', 'A character constant must contain at least one character.', at);
  return { kind: 'quoted', name: text.slice(start, cursor), offset: at, end };
}

function plainAt(text: string, at: number): { value: number; end: number; raw: boolean } {
  const value = text.codePointAt(at) ?? 0;
  return { value, end: at + (value > 0xffff ? 2 : 1), raw: false };
}

function escapeAt(text: string, at: number): { value: number; end: number; raw: boolean } {
  const octal = /^[0-7]{1,3}/.exec(text.slice(at + 1, at + 4));
  if (octal) return { value: parseInt(octal[0], 8), end: at + 1 + octal[0].length, raw: true };
  const hexadecimal = /^(?:x([0-9a-fA-F]{1,8})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(text.slice(at + 1, at + 10));
  const digits = hexadecimal?.[1] ?? hexadecimal?.[2] ?? hexadecimal?.[3];
  if (hexadecimal && digits !== undefined) {
    return { value: parseInt(digits, 16), end: at + 1 + hexadecimal[0].length, raw: hexadecimal[1] !== undefined };
  }
  const letter = text[at + 1];
  if (letter === undefined) throw new ExpressionError('syntax', 'Unterminated escape in expression.', at);
  return { value: ESCAPES[letter] ?? letter.charCodeAt(0), end: at + 2, raw: true };
}

/** A character as code units of its string's kind; a numeric escape is one unit, whatever its value. */
function encode(point: number, raw: boolean, prefix: CharacterPrefix): number[] {
  if (prefix === 'L' || prefix === 'U') return [point >>> 0];
  if (prefix === 'u') return raw || point < 0x10000 ? [point & 0xffff] : [0xd7c0 + (point >> 10), 0xdc00 | (point & 0x3ff)];
  return raw ? [point & 0xff] : [...new TextEncoder().encode(String.fromCodePoint(Math.min(point, 0x10ffff)))];
}
