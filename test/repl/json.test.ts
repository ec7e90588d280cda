import { describe, expect, it } from 'vitest';
import { compileText, sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { commands, run } from './cli.js';
import { fieldsOf, wrongWith } from './shapes.js';

leakGuard();

const lines = async (
  program: string,
  ...typed: string[]
): Promise<{ results: Record<string, unknown>[]; stderr: string; status: number | null }> => {
  const { stdout, stderr, status } = await run(['--json', ...commands(...typed), program]);
  const all = stdout.split('\n').filter((line) => line !== '');
  expect(all.map(wrongWith).filter((wrong) => wrong !== undefined)).toEqual([]);
  return { results: all.map((line) => JSON.parse(line) as Record<string, unknown>), stderr, status };
};

describe('--json', () => {
  it('has the shapes of the interface', async () => {
    const { results, stderr } = await lines(
      sample('function_calls'),
      ...['break func2 if a == 2', 'break func3', 'run', 'info breakpoints', 'backtrace', 'info locals', 'info args', 'print a', 'print &sum', 'frame 1', 'up', 'down 2', 'info threads', 'info inferiors', 'info tree'],
      ...['info fds', 'why', 'explain', 'info registers', 'x/4xw $sp', 'x/2i $pc', 'x/s "abc"', 'list', 'disassemble', 'display a', 'finish', 'step', 'continue', 'nonsense', 'help', 'continue'],
      'continue',
    ); // prettier-ignore
    expect([...new Set(results.map(({ type }) => type))].sort()).toEqual(
      ['backtrace', 'breakpoint', 'breakpoints', 'descriptors', 'disassembly', 'error', 'exit', 'explanation', 'frame', 'memory', 'message', 'processes', 'registers', 'source', 'stop', 'threads', 'value', 'variables', 'why'],
    ); // prettier-ignore
    // The program's own output does not mix with the results.
    expect(stderr).toContain('func1 got 2\n');
  });

  it('tells a long backtrace in pieces, each of which but the last says that it goes on', async () => {
    const deep = compileText(
      'deep_pieces.c',
      'int down(int n) { return n == 0 ? 0 : 1 + down(n - 1); }\nint main(void) { return down(5000) != 5000; }\n',
    );
    const { results } = await lines(deep, 'break down if n == 0', 'run', 'bt 4999', 'bt -4001', 'bt -1');
    const pieces = results.filter(({ type }) => type === 'backtrace') as { frames: { level: number }[]; continued?: true; more?: true }[];
    expect(pieces.map(({ continued, more }) => [continued, more])).toEqual([
      [true, undefined], [true, undefined], [undefined, true],
      [true, undefined], [true, undefined], [undefined, undefined],
      [undefined, undefined],
    ]); // prettier-ignore
    const levels = pieces.flatMap(({ frames }) => frames.map(({ level }) => level));
    const from = (first: number, end: number): number[] => Array.from({ length: end - first }, (_, index) => first + index);
    expect(levels).toEqual([...from(0, 4999), ...from(1001, 5002), 5001]);
  });

  it('has every field of the interface, where there is something to tell', async () => {
    const family = compileText(
      'every_field.c',
      `#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
struct node { int x; struct node *next; } first = {1, NULL}, *p = &first;
int counter;
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
void *locker(void *a) { pthread_mutex_lock(&lock); return a; }
int twice(int n) { int local = n; local *= 2; counter = local; return local; }
int main(void) {
  int ends[2];
  pipe(ends);
  twice(4);
  if (fork() == 0) { pid_t middle = getpid(); if (fork() == 0) { while (getppid() == middle) usleep(1000); _exit(0); } _exit(3); }
  wait(NULL);
  pid_t reader = fork();
  if (reader == 0) { char c; read(ends[0], &c, 1); _exit(0); }
  pthread_mutex_lock(&lock);
  pthread_t t;
  pthread_create(&t, NULL, locker, NULL);
  waitpid(reader, NULL, 0);
}
`,
      ['-pthread', '-w'],
    );
    const looks = ['info tree', 'info fds', 'why', 'explain', 'info threads', 'info report', 'bt'];
    const { results: inFamily } = await lines(
      family,
      ...['set hang-after 1', 'break twice', 'catch fork', 'catch syscall pipe2', 'break twice if n == 99', 'run', 'continue', 'continue', 'info breakpoints', 'list 1,3', 'disassemble /s', 'info locals'],
      ...['print *p', 'watch counter', 'continue', 'bt', 'frame', 'finish', 'continue', 'delete', 'continue', ...looks, 'info registers', 'x/8xb &first', 'nonsense', 'kill'],
    ); // prettier-ignore
    const { results: crash } = await lines(sample('segfault'), 'run', 'explain', 'continue');
    const { results: scope } = await lines(family, 'tbreak twice', 'run', 'watch local', 'continue', 'continue', 'continue', 'kill');
    const optimised = compileText(
      'every_variable.c',
      `int seen; __attribute__((noinline)) void look(void) { seen++; }\nint getpid(void); int main(void) { int gone = getpid(); look(); return 0; }`,
      ['-O2', '-w'],
    );
    const { results: without } = await lines(optimised, 'break look', 'run', 'up', 'info locals', 'kill');
    const seen = new Set([...inFamily, ...crash, ...scope, ...without].flatMap((result) => fieldsOf(result, String(result['type']))));
    const wanted = [
      'stop.reason stop.breakpoint stop.hits stop.pid stop.tid stop.frame stop.signal stop.address stop.child stop.returned.value',
      'stop.watch.expression stop.watch.old stop.watch.new stop.watch.scopeEnded stop.syscall.name stop.syscall.phase',
      'exit.pid exit.signal exit.coreDumped exit.status',
      'breakpoint.id breakpoint.enabled breakpoint.locations.address breakpoint.locations.function breakpoint.locations.file breakpoint.locations.line',
      'breakpoint.hits breakpoint.pending breakpoint.condition breakpoints.breakpoints.id',
      'backtrace.pid backtrace.tid backtrace.frames.level backtrace.frames.function backtrace.frames.file backtrace.frames.line backtrace.frames.address',
      'backtrace.frames.inlined backtrace.frames.image frame.frame.level',
      'variables.scope variables.variables.name variables.variables.type variables.variables.value variables.variables.address variables.variables.optimizedOut',
      'value.expression value.value value.valueType value.children.name',
      'threads.threads.id threads.threads.pid threads.threads.tid threads.threads.name threads.threads.state threads.threads.current threads.threads.frame',
      'processes.processes.pid processes.processes.ppid processes.processes.state processes.processes.program processes.processes.children.forkedAt.file',
      'processes.processes.children.forkedAt.line processes.processes.children.forkedAt.function processes.processes.children.status',
      'processes.processes.children.reapedBy processes.processes.children.children.orphaned',
      'descriptors.pid descriptors.descriptors.fd descriptors.descriptors.kind descriptors.descriptors.target descriptors.descriptors.end',
      'descriptors.descriptors.closeOnExec descriptors.descriptors.sharedWith.pid descriptors.descriptors.sharedWith.fd',
      'why.waits.pid why.waits.tid why.waits.call why.waits.on.kind why.waits.on.fd why.waits.on.holders.pid why.waits.on.holders.fd why.waits.on.symbol',
      'why.waits.text why.deadlocks explanation.cause explanation.expression explanation.address explanation.text',
      'report.problems.kind report.problems.pid report.problems.text registers.registers.rip memory.address memory.bytes',
      'source.file source.first source.lines disassembly.instructions.address disassembly.instructions.bytes disassembly.instructions.text disassembly.instructions.line',
      'message.text error.command error.message error.code',
    ].flatMap((row) => row.split(' '));
    expect(wanted.filter((field) => !seen.has(field))).toEqual([]);
  });

  it('tells where and why the program stopped', async () => {
    const { results } = await lines(sample('segfault'), 'break func2', 'run', 'continue', 'continue');
    const stops = results.filter(({ type }) => type === 'stop');
    expect(stops[0]).toMatchObject({
      reason: 'breakpoint',
      breakpoint: 0,
      hits: 1,
      frame: { level: 0, function: 'func2', line: 4, args: [{ name: 'a', type: 'int', value: '2' }] },
    });
    expect(stops[1]).toMatchObject({ reason: 'signal', signal: 'SIGSEGV', address: '0x0', frame: { line: 5 } });
    expect(results.at(-1)).toMatchObject({ type: 'exit', signal: 'SIGSEGV', coreDumped: false });
    expect(results.at(-1)).not.toHaveProperty('status');
  });

  it('gives errors a code and the command', async () => {
    const { results, status } = await lines(sample('hello'), 'print nosuch', 'brek');
    expect(results).toMatchObject([
      { type: 'error', command: 'print nosuch', code: 'no-symbol' },
      { type: 'error', command: 'brek', code: 'unknown-command', hint: 'Did you mean "break"?' },
    ]);
    expect(status).toBe(1);
  });

  it('tells what is wrong with other shapes', () => {
    expect(wrongWith('{"type":"exit","pid":"1"}')).toBe('exit: pid: "1" is no number');
    expect(wrongWith('{"type":"exit","pid":1,"signal":null}')).toContain('null');
    expect(wrongWith('Hello')).toContain('not JSON');
  });
});
