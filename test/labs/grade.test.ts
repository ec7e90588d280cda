/** `deet grade` on labs as teachers write them and on what students hand in. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CheckGrade, ProgramGrade } from '../../src/labs/lab.js';
import { compile, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { folderWith, gradesOf, runGrade } from './cli.js';

leakGuard();

/** Of the one submission. */
const checksOf = async (...words: readonly string[]): Promise<readonly CheckGrade[]> =>
  (await gradesOf(...words)).flatMap(({ checks }) => checks);

const failed = (checks: readonly CheckGrade[]): string[] => checks.filter(({ passed }) => !passed).map(({ name }) => name);
const messageOf = (checks: readonly CheckGrade[], name: string): string =>
  checks.find((check) => check.name === name)?.messages.join('\n') ?? '';

describe('the labs of the samples', () => {
  it('a pipe that is held open: the lab says who waits for whom, and its solution passes', async () => {
    const [before, after] = [
      await gradesOf('samples/labs/count_lines'),
      await gradesOf('samples/labs/count_lines', 'samples/labs/count_lines/solution'),
    ];
    expect(before[0].program).toBe('samples/labs/count_lines');
    expect(failed(before[0].checks)).toEqual(['three lines', 'no lines', 'nothing is left undone']);
    expect(messageOf(before[0].checks, 'three lines')).toMatch(
      /^It had not ended after 5 s\. When it was killed:\nProcess \d+ reads pipe \d+ \(fd 3\); its write end is still open in itself, fd 4: it will never see end of file\n[^]*\nA pipe ends when nobody has its writing end open any more\.$/,
    );
    expect(after[0]).toMatchObject({ lab: 'Counting lines in a child', points: 5, of: 5 });
  });

  it('a list that loses nodes: checks in TypeScript look into the program', async () => {
    const [before, after] = await gradesOf(
      'samples/labs/sorted_list',
      'samples/labs/sorted_list/list.c',
      'samples/labs/sorted_list/solution/list.c',
    );
    expect(failed(before.checks)).toEqual(['prints numbers that come backwards', 'no insertion loses a node', 'frees every node']);
    expect(messageOf(before.checks, 'prints numbers that come backwards')).toBe('Its output, line 1: expected "1 3 5", came "1".');
    expect(messageOf(before.checks, 'no insertion loses a node')).toMatch(/^After 3 is inserted the list is to be 3 5 9\./);
    expect(messageOf(before.checks, 'frees every node')).toMatch(/^3 nodes were made, and 1 freed\./);
    expect(after).toMatchObject({ program: 'samples/labs/sorted_list/solution/list.c', points: 9, of: 9 });
  });
});

const misbehaving = `#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static int look(int *at) { return *at; }
int main(int argc, char *argv[]) {
  const char *what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "crash") == 0) return look(NULL);
  if (strcmp(what, "abort") == 0) abort();
  if (strcmp(what, "spin") == 0) for (;;) ;
  if (strcmp(what, "bomb") == 0) for (;;) fork();
  if (strcmp(what, "flood") == 0) for (;;) puts("more and more");
  if (strcmp(what, "file") == 0) for (FILE *file = fopen("big", "w");;) fputs("more and more", file);
  if (strcmp(what, "memory") == 0) { puts(malloc(256 << 20) ? "granted" : "refused"); return 0; }
  if (strcmp(what, "daemon") == 0) { if (fork() == 0) { setsid(); if (fork() == 0) pause(); } return 0; }
  if (strcmp(what, "touch") == 0) { puts(fopen("seen", "r") ? "not alone" : "alone"); fclose(fopen("seen", "w")); return 0; }
  if (strcmp(what, "handled") == 0) { signal(SIGUSR1, SIG_IGN); raise(SIGUSR1); puts("alive"); return 0; }
  return 3;
}
`;

const quick = { seconds: 4 };
const anyEnd = { stdout: '' };

describe('a check', () => {
  it('fails at its limits and says which; nothing goes on after it', async () => {
    const lab = folderWith({
      'bad.c': misbehaving,
      'checks.json': {
        limits: { processes: 4, memory: 64, output: 1, seconds: 60 },
        checks: ['crash', 'abort', 'bomb', 'flood', 'file']
          .map((name) => ({ name, args: [name], expect: anyEnd }))
          .concat(
            ['spin', 'daemon'].map((name) => ({ name, args: [name], limits: quick, expect: anyEnd })),
            { name: 'memory', args: ['memory'], expect: { stdout: 'refused' } },
          ),
      },
    });
    const checks = await checksOf(lab);
    expect(Object.fromEntries(checks.map(({ name, messages }) => [name, messages.join('\n').replace(/\d{3,}/g, 'PID')]))).toEqual({
      crash: 'It died of SIGSEGV. At bad.c:6: look reads 4 bytes from `*at` (address 0x0), but `at` is NULL.',
      abort: expect.stringMatching(/^It died of SIGABRT\. At bad\.c:10: .*abort/),
      bomb: 'It came to have more than 4 processes at a time.',
      flood: 'It wrote more than 1 MiB.',
      file: expect.stringMatching(/^It died of SIGXFSZ\. At bad\.c:14: /),
      spin: expect.stringMatching(
        /^It had not ended after 4 s\. When it was killed:\nProcess PID is not blocked, it spins in main at bad\.c:11/,
      ),
      daemon: 'It had not ended after 4 s. When it was killed:\nProcess PID waits for a signal (pause)',
      memory: '',
    });
  });

  it('has a folder of its own, with the files of lab and submission, and an empty input', async () => {
    const lab = folderWith({
      'bad.c': misbehaving,
      'words.txt': 'lab\n',
      'solution/secret.txt': '',
      'checks.js': `export default [
        { name: 'first', args: ['touch'], expect: { stdout: 'alone' } },
        { name: 'second', args: ['touch'], expect: { stdout: 'alone' } },
        { name: 'files', commands: ['shell ls'], run: async (session) => {
          const { readdirSync } = await import('node:fs');
          const files = readdirSync('/proc/' + session.processes[0].pid + '/cwd').sort().join(' ');
          if (files !== 'bad.c more.txt words.txt') throw new Error(files);
        } },
      ];`,
    });
    const checks = await checksOf(lab, folderWith({ 'bad.c': misbehaving, 'more.txt': '', '.git/x': '' }));
    expect(checks.map(({ messages }) => messages)).toEqual([[], [], []]);
  });

  it('may be a script of commands, whose answers are looked at', async () => {
    const lab = folderWith({
      'bad.c': misbehaving,
      'checks.json': [
        {
          name: 'argument',
          args: ['x'],
          commands: ['break main', 'continue', 'next', 'print what', 'print nosuch'],
          expect: { transcript: { contains: ['"x"', 'No symbol "nosuch"'] }, status: 3 },
        },
        {
          name: 'again',
          args: ['x'],
          commands: ['start', 'print argc', 'run'],
          expect: { transcript: { matches: '^\\\\$\\\\d+ = 7$' }, stdout: '' },
        },
        {
          name: 'signals',
          args: ['handled'],
          commands: ['handle SIGUSR1 stop'],
          expect: { stdout: { contains: 'alive' }, stderr: '', status: 0 },
        },
        { name: 'expected death', args: ['crash'], expect: { signal: 'SIGSEGV' } },
        { name: 'no death', args: ['x'], expect: { signal: 'SIGSEGV' } },
      ],
    });
    const checks = await checksOf(lab);
    expect(failed(checks)).toEqual(['again', 'no death']);
    expect(messageOf(checks, 'again')).toMatch(/^deet's answer does not match .*\. It is:\n[^]* = 2\n/);
    expect(messageOf(checks, 'no death')).toBe('It was to die of SIGSEGV, and ended with status 3.');
  });

  it('may drive the program, talk to it, and is failed by what it throws and by time', async () => {
    const lab = folderWith({
      'echo.c':
        '#include <stdio.h>\nint main(void) {\n  char line[80];\n  while (fgets(line, 80, stdin)) { fputs(line, stdout); fflush(stdout); }\n}\n',
      'checks.mjs': `import assert from 'node:assert/strict';
        export default { limits: { seconds: 60 }, checks: [
          { name: 'talks', interactive: true, expect: { stdout: 'hello', status: 0 }, run: async (session) => {
            await session.stdin.write('hello\\n');
            await session.stdin.end();
          } },
          { name: 'asserts', run: () => assert.equal(1, 2, 'One is not two.') },
          { name: 'errs', run: () => undefined.x },
          { name: 'waits', interactive: true, limits: { seconds: 1 }, run: (session) => session.continue().then((stop) => new Promise(() => {})) },
        ] };`,
    });
    const checks = await checksOf(lab);
    expect(checks.map(({ messages }) => messages.join('\n').split('\n')[0])).toEqual([
      '',
      'One is not two.',
      expect.stringMatching(/^TypeError: /),
      'It had not ended after 1 s. When it was killed:',
    ]);
    expect(messageOf(checks, 'waits')).toMatch(/Process \d+ reads pipe/);
  });
});

const sum = (body: string): string => `#include <stdio.h>\n#include <stdlib.h>\nint main(int argc, char *argv[]) { ${body} }\n`;
const right = sum('printf("%d\\n", atoi(argv[1]) + atoi(argv[argc - 1]));');
const wrong = sum('printf("%d\\n", argc);');
const addition = { name: 'adds', args: ['2', '3'], expect: { stdout: '5', status: 0 } };

describe('a submission', () => {
  const lab = folderWith({ 'lab.md': '# Sums\n', 'sum.c': wrong, 'checks.json': [addition] });

  it('is a source of any name, a folder, or a program', async () => {
    const submissions = [
      writeText('alice.c', right),
      folderWith({ 'sum.c': right, 'checks.json': [] }),
      compile(writeText('bob.c', right)),
      writeText('carol.c', wrong),
    ];
    const { status, stdout } = await runGrade([lab, ...submissions]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^Sums\n/);
    expect(stdout.slice(stdout.indexOf('\nAll\n')).match(/\d of 1$/gm)).toEqual(['1 of 1', '1 of 1', '1 of 1', '0 of 1']);
    expect((await runGrade([lab, ...submissions.slice(0, 3)])).status).toBe(0);
  });

  it('that does not compile is told what the compiler says, and the next one is graded', async () => {
    const [broken, fine] = await gradesOf(lab, writeText('broken.c', 'int main(void) { return nothing; }\n'), writeText('alice.c', right));
    expect(messageOf(broken.checks, 'adds')).toMatch(/^It does not compile \(gcc: status 1\)\.\nsum\.c:.*\n.*error: .nothing. undeclared/);
    expect(broken).toMatchObject({ points: 0, of: 1 });
    expect(fine).toMatchObject({ points: 1 });
    const [empty] = await gradesOf(lab, writeText('empty.c', 'int x;\n'));
    expect(messageOf(empty.checks, 'adds')).toBe('None of its sources has a main function (sum.c).');
  });

  it('whose files cannot be used is told so, and the next one is graded', async () => {
    const [odd, fine] = await gradesOf(lab, folderWith({ 'sum.c/sum.c': right }), writeText('alice.c', right));
    expect(messageOf(odd.checks, 'adds')).toMatch(/^Its files cannot be used: EEXIST: /);
    expect(fine).toMatchObject({ points: 1 });
  });

  it('is linked with what the lab keeps, in C++ too, and several programs may be built', async () => {
    const two = folderWith({
      'sum.cc':
        '#include <cstdio>\n#include <cstdlib>\nint add(int, int);\nint main(int, char *argv[]) { std::printf("%d\\n", add(std::atoi(argv[1]), std::atoi(argv[2]))); }\n',
      'add.cc': 'int add(int a, int b) { return a - b; }\n',
      'three.c': 'int main(void) { return 3; }\n',
      'checks.json': {
        fixed: ['sum.cc'],
        checks: [
          { ...addition, program: 'sum' },
          { name: 'three', program: 'three', expect: { status: 3 } },
          { name: 'which', expect: { status: 0 } },
        ],
      },
    });
    const [grade] = await gradesOf(two, folderWith({ 'add.cc': 'int add(int a, int b) { return a + b; }\n', 'sum.cc': 'nonsense' }));
    expect(failed(grade.checks)).toEqual(['which']);
    expect(messageOf(grade.checks, 'which')).toBe(
      'There are several programs (sum, three), and the check does not say which it is for ("program").',
    );
  });

  it("is built by the lab's Makefile, if it has one", async () => {
    const made = folderWith({
      'sum.c': wrong,
      Makefile: 'adder: sum.c\n\t$(CC) -g -DEXTRA=1 -o $@ $<\n',
      'checks.json': [{ ...addition, program: 'adder' }],
    });
    const [grade] = await gradesOf(
      made,
      folderWith({
        'sum.c': right.replace('int main', '#ifdef EXTRA\nint main').concat('#endif\n'),
        Makefile: 'nonsense',
        makefile: 'nonsense',
        GNUmakefile: 'nonsense',
      }),
    );
    expect(failed(grade.checks)).toEqual([]);
  });
});

describe('deet grade', () => {
  const lab = folderWith({ 'one.c': right, 'two.c': wrong, 'notes.txt': '', 'checks.json': [{ ...addition, program: 'one' }] });

  it.each<[string, readonly string[], string | RegExp]>([
    ['no lab', [], /^Which lab\?\nUsage: deet grade /],
    ['no folder', ['/nowhere'], /^\/nowhere is no folder\. A lab is a folder with lab\.md/],
    ['no checks', ['samples'], /^samples has no checks: there is no checks\.ts, /],
    ['no such format', ['--format', 'taps', lab], /^There is no format "taps"\. Did you mean "tap"\?\nUsage: /],
    ['no such option', ['--fast', lab], /^Unknown option '--fast'/],
    ['no such submission', [lab, '/nowhere.c'], /^There is no \/nowhere\.c\.\nUsage: /],
    ['not a submission', [lab, join(lab, 'notes.txt')], /notes\.txt is neither a folder, nor a C or C\+\+ source, nor a program/],
    [
      'a source that could be several',
      [lab, writeText('alice.c', right)],
      /alice\.c: which file of the lab is it\? The lab has one\.c, two\.c\. Give it the name/,
    ],
    ['two for Gradescope', ['--format=gradescope', lab, lab, lab], /^Gradescope grades one submission at a time/],
    [
      'no number of jobs',
      ['-j', '0', 'samples/labs/count_lines'],
      '--jobs is how many submissions are graded at a time, 1 to 64; not "0".',
    ],
  ])('%s: is refused', async (_, words, sentence) => {
    const { status, stdout, stderr } = await runGrade(words);
    expect(stderr).toMatch(sentence);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('says what is wrong with checks', async () => {
    const complaint = async (files: Record<string, unknown>): Promise<string> => (await runGrade([folderWith(files)])).stderr;
    expect(await complaint({ 'checks.json': '[{' })).toMatch(/checks\.json cannot be read: .*JSON/);
    expect(await complaint({ 'checks.ts': 'export const x: number = 1;' })).toMatch(/checks\.ts exports no checks\. As in: export default/);
    expect(await complaint({ 'checks.ts': 'export default [' })).toMatch(/checks\.ts cannot be loaded: /);
    expect(await complaint({ 'checks.mjs': 'throw new Error("no luck");' })).toMatch(/checks\.mjs cannot be loaded: no luck/);
    expect(await complaint({ 'checks.mjs': 'export default []', 'checks.json': [] })).toMatch(/has several files of checks/);
  });

  it('has help', async () => {
    const { status, stdout } = await runGrade(['--help']);
    expect([status, stdout.split('\n')[0]]).toEqual([
      0,
      'Usage: deet grade [--format table|tap|junit|json|gradescope] [--jobs N] LAB [PROGRAM...]',
    ]);
  });

  it('grades several submissions at a time, in their order; what ends a grader fails one of them', async () => {
    const lab = folderWith({
      'a.c': '',
      'checks.mjs': `export default { checks: [{ name: 'lives', run: async (session) => {
        await session.continue();
        console.log('a remark');
        if (session.stdout.includes('fatal')) process.kill(process.pid, 'SIGKILL');
      } }] };`,
    });
    const submissions = ['one', 'two', 'fatal', 'four', 'five'].map((word) =>
      join(folderWith({ 'a.c': `#include <stdio.h>\nint main(void) { puts("${word}"); return 0; }\n` }), 'a.c'),
    );
    const { stdout, stderr } = await runGrade(['--format', 'json', '-j', '2', lab, ...submissions]);
    const grades = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as ProgramGrade); // prettier-ignore
    expect(grades.map(({ program, points }) => [program, points])).toEqual(submissions.map((path, index) => [path, index === 2 ? 0 : 1]));
    expect(grades[2].checks[0].messages).toEqual(['Grading it broke off: SIGKILL']);
    expect(stderr.trimEnd().split('\n')).toEqual(submissions.map(() => 'a remark'));
  });

  it.each([['1'], ['2']])('leaves neither processes nor folders when it is interrupted, %s at a time', async (jobs) => {
    const endless = folderWith({
      'bad.c': misbehaving,
      'checks.mjs': `export default { limits: { seconds: 600 }, checks: [{ name: 'waits', args: ['daemon'], run: async (session) => {
        const running = session.continue();
        for await (const event of session.events()) if (event.type === 'exit') break;
        process.stdout.write('running\\n');
        await running;
      } }] };`,
    });
    const scratch = folderWith({ 'here.txt': '' });
    const { status } = await runGrade(['-j', jobs, endless, endless, endless], {
      env: { TMPDIR: scratch },
      printed: (text, kill) => {
        if (text.split('running').length > Number(jobs)) kill('SIGINT');
      },
    });
    expect(status).toBe(130);
    expect(readdirSync(scratch)).toEqual(['here.txt']);
  });
});
