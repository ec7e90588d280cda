/** `break` on functions of C++, in every way to name them: the same places as gdb, with debug information and without. */
import { describe, expect, it } from 'vitest';
import { bareName, meansParameters, samePart, writtenName } from '../../src/symbols/cxx-names.js';
import { openImage } from '../../src/symbols/open.js';
import { compile, compileText, fixtures } from '../helpers/build.js';
import { askGdb } from './oracle.js';

const everywhere = [
  ...['ns::f', 'f', '::ns::f', 'ns::f(int)', 'ns::f(double)', 'f(int)', 'ns::inner::g', 'inner::g', 'main', '::main'],
  ...['ns::Shape::Shape', 'Shape::Shape', 'ns::Shape::Shape(int)', 'Shape::Shape(ns::Shape const&)', 'ns::Shape::Shape(const ns::Shape &)'],
  ...['ns::Shape::~Shape', '~Shape', 'Shape::area', 'ns::Shape::area(int) const', 'area', 'ns::Shape::nothing', 'ns::Shape::area(char)'],
  ...['ns::Shape::operator<', 'ns::Shape::operator<(ns::Shape const&) const', 'ns::Shape::operator()', 'ns::Shape::operator int'],
  ...['ns::Shape::operator int() const', 'ns::Shape::operator+', 'operator-(ns::Shape const&, int)', 'ns::Shape::operator[]'],
  ...['ns::Shape::operator=', 'ns::Shape::operator new', 'operator""_v', 'hidden', '(anonymous namespace)::hidden', 'Anon::m'],
  ...['(anonymous namespace)::hidden(int)', '(anonymous namespace)::Anon::m', 'Box<int, 3>::get', 'Box<int,3>::get', 'Box::get'],
  ...['Box<bool, 2>::get', 'Box<int, 3>::Box', 'Derived::act', 'Outer::Nested::deep', 'Nested::deep', 'Outer::kind(Outer::Kind)'],
  ...['versioned', 'v2::versioned', 'main::{lambda(int)#1}::operator()', '_ZN2ns1fEi'],
];

/** gdb does not know these without debug information: they return something, or name a typedef. */
const described = [
  ...['biggest', 'biggest<int>', 'biggest<double>', 'biggest<int>(int, int)', 'int biggest<int>(int, int)', 'Box<int, 3>::as<float>'],
  ...['Box<int, 3>::as', 'use(std::string const&)', 'plain_c(int)', 'main()'],
];

const places = (program: string, names: readonly string[]): void => {
  const image = openImage(program, { debugDirectories: [] });
  const { breaks } = askGdb(program, { breaks: names, addresses: [], types: [] });
  for (const name of names) {
    const ours = image.locationsOfFunction?.(name).map(({ address }) => Number(address)) ?? [];
    expect(ours, `break ${name}`).toEqual(breaks[name].map(([address]) => address).sort((a, b) => a - b));
  }
};

describe('places of C++ functions', () => {
  const build = (flags: readonly string[], compiler: 'g++' | 'clang++' = 'g++'): string =>
    compile(`${fixtures}/overloads.cc`, flags, compiler);

  it('are those of gdb, by g++', () => places(build([]), [...everywhere, ...described]));
  it('... with DWARF 4', () => places(build(['-gdwarf-4']), [...everywhere, ...described]));
  it('... split', () => places(build(['-gsplit-dwarf']), [...everywhere, ...described]));
  it('... by clang++', () => places(build([], 'clang++'), [...everywhere, ...described]));
  it('... and without debug information', () => places(build(['-g0']), everywhere));
});

const methods = `
struct Tree {
  int count = 0;
  void add(int n);
  int sum() const { return count + 1; }
};
volatile int sink;
inline void Tree::add(int n) { count += n; sink = count; }
int grow(Tree &tree) { tree.add(sink); return tree.sum(); }
int main() { Tree tree; tree.add(sink + 1); return grow(tree) + tree.sum(); }
`;

it.each(['g++', 'clang++'] as const)('places of methods are also where their calls are inlined, %s', (compiler) => {
  places(compileText('methods.cc', methods, ['-O2'], compiler), ['Tree::add', 'Tree::sum', 'add', 'Tree::add(int)']);
});

const spelled = `
volatile int sink;
template <class T, unsigned long N> struct Table {
  T rows[N];
  void clear() { for (T &row : rows) { row = T(); sink = N; } }
  __attribute__((noinline)) void fill(T value) { for (T &row : rows) row = value; sink = 0; }
};
__attribute__((abi_tag("v2"), noinline)) int tagged(int x) { return sink = x; }
__attribute__((abi_tag("v2"))) inline int inlinedTagged(int x) { return sink = x + 2; }
template <class F> __attribute__((noinline)) int apply(F f, int x) { return f(x) + f(x + 1); }
int outer(int x) { return apply([x](int y) { sink = y; return x + y; }, x); }
int other(int x) { return apply([x](long y) { sink = y; return x * y; }, x); }
int main() {
  Table<unsigned long, 3> a; Table<const char *, 2> b;
  a.clear(); b.clear(); a.fill(1); b.fill("x");
  return outer(1) + other(2) + tagged(3) + inlinedTagged(4);
}
`;

it.each([
  ['g++', '-O0'],
  ['g++', '-O2'],
  ['clang++', '-O0'],
  ['clang++', '-O2'],
] as const)('names as a backtrace or `info functions` spells them, %s %s', (compiler, optimised) => {
  places(compileText('spelled.cc', spelled, [optimised], compiler), [
    ...[
      'Table<unsigned long, 3ul>::clear()',
      'Table<unsigned long, 3ul>::clear',
      'Table<char const*, 2ul>::clear()',
      'Table<unsigned long, 3ul>::fill',
    ],
    ...['Table<char const*, 2ul>::fill(char const*)', 'tagged[abi:v2]', 'tagged[abi:v2](int)', 'tagged(int)', 'inlinedTagged[abi:v2](int)'],
    ...['outer(int)::{lambda(int)#1}::operator()(int) const', 'other(int)::{lambda(long)#1}::operator()(long) const'],
  ]);
});

describe('names', () => {
  it.each([
    ['f<int>', 'f'],
    ['operator<', 'operator<'],
    ['operator<< <int>', 'operator<<'],
    ['operator-<int>', 'operator-'],
    ['operator()', 'operator()'],
    ['operators<int>', 'operators'],
  ])('%s without its arguments is %s', (name, bare) => expect(bareName(name)).toBe(bare));

  it.each([
    ['int f<int>(int)', ['f<int>'], '(int)'],
    ['a::b() const', ['a', 'b'], '() const'],
    ['::f', ['f'], undefined],
    ['a::operator()(int)', ['a', 'operator()'], '(int)'],
    ['(anonymous namespace)::f(int)', ['(anonymous namespace)', 'f'], '(int)'],
    ['two words', ['two words'], undefined],
    ['A::operator void (*)(int)() const', ['A', 'operator void (*)(int)'], '() const'],
    ['A::operator int (&) [4]()', ['A', 'operator int (&) [4]'], '()'],
    ['A::operator int (A::*)(long)<int>(int)', ['A', 'operator int (A::*)(long)<int>'], '(int)'],
    ['operator int*() const', ['operator int*'], '() const'],
    ['e<c<decltype (((d<char>)())>=((d<int>)())), bool>::v, bool>::type std::f<int>(int)', ['std', 'f<int>'], '(int)'],
    ['c<decltype (((d<char>)())<((d<int>)()))>::type std::operator< <int, 3>(int)', ['std', 'operator< <int, 3>'], '(int)'],
  ])('%s', (text, parts, parameters) => expect(writtenName(text)).toMatchObject({ parts, parameters }));

  it('of templates are the same with other spaces, and without arguments mean all', () => {
    expect(samePart('f< int,long >', 'f<int, long>')).toBe(true);
    expect(samePart('f', 'f<int, long>')).toBe(true);
    expect(samePart('f<int>', 'f<int, long>')).toBe(false);
    expect(samePart('f<int>', 'f')).toBe(false);
  });

  it.each([
    ['f(const char *, unsigned)', '_Z1fPKcj', true],
    ['f(char const*, unsigned int)', '_Z1fPKcj', true],
    ['f(char *, unsigned)', '_Z1fPKcj', false],
    ['f(unsigned long)', '_Z1fm', true],
    ['f(long unsigned int)', '_Z1fm', true],
    ['f(void)', '_Z1fv', true],
    ['f()', '_Z1fv', true],
    ['f(int)', '_Z1fv', false],
    ['C::f(int)', '_ZNK1C1fEi', true],
    ['C::f(int) const', '_ZN1C1fEi', false],
    ['f(const std::vector<int, std::allocator<int> > &)', '_Z1fRKSt6vectorIiSaIiEE', true],
    ['f(int)', undefined, true],
  ])('%s for %s: %s', (text, linkage, expected) => expect(meansParameters(writtenName(text), linkage)).toBe(expected));
});
