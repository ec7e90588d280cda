import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Long runs on damaged input (`npm run fuzz`), apart from the tests, which do the same with few fixed seeds. */
export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  test: { include: ['test/fuzz/**/*.fuzz.ts'], pool: 'forks' },
});
