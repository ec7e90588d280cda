/** While the symbols of a big program are read for the first time, clients that can show it are told so; nobody hears of small ones, or of what lies in the cache. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access -- a message's body is what the test says it is */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sample } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client } from './client.js';

leakGuard();

let folder = '';
let big = '';

/** A unit that is big because of one attribute's bytes: it costs the assembler nothing. */
const unit = `.section .note.GNU-stack,"",@progbits
.section .debug_abbrev,"",@progbits
abbreviations: .uleb128 1, 0x11; .byte 0; .uleb128 0x03, 0x08, 0x02, 0x04; .byte 0, 0, 0
.section .debug_info,"",@progbits
.4byte 3f - 2f
2: .2byte 4; .4byte abbreviations; .byte 8
.uleb128 1; .asciz "big.s"; .4byte 50 << 20; .zero 50 << 20
3:
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'deet-progress-'));
  const [assembly, source] = [join(folder, 'big.s'), join(folder, 'main.c')];
  big = join(folder, 'big');
  writeFileSync(assembly, unit);
  writeFileSync(source, 'static int counter = 3;\nint main(void) {\n  return counter - 3;\n}\n');
  execFileSync('gcc', ['-g', '-Wl,--build-id', source, assembly, '-o', big], { stdio: ['ignore', 'ignore', 'inherit'] });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const words = (client: Client): string[] =>
  client.messages
    .filter(({ type, event, command }) => event?.startsWith('progress') ?? (type === 'response' && command === 'evaluate'))
    .map(({ event, command }) => event ?? command ?? '');

const lookAt = async (program: string, capabilities: object, cache: string): Promise<Client> => {
  const client = new Client([], { XDG_CACHE_HOME: cache });
  await client.launch({ program }, () => client.ask('setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] }), capabilities);
  await client.event('stopped');
  await client.evaluate('counter', 'watch').catch(() => undefined);
  return client;
};

it('begins before the scan and ends behind it; the second time the index is in the cache', async () => {
  const cache = join(folder, 'cache');
  {
    await using client = await lookAt(big, { supportsProgressReporting: true }, cache);
    expect(words(client)).toEqual(['progressStart', 'progressEnd', 'evaluate']);
    const [start] = client.events('progressStart');
    expect(start?.body).toEqual({ progressId: 'symbols 1', title: 'Reading symbols of big', cancellable: false });
    expect(client.events('progressEnd')[0]?.body.progressId).toBe('symbols 1');
    // All names there are: a pass of its own.
    await client.ask('evaluate', { expression: 'info functions ^nothing$', context: 'repl' });
    expect(words(client)).toEqual(['progressStart', 'progressEnd', 'evaluate', 'progressStart', 'progressEnd', 'evaluate']);
  }
  await using again = await lookAt(big, { supportsProgressReporting: true }, cache);
  expect(words(again)).toEqual(['evaluate']);
});

it('is not told to a client that cannot show it, and not of a small program', async () => {
  await using silent = await lookAt(big, {}, join(folder, 'other'));
  expect(words(silent)).toEqual(['evaluate']);
  await using small = await lookAt(sample('function_calls'), { supportsProgressReporting: true }, join(folder, 'other'));
  expect(words(small)).toEqual(['evaluate']);
});
