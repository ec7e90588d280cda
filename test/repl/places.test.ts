/** Places in source and code, beside gdb. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile, compileText, fixtures } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { compareAt } from './beside_gdb.js';
import { commands, run } from './cli.js';

leakGuard();

const program = (...flags: string[]): string => compile(join(fixtures, 'places.c'), [join(fixtures, 'places_other.c'), ...flags]);

it('lists as gdb does', () =>
  compareAt(
    program(),
    [],
    [
      ...['list helper', 'list places.c:helper', 'list places_other.c:helper', 'list places_other.c:helper,', 'list places.c:twin'],
      ...['list places.c:10,places_other.c:5', 'list *work', 'list places_other.c:2', 'list 3', 'list places.h:1,3'],
      ...['list places.c:20', 'list +2', 'list -3', 'list work,tail', 'list places.c:1,+3'],
    ],
  ));

it('lists as much as is asked for, or all', () =>
  compareAt(
    program(),
    [],
    [
      'set listsize 3',
      'list places.c:20',
      'list',
      'list -',
      'set listsize unlimited',
      'list places.c:20',
      'set listsize 0',
      'list places.c:9',
    ],
  ));

it('lists around the frame that was selected last', () =>
  compareAt(program(), ['twin'], ['list places.h:1', 'up', 'list', 'list', 'frame 1', 'list']));

it('tells the addresses of lines, with and without code', () =>
  compareAt(
    program(),
    [],
    [
      ...['info line places.c:15', 'info line places.c:16', 'info line places.c:10', 'list places_other.c:3,6', 'info line', 'info line 7'],
      ...['info line places_other.c:5', 'list 6,7', 'info line', 'info source'],
    ],
  ));

it('shows the last instructions of a file', () => compareAt(program('-O2'), [], ['x/3i tail', 'x/4i other', 'x/i work']));

const disassemblies = ['main', '/r main', '/s main', '/m main', '/s work', '/m work', '/rs tail', 'main,main+7', 'main,+20', '/r work,+9'];

it.each([['-O0'], ['-O2'], ['-O2', '-gdwarf-4'], ['-Os', '-no-pie']])('disassembles as gdb does %s %s', (...flags) =>
  compareAt(
    program(...flags),
    [],
    [...disassemblies.map((each) => `disassemble ${each}`), 'set disassembly-flavor intel', 'disassemble /s work'],
  ),
);

it('names what is ambiguous', async () => {
  const { stderr } = await run(['-nx', '--batch', ...commands('list helper,', 'list places.c:helper,twin'), program()]);
  expect(stderr).toMatch(
    /^Specified first line 'helper' is ambiguous: places\.c:14, places_other\.c:3\. .*\nSpecified first and last lines are in different files\.\n$/,
  );
});

it('refuses modifiers that mean nothing', async () => {
  const { stderr } = await run(['-nx', '--batch', ...commands('disassemble /z main', 'disassemble /ms main'), program()]);
  expect(stderr).toMatch(/^Invalid disassembly modifier\..*\nCannot specify both \/m and \/s\.\n/);
});

it('lists names as gdb does', () =>
  compareAt(
    program(),
    [],
    [
      ...[
        'info functions helper',
        'info functions -n .',
        'info functions -q work',
        'info functions -t int twin',
        "info functions -t 'int (int)' r",
      ],
      ...[
        'info variables ratio',
        'info variables -n .',
        'info variables -t double',
        'info variables nothing_has_it',
        'info variables -q nothing_has_it',
      ],
      ...[
        'info types point',
        'info types color',
        'info types .',
        'info types -q zzz',
        'info sharedlibrary zzz',
        'info types ^\\(point\\|color\\)$',
        'info functions work+',
      ],
    ],
  ));

it('tells of inlined calls and of the frame that they share', () =>
  compareAt(program('-O2'), ['tail', 'square'], ['set print entry-values no', 'info frame', 'up', 'info frame']));

it('a function that has jumped away has no frame of its own', async () => {
  const { stdout } = await run([
    '-nx',
    '--batch',
    ...commands('tbreak tail', 'run', 'tbreak work', 'continue', 'up', 'info frame'),
    program('-O2'),
  ]);
  expect(stdout).toMatch(/^ tail call frame, caller of frame at .*\n source language c\.\n Arglist at unknown address\.\n/m);
});

it('selects frames by their addresses, and as many up as there are', async () => {
  const { stdout, stderr } = await run([
    '-nx',
    '--batch',
    ...commands('tbreak twin', 'run', 'set $here = $rbp + 16', 'up', 'frame address $here', 'frame address 1', 'up 5', 'up 5', 'up'),
    program(),
  ]);
  const shown = [...stdout.matchAll(/^(#\d) +(\w+)/gm)].map(([, level, name]) => `${level} ${name}`);
  expect(shown).toEqual(['#1 helper', '#0 twin', '#2 main', '#2 main']);
  expect(stderr).toMatch(/^No frame at address 1\..*\nInitial frame selected; you cannot go up\.\n/);
});

it('a function of a header is one of the file that includes it', async () => {
  const { stdout } = await run([
    '-nx',
    '--batch',
    ...commands('break places_other.c:twin', 'break places.h:twin', 'info breakpoints'),
    program(),
  ]);
  expect(stdout).toMatch(
    /^Set breakpoint 0 at 0x\w+\n {4}twin at .*places\.h:5\nSet breakpoint 1 at 0x\w+\n(?: {4}0x\w+ twin at .*places\.h:5\n){2}/,
  );
});

it('a number is a line of the file that was listed last', async () => {
  const list = ['list places_other.c:1', 'break 7', 'clear places_other.c:7', 'break *other+11', 'clear 7'];
  const { stdout, stderr } = await run(['-nx', '--batch', ...commands(...list), program()]);
  expect(stdout).toMatch(/\n {4}other at .*places_other\.c:7\nDeleted breakpoint 0\nSet breakpoint 1 at [^]*\nDeleted breakpoint 1\n$/);
  expect(stderr).toBe('');
});

it('rbreak stops in functions of libraries, too, once they are there; of too many only in those of the program', async () => {
  const library = compileText(
    'many_functions.c',
    `${Array.from({ length: 501 }, (_, at) => `int lib_${at}(void) { return ${at}; }`).join('\n')}\n`,
    ['-shared', '-fPIC'],
  );
  const user = compileText('user.c', 'int lib_7(void);\nint lib_own(void) { return lib_7(); }\nint main(void) { return lib_own(); }\n', [
    library,
  ]);
  const { stdout, stderr } = await run([...commands('break main', 'run', 'rbreak ^lib_7$', 'rbreak ^lib_[0-9o]'), user]);
  expect(stdout.match(/^(?! ).*(?:;|narrower.*)$/gm)).toEqual([
    'int lib_7(void);',
    'int lib_own(void);',
    expect.stringContaining('lib_7@plt'),
    expect.stringContaining('501 functions of libraries match'),
  ]);
  expect(stderr).toBe('');
});

it('rbreak stops in each function, whoever knows it', async () => {
  const described = await run(['-nx', '--batch', ...commands('rbreak ^hel', 'rbreak places_other.c:o'), program()]);
  expect(described.stdout.replace(/0x\w+/g, 'X').replaceAll(`${fixtures}/`, '')).toBe(
    [
      ...['Set breakpoint 0 at X', '    helper at places.c:15', 'static int helper(int);'],
      ...['Set breakpoint 1 at X', '    helper at places_other.c:4', 'static int helper(int);'],
      ...['Set breakpoint 2 at X', '    other at places_other.c:7', 'int other(int);', ''],
    ].join('\n'),
  );
  const bare = await run(['-nx', '--batch', ...commands('rbreak ^tai'), program('-O2', '-g0')]);
  expect(bare.stdout).toMatch(/^Set breakpoint 0 at 0x\w+\n {4}tail\n<function, no debug info> tail;\n$/);
});

describe('more names than one command lists', () => {
  const many = compileText(
    'many_names.c',
    `#define TEN(m, n) m(n##0) m(n##1) m(n##2) m(n##3) m(n##4) m(n##5) m(n##6) m(n##7) m(n##8) m(n##9)
#define HUNDRED(n) TEN(TEN_MORE, n)
#define TEN_MORE(n) ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)
#define ONE(n) char many##n;
${Array.from({ length: 201 }, (_, index) => `HUNDRED(${100 + index})`).join('\n')}
int main(void) { return 0; }
`,
  );
  const told = /More than 20000 names match: only so many are listed\. A narrower expression lists the others\./;

  it('is told', async () => {
    const { stdout } = await run([...commands('info variables many'), many]);
    expect(stdout).toMatch(told);
    expect(stdout.match(/many\d+;/g)).toHaveLength(20_000);
    expect((await run([...commands('info variables many1'), many])).stdout).not.toMatch(told);
  });

  it('is told in JSON, and of names that only the symbol table has', async () => {
    const plain = `${many}-plain`;
    execFileSync('strip', ['-g', '-o', plain, many]);
    const { stdout } = await run(['--json', ...commands('info variables many'), plain]);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text) as object),
    ).toContainEqual({
      type: 'message',
      level: 'warning',
      text: expect.stringMatching(told) as string,
    });
  });
});
