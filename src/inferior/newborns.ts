/**
 * A thread that is born during a step runs a race with the end of that step: `next` over pthread_create would show a breakpoint at the beginning of the
 * new thread today and not tomorrow. The newborn gets its chance first, however busy the machine is: until it has come to something, sleeps, or has
 * had a processor for a while of its own.
 */
import { readStat, readTimeOnProcessor } from '../linux/proc.js';
import { PtraceEvent } from '../linux/constants.js';
import type { WaitEvent } from '../linux/status.js';
import type { Thread } from './thread.js';

/** Nanoseconds on a processor: far more than the way to a thread's function takes, and nothing that a person at a prompt would notice. */
const headStart = 1_000_000;

/** Runs, and has had no chance yet. */
export const isBeginning = (thread: Thread): boolean => {
  if (thread.actual !== 'running') return false;
  const path = `${thread.process.pid}/task/${thread.tid}` as const;
  const state = readStat(path)?.state;
  // Standing (t), it has something to report. Waiting for a page (D), it is still on its way.
  return (state === 'R' || state === 'D' || state === 't') && (readTimeOnProcessor(path) ?? headStart) < headStart;
};

/** After this news the thread waits for us, whatever becomes of others. One that ends does not: an exec of the newborn waits for its end. */
export const leavesStanding = (event: WaitEvent): boolean =>
  event.kind === 'signal' || event.kind === 'syscall' || (event.kind === 'event' && event.event !== PtraceEvent.exit);

/**
 * Is it still where it stopped? A newborn that calls execve kills all others, and waits in the kernel until each of them has been waited for by
 * its tracer (ptrace(2), "execve(2) under ptrace"): to wait for the newborn then would be to wait for ever.
 */
export const isStanding = (thread: Thread): boolean => readStat(`${thread.process.pid}/task/${thread.tid}`)?.state === 't';
