/**
 * .debug_names instead of the pass over all entries: for every name that a program has, the functions and inlined calls found by the compiler's index
 * are those found by deet's own. And an index that is damaged, old, or of some of the units only makes no difference.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseElf } from '../../src/elf/file.js';
import { openImageBytes } from '../../src/symbols/open_bytes.js';
import { Kind } from '../../src/symbols/entries.js';
import type { DebugInfo } from '../../src/symbols/debug-info.js';
import { native } from '../../src/native.js';
import { compile, compileText, fixture, fixtures, writeText, type Compiler } from '../helpers/build.js';

const infoOf = (bytes: Uint8Array): DebugInfo => (openImageBytes(bytes, 'program') as unknown as { info: DebugInfo }).info;

/** The same file without the compiler's index. */
const without = (bytes: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  const section = parseElf(bytes, 'program').section('.debug_names');
  if (!section) throw new Error('no .debug_names');
  // A table of no length, of version 0: not one to be read.
  copy.fill(0, section.offset, section.offset + section.size);
  return copy;
};

const found = (info: DebugInfo, name: string): string[] =>
  [
    ...info.lookup.functions(name).map((fn) => `code ${fn.entry} ${fn.qualifiedName}`),
    ...info.lookup.inlinedCalls(name).map((call) => `inlined ${call.ranges[0].low} ${call.qualifiedName}`),
  ].sort();

/** Whole names, their last parts, without template arguments: as a user may type them. */
const spellings = (info: DebugInfo): string[] => {
  const table = info.lookup.names.all();
  const names = new Set<string>(['nobody', 'operator', 'operator<']);
  for (let i = 0; i < table.count; i++) {
    if (table.kinds[i] !== Kind.function) continue;
    const whole = table.qualifiedName(i);
    for (const name of [whole, table.name(i), table.name(i).replace(/<.*/, '')]) if (name !== '') names.add(name);
  }
  return [...names];
};

/** How many passes over all entries a look-up of all functions needed. */
const passes = (look: () => void): number => {
  const { scanNames } = native;
  let units = 0;
  native.scanNames = (...args) => {
    units += args[6].length;
    return scanNames(...args);
  };
  try {
    look();
  } finally {
    native.scanNames = scanNames;
  }
  return units;
};

const compare = (bytes: Uint8Array): number => {
  const plain = infoOf(without(bytes));
  const names = spellings(plain);
  const expected = names.map((name) => [name, found(plain, name)]);
  const indexed = infoOf(bytes);
  let actual: unknown;
  const units = passes(() => {
    actual = names.map((name) => [name, found(indexed, name)]);
  });
  expect(actual).toEqual(expected);
  expect(names.length).toBeGreaterThan(3);
  return units;
};

const variants: [string, string[], Compiler][] = [
  ['inlines.c', ['-O2'], 'clang'],
  ['inlines.c', ['-O0'], 'clang'],
  ['recursion.c', ['-O2', '-gdwarf64'], 'clang'],
  ['classes.cc', ['-O2'], 'clang++'],
  ['classes.cc', ['-O0'], 'clang++'],
  ['function_names.cc', ['-O0'], 'clang++'],
  ['function_names.cc', ['-O2'], 'clang++'],
  ['overloads.cc', ['-O2'], 'clang++'],
];

const indexed = (name: string, flags: readonly string[], compiler: Compiler): string =>
  compile(join(fixtures, name), ['-gdwarf-5', '-gpubnames', '-std=' + (name.endsWith('.c') ? 'gnu11' : 'c++17'), '-w', ...flags], compiler);

describe('finds what the pass over all entries finds, without one', () => {
  it.each(variants)('%s %s', (name, flags, compiler) => {
    expect(compare(readFileSync(indexed(name, flags, compiler)))).toBe(0);
  });
});

describe('of several units', () => {
  const main = writeText(
    'main.c',
    'int other(int); static inline int twice(int x) { return 2 * x; }\nint main(void) { return other(twice(3)); }\n',
  );
  const other = writeText('other.c', 'static int hidden(int x) { return x + 1; }\nint other(int x) { return hidden(x); }\n');
  const folder = mkdtempSync(join(tmpdir(), 'deet-names-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const link = (name: string, ...objects: [source: string, compiler: string, ...flags: string[]][]): Uint8Array => {
    const files = objects.map(([source, compiler, ...flags], i) => {
      execFileSync(compiler, ['-c', source, '-o', join(folder, `${name}${i}.o`), '-g', '-gdwarf-5', '-O1', ...flags]);
      return join(folder, `${name}${i}.o`);
    });
    execFileSync('gcc', ['-o', join(folder, name), ...files]);
    return readFileSync(join(folder, name));
  };

  it('each has a table of its own', () => {
    expect(compare(link('both', [main, 'clang', '-gpubnames'], [other, 'clang', '-gpubnames']))).toBe(0);
  });

  it('those without a table are passed over', () => {
    const bytes = link('mixed', [main, 'clang', '-gpubnames'], [other, 'gcc']);
    expect(compare(bytes)).toBe(9);
    expect(found(infoOf(bytes), 'hidden')).toHaveLength(1);
  });

  it('a table of another program is not believed', () => {
    const bytes = link('new', [main, 'clang', '-gpubnames'], [other, 'clang', '-gpubnames']);
    // An older build: other offsets of the entries, the same units.
    const changed = writeText(
      'other.c',
      'static int secret(int x) { return x + 1; }\nint before, there;\nint other(int x) { return secret(x); }\n',
    );
    link('old', [main, 'clang', '-gpubnames'], [changed, 'clang', '-gpubnames']);
    const old = join(folder, 'old.names');
    const mixture = join(folder, 'mixture');
    copyFileSync(join(folder, 'new'), mixture);
    execFileSync('objcopy', ['--dump-section', `.debug_names=${old}`, join(folder, 'old'), '/dev/null']);
    execFileSync('objcopy', ['--update-section', `.debug_names=${old}`, mixture]);
    const stale = infoOf(readFileSync(mixture));
    for (const name of ['main', 'twice', 'hidden', 'other', 'secret'])
      expect(found(stale, name), name).toEqual(found(infoOf(without(bytes)), name));
  });
});

it('variables, types and enumerators, which it has not all of, are found as well', () => {
  const text =
    'enum e { red = 7 };\nstatic const int five = 5;\ntypedef struct { int x; } t;\nenum e colour = red;\nint main(void) { t v = {five + colour}; return v.x; }\n';
  const image = openImageBytes(readFileSync(compileText('kinds.c', text, ['-gdwarf-5', '-gpubnames', '-O1'], 'clang')), 'kinds');
  expect(image.functionsNamed('main')).toHaveLength(1);
  expect(image.enumeratorNamed('red')?.value).toBe(7n);
  expect(image.typeNamed('t')?.kind).toBe('typedef');
});

it('an index that gdb made is left alone: functions that are inlined everywhere are not in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deet-names-'));
  try {
    for (const flags of [[], ['-dwarf-5']]) {
      const program = join(folder, `inlines${flags.length}`);
      copyFileSync(fixture('inlines'), program);
      execFileSync('gdb-add-index', [...flags, basename(program)], { cwd: folder }); // a shell script that splits at blanks
      const names = execFileSync('readelf', ['-SW', program], { encoding: 'utf8' });
      expect(names).toMatch(flags.length ? '.debug_names' : '.gdb_index');
      const plain = infoOf(readFileSync(fixture('inlines')));
      const info = infoOf(readFileSync(program));
      for (const name of spellings(plain)) expect(found(info, name), name).toEqual(found(plain, name));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
