/** Small programs that run untraced, and the view of them that a session would give: /proc, /proc/PID/mem and nm. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readSync } from 'node:fs';
import { DeetError } from '../../src/common/errors.js';
import type { MemoryReader } from '../../src/common/memory.js';
import type { FamilyMember, NamedAddress } from '../../src/insight/family.js';
import { readChildren, readExecutable, readMaps, readStat, readSyscall, readThreads } from '../../src/linux/proc.js';
import { syscallNumber } from '../../src/linux/syscalls.js';
import { compileText } from '../helpers/build.js';
import { until } from '../helpers/until.js';

/** Every program begins with this; `child()` is a fork whose child dies with its parent. */
export const preamble = `
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static pid_t child(void) { pid_t pid = fork(); if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL); return pid; }
`;

export class Program implements AsyncDisposable {
  private constructor(private readonly child: ChildProcess) {}

  /** Compiles and starts it; `body` is all of the program but the includes. */
  static start(name: string, body: string, flags: readonly string[] = []): Program {
    const path = compileText(`${name}.c`, preamble + body, ['-pthread', '-w', ...flags]);
    return new Program(spawn(path, { stdio: 'ignore' }));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}

/** Calls in which the kernel lets a thread sleep so soundly that it says D: the parent of a vfork. All other D are short. */
const soundSleeps = new Set(['vfork', 'clone', 'clone3'].map(syscallNumber));

const isAsleep = (pid: number, tid: number): boolean => {
  const call = readSyscall(pid, tid);
  const state = readStat(`${pid}/task/${tid}`)?.state;
  if (call === 'running' || call === 'none' || call === undefined) return false;
  return state === 'S' || (state === 'D' && soundSleeps.has(call.number));
};

/** Until all threads of all these processes, and exactly `count` of them, sleep in a system call. Not while one is still Node before its exec, or has
 * just gone. */
export const asleep = async (pids: () => readonly number[], count: number): Promise<number[]> =>
  until(() => {
    const list = [...pids()];
    const threads = list
      .flatMap((pid) => readThreads(pid).map((tid) => [pid, tid] as const))
      .filter(([, tid]) => readStat(tid)?.state !== 'Z');
    if (threads.length !== count || !threads.every(([pid, tid]) => isAsleep(pid, tid))) return false;
    // Asked last: one that ended meanwhile was left out above. (A first thread that has ended has no program any more; the others may live.)
    const going = list.some((pid) => readThreads(pid).length < 2 && [process.execPath, undefined].includes(readExecutable(pid)));
    return !going && list;
  });

/** A process and its descendants. */
export const familyOf = (pid: number): number[] => [pid, ...readChildren(pid).flatMap(familyOf)];

class ProcMemory implements MemoryReader {
  constructor(private readonly pid: number) {}

  read(address: bigint, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    try {
      const fd = openSync(`/proc/${this.pid}/mem`, 'r');
      try {
        if (readSync(fd, bytes, 0, length, address) === length) return bytes;
      } finally {
        closeSync(fd);
      }
    } catch {
      // Told below.
    }
    throw new DeetError('memory', `Cannot read ${length} bytes at 0x${address.toString(16)}.`);
  }
}

interface NmSymbol {
  readonly name: string;
  readonly start: bigint;
  readonly size: bigint;
}

const symbolTable = (program: string): NmSymbol[] => {
  const lines = execFileSync('nm', ['-S', program], { encoding: 'utf8' });
  return [...lines.matchAll(/^([0-9a-f]+) ([0-9a-f]+) [A-Za-z] (\S+)$/gm)].map(([, start, size, name = '']) => ({
    name,
    start: BigInt(`0x${start}`),
    size: BigInt(`0x${size}`),
  }));
};

/** The program's own variables by nm (it is not position independent), and of other files just the file. */
const symbolFinder = (pid: number): ((address: bigint) => NamedAddress | undefined) => {
  const program = readExecutable(pid) ?? '';
  const table = symbolTable(program);
  return (address) => {
    const symbol = table.find(({ start, size }) => address >= start && address < start + size);
    if (symbol) return { name: symbol.name, offset: Number(address - symbol.start), image: program };
    const mapping = readMaps(pid)?.find(({ start, end, path }) => path.startsWith('/') && address >= start && address < end);
    return mapping && { name: mapping.path, offset: Number(address - mapping.start), image: mapping.path };
  };
};

export const memberOf = (pid: number): FamilyMember => ({
  pid,
  ppid: readStat(pid)?.parent ?? 0,
  program: readExecutable(pid) ?? '',
  state: readStat(pid)?.state === 'Z' ? 'zombie' : 'running',
  threads: readStat(pid)?.state === 'Z' ? [] : readThreads(pid).map((tid, index) => ({ tid, id: index + 1, state: 'running' })),
  memory: new ProcMemory(pid),
  symbolAt: symbolFinder(pid),
});

/** The address of a global variable of the program. */
export const addressOf = (pid: number, name: string): bigint => {
  const symbol = symbolTable(readExecutable(pid) ?? '').find((each) => each.name === name);
  if (!symbol) throw new Error(`no symbol ${name}`);
  return symbol.start;
};
