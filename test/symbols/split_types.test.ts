/**
 * Types that stand in .dwo files or a .dwp package as units of their own (-gsplit-dwarf with -fdebug-types-section): a .dwo has a section for
 * each (COMDAT groups), and the package an index of them. gdb 13 reads these only in DWARF 4, readelf not at all: the same source
 * compiled without splitting says what must come out.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SymbolImage } from '../../src/symbols/model.js';
import { openImage } from '../../src/symbols/open.js';
import { describeType } from './oracle.js';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'deet-split-'));
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() => {
  writeFileSync(
    join(folder, 'shop.h'),
    `namespace shop {
enum class Kind { light, heavy };
struct Item { int price; Kind kind; int total() const; };
template <class T> struct Box { T value; T get() const { return value; } };
}
`,
  );
  writeFileSync(join(folder, 'one.cc'), '#include "shop.h"\nshop::Item item;\nint shop::Item::total() const { return price; }\n');
  writeFileSync(
    join(folder, 'two.cc'),
    `#include "shop.h"
struct Private { int secret; shop::Item *held; };
shop::Box<Private> box;
int main() { return box.get().secret + shop::Item{}.total(); }
`,
  );
});

const build = (name: string, compiler: string, ...flags: string[]): string => {
  const objects = ['one', 'two'].map((unit) => {
    execFileSync(compiler, ['-g', ...flags, '-c', `${unit}.cc`, '-o', `${name}.${unit}.o`], { cwd: folder });
    return `${name}.${unit}.o`;
  });
  execFileSync(compiler, [...objects, '-o', name], { cwd: folder });
  return join(folder, name);
};

const answers = (path: string): object => {
  const image: SymbolImage = openImage(path, { indexCache: false });
  const own = ['shop::Kind', 'shop::Item', 'shop::Box<Private>', 'Private'];
  return {
    types: own.map((name) => {
      const type = image.typeNamed(name);
      return type && describeType(type, true);
    }),
    listed: own.map((name) => [...image.typeNames()].includes(name)),
    heavy: image.enumeratorNamed('shop::heavy')?.value,
    declared: [...image.declaredTypes((name) => name === 'Private')].map(({ file, line }) => [file.split('/').at(-1), line]),
    main: image.locationsOfFunction?.('main').map(({ position }) => position?.line),
    warnings: image.warnings,
  };
};

describe.each([
  ['g++', '-gdwarf-4'],
  ['g++', '-gdwarf-5'],
  ['clang++', '-gdwarf-4'],
  ['clang++', '-gdwarf-5'],
])('%s %s', (compiler, version) => {
  const name = `${compiler}${version}`;

  it('in .dwo files', () => {
    const expected = answers(build(`${name}.whole`, compiler, version));
    expect(expected).toMatchObject({ heavy: 1n, listed: [true, true, true, true], declared: [['two.cc', 2]], main: [4], warnings: [] });
    const split = build(name, compiler, version, '-gsplit-dwarf', '-fdebug-types-section');
    expect(readdirSync(folder)).toEqual(expect.arrayContaining([`${name}.one.dwo`, `${name}.two.dwo`]));
    expect(answers(split)).toEqual(expected);
    expect(answers(build(`${name}.types`, compiler, version, '-fdebug-types-section'))).toEqual(expected);
  });
});

// binutils' dwp packs DWARF 4; with DWARF 5 it ends in a fault of its own.
it.each(['g++', 'clang++'])('in a package of DWARF 4, %s', (compiler) => {
  const name = `${compiler}.packed`;
  const packed = build(name, compiler, '-gdwarf-4', '-gsplit-dwarf', '-fdebug-types-section');
  execFileSync('dwp', ['-e', packed, '-o', `${packed}.dwp`], { cwd: folder });
  for (const unit of ['one', 'two']) rmSync(`${packed}.${unit}.dwo`);
  expect(existsSync(`${packed}.dwp`)).toBe(true);
  expect(answers(packed)).toEqual(answers(build(`${name}.whole`, compiler, '-gdwarf-4')));
});
