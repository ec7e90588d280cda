/** A type as C writes it, with or without a declared name: `char *`, `int (*)[5]`, `struct node *next`. */
import type { CType, FunctionType } from '../symbols/types.js';
import { UNKNOWN_FUNCTION, UNKNOWN_INDIRECT } from './c-types.js';
import { rustTypeName } from './rust-types.js';
import { baseName, isQualified, strip, templateName } from './types.js';

export type Language = 'c' | 'c++';

const UNKNOWN: ReadonlyMap<CType, string> = new Map([
  [UNKNOWN_FUNCTION, '<text variable, no debug info>'],
  [UNKNOWN_INDIRECT, '<text gnu-indirect-function variable, no debug info>'],
]);

/** Damaged debug information can nest without end. */
const MAX_DEPTH = 64;

/** The words in front of the declarator, for a type that is no pointer, array or function. */
export function specifier(type: CType, language: Language): string {
  switch (type.kind) {
    case 'void':
      return 'void';
    case 'base':
      return baseName(type);
    case 'typedef':
      return language === 'c++' ? templateName(type.name) : type.name;
    case 'struct':
    case 'union':
    case 'class':
    case 'enum': {
      if (type.name === undefined) return `${type.kind} {...}`;
      if (type.kind !== 'enum' && type.rust) return type.name;
      return language === 'c++' ? templateName(type.name) : `${type.kind} ${type.name}`;
    }
    case 'array':
      return type.rust ? rustTypeName(type) : '';
    default:
      return '';
  }
}

const SPELLING = { const: 'const', volatile: 'volatile', restrict: 'restrict', atomic: '_Atomic' } as const;
const ORDER: readonly string[] = Object.values(SPELLING);

/** In one order, whatever the compiler's. */
const ordered = (words: readonly string[]): readonly string[] => ORDER.filter((word) => words.includes(word));

/** What a type is called where it is used, if not by its own name: a template's argument by that of the parameter. */
export type Renaming = (type: CType) => string | undefined;

export function parameterList(type: FunctionType, language: Language, depth = 0, renaming?: Renaming): string {
  const list = type.parameters.map((parameter) => declaration(parameter.type, '', language, depth + 1, undefined, renaming));
  if (type.varargs && (list.length > 0 || type.prototyped)) list.push('...');
  if (list.length === 0 && (type.prototyped || language === 'c++')) list.push('void');
  return `(${list.join(', ')})`;
}

/** ` const volatile`, as a member function bears it for its object. */
export function objectQualifiers(object: CType): string {
  const words = new Set<string>();
  let current = object;
  for (let i = 0; i < 4 && isQualified(current); i++, current = current.target) words.add(current.kind);
  return ['const', 'volatile']
    .filter((word) => words.has(word))
    .map((word) => ` ${word}`)
    .join('');
}

/** A parameter list as the C++ demangler writes it: `(int, char const**)`, `()`. */
export function demangledParameters(type: FunctionType): string {
  const list = type.parameters.map((parameter) => demangledOrder(declaration(parameter.type, '', 'c++')));
  if (type.varargs) list.push('...');
  return `(${list.join(', ')})`;
}

/** `const char **` with its qualifiers behind what they qualify, as a mangled name has them, and no space in front of signs. */
const demangledOrder = (text: string): string =>
  text
    .replace(
      /^((?:const |volatile )+)((?:[^*&([<]|<.*>)+?)(?=\s*(?:[*&([].*)?$)/,
      (_, words: string, name: string) => `${name} ${words.trim()}`,
    )
    .replace(/ (?=[*&])/g, '');

/**
 * `type` declaring `name`; an empty name gives the type name alone. `base` replaces the words in front (a struct with its body).
 */
export function declaration(
  type: CType,
  name: string,
  language: Language = 'c',
  depth = 0,
  base?: (type: CType) => string,
  renaming?: Renaming,
): string {
  let current = type;
  let inner = name;
  let qualifiers: string[] = [];
  const vectors: string[] = [];
  let renamed = renaming?.(current);
  for (let i = 0; i < MAX_DEPTH && !UNKNOWN.has(current) && renamed === undefined; i++, renamed = renaming?.(current)) {
    if (isQualified(current)) {
      qualifiers.push(SPELLING[current.kind]);
      current = current.target;
      continue;
    }
    if (current.kind === 'pointer' || current.kind === 'member-pointer') {
      const mark =
        current.kind === 'member-pointer'
          ? `${specifier(strip(current.containing), 'c++')}::*`
          : current.reference === 'lvalue'
            ? '&'
            : current.reference
              ? '&&'
              : '*';
      const tail = qualifiers.length > 0 ? ` ${ordered(qualifiers).join(' ')}${/^$|^\[/.test(inner) ? '' : ' '}` : '';
      inner = mark + tail + inner;
      qualifiers = [];
      current = current.target;
      const below = unqualifiedKind(current);
      if (below === 'array' || below === 'function') inner = `(${inner})`;
    } else if (current.kind === 'array' && !current.rust) {
      const count = typeof current.count === 'number' ? current.count.toString() : current.count ? 'variable length' : '';
      if (current.vector) vectors.push(`__attribute__ ((vector_size(${count})))`);
      else inner += `[${count}]`;
      current = current.element;
    } else if (current.kind === 'function') {
      inner += depth > 8 ? '(...)' : parameterList(current, language, depth, renaming);
      current = current.returns;
    } else break;
  }
  const words = [
    ...ordered(qualifiers),
    renamed ?? UNKNOWN.get(current) ?? (base ? base(current) : specifier(current, language)),
    ...vectors,
  ].join(' ');
  return inner === '' ? words : `${words} ${inner}`;
}

function unqualifiedKind(type: CType): CType['kind'] {
  let current = type;
  for (let i = 0; i < MAX_DEPTH && isQualified(current); i++) current = current.target;
  if (UNKNOWN.has(current)) return 'base';
  return current.kind === 'array' && current.vector ? 'base' : current.kind;
}

/** As `whatis` prints it, and as casts in front of pointers show it. */
export const typeName = (type: CType, language: Language = 'c'): string => declaration(type, '', language);
