/** The parser's view of its tokens: look, take, complain; and the limit on nesting that protects every later recursion. */
import { ExpressionError } from './errors.js';
import { tokenize, type Token } from './lexer.js';
import { joinOperators } from './operator-names.js';
import { joinTemplates } from './template-names.js';
import { expandMacros, type MacroLookup } from './macros.js';

/** Deeper trees are refused, so that whoever walks one may recurse. */
const MAX_NESTING = 300;

export interface StreamOptions {
  readonly macros?: MacroLookup;
  /** Is the name with template arguments one of the program's? */
  readonly isTemplate?: (name: string) => boolean;
  /** C++ has words for some operators. */
  readonly cxx?: boolean;
}

/** C++17, [lex.digraph]. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['and', '&&'], ['or', '||'], ['not', '!'], ['xor', '^'], ['bitand', '&'], ['bitor', '|'], ['compl', '~'], ['not_eq', '!='],
  ['and_eq', '&='], ['or_eq', '|='], ['xor_eq', '^='],
]); // prettier-ignore

function operatorOf(token: Token): Token {
  const text = token.kind === 'name' ? WORDS.get(token.name) : undefined;
  return text === undefined ? token : { kind: 'operator', text, offset: token.offset, end: token.end };
}

export class TokenStream {
  readonly #tokens: readonly Token[];
  readonly #heights = new WeakMap<object, number>();
  #at = 0;
  #depth = 0;

  constructor(
    readonly text: string,
    { macros, isTemplate = () => false, cxx = false }: StreamOptions = {},
  ) {
    const words = cxx ? joinOperators(text, tokenize(text).map(operatorOf)) : tokenize(text);
    const tokens = joinTemplates(text, words, isTemplate);
    this.#tokens = macros ? expandMacros(text, tokens, macros) : tokens;
  }

  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
    return token ?? { kind: 'end', offset: this.text.length, end: this.text.length };
  }

  take(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  /** Is the next token this operator or this word? */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return (token.kind === 'operator' && token.text === text) || (token.kind === 'name' && token.name === text);
  }

  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.#at++;
    return true;
  }

  expect(text: string): Token {
    if (!this.is(text)) throw this.syntaxError();
    return this.take();
  }

  expectName(): string {
    const token = this.take();
    if (token.kind !== 'name') throw this.syntaxError(token);
    return token.name;
  }

  syntaxError(token: Token = this.peek()): ExpressionError {
    const rest = this.text.slice(token.offset);
    return new ExpressionError(
      'syntax',
      `A syntax error in expression, near \`${rest.length > 80 ? `${rest.slice(0, 80)}...` : rest}'.`,
      token.offset,
    );
  }

  /** Registers a node above its children; counts chains like `1+1+1...`, which nest without recursion in the parser. */
  node<const N extends object>(node: N, ...children: readonly (object | undefined)[]): N {
    let height = 0;
    for (const child of children) if (child) height = Math.max(height, this.#heights.get(child) ?? 0);
    if (height >= MAX_NESTING) throw this.#tooDeep();
    this.#heights.set(node, height + 1);
    return node;
  }

  /** Runs a recursive rule one level down. */
  nested<R>(rule: () => R): R {
    if (++this.#depth > MAX_NESTING) throw this.#tooDeep();
    try {
      return rule();
    } finally {
      this.#depth--;
    }
  }

  /** Tries a rule; undoes it if it returns undefined. */
  attempt<R>(rule: () => R | undefined): R | undefined {
    const start = this.#at;
    const result = rule();
    if (result === undefined) this.#at = start;
    return result;
  }

  #tooDeep(): ExpressionError {
    return new ExpressionError('syntax', `The expression is nested too deeply (more than ${MAX_NESTING} levels).`, this.peek().offset);
  }
}
