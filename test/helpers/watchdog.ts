/**
 * The watchdog of the whole suite. It runs in vitest's main process and kills a worker that is older than any test file may be.
 * A worker blocked in a system call cannot time itself out; killed, it is reported by vitest as a failed file, and whatever it
 * traced dies with it (PTRACE_O_EXITKILL).
 */
import { readFileSync } from 'node:fs';
import { childrenOf } from './processes.js';

/** Longest life of one test file's process, in seconds. */
const limit = Number(process.env['DEET_TEST_FILE_LIMIT'] ?? 240);

/** Age of a process in seconds: /proc/PID/stat field 22 (start, in ticks of 1/100 s after boot) against /proc/uptime. */
const age = (pid: number): number => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) - Number(fields[19]) / 100;
  } catch {
    return 0;
  }
};

/** vitest's own workers among our children; esbuild and friends may live as long as they like. */
const isWorker = (pid: number): boolean => {
  try {
    return /vitest/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  } catch {
    return false;
  }
};

export default function watch(): () => void {
  const timer = setInterval(() => {
    for (const pid of childrenOf(process.pid)) {
      if (age(pid) <= limit || !isWorker(pid)) continue;
      console.error(`watchdog: test process ${pid} has run for more than ${limit} s and is killed.`);
      process.kill(pid, 'SIGKILL');
    }
  }, 1000);
  timer.unref();
  return () => clearInterval(timer);
}
