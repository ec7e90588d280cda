/**
 * read, write, accept and close of a descriptor that is not open, or not for that: the call fails (EBADF), and nobody looks. The C library's functions go another way
 * when their system call has failed, so that those who do not fail never come by.
 */
import { fileAddress, type Address, type FileAddress } from '../common/addresses.js';
import { wordAt } from '../common/memory.js';
import type { AddressSpace } from '../inferior/address_space.js';
import type { Thread } from '../inferior/thread.js';
import { errno } from '../linux/constants.js';
import { readDescriptor, type Descriptor } from '../linux/proc_files.js';
import { Word } from '../linux/registers.js';
import type { SymbolImage } from '../symbols/model.js';
import { FamilySites, functionSymbol } from './family_sites.js';

export type DescriptorCall = 'read' | 'write' | 'accept' | 'close';

/** A call that has failed with EBADF. */
export interface BadDescriptor {
  readonly call: DescriptorCall;
  readonly fd: number;
  /** It is open, but not for this call. */
  readonly open?: Descriptor;
}

/** cmp $-4096,%rax; ja: has the system call failed? */
const failing = Buffer.from([0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff, 0x77]);
const afterJump = failing.length + 1;
const syscall = Buffer.from([0x0f, 0x05]);
/** The ways that do not fail are shorter, in the function and in what it calls. */
const longest = 112;
/** push $NUMBER, with the other arguments of a system call being made ready up to the call. */
const push = 0x6a;
const call32 = 0xe8;
const argumentsLength = 24;
const numbers: Readonly<Record<DescriptorCall, number>> = { read: 0, write: 1, close: 3, accept: 43 };
/** So many failures of each kind are looked at in a process: who reads without waiting (EAGAIN), or closes all numbers that there could be, is not to pay for it. */
const mostFailures = 16;
/** And so many of other calls that go the same way. */
const mostOthers = 64;

/** Where a function of the library goes when its system call has failed. */
interface Failures {
  readonly places: readonly FileAddress[];
  /** Others go there too: the call returns here. */
  readonly behindCall?: FileAddress;
}

const codeAt = (image: SymbolImage, start: FileAddress, length: number): Buffer => Buffer.from(image.bytesAt(start, length) ?? []);

/** Where the jumps behind each `failing` lead to. */
const jumpsIn = (code: Buffer, start: FileAddress): { readonly from: number; readonly to: FileAddress }[] => {
  const found = [];
  for (let at = code.indexOf(failing); at >= 0 && at + afterJump <= code.length; at = code.indexOf(failing, at + 1))
    found.push({ from: at, to: fileAddress(start + at + afterJump + code.readInt8(at + failing.length)) });
  return found;
};

/** glibc up to 2.40 makes the system call in the function, once for programs of one thread and once for others. */
const ownFailures = (code: Buffer, start: FileAddress): FileAddress[] =>
  jumpsIn(code, start).flatMap(({ from, to }) => (code.subarray(0, from).subarray(-syscall.length).equals(syscall) ? [to] : []));

/** From 2.41 on all that can be cancelled (pthreads(7)) call one function, __syscall_cancel, and that is where failures go their way. */
const sharedFailures = (image: SymbolImage, name: DescriptorCall, code: Buffer, start: FileAddress): Failures => {
  const pushed = code.indexOf(Buffer.from([push, numbers[name]]));
  const at = pushed < 0 ? -1 : code.indexOf(call32, pushed);
  if (at < 0 || at > pushed + argumentsLength || at + 5 > code.length) return { places: [] };
  const behindCall = fileAddress(start + at + 5);
  const shared = fileAddress(behindCall + code.readInt32LE(at + 1));
  return { places: jumpsIn(codeAt(image, shared, longest), shared).map(({ to }) => to), behindCall };
};

/** Where a failed call of the C library's function comes by, in a library of glibc. */
export const failuresOf = (image: SymbolImage, name: DescriptorCall): Failures => {
  const symbol = functionSymbol(image, name);
  if (!symbol) return { places: [] };
  const start = fileAddress(symbol.address);
  // Behind it stands a function that does the same without being cancelled.
  const code = codeAt(image, start, Math.min(symbol.size || longest, longest));
  const places = ownFailures(code, start);
  return places.length > 0 ? { places } : sharedFailures(image, name, code, start);
};

/** A function is entered with the stack pointer 8 above a multiple of 16 (System V ABI, 3.2.2): where its return address lies in a frame of a few words. */
const returnsTo = (thread: Thread, address: Address): boolean => {
  const { space } = thread.process;
  const stack = thread.registers()[Word.rsp];
  const slot = stack % 16n === 8n ? stack : stack + 8n;
  return [slot, slot + 16n].some((at) => wordAt(space, at) === address);
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
  const counts = new WeakMap<AddressSpace, { own: number; others: number }>();
  const failures = new WeakMap<SymbolImage, Failures>();
  const isOwn = (thread: Thread): boolean => {
    const loaded = thread.process.images.imageAt(thread.pc);
    const behindCall = loaded && failures.get(loaded.image)?.behindCall;
    return loaded === undefined || behindCall === undefined || returnsTo(thread, BigInt(behindCall) + loaded.bias);
  };
  const placesIn = (image: SymbolImage): readonly FileAddress[] => {
    const found = failuresOf(image, call);
    failures.set(image, found);
    return found.places;
  };
  const sites: FamilySites = new FamilySites(placesIn, {
    kind: 'internal',
    arrived: (thread) => {
      const { space } = thread.process;
      const count = counts.get(space) ?? { own: 0, others: 0 };
      counts.set(space, count);
      if (!isOwn(thread)) {
        if (++count.others === mostOthers) sites.leave(thread.process);
        return 'pass';
      }
      count.own++;
      const error = -Number(BigInt.asIntN(64, thread.registers()[Word.rax]));
      const misused = error === errno.EBADF ? misuse(thread, call) : undefined;
      if (misused) told(thread, misused);
      if (error === errno.EINTR) interrupted?.(thread);
      if (count.own === mostFailures) sites.leave(thread.process);
      return 'pass';
    },
  });
  return sites;
};
