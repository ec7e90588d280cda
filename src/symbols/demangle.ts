/** Symbols in the words of their language: C++'s mangling (Itanium C++ ABI, 5.1) by the C++ library, and what Rust makes of the same form. */
import { native } from '../native.js';

/** Rust's older mangling is a C++ name that ends in a hash: `hello::main::h0123456789abcdef`. */
const RUST_HASH = /::h[0-9a-f]{16}$/;

/** What cannot stand in such a name is written so (rustc, legacy symbol mangling). */
const RUST_SIGNS: Readonly<Record<string, string>> = { SP: '@', BP: '*', RF: '&', LT: '<', GT: '>', LP: '(', RP: ')', C: ',' };

const rustSign = (sign: string, code: string): string => {
  const known = RUST_SIGNS[code];
  const point = /^u[0-9a-f]{1,5}$/.test(code) ? parseInt(code.slice(1), 16) : undefined;
  return known ?? (point === undefined || point < 0x20 ? sign : String.fromCodePoint(point));
};

const STUB = '@plt';

/** `operator delete(void*)@plt` for the stub of `_ZdlPv`. Undefined when the name is not mangled. */
export const demangle = (symbol: string): string | undefined => {
  if (symbol.endsWith(STUB)) {
    const called = demangle(symbol.slice(0, -STUB.length));
    return called && called + STUB;
  }
  const text = native.demangle(symbol);
  if (text === undefined || !RUST_HASH.test(text)) return text;
  return text
    .replace(RUST_HASH, '')
    .replace(/(^|::)_(?=\$)/g, '$1')
    .replace(/\$(\w{1,6})\$/g, rustSign)
    .replace(/\.\./g, '::');
};
