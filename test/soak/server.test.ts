import { expect, it } from 'vitest';
import { soak } from './server.js';

/** `npm run soak` asks for 1,000 runs. */
const runs = Number(process.env['DEET_SOAK'] ?? 8);
const clients = 6;
/** Milliseconds that a run may take on a busy machine. */
const longestRun = 60_000;

it(
  'the forking server under load leaves nothing behind, run after run',
  async () => {
    const result = await soak(runs, clients, (run) => {
      if (run % 50 === 0) console.log(`${run} runs`);
    });
    expect(result).toMatchObject({ runs, clients: runs * clients, wrong: 0, left: [] });
    if (runs > 100)
      console.log(`${runs} runs, ${result.clients} clients; this process has grown by ${Math.round(result.grown / 1024)} KiB`);
  },
  runs * longestRun,
);
