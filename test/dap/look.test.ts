/** What a client sees of a stopped program, and how it changes it. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-return -- a message's body is what the test says it is */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import { compileText, lineOf, sample, sampleSource } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client } from './client.js';
import { sharedAdapter } from './shared_adapter.js';

leakGuard();
sharedAdapter();

const calls = sample('function_calls');
const source = sampleSource('function_calls');

const program = (): string =>
  compileText(
    'values.c',
    `#include <stdio.h>
#include <string.h>
struct node { int value; struct node *next; char name[8]; };
static int total = 5;
int numbers[1000];
static int sum(struct node *list, int extra) {
  static int calls;
  int result = extra;
  calls++;
  for (struct node *at = list; at; at = at->next) {
    int result = at->value;
    total += result;
    numbers[at->value] = total;
  }
  return result + total; // here
}
int main(void) {
  struct node second = {2, 0, "two"}, first = {1, &second, "one"};
  double half = 0.5;
  int answer = sum(&first, 7);
  printf("%d %g\\n", answer, half); // done
  return 0;
}
`,
  );

/** Stops in sum's loop, where an inner \`result\` hides the outer one. */
const inLoop = async (client: Client): Promise<void> => {
  await client.stopAt(program(), 'sum');
  const path = (await client.top()).source?.path ?? '';
  await client.ask('setBreakpoints', { source: { path }, breakpoints: [{ line: lineOf(path, 'total += result') }] });
  await client.ask('continue', { threadId: 1 });
  await client.event('stopped');
};

describe('variables', () => {
  it('are there with types, lazily, and inner ones hide outer ones', async () => {
    await using client = new Client();
    await inLoop(client);
    const locals = await client.scope('Locals');
    expect([...locals.keys()].map((name) => name.replace(/ @ .*/, ' @'))).toEqual(['result', 'at', 'calls', 'result @']);
    const passed = await client.scope('Arguments');
    expect([...passed.keys()]).toEqual(['list', 'extra']);
    expect(locals.get('result')).toMatchObject({ value: '1', type: 'int', evaluateName: 'result', variablesReference: 0 });
    expect([...locals.entries()].find(([name]) => name.startsWith('result @'))?.[1]).toMatchObject({ value: '7' });
    const list = passed.get('list');
    expect(list).toMatchObject({ type: 'struct node *', namedVariables: 3 });
    expect(list?.memoryReference).toMatch(/^0x7ff/);
    const first = await client.children(list?.variablesReference ?? 0);
    expect(first.get('value')).toMatchObject({ value: '1', evaluateName: 'list->value' });
    expect(first.get('name')?.value).toContain('"one"');
    const second = await client.children(first.get('next')?.variablesReference ?? 0);
    expect(second.get('name')).toMatchObject({ evaluateName: 'list->next->name' });
    expect(second.get('next')).toMatchObject({ value: '0x0', variablesReference: 0 });
  });

  it('keep their numbers from stop to stop, and forget their values when the program goes on', async () => {
    await using client = new Client();
    await inLoop(client);
    const before = await client.top();
    const list = (await client.scope('Arguments', before.id)).get('list');
    await client.ask('next', { threadId: 1 });
    await client.event('stopped');
    expect(await client.refused('variables', { variablesReference: list?.variablesReference })).toContain('not known any more');
    const after = await client.top();
    expect(after.id).toBe(before.id);
    expect((await client.scope('Arguments', after.id)).get('list')?.variablesReference).toBe(list?.variablesReference);
  });

  it('unfold apart from each other where they have no names, and show the first of an array without bounds', async () => {
    const path = compileText(
      'nameless.c',
      `#include <stdlib.h>
struct both { union { int x; char y; }; union { long a; char b; }; };
struct open { int n; int items[]; };
int main(void) {
  struct both both = {{1}, {2}};
  struct open *open = calloc(1, sizeof *open + 2 * sizeof(int));
  open->items[0] = 7;
  return both.x + open->n - 1; // here
}
`,
    );
    await using client = new Client();
    await client.stopAt(path, 'main');
    await client.ask('setBreakpoints', { source: { path: (await client.top()).source?.path }, breakpoints: [{ line: 8 }] });
    await client.ask('continue', { threadId: 1 });
    await client.event('stopped');
    const locals = await client.scope('Locals');
    const reference = locals.get('both')?.variablesReference ?? 0;
    const { variables } = (await client.ask('variables', { variablesReference: reference })) as { variables: P.Variable[] };
    const inside = await Promise.all(variables.map(async (each) => [...(await client.children(each.variablesReference)).keys()]));
    expect(inside).toEqual([
      ['x', 'y'],
      ['a', 'b'],
    ]);
    const items = (await client.children(locals.get('open')?.variablesReference ?? 0)).get('items');
    expect((await client.children(items?.variablesReference ?? 0)).get('[0]')).toMatchObject({
      value: '7',
      evaluateName: 'open->items[0]',
    });
  });

  it('are those of their own frame where inlined calls begin at one address', async () => {
    const path = compileText(
      'at_one_address.c',
      `volatile int sink = 2;
static inline __attribute__((always_inline)) int inner(int deepest) { sink += deepest; return sink; }
static inline __attribute__((always_inline)) int outer(int middle) { return inner(middle); }
__attribute__((noinline)) int whole(int given) { return outer(given); }
int main(void) { return whole(sink) == 4 ? 0 : 1; }
`,
      ['-O2'],
    );
    await using client = new Client();
    await client.stopAt(path, 'inner');
    const frames = await client.frames();
    expect(frames.map(({ name }) => name).slice(0, 4)).toEqual(['inner', 'outer', 'whole', 'main']);
    expect(new Set(frames.map(({ id }) => id)).size).toBe(frames.length);
    const names = await Promise.all(frames.slice(0, 3).map(async ({ id }) => [...(await client.scope('Arguments', id)).keys()]));
    expect(names).toEqual([['deepest'], ['middle'], ['given']]);
  });

  it('come in pages and in hexadecimal', async () => {
    await using client = new Client();
    await inLoop(client);
    const numbers = await client.ask('evaluate', { expression: 'numbers', context: 'watch', frameId: (await client.top()).id });
    expect(numbers).toMatchObject({ indexedVariables: 1000, type: 'int [1000]' });
    const page = await client.children(numbers.variablesReference, { filter: 'indexed', start: 990, count: 5 });
    expect([...page.keys()]).toEqual(['[990]', '[991]', '[992]', '[993]', '[994]']);
    expect((await client.children(numbers.variablesReference, { filter: 'named' })).size).toBe(0);
    const passed = (await client.ask('scopes', { frameId: (await client.top()).id })).scopes[1];
    expect(passed).toMatchObject({ name: 'Arguments', presentationHint: 'arguments', namedVariables: 2 });
    const hex = await client.children(passed.variablesReference, { format: { hex: true } });
    expect(hex.get('extra')?.value).toBe('0x7');
  });

  it('can be changed, by name and by expression, in outer frames too', async () => {
    await using client = new Client();
    await inLoop(client);
    const [top, caller] = await client.frames();
    const passed = (await client.ask('scopes', { frameId: top?.id })).scopes[1].variablesReference as number;
    expect(await client.ask('setVariable', { variablesReference: passed, name: 'extra', value: '2 * 21' })).toMatchObject({ value: '42' });
    const list = (await client.children(passed)).get('list')?.variablesReference;
    expect(await client.ask('setVariable', { variablesReference: list, name: 'value', value: "'a'" })).toMatchObject({ value: '97' });
    expect(await client.evaluate('list->value', 'watch', top?.id)).toBe('97');
    expect(await client.refused('setVariable', { variablesReference: passed, name: 'extra', value: 'nonsense' })).toContain('nonsense');
    expect(await client.ask('setExpression', { expression: 'half', value: '1.25', frameId: caller?.id })).toMatchObject({ value: '1.25' });
    expect(await client.evaluate('half * 2', 'hover', caller?.id)).toBe('2.5');
    expect(await client.evaluate('total', 'watch')).toBe('5');
  });

  it('of the file and of the processor have scopes of their own', async () => {
    await using client = new Client();
    await inLoop(client);
    const top = await client.top();
    const globals = await client.scope('Globals');
    expect(globals.get('total')?.value).toBe('5');
    const registers = await client.scope('Registers');
    expect([...registers.keys()]).toEqual(['General', 'Segments', 'Floating point', 'Vector']);
    const general = await client.children(registers.get('General')?.variablesReference ?? 0);
    expect(BigInt(general.get('rip')?.value.split(' ')[0] ?? 0)).toBe(BigInt(top.instructionPointerReference ?? 1));
    expect(general.get('eflags')?.value).toMatch(/^\[ .*IF.*\]$/);
    const reference = registers.get('General')?.variablesReference;
    expect(await client.ask('setVariable', { variablesReference: reference, name: 'rax', value: '77' })).toMatchObject({ value: '77' });
    expect(await client.evaluate('$rax')).toBe('77');
  });
});

describe('the stack', () => {
  it('comes in pages, however deep', async () => {
    const deep = compileText(
      'deep_calls.c',
      'int down(int n) {\n  if (n == 0) return 0; // bottom\n  return 1 + down(n - 1);\n}\nint main(void) {\n  return down(5000) == 5000;\n}\n',
    );
    await using client = new Client();
    await client.stopAt(deep, 'main');
    await client.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'down', condition: 'n == 0' }] });
    await client.ask('continue', { threadId: 1 });
    await client.event('stopped');
    const first = await client.ask('stackTrace', { threadId: 1, startFrame: 0, levels: 20 });
    expect(first.stackFrames).toHaveLength(20);
    expect(first.totalFrames).toBeGreaterThan(20);
    const last = await client.ask('stackTrace', { threadId: 1, startFrame: 4990, levels: 100 });
    expect(last.stackFrames).toHaveLength(12);
    expect(last.totalFrames).toBe(5002);
    expect(last.stackFrames.at(-1).name).toBe('main');
    expect(await client.evaluate('n', 'watch', last.stackFrames.at(-2).id)).toBe('5000');
  });

  it('shows arguments when asked', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'func2');
    const { stackFrames } = await client.ask('stackTrace', { threadId: 1, format: { parameters: true } });
    expect(stackFrames[0].name).toBe('func2(a=2, b=4)');
  });
});

describe('breakpoints', () => {
  it('have conditions, numbers of hits and log messages', async () => {
    await using client = new Client();
    const loop = compileText(
      'loop.c',
      'int main(void) {\n  int sum = 0;\n  for (int i = 0; i < 20; i++)\n    sum += i; // body\n  return sum == 190 ? 0 : 1;\n}\n',
    );
    await client.stopAt(loop, 'main');
    const path = (await client.top()).source?.path ?? '';
    const line = lineOf(path, '// body');
    const set = (more: object): Promise<{ breakpoints: { id: number; verified: boolean; message?: string }[] }> =>
      client.ask('setBreakpoints', { source: { path }, breakpoints: [{ line, ...more }] });
    await set({ condition: 'i == 5' });
    await client.ask('continue', { threadId: 1 });
    await client.event('stopped');
    expect(await client.evaluate('i')).toBe('5');
    await set({ hitCondition: '% 3' });
    await client.ask('continue', { threadId: 1 });
    await client.event('stopped');
    expect(await client.evaluate('i')).toBe('8');
    await set({ logMessage: 'i is {i}, {{sum}} is {sum}, \\{kept\\}, {nothing}', condition: 'i > 17' });
    await client.ask('continue', { threadId: 1 });
    expect((await client.event('exited')).body.exitCode).toBe(0);
    expect(client.output('console')).toContain('i is 18, ');
    expect(client.output('console')).toContain('{kept}');
    expect(client.events('stopped')).toHaveLength(3);
  });

  it('that cannot be are not verified, and say why', async () => {
    await using client = new Client();
    await client.launch({ program: calls, stopOnEntry: true }, async () => {
      const lines = await client.ask('setBreakpoints', { source: { path: source }, breakpoints: [{ line: 1 }, { line: 9999 }] });
      expect(lines.breakpoints[0]).toMatchObject({ verified: true, line: 5 });
      expect(lines.breakpoints[1].verified).toBe(false);
      const functions = await client.ask('setFunctionBreakpoints', {
        breakpoints: [{ name: 'nowhere' }, { name: 'func1', condition: 'a ==' }, { name: 'func1', hitCondition: 'often' }],
      });
      expect(functions.breakpoints.map(({ verified }: { verified: boolean }) => verified)).toEqual([false, false, false]);
      expect(functions.breakpoints[2].message).toContain('often');
    });
  });

  it('keep their numbers when they are set again', async () => {
    await using client = new Client();
    await client.launch({ program: calls }, async () => {
      const set = (lines: number[]): Promise<{ breakpoints: { id: number }[] }> =>
        client.ask('setBreakpoints', { source: { path: source }, breakpoints: lines.map((line) => ({ line })) });
      const [a, b] = (await set([5, 10])).breakpoints;
      const [c, d, e] = (await set([10, 16, 5])).breakpoints;
      expect([c?.id, e?.id]).toEqual([b?.id, a?.id]);
      expect([a?.id, b?.id]).not.toContain(d?.id);
    });
    const stopped = await client.event('stopped');
    expect(stopped.body.hitBreakpointIds).toHaveLength(1);
  });

  it('on instructions stop exactly there', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'main');
    const { instructions } = await client.ask('disassemble', {
      memoryReference: (await client.top()).instructionPointerReference,
      instructionCount: 3,
    });
    const target = instructions[2].address as string;
    await client.ask('setInstructionBreakpoints', { breakpoints: [{ instructionReference: target }] });
    await client.ask('continue', { threadId: 1 });
    expect((await client.event('stopped')).body.reason).toBe('instruction breakpoint');
    expect((await client.top()).instructionPointerReference).toBe(target);
  });

  it('on data stop at the change, with both values', async () => {
    await using client = new Client();
    await inLoop(client);
    const top = await client.top();
    const globals = (await client.ask('scopes', { frameId: top.id })).scopes.find(({ name }: { name: string }) => name === 'Globals');
    const info = await client.ask('dataBreakpointInfo', { variablesReference: globals.variablesReference, name: 'total' });
    expect(info).toMatchObject({ description: 'total', canPersist: false });
    const set = await client.ask('setDataBreakpoints', { breakpoints: [{ dataId: info.dataId, accessType: 'write' }] });
    expect(set.breakpoints).toMatchObject([{ verified: true }]);
    await client.ask('continue', { threadId: 1 });
    const stopped = await client.event('stopped');
    expect(stopped.body).toMatchObject({ reason: 'data breakpoint', hitBreakpointIds: [set.breakpoints[0].id] });
    expect(stopped.body.description).toContain('5 → 6');
    expect((await client.ask('dataBreakpointInfo', { name: '1 + 1', frameId: (await client.top()).id })).dataId).toBeNull();
  });

  it('can be where code is', async () => {
    await using client = new Client();
    await client.launch({ program: calls, stopOnEntry: true });
    await client.event('stopped');
    const { breakpoints } = await client.ask('breakpointLocations', { source: { path: source }, line: 1, endLine: 8 });
    expect(breakpoints).toEqual([{ line: 5 }, { line: 6 }, { line: 7 }]);
  });
});

describe('the debug console', () => {
  it('takes the commands of the prompt', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'func2');
    const say = (text: string): Promise<string> => client.evaluate(text, 'repl');
    expect(await say('print a + b')).toBe('$1 = 6');
    expect(await say('info args')).toBe('a = 2\nb = 4');
    expect(await say('backtrace')).toMatch(/^#0 .*func2[^]*#2 .*main/);
    expect(await say('a + b * 10')).toBe('42');
    expect(await client.refused('evaluate', { expression: 'nonsense', context: 'repl' })).toContain('Unrecognized command');
    expect(await client.refused('evaluate', { expression: 'print nonsense', context: 'repl' })).toContain('nonsense');
  });

  it('shows what its commands have changed: a step, a breakpoint, the end', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'func2');
    await client.evaluate('next', 'repl');
    expect((await client.event('stopped')).body.reason).toBe('step');
    expect((await client.top()).line).toBe(lineOf(source, 'int sum'));
    await client.evaluate('delete', 'repl');
    expect(client.events('breakpoint').map(({ body }) => body.reason)).toContain('removed');
    await client.evaluate('continue', 'repl');
    expect((await client.event('exited')).body.exitCode).toBe(0);
    await client.event('terminated');
  });

  it('completes commands and names', async () => {
    await using client = new Client();
    await client.stopAt(program(), 'sum');
    const labels = async (text: string): Promise<string[]> =>
      (await client.ask('completions', { text, column: text.length + 1, frameId: (await client.top()).id })).targets.map(
        ({ label }: { label: string }) => label,
      );
    expect(await labels('backt')).toContain('backtrace');
    expect(await labels('print ext')).toContain('extra');
    expect(await labels('tot')).toContain('total');
    // Columns count as the client's do: from 1.
    const { targets } = await client.ask('completions', { text: 'print ext', column: 10 });
    expect(targets).toContainEqual({ label: 'extra', start: 7, length: 3 });
  });
});

describe('memory and code', () => {
  it('can be read, written and disassembled', async () => {
    await using client = new Client();
    await inLoop(client);
    const list = (await client.scope('Arguments')).get('list');
    const memory = await client.ask('readMemory', { memoryReference: list?.memoryReference, offset: 16, count: 4 });
    expect(Buffer.from(memory.data, 'base64').toString('latin1')).toBe('one\0');
    await client.ask('writeMemory', {
      memoryReference: list?.memoryReference,
      offset: 16,
      data: Buffer.from('two').toString('base64'),
    });
    expect(await client.evaluate('list->name')).toContain('"two');
    const none = await client.ask('readMemory', { memoryReference: '0x10', count: 8 });
    expect(none).toEqual({ address: '0x10', unreadableBytes: 8 });
    expect(await client.refused('readMemory', { memoryReference: 'here', count: 8 })).toContain('no memory reference');
  });

  it("shows code around the current instruction without deet's own breakpoints", async () => {
    await using client = new Client();
    await client.stopAt(calls, 'func3');
    const pc = (await client.top()).instructionPointerReference ?? '';
    const { instructions } = await client.ask('disassemble', { memoryReference: pc, instructionOffset: -5, instructionCount: 12 });
    expect(instructions).toHaveLength(12);
    expect(instructions[5].address).toBe(pc);
    expect(instructions.map(({ instruction }: { instruction: string }) => instruction).join('\n')).not.toContain('int3');
    expect(instructions[5].symbol).toMatch(/^func3\+/);
    expect(instructions[5]).toMatchObject({ line: 5, location: { path: source } });
    const { instructions: ahead } = await client.ask('disassemble', { memoryReference: pc, instructionOffset: 2, instructionCount: 3 });
    expect(ahead[0].address).toBe(instructions[7].address);
  });

  it('lists modules and sources', async () => {
    await using client = new Client();
    await client.stopAt(calls, 'main');
    const { modules, totalModules } = await client.ask('modules', {});
    expect(modules[0]).toMatchObject({ id: calls, isUserCode: true, symbolStatus: 'Symbols loaded' });
    expect(totalModules).toBe(modules.length);
    expect(client.events('module').length).toBeGreaterThanOrEqual(2);
    const { sources } = await client.ask('loadedSources');
    expect(sources.map(({ path }: { path: string }) => path)).toContain(source);
    expect((await client.ask('source', { source: { path: source }, sourceReference: 0 })).content).toContain('int func3(int a)');
  });
});
