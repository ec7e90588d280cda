/** Comparisons of strings as simple code: byte by byte, up to the first that differs, as the C library does it. */
import { constant, plus, type Code } from './simple-code.js';

/** Each byte is a piece of code in the program. */
const longestText = 64;

/**
 * Whether the string at an address is this one. Undefined: it is too long for that.
 * @param count of characters that are compared at most (strncmp)
 */
export const equalsText = (address: Code, text: readonly number[], count = Infinity): Code | undefined => {
  const bytes = [...text, 0].slice(0, count);
  if (bytes.length > longestText || text.some((unit) => unit === 0 || unit > 0x7f)) return undefined;
  const tests = bytes.map((byte, index): Code => ({
    kind: 'compare',
    operator: '==',
    left: { kind: 'load', address: plus(address, constant(BigInt(index))), size: 1 },
    right: constant(BigInt(byte)),
  }));
  return tests.reduceRight(
    (rest: Code | undefined, test) => (rest ? { kind: 'logical', operator: '&&', left: test, right: rest } : test),
    undefined,
  );
};
