/** What happens in the family while it runs, as events: threads, processes, libraries, breakpoints that move. */
import { basename } from 'node:path';
import type { Process } from '../inferior/process.js';
import type { SessionEvent } from '../session/types.js';
import { changedBreakpoint } from './breakpoints.js';
import { moduleOf } from './modules.js';
import type { Program } from './program.js';

const processEvent = (process: Process, startMethod: 'launch' | 'attach' | 'attachForSuspendedLaunch'): object => ({
  name: process.program,
  systemProcessId: process.pid,
  isLocalProcess: true,
  startMethod,
  pointerSize: 64,
});

/** Threads that the client knows of, by process: when one ends, its last threads do so without a word of their own. */
const known = new WeakMap<Process, Set<number>>();

const tellThread = (reason: 'started' | 'exited', threadId: number, process: Process, program: Program): void => {
  if (process.muted) return;
  const threads = known.get(process) ?? new Set();
  known.set(process, threads);
  if (reason === 'started') threads.add(threadId);
  else if (!threads.delete(threadId)) return;
  program.viewOf(process)?.client.event('thread', { reason, threadId });
};

/** The client has not heard of this process's threads so far. */
export const tellThreads = (process: Process, program: Program): void => {
  for (const { id } of process.threads.values()) tellThread('started', id, process, program);
};

/** The first thing that a client hears of a process. */
export const tellProcess = (process: Process, program: Program): void => {
  const startMethod = process.origin === 'launch' ? 'launch' : 'attach';
  program.viewOf(process)?.client.event('process', processEvent(process, startMethod));
  tellThreads(process, program);
};

const tellChild = (process: Process, program: Program): void => {
  if (!program.children?.born(process)) tellThreads(process, program);
};

export const announce = (event: SessionEvent, program: Program): void => {
  switch (event.type) {
    case 'started':
      if (event.process.id === 1) tellProcess(event.process, program);
      else tellChild(event.process, program);
      return;
    case 'forked':
      tellChild(event.child, program);
      return;
    case 'thread':
      tellThread(event.change === 'started' ? 'started' : 'exited', event.thread.id, event.thread.process, program);
      return;
    case 'child-signal':
    case 'odd-dup':
    case 'bad-descriptor':
    case 'interrupted':
    case 'called-again':
    case 'exit-called':
    case 'exiting':
      return;
    case 'exited':
      for (const id of [...(known.get(event.process) ?? [])]) tellThread('exited', id, event.process, program);
      return;
    case 'executed':
      program.viewOf(event.process)?.client.event('process', processEvent(event.process, 'launch'));
      return;
    case 'images': {
      const view = program.viewOf(event.process);
      if (!view) return;
      for (const path of event.added) view.client.event('module', { reason: 'new', module: moduleOf(path, view, event.process) });
      for (const path of event.removed) view.client.event('module', { reason: 'removed', module: { id: path, name: basename(path) } });
      return;
    }
    case 'breakpoint':
      for (const view of program.views) {
        const changed = event.change === 'new' ? undefined : changedBreakpoint(event.breakpoint, view);
        if (changed) view.client.event('breakpoint', { reason: event.change, breakpoint: changed });
      }
      return;
    case 'exec-failed':
    case 'resumed':
    case 'stopped':
    case 'signal':
    case 'message':
      return;
  }
};
