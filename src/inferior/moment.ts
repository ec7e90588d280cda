/** What a thread was doing at some moment: enough to unwind it later, when somebody asks, or never. */
import { Word } from '../linux/registers.js';
import type { ImageTable } from './images.js';
import type { Thread } from './thread.js';

export interface Moment {
  readonly registers: BigUint64Array;
  readonly stack: { readonly address: bigint; readonly bytes: Uint8Array };
  readonly images: ImageTable;
}

/** Bytes of stack kept: the frames of the C library's fork, popen, system or exit, and of their caller. */
const keptStack = 16384;
/** Read into first: most stacks end before. */
const scratch = new Uint8Array(keptStack);

/** The thread must be stopped. Undefined: it died. */
export const momentOf = (thread: Thread): Moment | undefined => {
  try {
    const registers = thread.saveRegisters();
    // vfork has popped its return address, and has an empty frame: unwinding looks whether the stack reaches down to it.
    const address = registers[Word.rsp] - 8n;
    const { space, images } = thread.process;
    return { registers, stack: { address, bytes: scratch.slice(0, space.peek(address, scratch)) }, images };
  } catch {
    return undefined;
  }
};
