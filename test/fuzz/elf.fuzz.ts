/** Damaged ELF files for as long as one likes: DEET_FUZZ_SECONDS=600 npm run fuzz. Each failure names its seed. */
import { expect, it } from 'vitest';
import { damagedFiles } from '../elf/damaged-files.js';
import { attack } from './elf.js';

const seconds = Number(process.env['DEET_FUZZ_SECONDS'] ?? 30);
const first = Number(process.env['DEET_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

it(`survives ${seconds} s of damage from seed ${first} on`, { timeout: (seconds + 60) * 1000 }, () => {
  const files = damagedFiles();
  const end = performance.now() + seconds * 1000;
  let seed = first;
  while (performance.now() < end) attack(files[seed % files.length], seed++);
  expect(seed).toBeGreaterThan(first);
  expect(process.resourceUsage().maxRSS).toBeLessThan(1 << 20); // KiB: 1 GiB
});
