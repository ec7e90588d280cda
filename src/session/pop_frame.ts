/** `return`: the selected function and everything it called are left at once, as if it had returned; nothing of their code runs any more. */
import { DeetError } from '../common/errors.js';
import type { Frame } from '../inferior/frame.js';
import type { Stack } from '../inferior/frames.js';
import type { Thread } from '../inferior/thread.js';
import { classify } from '../language/abi.js';
import { sizeOf, strip } from '../language/types.js';
import type { Value } from '../language/value.js';
import { dwarfToWord, Word } from '../linux/registers.js';
import { leaveCalls } from './calls.js';
import { forgetStack } from './stacks.js';
import { callerOf } from './stepping.js';

const stackPointerNumber = 7;
const returnAddressNumber = 16;

/** Registers that carry a result in (System V ABI, AMD64 supplement, 3.2.3). @throws DeetError for what is returned in memory. */
const placeResult = (thread: Thread, value: Value): void => {
  const classes = classify(value.type);
  if (classes[0] === 'memory' || classes[0] === 'x87')
    throw new DeetError(
      'return',
      'A value of this type cannot be returned by hand.',
      'Use return without a value, and set the result where the caller keeps it.',
    );
  const bytes = new Uint8Array(Math.max(16, sizeOf(strip(value.type)) ?? 0));
  bytes.set(value.bytes());
  const view = new DataView(bytes.buffer);
  const general = [Word.rax, Word.rdx];
  const state = thread.extendedState();
  let vectors = 0;
  classes.forEach((kind, index) => {
    if (kind === 'integer') thread.setRegister(general.shift() ?? Word.rdx, view.getBigUint64(index * 8, true));
    else if (kind === 'sse' && state) state.xmm(vectors++).set(bytes.subarray(index * 8, index * 8 + 8));
  });
  if (state && vectors > 0) {
    state.bytes[512] |= 2;
    thread.writeExtendedState(state);
  }
};

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

/** Leaves a frame and all inside of it. Out of a function that deet has called the thread comes back to where the call was made. @throws DeetError */
export const leaveFrame = (thread: Thread, frame: Frame, stack: Stack, result: Value | undefined): void => {
  const caller = frame.kind === 'inlined' ? undefined : callerOf(frame, (level) => stack.frame(level));
  const calls = stack.frames(frame.level + 1).filter(({ kind }) => kind === 'call').length;
  if (frame.kind === 'call') leaveCalls(thread, calls, true);
  else if (caller?.kind === 'call') leaveCalls(thread, calls + 1, true);
  else if (caller) {
    leaveCalls(thread, calls, false);
    popTo(thread, frame, caller, result);
  } else throw new DeetError('no-frame', 'Can not force return from here: there is no caller to return to.');
};
