/**
 * read, write, accept and close of a descriptor that is not open, or not for that: the call fails (EBADF), and nobody looks. The C library's functions go another way
 * when their system call has failed, so that those who do not fail never come by.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import type { AddressSpace } from '../inferior/address_space.js';
import type { Thread } from '../inferior/thread.js';
import { errno } from '../linux/constants.js';
import { readDescriptor, type Descriptor } from '../linux/proc_files.js';
import { Word } from '../linux/registers.js';
import type { SymbolImage } from '../symbols/model.js';
import { FamilySites, functionNamed } from './family_sites.js';

export type DescriptorCall = 'read' | 'write' | 'accept' | 'close';

/** A call that has failed with EBADF. */
export interface BadDescriptor {
  readonly call: DescriptorCall;
  readonly fd: number;
  /** It is open, but not for this call. */
  readonly open?: Descriptor;
}

/** syscall; cmp $-4096,%rax; ja: glibc's, once for programs of one thread and once for others. */
const failing = Buffer.from([0x0f, 0x05, 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff, 0x77]);
const afterJump = failing.length + 1;
/** The ways that do not fail are shorter. */
const functionLength = 112;
/** So many failures of each kind are looked at in a process: who reads without waiting (EAGAIN), or closes all numbers that there could be, is not to pay for it. */
const mostFailures = 16;

/** Where a function of the library goes when its system call has failed. */
const failuresOf =
  (name: DescriptorCall) =>
  (image: SymbolImage): FileAddress[] => {
    const start = functionNamed(name)(image);
    const code = start === undefined ? undefined : image.bytesAt(start, functionLength);
    if (start === undefined || !code) return [];
    const bytes = Buffer.from(code);
    const found: FileAddress[] = [];
    for (let at = bytes.indexOf(failing); at >= 0 && at + afterJump <= bytes.length; at = bytes.indexOf(failing, at + 1))
      found.push(fileAddress(start + at + afterJump + bytes.readInt8(at + failing.length)));
    return found;
  };

const misuse = (thread: Thread, call: DescriptorCall): BadDescriptor | undefined => {
  const fd = Number(BigInt.asIntN(32, thread.registers()[Word.rdi]));
  // Whose open has failed may close what it has not got.
  if (call === 'close' && fd < 0) return undefined;
  const open = readDescriptor(thread.process.pid, fd);
  return { call, fd, ...(open && { open }) };
};

/**
 * @param told the thread, in the function that has failed, and how
 * @param interrupted the same of a call that a signal has ended (EINTR)
 */
export const badDescriptors = (
  call: DescriptorCall,
  told: (thread: Thread, misused: BadDescriptor) => void,
  interrupted?: (thread: Thread) => void,
): FamilySites => {
  const failures = new WeakMap<AddressSpace, number>();
  const sites: FamilySites = new FamilySites(failuresOf(call), {
    kind: 'internal',
    arrived: (thread) => {
      const { space } = thread.process;
      const count = (failures.get(space) ?? 0) + 1;
      failures.set(space, count);
      const error = -Number(BigInt.asIntN(64, thread.registers()[Word.rax]));
      const misused = error === errno.EBADF ? misuse(thread, call) : undefined;
      if (misused) told(thread, misused);
      if (error === errno.EINTR) interrupted?.(thread);
      if (count === mostFailures) sites.leave(thread.process);
      return 'pass';
    },
  });
  return sites;
};
