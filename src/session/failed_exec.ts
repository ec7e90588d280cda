/**
 * An exec that fails returns, and the child is still its parent's program: the kernel has no event for that. But behind the system call in the C library's execve
 * nobody comes whose exec did not fail: a site there costs nothing as long as all goes well.
 */
import { fileAddress, type Address, type FileAddress } from '../common/addresses.js';
import type { Thread } from '../inferior/thread.js';
import { kernelError } from '../linux/errors.js';
import { Word } from '../linux/registers.js';
import type { SymbolImage } from '../symbols/model.js';
import { FamilySites } from './family_sites.js';

/** mov $59,%eax; syscall: glibc's execve, and musl's. */
const call = Buffer.from([0xb8, 0x3b, 0x00, 0x00, 0x00, 0x0f, 0x05]);
/** The function is some forty bytes long. */
const stubLength = 64;
const longestPath = 4096;

/** The instruction behind the system call, to which only a failed one comes; undefined: the library has none, or another one. */
const behindCall = (image: SymbolImage): FileAddress | undefined => {
  const symbol = image.symbolsNamed('execve').find(({ type, address }) => type === 'function' && address !== 0);
  const code = symbol && image.bytesAt(symbol.address, stubLength);
  const at = code ? Buffer.from(code).indexOf(call) : -1;
  return symbol && at >= 0 ? fileAddress(symbol.address + at + call.length) : undefined;
};

/** The system call leaves its arguments where they were. */
const pathAt = (thread: Thread, address: Address): string => {
  const bytes = Buffer.from(thread.process.space.readAvailable(address, longestPath));
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? undefined : end);
};

/** @param failed told the thread, the path and the error's name (`ENOENT`) */
export const failedExecs = (failed: (thread: Thread, program: string, error: string) => void): FamilySites =>
  new FamilySites(behindCall, {
    kind: 'internal',
    arrived: (thread) => {
      const registers = thread.registers();
      const error = -Number(BigInt.asIntN(64, registers[Word.rax]));
      failed(thread, pathAt(thread, registers[Word.rdi]), kernelError(error)?.name ?? `errno ${error}`);
      return 'pass';
    },
  });
