/** What ptype, whatis and print say of namespaces, overloads and pointers to bases, beside gdb where it can. */
import { describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { compareAt } from './beside_gdb.js';
import { commands, run } from './cli.js';

leakGuard();

const source = `
namespace outer {
namespace inner { int deep(int value) { return value; } }
struct Base {
  int first;
  virtual int number() { return first; }
  virtual ~Base() {}
};
struct Derived : Base {
  int second;
  Derived() : second(7) { first = 1; }
  void plain() {}
  int number() override { return second; }
  void plain(int) {}
};
struct Quiet { long bits; virtual ~Quiet() {} };
struct Plain { int value; };
int over(int value) { return value + 1; }
int over(double value) { return static_cast<int>(value) + 2; }
int over(const char *text, int value) { return text[0] + value; }
int over(const Base &base) { return base.first; }
}
namespace { int hidden(int value) { return value * 2; } }
int main() {
  outer::Derived derived;
  outer::Base *base = &derived;
  outer::Quiet quiet;
  outer::Plain plain{1};
  derived.plain();
  derived.plain(1);
  int sum = outer::over(1) + outer::over(1.5) + outer::over("a", 1) + outer::over(derived) + hidden(1) + outer::inner::deep(1);
  return sum + base->number() + plain.value + static_cast<int>(sizeof quiet); // stop
}
`;

const program = (): string => compileText('cxx_types.cc', source);
const stop = `cxx_types.cc:${source.split('\n').findIndex((line) => line.includes('// stop')) + 1}`;

const said = async (...typed: string[]): Promise<{ stdout: string; stderr: string }> => {
  const { stdout, stderr } = await run([...commands(`break ${stop}`, 'run', 'echo ----\\n', ...typed), program()]);
  const shown = stdout.slice(stdout.indexOf('----\n') + 5).replace(/Killing running inferior.*\n/, '');
  return { stdout: shown.replace(/0x[0-9a-f]+/g, '0x…'), stderr };
};

it('namespaces are known, classes have their labels, and pointers to bases tell what they point to', () =>
  compareAt(
    program(),
    [stop],
    [
      ...['ptype outer', 'whatis outer', 'ptype outer::inner', 'whatis outer::inner', 'ptype/m outer::Base', 'ptype/m outer::Derived'],
      ...['set print object on', 'whatis base', 'ptype/m base', 'whatis *base', 'whatis &derived', 'set print object off', 'whatis base'],
      ...['set print type methods off', 'ptype outer::Derived', 'set print type methods on', 'ptype $xmm0', 'whatis $xmm0.v4_float'],
    ],
  ));

it('methods are listed by their names', async () =>
  expect((await said('ptype outer::Derived')).stdout).toBe(
    [
      'type = struct outer::Derived : public outer::Base {',
      '    int second;',
      '  public:',
      '    Derived(void);',
      '    void plain(void);',
      '    void plain(int);',
      '    virtual int number(void);',
      '}',
      '',
    ].join('\n'),
  ));

describe('types for arguments', () => {
  it('choose one of several functions', async () => {
    const { stdout } = await said(
      ...[
        'print outer::over(int)',
        'whatis outer::over(double)',
        'print &outer::over(const char *, int)',
        'whatis outer::over(char const*, int)',
      ],
      ...['whatis outer::over(outer::Base const&)', 'print outer::over(int)(4)', 'print outer::over(4.5)', 'print hidden(int)'],
    );
    expect(stdout.trimEnd().split('\n')).toEqual([
      '$1 = {int (int)} 0x… <outer::over(int)>',
      'type = int (double)',
      '$2 = (int (*)(const char *, int)) 0x… <outer::over(char const*, int)>',
      'type = int (const char *, int)',
      'type = int (const outer::Base &)',
      '$3 = 5',
      '$4 = 6',
      '$5 = {int (int)} 0x… <(anonymous namespace)::hidden(int)>',
    ]);
  });

  it('that no function has', async () =>
    expect((await said('print outer::over(char)')).stderr).toContain('There is no function over(char). Another one bears that name.'));
});

it('a virtual table of destructors only is one', async () => {
  expect((await said('info vtbl quiet')).stdout).toBe('The virtual table of this object has destructors only.\n');
  expect((await said('info vtbl plain')).stderr).toContain('This object does not have a virtual function table');
});
