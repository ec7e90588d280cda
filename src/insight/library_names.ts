/** The C library's functions have many names inside; a user knows the one that the manual has. */

/** `_IO_new_fclose`, `__GI___libc_free`, `__isoc99_sscanf`, `__strlen_evex`, `____strtol_l_internal`. */
const prefix = /^(?:IO_new_|IO_|GI_|libc_|isoc\d+_|new_|int_|old_)/;
const suffix = /(?:_(?:avx|sse|evex|erms|unaligned|ssse)\w*|_slow64|_l_internal|_internal|_impl|_implementation)$/;

/** Signs that are operators and no brackets. */
const comparing = /\boperator(?:<=>|<<=|>>=|<<|>>|<=|>=|->\*|->|<|>)/g;

/** `std::vector::at` for `std::vector<int, std::allocator<int> >::at`, without what a function template returns. */
const shortened = (name: string): string => {
  const signs: string[] = [];
  let plain = name.replace(comparing, (sign) => `operator\u0001${signs.push(sign) - 1}\u0001`);
  for (let before = ''; before !== plain;) {
    before = plain;
    plain = plain.replace(/<[^<>]*>/g, '');
  }
  const words = plain.trim().split(' ');
  const operator = words.findIndex((word) => /\boperator/.test(word));
  const last = operator >= 0 ? words.slice(operator).join(' ') : (words.at(-1) ?? plain);
  return last.replace(/operator\u0001(\d+)\u0001/g, (_, index: string) => signs[Number(index)] ?? '');
};

/** `fclose` for `_IO_new_fclose`; of C++ names what tells one function from another. */
export const userName = (name: string): string => {
  if (name.includes('::') || name.includes('<') || /^operator\b/.test(name)) return shortened(name);
  let plain = name.replace(/@.*/, '').replace(suffix, '');
  for (let before = ''; before !== plain;) {
    before = plain;
    plain = plain.replace(/^_+/, '').replace(prefix, '');
  }
  return plain;
};
