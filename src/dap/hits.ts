/** Hit conditions (`3`, `>= 3`, `% 10`) and log messages (`i is {i}`) of breakpoints. */
import { DeetError } from '../common/errors.js';
import type { Thread } from '../inferior/thread.js';
import { evaluateNow } from '../language/evaluate.js';
import { formatMember } from '../language/format.js';
import { parseExpression } from '../language/parser.js';
import type { Debuggee } from './debuggee.js';

/** Does the breakpoint stop at this hit, counted from 1? @throws DeetError `bad-condition`. */
export const hitCondition = (text: string): ((hits: number) => boolean) => {
  const found = /^\s*(==|=|>=|<=|>|<|%)?\s*(\d+)\s*$/.exec(text);
  const number = Number(found?.[2]);
  if (!found || (found[1] === '%' && number === 0))
    throw new DeetError('bad-condition', `"${text}" is no condition on the number of hits.`, 'As in: 3, >= 3, < 10, % 5');
  switch (found[1]) {
    case '>=':
      return (hits) => hits >= number;
    case '<=':
      return (hits) => hits <= number;
    case '>':
      return (hits) => hits > number;
    case '<':
      return (hits) => hits < number;
    case '%':
      return (hits) => hits % number === 0;
    default:
      return (hits) => hits === number;
  }
};

/** The parts of a log message: text, and expressions in braces; a backslash makes a brace text. */
const partsOf = (message: string): (string | { readonly expression: string })[] => {
  const parts: (string | { readonly expression: string })[] = [];
  let text = '';
  let at = 0;
  while (at < message.length) {
    const character = message.charAt(at);
    if (character === '\\' && /[{}\\]/.test(message.charAt(at + 1))) {
      text += message.charAt(at + 1);
      at += 2;
      continue;
    }
    const end = character === '{' ? closing(message, at) : -1;
    if (end < 0) {
      text += character;
      at++;
      continue;
    }
    if (text !== '') parts.push(text);
    text = '';
    parts.push({ expression: message.slice(at + 1, end) });
    at = end + 1;
  }
  if (text !== '') parts.push(text);
  return parts;
};

/** The brace that closes the one at `start`; -1: none. */
const closing = (message: string, start: number): number => {
  let depth = 0;
  for (let at = start; at < message.length; at++) {
    if (message[at] === '{') depth++;
    else if (message[at] === '}' && --depth === 0) return at;
  }
  return -1;
};

/** What a log point does at each hit: says its message and lets the program go on. */
export const logMessage = (message: string, debuggee: Debuggee): ((thread: Thread) => void) => {
  const parts = partsOf(message);
  const { session } = debuggee;
  return (thread) => {
    const context = session.values.context(undefined, thread);
    const text = parts.map((part) => {
      if (typeof part === 'string') return part;
      try {
        return formatMember(evaluateNow(parseExpression(part.expression, context.names), context), context);
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
        return `<${error.message}>`;
      }
    });
    debuggee.output('console', `${text.join('')}\n`);
  };
};
