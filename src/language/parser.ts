/**
 * A Pratt parser for C expressions (C11, 6.5) with gdb's additions: `@`, `{type} address`, `$name`, scoped names. Whether
 * `(name) x` is a cast depends on what the name means where the program stands; the parser asks `TypeNames`.
 */
import type { BinaryOperator, Expression, UnaryOperator } from './ast.js';
import { ExpressionError, within } from './errors.js';
import type { Macro } from './macros.js';
import { parseNamedCast } from './parse-casts.js';
import { startsType, parseTypeName } from './parse-types.js';
import { TokenStream, type StreamOptions } from './token-stream.js';

/** What the parser must know about names. */
export interface TypeNames {
  /** Is the name anything at all? For a better word than "syntax error" on `(nosuch) x`. */
  isSymbol?(name: string): boolean;
  macro?(name: string): Macro | undefined;
  /** C: the default. */
  readonly language?: 'c' | 'c++';
  /** True when the name (perhaps `ns::name`) is a type here and no variable hides it. */
  isType(name: string): boolean;
}

const NO_TYPES: TypeNames = { isType: () => false };

/** Binding powers, as in gdb's grammar: `@` sits between shifts and sums. */
const BINARY: Readonly<Record<string, number>> = {
  '||': 4, '&&': 5, '|': 6, '^': 7, '&': 8, '==': 9, '!=': 9, '<': 10, '>': 10, '<=': 10, '>=': 10,
  '<<': 11, '>>': 11, '@': 12, '+': 13, '-': 13, '*': 14, '/': 14, '%': 14,
}; // prettier-ignore
const COMMA = 1;
const ASSIGNMENT = 2;
const CONDITIONAL = 3;
const UNARY = 15;
const ASSIGN = /^(?:[-+*/%&|^]|<<|>>)?=$/;
const PREFIX = new Set(['-', '+', '!', '~', '*', '&', '++', '--']);

/**
 * Parses a whole text as an expression or a type name.
 * @throws ExpressionError with the offset of the offending token.
 */
export function parseExpression(text: string, names: TypeNames = NO_TYPES): Expression {
  return within(text, () => wholeExpression(text, names));
}

const macrosOf = (names: TypeNames): StreamOptions => ({
  cxx: names.language === 'c++',
  ...(names.macro && { macros: (name: string) => names.macro?.(name) }),
});

function wholeExpression(text: string, names: TypeNames): Expression {
  const isTemplate = (name: string): boolean => names.isType(name) || names.isSymbol?.(name) === true;
  const tokens = new TokenStream(text, { ...macrosOf(names), isTemplate });
  if (tokens.peek().kind === 'end') throw new ExpressionError('syntax', 'Argument required (expression to compute).', 0);
  const expression = new Parser(tokens, names).expression(COMMA);
  if (tokens.peek().kind !== 'end') throw tokens.syntaxError();
  return expression;
}

/**
 * Parses expressions separated by commas at the top (arguments of printf).
 * @throws ExpressionError
 */
export function parseArguments(text: string, names: TypeNames = NO_TYPES): readonly Expression[] {
  return within(text, () => allArguments(text, names));
}

function allArguments(text: string, names: TypeNames): readonly Expression[] {
  const tokens = new TokenStream(text, macrosOf(names));
  const parser = new Parser(tokens, names);
  const list: Expression[] = [];
  if (tokens.peek().kind === 'end') return list;
  do list.push(parser.expression(ASSIGNMENT));
  while (tokens.accept(','));
  if (tokens.peek().kind !== 'end') throw tokens.syntaxError();
  return list;
}

export class Parser {
  constructor(
    readonly tokens: TokenStream,
    readonly names: TypeNames,
  ) {}

  expression(power: number): Expression {
    return this.tokens.nested(() => {
      let left = this.#prefix();
      for (;;) {
        const next = this.#infix(left, power);
        if (!next) return left;
        left = next;
      }
    });
  }

  /** A constant expression or any other, without commas: an array's length. */
  assignment(): Expression {
    return this.expression(ASSIGNMENT);
  }

  #infix(left: Expression, power: number): Expression | undefined {
    const { tokens } = this;
    const token = tokens.peek();
    if (token.kind !== 'operator') return undefined;
    const { text, offset } = token;
    const own = BINARY[text];
    if (own !== undefined) {
      if (own < power) return undefined;
      tokens.take();
      if (text === '@' && left.kind === 'name' && tokens.accept('entry')) return tokens.node({ ...left, kind: 'entry' });
      const right = this.expression(own + 1);
      return text === '&&' || text === '||'
        ? tokens.node({ kind: 'logical', operator: text, left, right, offset }, left, right)
        : tokens.node({ kind: 'binary', operator: text as BinaryOperator, left, right, offset }, left, right);
    }
    if (ASSIGN.test(text) && ASSIGNMENT >= power) {
      tokens.take();
      const value = this.expression(ASSIGNMENT);
      const operator = text === '=' ? undefined : (text.slice(0, -1) as BinaryOperator);
      return tokens.node({ kind: 'assign', operator, target: left, value, offset }, left, value);
    }
    if (text === '?' && CONDITIONAL >= power) {
      tokens.take();
      const then = this.expression(COMMA);
      tokens.expect(':');
      const otherwise = this.expression(CONDITIONAL);
      return tokens.node({ kind: 'conditional', test: left, then, otherwise, offset }, left, then, otherwise);
    }
    if (text === ',' && COMMA >= power) {
      tokens.take();
      const right = this.expression(ASSIGNMENT);
      return tokens.node({ kind: 'comma', left, right, offset }, left, right);
    }
    return this.#postfix(left);
  }

  #postfix(left: Expression): Expression | undefined {
    const { tokens } = this;
    const { offset } = tokens.peek();
    if (tokens.accept('[')) {
      const index = this.expression(COMMA);
      tokens.expect(']');
      return tokens.node({ kind: 'index', array: left, index, offset }, left, index);
    }
    if (tokens.is('.') || tokens.is('->')) {
      const arrow = tokens.accept('->') || !tokens.accept('.');
      const place = tokens.peek().offset;
      return tokens.node({ kind: 'member', object: left, name: this.#memberName(), arrow, offset: place }, left);
    }
    if (tokens.is('.*') || tokens.is('->*')) {
      const arrow = tokens.accept('->*') || !tokens.accept('.*');
      const pointer = this.expression(UNARY);
      return tokens.node({ kind: 'memberPointer', object: left, pointer, arrow, offset }, left, pointer);
    }
    if (tokens.accept('(')) {
      const list = this.#list(')');
      return tokens.node({ kind: 'call', callee: left, arguments: list, offset: left.offset }, left, ...list);
    }
    if (tokens.is('++') || tokens.is('--')) {
      const operator = tokens.accept('++') ? '++' : tokens.accept('--') ? '--' : '++';
      return tokens.node({ kind: 'postfix', operator, operand: left, offset }, left);
    }
    return undefined;
  }

  /** `name`, or C++ `Base::name`. */
  #memberName(): string {
    let name = this.tokens.expectName();
    while (this.tokens.accept('::')) name += `::${this.tokens.expectName()}`;
    return name;
  }

  #list(close: string): Expression[] {
    const list: Expression[] = [];
    if (this.tokens.accept(close)) return list;
    do list.push(this.expression(ASSIGNMENT));
    while (this.tokens.accept(','));
    this.tokens.expect(close);
    return list;
  }

  #prefix(): Expression {
    const { tokens } = this;
    const token = tokens.peek();
    const { offset } = token;
    if (startsType(tokens, this.names)) return tokens.node({ kind: 'type', type: parseTypeName(this), offset });
    switch (token.kind) {
      case 'integer':
      case 'float':
      case 'character':
        tokens.take();
        return tokens.node({ ...token });
      case 'string':
        return this.#string();
      case 'dollar':
        tokens.take();
        return tokens.node(dollar(token.name, offset));
      case 'name':
        if (tokens.is('<', 1)) return parseNamedCast(this) ?? this.#name();
        return isSizeof(token.name, tokens) ? this.#sizeof() : this.#name();
      case 'quoted':
        return this.#name();
      case 'operator':
        return this.#operator(token.text, offset);
      case 'end':
        throw tokens.syntaxError();
    }
  }

  #operator(text: string, offset: number): Expression {
    const { tokens } = this;
    if (PREFIX.has(text)) {
      tokens.take();
      const operand = this.expression(UNARY);
      return tokens.node({ kind: 'unary', operator: text as UnaryOperator, operand, offset }, operand);
    }
    if (text === '::') return this.#name();
    if (text === '(') return this.#parenthesis(offset);
    if (text === '{') {
      tokens.take();
      if (startsType(tokens, this.names)) {
        const type = parseTypeName(this);
        tokens.expect('}');
        const address = this.expression(UNARY);
        return tokens.node({ kind: 'at', type, address, offset }, type, address);
      }
      const elements = this.#list('}');
      return tokens.node({ kind: 'list', elements, offset }, ...elements);
    }
    throw tokens.syntaxError();
  }

  #parenthesis(offset: number): Expression {
    const { tokens } = this;
    tokens.expect('(');
    if (startsType(tokens, this.names)) {
      const type = parseTypeName(this);
      tokens.expect(')');
      if (!this.#startsOperand()) return tokens.node({ kind: 'type', type, offset }, type);
      const operand = this.expression(UNARY);
      return tokens.node({ kind: 'cast', type, operand, offset }, type, operand);
    }
    const inner = this.expression(COMMA);
    tokens.expect(')');
    const next = tokens.peek().kind;
    if (inner.kind === 'name' && next !== 'operator' && next !== 'end' && this.names.isSymbol?.(inner.name) === false) {
      throw new ExpressionError('no-symbol', `No symbol "${inner.name}" in current context.`, inner.offset);
    }
    return inner;
  }

  #startsOperand(): boolean {
    const token = this.tokens.peek();
    if (token.kind === 'operator') return PREFIX.has(token.text) || token.text === '(' || token.text === '{' || token.text === '::';
    return token.kind !== 'end';
  }

  /** Adjacent literals are one; the widest prefix wins. */
  #string(): Expression {
    const { tokens } = this;
    const { offset } = tokens.peek();
    const units: number[] = [];
    let prefix: Extract<Expression, { kind: 'string' }>['prefix'] = '';
    for (let token = tokens.peek(); token.kind === 'string'; token = tokens.peek()) {
      for (const unit of token.units) units.push(unit);
      if (token.prefix !== '') prefix = token.prefix;
      tokens.take();
    }
    return tokens.node({ kind: 'string', units, prefix, offset });
  }

  #sizeof(): Expression {
    const { tokens, names } = this;
    const { offset } = tokens.peek();
    const what = tokens.accept('sizeof') ? 'size' : 'alignment';
    if (what === 'alignment') tokens.take();
    const type = tokens.attempt(() => {
      if (!tokens.accept('(') || !startsType(tokens, names)) return undefined;
      const inner = parseTypeName(this);
      return tokens.accept(')') ? inner : undefined;
    });
    const operand: Expression = type ? tokens.node({ kind: 'type', type, offset }, type) : this.expression(UNARY);
    return tokens.node({ kind: 'sizeof', what, operand, offset }, operand);
  }

  /** A name with whatever stands in front of it: `'file.c'::`, `file.c:f::`, `ns::`, `::`. */
  #name(): Expression {
    const { tokens } = this;
    const first = tokens.take();
    const { offset } = first;
    const path: string[] = [];
    let file: string | undefined;
    const global = first.kind === 'operator';
    if (first.kind === 'quoted') {
      const scoped = tokens.accept('::') || tokens.accept(':');
      if (!scoped) return tokens.node({ kind: 'name', name: first.name, offset });
      file = first.name;
      path.push(this.#part());
    } else {
      path.push(first.kind === 'name' ? first.name : this.#part());
    }
    while (tokens.accept('::')) path.push(this.#part());
    const name = path.pop() ?? '';
    if (!global && file === undefined && path.length === 0) return tokens.node({ kind: 'name', name, offset });
    return tokens.node({ kind: 'scoped', file, path, global, name, offset });
  }

  #part(): string {
    const destructor = this.tokens.accept('~') ? '~' : '';
    const token = this.tokens.take();
    if (token.kind !== 'name' && token.kind !== 'quoted') throw this.tokens.syntaxError(token);
    return destructor + token.name;
  }
}

/** `$` and `$$` and `$N` are the value history; everything else is a register or a convenience variable. */
function dollar(name: string, offset: number): Expression {
  if (name === '') return { kind: 'history', index: 0, relative: true, offset };
  if (/^\d+$/.test(name)) return { kind: 'history', index: Math.min(Number(name), 2 ** 31), relative: false, offset };
  const back = /^\$(\d*)$/.exec(name);
  if (back) return { kind: 'history', index: back[1] === '' ? 1 : Math.min(Number(back[1]), 2 ** 31), relative: true, offset };
  return { kind: 'dollar', name, offset };
}

/** `alignof` is a word like any other to C before C23. */
const isSizeof = (word: string, tokens: TokenStream): boolean =>
  word === 'sizeof' || word === '_Alignof' || (word === 'alignof' && tokens.is('(', 1));
