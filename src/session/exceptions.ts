/** The doors of the C++ run-time library (Itanium C++ ABI, exception handling, 2.4) where exceptions are caught by `catch throw`, `catch catch`, `catch rethrow`. */
import type { Thread } from '../inferior/thread.js';
import type { Breakpoint } from './breakpoint.js';
import { thrownBy } from './thrown.js';
import type { ExceptionReport } from './types.js';

export const exceptionFunctions = { throw: '__cxa_throw', catch: '__cxa_begin_catch', rethrow: '__cxa_rethrow' } as const;

type ExceptionKind = keyof typeof exceptionFunctions;
export const isExceptionKind = (what: string): what is ExceptionKind => Object.hasOwn(exceptionFunctions, what);

/** The exception of a stop at these breakpoints, if one of them is a catchpoint for exceptions. */
export const exceptionOf = (breakpoints: readonly Breakpoint[], thread: Thread): ExceptionReport | undefined => {
  const what = breakpoints.map((each) => each.catch?.what ?? '').find(isExceptionKind);
  return what && { what, type: thrownBy(thread, what)?.type };
};
