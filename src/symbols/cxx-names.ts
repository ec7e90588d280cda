/** C++ names as text: their parts, and what is left of a demangled one. */
import { native } from '../native.js';

/** `a::b<c::d>::e` into `a`, `b<c::d>`, `e`: at `::` outside of brackets. */
export const splitName = (name: string): string[] => {
  const parts: string[] = [];
  let depth = 0;
  let begin = 0;
  for (let i = 0; i < name.length; i++) {
    const char = name[i];
    if (char === '<' || char === '(') depth++;
    else if ((char === '>' || char === ')') && depth > 0) depth--;
    else if (depth === 0 && char === ':' && name[i + 1] === ':') {
      if (i > begin) parts.push(name.slice(begin, i));
      begin = i + 2;
      i++;
    }
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

/** `ns::f(int) const` without what follows the name. */
const withoutParameters = (demangled: string): string => {
  let depth = 0;
  for (let i = 0; i < demangled.length; i++) {
    const char = demangled[i];
    if (char === '<') depth++;
    else if (char === '>') depth--;
    else if (char === '(' && depth === 0 && !demangled.startsWith('(anonymous', i)) return demangled.slice(0, i);
  }
  return demangled;
};

/** `ns::f` for `_ZN2ns1fEi`; undefined when the name is not mangled. */
export const demangledName = (linkage: string): string | undefined => {
  const demangled = native.demangle(linkage);
  return demangled === undefined ? undefined : withoutParameters(demangled);
};

/** `std::runtime_error` for `St13runtime_error`, the name that a type_info carries (Itanium C++ ABI, 2.9.4); undefined when it is none. */
export const typeInfoName = (encoded: string): string | undefined => {
  // GCC marks types of one object file with a star.
  const demangled = native.demangle(`_ZTS${encoded.replace(/^\*/, '')}`);
  return demangled?.startsWith(prefixOfTypeName) ? demangled.slice(prefixOfTypeName.length) : undefined;
};

const prefixOfTypeName = 'typeinfo name for ';
