/** Stacks of stopped threads, made when asked for and kept for as long as the thread stands where it does. */
import type { Address } from '../common/addresses.js';
import type { LoadedImage } from '../inferior/frame.js';
import { Stack } from '../inferior/frames.js';
import type { Thread } from '../inferior/thread.js';
import { threadLocal } from '../inferior/thread_local.js';
import { wideRegister } from '../linux/xstate.js';

interface Kept {
  readonly stack: Stack;
  readonly generation: number;
  readonly pc: Address;
  readonly stackPointer: Address;
  readonly hidden: number;
  readonly images: number;
  readonly pastMain: boolean;
}

const kept = new WeakMap<Thread, Kept>();

/** @throws DeetError `running` when the thread is not stopped. */
export const stackOf = (thread: Thread, hidden: number, pastMain = false): Stack => {
  const { process } = thread;
  const { pc, stackPointer } = thread;
  const known = kept.get(thread);
  const images = process.images.all().length;
  if (
    known?.generation === process.space.generation &&
    known.pc === pc &&
    known.stackPointer === stackPointer &&
    known.hidden === hidden &&
    known.images === images &&
    known.pastMain === pastMain
  )
    return known.stack;
  const stack = new Stack({
    registers: thread.registers(),
    wide: (number) => wideRegister(() => thread.extendedState(), number),
    memory: process.space,
    images: process.images,
    tls: (image: LoadedImage, offset: bigint) => threadLocal(thread, image, offset),
    skipInlinedAtStart: hidden,
    calls: thread.calls.slice(),
    pastMain,
  });
  kept.set(thread, { stack, generation: process.space.generation, pc, stackPointer, hidden, images, pastMain });
  return stack;
};

/** A register was written: what was unwound from the old one is stale. */
export const forgetStack = (thread: Thread): void => {
  kept.delete(thread);
};
