/** Stops in the protocol's words. */
import { basename } from 'node:path';
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import type { Stop } from '../session/types.js';
import type { Breakpoint } from '../session/breakpoint.js';
import { thrownText } from './exceptions.js';
import { clientId } from './breakpoint_ids.js';
import type { Debuggee } from './debuggee.js';

type Body = P.StoppedEvent['body'];

/** Another client's process has stopped, and this client's with it. Undefined: there is nobody left to stop. */
export const bystanderBody = ({ process }: Stop, debuggee: Debuggee): Body | undefined => {
  const [first] = debuggee.threads();
  if (!first) return undefined;
  const description = `Paused: process ${process.pid} has stopped`;
  return { reason: 'pause', description, threadId: first.id, allThreadsStopped: true };
};

export const stoppedBody = (stop: Stop, debuggee: Debuggee): Body => {
  // Those of the debug console, and deet's own, the client does not know.
  const hits = stop.breakpoints.filter(({ id }) => debuggee.breakpoints.owns(id)).map(({ id }) => clientId(id));
  return {
    ...wording(stop),
    threadId: stop.thread.id,
    allThreadsStopped: true,
    ...(debuggee.threads().length === 0 && { allThreadsStopped: false }),
    ...(hits.length > 0 && { hitBreakpointIds: hits }),
  };
};

const breakpointReason = ([first]: readonly Breakpoint[]): string => {
  if (!first) return 'breakpoint';
  if (first.spec.startsWith('*')) return 'instruction breakpoint';
  return /^[^:]*(?:::[^:]*)*$/.test(first.spec) && !/^\d+$/.test(first.spec) ? 'function breakpoint' : 'breakpoint';
};

const tooMany = (limit: number): Pick<Body, 'reason' | 'description' | 'text'> => ({
  reason: 'pause',
  description: 'Too many processes',
  text: `the family has ${limit} live processes (set process-limit)`,
});

const wording = (stop: Stop): Pick<Body, 'reason' | 'description' | 'text'> => {
  switch (stop.reason) {
    case 'breakpoint':
      return { reason: breakpointReason(stop.breakpoints) };
    case 'signal':
      return {
        reason: 'exception',
        description: `Stopped by ${stop.signal?.name ?? 'a signal'}`,
        text: `${stop.signal?.name ?? 'signal'}: ${stop.signal?.description ?? ''}`,
      };
    case 'exception': {
      const verb = stop.exception?.what === 'catch' ? 'caught' : stop.exception?.what === 'rethrow' ? 'rethrown' : 'thrown';
      return { reason: 'exception', description: `Stopped where an exception is ${verb}`, text: thrownText(stop) };
    }
    case 'watchpoint': {
      const text = (stop.watch ?? []).map(({ expression, old, new: now, scopeEnded }) => {
        const name = expression.replace(/^-location /, '');
        if (scopeEnded) return `${name}: its function has ended`;
        return old === undefined ? `Accessed: ${name} is ${now ?? '?'}` : `Changed: ${name}: ${old} → ${now ?? '?'}`;
      });
      return { reason: 'data breakpoint', ...(text.length > 0 && { description: [...new Set(text)].join('; ') }) };
    }
    case 'fork':
    case 'vfork':
      if (stop.limit !== undefined) return tooMany(stop.limit);
      return { reason: 'event', description: `Stopped at ${stop.reason}`, text: `made process ${stop.child?.pid ?? '?'}` };
    case 'exec':
      return { reason: 'event', description: 'Stopped at exec', text: basename(stop.program ?? '?') };
    case 'syscall':
      return { reason: 'event', description: `Stopped at a system call: ${stop.syscall?.text ?? '?'}` };
    case 'hang':
      return { reason: 'pause', description: 'No progress: the program hangs' };
    case 'entry':
    case 'step':
    case 'pause':
      return stop.limit === undefined ? { reason: stop.reason } : tooMany(stop.limit);
    case 'location':
      return { reason: 'goto' };
  }
};
