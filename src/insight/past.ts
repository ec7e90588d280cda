/** Stacks of the past: unwound from what was kept of a thread at some moment, when somebody asks. */
import { fileAddress, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { MemoryReader } from '../common/memory.js';
import type { ImageMap } from '../inferior/frame.js';
import { Stack, type StackOptions } from '../inferior/frames.js';
import type { Moment } from '../inferior/moment.js';
import { calledAt } from './called.js';
import type { SourcePlace } from './family.js';
import { isSystemFile } from './own_code.js';
import { ownFramesOf, symbolAt, walkFrames } from './thread_scene.js';

/** The part of the stack that was kept; code is that of the files, which unwinders look at where call-frame information is missing. */
const keptMemory = (start: bigint, bytes: Uint8Array, images: ImageMap): MemoryReader => ({
  read(address, length) {
    const offset = address - start;
    if (offset >= 0n && offset + BigInt(length) <= BigInt(bytes.length)) return bytes.subarray(Number(offset), Number(offset) + length);
    const loaded = images.imageAt(address);
    const code = loaded?.image.bytesAt(fileAddress(Number(address - loaded.bias)), length);
    if (!code) throw new DeetError('memory', `Not kept: 0x${address.toString(16)}`);
    return code;
  },
  readAvailable(address, length) {
    const offset = Number(address - start);
    return offset < 0 ? new Uint8Array(0) : bytes.subarray(offset, offset + length);
  },
});

const stackThen = ({ registers, stack, images }: Moment, leaveOut: StackOptions['leaveOut'] = () => false): Stack =>
  new Stack({ registers, memory: keptMemory(stack.address, stack.bytes, images), images, leaveOut });

/** The calls that are meant by "forked". */
const plainForks = /^(?:fork|vfork|Fork|clone\d?|syscall)$/;

/** Where in the user's own code the thread was that forked, and by which function of a library. */
export const placeThen = (moment: Moment | undefined): SourcePlace | undefined => {
  try {
    if (!moment) return undefined;
    const [frame, outer] = ownFramesOf(stackThen(moment, isSystemFile), 2);
    if (!frame?.place) return undefined;
    const caller = outer?.place;
    const place = caller ? { ...frame.place, caller: { file: caller.file, line: caller.line } } : frame.place;
    const call = calledAt(
      keptMemory(moment.stack.address, moment.stack.bytes, moment.images),
      (address) => symbolAt(moment, address),
      frame.pc,
    );
    return call === undefined || plainForks.test(call) ? place : { ...place, call };
  } catch {
    return undefined;
  }
};

/** The instruction of the user's own code behind the call that forked: what tells two forks of one line apart. */
export const forkThen = (moment: Moment | undefined): Address | undefined => {
  try {
    return moment && ownFramesOf(stackThen(moment, isSystemFile), 1)[0]?.pc;
  } catch {
    return undefined;
  }
};

/** How a process came to its end: through exit(3), and that because main had returned. */
export interface WayOut {
  readonly byExit: boolean;
  readonly fromMain: boolean;
}

/** Frames between exit(3) and the system call. */
const exitFrames = 12;

/** Of a thread in exit(3), or at PTRACE_EVENT_EXIT where nothing is known of that function; undefined: it called _exit. */
export const wayOut = (moment: Moment | undefined): WayOut | undefined => {
  if (!moment) return { byExit: false, fromMain: false };
  let names: string[];
  try {
    names = Array.from(walkFrames(stackThen(moment), exitFrames), ({ functionName }) => functionName ?? '');
  } catch {
    return undefined;
  }
  const byExit = names.some((name) => /^(?:__GI_)?exit$|__run_exit_handlers/.test(name));
  const started = names.some((name) => name.startsWith('__libc_start_'));
  return { byExit, fromMain: byExit && started && !names.includes('main') };
};
