/** Programs whose names and types dwz moved to a file that they share (.gnu_debugaltlink): they answer as before. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SymbolImage } from '../../src/symbols/model.js';
import { openImage } from '../../src/symbols/open.js';
import { compile, fixtures } from '../helpers/build.js';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'deet-dwz-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The program as it is, and as dwz leaves it beside another of the same source. */
const pair = (source: string, ...flags: string[]): [SymbolImage, SymbolImage] => {
  const path = compile(join(fixtures, source), ['-g', ...flags]);
  const [one, other] = ['one', 'other'].map((name) => join(folder, `${source}.${name}${flags.join('')}`));
  for (const copy of [one, other]) copyFileSync(path, copy);
  execFileSync('dwz', ['-m', join(folder, `${source}${flags.join('')}.common`), one, other]);
  return [openImage(path, { indexCache: false }), openImage(one, { indexCache: false })];
};

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

const answers = (image: SymbolImage): object => {
  const types = sorted(image.typeNames());
  const functions = sorted(image.functionNames());
  const variables = sorted(image.variableNames());
  return {
    types,
    functions,
    variables,
    members: types.map((name) => {
      const type = image.typeNamed(name);
      return type?.kind === 'struct' ? type.members().map((member) => member.name) : type?.kind;
    }),
    languages: functions.map((name) => image.functionsNamed(name).map((fn) => [fn.qualifiedName, fn.language])),
    declared: variables.map((name) => image.variablesNamed(name).map((variable) => [variable.type.kind, variable.declared?.line])),
    enumerators: ['RED', 'GREEN', 'BLUE', 'red', 'green', 'blue'].map((name) => image.enumeratorNamed(name)?.value),
    warnings: image.warnings,
  };
};

describe('what dwz moved away', () => {
  it.each([
    ['types.c', ['-gdwarf-5']],
    ['types.c', ['-gdwarf-4']],
    ['inlines.c', ['-O2']],
    ['classes.cc', []],
  ])('%s %s', (source, flags) => {
    const [plain, shared] = pair(source, ...flags);
    expect(execFileSync('readelf', ['-SW', shared.path], { encoding: 'utf8' })).toContain('.gnu_debugaltlink');
    const expected = answers(plain);
    expect(Object.values(expected)[0]).not.toEqual([]);
    expect(answers(shared)).toEqual(expected);
  });
});

describe('inlined calls of a function that dwz moved to a partial unit', () => {
  it('are found in the units that import it', () => {
    const header = join(folder, 'mix.h');
    writeFileSync(
      header,
      `static inline __attribute__((always_inline)) int mix(int a, int b) { int r = a * 31 + b; __asm__ volatile("" : "+r"(r)); return r ^ (r >> 3); }
struct big { int one; long two; char three[40]; double four; struct big *next; };
`,
    );
    const sources = ['one', 'two', 'main'].map((name, index) => {
      const path = join(folder, `mix_${name}.c`);
      writeFileSync(path, `#include "mix.h"\nstruct big big_${name};\nint ${name}(int a) { return mix(a, ${index}); }\n`);
      return path;
    });
    const plain = join(folder, 'mix');
    execFileSync('gcc', ['-g', '-O2', ...sources, '-o', plain]);
    const moved = `${plain}.dwz`;
    copyFileSync(plain, moved);
    execFileSync('dwz', [moved]);
    const dumped = execFileSync('readelf', ['--debug-dump=info', moved], { encoding: 'utf8' });
    const partial = /DW_TAG_partial_unit[^]*?DW_TAG_compile_unit/.exec(dumped)?.[0] ?? '';
    expect(partial).toMatch(/DW_AT_name\s*:.*\bmix\n/);
    const calls = (path: string): unknown =>
      openImage(path, { indexCache: false })
        .inlinedCallsOf('mix')
        .map(({ ranges }) => ranges);
    expect(calls(plain)).toHaveLength(3);
    expect(calls(moved)).toEqual(calls(plain));
  });
});

it('types of a partial unit that is imported behind base types speak the language of who imports it', () => {
  writeFileSync(
    join(folder, 'big.h'),
    'struct big { int one; long two; char three[40]; double four; struct big *next; };\ntypedef struct big big;\n',
  );
  const sources = ['first', 'second'].map((name) => {
    const path = join(folder, `big_${name}.c`);
    const text = `#include "big.h"\nbig big_${name};\nextern int seen(int);\nint ${name}(int n, float f) { double d = (double)n * (double)f; seen(n); n = (int)d; return seen(n); }\n`;
    writeFileSync(path, text);
    return path;
  });
  const main = join(folder, 'big_main.c');
  writeFileSync(
    main,
    'int first(int, float), second(int, float);\nint seen(int n) { return n; }\nint main(void) { return first(1, 2) + second(3, 4); }\n',
  );
  const program = join(folder, 'big');
  execFileSync('gcc', ['-g', '-O2', ...sources, main, '-o', program]);
  execFileSync('dwz', [program]);
  expect(execFileSync('readelf', ['--debug-dump=info', program], { encoding: 'utf8' })).toMatch(
    /DW_TAG_base_type\)(?:\n +<.*)+\n <1>.*DW_TAG_imported_unit/,
  );
  expect(openImage(program, { indexCache: false }).typeNamed('big')?.kind).toBe('typedef');
});

it('calls that clang inlined into another unit at link time are found', () => {
  const sources = [
    ['callee', 'int helped(int n) { int twice = n * 2; __asm__ volatile("" : "+r"(twice)); return twice; }\n'],
    ['caller', 'int helped(int);\nint main(int argc, char **argv) { (void)argv; return helped(argc) + helped(argc + 1); }\n'],
  ].map(([name, text]) => {
    const path = join(folder, `${name}.c`);
    writeFileSync(path, text);
    return path;
  });
  const program = join(folder, 'across');
  execFileSync('clang', ['-g', '-O2', '-flto', ...sources, '-o', program]);
  const image = openImage(program, { indexCache: false });
  expect(image.functionsNamed('helped')).toEqual([]);
  expect(image.inlinedCallsOf('helped')).toHaveLength(2);
  expect(image.locationsOfFunction?.('helped')).toHaveLength(2);
});
