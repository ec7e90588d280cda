/**
 * siginfo_t, the 128 bytes that say why a signal was sent (sigaction(2), PTRACE_GETSIGINFO in ptrace(2)). On x86-64:
 * si_signo at 0, si_errno at 4, si_code at 8, then at 16 a union whose valid member follows from signal and code.
 */
import type { Address } from '../common/addresses.js';
import { signalName } from './signals.js';

/** Size of siginfo_t in bytes. */
export const signalInfoSize = 128;

/** What is known of a signal's origin; fields that do not apply to its kind are absent. */
export interface SignalInfo {
  readonly signal: number;
  readonly signalName: string;
  readonly errno: number;
  readonly code: number;
  /** `SEGV_MAPERR`, `SI_USER`...; the number as text if it has no name. */
  readonly codeName: string;
  /** True when the kernel raised it for what the thread did or for an event; false: some process sent it (kill, sigqueue). */
  readonly fromKernel: boolean;
  /** SIGSEGV, SIGBUS: the address accessed; SIGILL, SIGFPE, SIGTRAP: the instruction's. */
  readonly address?: Address;
  /** SEGV_PKUERR: the protection key. */
  readonly protectionKey?: number;
  /** Sender, or for SIGCHLD the child. */
  readonly pid?: number;
  readonly uid?: number;
  /** SIGCHLD: exit status when code is CLD_EXITED, else the signal. */
  readonly status?: number;
  /** SI_QUEUE, SI_MESGQ, SI_TIMER: sigval, as its eight bytes. */
  readonly value?: bigint;
  /** SI_TIMER: the kernel's timer id and the count of missed expirations. */
  readonly timer?: { readonly id: number; readonly overrun: number };
  /** SIGIO: the descriptor and the poll(2) events. */
  readonly poll?: { readonly fd: number; readonly events: number };
  /** SIGSYS (seccomp): the system call that was refused. */
  readonly syscall?: { readonly number: number; readonly architecture: number };
}

/** si_code values of 0 and below and SI_KERNEL: senders, the same for every signal. */
const senders = new Map([
  [0, 'SI_USER'],
  [-1, 'SI_QUEUE'],
  [-2, 'SI_TIMER'],
  [-3, 'SI_MESGQ'],
  [-4, 'SI_ASYNCIO'],
  [-5, 'SI_SIGIO'],
  [-6, 'SI_TKILL'],
  [-7, 'SI_DETHREAD'],
  [-60, 'SI_ASYNCNL'],
  [0x80, 'SI_KERNEL'],
]);

/** si_code values from 1 on, by signal (bits/siginfo-consts.h, linux/asm-generic/siginfo.h). */
const causes: Readonly<Record<string, readonly string[]>> = {
  SIGILL: ['ILL_ILLOPC', 'ILL_ILLOPN', 'ILL_ILLADR', 'ILL_ILLTRP', 'ILL_PRVOPC', 'ILL_PRVREG', 'ILL_COPROC', 'ILL_BADSTK', 'ILL_BADIADDR'],
  SIGFPE: ['FPE_INTDIV', 'FPE_INTOVF', 'FPE_FLTDIV', 'FPE_FLTOVF', 'FPE_FLTUND', 'FPE_FLTRES', 'FPE_FLTINV', 'FPE_FLTSUB'],
  SIGSEGV: [
    'SEGV_MAPERR',
    'SEGV_ACCERR',
    'SEGV_BNDERR',
    'SEGV_PKUERR',
    'SEGV_ACCADI',
    'SEGV_ADIDERR',
    'SEGV_ADIPERR',
    'SEGV_MTEAERR',
    'SEGV_MTESERR',
    'SEGV_CPERR',
  ],
  SIGBUS: ['BUS_ADRALN', 'BUS_ADRERR', 'BUS_OBJERR', 'BUS_MCEERR_AR', 'BUS_MCEERR_AO'],
  SIGTRAP: ['TRAP_BRKPT', 'TRAP_TRACE', 'TRAP_BRANCH', 'TRAP_HWBKPT', 'TRAP_UNK', 'TRAP_PERF'],
  SIGCHLD: ['CLD_EXITED', 'CLD_KILLED', 'CLD_DUMPED', 'CLD_TRAPPED', 'CLD_STOPPED', 'CLD_CONTINUED'],
  SIGIO: ['POLL_IN', 'POLL_OUT', 'POLL_MSG', 'POLL_ERR', 'POLL_PRI', 'POLL_HUP'],
  SIGSYS: ['SYS_SECCOMP', 'SYS_USER_DISPATCH'],
};

const codeName = (signal: string, code: number): string => senders.get(code) ?? causes[signal]?.[code - 1] ?? String(code);

const faults = new Set(['SIGILL', 'SIGFPE', 'SIGSEGV', 'SIGBUS', 'SIGTRAP']);
const siKernel = 0x80;
const siTimer = -2;

/** Decodes siginfo_t as the kernel copied it; undefined if there are too few bytes. */
export const decodeSignalInfo = (bytes: Uint8Array): SignalInfo | undefined => {
  if (bytes.byteLength < 48) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const signal = view.getInt32(0, true);
  const code = view.getInt32(8, true);
  const name = signalName(signal);
  const common = { signal, signalName: name, errno: view.getInt32(4, true), code, codeName: codeName(name, code), fromKernel: code > 0 };
  const sender = { pid: view.getInt32(16, true), uid: view.getUint32(20, true) };
  if (code === siTimer)
    return { ...common, timer: { id: view.getInt32(16, true), overrun: view.getInt32(20, true) }, value: view.getBigUint64(24, true) };
  if (code === 0 || code === -6) return { ...common, ...sender };
  if (code < 0) return { ...common, ...sender, value: view.getBigUint64(24, true) };
  if (name === 'SIGCHLD') return { ...common, ...sender, status: view.getInt32(24, true) };
  // SI_KERNEL: a general-protection fault (non-canonical address, movaps): the processor does not tell the address, the field is 0.
  if (code === siKernel) return common;
  if (faults.has(name)) {
    const key = common.codeName === 'SEGV_PKUERR' ? { protectionKey: view.getUint32(32, true) } : {};
    return { ...common, address: view.getBigUint64(16, true), ...key };
  }
  if (name === 'SIGIO') return { ...common, poll: { events: view.getInt32(16, true), fd: view.getInt32(24, true) } };
  if (name === 'SIGSYS')
    return {
      ...common,
      address: view.getBigUint64(16, true),
      syscall: { number: view.getInt32(24, true), architecture: view.getUint32(28, true) },
    };
  return common;
};
