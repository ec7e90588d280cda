/**
 * Pointers to code that glibc keeps in writable memory: it mixes them with a secret in the thread's control block, tcbhead_t.pointer_guard, and turns them
 * (sysdep.h, PTR_MANGLE).
 */
import { u64, type Address } from '../common/addresses.js';
import { wordAt, type MemoryReader } from '../common/memory.js';

const guardInThread = 0x30n;
const guardRotation = 17n;

/** The secret of the thread whose `fs_base` is that. Undefined: it cannot be read. */
export const pointerGuard = (memory: MemoryReader, fsBase: Address): bigint | undefined => wordAt(memory, fsBase + guardInThread);

export const demangle = (value: bigint, guard: bigint): Address => {
  const rotated = u64((value >> guardRotation) | (value << (64n - guardRotation)));
  return rotated ^ guard;
};
