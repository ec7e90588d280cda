/** Complaints about an expression, with the place in its text. */
import type { Advice } from '../common/advice.js';
import { DeetError } from '../common/errors.js';

/** A complaint that knows where in the expression the trouble is: front ends put a caret there. */
export class ExpressionError extends DeetError {
  constructor(
    code: string,
    message: string,
    /** Index into the expression's text. */
    readonly offset: number,
    advice?: Advice,
    /** The expression, where it is known. */
    readonly expression?: string,
  ) {
    super(code, message, advice);
  }
}

/** Runs what works on an expression; an error with a place in it takes the expression along. */
export function within<R>(expression: string, run: () => R): R {
  try {
    return run();
  } catch (error) {
    throw about(expression, error);
  }
}

/** The error with the expression that it is about. */
export function about(expression: string, error: unknown): unknown {
  if (!(error instanceof ExpressionError) || error.expression !== undefined) return error;
  return new ExpressionError(error.code, error.message, error.offset, error.hint, expression);
}

/** What is wrong is the state of the program, and no token is to blame. */
const stateOfProgram = new Set(['post-mortem', 'no-process', 'process-gone', 'running', 'call-stopped']);

/** Gives an error without a place the place of the operator or operand that caused it. */
export function placed(error: unknown, offset: number): unknown {
  if (!(error instanceof DeetError) || error instanceof ExpressionError || stateOfProgram.has(error.code)) return error;
  return new ExpressionError(error.code, error.message, offset, error.hint);
}

/** Longer expressions are shown around the place only. */
const shownBefore = 60;
const shownAtMost = 120;

/** Two lines: the expression, and a caret under the offending token. Undefined when there is nothing but that token. */
export function caretLines(expression: string, offset: number): readonly [string, string] | undefined {
  const text = expression.trimEnd();
  const at = Math.min(offset, text.length);
  if (/^\s*\$?[\w$]*$/.test(text)) return undefined;
  const start = Math.max(0, at - shownBefore);
  const shown = text.slice(start, start + shownAtMost).replace(/[\p{Cc}]/gu, ' ');
  return [shown, `${' '.repeat(at - start)}^`];
}
