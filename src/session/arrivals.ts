/** A thread arrives at a breakpoint: does it count, and does it stop? */
import type { Verdict } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import type { Breakpoint } from './breakpoint.js';
import type { Session } from './session.js';

/** As in gdb a false condition is no hit, and an ignored hit is one. */
export const arrivalAt = (breakpoint: Breakpoint, thread: Thread, session: Session): Verdict => {
  if (breakpoint.threadId !== undefined && breakpoint.threadId !== thread.id) return 'pass';
  if (breakpoint.accepts?.(thread) === false) return 'pass';
  if (breakpoint.condition !== undefined && !session.values.holds(breakpoint, thread)) return 'pass';
  breakpoint.hits++;
  if (breakpoint.ignoreCount > 0) {
    breakpoint.ignoreCount--;
    return 'pass';
  }
  if (breakpoint.kind === 'dprintf') {
    session.announce(session.values.log(breakpoint, thread), 'log');
    return 'pass';
  }
  return breakpoint.onHit?.(thread, breakpoint.hits) ?? 'stop';
};
