/**
 * Which system call a thread sleeps in. A thread that runs free is asked of /proc; one that deet stopped has left the call
 * already, with a result that says that it will be entered again (signal(7), "Interruption of system calls").
 */
import { readDescriptor } from '../linux/proc_files.js';
import { readStat, readSyscall } from '../linux/proc.js';
import { syscallName, syscallNumber } from '../linux/syscalls.js';
import type { FamilyMember, FamilyThread } from './family.js';

export interface BlockedIn {
  /** The kernel's name of the call. */
  readonly name: string;
  /** Six words. */
  readonly args: readonly bigint[];
  /** Bytes that a transfer had moved when a stop ended it half done. */
  readonly done?: bigint;
}

/**
 * Results that only a tracer sees (include/linux/errno.h): ERESTARTSYS 512, ERESTARTNOINTR 513, ERESTARTNOHAND 514,
 * ERESTART_RESTARTBLOCK 516. Calls that are never restarted (epoll_wait, semop...) show EINTR.
 */
const interrupted = new Set([-512n, -513n, -514n, -516n, -4n]);

/** The call was ended for the stop's sake, and is to be entered again. */
export const isInterrupted = (result: bigint): boolean => interrupted.has(result);

/**
 * A transfer that sleeps in the middle, because the pipe or socket became full (or with MSG_WAITALL empty), ends at a stop with what it has moved so far:
 * less than was asked for. Of its own accord a blocking write does that for a signal only (pipe(7), send(2)).
 */
const writes = new Set(['write', 'sendto', 'pwrite64'].map(syscallNumber));
const receives = syscallNumber('recvfrom');
const waitAll = 0x100n;

const interruptedTransfer = (member: FamilyMember, number: number, result: bigint, args: readonly bigint[]): boolean => {
  const [fd = -1n, , count = 0n, flags = 0n] = args;
  if (result <= 0n || result >= count) return false;
  if (!writes.has(number) && !(number === receives && (flags & waitAll) !== 0n)) return false;
  const descriptor = readDescriptor(member.pid, Number(BigInt.asIntN(32, fd)));
  return descriptor !== undefined && !descriptor.nonBlocking && ['pipe', 'fifo', 'socket'].includes(descriptor.kind);
};

const argumentRegisters = ['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'];

/** The six words of the system call that a stopped thread was in. */
export const argumentsOf = (thread: FamilyThread): bigint[] => argumentRegisters.map((name) => thread.register?.(name) ?? 0n);

const restartSyscall = syscallNumber('restart_syscall');

/**
 * After an interruption some calls go on as restart_syscall, which hides the number; it is in the code: the C library loads it
 * with `mov $N,%eax` (b8) shortly before `syscall` (0f 05), and `pc` is behind that.
 */
const numberInCode = (member: FamilyMember, pc: bigint): number | undefined => {
  const window = 24;
  try {
    const code = member.memory?.read(pc - BigInt(window), window);
    if (!code || code[window - 2] !== 0x0f || code[window - 1] !== 0x05) return undefined;
    for (let at = window - 7; at >= 0; at--) {
      const number = (code[at + 1] ?? 0) | ((code[at + 2] ?? 0) << 8);
      if (code[at] === 0xb8 && code[at + 3] === 0 && code[at + 4] === 0 && syscallName(number) !== undefined) return number;
    }
  } catch {
    // Unreadable code: the number stays unknown.
  }
  return undefined;
};

const named = (member: FamilyMember, number: number, args: readonly bigint[], pc: bigint): BlockedIn => {
  const real = number === restartSyscall ? (numberInCode(member, pc) ?? number) : number;
  return { name: syscallName(real) ?? `system call ${real}`, args };
};

/** Undefined: it is not in a system call, or nobody may know. */
export const blockedIn = (member: FamilyMember, thread: FamilyThread): BlockedIn | undefined => {
  const number = thread.register?.('orig_rax');
  const result = thread.register?.('rax');
  if (number !== undefined && result !== undefined) {
    const wanted = BigInt.asIntN(64, number);
    if (wanted < 0n) return undefined;
    const args = argumentsOf(thread);
    const outcome = BigInt.asIntN(64, result);
    if (isInterrupted(outcome)) return named(member, Number(wanted), args, thread.register?.('rip') ?? 0n);
    if (!interruptedTransfer(member, Number(wanted), outcome, args)) return undefined;
    return { ...named(member, Number(wanted), args, 0n), done: outcome };
  }
  // Stopped threads are asleep for the kernel too: only what sleeps of its own accord counts.
  const state = readStat(`${member.pid}/task/${thread.tid}`)?.state;
  if (state !== 'S' && state !== 'D') return undefined;
  const call = readSyscall(member.pid, thread.tid);
  if (call === undefined || call === 'running' || call === 'none') return undefined;
  return named(member, call.number, call.args, call.pc);
};
