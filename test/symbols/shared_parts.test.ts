/** Programs whose names and types dwz moved to a file that they share (.gnu_debugaltlink): they answer as before. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
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
