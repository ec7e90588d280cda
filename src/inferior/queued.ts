/** Signals that wait for a stopped thread: PTRACE_INTERRUPT is answered before they are (kernel/signal.c, get_signal). */
import { procText } from '../linux/proc.js';

/** SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV: what an instruction raises. */
const faults = 0x4d8n;

const trap = 1n << 4n;

const queued = (tid: number): bigint => BigInt(`0x${/^SigPnd:\s*([0-9a-f]+)$/m.exec(procText(`${tid}/status`) ?? '')?.[1] ?? '0'}`);

/** An instruction of the thread has raised a signal that it has not been stopped with yet: an interruption came first. */
export const hasQueuedFault = (tid: number): boolean => (queued(tid) & faults) !== 0n;

export const hasQueuedTrap = (tid: number): boolean => (queued(tid) & trap) !== 0n;
