/**
 * What C++ throws, seen where the run-time library is told: `__cxa_throw(object, type_info, destructor)`, `__cxa_begin_catch(header)` and `__cxa_rethrow()` (Itanium C++ ABI:
 * Exception Handling, 2.4 and 2.5).
 */
import type { Address } from '../common/addresses.js';
import { wordAt } from '../common/memory.js';
import { toFile } from '../inferior/images.js';
import type { Thread } from '../inferior/thread.js';
import { threadLocal } from '../inferior/thread_local.js';
import { headerOfCaught, thrownOf, thrownWithHeader, type Thrown, type ThrownWorld } from '../language/thrown.js';
import { Word } from '../linux/registers.js';
import type { Stop } from './types.js';

/** Undefined: the stop is not at a throw or catch, or what is there cannot be read. */
export const thrownAt = ({ thread, breakpoints }: Pick<Stop, 'thread' | 'breakpoints'>): Thrown | undefined =>
  thrownBy(thread, breakpoints.find((each) => each.catch)?.catch?.what);

/** As `thrownAt`, of a thread that stands where something is thrown or caught. */
export const thrownBy = (thread: Thread, what: string | undefined): Thrown | undefined => {
  const registers = thread.registers();
  if (what === 'throw') return thrownOf(worldOf(thread), registers[Word.rsi], registers[Word.rdi]);
  const header = what === 'catch' ? registers[Word.rdi] : what === 'rethrow' ? lastCaught(thread) : undefined;
  return header === undefined ? undefined : thrownWithHeader(worldOf(thread), header);
};

/** The runtime keeps little more than this in thread-local storage; a static program has all of its own there, too. */
const mostLocal = 1 << 16;

/**
 * `__cxa_rethrow()` is told nothing: it throws the last of the exceptions that the thread has caught, which hang in a variable of each thread (__cxa_eh_globals, 2.2.2). It has no
 * name that a stripped library would keep, but it is the word of the runtime's thread-local storage that leads to an exception.
 */
const lastCaught = (thread: Thread): Address | undefined => {
  const loaded = thread.process.images.imageAt(thread.pc);
  const block = loaded?.image.tls && threadLocal(thread, loaded, 0n);
  if (block === undefined) return undefined;
  const world = worldOf(thread);
  for (let offset = 0; offset < Math.min(loaded?.image.tls?.size ?? 0, mostLocal); offset += 8) {
    const pointer = wordAt(world.memory, block + BigInt(offset));
    const header = pointer === undefined || pointer === 0n ? undefined : headerOfCaught(world, pointer);
    if (header !== undefined) return header;
  }
  return undefined;
};

const worldOf = ({ process: { space, images } }: Thread): ThrownWorld => ({
  memory: space,
  symbolAt: (address) => {
    const loaded = images.imageAt(address);
    return loaded?.image.symbolAt(toFile(loaded, address));
  },
});
