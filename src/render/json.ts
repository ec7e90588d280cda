/** A result as one JSON line: the results are made so that this is all there is to do. */
import type { Result } from '../commands/results.js';

export const toJson = (result: Result): string => {
  if (result.type === 'registers') return JSON.stringify({ type: result.type, registers: result.registers });
  return JSON.stringify(result);
};
