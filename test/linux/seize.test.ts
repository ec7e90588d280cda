/** Taking over a process whose threads come and go meanwhile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { readThreads } from '../../src/linux/proc.js';
import { familyOptions, seizeRunning } from '../../src/linux/seize.js';
import { Option, Signal } from '../../src/linux/constants.js';
import { decodeStatus } from '../../src/linux/status.js';
import { native } from '../../src/native.js';
import { compileText } from '../helpers/build.js';
import { leakGuard } from '../helpers/leaks.js';

leakGuard();

const program = compileText(
  'two_threads.c',
  `#include <pthread.h>
#include <unistd.h>
static void *wait_for_ever(void *x) { for (;;) pause(); return x; }
int main(void) { pthread_t t; pthread_create(&t, 0, wait_for_ever, 0); for (;;) pause(); }
`,
);

describe('seizeRunning', () => {
  it('asks a thread once that is traced already, as one that was born to a seized thread is', async () => {
    // A shell between, so that the process is no child of Node's.
    const shell = spawn('/bin/sh', ['-c', '"$0" & echo $!; wait', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(shell, 'close');
    const [text] = (await once(shell.stdout, 'data')) as [Buffer];
    const pid = Number(text.toString());
    const status = new Int32Array(2);
    try {
      while (readThreads(pid).length < 2) await new Promise((resolve) => setImmediate(resolve));
      const [, second = 0] = readThreads(pid);
      expect(native.seize(second, familyOptions & ~Option.exitKill)).toBe(0);
      let lists = 0;
      const seized = seizeRunning(pid, () => {
        if (++lists > 100) throw new Error('asked again and again');
        return readThreads(pid);
      });
      expect(seized).toEqual([pid]);
    } finally {
      const tids = readThreads(pid);
      native.kill(pid, Signal.SIGKILL);
      for (const tid of tids.reverse()) while (native.wait(tid, 0, status) > 0 && decodeStatus(status[0], status[1]).kind !== 'killed');
      await closed;
    }
  });
});
