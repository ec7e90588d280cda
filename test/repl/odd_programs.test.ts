/** Programs whose sources or code are unusual: names in other letters, generated and moved sources, assembler, stacks of their own. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';

leakGuard();

const folder = mkdtempSync(join(tmpdir(), 'deet-odd-'));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};

const gcc = (name: string, ...words: string[]): string => {
  execFileSync('gcc', ['-g', ...words, '-o', join(folder, name)], { cwd: folder });
  return join(folder, name);
};

const said = async (program: string, ...lines: string[]): Promise<string> => {
  const { stdout, stderr } = await run(commands('set debug-file-directory /nonexistent', ...lines, 'kill').concat(program));
  return stdout + stderr;
};

const backtrace = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('#'));

describe('assembler whose labels have no type', () => {
  const program = compileText(
    'labels.s',
    '\t.globl main\nmain:\n\tcall twice\n\txor %eax, %eax\n\tret\ntwice:\n\tpush %rbp\n\tmov %rsp, %rbp\n\tnop\n\tpop %rbp\n\tret\n',
  );

  it('stops at the label itself, knows its caller, and its code by the next label', async () => {
    const text = await said(program, 'break twice', 'run', 'bt', 'disassemble', 'stepi 2', 'bt', 'info line twice', 'info symbol $pc');
    expect(text).toMatch(/^Stopped at .*labels\.s:7$/m);
    expect(backtrace(text).map((line) => line.replace(/ at .*:/, ' '))).toEqual([
      '#0  twice () 7',
      '#1  main () 3',
      '#0  twice () 9',
      '#1  main () 3',
    ]);
    expect(text).toMatch(/function twice:\n=> .* <\+0>:\tpush   %rbp\n(?:.*\n){3}.* <\+6>:\tret/);
    expect(text).toMatch(/^Line 7 of ".*labels\.s" starts at address 0x[0-9a-f]+ <twice> and ends at 0x[0-9a-f]+ <twice\+1>\.$/m);
    expect(text).toMatch(/^twice \+ 4 in section \.text of /m);
  });
});

describe('sources', () => {
  it('with names in other letters, spaces in paths, and lines that end as those of DOS', async () => {
    const lines = [
      'struct größe { int höhe; };',
      'int größer(int straße) {',
      '  int über = straße + 1;',
      '  return über;',
      '}',
      'int main(void) {',
      '  struct größe größe = {größer(3)};',
      '  return größe.höhe != 4;',
      '}',
      '',
    ];
    const source = write('mit Raum/füchs file.c', lines.join('\r\n'));
    const program = gcc('füchs prog', source);
    const text = await said(
      program,
      'info line größer',
      'break größer',
      'run',
      'next',
      'print über',
      'info locals',
      'up',
      'print größe.höhe == größe.höhe',
      "tbreak 'füchs file.c':8",
      'continue',
      'print größe',
    );
    expect(text).toMatch(
      /^Line 2 of ".*\/mit Raum\/füchs file\.c" starts at address 0x[0-9a-f]+ <größer> and ends at 0x[0-9a-f]+ <größer\+7>\.$/m,
    );
    expect(text).toContain('-> 3    int über = straße + 1;\n');
    expect(text).toContain('$1 = 4\nüber = 4\n#1  main () at ');
    expect(text).toContain('-> 8    return größe.höhe != 4;\n');
    expect(text).toContain('$3 = {höhe = 4}');
  });

  it('of one name in several folders', async () => {
    const files = ['a', 'b'].map((each) =>
      write(`${each}/util.c`, `static int hidden(int k) { return k + 1; }\nint use_${each}(void) { return hidden(1); }\n`),
    );
    const program = gcc(
      'same',
      ...files,
      write('same.c', 'int use_a(void), use_b(void);\nint main(void) { return use_a() == use_b(); }\n'),
    );
    const text = await said(program, 'break hidden', 'break b/util.c:2', 'info breakpoints');
    expect(text).toMatch(/ in hidden at a\/util\.c:1\n.* in hidden at b\/util\.c:1\n.* in use_b at b\/util\.c:2\n/);
  });

  it('that say they are others (#line), stand in a function (#include), or are one line', async () => {
    const part = write('part.inc', '  total += 10;\n  total += helper(total);\n');
    const program = gcc(
      'lines',
      write(
        'lines.c',
        `static int helper(int n) { return n; }\nint main(void) {\n  int total = 0;\n#include "${part}"\n#line 100 "grammar.y"\n  total++;\n  return total == 0; }\n`,
      ),
    );
    const text = await said(program, 'break part.inc:2', 'break grammar.y:100', 'run', 'step', 'bt', 'continue');
    expect(backtrace(text)).toEqual([
      expect.stringMatching(/helper \(n=10\) at .*lines\.c:1$/),
      expect.stringMatching(/main \(\) at .*part\.inc:2$/),
    ]);
    expect(text).toMatch(/^Stopped at .*grammar\.y:100$/m);
    const short = gcc('short', write('short.c', 'int f(int a){int b=a+1;return b;} int main(void){int x=f(1);return x!=2;}'));
    expect(await said(short, 'break 1', 'run', 'continue', 'info locals', 'bt')).toMatch(
      /^b = .*\n#0 {2}f \(a=1\) at .*short\.c:1\n#1 {2}main \(\) at .*short\.c:1$/m,
    );
  });

  it('whose folder was renamed while they were compiled (-ffile-prefix-map)', async () => {
    write('project/src/m.c', '#include "inc.h"\nint main(void) { return inl(2); }\n');
    write('project/src/inc.h', 'static inline int inl(int x) {\n  return x; }\n');
    execFileSync('gcc', ['-g', 'm.c', `-ffile-prefix-map=${folder}/project=.`, '-o', join(folder, 'renamed')], {
      cwd: join(folder, 'project/src'),
    });
    const program = join(folder, 'renamed');
    expect(await said(program, 'break inl', 'run', 'bt')).toMatch(/^#0 {2}inl \(x=2\) at src\/inc\.h:2\n#1 {2}main \(\) at src\/m\.c:2$/m);
    for (const where of ['project', 'project/src'])
      expect(await said(program, `directory "${join(folder, where)}"`, 'list inl')).toContain('   2    return x; }\n');
  });
});

it('sources that were moved are found by a rule (substitute-path), until it is taken away', async () => {
  const source = write('old place/app/m.c', 'int main(void) {\n  return 7; }\n');
  const program = gcc('moved', source);
  mkdirSync(join(folder, 'new'));
  renameSync(join(folder, 'old place'), join(folder, 'new/place'));
  const [from, to] = [join(folder, 'old place'), join(folder, 'new/place')];
  const shown = await said(program, 'list 1', `set substitute-path "${from}/" "${to}"`, 'show substitute-path', 'list 1', 'break 2', 'run', `unset substitute-path "${from}"`, 'list 1'); // prettier-ignore
  expect(shown).toContain(`  ${from} -> ${to}\n   1  int main(void) {\n`);
  expect(shown).toContain('-> 2    return 7; }\n');
  expect(shown.match(/no such file, or it cannot be read/g)).toHaveLength(2);
  const faults = await said(program, 'set substitute-path /a', 'unset substitute-path /a', 'show directories');
  expect(faults).toContain('Two folders are needed.');
  expect(faults).toContain('There is no rule for /a.');
  expect(faults).toContain('Source directories searched: $cdir:$cwd');
});

it('a function in two parts: both are shown, and which', async () => {
  const text = `#include <stdio.h>
__attribute__((noinline, cold)) void report(int n) { printf("%d\\n", n); }
__attribute__((noinline)) int work(int *p, int n) {
  int s = 0;
  for (int i = 0; i < n; i++) {
    if (__builtin_expect(p[i] < 0, 0)) { report(p[i]); report(i); s -= 2; }
    s += p[i];
  }
  return s;
}
int main(int argc, char **argv) { (void)argv; int v[4] = {1, -2, 3, argc}; return work(v, 4) == 0; }
`;
  const program = compileText('parts.c', text, ['-O2']);
  const shown = await said(program, 'break report', 'run', 'up', 'disassemble', 'info symbol $pc');
  expect(shown).toMatch(/^#1 {2}work \(p=p@entry=0x[0-9a-f]+, n=n@entry=4\) at /m);
  expect(shown.match(/^Address range 0x[0-9a-f]+ to 0x[0-9a-f]+:$/gm)).toHaveLength(2);
  expect(shown).toMatch(/^work\.cold \+ \d+ in section \.text of /m);
});

it('stacks of its own (makecontext): a backtrace ends at their start, steps and finish stay on them', async () => {
  const text = `#include <stdlib.h>
#include <ucontext.h>
static ucontext_t back, co;
static int deep(int n) {
  int local = n * 2;
  swapcontext(&co, &back);
  local++;
  return local;
}
static void entry(int a, int b) {
  int r = deep(a + b);
  exit(r != 15);
}
int main(void) {
  getcontext(&co);
  co.uc_stack.ss_sp = malloc(65536);
  co.uc_stack.ss_size = 65536;
  co.uc_link = &back;
  makecontext(&co, (void (*)(void))entry, 2, 3, 4);
  swapcontext(&back, &co);
  swapcontext(&back, &co);
}
`;
  const shown = await said(
    compileText('contexts.c', text),
    'break deep',
    'run',
    'bt',
    'next',
    'next',
    'next',
    'print local',
    'bt',
    'finish',
  );
  const stack = backtrace(shown).map((line) => line.replace(/ at .*:/, ' '));
  expect(stack.slice(0, 2)).toEqual(['#0  deep (n=7) 5', '#1  entry (a=3, b=4) 11']);
  expect(shown).toContain('$1 = 15');
  // Of the C library's own code where contexts begin, one frame at most.
  expect(stack.filter((line) => /^#[3-9]/.test(line))).toEqual([]);
  expect(shown).toMatch(/^Value returned is \$2 = 15$/m);
});

it('coroutines of C++', async () => {
  const text = `#include <coroutine>
struct Gen {
  struct promise_type {
    int value;
    Gen get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int v) { value = v; return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> h;
};
int helper(int i) { return i * i; }
Gen squares(int n) {
  int local = 100;
  for (int i = 0; i < n; i++) {
    local += helper(i);
    co_yield local;
  }
}
int main() {
  Gen g = squares(3);
  g.h.resume();
  g.h.resume();
  return g.h.promise().value != 101;
}
`;
  const shown = await said(
    compileText('coroutine.cc', text, ['-std=c++20']),
    'break helper',
    'run',
    'continue',
    'bt',
    'up',
    'print local',
    'print i',
    'finish',
    'next',
    'next',
    'print local',
  );
  expect(
    backtrace(shown)
      .slice(0, 4)
      .map((line) => line.replace(/ \(.*/, '')),
  ).toEqual(['#0  helper', '#1  squares', '#2  std::__n4861::coroutine_handle<Gen::promise_type>::resume', '#3  main']);
  expect(shown).toContain('$1 = 100\n$2 = 1\n');
});
