/** C++ names as text: their parts, and what is left of a demangled one. */
import { demangle } from './demangle.js';

const OPENING = '<([{';
const CLOSING = '>)]}';

/** The brackets that are open at a place of a name. Comparisons in expressions (`decltype ((a)>=(b))`) are none: these stand in brackets of their own. */
class Brackets {
  private readonly open: string[] = [];

  get depth(): number {
    return this.open.length;
  }

  read(char: string): void {
    if (OPENING.includes(char)) this.open.push(char);
    else if (CLOSING.includes(char)) {
      const begun = this.open.lastIndexOf(OPENING[CLOSING.indexOf(char)]);
      if (begun >= 0 && (char !== '>' || begun === this.open.length - 1)) this.open.length = begun;
    }
  }
}

/** `a::b<c::d>::e` into `a`, `b<c::d>`, `e`: at `::` outside of brackets. */
export const splitName = (name: string): string[] => {
  const parts: string[] = [];
  const brackets = new Brackets();
  let begin = 0;
  for (let i = 0; i < name.length; i++) {
    if (brackets.depth === 0 && name[i] === ':' && name[i + 1] === ':') {
      if (i > begin) parts.push(name.slice(begin, i));
      begin = i + 2;
      i++;
    } else brackets.read(name[i]);
  }
  if (begin < name.length) parts.push(name.slice(begin));
  return parts;
};

/** `5div_t` is `div_t`, `N2ns1tE` is `ns::t`: source names of the C++ ABI's mangling; anything else is not read. */
export const plainLinkageName = (linkage: string): string | undefined => {
  const nested = linkage.startsWith('N') && linkage.endsWith('E');
  let rest = nested ? linkage.slice(1, -1) : linkage;
  const parts: string[] = [];
  while (rest !== '') {
    const digits = /^\d+/.exec(rest)?.[0];
    if (digits === undefined) return undefined;
    parts.push(rest.slice(digits.length, digits.length + Number(digits)));
    rest = rest.slice(digits.length + Number(digits));
  }
  return parts.length > 0 ? parts.join('::') : undefined;
};

/** The other way, for a variable of a namespace or class: `_ZN2ns1tE` for `ns::t`; undefined: parts of the name are no plain words. */
export const plainMangledName = (qualified: string): string | undefined => {
  const parts = splitName(qualified);
  if (parts.length < 2 || parts[0] === 'std' || !parts.every((part) => /^[A-Za-z_]\w*$/.test(part))) return undefined;
  return `_ZN${parts.map((part) => `${part.length}${part}`).join('')}E`;
};

const closing = (text: string, open: number): number => {
  const brackets = new Brackets();
  for (let i = open; i < text.length; i++) {
    brackets.read(text[i]);
    if (brackets.depth === 0) return i;
  }
  return text.length;
};

/** What stands in front of a bracket that is not the parameters of a name: the type that is returned, or a declarator around this one. */
const DECLARATOR = /[ *&]/;

/** `char (&f<char [4]>(...)) [4]`, `int (*g<int>(long))(int)`: the name behind `(&` when what is returned is written around it. */
const declaratorEnd = (text: string, at: number): number | undefined => {
  const opening = /^\((?:[\w:]+::)?[*&]+/.exec(text.slice(at, at + 256));
  return opening ? at + opening[0].length : undefined;
};

/** Where an operator's own name ends that begins at `at`: `operator()`, `operator<<`, `operator new`, `operator int`. */
const operatorEnd = (text: string, at: number, inside: boolean): number => {
  const behind = at + 'operator'.length;
  const signs = /^(?:\(\)|\[\]|""\s*\w+|->\*?|<=>|<<=?|>>=?|&&|\|\||\+\+|--|[-+*/%^&|=!<>]=|[-+*/%^&|~!=<>,])(?: (?=<))?/.exec(
    text.slice(behind, behind + 64),
  );
  if (signs || inside) return behind + (signs?.[0].length ?? 0);
  // A conversion or new and delete: up to the parameters.
  const brackets = new Brackets();
  for (let i = behind; i < text.length; i++) {
    if (text[i] === '(' && brackets.depth === 0 && !text.startsWith('(anonymous', i)) {
      if (declaratorEnd(text, i) === undefined) return i;
      // `operator void (*)(int)`, `operator int (&) [4]`: what a pointer or reference points to is written around its sign.
      i = closing(text, i);
      const around = /^ ?[([]/.exec(text.slice(i + 1, i + 3));
      if (around) i = closing(text, i + around[0].length);
      continue;
    }
    brackets.read(text[i]);
  }
  return text.length;
};

/** The place of the name in a demangled function: behind the type that a template returns, up to its own parameters. */
const nameIn = (text: string): { readonly start: number; readonly end: number; readonly isLocal: boolean } => {
  const brackets = new Brackets();
  let start = 0;
  let isLocal = false;
  for (let i = 0; i < text.length; i++) {
    if (text.startsWith('operator', i) && !/\w/.test(text[i - 1] ?? '') && !/\w/.test(text[i + 8] ?? '')) {
      i = operatorEnd(text, i, brackets.depth > 0) - 1;
      continue;
    }
    // The demangler's word for a GNU vector, `float __vector(4)`: no parameters.
    const vector = text[i] === '_' ? /^__vector\(\d+\)/.exec(text.slice(i, i + 24))?.[0] : undefined;
    if (vector !== undefined) {
      i += vector.length - 1;
      continue;
    }
    const char = text[i];
    const declarator = brackets.depth === 0 && DECLARATOR.test(text[i - 1] ?? '') ? declaratorEnd(text, i) : undefined;
    if (declarator !== undefined) {
      start = declarator;
      i = declarator - 1;
    } else if (
      char === '(' &&
      brackets.depth === 0 &&
      !text.startsWith('(anonymous', i) &&
      !/decltype ?$/.test(text.slice(Math.max(0, i - 9), i))
    ) {
      const close = closing(text, i);
      // `f(int)::Local::g()`: something in a function.
      const inside = /^(?: const)?::/.exec(text.slice(close + 1));
      if (!inside) return { start, end: i, isLocal };
      isLocal = true;
      i = close + inside[0].length;
    } else if (char === ' ' && brackets.depth === 0) start = i + 1;
    else brackets.read(char);
  }
  return { start, end: text.length, isLocal };
};

/**
 * The name of a template that returns a decltype: what stands in front of that in the mangled name (Itanium C++ ABI, 5.1.5: DT and Dt). The demangler writes the name
 * into the middle of the expression when a pointer to a function is in that.
 */
const nameBeforeDecltype = (linkage: string, demangled: string): string | undefined => {
  if (!demangled.startsWith('decltype')) return undefined;
  for (const { index } of linkage.matchAll(/E(?=D[Tt])/g)) {
    const name = demangle(linkage.slice(0, index + 1));
    if (name !== undefined) return demangled.includes(`) ${name}(`) ? undefined : name;
  }
  return undefined;
};

/**
 * A function's name as gdb shows it, from its mangled one: `ns::f<long>` for `_ZN2ns1fIlEEvT_`. What gdb's own parser of names does not understand (functions in
 * functions, ABI tags) keeps its parameters: `f(int)::Local::g() const`, `f[abi:v2](int)`. Undefined when the name is not mangled.
 */
export const demangledName = (linkage: string): string | undefined => {
  const demangled = demangle(linkage);
  if (demangled === undefined || linkage.endsWith('@plt')) return demangled;
  const plain = nameBeforeDecltype(linkage, demangled);
  if (plain !== undefined) return plain;
  const { start, end, isLocal } = nameIn(demangled);
  if (end <= start) return demangled;
  return isLocal || demangled.slice(start, end).includes('[abi:') ? demangled.slice(start) : demangled.slice(start, end);
};

/** A demangled function without the type that a template's name begins with: `twice<int>(int)` of `int twice<int>(int)`. */
export const withoutReturnType = (demangled: string): string => demangled.slice(nameIn(demangled).start);

/** A function with its parameters: `ns::twice<int>(int)`. Undefined when the name is not mangled. */
export const signatureOf = (linkage: string): string | undefined => {
  const demangled = demangle(linkage);
  return demangled === undefined ? undefined : (nameBeforeDecltype(linkage, demangled) ?? withoutReturnType(demangled));
};

/** Without ABI tags, `f` of `f[abi:cxx11]`: the debug information has none. */
const withoutTags = (text: string): string => text.replace(/\[abi:\w+\]/g, '');

/** A function as users name it: the parts of its name and, where they are given, its parameters (`(int) const`). */
export interface WrittenName {
  readonly parts: readonly string[];
  readonly parameters: string | undefined;
  /** `::f`: of no namespace and no class. */
  readonly whole: boolean;
}

/** `f`, `::f`, `ns::f`, `ns::f(int) const`, `int f<int>(int)`, `Class::operator()`. */
export const writtenName = (given: string): WrittenName => {
  const text = withoutTags(given);
  const { start, end } = nameIn(text);
  const called = end < text.length && end > start;
  const name = called ? text.slice(start, end) : text;
  return { parts: splitName(name), parameters: called ? text.slice(end) : undefined, whole: name.startsWith('::') };
};

/** The name and the parameters of a mangled function. */
export const demangledParts = (linkage: string): WrittenName | undefined => {
  const demangled = demangle(linkage);
  // The linker's own additions are named after the functions that they jump to.
  if (demangled === undefined || linkage.endsWith('@plt') || / thunk to /.test(demangled)) return undefined;
  const plain = nameBeforeDecltype(linkage, demangled);
  if (plain !== undefined) return { parts: splitName(withoutTags(plain)), parameters: undefined, whole: true };
  const text = withoutTags(demangled);
  const { start, end } = nameIn(text);
  return { parts: splitName(text.slice(start, end)), parameters: text.slice(end), whole: true };
};

/** A name without a template's arguments, by the rule of native/name_scan.cc. */
export const bareName = (name: string): string => /^(?:operator[<=>]*[^ <]*|(?!operator)[^<]*|[^<]*)/.exec(name)?.[0] ?? name;

/** One part of a name, as written and as it is: without arguments it stands for every instance of a template. */
export const samePart = (written: string, name: string): boolean =>
  written === name ||
  tight(written) === tight(name) ||
  (bareName(written) === written ? bareName(name) === written : written.includes('<') && typeForm(written) === typeForm(name));

const NAMELESS = '(anonymous namespace)';

/** Whether what a user wrote means the function or the like of a qualified name. Namespaces without a name need not be written. */
export const meansName = (written: WrittenName, qualified: readonly string[]): boolean => {
  const parts =
    qualified.includes(NAMELESS) && !written.parts.includes(NAMELESS) ? qualified.filter((part) => part !== NAMELESS) : qualified;
  const ahead = parts.length - written.parts.length;
  return (
    (written.whole ? ahead === 0 : ahead >= 0) &&
    written.parts.every((part, i) => part === parts[ahead + i] || samePart(part, parts[ahead + i]))
  );
};

/** Whether a name as a user writes it is the whole of a qualified one, but for the ways to write a template's arguments. */
export const sameName = (written: string, qualified: string): boolean => {
  if (written === qualified) return true;
  if (!written.includes('<')) return false;
  const [parts, own] = [splitName(written), splitName(qualified)];
  return parts.length === own.length && parts.every((part, i) => samePart(part, own[i]));
};

/** Whether the parameters that a user wrote are those of a mangled name; where nothing is mangled nothing is overloaded. */
export const meansParameters = ({ parameters }: WrittenName, linkage: string | undefined): boolean => {
  if (parameters === undefined || linkage === undefined) return true;
  const actual = demangledParts(linkage)?.parameters;
  if (actual === undefined) return true;
  const [wanted, found] = [parametersOf(parameters), parametersOf(actual)];
  return wanted === found || wanted === found.replace(/const$/, '');
};

/** Whether what a user wrote means a function in another, which the entries do not name in full: by its mangled name, where it has one. */
export const meansNested = (written: WrittenName, linkage: string | undefined): boolean => {
  const known = linkage === undefined ? undefined : demangledParts(linkage);
  return known === undefined || (meansName(written, known.parts) && meansParameters(written, linkage));
};

/** Without the spaces that separate no words. */
const tight = (text: string): string => text.replace(/\s*([^\w\s])\s*/g, '$1');

/** Parameters in one of the several ways to write them. */
const parametersOf = (text: string): string => {
  const close = closing(text, 0);
  return typeForm(
    `(${text
      .slice(1, close)
      .trim()
      .replace(/^void$/, '')})${text.slice(close + 1)}`,
  );
};

const STRING = 'std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >';

/**
 * Types in one of the several ways to write them: `const T &` as `T const&`, `long unsigned int` as `unsigned long`, std::string in full. The words between two
 * signs come in any order (ISO C++ [dcl.spec]), and `int` says nothing beside others.
 */
const typeForm = (text: string): string => {
  let form = '';
  let words: string[] = [];
  const flush = (): void => {
    const isInteger = words.some((word) => /^(?:long|short|unsigned|signed)$/.test(word));
    form += (isInteger ? words.filter((word) => word !== 'int') : words).sort().join(' ');
    words = [];
  };
  // A word goes on behind `::`; what is in brackets belongs to the word before, so that `const a<b>` and `a<b> const` are the same.
  const full = text.replace(/\bstd::string\b/g, STRING);
  for (let at = 0; at < full.length;) {
    const word = /^(?:(?:::)?[~\w$]+|::)/.exec(full.slice(at, at + 256))?.[0];
    if (word !== undefined) {
      // `3ul`, clang's `3UL`: the suffix of a constant is its type.
      if (/^\d/.test(word)) words.push(word.replace(/u?l*$/i, ''));
      else if (words.length > 0 && word.startsWith('::')) words[words.length - 1] += word;
      else words.push(word);
      at += word.length;
    } else if (full[at] === '<' && words.length > 0 && !words[words.length - 1].endsWith('operator')) {
      const close = closing(full, at);
      words[words.length - 1] += `<${typeForm(full.slice(at + 1, close))}>`;
      at = close + 1;
    } else {
      if (!/\s/.test(full[at])) {
        flush();
        form += full[at];
      }
      at++;
    }
  }
  flush();
  return form;
};

/** Integer types in a template's arguments as gdb and the demangler write them: `f<unsigned long>` for `f<long unsigned int>`. */
export const canonicalName = (name: string): string => (name.includes('<') ? canonicalIntegers(name) : name);

const canonicalIntegers = (text: string): string =>
  text.replace(/\b(long long|long|short)( unsigned)? int\b/g, (_, size: string, unsigned?: string) =>
    unsigned ? `unsigned ${size}` : size,
  );

/** `std::runtime_error` for `St13runtime_error`, the name that a type_info carries (Itanium C++ ABI, 2.9.4); undefined when it is none. */
export const typeInfoName = (encoded: string): string | undefined => {
  // GCC marks types of one object file with a star.
  const demangled = demangle(`_ZTS${encoded.replace(/^\*/, '')}`);
  return demangled?.startsWith(prefixOfTypeName) ? demangled.slice(prefixOfTypeName.length) : undefined;
};

const prefixOfTypeName = 'typeinfo name for ';
