/**
 * `xray on`: every ptrace, wait, memory and signal call that deet makes, in the words of ptrace(2), in order, with arguments and result. A class can watch how a debugger works:
 * how int3 is planted (a write of 0xcc), what a step over it is (put back, PTRACE_SINGLESTEP, wait, plant again), how a fork is followed.
 */
import { readlinkSync } from 'node:fs';
import { hex } from '../common/addresses.js';
import { PtraceEvent } from '../linux/constants.js';
import { signalName } from '../linux/signals.js';
import { decodeStatus } from '../linux/status.js';
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
      return `${tid} stopped: ${events[event.event] ?? `event ${event.event}`}`;
    case 'signal':
      return `${tid} stopped by ${signalName(event.signal)}`;
  }
};

const bytesText = (bytes: Uint8Array): string =>
  bytes.length <= 16 ? [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') : `${bytes.length} bytes`;

const errorText = (result: number): string => (result < 0 ? `-1 (errno ${-result})` : String(result));

type Describe = (args: readonly unknown[], result: unknown) => string | undefined;

const request =
  (name: string, last: (args: readonly unknown[]) => string = () => '0'): Describe =>
  (args, result) =>
    `ptrace(${name}, ${String(args[0])}, 0, ${last(args)}) = ${errorText(Number(result))}`;

const waited: Describe = (args, result) => {
  const count = Number(result);
  // Looking and finding nothing is what a debugger does most; it would drown the rest.
  if (count <= 0) return undefined;
  const status = args.find((each) => each instanceof Int32Array);
  return status ? `waitpid(${String(args[0])}) = ${statusText(status[0], status[1])}` : undefined;
};

/** The memory of which process a descriptor of deet's is. */
const memoryName = (fd: unknown): string => {
  try {
    return readlinkSync(`/proc/self/fd/${Number(fd)}`);
  } catch {
    return '/proc/?/mem';
  }
};

const describers: { readonly [Name in keyof Native]?: Describe } = {
  launch: ([plan], result) =>
    `clone(CLONE_VM | CLONE_VFORK), then ptrace(PTRACE_TRACEME) and execve("${(plan as { path: string }).path}") in the child = ${JSON.stringify(result)}`,
  cont: request('PTRACE_CONT', (args) => signalText(Number(args[1]))),
  step: request('PTRACE_SINGLESTEP', (args) => signalText(Number(args[1]))),
  syscall: request('PTRACE_SYSCALL', (args) => signalText(Number(args[1]))),
  listen: request('PTRACE_LISTEN'),
  interrupt: request('PTRACE_INTERRUPT'),
  seize: request('PTRACE_SEIZE', (args) => `options ${hex(Number(args[1]))}`),
  detach: request('PTRACE_DETACH', (args) => signalText(Number(args[1]))),
  setOptions: request('PTRACE_SETOPTIONS', (args) => hex(Number(args[1]))),
  eventMessage: ([tid], result) => `ptrace(PTRACE_GETEVENTMSG, ${String(tid)}) = ${String(result)}`,
  getRegisters: ([tid, into], result) =>
    `ptrace(PTRACE_GETREGS, ${String(tid)}) = ${errorText(Number(result))}; rip is ${hex((into as BigUint64Array)[16])}`,
  setRegisters: ([tid, from], result) =>
    `ptrace(PTRACE_SETREGS, ${String(tid)}), rip ${hex((from as BigUint64Array)[16])} = ${errorText(Number(result))}`,
  setRegister: ([tid, word, value], result) =>
    `ptrace(PTRACE_POKEUSER, ${String(tid)}, ${registerNames[Number(word)]}, ${hex(value as bigint)}) = ${errorText(Number(result))}`,
  getSignalInfo: request('PTRACE_GETSIGINFO'),
  setDebugRegister: ([tid, index, value], result) =>
    `ptrace(PTRACE_POKEUSER, ${String(tid)}, DR${String(index)}, ${hex(value as bigint)}) = ${errorText(Number(result))}`,
  wait: waited,
  waitSpin: waited,
  waitTick: waited,
  openMemory: ([pid], result) => `open("/proc/${String(pid)}/mem") = ${errorText(Number(result))}`,
  readAt: ([fd, address, into], result) =>
    `read ${(into as Uint8Array).length} bytes at ${hex(address as bigint)} of ${memoryName(fd)} = ${errorText(Number(result))}`,
  writeAt: ([fd, address, from], result) => {
    const bytes = from as Uint8Array;
    const meaning =
      bytes.length === 1
        ? bytes[0] === 0xcc
          ? ' (int3: the breakpoint is planted)'
          : " (the program's own byte is put back)"
        : bytes.length === 5 && bytes[0] === 0xe9
          ? ' (a jump: the breakpoint is checked in the program)'
          : '';
    return `write ${bytesText(bytes)} at ${hex(address as bigint)} of ${memoryName(fd)}${meaning} = ${errorText(Number(result))}`;
  },
  kill: ([pid, signal], result) => `kill(${String(pid)}, ${signalText(Number(signal))}) = ${errorText(Number(result))}`,
  terminalGroup: () => undefined,
  setTerminalGroup: ([, group], result) => `tcsetpgrp(terminal, ${String(group)}) = ${errorText(Number(result))}`,
};

/** Begins to tell; the returned function ends it. */
export const xray = (tell: (line: string) => void): (() => void) =>
  observeNative((name, args, result) => {
    const line = describers[name]?.(args, result);
    if (line !== undefined) tell(line);
  });
