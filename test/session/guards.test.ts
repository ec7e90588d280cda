/** The guards' words and stops when looks come late, as on a machine that has more to do. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import type { Family } from '../../src/inferior/family.js';
import { Guards } from '../../src/session/guards.js';
import { Settings } from '../../src/session/settings.js';
import { leakGuard } from '../helpers/leaks.js';
import { processFacts } from '../helpers/processes.js';
import { until } from '../helpers/until.js';

leakGuard();

it('who is kept standing is said although the same look finds the hang', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  await until(() => processFacts(pid)?.name === 'sleep' && processFacts(pid)?.state === 'S');
  const settings = new Settings();
  settings.set('hang-after', '3');
  const said: string[] = [];
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  try {
    const guards = new Guards({
      settings,
      family: { processes: () => [{ pid, muted: false }] } as unknown as Family,
      standing: () => 'process 7 is held',
      note: (text) => said.push(text),
      stop: () => said.push('stop'),
    });
    guards.begin();
    vi.advanceTimersByTime(250);
    vi.setSystemTime(Date.now() + 60_000); // no look was made meanwhile
    vi.advanceTimersByTime(250);
    expect(guards.hung).toBe(true);
    guards.end();
  } finally {
    vi.useRealTimers();
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  expect(said).toEqual(['[Nobody moves, and process 7 is held]', 'stop']);
});
