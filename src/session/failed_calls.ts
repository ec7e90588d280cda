/**
 * Calls that fail without anybody looking, between fork and exec: the child goes on with what it has not got. The kernel has no event for that, but code behind
 * the system call in the C library's function is passed by whoever made it: behind execve by nobody whose exec did not fail, behind dup2 by few.
 */
import { existsSync } from 'node:fs';
import { fileAddress, type Address, type FileAddress } from '../common/addresses.js';
import type { Thread } from '../inferior/thread.js';
import { kernelError } from '../linux/errors.js';
import { Word } from '../linux/registers.js';
import type { SymbolImage } from '../symbols/model.js';
import { FamilySites, functionNamed } from './family_sites.js';

const syscall = Buffer.from([0x0f, 0x05]);
/** mov $59,%eax; syscall: glibc's execve, and musl's. */
const exec = Buffer.from([0xb8, 0x3b, 0x00, 0x00, 0x00, ...syscall]);
/** The functions are some forty bytes long. */
const stubLength = 64;
const longestPath = 4096;

/** The instruction behind the system call; undefined: the library has no such function, or another one. */
const behind =
  (name: string, call: Buffer) =>
  (image: SymbolImage): FileAddress | undefined => {
    const start = functionNamed(name)(image);
    const code = start === undefined ? undefined : image.bytesAt(start, stubLength);
    const at = code ? Buffer.from(code).indexOf(call) : -1;
    return start !== undefined && at >= 0 ? fileAddress(start + at + call.length) : undefined;
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
  new FamilySites(behind('execve', exec), {
    kind: 'internal',
    arrived: (thread) => {
      failed(thread, pathAt(thread, thread.registers()[Word.rdi]), errorOf(thread) ?? 'no error');
      return 'pass';
    },
  });

/** A dup2 of a descriptor that is not open. */
export interface FailedDup {
  readonly from: number;
  readonly to: number;
}

/** @param failed told the thread, and what it wanted */
export const failedDups = (failed: (thread: Thread, dup: FailedDup) => void): FamilySites =>
  new FamilySites(behind('dup2', syscall), {
    kind: 'internal',
    arrived: (thread) => {
      const registers = thread.registers();
      const [from, to] = [Word.rdi, Word.rsi].map((word) => Number(BigInt.asIntN(32, registers[word])));
      if (errorOf(thread) === 'EBADF' && !existsSync(`/proc/${thread.process.pid}/fd/${from}`)) failed(thread, { from, to });
      return 'pass';
    },
  });
