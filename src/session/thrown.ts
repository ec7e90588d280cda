/**
 * What C++ throws, seen where the run-time library is told: `__cxa_throw(object, type_info, destructor)` and `__cxa_begin_catch(header)` (Itanium C++ ABI: Exception
 * Handling, 2.4 and 2.5). No function of the program is called: in the middle of a throw that would be asking for trouble.
 */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { toFile } from '../inferior/images.js';
import type { Thread } from '../inferior/thread.js';
import { Word } from '../linux/registers.js';
import { typeInfoName } from '../symbols/cxx-names.js';
import type { Stop } from './types.js';

export interface Thrown {
  /** `std::runtime_error` */
  readonly type: string;
  /** What `what()` would say, of the standard library's exceptions that carry a text. */
  readonly message?: string;
}

/** Of the `__cxa_exception` before the header that `__cxa_begin_catch` is given: the type comes first (2.2.1, 64-bit, as libstdc++ and libc++abi have it). */
const typeBeforeHeader = 80n;
/** The last byte of an exception's class: a copy that only refers to the first object (std::rethrow_exception). */
const dependent = 1;
const longestText = 1000;

/** libstdc++'s two exceptions that hold a text: a pointer to it behind the one to the virtual functions. */
const withText = new Set(['std::logic_error', 'std::runtime_error']);
/** A chain of single inheritance longer than this is damage. */
const mostBases = 20;

/** Undefined: the stop is not at a throw or catch, or what is there cannot be read. */
export const thrownAt = ({ thread, breakpoints }: Stop): Thrown | undefined => {
  const what = breakpoints.find((each) => each.catch)?.catch?.what;
  if (what !== 'throw' && what !== 'catch') return undefined;
  try {
    return what === 'throw' ? atThrow(thread) : atCatch(thread);
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    return undefined;
  }
};

const atThrow = (thread: Thread): Thrown | undefined => {
  const registers = thread.registers();
  return describe(thread, registers[Word.rsi], registers[Word.rdi]);
};

const atCatch = (thread: Thread): Thrown | undefined => {
  const { space } = thread.process;
  const header = thread.registers()[Word.rdi];
  if ((space.read(header, 1)[0] ?? 0) === dependent) return undefined;
  const object = header + 32n; // behind the _Unwind_Exception, which is aligned to 16 (psABI)
  return describe(thread, space.readNumber(header - typeBeforeHeader, 8), object);
};

const describe = (thread: Thread, info: Address, object: Address): Thrown | undefined => {
  const type = nameOf(thread, info);
  if (type === undefined) return undefined;
  const message = messageOf(thread, info, object);
  return { type, ...(message !== undefined && { message }) };
};

/** A type_info is a pointer to virtual functions and one to the name. */
const nameOf = (thread: Thread, info: Address): string | undefined =>
  typeInfoName(textAt(thread, thread.process.space.readNumber(info + 8n, 8)));

const textAt = (thread: Thread, address: Address): string => {
  const bytes = Buffer.from(thread.process.space.readAvailable(address, longestText));
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? undefined : end);
};

const messageOf = (thread: Thread, info: Address, object: Address): string | undefined => {
  let at: Address | undefined = info;
  for (let count = 0; at !== undefined && count < mostBases; count++) {
    if (withText.has(nameOf(thread, at) ?? '')) return textAt(thread, thread.process.space.readNumber(object + 8n, 8));
    at = onlyBase(thread, at);
  }
  return undefined;
};

/** The base class of a class that has one, at its beginning: then the type_info is a `__si_class_type_info` (2.9.5). */
const onlyBase = (thread: Thread, info: Address): Address | undefined => {
  const { space, images } = thread.process;
  const functions = space.readNumber(info, 8);
  const loaded = images.imageAt(functions);
  const symbol = loaded?.image.symbolAt(toFile(loaded, functions));
  return symbol?.name === '_ZTVN10__cxxabiv120__si_class_type_infoE' ? space.readNumber(info + 16n, 8) : undefined;
};
