/** Names of the C++ library's types as people write them: `std::map<std::string, int>`, without the arguments that are what they are by default. */

/** For a template: what its last arguments are by default, given those before. */
type Defaults = Readonly<Record<number, (given: readonly string[]) => string>>;

const allocator = (of: string): string => `std::allocator<${of}>`;
const sequence: Defaults = { 1: ([element]) => allocator(element) };
const ordered = (pair: boolean): Defaults => {
  const first = pair ? 2 : 1;
  return {
    [first]: ([key]) => `std::less<${key}>`,
    [first + 1]: ([key, value]) => allocator(pair ? `std::pair<const ${key}, ${value}>` : key),
  };
};
const hashed = (pair: boolean): Defaults => {
  const first = pair ? 2 : 1;
  return {
    [first]: ([key]) => `std::hash<${key}>`,
    [first + 1]: ([key]) => `std::equal_to<${key}>`,
    [first + 2]: ([key, value]) => allocator(pair ? `std::pair<const ${key}, ${value}>` : key),
  };
};
const stream: Defaults = { 1: ([unit]) => `std::char_traits<${unit}>` };
const textual: Defaults = { 1: ([unit]) => `std::char_traits<${unit}>`, 2: ([unit]) => allocator(unit) };

const TEMPLATES: Readonly<Record<string, Defaults>> = {
  vector: sequence,
  deque: sequence,
  list: sequence,
  forward_list: sequence,
  set: ordered(false),
  multiset: ordered(false),
  map: ordered(true),
  multimap: ordered(true),
  unordered_set: hashed(false),
  unordered_multiset: hashed(false),
  unordered_map: hashed(true),
  unordered_multimap: hashed(true),
  unique_ptr: { 1: ([target]) => `std::default_delete<${target}>` },
  basic_string: textual,
  basic_string_view: textual,
  ...Object.fromEntries(
    ['ios', 'istream', 'ostream', 'iostream', 'streambuf', 'filebuf', 'ifstream', 'ofstream', 'fstream'].map((name) => [
      `basic_${name}`,
      stream,
    ]),
  ),
  ...Object.fromEntries(['stringbuf', 'istringstream', 'ostringstream', 'stringstream'].map((name) => [`basic_${name}`, textual])),
};

const STRINGS: Readonly<Record<string, string>> = { char: '', wchar_t: 'w', char8_t: 'u8', char16_t: 'u16', char32_t: 'u32' };

/** Deeper names, and longer ones, stay as they are. */
const MAX_DEPTH = 32;
const MAX_LENGTH = 100_000;

/** However compilers write them: `T const`, `> >`, a blank behind a comma. */
const canonical = (name: string): string =>
  name
    .replace(/\s*([<>,*&])\s*/g, '$1')
    .replace(/(^|[<,])const ([^<>,]+(?:<.*>)?)(?=[,>]|$)/g, '$1$2 const')
    .trim();

const isDefault = (given: string, wanted: string): boolean => canonical(given) === canonical(wanted);

function instance(name: string, given: readonly string[]): string {
  const defaults = Object.hasOwn(TEMPLATES, name) ? TEMPLATES[name] : undefined;
  const whole = `std::${name}<${given.join(', ')}${given.at(-1)?.endsWith('>') ? ' ' : ''}>`;
  if (!defaults) return whole;
  const kept = [...given];
  for (let last = kept.length - 1; last > 0 && defaults[last] && isDefault(kept[last], defaults[last](kept)); last--) kept.pop();
  const prefix = kept.length === 1 && name.startsWith('basic_') ? STRINGS[kept[0]] : undefined;
  if (prefix !== undefined) return `std::${prefix}${name.slice('basic_'.length)}`;
  return kept.length === given.length ? whole : `std::${name}<${kept.join(', ')}>`;
}

/** Every name of the library in a text. */
export function shortNames(text: string, depth = 0): string {
  if (depth > MAX_DEPTH || text.length > MAX_LENGTH) return text;
  const plain = text.replace(/\bstd::__(?:cxx11|\d+)::/g, 'std::');
  const pattern = /\bstd::(\w+)</g;
  let result = '';
  let from = 0;
  for (let match; (match = pattern.exec(plain));) {
    const inside = argumentsAt(plain, pattern.lastIndex);
    if (!inside) continue;
    const given = inside.list.map((each) => shortNames(each, depth + 1));
    const short = instance(match[1], given);
    result += plain.slice(from, match.index) + short;
    // A blank kept two closing brackets apart.
    const isApart = !short.endsWith('>') && plain.startsWith(' >', inside.end);
    from = pattern.lastIndex = inside.end + (isApart ? 1 : 0);
  }
  return result + plain.slice(from);
}

/** What the library declares in its inline namespace (`_GLIBCXX_USE_CXX11_ABI`). */
const INLINE = new Set(['basic_string', 'list']);
const ALIASES = new Map(
  Object.entries(STRINGS).flatMap(([unit, prefix]): [string, string][] => [
    [`${prefix}string`, `basic_string<${unit}>`],
    [`${prefix}string_view`, `basic_string_view<${unit}>`],
  ]),
);

/** Where the `const` of a map's key stands: `std::pair<const K, V>`, but gcc writes it behind a name without brackets. */
type Writer = 'gcc' | 'clang';

/** The other way: what compilers call, with all its arguments, what people write in short. */
export function fullNames(text: string, writer: Writer, depth = 0): string {
  if (depth > MAX_DEPTH || text.length > MAX_LENGTH) return text;
  const pattern = /\bstd::(?:__cxx11::)?(\w+)(<?)/g;
  let result = '';
  let from = 0;
  for (let match; (match = pattern.exec(text));) {
    const [, name, bracket] = match;
    const alias = bracket === '' ? ALIASES.get(name) : undefined;
    const inside = bracket === '' ? undefined : argumentsAt(text, pattern.lastIndex);
    if (alias === undefined && !inside) continue;
    const full =
      alias === undefined
        ? withDefaults(name, inside?.list.map((each) => fullNames(each, writer, depth + 1)) ?? [], writer)
        : fullNames(`std::${alias}`, writer);
    result += text.slice(from, match.index) + full;
    from = pattern.lastIndex = inside?.end ?? pattern.lastIndex;
  }
  return (result + text.slice(from)).replace(/>(?=>)/g, '> ');
}

function withDefaults(name: string, given: readonly string[], writer: Writer): string {
  const defaults = Object.hasOwn(TEMPLATES, name) ? TEMPLATES[name] : undefined;
  const all = [...given];
  while (defaults?.[all.length]) {
    const last = defaults[all.length](all);
    all.push(last.replace(`std::pair<const ${given[0]},`, () => `std::pair<${constant(given[0], writer)},`));
  }
  return `std::${INLINE.has(name) ? '__cxx11::' : ''}${name}<${all.join(', ')}>`;
}

function constant(key: string, writer: Writer): string {
  if (/[*&]$/.test(key)) return writer === 'gcc' ? `${key} const` : `${key}const`;
  return writer === 'gcc' && !key.includes('<') ? `${key} const` : `const ${key}`;
}

/** What stands between the bracket before this index and the one that closes it; undefined: none does. */
function argumentsAt(text: string, start: number): { readonly list: readonly string[]; readonly end: number } | undefined {
  const list: string[] = [];
  let [depth, from] = [1, start];
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if ('<(['.includes(character)) depth++;
    if ('>)]'.includes(character)) depth--;
    if (depth === 0 || (depth === 1 && character === ',')) {
      list.push(text.slice(from, at).trim());
      from = at + 1;
    }
    if (depth === 0) return character === '>' ? { list, end: at + 1 } : undefined;
  }
  return undefined;
}

/** Is it a class of the library that people know by its short name alone? */
export const isKnownByName = (name: string): boolean =>
  Object.hasOwn(TEMPLATES, /^std::(?:__(?:cxx11|\d+)::)?(\w+)</.exec(name)?.[1] ?? '');
