/** C++: `operator+`, `operator()`, `operator new[]` and `operator bool` are names of functions (C++17, [over.oper], [class.conv.fct]). */
import type { Token } from './lexer.js';

const isOperator = (token: Token | undefined, ...texts: readonly string[]): boolean =>
  token?.kind === 'operator' && texts.includes(token.text);

/** Behind the word `operator`: the name's end, and how debug information writes the rest of it. Undefined: nothing that it could be. */
const restAt = (text: string, tokens: readonly Token[], start: number): { readonly written: string; readonly next: number } | undefined => {
  const [first, second] = [tokens[start], tokens[start + 1]];
  if (isOperator(first, '(') && isOperator(second, ')')) return { written: '()', next: start + 2 };
  if (isOperator(first, '[') && isOperator(second, ']')) return { written: '[]', next: start + 2 };
  if (first?.kind === 'operator') return { written: first.text, next: start + 1 };
  if (first?.kind !== 'name') return undefined;
  if (first.name === 'new' || first.name === 'delete') {
    const isArray = isOperator(second, '[') && isOperator(tokens[start + 2], ']');
    return { written: ` ${first.name}${isArray ? '[]' : ''}`, next: start + (isArray ? 3 : 1) };
  }
  let next = start;
  while (tokens[next]?.kind === 'name' || isOperator(tokens[next], '::', '*', '&')) next++;
  return { written: ` ${text.slice(first.offset, tokens[next - 1]?.end)}`, next };
};

/** The tokens with every such name as one. */
export function joinOperators(text: string, tokens: readonly Token[]): readonly Token[] {
  const joined: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    const rest = token.kind === 'name' && token.name === 'operator' ? restAt(text, tokens, at + 1) : undefined;
    const last = rest && tokens[rest.next - 1];
    if (!rest || !last) joined.push(token);
    else {
      joined.push({ kind: 'name', name: `operator${rest.written}`, offset: token.offset, end: last.end });
      at = rest.next - 1;
    }
  }
  return joined;
}
