/**
 * C++ exceptions, at the doors of the run-time library (Itanium C++ ABI, exception handling, 2.4): __cxa_throw(object, type, destructor),
 * __cxa_begin_catch(header), __cxa_rethrow(). At their first instruction the arguments are in their registers.
 */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Thread } from '../inferior/thread.js';
import { Word } from '../linux/registers.js';
import { native } from '../native.js';
import type { Breakpoint } from './breakpoint.js';
import type { ExceptionReport } from './types.js';

export const exceptionFunctions = { throw: '__cxa_throw', catch: '__cxa_begin_catch', rethrow: '__cxa_rethrow' } as const;

type ExceptionKind = keyof typeof exceptionFunctions;
export const isExceptionKind = (what: string): what is ExceptionKind => Object.hasOwn(exceptionFunctions, what);

/** Bytes of libstdc++'s __cxa_exception before the header that __cxa_begin_catch is given; it begins with the type. */
const beforeHeader = 80n;
/** `GNUCC++` and a zero: the class of exceptions that g++ and clang make with libstdc++. */
const gnuClass = 0x474e5543432b2b00n;
/** In std::type_info behind the pointer to its virtual functions: its name, mangled. */
const nameAt = 8n;
const longestName = 1024;

const word = (thread: Thread, address: Address): bigint => thread.process.space.readNumber(address, 8);

const typeName = (thread: Thread, typeInfo: Address): string | undefined => {
  const bytes = thread.process.space.readAvailable(word(thread, typeInfo + nameAt), longestName);
  const end = bytes.indexOf(0);
  // A leading asterisk: the name is not to be compared by its address.
  const name = end < 0 ? '' : Buffer.from(bytes.subarray(0, end)).toString('latin1').replace(/^\*/, '');
  return /^[\w.$]+$/.test(name) ? (native.demangle(`_ZTS${name}`)?.replace(/^typeinfo name for /, '') ?? name) : undefined;
};

/** What is thrown or caught by a thread that stands at one of the doors. */
export const exceptionAt = (thread: Thread, what: ExceptionKind): { readonly type: string; readonly object?: Address } | undefined => {
  try {
    const first = thread.registers()[Word.rdi];
    if (what === 'throw') {
      const type = typeName(thread, thread.registers()[Word.rsi]);
      return type === undefined ? undefined : { type, object: first };
    }
    if (what === 'rethrow' || word(thread, first) !== gnuClass) return undefined;
    const type = typeName(thread, word(thread, first - beforeHeader));
    return type === undefined ? undefined : { type };
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    return undefined;
  }
};

/** The exception of a stop at these breakpoints, if one of them is a catchpoint for exceptions. */
export const exceptionOf = (breakpoints: readonly Breakpoint[], thread: Thread): ExceptionReport | undefined => {
  const what = breakpoints.map((each) => each.catch?.what ?? '').find(isExceptionKind);
  return what && { what, type: exceptionAt(thread, what)?.type };
};
