/** Threads are made to stand still, so that something can be looked at, changed or decided while nobody moves. What they report meanwhile waits in `pending`. */
import { DeetError } from '../common/errors.js';
import { errno, PtraceEvent, Signal, TrapCode } from '../linux/constants.js';
import { isGroupStop, type WaitEvent } from '../linux/status.js';
import { waitHub, type WaitClient } from '../linux/wait.js';
import { native } from '../native.js';
import { trapCode } from './blocked_trap.js';
import type { Family } from './family.js';
import type { Thread } from './thread.js';

/** Who stands may have given birth a moment before: then there is one more to stop. A family that outruns this many rounds is not to be stopped. */
const mostRounds = 1000;
/** Microseconds in which a thread that was interrupted is expected to stop, or what keeps it is looked at. */
const patience = 500;

/** Makes every thread that is chosen stand still, those included that are born meanwhile. */
export const stopThose = (family: Family, client: WaitClient, chosen: (thread: Thread) => boolean): void => {
  for (let round = 0; round < mostRounds; round++) {
    const running = [...family.threads()].filter((thread) => thread.actual === 'running' && chosen(thread));
    if (running.length === 0) return;
    quiesce(family, client, running);
  }
};

/**
 * Interrupts threads and waits until the kernel has reported each. A thread in a sleep that only its end interrupts (vfork's parent until the child execs, a
 * leader that has exited before its threads) is `stuck` and left alone.
 */
export const quiesce = (family: Family, client: WaitClient, threads: readonly Thread[]): void => {
  for (const thread of threads) {
    if (thread.interrupted) continue;
    thread.interrupted = true;
    native.interrupt(thread.tid);
  }
  for (const thread of threads) {
    while (thread.actual === 'running') {
      const event = waitHub.waitBriefly(client, thread.tid, patience);
      if (event && event !== 'gone') stash(family, event);
      else if (family.cannotStop(thread)) thread.actual = 'stuck';
    }
  }
};

/** What a thread has reported waits until it runs again. One that has just met a site is put back before it: it will meet it again. */
export const stash = (family: Family, event: WaitEvent): void => {
  const thread = family.record(event);
  if (!thread) return;
  if (event.kind === 'event' && event.event === PtraceEvent.stop && !isGroupStop(event)) {
    thread.awaitsFirstStop = false;
    return;
  }
  unlessKilled(thread, () => {
    if (!putBack(thread, event)) thread.pending.push(event);
  });
};

const putBack = (thread: Thread, event: WaitEvent): boolean => {
  if (event.kind !== 'signal' || event.signal !== Signal.SIGTRAP || trapCode(thread) !== TrapCode.kernel) return false;
  const address = thread.pc - 1n;
  if (!thread.process.space.sites.at(address)?.inserted) return false;
  thread.pc = address;
  return true;
};

/**
 * A thread that stands may be woken all the same: by SIGKILL, which the end of its process, or an exec of another thread, sends it too. From that moment on the
 * kernel refuses every request for it (ESRCH): it has neither registers nor news any more but its end, which is about to be reported.
 */
export const wasKilled = (thread: Thread): boolean =>
  thread.stopped && thread.process.source.live && native.getSignalMask(thread.tid) === -errno.ESRCH;

/** Does something with a standing thread. Undefined also when that fails because the thread is killed under our hands. */
export const unlessKilled = <Result>(thread: Thread, work: () => Result | undefined): Result | undefined => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DeetError) || !wasKilled(thread)) throw error;
    thread.markRunning();
    return undefined;
  }
};

/** Killed since, the thread has nothing to show: what it did is no reason to stop any more. Its registers are known from here on, whatever becomes of it. */
export const shows = (thread: Thread): boolean => {
  unlessKilled(thread, () => thread.registers());
  if (wasKilled(thread)) thread.markRunning();
  return thread.stopped;
};
