/** Regular expressions as gdb takes them: POSIX's basic ones (IEEE 1003.1, 9.3) with GNU's additions, so that `f(int)` and `operator+` are names. */
import { DeetError } from '../common/errors.js';

const classes: Readonly<Record<string, string>> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  lower: 'a-z',
  upper: 'A-Z',
  space: '\\s',
  blank: ' \\t',
  xdigit: '0-9a-fA-F',
  punct: '!-\\/:-@\\[-`{-~',
};

/** `[...]` that begins at the start: a backslash in it is itself. */
const bracket = /^\[\^?\]?(?:\[:\w+:\]|[^\]])*\]/;

const bracketInOurs = (text: string): string => {
  const [, open, first, rest] = /^(\[\^?)(\]?)([\s\S]*)\]$/.exec(text) ?? ['', '[', '', ''];
  const inner = rest.replace(/\[:(\w+):\]|\\|\[/g, (part: string, name: string | undefined) =>
    name === undefined ? `\\${part}` : (classes[name] ?? ''),
  );
  return `${open}${first === '' ? '' : '\\]'}${inner}]`;
};

/** In JavaScript's notation. */
const inOurs = (pattern: string): string => {
  let result = '';
  for (let at = 0; at < pattern.length; at++) {
    const each = pattern[at];
    const next = pattern[at + 1] ?? '';
    const list = each === '[' ? bracket.exec(pattern.slice(at))?.[0] : undefined;
    if (list !== undefined) {
      result += bracketInOurs(list);
      at += list.length - 1;
    } else if (each === '\\' && next !== '') {
      at++;
      if ('(){}|+?'.includes(next)) result += next;
      else if (next === '<' || next === '>') result += '\\b';
      else result += `\\${next}`;
    } else if ('(){}|+?'.includes(each)) result += `\\${each}`;
    else if (each === '*' && /(?:^\^?|\(|\|)$/.test(result) && !result.endsWith('\\(') && !result.endsWith('\\|')) result += '\\*';
    else result += each;
  }
  return result;
};

/** @throws DeetError `usage` */
export const regularExpression = (pattern: string): RegExp => {
  try {
    return new RegExp(inOurs(pattern));
  } catch {
    throw new DeetError('usage', `"${pattern}" is no regular expression.`);
  }
};
