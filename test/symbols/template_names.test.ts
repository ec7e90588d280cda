/** Templates whose arguments are told by entries alone (clang's -gsimple-template-names), and types that only their type unit names. */
import { describe, expect, it } from 'vitest';
import { openImage } from '../../src/symbols/open.js';
import type { CType, StructType } from '../../src/symbols/types.js';
import { compileText } from '../helpers/build.js';

const text = `
struct Point { int x; int far(int) const; };
enum class Mode : char { slow, fast };
namespace geo {
template <class T, int N> struct Table {
  struct Inner { T first; } inner;
  T cells[N];
  static int made;
  template <class U> U sum(U start) const { return start + cells[0]; }
  template <class U> bool operator<(U other) const { return cells[0] < other; }
};
template <class T, int N> int Table<T, N>::made = N;
}
template <class... T> struct Pack { int size; };
template <class F> struct Fn { F *call; };
template <class A> struct One { A *value; };
template <template <class> class C, class T> struct Holder { C<T> held; };
template <unsigned U, bool B, char C, long L, Mode M, unsigned char D> struct Values { int any; };
template <class T> T biggest(T a, T b) { return a < b ? b : a; }
template <class T> T limit = T(9);
geo::Table<int, 3> ints;
geo::Table<const char *, 2> texts;
Pack<> none;
Pack<int, One<Point>> several;
Fn<int(char, const Point &)> fn;
Fn<void()> plain;
One<int (*)(...)> variadic;
One<const int[4]> array;
One<volatile char *const> qualified;
One<int Point::*> member;
One<const int (&)[2]> *reference;
Holder<One, decltype(nullptr)> holder;
Values<3u, true, '\\'', -5, Mode::fast, 200> values;
int main() { return (ints < 2) + biggest(1, 2) + int(biggest(1.5, 2.5)) + limit<int> + int(ints.sum(2.5) + geo::Table<int, 3>::made + geo::Table<const char *, 2>::made); }
`;

const names = {
  ints: 'geo::Table<int, 3>',
  texts: 'geo::Table<const char *, 2>',
  none: 'Pack<>',
  several: 'Pack<int, One<Point> >',
  fn: 'Fn<int (char, const Point &)>',
  plain: 'Fn<void ()>',
  variadic: 'One<int (*)(...)>',
  array: 'One<const int[4]>',
  qualified: 'One<volatile char *const>',
  member: 'One<int Point::*>',
  holder: 'Holder<One, std::nullptr_t>',
  values: "Values<3U, true, '\\'', -5L, (Mode)1, (unsigned char)'\\xc8'>",
};

const nameOf = (type: CType | undefined): string | undefined => (type && 'name' in type ? type.name : undefined);

describe.each([['-gdwarf-5'], ['-gdwarf-4'], ['-fdebug-types-section']])('clang, -gsimple-template-names %s', (flag) => {
  const image = openImage(compileText('templates.cc', text, ['-std=c++17', '-gsimple-template-names', flag], 'clang++'));
  const typeOf = (name: string): CType | undefined => image.variablesNamed(name)[0]?.type;

  it.each(Object.entries(names))('the type of %s is %s', (variable, name) => {
    expect(nameOf(typeOf(variable))).toBe(name);
    expect(nameOf(image.typeNamed(name))).toBe(name);
  });

  it('each instance has its own members, also what is in it', () => {
    const table = typeOf('texts') as StructType;
    expect(table.members().map(({ name, type }) => nameOf(type) ?? name)).toEqual(['geo::Table<const char *, 2>::Inner', 'cells', 'int']);
    // Instances of member templates are no part of a type unit.
    const methods = flag === '-fdebug-types-section' ? [] : ['operator<<int>', 'sum<double>'];
    expect(
      (typeOf('ints') as StructType)
        .methods()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(methods);
  });

  it('functions and variables are found with their arguments and without', () => {
    expect([...image.functionNames()].filter((name) => name.includes('<')).sort()).toEqual([
      'biggest<double>',
      'biggest<int>',
      'geo::Table<int, 3>::operator<<int>',
      'geo::Table<int, 3>::sum<double>',
    ]);
    expect(image.functionsNamed('biggest')).toHaveLength(2);
    expect(image.functionsNamed('biggest<int>')).toHaveLength(1);
    expect(image.functionsNamed('geo::Table<int,3>::sum')).toHaveLength(1);
    expect(image.functionsNamed('geo::Table<long, 3>::sum')).toHaveLength(0);
    expect(image.variablesNamed('limit<int>')).toHaveLength(1);
    expect(image.variablesNamed('geo::Table<int, 3>::made').map(({ location }) => location?.kind)).toEqual(['expression']);
    expect(image.variablesNamed('geo::Table<char const*, 2>::made')).toHaveLength(1);
  });
});
