/** Damaged debug information for as long as one likes: DEET_FUZZ_SECONDS=600 npm run fuzz. Each failure names its seed. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { damagedPrograms } from '../symbols/damaged-programs.js';
import { attackSymbols } from './symbols.js';

const seconds = Number(process.env['DEET_FUZZ_SECONDS'] ?? 30);
const first = Number(process.env['DEET_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

it(`survives ${seconds} s of damage to symbols from seed ${first} on`, { timeout: (seconds + 60) * 1000 }, () => {
  const files = damagedPrograms().map((path) => readFileSync(path));
  const end = performance.now() + seconds * 1000;
  let seed = first;
  while (performance.now() < end) attackSymbols(files[seed % files.length], seed++);
  expect(seed).toBeGreaterThan(first);
  expect(process.resourceUsage().maxRSS).toBeLessThan(1 << 20); // KiB: 1 GiB
});
