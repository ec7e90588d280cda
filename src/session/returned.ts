/** What a function has returned, read from where the ABI puts it, and put there (System V ABI, AMD64 supplement, 3.2.3, "Returning of Values"). */
import { DeetError } from '../common/errors.js';
import type { Thread } from '../inferior/thread.js';
import { travelOf, type RegisterPart } from '../language/abi.js';
import { sizeOf, strip } from '../language/types.js';
import { integerBytes, integerOf, Value } from '../language/value.js';
import { Word } from '../linux/registers.js';
import type { CType } from '../symbols/types.js';

const generalRegisters = [Word.rax, Word.rdx];

/** The parts with the number that each has among those of its bank. */
const numbered = (parts: readonly RegisterPart[]): (RegisterPart & { readonly number: number })[] =>
  parts.map((part, i) => ({ ...part, number: parts.slice(0, i).filter(({ bank }) => bank === part.bank).length }));

/** Undefined: the function returns nothing, or the type is unknown. @throws DeetError when memory cannot be read. */
export const returnedValue = (thread: Thread, type: CType): Value | undefined => {
  const size = sizeOf(type);
  if (size === undefined || size === 0 || strip(type).kind === 'void') return undefined;
  const travel = travelOf(type);
  // What is returned in memory was written where the caller said; the callee gives that address back in rax.
  if (travel.by !== 'registers') return Value.at(type, thread.process.space, thread.registers()[Word.rax]);
  const state = thread.extendedState();
  const bytes = new Uint8Array(size);
  for (const { bank, number, offset, size: length } of numbered(travel.parts)) {
    if (bank === 'general') bytes.set(integerBytes(thread.registers()[generalRegisters[number]], length), offset);
    else if (!state) return undefined;
    else
      bytes.set(
        (bank === 'x87' ? state.st(number) : (state.zmm(number) ?? state.ymm(number) ?? state.xmm(number))).subarray(0, length),
        offset,
      );
  }
  return Value.of(type, bytes);
};

/** Puts a result where the caller will look for it. @throws DeetError `return` for what is returned in memory. */
export const placeResult = (thread: Thread, value: Value): void => {
  const travel = travelOf(value.type);
  if (travel.by !== 'registers')
    throw new DeetError(
      'return',
      'A value of this type cannot be returned by hand.',
      'Use return without a value, and set the result where the caller keeps it.',
    );
  const bytes = value.bytes();
  const state = thread.extendedState();
  for (const { bank, number, offset, size } of numbered(travel.parts)) {
    const part = bytes.subarray(offset, offset + size);
    if (bank === 'general') thread.setRegister(generalRegisters[number], integerOf(part, false));
    else if (bank === 'vector') state?.setVector(number, part);
  }
  const onStack = travel.parts.filter(({ bank }) => bank === 'x87').map(({ offset, size }) => bytes.subarray(offset, offset + size));
  if (onStack.length > 0) state?.setX87Results(onStack);
  if (state) thread.writeExtendedState(state);
};
