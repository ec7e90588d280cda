/** How processes leave the family: let go as if deet had never been there, or by force. */
import { Signal } from '../linux/constants.js';
import type { WaitEvent } from '../linux/status.js';
import { waitHub, type WaitClient } from '../linux/wait.js';
import { native } from '../native.js';
import { returnTrap } from './blocked_trap.js';
import { clearDebugRegisters } from './debug_registers.js';
import type { Family } from './family.js';
import { removePages } from './out_of_line.js';
import type { Process } from './process.js';
import { hasQueuedTrap } from './queued.js';
import { stopThose } from './standstill.js';
import { isProgramsTrap } from './stop_facts.js';
import type { Thread } from './thread.js';

/** A report that the kernel still holds of a step which something interrupted: untraced, the thread would die of it. No instruction is executed. */
const takeStepReport = (family: Family, client: WaitClient, thread: Thread): void => {
  if (!thread.owesStep || !hasQueuedTrap(thread.tid)) return;
  const { signal } = thread;
  thread.resume('run', 0);
  const event = waitHub.waitFor(client, thread.tid);
  if (!event || !family.record(event)) return;
  thread.signal = signal;
  if (event.kind !== 'signal' || event.signal !== Signal.SIGTRAP) thread.pending.push(event);
};

/** What the thread would have got next. A trap that deet has set is for nobody any more. */
const owedTo = (thread: Thread): number => {
  const owed = thread.pending.find((event) => event.kind === 'signal')?.signal ?? thread.signal;
  return owed === Signal.SIGTRAP && !isProgramsTrap(thread) ? 0 : owed;
};

/** Lets a process go untraced whose threads stand: nothing of deet's is left in its memory, and no thread in code of deet's. */
export const releaseStopped = (family: Family, client: WaitClient, process: Process): void => {
  const { space } = process;
  for (const thread of process.threads.values()) if (thread.stopped) takeStepReport(family, client, thread);
  const stopped = [...process.threads.values()].filter((thread) => thread.stopped);
  if (space.hasCopies) for (const thread of stopped) thread.registers();
  if (!space.shared) {
    space.sites.liftAll();
    const idle = stopped.find(({ signal, pending }) => signal === 0 && pending.length === 0);
    if (idle) removePages(idle);
  }
  for (const thread of stopped) {
    const owed = owedTo(thread);
    thread.dropTrapFlag();
    thread.flush();
    clearDebugRegisters(thread);
    native.detach(thread.tid, returnTrap(thread, owed));
    thread.actual = 'gone';
  }
  family.forgetProcess(process);
  if (process.origin === 'launch') waitHub.letGo(process.pid);
};

/** Milliseconds after which a process that does not die is given up. */
const limit = 10_000;

/** SIGKILL to everybody, and every one waited for. Returns when no process of the family is left, not even a zombie of ours. */
export const killFamily = (family: Family, client: WaitClient, only?: Process): void => {
  const until = Date.now() + limit;
  // Who is killed in its fork tells nobody of the child. Of those that are followed nobody runs, but others may.
  stopThose(family, client, ({ process }) => only === undefined || process === only);
  const victims = (): Process[] => [...family.processes()].filter((process) => only === undefined || process === only);
  while (victims().length > 0 && Date.now() < until) {
    for (const process of victims()) native.kill(process.pid, Signal.SIGKILL);
    // The stop before an exit is one that SIGKILL does not end (ptrace(2), PTRACE_EVENT_EXIT); who is in another is dead by now (ESRCH).
    for (const { tid } of victims().flatMap(({ threads }) => [...threads.values()])) native.cont(tid, 0);
    // What the first one reports is waited for a moment; the others are only asked.
    let patience = 200;
    for (const thread of victims().flatMap(({ threads }) => [...threads.values()])) {
      const event = waitHub.waitBriefly(client, thread.tid, patience);
      patience = 0;
      if (event === 'gone') family.vanished(thread);
      else if (event) bury(family, event);
    }
  }
  waitHub.wake(); // whoever let them run hears of their end
};

/** A stop may still be reported before the death; the thread must run into it. */
const bury = (family: Family, event: WaitEvent): void => {
  const thread = family.record(event);
  if (thread?.stopped) thread.resume('run', 0);
};
