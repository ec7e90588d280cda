/** What the engine reports, and what it asks of the session above it. */
import type { TrapOwner } from './debug_registers.js';
import type { Process } from './process.js';
import type { SiteOwner } from './sites.js';
import type { Thread } from './thread.js';

/** Why all threads stand still. */
export type Halt =
  | { readonly kind: 'sites'; readonly thread: Thread; readonly owners: readonly SiteOwner[] }
  | { readonly kind: 'step'; readonly thread: Thread }
  | { readonly kind: 'signal'; readonly thread: Thread; readonly signal: number }
  | { readonly kind: 'event'; readonly thread: Thread; readonly event: FamilyEvent }
  /** A hardware breakpoint or watchpoint, a system call, ...: what a trap hook of the session found. */
  | { readonly kind: 'trap'; readonly thread: Thread; readonly detail: object }
  | { readonly kind: 'pause'; readonly thread: Thread }
  | { readonly kind: 'ended' };

export type FamilyEvent =
  { readonly kind: 'fork' | 'vfork'; readonly child: Process } | { readonly kind: 'exec'; readonly program: string };

/** Bookkeeping and policy of the session. All are called while the thread in question is stopped, and must not wait. */
export interface EngineHooks {
  /** Somebody keeps a record of the family, and will ask where each fork was. */
  readonly recorded: boolean;
  /** The signal policy (`handle`). `discard`: the program never sees it. */
  signalArrived(thread: Thread, signal: number): 'stop' | 'pass' | 'discard';
  /** Job control has stopped the whole family. True: stop for the user. False: wait for a SIGCONT from somebody else. */
  jobStopped(): boolean;
  /** How a new process of the family is followed: with breakpoints and stops, or silently. */
  adopt(child: Process, parent: Process): 'follow' | 'mute';
  /** A process has been born, has executed another program, or has ended. True: stop for the user. */
  born(child: Process, thread: Thread): boolean;
  executed(process: Process): boolean;
  ended(process: Process): void;
  /** A thread is about to end (PTRACE_EVENT_EXIT; only where the session asked for it) and can still be looked at. */
  exiting(thread: Thread): void;
  threadBorn(thread: Thread): void;
  threadEnded(thread: Thread): void;
  /**
   * A SIGTRAP that no site explains (hardware breakpoint, watchpoint), or a thread that has just made a step and may have changed what is watched
   * by software. `touched`: whose debug registers it has run into. Returns details to stop with.
   */
  trapped(thread: Thread, touched: readonly TrapOwner[]): object | undefined;
  /** A system call stop; only comes when `wantsSyscalls` says so. */
  syscallStopped(thread: Thread): object | undefined;
  wantsSyscalls(thread: Thread): boolean;
  /** Every instruction of this thread must be looked at (watchpoints without a debug register). */
  wantsSteps(thread: Thread): boolean;
  /** Now, or later in the run that begins. */
  mayWantSteps(thread: Thread): boolean;
  /** A stopped thread is about to run. */
  beforeResume(thread: Thread): void;
  /** May this thread run now (scheduler locking)? */
  mayRun(thread: Thread): boolean;
}
