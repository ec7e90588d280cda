/**
 * An exec that fails returns, and the child is still its parent's program: the kernel has no event for that. But the C library's execve has a way out of its
 * own for failures - where it sets errno - and nobody else comes there: a site on it costs nothing as long as all goes well.
 */
import { fileAddress, type Address, type FileAddress } from '../common/addresses.js';
import type { Thread } from '../inferior/thread.js';
import { kernelError } from '../linux/errors.js';
import { Word } from '../linux/registers.js';
import type { SymbolImage } from '../symbols/model.js';
import { FamilySites } from './family_sites.js';

/** syscall; cmp $-4095,%rax; jae: glibc's since the beginning (sysdeps/unix/sysv/linux/x86_64/sysdep.h). */
const leave = [0x0f, 0x05, 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff];
const jaeShort = 0x73;
const jaeNear = [0x0f, 0x83];
/** The stub is some forty bytes long. */
const stubLength = 64;
const longestPath = 4096;

/** Where a failed execve goes; undefined: the library has none, or another one. */
const failurePath = (image: SymbolImage): FileAddress | undefined => {
  const symbol = image.symbolsNamed('execve').find(({ type, address }) => type === 'function' && address !== 0);
  const code = symbol && image.bytesAt(symbol.address, stubLength);
  if (!code) return undefined;
  const bytes = Buffer.from(code);
  const jump = bytes.indexOf(Buffer.from(leave)) + leave.length;
  if (jump < leave.length || jump + 6 > bytes.length) return undefined;
  const target =
    bytes[jump] === jaeShort
      ? jump + 2 + bytes.readInt8(jump + 1)
      : bytes[jump] === jaeNear[0] && bytes[jump + 1] === jaeNear[1]
        ? jump + 6 + bytes.readInt32LE(jump + 2)
        : undefined;
  return target === undefined ? undefined : fileAddress(symbol.address + target);
};

/** The system call leaves its arguments where they were. */
const pathAt = (thread: Thread, address: Address): string => {
  const bytes = Buffer.from(thread.process.space.readAvailable(address, longestPath));
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? undefined : end);
};

/** @param failed told the thread, the path and the error's name (`ENOENT`) */
export const failedExecs = (failed: (thread: Thread, program: string, error: string) => void): FamilySites =>
  new FamilySites(failurePath, {
    kind: 'internal',
    arrived: (thread) => {
      const registers = thread.registers();
      const error = -Number(BigInt.asIntN(64, registers[Word.rax]));
      failed(thread, pathAt(thread, registers[Word.rdi]), kernelError(error)?.name ?? `errno ${error}`);
      return 'pass';
    },
  });
