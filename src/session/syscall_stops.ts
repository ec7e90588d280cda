/** A thread at the entry or the return of a system call, in strace's words. */
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { Word } from '../linux/registers.js';
import { formatSyscall, formatSyscallResult } from '../linux/syscall_format.js';
import { syscallName } from '../linux/syscalls.js';
import { native } from '../native.js';
import type { SyscallReport } from './types.js';

/** struct ptrace_syscall_info (ptrace(2)): op at 0; at the entry nr at 24 and six arguments from 32, at the return rval at 24. */
const entryOperation = 1;
const exitOperation = 2;
const valueAt = 24;
const argumentsAt = 32;

/** What each thread entered last: at the return the registers no longer tell it all, and execve has taken the memory away. */
interface Entered {
  readonly number: number;
  readonly args: readonly bigint[];
  /** Of execve: its words, while they could be read. */
  readonly text?: string;
}

/** A thread at a system call; `report` puts it into words. */
export interface SyscallStop {
  readonly number: number;
  readonly report: () => SyscallReport;
}

const entered = new WeakMap<Thread, Entered>();
/** The thread that executes another program gets its leader's number, and is another one for us. */
const executing = new WeakMap<Process, Entered>();
const information = new DataView(new ArrayBuffer(88));
const informationBytes = new Uint8Array(information.buffer);

const word = (thread: Thread, at: keyof typeof Word): bigint => thread.registers()[Word[at]];

/** By the registers, where the kernel is older than PTRACE_GET_SYSCALL_INFO (5.3). */
const byRegisters = (thread: Thread): Entered => ({
  number: Number(BigInt.asIntN(32, word(thread, 'orig_rax'))),
  args: (['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'] as const).map((name) => word(thread, name)),
});

const byKernel = (): Entered => ({
  number: Number(information.getBigUint64(valueAt, true)),
  args: Array.from({ length: 6 }, (_, index) => information.getBigUint64(argumentsAt + 8 * index, true)),
});

const isExec = ({ number }: Entered): boolean => syscallName(number)?.startsWith('execve') ?? false;

const textOf = (thread: Thread, { number, args }: Entered, result?: bigint): string =>
  formatSyscall({ number, args, memory: thread.process.space, ...(result !== undefined && { result }) });

/** To be called at every stop of a system call, also where nobody wants to hear of it: the return belongs to its entry. */
export const syscallStop = (thread: Thread): SyscallStop => {
  const known = native.getSyscallInfo(thread.tid, informationBytes) > 0;
  const operation = known ? information.getUint8(0) : 0;
  thread.inSyscall = operation === entryOperation || (operation !== exitOperation && thread.inSyscall);
  if (thread.inSyscall) {
    const plain = known ? byKernel() : byRegisters(thread);
    const now = isExec(plain) ? { ...plain, text: textOf(thread, plain) } : plain;
    entered.set(thread, now);
    if (isExec(now)) executing.set(thread.process, now);
    return { number: now.number, report: () => describe(now, 'entry', now.text ?? textOf(thread, now)) };
  }
  const before = entered.get(thread) ?? withoutEntry(thread);
  entered.delete(thread);
  const result = BigInt.asIntN(64, word(thread, 'rax'));
  const report = (): SyscallReport => {
    const text = before.text ?? textOf(thread, before, result);
    return { ...describe(before, 'exit', `${text} = ${formatSyscallResult(before.number, result, before.args)}`), result };
  };
  return { number: before.number, report };
};

const withoutEntry = (thread: Thread): Entered => {
  const now = byRegisters(thread);
  return (isExec(now) ? executing.get(thread.process) : undefined) ?? now;
};

const describe = ({ number, args }: Entered, phase: 'entry' | 'exit', text: string): SyscallReport => ({
  number,
  name: syscallName(number) ?? `syscall_${number}`,
  phase,
  arguments: args,
  text,
});
