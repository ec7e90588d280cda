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

export const announce = (event: SessionEvent, debuggee: Debuggee): void => {
  const { client } = debuggee;
  switch (event.type) {
    case 'started': {
      client.event('process', processEvent(event.process, event.process.origin === 'attach' ? 'attach' : 'launch'));
      const { leader } = event.process;
      if (leader) client.event('thread', { reason: 'started', threadId: leader.id });
      return;
    }
    case 'forked': {
      const { leader } = event.child;
      if (leader && !event.child.muted) client.event('thread', { reason: 'started', threadId: leader.id });
      return;
    }
    case 'thread':
      if (!event.thread.process.muted)
        client.event('thread', { reason: event.change === 'started' ? 'started' : 'exited', threadId: event.thread.id });
      return;
    case 'exiting':
    case 'exited':
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
