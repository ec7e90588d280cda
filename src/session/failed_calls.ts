/**
 * Calls that fail without anybody looking, between fork and exec: the child goes on with what it has not got. The kernel has no event for that, but code behind
 * the system call in the C library's function is passed by whoever made it: behind execve by nobody whose exec did not fail. Few call dup2 at all.
 */
import { existsSync } from 'node:fs';
import { fileAddress, type Address, type FileAddress } from '../common/addresses.js';
import type { Thread } from '../inferior/thread.js';
import { kernelError } from '../linux/errors.js';
import { readDescriptor, type Descriptor } from '../linux/proc_files.js';
import { Word } from '../linux/registers.js';
import type { SymbolImage } from '../symbols/model.js';
import { FamilySites, functionNamed } from './family_sites.js';

/** mov $59,%eax; syscall: glibc's execve, and musl's. */
const exec = Buffer.from([0xb8, 0x3b, 0x00, 0x00, 0x00, 0x0f, 0x05]);
/** The function is some forty bytes long. */
const stubLength = 64;
const longestPath = 4096;

/** The instruction behind the system call of execve; undefined: the library has no such function, or another one. */
const behindExec = (image: SymbolImage): FileAddress | undefined => {
  const start = functionNamed('execve')(image);
  const code = start === undefined ? undefined : image.bytesAt(start, stubLength);
  const at = code ? Buffer.from(code).indexOf(exec) : -1;
  return start !== undefined && at >= 0 ? fileAddress(start + at + exec.length) : undefined;
};

/** The system call leaves its arguments where they were. */
const pathAt = (thread: Thread, address: Address): string => {
  const bytes = Buffer.from(thread.process.space.readAvailable(address, longestPath));
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? undefined : end);
};

/** `ENOENT`; undefined: the call has not failed. */
const errorOf = (thread: Thread): string | undefined => {
  const result = Number(BigInt.asIntN(64, thread.registers()[Word.rax]));
  return result < 0 ? (kernelError(-result)?.name ?? `errno ${-result}`) : undefined;
};

/** @param failed told the thread, the path and the error's name */
export const failedExecs = (failed: (thread: Thread, program: string, error: string) => void): FamilySites =>
  new FamilySites(behindExec, {
    kind: 'internal',
    arrived: (thread) => {
      failed(thread, pathAt(thread, thread.registers()[Word.rdi]), errorOf(thread) ?? 'no error');
      return 'pass';
    },
  });

/** A dup2 that does not do what was meant. */
export interface OddDup {
  readonly from: number;
  readonly to: number;
  /** The pipe, socket or file that `to` was, and that a standard descriptor has taken the place of; undefined: `from` is not open. */
  readonly lost?: Descriptor;
}

const lastStandard = 2;

/** It can be used as that standard descriptor. */
const suits = ({ access }: Descriptor, standard: number): boolean => access !== 'path' && access !== (standard === 0 ? 'write' : 'read');

/** `dup2(0, 5)`, where 5 is the end of a pipe, or a file, that was to become standard input: the arguments are swapped. */
const swapped = (pid: number, from: number, to: number): Descriptor | undefined => {
  const target = from <= lastStandard && to > lastStandard ? readDescriptor(pid, to) : undefined;
  if (!target || !suits(target, from)) return undefined;
  // Of a file that was opened for this nothing has been read or written yet.
  return target.kind === 'pipe' || target.kind === 'socket' || (target.kind === 'file' && target.offset === 0) ? target : undefined;
};

/** @param odd told the thread, and what it wants */
export const oddDups = (odd: (thread: Thread, dup: OddDup) => void): FamilySites =>
  new FamilySites(functionNamed('dup2'), {
    kind: 'internal',
    arrived: (thread) => {
      const registers = thread.registers();
      const { pid } = thread.process;
      const [from, to] = [Word.rdi, Word.rsi].map((word) => Number(BigInt.asIntN(32, registers[word])));
      const isOpen = existsSync(`/proc/${pid}/fd/${from}`);
      const lost = isOpen ? swapped(pid, from, to) : undefined;
      if (!isOpen || lost) odd(thread, { from, to, ...(lost && { lost }) });
      return 'pass';
    },
  });
