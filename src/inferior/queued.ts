/** Signals that wait for a stopped thread: PTRACE_INTERRUPT is answered before they are (kernel/signal.c, get_signal). */
import { procText } from '../linux/proc.js';

/** SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV: what an instruction raises. */
const faults = 0x4d8n;

/** An instruction of the thread has raised a signal that it has not been stopped with yet: an interruption came first. */
export const hasQueuedFault = (tid: number): boolean => {
  const queued = /^SigPnd:\s*([0-9a-f]+)$/m.exec(procText(`${tid}/status`) ?? '')?.[1];
  return queued !== undefined && (BigInt(`0x${queued}`) & faults) !== 0n;
};
