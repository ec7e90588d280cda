/** System calls that the kernel executes again after a signal or a stop (signal(7), "Interruption of system calls"), and threads that come back to a site so. */
import type { Address } from '../common/addresses.js';
import { Word } from '../linux/registers.js';
import type { Thread } from './thread.js';

/** Bytes of the instruction `syscall`. */
const syscallSize = 2n;

/** Results of an interrupted system call that the kernel restarts, never seen by programs: ERESTARTSYS to ERESTARTNOHAND, ERESTART_RESTARTBLOCK (linux/errno.h). */
const restartCodes = new Set([512n, 513n, 514n, 516n]);

export const willRestart = (thread: Thread): boolean => restartCodes.has(BigInt.asUintN(64, -thread.registers()[Word.rax]));

/** `returnsTo` has come true. A system call that is executed again, not for the first time, finds in rcx what the processor left there (SYSCALL). */
export const hasComeBack = (thread: Thread, address: Address): boolean => {
  const { returnsTo } = thread;
  if (returnsTo?.address !== address || returnsTo.stackPointer !== thread.stackPointer) return false;
  return returnsTo.because !== 'sleep' || thread.registers()[Word.rcx] === address + syscallSize;
};
