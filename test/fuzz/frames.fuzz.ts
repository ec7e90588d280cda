/** Damaged call-frame information for as long as one likes: DEET_FUZZ_SECONDS=600 npm run fuzz. Each failure names its seed. */
import { expect, it } from 'vitest';
import { openImage } from '../../src/symbols/open.js';
import { compile, fixtures } from '../helpers/build.js';
import { attackFrames } from './frames.js';

const seconds = Number(process.env['DEET_FUZZ_SECONDS'] ?? 30);
const first = Number(process.env['DEET_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

it(`survives ${seconds} s of damage from seed ${first} on`, { timeout: (seconds + 60) * 1000 }, () => {
  const flags = [[], ['-O2'], ['-O1', '-fno-asynchronous-unwind-tables']];
  const files = [...flags.map((each) => compile(`${fixtures}/unwind_steps.c`, each)), '/bin/ls'];
  const sources = files.map((path) => openImage(path).callFrames);
  const end = performance.now() + seconds * 1000;
  let seed = first;
  while (performance.now() < end) attackFrames(sources[seed % sources.length], seed++);
  expect(seed).toBeGreaterThan(first);
  expect(process.resourceUsage().maxRSS).toBeLessThan(1 << 20); // KiB: 1 GiB
});
