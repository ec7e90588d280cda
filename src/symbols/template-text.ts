/**
 * The arguments of a template as clang writes them behind the names of its instances, for names that lack them: with -gsimple-template-names the
 * entries below are all that tells `Table<int, 3>` from `Table<long, 2>`.
 */
import { At, isTemplateArgument, languageOf, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import { bareName } from './cxx-names.js';
import type { TypeReader } from './types-reader.js';
import type { BaseType, CType, FunctionType } from './types.js';

/** Types nest a few deep; deeper ones are cycles, which only damage makes. */
const MAX_DEPTH = 64;

/**
 * The name of an entry, given what it says itself: with a template's arguments, if it is an instance of one. What only refers to the type of a type
 * unit (DW_AT_signature) has that type's name.
 */
export const completedName = (die: Die, written: string, types: TypeReader): string => {
  const named = written === '' ? (die.reference(At.signature) ?? die) : die;
  const name = written === '' ? (named.string(At.name) ?? '') : written;
  // Operators have their arguments always: where the sign ends could not be told.
  const isWhole = name === '' || bareName(name) !== name || /^operator\b/.test(name);
  return isWhole ? name : name + argumentsText(named, types);
};

/** `<int, 3>`; empty for what is no instance, and for one whose arguments cannot all be told. */
const argumentsText = (die: Die, types: TypeReader): string => {
  if (languageOf(die.unit.language) !== 'c++') return '';
  const children = die
    .lineage()
    .map((step) => step.children().filter(({ tag }) => isTemplateArgument(tag)))
    .find((found) => found.length > 0);
  const texts = children?.flatMap((child) => argumentsIn(child, types));
  if (!texts || texts.includes(undefined)) return '';
  const list = texts.join(', ');
  return `<${list}${list.endsWith('>') ? ' ' : ''}>`;
};

const argumentsIn = (die: Die, types: TypeReader): (string | undefined)[] => {
  switch (die.tag) {
    case Tag.template_type_parameter:
      return [typeText(types.typeOf(die))];
    case Tag.GNU_template_template_param:
      return [die.string(At.GNU_template_name)];
    case Tag.GNU_template_parameter_pack:
      return die.children().flatMap((child) => argumentsIn(child, types));
    default: {
      const value = die.big(At.const_value);
      return [value === undefined ? undefined : valueText(value, types.typeOf(die))];
    }
  }
};

// ---- types

/** `const` and `volatile` stand in front of what they qualify, unless that is a pointer. */
const typeText = (type: CType, inner = '', qualifiers = '', depth = 0): string => {
  const next = (target: CType, around: string, outer = ''): string =>
    depth > MAX_DEPTH ? '...' : typeText(target, around, outer, depth + 1);
  switch (type.kind) {
    case 'const':
    case 'volatile':
      return next(type.target, inner, qualifiers === '' ? `${type.kind} ` : 'const volatile ');
    case 'restrict':
      return next(type.target, `__restrict${inner && ' '}${inner}`, qualifiers);
    case 'pointer':
    case 'member-pointer': {
      const mark =
        type.kind === 'member-pointer'
          ? `${typeText(type.containing)}::*`
          : type.reference === undefined
            ? '*'
            : type.reference === 'lvalue'
              ? '&'
              : '&&';
      const declared = mark + (inner === '' ? qualifiers.trimEnd() : qualifiers + inner);
      const below = unqualified(type.target).kind;
      return next(type.target, below === 'array' || below === 'function' ? `(${declared})` : declared);
    }
    case 'array':
      return next(type.element, `${inner}[${typeof type.count === 'number' ? type.count : ''}]`, qualifiers);
    case 'function':
      return next(type.returns, inner === '' ? ` ${parametersText(type, next)}` : inner + parametersText(type, next));
    default: {
      const name = qualifiers + nameOf(type);
      return inner === '' || /^[[ ]/.test(inner) ? name + inner : `${name} ${inner}`;
    }
  }
};

const unqualified = (type: CType, depth = 0): CType =>
  (type.kind === 'const' || type.kind === 'volatile') && depth < MAX_DEPTH ? unqualified(type.target, depth + 1) : type;

/** A member function's hidden object is none of them, but for the `const` of what it points to. */
const parametersText = ({ parameters, varargs }: FunctionType, text: (type: CType, inner: string) => string): string => {
  const list = parameters.filter(({ artificial }) => !artificial).map(({ type }) => text(type, ''));
  const self = parameters.find(({ artificial }) => artificial)?.type;
  const object = self?.kind === 'const' ? self.target : self;
  const isConstant = object?.kind === 'pointer' && object.target.kind === 'const';
  return `(${[...list, ...(varargs ? ['...'] : [])].join(', ')})${isConstant ? ' const' : ''}`;
};

const nameOf = (type: CType): string => {
  if (type.kind === 'void' || type.kind === 'atomic') return 'void';
  const name = 'name' in type ? type.name : undefined;
  return name === 'decltype(nullptr)' ? 'std::nullptr_t' : (name ?? `(unnamed ${type.kind})`);
};

// ---- values

const SUFFIXES: Readonly<Record<string, string>> = {
  int: '',
  'unsigned int': 'U',
  long: 'L',
  'unsigned long': 'UL',
  'long long': 'LL',
  'unsigned long long': 'ULL',
};
const CHARACTERS: Readonly<Record<string, string>> = {
  char: '',
  'signed char': '(signed char)',
  'unsigned char': '(unsigned char)',
  wchar_t: 'L',
  char8_t: 'u8',
  char16_t: 'u',
  char32_t: 'U',
};
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

const valueText = (value: bigint, type: CType): string => {
  let plain = unqualified(type);
  for (let depth = 0; depth < MAX_DEPTH && plain.kind === 'typedef'; depth++) plain = unqualified(plain.target);
  if (plain.kind !== 'base') return `(${typeText(type)})${value}`;
  if (plain.encoding === 'bool') return value === 0n ? 'false' : 'true';
  if (Object.hasOwn(CHARACTERS, plain.name)) return CHARACTERS[plain.name] + character(BigInt.asUintN(plain.size * 8, value));
  const number = inRange(value, plain);
  return Object.hasOwn(SUFFIXES, plain.name) ? `${number}${SUFFIXES[plain.name]}` : `(${plain.name})${number}`;
};

const inRange = (value: bigint, { encoding, size }: BaseType): bigint =>
  encoding === 'unsigned' ? BigInt.asUintN(size * 8, value) : BigInt.asIntN(size * 8, value);

const character = (code: bigint): string => {
  const text = code < 0x80n ? String.fromCharCode(Number(code)) : '';
  const hex = code.toString(16);
  if (Object.hasOwn(ESCAPES, text)) return `'${ESCAPES[text]}'`;
  if (code >= 0x20n && code < 0x7fn) return `'${text}'`;
  if (code < 0x100n) return `'\\x${hex.padStart(2, '0')}'`;
  return code < 0x10000n ? `'\\u${hex.padStart(4, '0')}'` : `'\\U${hex.padStart(8, '0')}'`;
};
