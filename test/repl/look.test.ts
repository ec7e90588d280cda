/** What commands say of a frame and its names, beside what gdb says at the same stop. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compile, compileText, fixture, fixtures, lineOf } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { gdb } from '../helpers/gdb.js';
import { compareAt } from './beside_gdb.js';
import { commands, run } from './cli.js';

leakGuard();

const program = (flags: readonly string[], compiler?: 'clang'): string =>
  compile(join(fixtures, 'look.c'), [join(fixtures, 'look_other.c'), ...flags], compiler);

/** Functions keep the parameters that they were written with. */
const optimized = ['-O2', '-fno-ipa-sra', '-fno-ipa-cp'];

const inner = `${join(fixtures, 'look.c')}:${lineOf('look.c', '// inner')}`;
const other = `${join(fixtures, 'look_other.c')}:${lineOf('look_other.c', '// other')}`;
const moved = `${join(fixtures, 'look.c')}:${lineOf('look.c', '// moved')}`;

const everywhere = [
  'bt 2',
  'bt full 1',
  'frame',
  'info frame',
  'info source',
  'print level',
  'print &level',
  'whatis &n',
  'whatis &at',
  'ptype &far',
  'print -n',
  'print/s at',
  'print/s corner',
  'print/s nowhere',
  'print/s far->tag',
  'print/s unset',
  'print -elements 1 -- bytes',
  'print (char *)bytes',
  'print *unset',
  'x/2xw &corner',
  'print $_',
  'print $__',
  'whatis $_',
  'x/3ub &corner',
  'print $_',
  'print $__',
  'x/dh &corner',
  'whatis $__',
  'info line moved',
  'print $_',
  'info symbol &level',
  'info symbol inner',
  'whatis puts',
  'whatis printf',
  'print &*5',
  'print &*name == name',
  'print/w level',
  'whatis $k0',
  'whatis $zmm31',
  'print sizeof($zmm0)',
  'up',
  'info frame',
  'print $pc',
];

it('as gdb, not optimized', () => compareAt(program([]), [inner], ['print raw[0]', 'print nowhere + 1', ...everywhere]));

it('as gdb, optimized', () => compareAt(program(optimized), [inner], [...everywhere, 'print n@entry', 'print name@entry']));

it('as gdb, clang', () => compareAt(program(['-O1'], 'clang'), ['inner'], ['bt', 'info frame', 'print name', 'up', 'info args']));

it("a name that two files have is the current file's", () =>
  compareAt(
    program([]),
    [other],
    ['print level', 'whatis level', 'print sizeof(level)', 'up', 'print level', "print 'look_other.c'::level", "print 'look.c'::level"],
  ));

it('what the program exports comes before what another file of a library has for itself', async () => {
  const foreign = compileText('foreign.c', 'static int word = 7; static int count(void) { return word; } int (*counts)(void) = count;\n', [
    '-c',
    '-fPIC',
  ]);
  const library = compileText('stops_here.c', 'int stops_here(void) { return 1; }\n', [foreign, '-shared', '-fPIC']);
  const text = 'int word = 42; int count = 43; int stops_here(void); int main(void) { return stops_here() + word + count; }\n';
  const path = compileText('exports.c', text, [library]);
  await compareAt(path, ['stops_here'], ['print word', 'print count', 'whatis counts', "print 'foreign.c'::word", 'up', 'print word']);
});

it('names functions as they are written, not as the compiler has split them', () =>
  compareAt(program(['-O2']), ['inner'], ['up', 'x/2i $pc', 'x/i inner', 'info line inner']));

it('the value returned is of the type behind the typedef', async () => {
  const { stdout } = await run(['-nx', '--batch', ...commands(`tbreak ${moved}`, 'run', 'finish', 'whatis $'), program([])]);
  expect(stdout).toContain('type = struct point\n');
});

it('tells where the variables of a place are kept, range by range', async () => {
  const moving = await run(['-nx', '--batch', ...commands('info scope main'), program(optimized)]);
  expect(moving.stdout).toMatch(/^Scope for main:\nSymbol argc is multi-location:\n {2}Range 0x\w+-0x\w+: a variable in \$rdi\n/);
  expect(moving.stdout).toMatch(/the value that \$rdi had at the function's entry\n/);
  const plain = await run(['-nx', '--batch', ...commands('info scope outer'), program([])]);
  expect(plain.stdout).toMatch(/^Symbol n is a variable at frame base offset -\d+, length 4\.$/m);
});

it('structures in the line of a frame, and values at entry, are settings', async () => {
  const list = ['tbreak inner', 'run', 'set print frame-arguments all', 'set print entry-values no', 'bt 1'];
  const { stdout } = await run(['-nx', '--batch', ...commands(...list), program(optimized)]);
  expect(stdout).toMatch(/^#0 {2}inner \(n=8, at=\{x = 10, y = -4, tag = 65 'A'\}, name=0x\w+ "mikado", far=0x\w+ <corner>\)/m);
});

it('values of arguments in the line of a frame can be left out, or all but that there are some', async () => {
  const list = ['tbreak inner', 'run', 'set print frame-arguments none', 'bt 1', 'set print frame-arguments presence', 'bt'];
  const { stdout } = await run(['-nx', '--batch', ...commands(...list), program(optimized)]);
  expect(stdout).toMatch(/^#0 {2}inner \(n=\.\.\., at=\.\.\., name=\.\.\., far=\.\.\.\) at /m);
  expect(stdout).toMatch(/^#0 {2}inner \(\.\.\.\) at /m);
});

it('shows the registers of AVX-512 where there are any', async () => {
  const list = [
    'run',
    'print has',
    'print $k1',
    'print $zmm17.v16_int32',
    'print $zmm3.v16_int32',
    'print $ymm17.v8_int32',
    'print $xmm17.v4_int32',
  ];
  const { stdout } = await run(['-nx', '--batch', ...commands(...list, 'info registers'), fixture('wide')]);
  const sevens = (count: number): string => (count > 10 ? `{7 <repeats ${count} times>}` : `{${Array<number>(count).fill(7).join(', ')}}`);
  const values = [...stdout.matchAll(/^\$\d = (.*)$/gm)].map((match) => match[1]);
  const there = values[0] === '1';
  expect(values.slice(1)).toEqual(there ? ['90', sevens(16), sevens(16), sevens(8), sevens(4)] : Array<string>(5).fill('void'));
  expect(/^k1 +0x5a +90$/m.test(stdout)).toBe(there);
});

it('expands macros, and runs a command under a setting', async () => {
  const path = compile(join(fixtures, 'macros.c'), ['-g3']);
  const list = [
    'tbreak main',
    'run',
    'set $numbers = {1, 2}',
    'print $numbers[1]',
    'with print address off -- print main',
    'print main',
    'with print pretty on -- nothing',
    'show print pretty',
    'macro expand TWICE(LIMIT) + 1',
    'info macro MAX',
    'info macro NOTHING',
  ];
  const { stdout, stderr } = await run(['-nx', '--batch', ...commands(...list), path]);
  expect(stdout).toMatch(/^\$1 = 2\n\$2 = \{.*\} <main>\n\$3 = \{.*\} 0x\w+ <main>\nprint pretty is off\./m);
  expect(stdout).toContain('expands to: ((10) * 2) + 1\n');
  expect(stderr).toMatch(/^Unrecognized command\.[^]*`NOTHING' has no definition/);
});

it('says where a macro is defined, and through which files', () =>
  compareAt(
    compile(join(fixtures, 'macros.c'), ['-g3', '-DGIVEN=5']),
    ['main'],
    ['info macro MAX', 'info macro NULL', 'info macro EOF', 'info macro GIVEN', 'info macro __GNUC__'],
  ));

it('says which frame has a name that this one does not know', async () => {
  const { stderr } = await run([
    '-nx',
    ...commands('tbreak inner', 'run', 'print next', 'print total', 'up 2', 'print far', 'print nowhere_at_all'),
    program([]),
  ]);
  expect(stderr.split('\n').filter((text) => text.startsWith('No symbol'))).toEqual([
    'No symbol "next" in current context. Frame 1 (outer) has it: "frame 1" goes there.',
    'No symbol "total" in current context. Frame 2 (main) has it: "frame 2" goes there.',
    'No symbol "far" in current context. Frame 0 (inner) has it: "frame 0" goes there.',
    'No symbol "nowhere_at_all" in current context.',
  ]);
});

it('does not extend a value that has no place beyond itself', async () => {
  const text = 'volatile int sink;\nint main(void) {\n  int three = 3;\n  sink = three;\n  return 0;\n}\n';
  const { stdout, stderr } = await run([
    '-nx',
    ...commands('break main', 'run', 'print three', 'print three@2'),
    compileText('three.c', text, ['-O2']),
  ]);
  expect(stdout).toContain('$1 = 3\n');
  expect(stderr).toContain("Only values in memory can be extended with '@'.");
});

describe('the files of a running program', () => {
  const library = compileText('named_library.c', 'int in_library(int a) { return a + 1; }\n', ['-shared', '-fPIC']);
  const user = compileText('library_user.c', `int in_library(int);\nint main(void) { return in_library(-1); }\n`, [library]);
  const list = (command: string): string[] => ['break main', 'run', 'echo @@\\n', command, 'echo @@\\n'];
  /** Addresses without what differs from run to run; files by their names, however they are reached. */
  const rows = (stdout: string): string[] =>
    (stdout.split('@@\n')[1] ?? '')
      .trimEnd()
      .split('\n')
      .map((row) => row.replace(/0x0000[57][0-9a-f]{8}([0-9a-f]{3})/g, '0x$1').replace(/(?<=Yes[ (*)]+|in )\/\S*\//g, ''))
      .sort();
  const both = async (command: string): Promise<[string[], string[]]> => [
    rows((await run([...commands(...list(command)), user])).stdout),
    rows(gdb(list(command), user)),
  ];

  it.each(['info sharedlibrary', 'info sharedlibrary named_lib', 'info sharedlibrary nosuch'])('%s', async (command) => {
    const [ours, theirs] = await both(command);
    expect(ours).toEqual(theirs);
  });

  it('has no libraries before it runs', async () => {
    expect((await run([...commands('info sharedlibrary'), user])).stdout).toBe('No shared libraries loaded at this time.\n');
  });

  it('info files: sections of all', async () => {
    const [ours, theirs] = await both('info files');
    const sections = (list: readonly string[]): string[] => list.filter((row) => row.startsWith('\t0x'));
    expect(sections(ours).length).toBeGreaterThan(60);
    expect(sections(ours).filter((row) => !row.includes('vdso'))).toEqual(
      sections(theirs).filter((row) => !/system-supplied DSO|\.tbss/.test(row)),
    );
  });
});

it('info auxv says what each entry means, as gdb does', async () => {
  const program = compileText('short.c', 'int main(void) { return 0; }\n');
  const rows = (stdout: string): string[] =>
    stdout
      .split('\n')
      .filter((row) => /^\d+ +AT_(?!NULL|RSEQ)/.test(row))
      .map((row) => row.replace(/0x7[0-9a-f]{11}/, '0xSTACK'));
  const theirs = rows(gdb(['break main', 'run', 'info auxv'], program));
  expect(theirs.length).toBeGreaterThan(15);
  expect(rows((await run([...commands('break main', 'run', 'info auxv'), program])).stdout)).toEqual(theirs);
});
