/** Damaged core files for as long as one likes: DEET_FUZZ_SECONDS=600 npm run fuzz. Each failure names its seed. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fixture } from '../helpers/build.js';
import { coreOf, coresGoAfterwards } from '../helpers/core.js';
import { attackCore } from './cores.js';

const seconds = Number(process.env['DEET_FUZZ_SECONDS'] ?? 30);
const first = Number(process.env['DEET_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
coresGoAfterwards();

it(`survives ${seconds} s of damaged core files from seed ${first} on`, { timeout: (seconds + 60) * 1000 }, async () => {
  const program = fixture('core_state');
  const file = readFileSync(coreOf(program, ['segv', '0']));
  const end = performance.now() + seconds * 1000;
  let seed = first;
  while (performance.now() < end) await attackCore(file, program, seed++);
  expect(seed).toBeGreaterThan(first);
});
