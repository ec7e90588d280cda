/**
 * What C++ throws, seen where the run-time library is told: `__cxa_throw(object, type_info, destructor)` and `__cxa_begin_catch(header)` (Itanium C++ ABI: Exception
 * Handling, 2.4 and 2.5).
 */
import { toFile } from '../inferior/images.js';
import type { Thread } from '../inferior/thread.js';
import { thrownOf, thrownWithHeader, type Thrown, type ThrownWorld } from '../language/thrown.js';
import { Word } from '../linux/registers.js';
import type { Stop } from './types.js';

/** Undefined: the stop is not at a throw or catch, or what is there cannot be read. */
export const thrownAt = ({ thread, breakpoints }: Pick<Stop, 'thread' | 'breakpoints'>): Thrown | undefined =>
  thrownBy(thread, breakpoints.find((each) => each.catch)?.catch?.what);

/** As `thrownAt`, of a thread that stands where something is thrown or caught. */
export const thrownBy = (thread: Thread, what: string | undefined): Thrown | undefined => {
  const registers = thread.registers();
  if (what === 'throw') return thrownOf(worldOf(thread), registers[Word.rsi], registers[Word.rdi]);
  return what === 'catch' ? thrownWithHeader(worldOf(thread), registers[Word.rdi]) : undefined;
};

const worldOf = ({ process: { space, images } }: Thread): ThrownWorld => ({
  memory: space,
  symbolAt: (address) => {
    const loaded = images.imageAt(address);
    return loaded?.image.symbolAt(toFile(loaded, address));
  },
});
