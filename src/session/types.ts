/** What a session tells its front ends: plain descriptions of stops, ends, breakpoints and the family's life. */
import type { Address } from '../common/addresses.js';
import type { Frame } from '../inferior/frame.js';
import type { OwnCall } from '../inferior/own_call.js';
import type { Ending, Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import type { Value } from '../language/value.js';
import type { SourcePosition } from '../symbols/model.js';
import type { SignalInfo } from '../linux/siginfo.js';
import type { BadDescriptor } from './bad_descriptors.js';
import type { InterruptedCall } from './interrupted_calls.js';
import type { Breakpoint } from './breakpoint.js';
import type { OddDup } from './failed_calls.js';

export type StopReason =
  | 'entry'
  | 'breakpoint'
  | 'step'
  | 'watchpoint'
  | 'signal'
  | 'fork'
  | 'vfork'
  | 'exec'
  | 'syscall'
  | 'exception'
  | 'pause'
  | 'hang'
  | 'location';

export interface WatchReport {
  readonly breakpoint: Breakpoint;
  readonly expression: string;
  readonly old?: string;
  readonly new?: string;
  /** The frame that the expression belonged to has ended; the watchpoint is deleted. */
  readonly scopeEnded?: boolean;
  /** The line whose code has just touched it. */
  readonly by?: { readonly file: string; readonly line: number };
}

export interface SyscallReport {
  readonly number: number;
  readonly name: string;
  readonly phase: 'entry' | 'exit';
  readonly arguments: readonly bigint[];
  readonly result?: bigint;
  readonly text: string;
}

/** A C++ exception at its throw, its rethrow or its handler; the type where the run-time library tells it. */
export interface ExceptionReport {
  readonly what: 'throw' | 'rethrow' | 'catch';
  readonly type: string | undefined;
}

/** `value` undefined: it returns nothing. */
export interface FinishedCall {
  readonly call: OwnCall;
  readonly name: string;
  readonly value: Value | undefined;
}

/** Everything stands still, and this is why. */
export interface Stop {
  readonly reason: StopReason;
  readonly process: Process;
  readonly thread: Thread;
  /** All breakpoints that were hit here, in order of their numbers. */
  readonly breakpoints: readonly Breakpoint[];
  readonly signal?: { readonly number: number; readonly name: string; readonly description: string; readonly info: SignalInfo | undefined };
  readonly watch?: readonly WatchReport[];
  readonly child?: Process;
  readonly program?: string;
  /** The family has come to have as many processes (set process-limit). */
  readonly limit?: number;
  /** A pause without Ctrl-C: those that may run have ended, or deet has attached itself (a note has said so). */
  readonly unasked?: true;
  readonly syscall?: SyscallReport;
  readonly exception?: ExceptionReport;
  /** catch load, catch unload: the files. */
  readonly images?: { readonly added: readonly string[]; readonly removed: readonly string[] };
  /** `finish`, and the end of a call that deet made: the value that the function returned, and the number it has in the history. */
  readonly returned?: { readonly value: Value; readonly number: number };
  /** A call that deet had made, and that had been stopped on its way, has come back; the thread stands again where it was made. */
  readonly call?: FinishedCall;
  /** More than the place: a step that ended in another function, another line's middle, ... decides whether the frame line is shown. */
  readonly newFrame: boolean;
  /** Advice in words, such as `Single stepping until exit from function x, which has no line number information.` */
  readonly notes: readonly string[];
}

/** How a run control command came to an end. */
export type Outcome =
  | { readonly kind: 'stopped'; readonly stop: Stop }
  /** Nobody of the family is left. `ending` is the first process's. */
  | { readonly kind: 'ended'; readonly pid: number; readonly ending: Ending };

/** What happens while the family runs; front ends subscribe. */
export type SessionEvent =
  | { readonly type: 'started'; readonly process: Process }
  | { readonly type: 'forked'; readonly parent: Process; readonly child: Process }
  | { readonly type: 'executed'; readonly process: Process }
  /** execve of `program` failed with the error of that name: the process goes on as it is. */
  | { readonly type: 'exec-failed'; readonly thread: Thread; readonly program: string; readonly error: string }
  /** A process of a family is about to call dup2 with a descriptor that is not open, or with its arguments swapped. */
  | { readonly type: 'odd-dup'; readonly thread: Thread; readonly dup: OddDup }
  /** A process of a family has used a descriptor that is not open, or not for that. */
  | { readonly type: 'bad-descriptor'; readonly thread: Thread; readonly misused: BadDescriptor }
  /** SIGCHLD has interrupted a call of a process of a family, which has failed with EINTR. */
  | { readonly type: 'interrupted'; readonly thread: Thread; readonly interrupted: InterruptedCall }
  /** The call of that thread that was interrupted has been made again, or nobody knows. */
  | { readonly type: 'called-again'; readonly thread: Thread }
  /** One process of the family has ended. `last`: nobody is left. */
  | { readonly type: 'exited'; readonly process: Process; readonly ending: Ending; readonly last: boolean }
  /** SIGCHLD is about to be delivered to a handler of the program's. */
  | { readonly type: 'child-signal'; readonly thread: Thread }
  /** A process of a family has called exit(3), which flushes its streams and then ends it. Of one that has no such function it is told at its end, however it came. */
  | { readonly type: 'exit-called'; readonly thread: Thread }
  /** A process that has children in the family is about to end, and they can still be looked at. */
  | { readonly type: 'exiting'; readonly thread: Thread }
  | { readonly type: 'thread'; readonly thread: Thread; readonly change: 'started' | 'ended' }
  | { readonly type: 'resumed' }
  | { readonly type: 'stopped'; readonly stop: Stop }
  | { readonly type: 'breakpoint'; readonly breakpoint: Breakpoint; readonly change: 'new' | 'changed' | 'removed' }
  /** Signals that are announced but do not stop (handle SIG nostop print). */
  | { readonly type: 'signal'; readonly thread: Thread; readonly name: string; readonly description: string }
  | { readonly type: 'images'; readonly process: Process; readonly added: readonly string[]; readonly removed: readonly string[] }
  /** A sentence for the user: warnings, log points (dprintf), the end-of-run report. */
  | { readonly type: 'message'; readonly text: string; readonly level: 'note' | 'warning' | 'log' };

/** A place in a frame as front ends show it. */
export interface Place {
  readonly function: string | undefined;
  readonly position: SourcePosition | undefined;
  readonly address: Address;
  readonly image: string | undefined;
}

/** The thread and frame that commands without an address of their own mean. */
export interface Selection {
  readonly process: Process;
  readonly thread: Thread;
  readonly frame: Frame;
}

export interface StepOptions {
  /** next and nexti: over calls. */
  readonly over: boolean;
  readonly instruction: boolean;
  readonly count?: number;
  readonly into?: Address; // step: into this function only, of those that the line calls
}
