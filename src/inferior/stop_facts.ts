/** What the kernel, the registers and memory say of a stopped thread, beyond its wait status. */
import { Signal, TrapCode } from '../linux/constants.js';
import { Word } from '../linux/registers.js';
import type { WaitEvent } from '../linux/status.js';
import { signalInfoSize } from '../linux/siginfo.js';
import { native } from '../native.js';
import type { Address } from '../common/addresses.js';
import { int3, isPlanted, type Site } from './sites.js';
import type { Thread } from './thread.js';

const info = new Uint8Array(signalInfoSize);
const infoWords = new Int32Array(info.buffer, 0, 3);

/** si_code of the signal that a thread is stopped with; undefined: a group-stop, or the thread is gone. */
export const signalCode = (thread: Thread): number | undefined => (native.getSignalInfo(thread.tid, info) < 0 ? undefined : infoWords[2]);

/** Results of an interrupted system call that the kernel restarts, never seen by programs: ERESTARTSYS to ERESTARTNOHAND, ERESTART_RESTARTBLOCK (linux/errno.h). */
const restartCodes = new Set([512n, 513n, 514n, 516n]);

/** Bytes of the instruction `syscall`. */
const syscallSize = 2n;

/** `returnsTo` has come true. A system call that is executed again, not for the first time, finds in rcx what the processor left there (SYSCALL). */
export const hasComeBack = (thread: Thread, address: Address): boolean => {
  const { returnsTo } = thread;
  if (returnsTo?.address !== address || returnsTo.stackPointer !== thread.stackPointer) return false;
  return returnsTo.because !== 'sleep' || thread.registers()[Word.rcx] === address + syscallSize;
};

export const willRestart = (thread: Thread): boolean => restartCodes.has(BigInt.asUintN(64, -thread.registers()[Word.rax]));

/** A string instruction with a repeat prefix (Intel SDM volume 2, REP) stands at pc. */
const repeats = (thread: Thread): boolean => {
  const [prefix] = thread.process.space.readAvailable(thread.pc, 1);
  return prefix === 0xf2 || prefix === 0xf3;
};

/** The program's own code has an int3 there. Memory that is gone may have had one. */
export const hasOwnInt3 = (thread: Thread, address: Address): boolean => {
  try {
    return thread.process.space.readRaw(address, 1)[0] === int3;
  } catch {
    return true;
  }
};

/** A signal came before the step that the thread was to make, or the instruction repeats itself (rep movsb: one step is one turn). */
export const hasNotStepped = (thread: Thread, event: WaitEvent): boolean => {
  if (event.kind !== 'signal' || event.signal !== Signal.SIGTRAP) return true;
  return repeats(thread) || (signalCode(thread) ?? 0) <= 0;
};

/** PTRACE_O_TRACESYSGOOD's mark on the stops of system calls; events stand in the next byte (ptrace(2)). */
const systemCallStop = Signal.SIGTRAP | 0x80;
const isEventStop = (code: number): boolean => (code & 0xff) === Signal.SIGTRAP && code > 0xff;

/** Only a stop by a signal can be ended with another one; the kernel forgets what is given at other stops. */
export const takesSignal = (thread: Thread): boolean => {
  const code = signalCode(thread);
  return code !== undefined && code !== systemCallStop && !isEventStop(code);
};

/** The site at which a thread stands, and has not been told of. */
export const untoldSite = (thread: Thread): Site | undefined => {
  const site = thread.process.space.sites.at(thread.pc);
  return site && isPlanted(site) && thread.passed !== thread.pc ? site : undefined;
};

/** Nobody has asked for a step: the program traps for reasons of its own (it has set the trap flag; int1). */
export const isOwnTrap = ({ owesStep }: Thread, code: number | undefined): boolean =>
  !owesStep && (code === TrapCode.trace || code === TrapCode.breakpoint);

/** It is stopped with a SIGTRAP that it would have met without a debugger, too. */
export const isProgramsTrap = (thread: Thread): boolean => {
  const code = signalCode(thread);
  return code === undefined || code <= 0 || code === TrapCode.kernel || isOwnTrap(thread, code);
};

const faults = new Set<number>([Signal.SIGSEGV, Signal.SIGBUS, Signal.SIGFPE, Signal.SIGILL]);

/** The signal is for what an instruction of the thread has done; nobody has sent it. */
export const isFault = (thread: Thread, signal: number): boolean => faults.has(signal) && (signalCode(thread) ?? 0) > 0;
