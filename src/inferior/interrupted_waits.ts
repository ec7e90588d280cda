/**
 * System calls that a stop ends with EINTR, and that the kernel does not restart as it does others (signal(7), "Interruption of system calls and library functions by
 * stop signals"). Alone, the program would have waited on: where nothing but deet has interrupted the wait, or a signal without a handler, it is told so.
 */
import type { Address } from '../common/addresses.js';
import { errno, PtraceEvent, Signal } from '../linux/constants.js';
import { registerWords, Word } from '../linux/registers.js';
import { isGroupStop, type WaitEvent } from '../linux/status.js';
import { syscallNumber } from '../linux/syscalls.js';
import type { Thread } from './thread.js';

/** The kernel makes it EINTR when a handler runs, else it restarts the call (linux/errno.h). */
const restartUnlessHandled = BigInt.asUintN(64, -514n);
const interrupted = BigInt.asUintN(64, BigInt(-errno.EINTR));
const again = BigInt.asUintN(64, BigInt(-errno.EAGAIN));

/** Where a limit of time stands: in a register, in milliseconds, of which the upper half is free; or in memory, which is the program's, with what the call gives when it is over. */
type Limit = { readonly milliseconds: number } | { readonly pointer: number; readonly over: bigint } | 'none';

const waits = new Map<number | undefined, Limit>([
  [syscallNumber('epoll_wait'), { milliseconds: Word.r10 }],
  [syscallNumber('epoll_pwait'), { milliseconds: Word.r10 }],
  [syscallNumber('epoll_pwait2'), { pointer: Word.r10, over: 0n }],
  [syscallNumber('semop'), 'none'],
  [syscallNumber('semtimedop'), { pointer: Word.r10, over: again }],
  [syscallNumber('rt_sigtimedwait'), { pointer: Word.rdx, over: again }],
  [syscallNumber('io_getevents'), { pointer: Word.r8, over: 0n }],
]);

/** In the upper half of the register: the call is one that was restarted with what was left of its time. Whoever calls anew sets the register. */
const restarted = 0xdee7n << 32n;
const lowerHalf = 0xffff_ffffn;

const registers = new BigUint64Array(registerWords);

/** The kernel has reported that a thread stands. */
export const keepWaiting = (thread: Thread, event: WaitEvent): void => {
  const { source } = thread.process;
  // Past what is known of its registers: a thread that runs in code of deet's own need not leave it for this.
  if (!isOurs(event) || !source.readRegisters(thread.tid, registers) || registers[Word.rax] !== interrupted) return;
  const limit = waits.get(Number(BigInt.asIntN(64, registers[Word.orig_rax])));
  if (limit === undefined) return;
  registers[Word.rax] = restartUnlessHandled;
  if (limit !== 'none' && 'milliseconds' in limit) registers[limit.milliseconds] = shortened(thread, registers[limit.milliseconds]);
  if (limit !== 'none' && 'pointer' in limit) {
    const pointer = registers[limit.pointer];
    if (pointer !== 0n && isOver(thread, pointer, registers[Word.rip])) registers[Word.rax] = limit.over;
  }
  source.writeRegisters(thread.tid, registers);
};

/** Not a stop of job control, which ends the wait in a program without a debugger, too. */
const isOurs = (event: WaitEvent): boolean => {
  if (event.kind === 'event') return event.event === PtraceEvent.stop && !isGroupStop(event);
  return event.kind === 'signal' && !jobControl.has(event.signal) && event.signal !== Signal.SIGTRAP;
};

const jobControl = new Set<number>([Signal.SIGSTOP, Signal.SIGTSTP, Signal.SIGTTIN, Signal.SIGTTOU]);

/**
 * A limit in memory cannot be shortened: the wait begins anew with all of it, until its time is over, counted from the first interruption. One that is interrupted
 * later, but not so late that it must be another, is taken for the same.
 */
const isOver = (thread: Thread, limit: Address, pc: Address): boolean => {
  const milliseconds = durationAt(thread, limit);
  const now = performance.now();
  const { timedWait } = thread;
  if (timedWait?.limit === limit && timedWait.pc === pc) {
    if (now < timedWait.until) return false;
    if (now < timedWait.until + milliseconds) return true;
  }
  thread.timedWait = { limit, pc, until: now + milliseconds };
  return false;
};

const timespec = new BigInt64Array(2);

/** A struct timespec in milliseconds. The kernel has read it. */
const durationAt = ({ process }: Thread, address: Address): number => {
  process.space.peek(address, new Uint8Array(timespec.buffer));
  return Number(timespec[0]) * 1e3 + Number(timespec[1]) / 1e6;
};

/** A wait that is interrupted again and again must end all the same. When it began nobody knows: its time counts from the first interruption. */
const shortened = (thread: Thread, value: bigint): bigint => {
  const left = BigInt.asIntN(32, value);
  if (left < 0n) return value;
  const now = performance.now();
  if (value >> 32n !== restarted >> 32n) thread.waitsUntil = now + Number(left);
  const rest = BigInt(Math.max(0, Math.ceil(thread.waitsUntil - now)));
  return restarted | (rest & lowerHalf);
};
