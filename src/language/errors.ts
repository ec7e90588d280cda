/** Complaints about an expression, with the place in its text. */
import { DeetError } from '../common/errors.js';

/** A complaint that knows where in the expression the trouble is: front ends put a caret there. */
export class ExpressionError extends DeetError {
  constructor(
    code: string,
    message: string,
    /** Index into the expression's text. */
    readonly offset: number,
    hint?: string,
  ) {
    super(code, message, hint);
  }
}

/** Gives an error without a place the place of the operator or operand that caused it. */
export function placed(error: unknown, offset: number): unknown {
  if (!(error instanceof DeetError) || error instanceof ExpressionError) return error;
  return new ExpressionError(error.code, error.message, offset, error.hint);
}

/** Two lines: the expression, and a caret under the offending token. Undefined when the error has no place. */
export function caretLines(text: string, error: unknown): readonly [string, string] | undefined {
  if (!(error instanceof ExpressionError)) return undefined;
  const at = Math.min(error.offset, text.length);
  const start = Math.max(0, at - 60);
  const shown = text.slice(start, start + 120).replace(/[\p{Cc}]/gu, ' ');
  return [shown, `${' '.repeat(at - start)}^`];
}
