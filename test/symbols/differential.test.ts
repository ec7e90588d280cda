/**
 * Against gdb, in every form in which compilers and linkers leave debug information: the same breakpoints for every function
 * and every line, the same line and scopes for every few bytes of code, the same layout of every type.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SymbolImage } from '../../src/symbols/model.js';
import { openImage } from '../../src/symbols/open.js';
import { fixture, fixtures, type Compiler } from '../helpers/build.js';
import { addressesIn, askGdb, describeType, scopesAt, symbolsProgram, type Answers, type Questions } from './oracle.js';

interface Row {
  readonly name: string;
  readonly flags: readonly string[];
  readonly compiler?: Compiler;
}

const rows: readonly Row[] = [
  { name: 'gcc -O0', flags: [] },
  { name: 'gcc -O0, position independent', flags: ['-pie', '-fPIE', '-fcf-protection=full'] },
  { name: 'gcc -O0, stack protector', flags: ['-fstack-protector-all'] },
  { name: 'gcc -O0, DWARF 4', flags: ['-gdwarf-4'] },
  { name: 'gcc -O0, DWARF 3', flags: ['-gdwarf-3'] },
  { name: 'gcc -O0, DWARF 2, strict', flags: ['-gdwarf-2', '-gstrict-dwarf'] },
  { name: 'gcc -O0, 64-bit DWARF', flags: ['-gdwarf64'] },
  { name: 'gcc -O0, compressed', flags: ['-gz'] },
  { name: 'gcc -O0, type units', flags: ['-fdebug-types-section'] },
  { name: 'gcc -O0, type units of DWARF 4', flags: ['-fdebug-types-section', '-gdwarf-4'] },
  { name: 'gcc -O0, split', flags: ['-gsplit-dwarf'] },
  { name: 'gcc -O0, split, DWARF 4', flags: ['-gsplit-dwarf', '-gdwarf-4'] },
  { name: 'gcc -O0, static', flags: ['-static'] },
  { name: 'gcc -Og', flags: ['-Og'] },
  { name: 'gcc -O2', flags: ['-O2'] },
  { name: 'gcc -O2, DWARF 4', flags: ['-O2', '-gdwarf-4'] },
  { name: 'gcc -O2, split', flags: ['-O2', '-gsplit-dwarf'] },
  { name: 'gcc -O2, split, DWARF 4', flags: ['-O2', '-gsplit-dwarf', '-gdwarf-4'] },
  { name: 'gcc -O2, sections of their own, some dropped', flags: ['-O2', '-ffunction-sections', '-Wl,--gc-sections'] },
  { name: 'clang -O0', flags: ['-std=gnu11'], compiler: 'clang' },
  { name: 'clang -O0, DWARF 4', flags: ['-std=gnu11', '-gdwarf-4'], compiler: 'clang' },
  { name: 'clang -O2', flags: ['-std=gnu11', '-O2'], compiler: 'clang' },
  { name: 'clang -O2, DWARF 4', flags: ['-std=gnu11', '-O2', '-gdwarf-4'], compiler: 'clang' },
];

const sources = ['symbols.c', 'symbols_other.c', 'symbols.h'].map((name) => join(fixtures, name));

/** `break` as a user would type it: every function that the image has code of, every line of the sources. */
const questionsFor = (image: SymbolImage, paths: readonly string[]): Questions => ({
  breaks: [
    ...image.functionNames(),
    ...paths.flatMap((path) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .map((_, index) => `${path}:${index + 1}`),
    ),
  ],
  addresses: addressesIn(image, 3),
  types: [...image.typeNames()],
});

const breakAt = (image: SymbolImage, spec: string): [number, number][] => {
  const [, path, line] = /^(\/.*):(\d+)$/.exec(spec) ?? [];
  const [file] = path === undefined ? [] : image.filesMatching(path);
  const found = path === undefined ? (image.locationsOfFunction?.(spec) ?? []) : file ? image.locationsOf(file, Number(line)) : [];
  return found.map(({ address, position }) => [address, position?.line ?? 0]);
};

/** gdb shows no line for what begins in the middle of one; deet does. */
const withoutUnknown = (places: [number, number][], like: [number, number][]): [number, number][] =>
  places.map(([address, line]) => [address, like.some(([at, shown]) => at === address && shown === 0) ? 0 : line]);

const byAddress = (a: [number, number], b: [number, number]): number => a[0] - b[0];

const compareWithGdb = (program: string, image: SymbolImage, paths: readonly string[]): Answers => {
  const questions = questionsFor(image, paths);
  const answers = askGdb(program, questions);
  for (const spec of questions.breaks) {
    const theirs = answers.breaks[spec];
    expect(withoutUnknown(breakAt(image, spec), theirs), `break ${spec}`).toEqual([...theirs].sort(byAddress));
  }
  for (const address of addressesIn(image, 3)) {
    const theirs = answers.addresses[address];
    const row = image.lineAt(address);
    const mine = { file: row?.file.path ?? null, line: row?.line ?? 0, low: row?.address ?? address, high: row?.end ?? 0 };
    expect({ ...mine, scopes: scopesAt(image, address) }, `at 0x${address.toString(16)}`).toEqual(theirs);
  }
  return answers;
};

describe('symbols as gdb sees them', () => {
  it.each(rows)('$name', ({ flags, compiler }) => {
    const program = symbolsProgram(flags, compiler);
    const image = openImage(program);
    const { breaks, types } = compareWithGdb(program, image, sources);
    expect(Object.keys(breaks).length).toBeGreaterThan(150);
    for (const [name, byTag] of Object.entries(types))
      for (const [tag, theirs] of Object.entries(byTag)) {
        // gdb takes clang's `complex` for a type of its half.
        if (name === 'complex') continue;
        const type = image.typeNamed(name, tag === '' ? undefined : (tag as 'struct'));
        expect(type && describeType(type, true), `${tag} ${name}`).toEqual(theirs);
      }
    expect(image.warnings).toEqual([]);
  });

  it.each(['plain', 'O2', 'dwarf4', 'clang'] as const)('inlines.c, %s', (variant) => {
    const program = fixture('inlines', variant);
    compareWithGdb(program, openImage(program), [join(fixtures, 'inlines.c')]);
  });

  it('C++', () => {
    const program = fixture('classes');
    const image = openImage(program);
    const questions = { breaks: [], addresses: addressesIn(image, 3), types: [] };
    const { addresses } = askGdb(program, questions);
    for (const address of questions.addresses) {
      const theirs = addresses[address].scopes.map((part) => (typeof part === 'string' ? part.replace(/\(.*/, '') : part));
      expect(scopesAt(image, address), `at 0x${address.toString(16)}`).toEqual(theirs);
    }
  });
});
