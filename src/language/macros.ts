/**
 * The program's macros in an expression (C11, 6.10.3), where debug information has them (gcc -g3; DWARF 5, 6.3). Tokens of an
 * expansion stand, for complaints, where the macro's name stands.
 */
import type { MacroPlace } from '../symbols/model.js';
import { ExpressionError } from './errors.js';
import { MAX_EXPRESSION_LENGTH, tokenize, type Token } from './lexer.js';

export interface Macro {
  /** Undefined: an object-like macro. The last may be `...`. */
  readonly parameters?: readonly string[];
  readonly body: string;
  /** Where it is defined, and behind that the `#include` that leads there, outwards. Line 0: by the compiler or its `-D`. */
  readonly defined?: readonly MacroPlace[];
}

export type MacroLookup = (name: string) => Macro | undefined;

/** Macros may double at each level: what an expression may become is bounded. */
const MAX_TOKENS = 20_000;
const MAX_DEPTH = 64;

const WORD = /(?:u8|[LuU])?(?:"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*')|[\p{L}_][\p{L}\p{N}_$]*|\.?\d[\w.]*|##?|\s+|[^]/gu;
const IDENTIFIER = /^[\p{L}_]/u;

/** @throws ExpressionError for calls of macros that do not fit, and for expansions without end */
export function expandMacros(text: string, tokens: readonly Token[], lookup: MacroLookup): readonly Token[] {
  if (!tokens.some((token) => token.kind === 'name' && lookup(token.name))) return tokens;
  const result: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (!token) break;
    const macro = token.kind === 'name' ? lookup(token.name) : undefined;
    if (token.kind !== 'name' || !macro) {
      result.push(token);
      continue;
    }
    const call = macro.parameters ? argumentsAt(text, tokens, at + 1) : { list: [], next: at + 1 };
    if (!call) {
      result.push(token);
      continue;
    }
    try {
      const expanded = new Expansion(lookup).replace(token.name, macro, call.list, new Set());
      for (const inner of tokenize(expanded)) if (inner.kind !== 'end') result.push({ ...inner, offset: token.offset, end: token.end });
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      throw new ExpressionError(error.code, error.message, token.offset);
    }
    if (result.length > MAX_TOKENS) throw new ExpressionError('syntax', `The expansion of macro ${token.name} is too long.`, token.offset);
    at = call.next - 1;
  }
  return result;
}

/** The texts of the arguments behind a function-like macro's name; undefined: no parenthesis follows. */
function argumentsAt(text: string, tokens: readonly Token[], from: number): { list: string[]; next: number } | undefined {
  const open = tokens[from];
  if (open?.kind !== 'operator' || open.text !== '(') return undefined;
  const list: string[] = [];
  let depth = 0;
  let start = open.end;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (token?.kind !== 'operator') continue;
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    if (depth === 0 || (depth === 1 && token.text === ',')) {
      list.push(text.slice(start, token.offset).trim());
      start = token.end;
    }
    if (depth === 0) return { list, next: at + 1 };
  }
  return undefined;
}

/** All macros of a text replaced, and those in what they become. @throws ExpressionError */
export const expandedText = (text: string, lookup: MacroLookup): string => new Expansion(lookup).scan(text, new Set()).trim();

const wouldJoin = (left: string, right: string): boolean =>
  /[\p{L}\p{N}_$."']$/u.test(left) ? /^[\p{L}\p{N}_$."']/u.test(right) : /[-+<>&|=*/%^!:#]$/.test(left) && /^[-+<>&|=*/%^!:#]/.test(right);

class Expansion {
  #written = 0;

  constructor(private readonly lookup: MacroLookup) {}

  /** A macro's body with its arguments put in, rescanned for further macros; not for itself. */
  replace(name: string, macro: Macro, given: readonly string[], hidden: ReadonlySet<string>): string {
    if (hidden.size > MAX_DEPTH) throw new ExpressionError('syntax', `Macro ${name} is nested too deeply.`, 0);
    const inner = new Set(hidden).add(name);
    return this.scan(this.#substitute(name, macro, given, hidden), inner);
  }

  #substitute(name: string, macro: Macro, given: readonly string[], hidden: ReadonlySet<string>): string {
    if (!macro.parameters) return macro.body;
    const named = bind(name, macro.parameters, given);
    const rest = restName(macro.parameters);
    const hasRest = rest !== undefined && named.get(rest) !== '';
    const words = withOptionalParts(macro.body.match(WORD) ?? [], hasRest);
    let result = '';
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? '';
      if (word === '##') {
        result = result.trimEnd();
        while (/^\s+$/.test(words[i + 1] ?? '')) i++;
        const next = words[++i] ?? '';
        // GNU C: a comma before `## __VA_ARGS__` goes with arguments that are not there.
        if (next === rest && !hasRest) result = result.replace(/,$/, '');
        result += named.get(next) ?? next;
      } else if (word === '#' && named.has(words[i + 1] ?? '')) {
        result += JSON.stringify(named.get(words[++i] ?? '') ?? '');
      } else {
        const argument = named.get(word);
        const pasted = /^\s*##/.test(words.slice(i + 1, i + 3).join(''));
        result += argument === undefined ? word : pasted ? argument : this.scan(argument, hidden);
      }
      if (result.length > MAX_EXPRESSION_LENGTH) throw new ExpressionError('syntax', 'The expansion of a macro is too long.', 0);
    }
    return result;
  }

  scan(text: string, hidden: ReadonlySet<string>): string {
    let result = '';
    let behindCall = false;
    const words = text.match(WORD) ?? [];
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? '';
      const macro = IDENTIFIER.test(word) && !hidden.has(word) ? this.lookup(word) : undefined;
      const call = macro?.parameters ? callAt(words, i + 1) : { list: [], next: i + 1 };
      const isCall = macro !== undefined && call !== undefined;
      const piece = isCall ? this.replace(word, macro, call.list, hidden) : word;
      // What an expansion puts side by side does not become one token.
      if ((isCall || behindCall) && wouldJoin(result, piece)) result += ' ';
      behindCall = isCall;
      result += piece;
      this.#written += piece.length;
      if (this.#written > MAX_EXPRESSION_LENGTH) throw new ExpressionError('syntax', 'The expansion of a macro is too long.', 0);
      if (macro && call) i = call.next - 1;
    }
    return result;
  }
}

/** As `argumentsAt`, among words. */
function callAt(words: readonly string[], from: number): { list: string[]; next: number } | undefined {
  let at = from;
  while (/^\s+$/.test(words[at] ?? '')) at++;
  if (words[at] !== '(') return undefined;
  const list: string[] = [];
  let depth = 0;
  let text = '';
  for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === ')') depth--;
    if (depth === 0 && word === ')') return { list: [...list, text.trim()], next: at + 1 };
    if (depth === 1 && word === ',') {
      list.push(text.trim());
      text = '';
    } else if (depth > 0) text += word;
    if (word === '(') depth++;
  }
  return undefined;
}

/** What the arguments for `...` are called; undefined: there are none. */
function restName(parameters: readonly string[]): string | undefined {
  const last = parameters.at(-1) ?? '';
  if (!last.endsWith('...')) return undefined;
  return last === '...' ? '__VA_ARGS__' : last.slice(0, -3);
}

/** `__VA_OPT__(,)` as what is in it, or as nothing (C23, 6.10.4.1). */
function withOptionalParts(words: readonly string[], isWanted: boolean): readonly string[] {
  const result: string[] = [];
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== '__VA_OPT__') {
      result.push(words[i] ?? '');
      continue;
    }
    const begin = words.indexOf('(', i);
    let depth = 0;
    for (i = begin; i >= 0 && i < words.length; i++) {
      if (words[i] === ')' && --depth === 0) break;
      if (isWanted && depth > 0) result.push(words[i] ?? '');
      if (words[i] === '(') depth++;
    }
    if (begin < 0) break;
  }
  return result;
}

/** Parameters with their arguments; `...` takes the rest, by the name `__VA_ARGS__`. */
function bind(name: string, parameters: readonly string[], given: readonly string[]): ReadonlyMap<string, string> {
  const rest = restName(parameters);
  const variadic = rest !== undefined;
  const fixed = variadic ? parameters.slice(0, -1) : parameters;
  const supplied = parameters.length === 0 && given.length === 1 && given[0] === '' ? [] : given;
  if (supplied.length < fixed.length || (!variadic && supplied.length > fixed.length)) {
    throw new ExpressionError(
      'syntax',
      `Wrong number of arguments to macro \`${name}' (expected ${fixed.length}, got ${supplied.length}).`,
      0,
    );
  }
  const named = new Map(fixed.map((name, i): [string, string] => [name, supplied[i] ?? '']));
  if (variadic) named.set(rest, supplied.slice(fixed.length).join(', '));
  return named;
}
