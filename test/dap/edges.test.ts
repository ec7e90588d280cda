/** Requests that are odd, and what is answered: the same breakpoint twice, files by other names, places that are none. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-return -- a message's body is what the test says it is */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { debugRegistersTrap } from '../../src/inferior/debug_registers.js';
import { compile, lineOf, writeText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client } from './client.js';
import { sharedAdapter } from './shared_adapter.js';

leakGuard();
sharedAdapter();

const source = writeText(
  'edges.c',
  'int counter;\nstatic int scope(int n) {\n  int local = n; // first\n  local += 2; // second\n  return local;\n}\nint main(void) {\n  for (int i = 0; i < 3; i++)\n    counter = scope(i); // again\n  return counter;\n}\n',
);
const line = (text: string): number => lineOf(source, text);

it('one breakpoint asked for twice is one, and goes when it is asked for no more', async () => {
  await using client = new Client();
  const set = async (...lines: number[]): Promise<{ id: number }[]> =>
    (await client.ask('setBreakpoints', { source: { path: source }, breakpoints: lines.map((each) => ({ line: each })) })).breakpoints;
  await client.launch({ program: compile(source) }, async () => {
    const [first, second] = await set(line('again'), line('again'));
    expect(first?.id).toBe(second?.id);
    await set(line('second'));
  });
  for (let turn = 0; turn < 3; turn++) {
    await client.event('stopped');
    expect((await client.top()).line).toBe(line('second'));
    await client.ask('continue', { threadId: 1 });
  }
  await client.event('terminated');
});

it('a file is found through a symbolic link, and shown by the name that the client has for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'deet-link-'));
  const link = join(folder, basename(source));
  symlinkSync(source, link);
  try {
    await using client = new Client();
    await client.launch({ program: compile(source) }, async () => {
      const { breakpoints } = await client.ask('setBreakpoints', { source: { path: link }, breakpoints: [{ line: line('again') }] });
      expect(breakpoints).toMatchObject([{ verified: true, line: line('again') }]);
    });
    await client.event('stopped');
    expect((await client.top()).source?.path).toBe(link);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('what is no place fails by itself, and says why', async () => {
  await using client = new Client();
  await client.launch({ program: compile(source) }, async () => {
    const { breakpoints } = await client.ask('setBreakpoints', {
      source: { path: source },
      breakpoints: [{ line: 0 }, { line: 999 }, { line: line('again') }],
    });
    expect(breakpoints).toMatchObject([
      { verified: false, reason: 'failed', message: 'There is no line 0.' },
      { verified: false, reason: 'pending', message: expect.stringContaining('past the end of the code') },
      { verified: true },
    ]);
    const named = await client.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'nothing_here' }] });
    expect(named.breakpoints).toMatchObject([{ reason: 'pending', message: 'Function "nothing_here" not defined.' }]);
    const filters = await client.ask('setExceptionBreakpoints', { filters: ['nonsense'] });
    expect(filters.breakpoints).toMatchObject([{ verified: false, message: 'deet has no filter "nonsense".' }]);
  });
  await client.event('stopped');
  const { instructionPointerReference } = await client.top();
  const { breakpoints } = await client.ask('setInstructionBreakpoints', {
    breakpoints: [{ instructionReference: 'main' }, { instructionReference: instructionPointerReference, offset: 0 }],
  });
  expect(breakpoints).toMatchObject([{ verified: false, message: '"main" is no memory reference.' }, { verified: true }]);
});

it('a jump is within the function that the thread is in, whichever frame was looked at last', async () => {
  await using client = new Client();
  await client.stopAt(compile(source), 'scope');
  const [, caller] = await client.frames();
  await client.evaluate('i', 'watch', caller?.id);
  const { targets } = await client.ask('gotoTargets', { source: { path: source }, line: line('second') });
  expect(targets).toMatchObject([{ line: line('second') }]);
  await client.ask('goto', { threadId: 1, targetId: targets[0].id });
  expect((await client.event('stopped')).body.reason).toBe('goto');
  expect((await client.top()).line).toBe(line('second'));
});

it('data breakpoints say whether it was read or written', async () => {
  await using client = new Client();
  await client.stopAt(compile(source), 'main');
  const { dataId, accessTypes } = await client.ask('dataBreakpointInfo', { name: 'counter' });
  const accessType = (accessTypes as string[]).at(-1); // in a virtual machine whose debug registers do not trap: only writes, by stepping
  expect(accessTypes).toEqual(debugRegistersTrap() ? ['read', 'write', 'readWrite'] : ['write']);
  await client.ask('setDataBreakpoints', { breakpoints: [{ dataId, accessType }] });
  const descriptions: string[] = [];
  const expected = ['Changed: counter: 0 → 2', 'Changed: counter: 2 → 3', 'Changed: counter: 3 → 4'];
  if (accessType === 'readWrite') expected.push('Accessed: counter is 4');
  while (descriptions.length < expected.length) {
    await client.ask('continue', { threadId: 1 });
    descriptions.push((await client.event('stopped')).body.description);
  }
  expect(descriptions).toEqual(expected);
});

it('what is to be written is Base64, and what is assigned is one expression', async () => {
  await using client = new Client();
  await client.stopAt(compile(source), 'main');
  const { memoryReference } = await client.ask('evaluate', { expression: '&counter', context: 'watch' });
  expect(await client.refused('writeMemory', { memoryReference, data: '!!!not base64' })).toContain('must be Base64');
  expect(await client.ask('writeMemory', { memoryReference, data: Buffer.from([7]).toString('base64') })).toEqual({ bytesWritten: 1 });
  expect(await client.refused('setExpression', { expression: 'counter', value: '1) + (2' })).toContain('near `) + (2');
  expect(await client.refused('setExpression', { expression: 'counter', value: '' })).toContain('Argument required');
  expect(await client.evaluate('counter')).toBe('7');
});

it('a stop names no breakpoints that the client has not set', async () => {
  await using client = new Client();
  await client.launch({ program: compile(source), stopOnEntry: true });
  expect((await client.event('stopped')).body).toEqual({ reason: 'entry', threadId: 1, allThreadsStopped: true });
  await client.evaluate('break scope', 'repl');
  await client.ask('continue', { threadId: 1 });
  expect((await client.event('stopped')).body).toEqual({ reason: 'function breakpoint', threadId: 1, allThreadsStopped: true });
});
