/** Where the parts of an aggregate stand: on one line, or each on its own. */

/** The brackets around the parts: C's, or those that Rust has for tuples and arrays. */
export type Brackets = readonly [open: string, close: string];

const BRACES: Brackets = ['{', '}'];

/** `set print pretty`: base classes first, then what the class adds; a class that adds nothing stays on the line. */
export function inherited(bases: readonly string[], own: readonly string[] | undefined, name: string, depth: number): string {
  const start = `\n${'  '.repeat(depth + 1)}`;
  const before = bases.map((base) => `${start}${base}, `).join('');
  if (!own) return `{${before}<No data fields>}`;
  return `{${before}${start}members of ${name}:${own.map((part) => start + part).join(',')}\n${'  '.repeat(depth)}}`;
}

/** Members or elements on one line, or (set print pretty, set print array) each on its own. */
export function layout(parts: readonly string[], depth: number | undefined, [open, close] = BRACES): string {
  if (depth === undefined) return `${open}${parts.join(', ')}${close}`;
  const indent = '  '.repeat(depth + 1);
  return `${open}\n${parts.map((part) => indent + part).join(',\n')}\n${'  '.repeat(depth)}${close}`;
}
