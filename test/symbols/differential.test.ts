/**
 * Against gdb, in every form in which compilers and linkers leave debug information: the same breakpoints for every function
 * and every line, the same line and scopes for every few bytes of code, the same layout of every type. Against addr2line: the same
 * chains of inlined calls. The rows of line tables are held against readelf in dwarf/lines.test.ts, running frames against gdb in
 * repl/builds.test.ts.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FileAddress } from '../../src/common/addresses.js';
import type { SymbolImage } from '../../src/symbols/model.js';
import { openImage } from '../../src/symbols/open.js';
import { fixture, fixtures } from '../helpers/build.js';
import { allBuilds, otherBuilds } from '../helpers/matrix.js';
import { addressesIn, askGdb, describeType, scopesAt, symbolsProgram, type Answers, type Questions } from './oracle.js';

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
  it.each([...allBuilds, ...otherBuilds])('$name', ({ flags, compiler }) => {
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

/** The functions at an address, innermost first; of those that others are inlined into, the line of the call. */
const chainAt = (image: SymbolImage, address: FileAddress): string => {
  const result: string[] = [];
  let line: number | undefined;
  for (const { kind, inlined, owner } of image.scopesAt(address)) {
    const name = inlined?.name ?? (kind === 'function' ? owner.name : undefined);
    if (name === undefined) continue;
    result.push(line === undefined ? name : `${name}:${line}`);
    line = inlined?.call?.line;
  }
  return result.join(' ');
};

/** By addr2line, in the same form. */
const theirChains = (program: string, addresses: readonly number[]): Map<number, string> => {
  const input = addresses.map((address) => address.toString(16)).join('\n');
  const text = execFileSync('addr2line', ['-a', '-f', '-i', '-e', program], { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  const parts = text.split(/^0x/m).slice(1);
  return new Map(
    parts.map((part) => {
      const [address, ...lines] = part.trimEnd().split('\n');
      const frames = lines.flatMap((name, i) => (i % 2 === 0 ? [{ name, line: /:\d+/.exec(lines[i + 1])?.[0] ?? '' }] : []));
      return [parseInt(address, 16), frames.map(({ name, line }, i) => (i === 0 ? name : name + line)).join(' ')];
    }),
  );
};

describe('inlined calls as addr2line sees them', () => {
  // binutils 2.40 reads no .dwo, and loses inlined calls behind the type units of DWARF 5.
  const readable = allBuilds.filter(
    ({ flags }) =>
      flags.includes('-O2') &&
      !flags.includes('-gsplit-dwarf') &&
      !(flags.includes('-fdebug-types-section') && flags.includes('-gdwarf-5')),
  );

  it.each(readable)('$name', ({ flags, compiler }) => {
    const program = symbolsProgram(flags, compiler);
    const image = openImage(program);
    const addresses = addressesIn(image, 1).filter((address) => image.scopesAt(address).length > 0);
    const ours = new Map(addresses.map((address) => [Number(address), chainAt(image, address)]));
    expect([...ours.values()].filter((chain) => chain.includes(' ')).length).toBeGreaterThan(20);
    expect(ours).toEqual(theirChains(program, addresses));
  });
});
