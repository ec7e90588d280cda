/** What units in other languages than C's mean by the same entries: gcc's assembly of a C program, with some numbers changed. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openImageBytes } from '../../src/symbols/open_bytes.js';
import type { CType } from '../../src/symbols/types.js';
import { compileText, writeText } from '../helpers/build.js';

const assembly = execFileSync(
  'gcc',
  ['-S', '-g', '-dA', '-o', '-', writeText('numbers.c', 'int numbers[5];\n__float128 text;\nint main(void) { return 0; }\n')],
  {
    encoding: 'utf8',
  },
);

/** The types of two variables; `changes` replaces numbers before comments. */
const typesWith = (...changes: [comment: RegExp, number: string][]): CType[] => {
  const text = changes.reduce((all, [comment, number]) => {
    const line = new RegExp(`(\\.\\w+\\s+)0x[0-9a-f]+(\\s+# .*${comment.source})`);
    expect(all).toMatch(line);
    return all.replace(line, `$1${number}$2`);
  }, assembly);
  const image = openImageBytes(readFileSync(compileText('numbers.s', text)), 'numbers');
  return ['numbers', 'text'].map((name) => image.variablesNamed(name)[0].type);
};

it('C counts from 0', () => {
  expect(typesWith()).toMatchObject([
    { kind: 'array', count: 5 },
    { kind: 'base', size: 16 },
  ]);
});

it.each(['0x8', '0xd', '0xe', '0x22'])('language %s counts from 1', (language) => {
  expect(typesWith([/DW_AT_language/, language])[0]).toMatchObject({ kind: 'array', count: 4 });
});

it('a variable that is told without its type (-g1) is an int', () => {
  const image = openImageBytes(readFileSync(compileText('untyped.c', 'double wide;\nint main(void) { return 0; }\n', ['-g1'])), 'untyped');
  expect(image.variablesNamed('wide')[0].type).toMatchObject({ kind: 'base', name: 'int', size: 4 });
});

it('static members of the compiler (clang: `_vtable$`) are not shown', () => {
  const declared = 'struct Shop { static int open; int n; private: static int own; } shop;';
  const source = writeText('own_static.cc', `${declared}\nint Shop::open, Shop::own;\nint main() { return shop.n; }\n`);
  const text = execFileSync('g++', ['-S', '-g', '-dA', '-o', '-', source], { encoding: 'utf8' });
  // Being private becomes being artificial.
  const changed = text.replace(/0x32(\s+# \(DW_AT_accessibility\))/, '0x34$1');
  expect(changed).not.toBe(text);
  const [shop] = openImageBytes(readFileSync(compileText('own_static.s', changed)), 'own_static').variablesNamed('shop');
  expect(shop.type.kind === 'struct' && shop.type.members().map(({ name }) => name)).toEqual(['open', 'n']);
});

it('a type of strings (Fortran) is an array of characters', () => {
  // The second base type's abbreviation is shared with the first: both become strings, of the length of each.
  const [, text] = typesWith([/TAG: DW_TAG_base_type/, '0x12']);
  expect(text).toMatchObject({ kind: 'array', count: 16, element: { kind: 'base', name: 'char' } });
});
