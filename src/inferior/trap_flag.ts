/**
 * A single step is made with the processor's trap flag (Intel SDM volume 3, 17.3.1.4), which the program could see in one place: `pushf` saves the flags with it on
 * the stack. What is restored from there later would trap without a debugger's wish, and kill the program.
 */
import type { Address } from '../common/addresses.js';
import type { Thread } from './thread.js';

export interface StepStart {
  readonly pc: Address;
  readonly stackPointer: Address;
}

const pushf = 0x9c;
const operandSizePrefix = 0x66;
/** Bit 8 of the flags, in their second byte. */
const trapFlag = 1;

/** After a step: if the instruction saved the flags, the trap flag is taken out of what it saved. */
export const hideTrapFlag = (thread: Thread, from: StepStart): void => {
  const { stackPointer } = thread;
  const pushed = from.stackPointer - stackPointer;
  if (pushed !== 8n && pushed !== 2n) return;
  const { space } = thread.process;
  const [first, second] = space.readAvailable(from.pc, 2);
  if (pushed === 8n ? first !== pushf : first !== operandSizePrefix || second !== pushf) return;
  const [flags] = space.readAvailable(stackPointer + 1n, 1);
  if (flags !== undefined) space.write(stackPointer + 1n, Uint8Array.of(flags & ~trapFlag));
};
