/** C++'s casts with names: `static_cast<T>(e)`, `const_cast`, `reinterpret_cast`, `dynamic_cast` (C++17, 8.2.7 to 8.2.11). */
import type { Expression } from './ast.js';
import { parseTypeName } from './parse-types.js';
import type { Parser } from './parser.js';

const CASTS = new Set(['static_cast', 'const_cast', 'reinterpret_cast', 'dynamic_cast']);

/** Undefined: no such cast begins here. */
export function parseNamedCast(parser: Parser): Expression | undefined {
  const { tokens } = parser;
  const token = tokens.peek();
  if (token.kind !== 'name' || !CASTS.has(token.name) || !tokens.is('<', 1)) return undefined;
  const { offset, name } = token;
  tokens.take();
  tokens.expect('<');
  const type = parseTypeName(parser);
  tokens.expect('>');
  tokens.expect('(');
  const operand = parser.expression(1);
  tokens.expect(')');
  if (name === 'dynamic_cast') return tokens.node({ kind: 'dynamicCast', type, operand, offset }, type, operand);
  if (name !== 'reinterpret_cast' || type.kind !== 'pointer' || type.reference)
    return tokens.node({ kind: 'cast', type, operand, offset }, type, operand);
  // As a number it loses what it pointed to: no step to a base class or from one.
  const number = tokens.node({ kind: 'cast', type: { kind: 'base', name: 'unsigned long', offset }, operand, offset }, operand);
  return tokens.node({ kind: 'cast', type, operand: number, offset }, type, number);
}
