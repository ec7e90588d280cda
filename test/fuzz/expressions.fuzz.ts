/** Damaged expressions for as long as one likes: DEET_FUZZ_SECONDS=600 npm run fuzz. A failure names its seed. */
import { expect, it } from 'vitest';
import { fixture } from '../helpers/build.js';
import { fileContext } from '../language/oracle.js';
import { attackExpression, damaged, Random, seeds } from './expressions.js';

const seconds = Number(process.env['DEET_FUZZ_SECONDS'] ?? 30);
const first = Number(process.env['DEET_FUZZ_SEED'] ?? Date.now() % 1_000_000_000);

it(`survives ${seconds} s of damaged expressions from seed ${first} on`, { timeout: (seconds + 60) * 1000 }, () => {
  const lines = seeds();
  const contexts = [fileContext(fixture('types')), fileContext(fixture('structures')), fileContext(fixture('classes'))];
  const end = performance.now() + seconds * 1000;
  let seed = first;
  for (; performance.now() < end; seed++) {
    const random = new Random(seed);
    const text = damaged(random.of(lines), lines, random);
    try {
      attackExpression(text, random.of(contexts));
    } catch (error) {
      throw new Error(`seed ${seed}: ${JSON.stringify(text)}: ${String(error)}`, { cause: error });
    }
  }
  expect(seed).toBeGreaterThan(first);
  expect(process.resourceUsage().maxRSS).toBeLessThan(2 << 20); // KiB: 2 GiB
});
