/** One adapter process for a whole test file. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { patience } from '../helpers/patience.js';
import { childrenOf } from '../helpers/processes.js';
import { Client, useAdapter } from './client.js';

/**
 * Clients are served by one process, one after another, which spares each test the start of its own. A test that is about the process says `new Client([])`.
 * Nothing of what the adapter has launched may be left when a test is over.
 */
export const sharedAdapter = (): void => {
  let server: Client | undefined;
  beforeAll(async () => {
    const started = new Client(['--listen', '127.0.0.1:0']);
    server = started;
    const port = Number(await started.until(() => /listens at 127\.0\.0\.1:(\d+)/.exec(started.stderr)?.[1], 'port'));
    useAdapter({ port });
  });
  afterEach(async () => {
    const pid = server?.pid ?? 0;
    await expect.poll(() => childrenOf(pid), { timeout: patience, interval: 5 }).toEqual([]);
  });
  afterAll(async () => {
    useAdapter([]);
    await server?.[Symbol.asyncDispose]();
  });
};
