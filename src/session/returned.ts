/** What a function has returned, read from where the ABI puts it (System V ABI, AMD64 supplement, 3.2.3, "Returning of Values"). */
import { Word } from '../linux/registers.js';
import type { Thread } from '../inferior/thread.js';
import { classify } from '../language/abi.js';
import { sizeOf, strip } from '../language/types.js';
import { Value } from '../language/value.js';
import type { CType } from '../symbols/types.js';

const eightbyte = (thread: Thread, word: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, thread.registers()[word], true);
  return bytes;
};

/** Undefined: the function returns nothing, or the type is unknown. @throws DeetError when memory cannot be read. */
export const returnedValue = (thread: Thread, type: CType): Value | undefined => {
  const bare = strip(type);
  const size = sizeOf(bare);
  if (bare.kind === 'void' || size === undefined || size === 0) return undefined;
  const classes = classify(bare);
  // What is returned in memory was written where the caller said; the callee gives that address back in rax.
  if (classes[0] === 'memory') return Value.at(type, thread.process.space, thread.registers()[Word.rax]);
  const state = thread.extendedState();
  const bytes = new Uint8Array(Math.max(size, classes.length * 8));
  if (classes[0] === 'x87') {
    if (!state) return undefined;
    bytes.set(state.st(0), 0);
    if (classes.length === 4) bytes.set(state.st(1), 16);
    return Value.of(type, bytes.slice(0, size));
  }
  const general = [Word.rax, Word.rdx];
  let sse = 0;
  // A vector or _Float128 fills one whole xmm register; separate eightbytes take one each.
  const whole = bare.kind === 'base' || (bare.kind === 'array' && bare.vector === true);
  classes.forEach((kind, index) => {
    if (kind === 'integer') bytes.set(eightbyte(thread, general.shift() ?? Word.rdx), index * 8);
    else if (kind === 'sse' && state)
      bytes.set(whole ? state.xmm(0).subarray(index * 8, index * 8 + 8) : state.xmm(sse++).subarray(0, 8), index * 8);
  });
  const complexParts = bare.kind === 'base' && bare.encoding === 'complex-float' && size === 16;
  if (complexParts && state) bytes.set(state.xmm(1).subarray(0, 8), 8);
  return Value.of(type, bytes.slice(0, size));
};
