/** `attach` with a core file. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-argument -- a message's body is what the test says it is */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture, lineOf } from '../helpers/build.js';
import { coreOf, coresGoAfterwards } from '../helpers/core.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client, type Message } from './client.js';

leakGuard();
coresGoAfterwards();

const program = fixture('core_state');
const core = coreOf(program);

const attached = async (client: Client, attributes: object): Promise<Message> => {
  await client.initialize();
  const attach = client.send('attach', { initCommands: ['set debug-file-directory /nonexistent'], ...attributes });
  await client.event('initialized');
  await client.ask('setBreakpoints', {
    source: { path: join(import.meta.dirname, '../fixtures/core_state.c') },
    breakpoints: [{ line: 40 }],
  });
  await client.ask('configurationDone');
  return client.answer(attach);
};

describe('a core file in an editor', () => {
  it.each([{ core }, { core, program }])('is looked at as a stopped program', async (attributes) => {
    await using client = new Client();
    expect(await attached(client, attributes)).toMatchObject({ success: true });
    const { body } = await client.event('stopped');
    expect(body).toMatchObject({ reason: 'exception', description: 'Stopped by SIGSEGV', threadId: 1, allThreadsStopped: true });
    expect(client.output('console')).toContain('Program terminated with signal SIGSEGV, Segmentation fault.');
    const { threads } = await client.ask('threads');
    expect(threads).toHaveLength(4);
    const frames = await client.frames();
    expect(frames.map(({ name }) => name.replace(/\(.*/, ''))).toEqual(['sum', 'main']);
    expect(frames[0]?.line).toBe(lineOf('core_state.c', '// crash'));
    const locals = await client.scope('Locals', frames[0]?.id);
    expect([locals.get('i')?.value, locals.get('at')?.value]).toEqual(['3', '0x0']);
    expect(await client.evaluate('list->next->name', 'watch', frames[0]?.id)).toMatch(/"middle"$/);
    expect(await client.evaluate('own', 'hover', frames[1]?.id)).toBe('7');
    expect(await client.evaluate('explain', 'repl', frames[0]?.id)).toContain('NULL');
    const waiting = (await client.frames(threads[1].id)).find(({ name }) => name.startsWith('keep_waiting'));
    const number = await client.scope('Locals', waiting?.id);
    expect(number.get('eighth')?.value).toMatch(/^0\.\d+$/);
    const { memoryReference } = await client.ask('evaluate', { expression: '&table[5]', context: 'watch', frameId: frames[0]?.id });
    const memory = await client.ask('readMemory', { memoryReference, count: 4 });
    expect(memory.data).toBe('DQAAAA==');
    expect(await client.disconnect()).toBe(0);
    expect(client.garbage).toBe('');
  });

  it('refuses what needs a living process, and goes on', async () => {
    await using client = new Client();
    await attached(client, { core, program });
    await client.event('stopped');
    const words = 'This is a core file: the program is dead, and can neither run nor be changed.';
    for (const request of ['continue', 'next', 'stepIn', 'stepOut', 'pause'])
      expect(await client.refused(request, { threadId: 1 })).toContain(words);
    const top = await client.top();
    expect(await client.refused('setExpression', { expression: 'table[0]', value: '9', frameId: top.id })).toContain('core file');
    expect(await client.refused('restart')).toContain('launched');
    expect(await client.refused('evaluate', { expression: 'why', context: 'repl' })).toContain(words);
    expect(await client.evaluate('table[0]', 'watch', top.id)).toBe('1');
    await client.ask('terminate');
    await client.event('terminated');
    expect(client.events('exited')).toEqual([]);
    expect(await client.disconnect()).toBe(0);
  });

  it('says what is wrong with a file that is none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'deet-core-'));
    const path = join(folder, 'core');
    writeFileSync(path, 'no core');
    await using client = new Client();
    expect(await attached(client, { core: path })).toMatchObject({ success: false });
    rmSync(folder, { recursive: true });
    expect(await client.disconnect()).toBe(0);
  });
});
