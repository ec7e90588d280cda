/**
 * How long a test waits for what must come, in milliseconds: less than the test itself may take (vitest.config.ts), so that it fails at the place that
 * waits, and long enough for a machine that is ten times slower than ours and has more to do.
 */
export const patience = 800_000;
