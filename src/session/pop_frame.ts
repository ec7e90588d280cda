/** `return`: the selected function and everything it called are left at once, as if it had returned; nothing of their code runs any more. */
import type { Frame } from '../inferior/frame.js';
import type { Thread } from '../inferior/thread.js';
import type { Value } from '../language/value.js';
import { dwarfToWord, Word } from '../linux/registers.js';
import { placeResult } from './returned.js';
import { forgetStack } from './stacks.js';

const stackPointerNumber = 7;
const returnAddressNumber = 16;

/** Pops all frames up to and with `frame`; `caller` becomes the innermost. */
export const popFrame = (thread: Thread, frame: Frame, caller: Frame, result: Value | undefined): void => {
  const registers = dwarfToWord.map((_, number) => caller.context.register(number));
  dwarfToWord.forEach((word, number) => {
    const value = registers[number];
    if (value !== undefined && number !== stackPointerNumber && number !== returnAddressNumber) thread.setRegister(word, value);
  });
  thread.setRegister(Word.rsp, frame.cfa);
  thread.setRegister(Word.rip, caller.pc);
  thread.setRegister(Word.orig_rax, 0xffff_ffff_ffff_ffffn);
  if (result) placeResult(thread, result);
  thread.flush();
  thread.passed = caller.pc;
  forgetStack(thread);
};
