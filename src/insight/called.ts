/**
 * What the user's own code has called, by the name that is in the source: `waitpid`, where the C library goes on in its __wait4, and
 * `pthread_join`, where it has jumped to another function altogether. The call's own target has that name.
 */
import type { Address } from '../common/addresses.js';
import { wordAt, type MemoryReader } from '../common/memory.js';
import { demangledName } from '../symbols/cxx-names.js';
import type { CrashFrame, CrashScene } from './crash.js';
import { userName } from './library_names.js';

/** The target of the call that returns to `pc`: `e8 rel32`, or through a slot `ff 15 rel32` (-fno-plt). */
const targetBefore = (memory: MemoryReader, pc: Address): Address | undefined => {
  const code = memory.read(pc - 6n, 6);
  const target = BigInt.asUintN(64, pc + BigInt(new DataView(code.buffer, code.byteOffset, 6).getInt32(2, true)));
  if (code[1] === 0xe8) return target;
  return code[0] === 0xff && code[1] === 0x15 ? wordAt(memory, target) : undefined;
};

/** The function that the call goes to which returns to `pc`. */
export const calledAt = (memory: MemoryReader, symbolAt: CrashScene['symbolAt'], pc: Address): string | undefined => {
  try {
    const target = targetBefore(memory, pc);
    const symbol = target === undefined ? undefined : symbolAt(target);
    if (symbol?.offset !== 0) return undefined;
    const name = symbol.name.replace(/@.*/, '');
    return userName(demangledName(name) ?? name);
  } catch {
    return undefined; // code that is not there
  }
};

/** What `frame` has called. Undefined: it is the innermost one, and calls nothing. */
export const calledFrom = (scene: CrashScene, frames: readonly CrashFrame[], frame: CrashFrame): string | undefined => {
  const inner = frames.slice(0, frames.indexOf(frame));
  const last = inner.at(-1);
  if (!last) return undefined;
  const called = last.inlined ? undefined : calledAt(scene.memory, (address) => scene.symbolAt(address), frame.pc);
  const named = inner.findLast(({ functionName }) => functionName !== undefined)?.functionName;
  return called ?? (named === undefined ? undefined : userName(named));
};
