/** `return`: the selected function and everything it called are left at once, as if it had returned; nothing of their code runs any more. */
import { DeetError } from '../common/errors.js';
import type { Frame } from '../inferior/frame.js';
import type { Stack } from '../inferior/frames.js';
import type { Thread } from '../inferior/thread.js';
import type { Value } from '../language/value.js';
import { dwarfToWord, Word } from '../linux/registers.js';
import { placeResult } from './returned.js';
import { leaveCalls } from './calls.js';
import type { Session } from './session.js';
import { forgetStack } from './stacks.js';
import { callerOf } from './stepping.js';

const stackPointerNumber = 7;
const returnAddressNumber = 16;

/** Pops all frames up to and with `frame`; `caller` becomes the innermost. */
const popTo = (thread: Thread, frame: Frame, caller: Frame, result: Value | undefined): void => {
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

/** Leaves a frame and all inside of it. Out of a function that deet has called the thread comes back to where the call was made. */
const popThrough = (thread: Thread, frame: Frame, stack: Stack, result: Value | undefined): void => {
  const caller = frame.kind === 'inlined' ? undefined : callerOf(frame, (level) => stack.frame(level));
  const calls = stack.frames(frame.level + 1).filter(({ kind }) => kind === 'call').length;
  if (frame.kind === 'call') leaveCalls(thread, calls, true);
  else if (caller?.kind === 'call') leaveCalls(thread, calls + 1, true);
  else if (caller) {
    leaveCalls(thread, calls, false);
    popTo(thread, frame, caller, result);
  } else throw new DeetError('no-frame', 'Can not force return from here: there is no caller to return to.');
};

/** Leaves the selected function, and all that it called; the text of an expression is its result. @throws DeetError `no-frame`, and of the expression */
export const leaveFrame = async (session: Session, text: string | undefined): Promise<void> => {
  const { thread, frame } = session.liveSelection();
  const type = frame.function?.type.returns;
  const isWanted = type && type.kind !== 'void';
  const result = text === undefined ? undefined : await session.evaluate(isWanted ? text : `(long) (${text})`);
  popThrough(thread, frame, session.stack(thread), result && isWanted ? session.values.converted(result, type) : result);
  session.selectThread(thread);
};
