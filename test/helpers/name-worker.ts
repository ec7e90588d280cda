/** Names each worker process after its test file, for `ps` and for the watchdog. */
import { relative } from 'node:path';
import { expect } from 'vitest';

process.title = `deet-test ${relative(process.cwd(), expect.getState().testPath ?? '')}`;
