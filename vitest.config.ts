import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Each test file runs in a process of its own (`forks`), because the kernel ties a tracee to the thread that launched it, and because
 * a file that goes wrong must be killable. A waitpid() that never returns also stops vitest's timers inside that process, so the
 * watchdog watches from outside.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    isolate: true,
    // vitest leaves one processor to itself: of two, half of the time would go.
    maxWorkers: '100%',
    // Programs under test leave nothing in the home of whoever runs the tests.
    env: { XDG_CACHE_HOME: resolve(import.meta.dirname, 'test/.built/cache') },
    // Limits end what hangs; what is slow because the machine has more to do is right all the same.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // A worker that has done its work may wait long for a processor; one that hangs is the watchdog's.
    teardownTimeout: 900_000,
    globalSetup: ['test/helpers/watchdog.ts'],
    setupFiles: ['test/helpers/name-worker.ts'],
    reporters: process.env['CI'] ? ['default', ['json', { outputFile: 'test/.built/report.json' }]] : ['default'],
  },
});
