/** What happens in the family while it runs, as events: threads, processes, libraries, breakpoints that move. */
import { basename } from 'node:path';
import type { Process } from '../inferior/process.js';
import type { SessionEvent } from '../session/types.js';
import type { Debuggee } from './debuggee.js';
import { changedBreakpoint } from './breakpoints.js';
import { moduleOf } from './modules.js';

const processEvent = (process: Process, startMethod: 'launch' | 'attach' | 'attachForSuspendedLaunch'): object => ({
  name: process.program,
  systemProcessId: process.pid,
  isLocalProcess: true,
  startMethod,
  pointerSize: 64,
});

/** Threads that the client knows of, by process: when one ends, its last threads do so without a word of their own. */
const known = new WeakMap<Process, Set<number>>();

const tellThread = (reason: 'started' | 'exited', threadId: number, process: Process, { client }: Debuggee): void => {
  if (process.muted) return;
  const threads = known.get(process) ?? new Set();
  known.set(process, threads);
  if (reason === 'started') threads.add(threadId);
  else if (!threads.delete(threadId)) return;
  client.event('thread', { reason, threadId });
};

export const announce = (event: SessionEvent, debuggee: Debuggee): void => {
  const { client } = debuggee;
  switch (event.type) {
    case 'started': {
      client.event('process', processEvent(event.process, event.process.origin === 'attach' ? 'attach' : 'launch'));
      const { leader } = event.process;
      if (leader) tellThread('started', leader.id, event.process, debuggee);
      return;
    }
    case 'forked': {
      const { leader } = event.child;
      if (leader) tellThread('started', leader.id, event.child, debuggee);
      return;
    }
    case 'thread':
      tellThread(event.change === 'started' ? 'started' : 'exited', event.thread.id, event.thread.process, debuggee);
      return;
    case 'exiting':
      return;
    case 'exited':
      for (const id of [...(known.get(event.process) ?? [])]) tellThread('exited', id, event.process, debuggee);
      return;
    case 'executed':
      client.event('process', processEvent(event.process, 'launch'));
      return;
    case 'images':
      for (const path of event.added) client.event('module', { reason: 'new', module: moduleOf(path, debuggee, event.process) });
      for (const path of event.removed) client.event('module', { reason: 'removed', module: { id: path, name: basename(path) } });
      return;
    case 'breakpoint': {
      const changed = event.change === 'new' ? undefined : changedBreakpoint(event.breakpoint, debuggee);
      if (changed) client.event('breakpoint', { reason: event.change, breakpoint: changed });
      return;
    }
    case 'resumed':
    case 'stopped':
    case 'signal':
    case 'message':
      return;
  }
};
