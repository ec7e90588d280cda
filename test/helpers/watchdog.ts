/**
 * What watches over the whole suite. It runs in vitest's main process and kills a worker that is older than any test file may be,
 * with everything that the worker started. A worker blocked in a system call cannot time itself out; killed, it is reported by vitest
 * as an error of the run.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { childrenOf } from './processes.js';

/** Longest life of one test file's process, in seconds. */
const limit = Number(process.env['DEET_TEST_FILE_LIMIT'] ?? 1800);

/** Age of a process in seconds: /proc/PID/stat field 22 (start, in ticks of 1/100 s after boot) against /proc/uptime. */
const age = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - Number(fields[19]) / 100;
};

const family = (pid: number): number[] => [pid, ...childrenOf(pid).flatMap(family)];

const look = (): void => {
  for (const worker of childrenOf(process.pid)) {
    try {
      // name-worker.ts gives a worker its name; vitest's other children may live as long as they like.
      const file = /^deet-test ([^\0]*)/.exec(readFileSync(`/proc/${worker}/cmdline`, 'utf8'))?.[1];
      if (file === undefined || age(worker) <= limit) continue;
      console.error(`watchdog: ${file} has run for more than ${limit} s; its process ${worker} is killed.`);
      for (const pid of family(worker)) process.kill(pid, 'SIGKILL');
    } catch {
      // It ended while we looked.
    }
  }
};

export default function watch(): () => void {
  // The workers inherit this: no core file of a program that is to die, unless a test asks for it (helpers/core.ts).
  execFileSync('prlimit', ['--pid', String(process.pid), '--core=0:']);
  const timer = setInterval(look, 1000);
  timer.unref();
  return () => clearInterval(timer);
}
