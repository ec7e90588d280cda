/**
 * A single step is made with the processor's trap flag (Intel SDM volume 3, 17.3.1.4), which the program could see in one place: `pushf` saves the flags with it on
 * the stack. What is restored from there later would trap without a debugger's wish, and kill the program.
 */
import type { Address } from '../common/addresses.js';
import { trapFlag, Word } from '../linux/registers.js';
import type { Thread } from './thread.js';

export interface StepStart {
  readonly pc: Address;
  readonly stackPointer: Address;
}

const pushf = 0x9c;
const popf = 0x9d;
const operandSizePrefix = 0x66;
/** Bit 8 of the flags, in their second byte. */
const secondByteTrap = Number(trapFlag >> 8n);

/** To be called after a step. */
export const mindTrapFlag = (thread: Thread, from: StepStart): void => {
  hideTrapFlag(thread, from);
  if (confusesTrapFlag(thread, from)) thread.trapFlagConfused = true;
};

/** If the instruction saved the flags, the trap flag is taken out of what it saved. */
const hideTrapFlag = (thread: Thread, from: StepStart): void => {
  const { stackPointer } = thread;
  const pushed = from.stackPointer - stackPointer;
  if (pushed !== 8n && pushed !== 2n) return;
  const { space } = thread.process;
  const [first, second] = space.readAvailable(from.pc, 2);
  if (pushed === 8n ? first !== pushf : first !== operandSizePrefix || second !== pushf) return;
  const [flags] = space.readAvailable(stackPointer + 1n, 1);
  if (flags !== undefined) space.write(stackPointer + 1n, Uint8Array.of(flags & ~secondByteTrap));
};

/**
 * A step over `popf` leaves the kernel in doubt whose the trap flag is (arch/x86/kernel/step.c, is_setting_trap_flag): from the next step on it takes deet's for the
 * program's own, and no resumption clears it. True: such a step has just been made, and the program has not asked for traps.
 */
const confusesTrapFlag = (thread: Thread, from: StepStart): boolean => {
  const popped = thread.stackPointer - from.stackPointer;
  if (popped !== 8n && popped !== 2n) return false;
  const [first, second] = thread.process.space.readAvailable(from.pc, 2);
  const isPopf = popped === 8n ? first === popf : first === operandSizePrefix && second === popf;
  return isPopf && (thread.registers()[Word.eflags] & trapFlag) === 0n;
};
