import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneFile, programWords } from '../../src/commands/shell-words.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'deet-words-'));
  for (const name of ['a.c', 'b.c', 'b.h', '.hidden.c', 'with space.c', '[x].c']) writeFileSync(join(folder, name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const variables = { HOME: '/home/me', NAME: 'v w', EMPTY: '' };
const split = (text: string): readonly string[] => programWords(text, variables, folder).arguments;

describe('arguments of run', () => {
  it.each([
    '1 2  3', `'a b' "c d" e\\ f`, `"a\\"b\\$c\\d" 'x\\y'`, '$NAME', '"$NAME" "${NAME}x"', "'$NAME'", '*.c', '"*.c"', '\\*.c', '?.h', '[ab].c', '[!a].c', 'z*', '~ ~/x a~',
    "a'b'c\"d\"e", '""', '[[]x].c', './*.h', '[z-a].c',
  ])('%s, as sh splits them', (text) => {
    // In a shell an unquoted variable is split again, which nobody misses here.
    const quoted = text.replace(/^\$NAME$/, '"$NAME"');
    const expected = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${quoted}`], { cwd: folder, env: { ...variables, LC_ALL: 'C' }, encoding: 'utf8' });
    expect(split(text)).toEqual(expected.split('\0').slice(0, -1));
  }); // prettier-ignore

  it('keep a dollar that begins no name', () => expect(split('a$ b$1c "$"')).toEqual(['a$', 'b$1c', '$']));

  it('are none for an empty text', () => expect(split('  ')).toEqual([]));

  it('may be redirected', () => {
    expect(programWords('3 <in >out 2>&1 x').arguments).toEqual(['3', 'x']);
    expect(programWords('3 <in >out 2>&1').redirections).toEqual([
      { fd: 0, path: 'in', access: 'read' },
      { fd: 1, path: 'out', access: 'truncate' },
      { fd: 2, from: 1 },
    ]);
    expect(programWords('2>> "my log" >| x &>all').redirections).toEqual([
      { fd: 2, path: 'my log', access: 'append' },
      { fd: 1, path: 'x', access: 'truncate' },
      { fd: 1, path: 'all', access: 'truncate' },
      { fd: 2, from: 1 },
    ]);
    expect(programWords('a2>x').arguments).toEqual(['a2']);
  });

  it('are refused in the user’s words when they need a shell', () => {
    expect(() => split('a | b')).toThrow('"|" is for a shell');
    expect(() => split("'open")).toThrow("A ' is not closed");
    expect(() => split('"open')).toThrow('A " is not closed');
    expect(() => split('>')).toThrow('needs a file');
  });
});

it.each([
  ['', undefined],
  [' core.7 ', 'core.7'],
  ["'my core'", 'my core'],
  ['"my core"', 'my core'],
  ['my\\ core', 'my core'],
  ["it's a core", "it's a core"],
  ['~/my core', join(homedir(), 'my core')],
])('a file that is all of the argument, such as %j, has its blanks as they stand or in quotes', (text, file) =>
  expect(oneFile(text)).toBe(file),
);
