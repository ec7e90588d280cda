/**
 * A wait status decoded (wait(2), ptrace(2)). For tracees that were seized a stop is one of: an event stop, a group-stop (event STOP with a
 * stopping signal), the answer to PTRACE_INTERRUPT (event STOP with SIGTRAP), a system call stop (SIGTRAP | 0x80), or a
 * signal-delivery-stop.
 */
import { PtraceEvent } from './constants.js';

export type WaitEvent = { readonly tid: number } & (
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: number; readonly coreDumped: boolean }
  | { readonly kind: 'signal'; readonly signal: number }
  | { readonly kind: 'syscall' }
  | { readonly kind: 'event'; readonly event: number; readonly signal: number }
);

export const decodeStatus = (tid: number, status: number): WaitEvent => {
  const low = status & 0x7f;
  if (low === 0) return { tid, kind: 'exited', code: (status >> 8) & 0xff };
  if ((status & 0xff) !== 0x7f) return { tid, kind: 'killed', signal: low, coreDumped: (status & 0x80) !== 0 };
  const signal = (status >> 8) & 0xff;
  const event = (status >> 16) & 0xff;
  if (event !== 0) return { tid, kind: 'event', event, signal };
  if (signal === (5 | 0x80)) return { tid, kind: 'syscall' };
  return { tid, kind: 'signal', signal };
};

export const isGroupStop = (event: WaitEvent): boolean => event.kind === 'event' && event.event === PtraceEvent.stop && event.signal !== 5;
