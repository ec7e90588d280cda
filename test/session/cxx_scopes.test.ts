/** C++ names as people write them: arguments of templates in any spelling, other names for namespaces, using directives; and what no place knows. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { formatMember } from '../../src/language/format.js';
import { ptype, whatis } from '../../src/language/print-type.js';
import { typeOf } from '../../src/language/evaluate.js';
import { parseExpression } from '../../src/language/parser.js';
import { compile, compileText, lineOf, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { driven, stopOf } from './drive.js';

leakGuard();

const text = `template <class T> T limit = T(7);
int missing = 5; // another than the member that nobody defines
namespace outer {
  template <class A, class B> struct Pair { A a; B b; static int count; enum Kind { One, Two } kind; struct Inner { A deep; } in; long sum() const { return a + 8; } };
  template <class A, class B> int Pair<A, B>::count = 3;
  template <int N, char C> struct Sized { int v = N; };
  template <class T> T nested = T(8);
  struct Only { static int missing; };
  inline namespace v1 {
    int over(int) { return 1; }
    int over(double) { return 2; }
  }
  namespace { int unnamed = 6; }
  namespace inner {
    int deepest = 4;
    struct S { int s; };
    int twice(int x) { return 2 * x; }
  }
}
namespace shortcut = outer::inner;
using namespace outer;
int main() {
  Pair<long, const char *> pair{1, "x", Pair<long, const char *>::Two, {5}};
  Pair<short, unsigned long> numbers{};
  Pair<int *, int (*)(int)> pointers{};
  Pair<int, int> twins{};
  Sized<-1, 'a'> sized;
  inner::S s{inner::twice(2)};
  Only only;
  long sum = pair.sum() - 9 + unnamed - 6 + limit<long> + limit<unsigned char> + nested<long> + pair.count + sized.v + s.s;
  return sum == 0 || twins.b || pointers.a || numbers.a; // all are there
}
`;

const source = writeText('cxx_scopes.cc', text);
const line = String(lineOf(source, '// all are there'));

describe.each(['g++', 'clang++'] as const)('%s', (compiler) => {
  const program = (): string => compile(source, [], compiler);

  // g++ tells of no member that nobody uses.
  const unused: [string, string][] = compiler === 'clang++' ? [['only', '{static missing = <optimized out>}']] : [];

  it.each([
    ...unused,
    ['limit<long>', '7'],
    ['limit<long int>', '7'],
    ['limit< unsigned char >', "7 '\\a'"],
    ['outer::nested<long>', '8'],
    ['pair.kind', 'outer::Pair<long, char const*>::Two'],
    ['((outer::Pair<long,const char*>*)&pair)->a', '1'],
    ['((outer::Pair<long int, char const *> *) &pair)->a', '1'],
    ['sizeof(outer::Pair<short,unsigned long>)', '24'],
    ['sizeof(outer::Pair<int*,int(*)(int)>)', '32'],
    ["sizeof(outer::Sized<-1,'a'>)", '4'],
    ['sizeof(outer::Pair<long,const char*>::Inner)', '8'],
    ['outer::Pair<long,const char*>::count', '3'],
    ['pair.kind == outer::Pair<long, const char *>::Two', 'true'],
    ['(pair.*(&outer::Pair<long, const char *>::sum))()', '9'],
    ['outer::over(1) * 10 + outer::over(2.5)', '12'],
    ['outer::unnamed', '6'],
    ['shortcut::deepest', '4'],
    ['shortcut::twice(4)', '8'],
    ['sizeof(shortcut::S)', '4'],
    ['inner::deepest', '4'],
  ])('%s is %s', (expression, value) =>
    driven(program(), async (session) => {
      session.break(line);
      stopOf(await session.run());
      const shown = formatMember(await session.evaluate(expression), session.context());
      expect(shown).toBe(value);
    }),
  );

  it('types go by one name, however they are written', () =>
    driven(program(), async (session) => {
      session.break(line);
      stopOf(await session.run());
      const context = session.context();
      const named = (name: string): string => whatis(typeOf(parseExpression(name, context.names), context), false, 'c++');
      expect(named('outer::Pair<long,const char*> *')).toBe('outer::Pair<long, char const*> *');
      const kind = typeOf(parseExpression('outer::Pair<long, char const*>::Kind', context.names), context);
      expect(ptype(kind, { language: 'c++' })).toMatch(
        /^type = enum outer::Pair<long, char const\*>::Kind : unsigned int \{outer::Pair<long/,
      );
      const twins = ptype(typeOf(parseExpression('twins', context.names), context), { language: 'c++' });
      expect(twins).toContain('type = struct outer::Pair<int, int> [with A = int, B = int] {\n    A a;\n    A b;\n');
      expect(() => named('sizeof(outer::Pair<long,char>)')).toThrow('No symbol "Pair<long, char>" in namespace "outer".');
    }));

  it('`break` takes another name of a namespace', () =>
    driven(program(), (session) => {
      expect(session.break('shortcut::twice').locations.map((place) => place.function)).toEqual(['outer::inner::twice']);
    }));

  it('a condition that nothing can mean is refused when it is given', () =>
    driven(program(), (session) => {
      const condition = (text: string) => () => session.break('main', { condition: text });
      expect(condition('nosuch::x')).toThrow('No symbol "nosuch" in current context.');
      expect(condition('nosuch::f(1) > 2')).toThrow('No symbol "nosuch" in current context.');
      for (const known of [
        'outer::inner::deepest == 4',
        'shortcut::deepest == 4',
        'inner::deepest == 4',
        'pair.kind == outer::Pair<long,const char*>::Two',
      ])
        expect(condition(known)).not.toThrow();
    }));
});

/** g++'s assembly of a program in C++, called one in Fortran: what a namespace is there is a module here. */
it('variables of a module go by their own names, in its procedures and where it is used', () => {
  const cxx = `namespace store { int counter = 3; int add(int n) { return counter + n; } }
int main() { return store::add(-3); }
`;
  const assembly = execFileSync('g++', ['-S', '-g', '-dA', '-o', '-', writeText('module.cc', cxx)], { encoding: 'utf8' });
  const changed = assembly.replace(/(\.\w+\s+)0x\w+(\s+# DW_AT_language)/, '$10x22$2');
  expect(changed).not.toBe(assembly);
  return driven(compileText('module.s', changed), async (session) => {
    session.break('add');
    stopOf(await session.run());
    const shown = async (name: string): Promise<string> => formatMember(await session.evaluate(name), session.context());
    expect(await shown('counter + n')).toBe('0');
    session.selectFrame(1);
    expect(await shown('counter')).toBe('3');
    session.kill();
  });
});
