/** The end of a session, whenever the client says it and however: what is open is answered, and processes live or die as it says. */

import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';
import { Client } from './client.js';

leakGuard();

const program = (): string =>
  compileText('says_and_waits.c', '#include <unistd.h>\nint main(void) {\n  write(1, "x", 1);\n  for (;;) pause();\n}\n');

describe('disconnect', () => {
  it.each(['launch', 'attach'] as const)('answers a %s that was never configured', async (request) => {
    await using client = new Client([]);
    await client.initialize();
    const open = client.send(request, request === 'launch' ? { program: program() } : { pid: process.pid });
    await client.event('initialized');
    expect(await client.disconnect()).toBe(0);
    expect(await client.answer(open)).toMatchObject({ success: false, message: expect.stringContaining('before it was configured') });
  });

  it('is understood before anything else', async () => {
    await using client = new Client([]);
    expect(await client.disconnect()).toBe(0);
  });
});

describe('a process that was attached to', () => {
  let running: ChildProcess | undefined;
  afterEach(async () => {
    const child = running;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await new Promise((resolve) => child.on('close', resolve));
  });
  const started = async (): Promise<number> => {
    const child = spawn(program(), { stdio: ['ignore', 'pipe', 'ignore'] });
    running = child;
    await new Promise((said) => child.stdout.once('data', said));
    return child.pid ?? 0;
  };
  const attached = async (client: Client, goesOn: boolean): Promise<number> => {
    const pid = await started();
    await client.attach({ pid });
    await client.event('stopped');
    if (goesOn) await client.ask('continue', { threadId: 1 });
    return pid;
  };

  it.each([
    ['stands still', false],
    ['runs', true],
  ])('and %s lives on, unless its end is asked for', async (_, goesOn) => {
    await using client = new Client([]);
    const pid = await attached(client, goesOn);
    expect(await client.disconnect()).toBe(0);
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/State:\s+[RSD][^]*TracerPid:\s+0\n/);
  });

  it.each([
    ['stands still', false],
    ['runs', true],
  ])('and %s ends when its end is asked for', async (_, goesOn) => {
    await using client = new Client([]);
    await attached(client, goesOn);
    const ended = new Promise((resolve) => running?.on('close', (_status, signal) => resolve(signal)));
    expect(await client.disconnect({ terminateDebuggee: true })).toBe(0);
    expect(await ended).toBe('SIGKILL');
  });
});
