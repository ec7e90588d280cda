/** Numbers of the kernel's interface that deet uses by name: sys/ptrace.h, sys/wait.h, bits/signum. */

/** PTRACE_O_*: what the kernel shall report and do (ptrace(2), PTRACE_SETOPTIONS). */
export const Option = {
  sysGood: 0x1,
  fork: 0x2,
  vfork: 0x4,
  clone: 0x8,
  exec: 0x10,
  vforkDone: 0x20,
  exit: 0x40,
  /** The kernel kills every tracee when its tracer dies, however it dies: what makes "always reaped" true after SIGKILL. */
  exitKill: 0x100000,
} as const;

/** PTRACE_EVENT_*: in bits 16-23 of a wait status. */
export const PtraceEvent = { fork: 1, vfork: 2, clone: 3, exec: 4, vforkDone: 5, exit: 6, seccomp: 7, stop: 128 } as const;

/** waitpid(2). */
export const WaitFlag = { noHang: 1, untraced: 2 } as const;

export const Signal = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGTERM: 15,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
} as const;

/**
 * si_code of a SIGTRAP (asm-generic/siginfo.h): how the trap came about. `handler`: a single step has led into a signal handler (the kernel's
 * signal_delivered() notifies with the signal's own number as code).
 */
export const TrapCode = { user: 0, kernel: 0x80, breakpoint: 1, trace: 2, branch: 3, hardware: 4, handler: 5, tkill: -6 } as const;

export const errno = {
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  EACCES: 13,
  EFAULT: 14,
  EPERM: 1,
  EINVAL: 22,
} as const;
