/**
 * From TRACEME to SEIZE. A program that was launched with PTRACE_TRACEME and one that PTRACE_SEIZE took over are traced in different dialects of ptrace(2):
 * only the second can be stopped without a SIGSTOP (PTRACE_INTERRUPT) and can rest in a group-stop as it would without a debugger
 * (PTRACE_LISTEN). A debugger that speaks both has every stop to decide twice. So deet launches in the first and changes over at the
 * exec stop, before the program has executed an instruction:
 *
 *   detach with SIGSTOP   the program is an ordinary stopped child of ours for a moment
 *   wait (WUNTRACED)      ... which we see
 *   seize                 traced again, now in the second dialect; every child of the family inherits it
 *   SIGCONT               ends the group-stop; its delivery is suppressed, so that no handler could tell
 *
 * If deet is killed in that moment, the stopped child is an orphaned process group of its own: the kernel sends it SIGHUP and SIGCONT, and it ends.
 */
import { DeetError } from '../common/errors.js';
import { native } from '../native.js';
import { attachError, childOfNode, noSuchProcess } from './attach_errors.js';
import { Option, Signal, WaitFlag } from './constants.js';
import { readStat } from './proc.js';
import { decodeStatus, type WaitEvent } from './status.js';
import { waitHub } from './wait.js';

export const familyOptions = Option.exitKill | Option.sysGood | Option.fork | Option.vfork | Option.clone | Option.exec | Option.vforkDone;

const status = new Int32Array(2);

const waitFor = (pid: number, flags: number): WaitEvent => {
  const result = native.wait(pid, flags, status);
  if (result <= 0) throw new DeetError('launch', `Error starting subprocess: process ${pid} vanished.`);
  const event = decodeStatus(status[0], status[1]);
  if (event.kind === 'exited' || event.kind === 'killed')
    throw new DeetError('launch', `Error starting subprocess: process ${pid} ended at its start.`);
  return event;
};

/** Takes a program at its exec stop over into the dialect of PTRACE_SEIZE. It stands before its first instruction afterwards. */
export const seizeLaunched = (pid: number): void => {
  waitFor(pid, 0);
  native.detach(pid, Signal.SIGSTOP);
  waitFor(pid, WaitFlag.untraced);
  const seized = native.seize(pid, familyOptions);
  if (seized < 0) {
    native.kill(pid, Signal.SIGKILL);
    native.wait(pid, 0, status);
    throw new DeetError(
      'ptrace',
      `Process ${pid} cannot be traced (errno ${-seized}).`,
      'A container may forbid ptrace: allow SYS_PTRACE.',
    );
  }
  native.kill(pid, Signal.SIGCONT);
  for (;;) {
    const event = waitFor(pid, 0);
    if (event.kind === 'signal' && event.signal === Signal.SIGCONT) return;
    // The group-stop that we made, and its end; any other signal came from outside and is delivered.
    native.cont(pid, event.kind === 'signal' ? event.signal : 0);
  }
};

/**
 * Attaches to all threads of a running process. A thread that is born to one already seized is traced from birth, and its parent's event tells of it: to seize
 * it is EPERM, as for one that is ending. Neither is asked again.
 * @returns the tids that are about to stop. @throws DeetError `attach`.
 */
export const seizeRunning = (pid: number, tids: () => readonly number[]): number[] => {
  if (readStat(pid)?.parent === process.pid && !waitHub.hasLetGo(pid)) throw childOfNode(pid);
  const asked = new Set<number>();
  const seized: number[] = [];
  for (;;) {
    const fresh = tids().filter((tid) => !asked.has(tid));
    if (fresh.length === 0 && seized.length === 0) throw noSuchProcess(pid);
    if (fresh.length === 0) break;
    for (const tid of fresh) {
      asked.add(tid);
      const result = native.seize(tid, familyOptions & ~Option.exitKill);
      if (result < 0 && tid === pid) throw attachError(pid, -result);
      if (result < 0) continue;
      native.interrupt(tid);
      seized.push(tid);
    }
  }
  waitHub.takeBack(pid);
  return seized;
};
