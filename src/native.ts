/**
 * The addon's typed face: the one file that loads it. Mechanism only; every function is one kernel facility (the page of
 * the manual is named). Calls that the kernel can refuse return `-errno` as a negative number instead of throwing,
 * because ESRCH and friends are everyday answers for a debugger. ptrace calls must come from the thread that launched or seized.
 */
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DeetError } from './common/errors.js';
import type { LineHeader } from './dwarf/lines.js';

/** What the child does between fork and exec, in this order; everything is prepared before the fork. */
export interface LaunchPlan {
  /** Path to exec, as given (no PATH search). */
  readonly path: string;
  readonly argv: readonly string[];
  /** `NAME=value` strings. */
  readonly environment: readonly string[];
  readonly cwd?: string;
  /** A terminal to open as controlling terminal (after setsid) and as stdin/out/err. */
  readonly tty?: string;
  /** Opened in order, after the tty: a redirection of `fd`. Or a descriptor of deet's own to dup2 from. */
  readonly redirections: readonly (
    | { readonly fd: number; readonly path: string; readonly flags: number; readonly mode: number }
    | { readonly fd: number; readonly from: number }
  )[];
  /** setrlimit(2): no more than `most` of a resource (RLIMIT_...), soft and hard; a limit that is lower already stays. */
  readonly limits?: readonly { readonly resource: number; readonly most: number }[];
  /** Put the child in a process group of its own; with `foreground`, make it the terminal's foreground group (fd 0..2 or /dev/tty). */
  readonly processGroup: boolean;
  /** Make it the leader of a session of its own, and so of a group. Without effect with `tty`, which does so too. */
  readonly session?: boolean;
  readonly foreground: boolean;
  /** personality(ADDR_NO_RANDOMIZE). */
  readonly disableRandomization: boolean;
  /** PTRACE_TRACEME; without it the child runs free (used by tests and for comparison). */
  readonly trace: boolean;
}

export type LaunchStep = 'fork' | 'tty' | 'redirect' | 'cwd' | 'group' | 'personality' | 'trace' | 'exec';

/** `pid` of a child that is stopped at its exec (SIGTRAP not yet waited for), or which step failed. A failed child is already reaped. */
export type LaunchResult = { readonly pid: number } | { readonly step: LaunchStep; readonly errno: number; readonly index?: number };

/** Decoded by linux/status.ts. `pid` 0: nothing waitable. */
export interface Native {
  launch(plan: LaunchPlan): LaunchResult;

  // ptrace(2). Results: 0 or -errno.
  cont(tid: number, signal: number): number;
  step(tid: number, signal: number): number;
  syscall(tid: number, signal: number): number;
  listen(tid: number): number;
  interrupt(tid: number): number;
  seize(pid: number, options: number): number;
  detach(tid: number, signal: number): number;
  setOptions(tid: number, options: number): number;
  /** PTRACE_GETEVENTMSG; a negative result is -errno. */
  eventMessage(tid: number): number;
  /** PTRACE_GETREGS into / SETREGS from struct user_regs_struct: 27 words (sys/user.h order). */
  getRegisters(tid: number, into: BigUint64Array): number;
  setRegisters(tid: number, from: BigUint64Array): number;
  /** PTRACE_POKEUSER of one of these words. */
  setRegister(tid: number, word: number, value: bigint): number;
  /** PTRACE_GETREGSET of an NT_ number (NT_PRFPREG 2, NT_X86_XSTATE 0x202); returns the size that the kernel gave, or -errno. */
  getRegisterSet(tid: number, type: number, into: Uint8Array): number;
  setRegisterSet(tid: number, type: number, from: Uint8Array): number;
  /** PTRACE_PEEKUSER / POKEUSER at offsetof(struct user, u_debugreg[index]). */
  getDebugRegister(tid: number, index: number): bigint | number;
  setDebugRegister(tid: number, index: number, value: bigint): number;
  /** Tries them in a child of its own, some milliseconds. 1: they trap; 0: they take values and never trap; -errno: it cannot be tried. */
  debugRegistersTrap(): number;
  /** siginfo_t, 128 bytes. */
  getSignalInfo(tid: number, into: Uint8Array): number;
  setSignalInfo(tid: number, from: Uint8Array): number;
  /** PTRACE_PEEKSIGINFO: the signal of that index among those that wait for the thread, or (`shared` is 1) for its process. 1, or 0 when there are fewer. */
  peekSignalInfo(tid: number, index: number, shared: number, into: Uint8Array): number;
  getSignalMask(tid: number): bigint | number;
  setSignalMask(tid: number, mask: bigint): number;
  /** PTRACE_GET_SYSCALL_INFO: struct ptrace_syscall_info (linux/ptrace.h); returns bytes written by the kernel or -errno. */
  getSyscallInfo(tid: number, into: Uint8Array): number;

  // wait(2)
  /** waitpid(pid, &status, flags | __WALL): [pid, status]; [0, 0] nothing yet; [-errno, 0]. Writes into `into` to spare an allocation. */
  wait(pid: number, flags: number, into: Int32Array): number;
  /** Spins on waitpid(pid, WNOHANG|__WALL) for at most `microseconds`; as wait(). pid -1 is never allowed. */
  waitSpin(pid: number, microseconds: number, into: Int32Array): number;
  /**
   * waitid(P_ALL, WNOWAIT|WNOHANG|WEXITED|WSTOPPED|__WALL|__WNOTHREAD): the pid of one waitable child or tracee of this thread without
   * consuming it; 0 none; -errno. It may be a child of Node's own, which the caller must leave alone.
   */
  peekWaitable(): number;
  /** Makes this thread's `waitTick` and `peekTick` end every so many microseconds (timer_create(2)); 0: they would block. */
  ticks(microseconds: number): number;
  /** As wait(), blocking until the next tick, which yields 0. Not for pid <= 0. */
  waitTick(pid: number, into: Int32Array): number;
  /** As peekWaitable(), blocking until the next tick, which yields 0. */
  peekTick(): number;
  /** Whether the kernel sends SIGCHLD for each stop of a tracee (the default) or only for deaths: sigaction(2), SA_NOCLDSTOP. */
  signalStops(wanted: 0 | 1): number;

  /** From now on SIGINT, which must have a listener, is noted as well as told. */
  noteInterrupts(): number;
  /** 1: it came since the last call. Asking costs next to nothing. */
  takeInterrupt(): number;
  /**
   * If this process still lives so many seconds after the signal (1 to 31), it ends with status 128 + signal, whatever JavaScript does then. For
   * signals that already have a listener, which is told as before. The tracees end with the process if their options say so.
   */
  endWithin(signal: number, seconds: number): number;
  /** If this process still lives after so many seconds, it ends with that status. There is one such clock (alarm(2)); `endWithin`'s signal sets it anew. */
  endAfter(seconds: number, status: number): number;

  // memory
  /** process_vm_readv: number of bytes read, or -errno. Short reads stop at the first unreadable page. */
  readMemory(pid: number, address: bigint, into: Uint8Array): number;
  /** open/pread/pwrite on /proc/PID/mem (any thread; writes through page protections). The descriptor is close-on-exec. */
  openMemory(pid: number): number;
  readAt(fd: number, address: bigint, into: Uint8Array): number;
  writeAt(fd: number, address: bigint, from: Uint8Array): number;
  closeDescriptor(fd: number): number;
  /** pipe2(2), close-on-exec: the reading end into ends[0], the writing end into ends[1]. */
  makePipe(ends: Int32Array): number;

  // others
  kill(pid: number, signal: number): number;
  /** tgkill(2). */
  killThread(pid: number, tid: number, signal: number): number;
  /** kcmp(2): type KCMP_FILE 0, KCMP_VM 1, KCMP_FILES 2...; 0 equal, 1, 2 ordered, 3 not, or -errno. */
  compare(pid1: number, pid2: number, type: number, a: number, b: number): number;
  setAffinity(tid: number, mask: bigint): number;
  getAffinity(tid: number): bigint | number;
  /** tcgetpgrp / tcsetpgrp on fd (SIGTTOU blocked for the call). */
  terminalGroup(fd: number): number;
  setTerminalGroup(fd: number, group: number): number;
  /** tcgetattr/tcsetattr: a copy of struct termios, or undefined when fd is no terminal. */
  terminalMode(fd: number): Uint8Array | undefined;
  setTerminalMode(fd: number, mode: Uint8Array): number;
  /**
   * A file mapped read-only and private. Bytes past the end of a file that shrinks while mapped read as zero (a SIGBUS handler maps an anonymous
   * page there) instead of killing deet. The mapping goes with the buffer, or at unmapFile. Throws nothing: -errno.
   */
  mapFile(path: string): ArrayBuffer | number;
  unmapFile(buffer: ArrayBuffer): void;
  /** A file of Latin-1 as a string that lies in the mapped file; its pages come when they are looked at. -errno; -38 (ENOSYS) where Node has no such strings. */
  mapText(path: string): string | number;
  /** Takes the pages of a part of a mapped file out of the process until they are read again. Does nothing to other bytes. */
  releasePages(bytes: Uint8Array): number;
  /** sock_diag(7): sends a netlink request, puts all of the answer's messages into `reply`, and returns how many bytes they are. */
  sockDiag(request: Uint8Array, reply: Uint8Array): number;
  /**
   * One pass over the headers of .debug_line: 64-bit keys of (hash of the last part of a file's path, number of the table, 255), in order. `tables` has the offset of each
   * header and of its end. `needsStrings`: some names stand in .debug_str, and `strings` was empty.
   */
  scanFileNames(
    lines: Uint8Array,
    lineStrings: Uint8Array,
    strings: Uint8Array,
    tables: Float64Array,
  ): { readonly keys: ArrayBuffer; readonly needsStrings: boolean };
  /**
   * One pass over the entries of .debug_info or .debug_types: 64-bit keys of (hash of a name, unit, what its entries are), in order. `units` has nine
   * numbers for each, in the order of their offsets (symbols/name-units.ts). The other sections are abbreviations, strings, line strings, string offsets, and the strings of the file that dwz moved shared names to.
   */
  scanNames(
    entries: Uint8Array,
    abbreviations: Uint8Array,
    strings: Uint8Array,
    lineStrings: Uint8Array,
    stringOffsets: Uint8Array,
    sharedStrings: Uint8Array,
    units: Float64Array,
  ): { readonly keys: ArrayBuffer; readonly crossing: boolean };
  /**
   * Runs a line number program, bytes [begin, end) of .debug_line, and says what it makes: rows (symbols/line-rows.ts), its sequences in
   * the order of their addresses; where the names of files stand that it defines; where and why it broke off.
   */
  runLineProgram(section: Uint8Array, begin: number, end: number, header: LineHeader): LineProgramRun;
  /**
   * Moves the rows that count, of such a program, to the beginning of their buffer and into the order of addresses (symbols/line-table.ts). Returns how many.
   * @param sources of each file number: equal for one source, 0 where there is no such file
   * @param lowest the unit's first address
   */
  recordLines(rows: ArrayBuffer, sources: Int32Array, lowest: number): number;
  /** abi::__cxa_demangle; undefined when the name is not mangled. */
  demangle(name: string): string | undefined;
}

/** What becomes of a line number program. */
export interface LineProgramRun {
  readonly rows: ArrayBuffer;
  readonly definedFiles: readonly number[];
  readonly problem?: { readonly offset: number; readonly what: string };
}

const root = ((): string => {
  let directory = dirname(import.meta.filename);
  while (!existsSync(join(directory, 'binding.gyp')) && dirname(directory) !== directory) directory = dirname(directory);
  return directory;
})();

const load = (): Native => {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new DeetError('platform', `deet debugs Linux x86-64 programs; this is ${process.platform} ${process.arch}.`);
  // The tests of the addon run on its Debug build too, which carries sanitizers (native/test_asan.sh).
  const path = join(root, 'build', process.env['DEET_ADDON_BUILD'] ?? 'Release', 'deet.node');
  if (!existsSync(path))
    throw new DeetError(
      'not-built',
      `The native addon is missing (${path}).`,
      'Run "npm install" in deet\'s folder; it needs python3, make and g++.',
    );
  return createRequire(import.meta.filename)(path) as Native;
};

const addon = load();

/** The one instance of the addon in this thread. A copy of its functions, so that `observeNative` can put itself between. */
export const native: Native = { ...addon };

/**
 * Calls `listener` after every call of the addon, with its arguments and result (for `xray`). Costs nothing while nobody listens.
 * @returns what ends it
 */
export const observeNative = (listener: (name: keyof Native, args: readonly unknown[], result: unknown) => void): (() => void) => {
  const observed = Object.entries(addon).map(([name, call]: [string, (...args: unknown[]) => unknown]) => [
    name,
    (...args: unknown[]): unknown => {
      const result = call(...args);
      listener(name as keyof Native, args, result);
      return result;
    },
  ]);
  Object.assign(native, Object.fromEntries(observed));
  return () => {
    Object.assign(native, addon);
  };
};
