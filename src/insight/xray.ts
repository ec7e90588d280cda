/**
 * `xray on`: every ptrace, wait, memory and signal call that deet makes, in the words of ptrace(2), in order, with arguments and result. A class can watch how a debugger works:
 * how int3 is planted (a write of 0xcc), what a step over it is (put back, PTRACE_SINGLESTEP, wait, plant again), how a fork is followed.
 */
import { readlinkSync } from 'node:fs';
import { hex } from '../common/addresses.js';
import { Option, PtraceEvent, WaitFlag } from '../linux/constants.js';
import { kernelError } from '../linux/errors.js';
import { signalName } from '../linux/signals.js';
import { decodeSignalInfo } from '../linux/siginfo.js';
import { decodeStatus, isGroupStop } from '../linux/status.js';
import { readMaps } from '../linux/proc.js';
import { observeNative, type Native } from '../native.js';
import { registerNames } from '../linux/registers.js';

const signalText = (signal: number): string => (signal === 0 ? '0' : signalName(signal));

const events: Readonly<Record<number, string>> = {
  [PtraceEvent.fork]: 'PTRACE_EVENT_FORK',
  [PtraceEvent.vfork]: 'PTRACE_EVENT_VFORK',
  [PtraceEvent.clone]: 'PTRACE_EVENT_CLONE',
  [PtraceEvent.exec]: 'PTRACE_EVENT_EXEC',
  [PtraceEvent.vforkDone]: 'PTRACE_EVENT_VFORK_DONE',
  [PtraceEvent.exit]: 'PTRACE_EVENT_EXIT',
  [PtraceEvent.stop]: 'PTRACE_EVENT_STOP',
};

const statusText = (tid: number, status: number): string => {
  const event = decodeStatus(tid, status);
  switch (event.kind) {
    case 'exited':
      return `${tid} exited with status ${event.code}`;
    case 'killed':
      return `${tid} was killed by ${signalName(event.signal)}`;
    case 'syscall':
      return `${tid} stopped at a system call`;
    case 'event':
      return `${tid} stopped: ${events[event.event] ?? `event ${event.event}`}${isGroupStop(event) ? ` (group-stop: ${signalName(event.signal)})` : ''}`;
    case 'signal':
      return `${tid} stopped by ${signalName(event.signal)}`;
  }
};

const hexBytes = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
const fewBytes = 16;

const errorText = (result: number): string => (result < 0 ? `-1 ${kernelError(-result)?.name ?? `errno ${-result}`}` : String(result));

/** The lines of one call; undefined: it is nothing of the kernel's, or has found nothing. */
type Describe = (args: readonly unknown[], result: unknown) => string | readonly string[] | undefined;

const request =
  (name: string, last: (args: readonly unknown[]) => string = () => '0'): Describe =>
  (args, result) =>
    `ptrace(${name}, ${String(args[0])}, 0, ${last(args)}) = ${errorText(Number(result))}`;

const optionNames: readonly (readonly [number, string])[] = [
  [Option.sysGood, 'PTRACE_O_TRACESYSGOOD'],
  [Option.fork, 'PTRACE_O_TRACEFORK'],
  [Option.vfork, 'PTRACE_O_TRACEVFORK'],
  [Option.clone, 'PTRACE_O_TRACECLONE'],
  [Option.exec, 'PTRACE_O_TRACEEXEC'],
  [Option.vforkDone, 'PTRACE_O_TRACEVFORKDONE'],
  [Option.exit, 'PTRACE_O_TRACEEXIT'],
  [Option.exitKill, 'PTRACE_O_EXITKILL'],
];

const optionsText = (args: readonly unknown[]): string =>
  optionNames
    .filter(([bit]) => (Number(args[1]) & bit) !== 0)
    .map(([, name]) => name)
    .join(' | ') || '0';

const waitFlags = (flags: number): string =>
  [...((flags & WaitFlag.noHang) !== 0 ? ['WNOHANG'] : []), ...((flags & WaitFlag.untraced) !== 0 ? ['WUNTRACED'] : []), '__WALL'].join(
    ' | ',
  );

const waited =
  (flags: (args: readonly unknown[]) => number): Describe =>
  (args, result) => {
    // Looking and finding nothing is what a debugger does most; it would drown the rest.
    if (Number(result) <= 0) return undefined;
    const status = args.find((each) => each instanceof Int32Array);
    return status && `waitpid(${String(args[0])}, ${waitFlags(flags(args))}) = ${statusText(status[0], status[1])}`;
  };

/** A look that takes nothing: whose turn it is. */
const peeked =
  (flags: string): Describe =>
  (_, result) =>
    Number(result) > 0
      ? `waitid(P_ALL, ${flags}WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD): ${String(result)} has something to tell`
      : undefined;

const signalInfoText = (bytes: Uint8Array): string => {
  const info = decodeSignalInfo(bytes);
  return info ? `; ${info.signalName}, si_code ${info.codeName}` : '';
};

const int3 = 0xcc;

/** Where an int3 of deet's stands, as far as it was seen: `/proc/71/mem 0x401136`. */
const planted = new Set<string>();

const isCode = (memory: string, address: bigint): boolean =>
  readMaps(Number(/\d+/.exec(memory)?.[0]))?.some(({ start, end, executable }) => executable && address >= start && address < end) ?? false;

/** What the written bytes are for, where that is certain. */
const meaningOf = (memory: string, address: bigint, bytes: Uint8Array): string => {
  const place = `${memory} ${hex(address)}`;
  if (bytes.length === 1 && planted.has(place) && bytes[0] !== int3) {
    planted.delete(place);
    return " (the program's own byte is put back)";
  }
  if (bytes.length === 1 && bytes[0] === int3 && isCode(memory, address)) {
    planted.add(place);
    return ' (int3: the breakpoint is planted)';
  }
  return bytes.length === 5 && bytes[0] === 0xe9 && isCode(memory, address) ? ' (a jump: the breakpoint is checked in the program)' : '';
};

/** The memory of which process a descriptor of deet's is. */
const memoryName = (fd: unknown): string => {
  try {
    return readlinkSync(`/proc/self/fd/${Number(fd)}`);
  } catch {
    return '/proc/?/mem';
  }
};

/** What launch.cc does beside fork and exec. */
const launched = (path: string, result: unknown): readonly string[] => {
  const { pid } = result as { readonly pid?: number };
  if (pid === undefined)
    return [`clone(CLONE_VM | CLONE_VFORK | SIGCHLD); in the child: ptrace(PTRACE_TRACEME), execve("${path}"): ${JSON.stringify(result)}`];
  return [
    `clone(CLONE_VM | CLONE_VFORK | SIGCHLD) = ${pid}; in the child: ptrace(PTRACE_TRACEME), execve("${path}")`,
    `waitid(P_PID, ${pid}, WEXITED | WSTOPPED | WNOWAIT | __WALL) = 0: it stands at its exec`,
    `ptrace(PTRACE_SETSIGMASK, ${pid}, 8, empty) = 0`,
    `ptrace(PTRACE_SETOPTIONS, ${pid}, 0, PTRACE_O_EXITKILL) = 0`,
  ];
};

const describers: { readonly [Name in keyof Native]?: Describe } = {
  launch: ([plan], result) => launched((plan as { path: string }).path, result),
  cont: request('PTRACE_CONT', (args) => signalText(Number(args[1]))),
  step: request('PTRACE_SINGLESTEP', (args) => signalText(Number(args[1]))),
  syscall: request('PTRACE_SYSCALL', (args) => signalText(Number(args[1]))),
  listen: request('PTRACE_LISTEN'),
  interrupt: request('PTRACE_INTERRUPT'),
  seize: request('PTRACE_SEIZE', optionsText),
  detach: request('PTRACE_DETACH', (args) => signalText(Number(args[1]))),
  setOptions: request('PTRACE_SETOPTIONS', optionsText),
  eventMessage: ([tid], result) => `ptrace(PTRACE_GETEVENTMSG, ${String(tid)}) = ${errorText(Number(result))}`,
  getRegisters: ([tid, into], result) =>
    `ptrace(PTRACE_GETREGS, ${String(tid)}) = ${errorText(Number(result))}${Number(result) < 0 ? '' : `; rip is ${hex((into as BigUint64Array)[16])}`}`,
  setRegisters: ([tid, from], result) =>
    `ptrace(PTRACE_SETREGS, ${String(tid)}), rip ${hex((from as BigUint64Array)[16])} = ${errorText(Number(result))}`,
  setRegister: ([tid, word, value], result) =>
    `ptrace(PTRACE_POKEUSER, ${String(tid)}, ${registerNames[Number(word)]}, ${hex(value as bigint)}) = ${errorText(Number(result))}`,
  getRegisterSet: ([tid, type], result) => `ptrace(PTRACE_GETREGSET, ${String(tid)}, ${hex(Number(type))}) = ${errorText(Number(result))}`,
  setRegisterSet: ([tid, type], result) => `ptrace(PTRACE_SETREGSET, ${String(tid)}, ${hex(Number(type))}) = ${errorText(Number(result))}`,
  getDebugRegister: ([tid, index], result) =>
    `ptrace(PTRACE_PEEKUSER, ${String(tid)}, DR${String(index)}) = ${typeof result === 'bigint' ? hex(result) : errorText(Number(result))}`,
  setDebugRegister: ([tid, index, value], result) =>
    `ptrace(PTRACE_POKEUSER, ${String(tid)}, DR${String(index)}, ${hex(value as bigint)}) = ${errorText(Number(result))}`,
  getSignalInfo: ([tid, into], result) =>
    `ptrace(PTRACE_GETSIGINFO, ${String(tid)}) = ${errorText(Number(result))}${Number(result) < 0 ? '' : signalInfoText(into as Uint8Array)}`,
  setSignalInfo: ([tid, from], result) =>
    `ptrace(PTRACE_SETSIGINFO, ${String(tid)}) = ${errorText(Number(result))}${signalInfoText(from as Uint8Array)}`,
  peekSignalInfo: ([tid, index, shared], result) =>
    `ptrace(PTRACE_PEEKSIGINFO, ${String(tid)}, ${String(index)}${shared === 1 ? ', PTRACE_PEEKSIGINFO_SHARED' : ''}) = ${errorText(Number(result))}`,
  getSignalMask: ([tid], result) =>
    `ptrace(PTRACE_GETSIGMASK, ${String(tid)}) = ${typeof result === 'bigint' ? hex(result) : errorText(Number(result))}`,
  setSignalMask: ([tid, mask], result) =>
    `ptrace(PTRACE_SETSIGMASK, ${String(tid)}, 8, ${hex(mask as bigint)}) = ${errorText(Number(result))}`,
  getSyscallInfo: ([tid], result) => `ptrace(PTRACE_GET_SYSCALL_INFO, ${String(tid)}) = ${errorText(Number(result))}`,
  wait: waited((args) => Number(args[1])),
  waitSpin: waited(() => WaitFlag.noHang),
  waitTick: waited(() => 0),
  peekTick: peeked(''),
  peekWaitable: peeked('WNOHANG | '),
  readMemory: ([pid, address, into], result) =>
    `process_vm_readv(${String(pid)}, ${(into as Uint8Array).length} bytes at ${hex(address as bigint)}) = ${errorText(Number(result))}`,
  openMemory: ([pid], result) => `open("/proc/${String(pid)}/mem") = ${errorText(Number(result))}`,
  readAt: ([fd, address, into], result) => {
    const bytes = into as Uint8Array;
    const memory = memoryName(fd);
    const got = Number(result);
    if (got === 1 && bytes.length === 1 && bytes[0] === int3) planted.add(`${memory} ${hex(address as bigint)}`);
    const shown = got > 0 && got <= fewBytes ? `: ${hexBytes(bytes.subarray(0, got))}` : '';
    return `pread(${memory}, ${bytes.length} bytes at ${hex(address as bigint)}) = ${errorText(got)}${shown}`;
  },
  writeAt: ([fd, address, from], result) => {
    const bytes = from as Uint8Array;
    const memory = memoryName(fd);
    const shown = bytes.length <= fewBytes ? hexBytes(bytes) : `${bytes.length} bytes`;
    const meaning = Number(result) > 0 ? meaningOf(memory, address as bigint, bytes) : '';
    return `pwrite(${memory}, ${shown} at ${hex(address as bigint)}) = ${errorText(Number(result))}${meaning}`;
  },
  kill: ([pid, signal], result) =>
    signal === 0 ? undefined : `kill(${String(pid)}, ${signalText(Number(signal))}) = ${errorText(Number(result))}`,
  killThread: ([pid, tid, signal], result) =>
    `tgkill(${String(pid)}, ${String(tid)}, ${signalText(Number(signal))}) = ${errorText(Number(result))}`,
  compare: ([one, other, type, a, b], result) => `kcmp(${[one, other, type, a, b].map(String).join(', ')}) = ${errorText(Number(result))}`,
  setTerminalGroup: ([, group], result) => `tcsetpgrp(terminal, ${String(group)}) = ${errorText(Number(result))}`,
};

/** Begins to tell; the returned function ends it. */
export const xray = (tell: (line: string) => void): (() => void) => {
  planted.clear();
  return observeNative((name, args, result) => {
    const lines = describers[name]?.(args, result);
    for (const line of lines === undefined ? [] : typeof lines === 'string' ? [lines] : lines) tell(line);
  });
};
