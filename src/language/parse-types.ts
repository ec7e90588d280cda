/**
 * Type names (C11, 6.7.7): specifiers, then an abstract declarator: `struct node *`, `unsigned char [4]`, `int (*)(int)`.
 * Declarators read inside out: each returns a function that wraps the type it is given.
 */
import type { TypeSyntax } from './ast.js';
import type { Parser, TypeNames } from './parser.js';
import type { TokenStream } from './token-stream.js';

type Wrap = (inner: TypeSyntax) => TypeSyntax;
type Tag = 'struct' | 'union' | 'enum' | 'class';
type Qualifier = 'const' | 'volatile' | 'restrict' | 'atomic';

const TAGS = new Set(['struct', 'union', 'enum', 'class']);
const QUALIFIERS: ReadonlyMap<string, Qualifier> = new Map([
  ['const', 'const'], ['volatile', 'volatile'], ['restrict', 'restrict'], ['__restrict', 'restrict'], ['__restrict__', 'restrict'],
  ['_Atomic', 'atomic'], ['__const', 'const'], ['__volatile__', 'volatile'],
]); // prettier-ignore
const BASE_WORDS = new Set(
  'void char short int long float double signed unsigned _Bool bool __int128 _Complex __float128 _Float128 _Float16 __signed__'.split(' '),
);
const TYPEOF = new Set(['typeof', '__typeof__', '__typeof', 'decltype']);

/** Before C23 `bool` is a word like any other, and programs use it as one. */
const isBaseWord = (word: string, names: TypeNames): boolean => BASE_WORDS.has(word) && !(word === 'bool' && names.isSymbol?.(word));

/** Can a type name begin here? */
export function startsType(tokens: TokenStream, names: TypeNames): boolean {
  const token = tokens.peek();
  if (token.kind !== 'name') return false;
  const { name } = token;
  if (isBaseWord(name, names) || QUALIFIERS.has(name)) return true;
  // C lets objects be called `decltype`.
  if (TYPEOF.has(name)) return tokens.is('(', 1);
  if (TAGS.has(name)) return tokens.peek(1).kind === 'name';
  return qualifiedName(tokens, names) !== undefined;
}

/** The longest `a::b::c` from here that names a type, unless a further `::` makes it a path to something else. */
function qualifiedName(tokens: TokenStream, names: TypeNames): { name: string; length: number } | undefined {
  let name = '';
  for (let ahead = 0; ; ahead += 2) {
    const token = tokens.peek(ahead);
    if (token.kind !== 'name') return undefined;
    name += token.name;
    if (!tokens.is('::', ahead + 1)) return names.isType(name) ? { name, length: ahead + 1 } : undefined;
    name += '::';
  }
}

/** @throws ExpressionError for anything that is no type name. */
export function parseTypeName(parser: Parser): TypeSyntax {
  return parser.tokens.nested(() => {
    const base = specifiers(parser);
    return abstractDeclarator(parser)(base);
  });
}

function specifiers(parser: Parser): TypeSyntax {
  const { tokens, names } = parser;
  const { offset } = tokens.peek();
  const words: string[] = [];
  const qualifiers: Qualifier[] = [];
  let type: TypeSyntax | undefined;
  for (let token = tokens.peek(); token.kind === 'name'; token = tokens.peek()) {
    const qualifier = QUALIFIERS.get(token.name);
    if (qualifier) {
      tokens.take();
      qualifiers.push(qualifier);
      continue;
    }
    if (isBaseWord(token.name, names) && !type && words.length < 5) {
      words.push(token.name);
      tokens.take();
      continue;
    }
    if (type || words.length > 0) break;
    type = TAGS.has(token.name) ? tagged(parser, token.name as Tag) : TYPEOF.has(token.name) ? typeOf(parser) : named(tokens, names);
    if (!type) break;
  }
  if (!type) {
    const name = baseName(words);
    if (name === undefined) throw tokens.syntaxError();
    type = { kind: 'base', name, offset };
  }
  return qualify(tokens, type, qualifiers);
}

function tagged(parser: Parser, tag: Tag): TypeSyntax {
  const { offset } = parser.tokens.take();
  const word = parser.tokens.peek();
  if (word.kind === 'name' && isBaseWord(word.name, parser.names)) throw parser.tokens.syntaxError();
  let name = parser.tokens.expectName();
  while (parser.tokens.accept('::')) name += `::${parser.tokens.expectName()}`;
  return { kind: 'named', name, tag, offset };
}

function typeOf(parser: Parser): TypeSyntax {
  const { tokens } = parser;
  const { offset } = tokens.take();
  tokens.expect('(');
  const operand = parser.expression(1);
  tokens.expect(')');
  return tokens.node({ kind: 'typeof', operand, offset }, operand);
}

function named(tokens: TokenStream, names: TypeNames): TypeSyntax | undefined {
  const found = qualifiedName(tokens, names);
  if (!found) return undefined;
  const { offset } = tokens.peek();
  for (let i = 0; i < found.length; i++) tokens.take();
  return { kind: 'named', name: found.name, offset };
}

function qualify(tokens: TokenStream, type: TypeSyntax, qualifiers: readonly Qualifier[]): TypeSyntax {
  return qualifiers.reduce<TypeSyntax>(
    (target, qualifier) => tokens.node({ kind: 'qualified', qualifier, target, offset: target.offset }, target),
    type,
  );
}

/** Sorts `long unsigned int` into C's usual spelling; undefined for combinations that C does not have. */
function baseName(words: readonly string[]): string | undefined {
  const count = (...wanted: string[]): number => words.filter((word) => wanted.includes(word)).length;
  const unsigned = count('unsigned') > 0;
  const signed = count('signed', '__signed__') > 0;
  const longs = count('long');
  const core = words.filter((word) => !['unsigned', 'signed', '__signed__', 'long', 'int', '_Complex'].includes(word));
  if (core.length > 1 || (unsigned && signed)) return undefined;
  const sign = unsigned ? 'unsigned ' : '';
  const complex = count('_Complex') > 0 ? 'complex ' : '';
  const integer = complex === '' && longs === 0;
  switch (core[0]) {
    case undefined:
      if (complex !== '') return undefined;
      if (longs === 0) return unsigned || signed || count('int') > 0 ? `${sign}int` : undefined;
      return longs === 1 ? `${sign}long` : longs === 2 ? `${sign}long long` : undefined;
    case 'char':
      return integer ? (signed ? 'signed char' : `${sign}char`) : undefined;
    case 'short':
      return integer ? `${sign}short` : undefined;
    case '__int128':
      return integer ? `${sign}__int128` : undefined;
    case 'double':
      return longs <= 1 && !unsigned && !signed ? `${complex}${longs === 1 ? 'long ' : ''}double` : undefined;
    case 'float':
      return longs === 0 && !unsigned && !signed ? `${complex}float` : undefined;
    default:
      return integer && !unsigned && !signed ? core[0].replace(/^bool$/, '_Bool').replace('__float128', '_Float128') : undefined;
  }
}

const identity: Wrap = (inner) => inner;

function abstractDeclarator(parser: Parser): Wrap {
  const { tokens } = parser;
  return tokens.nested(() => {
    const { offset } = tokens.peek();
    if (tokens.accept('*')) {
      const qualifiers: Qualifier[] = [];
      for (let token = tokens.peek(); token.kind === 'name'; token = tokens.peek()) {
        const qualifier = QUALIFIERS.get(token.name);
        if (!qualifier) break;
        qualifiers.push(qualifier);
        tokens.take();
      }
      const outer = abstractDeclarator(parser);
      return (inner) => outer(qualify(tokens, tokens.node({ kind: 'pointer', target: inner, offset }, inner), qualifiers));
    }
    if (tokens.is('&') || tokens.is('&&')) {
      const reference = tokens.accept('&') || !tokens.accept('&&') ? 'lvalue' : 'rvalue';
      const outer = abstractDeclarator(parser);
      return (inner) => outer(tokens.node({ kind: 'pointer', target: inner, reference, offset }, inner));
    }
    return directDeclarator(parser);
  });
}

/** What follows the stars: a parenthesised declarator, then any number of `[n]` and `(parameters)`. */
function directDeclarator(parser: Parser): Wrap {
  const { tokens } = parser;
  let inside = identity;
  if (tokens.is('(') && (tokens.is('*', 1) || tokens.is('&', 1) || tokens.is('&&', 1) || tokens.is('(', 1) || tokens.is('[', 1))) {
    tokens.expect('(');
    inside = abstractDeclarator(parser);
    tokens.expect(')');
  }
  const suffixes: Wrap[] = [];
  for (;;) {
    const { offset } = tokens.peek();
    if (tokens.accept('[')) {
      const count = tokens.is(']') ? undefined : parser.assignment();
      tokens.expect(']');
      suffixes.push((element) => tokens.node({ kind: 'array', element, count, offset }, element, count));
    } else if (tokens.is('(')) {
      const { list, varargs, prototyped } = parameters(parser);
      suffixes.push((returns) =>
        tokens.node({ kind: 'function', returns, parameters: list, varargs, prototyped, offset }, returns, ...list),
      );
    } else break;
  }
  return (inner) => inside(suffixes.reduceRight((type, wrap) => wrap(type), inner));
}

function parameters(parser: Parser): { list: TypeSyntax[]; varargs: boolean; prototyped: boolean } {
  const { tokens } = parser;
  tokens.expect('(');
  const list: TypeSyntax[] = [];
  if (tokens.accept(')')) return { list, varargs: false, prototyped: false };
  if (tokens.is('void') && tokens.is(')', 1)) {
    tokens.take();
    tokens.take();
    return { list, varargs: false, prototyped: true };
  }
  let varargs = false;
  do {
    if (tokens.accept('...')) {
      varargs = true;
      break;
    }
    if (!startsType(tokens, parser.names)) throw tokens.syntaxError();
    list.push(parseTypeName(parser));
    // A parameter may carry its name: `int (*)(int count)`.
    if (tokens.peek().kind === 'name') tokens.take();
  } while (tokens.accept(','));
  tokens.expect(')');
  return { list, varargs, prototyped: true };
}
