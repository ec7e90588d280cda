/** The client that adapters are usually tested with (@vscode/debugadapter-testsupport), and its checks. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lineOf, sample, sampleSource } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { patience } from '../helpers/patience.js';
import { deet } from '../repl/cli.js';

leakGuard();

const program = sample('function_calls');
const source = sampleSource('function_calls');
const launch = { program, initCommands: ['set debug-file-directory /nonexistent'] };
const folder = mkdtempSync(join(tmpdir(), 'deet-testsupport-'));

let client: DebugClient;
beforeAll(() => {
  // It starts an interpreter with one file.
  writeFileSync(join(folder, 'adapter'), `exec '${process.execPath}' '${deet()}' dap\n`);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  client = new DebugClient('/bin/sh', join(folder, 'adapter'), 'deet');
  client.defaultTimeout = patience;
  await client.start();
});
afterEach(async () => {
  await client.stop();
});

describe('initialize', () => {
  it('names features, and refuses what is unknown', async () => {
    const { body } = await client.initializeRequest();
    expect(body).toMatchObject({ supportsConfigurationDoneRequest: true });
    expect(body?.supportsStepBack).toBeUndefined();
    await expect(client.send('illegal_request')).rejects.toThrow('does not support');
  });

  it('counts lines as the client does', async () => {
    await client.initializeRequest({ adapterID: 'deet', linesStartAt1: false, columnsStartAt1: false, pathFormat: 'path' });
    const line = lineOf(source, 'func2 got') - 1;
    const launched = client.launchRequest(launch as object);
    await client.waitForEvent('initialized');
    const { body } = await client.setBreakpointsRequest({ source: { path: source }, breakpoints: [{ line }] });
    expect(body.breakpoints).toMatchObject([{ verified: true, line }]);
    // Asked for at once: the client forgets an event that nobody waits for.
    await Promise.all([client.configurationDoneRequest(), client.waitForEvent('stopped')]);
    expect((await client.stackTraceRequest({ threadId: 1 })).body.stackFrames[0]).toMatchObject({ line, column: expect.any(Number) });
    await launched;
  });
});

describe('launch', () => {
  it('runs to the end', async () => {
    await Promise.all([client.configurationSequence(), client.launch(launch), client.waitForEvent('terminated')]);
  });

  it('stops on entry', async () => {
    await Promise.all([
      client.configurationSequence(),
      client.launch({ ...launch, stopOnEntry: true }),
      client.assertStoppedLocation('entry', { path: source, line: lineOf(source, 'func1(2)') }),
    ]);
  });

  it('hands on the output', async () => {
    await Promise.all([client.configurationSequence(), client.launch(launch), client.assertOutput('stdout', 'func1 got 2\nfunc2 got')]);
  });
});

describe('breakpoints', () => {
  it('on lines stop', async () => {
    await client.hitBreakpoint(launch, { path: source, line: lineOf(source, 'func2 got') });
  });

  it('are left by a step', async () => {
    const line = lineOf(source, 'func2 got');
    await client.hitBreakpoint(launch, { path: source, line });
    await Promise.all([client.nextRequest({ threadId: 1 }), client.assertStoppedLocation('step', { path: source, line: line + 1 })]);
  });
});

describe('signals', () => {
  it('stop as exceptions', async () => {
    await Promise.all([
      client.configurationSequence(),
      client.launch({ ...launch, program: sample('segfault') }),
      client.assertStoppedLocation('exception', {
        path: sampleSource('segfault'),
        line: lineOf(sampleSource('segfault'), '*p = a'),
      }),
    ]);
  });
});
