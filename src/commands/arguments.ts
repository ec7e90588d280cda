/** Reading the words behind a command's name. */
import { DeetError } from '../common/errors.js';

/** A place in a text that is read from left to right. */
export class Words {
  #rest: string;

  constructor(text: string) {
    this.#rest = text.trim();
  }

  get rest(): string {
    return this.#rest;
  }

  get empty(): boolean {
    return this.#rest === '';
  }

  peek(): string {
    return /^\S*/.exec(this.#rest)?.[0] ?? '';
  }

  next(): string {
    const word = this.peek();
    this.#rest = this.#rest.slice(word.length).trimStart();
    return word;
  }

  /** Takes the next word if it is one of these (or an unambiguous beginning of at least `least` letters). */
  take(word: string, least = word.length): boolean {
    const next = this.peek();
    if (next.length < least || !word.startsWith(next) || next === '') return false;
    this.next();
    return true;
  }
}

/** A whole number in C's notation: 10, 0x10, 010. Undefined: it is none. */
export const integer = (text: string): number | undefined => {
  if (!/^[+-]?(?:0x[0-9a-f]+|\d+)$/i.test(text)) return undefined;
  const digits = text.replace(/^[+-]/, '');
  const value = /^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits);
  return text.startsWith('-') ? -value : value;
};

/** @throws DeetError `usage` */
export const requireNone = (text: string, name: string): void => {
  if (text.trim() !== '') throw new DeetError('usage', `${name} takes no argument.`, `Type "help ${name}".`);
};

/** Most numbers that one list may name. */
const longestList = 10_000;

/**
 * A list of numbers and ranges: `1 3-5 7`, `1,2`.
 * @throws DeetError `usage` for anything else
 */
export const numberList = (text: string, what: string): number[] => {
  const numbers: number[] = [];
  for (const word of text.split(/[\s,]+/).filter((each) => each !== '')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(word);
    if (!match) throw new DeetError('usage', `"${word}" is no ${what} number.`);
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) throw new DeetError('usage', `The range ${word} runs backwards.`);
    if (last - first >= longestList) throw new DeetError('usage', `The range ${word} is too long.`);
    for (let number = first; number <= last; number++) numbers.push(number);
  }
  return numbers;
};

/** A `<` here opens the arguments of a template: `Box<int, 3>::get`, but not `operator<`. */
const opensTemplate = (text: string, at: number): boolean => /[\w]$/.test(text.slice(0, at)) && !/\boperator$/.test(text.slice(0, at));

/**
 * Splits at commas that stand outside of quotes and brackets.
 * @param places they are places in the program, not expressions: angle brackets hold arguments of templates
 */
export const splitCommas = (text: string, { places = false } = {}): string[] => {
  const parts: string[] = [];
  let depth = 0;
  let templates = 0;
  let quote = '';
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const each = text[at];
    if (quote !== '') {
      if (each === '\\') at++;
      else if (each === quote) quote = '';
    } else if (each === '"' || each === "'") quote = each;
    else if ('([{'.includes(each)) depth++;
    else if (')]}'.includes(each)) depth--;
    else if (places && each === '<' && (templates > 0 || opensTemplate(text, at))) templates++;
    else if (each === '>' && templates > 0) templates--;
    else if (each === ',' && depth === 0 && templates === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
};

/** The end of a string or character literal that begins at `start`; the text's length if it is not closed. */
export const closingQuote = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === text[start]) return at;
  }
  return text.length;
};

/** @throws DeetError `usage` when there is nothing */
export const needed = (text: string, question: string, example: string): string => {
  const given = text.trim();
  if (given === '') throw new DeetError('usage', question, example);
  return given;
};
