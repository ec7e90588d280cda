/** How a run came to its stop or its end. */
import { DeetError } from '../common/errors.js';
import type { Ending } from '../inferior/process.js';
import { describeStop } from '../commands/stops.js';
import type { StopResult } from '../commands/results.js';
import type { Session as Engine } from '../session/session.js';
import type { Outcome, StopReason } from '../session/types.js';
import { Breakpoint } from './breakpoint.js';
import { inspect } from './inspect.js';
import { Value, type Frame } from './frame.js';
import { Process, Thread } from './thread.js';

/** How a process ended: by `exit`, or killed by a signal. */
export interface Exit {
  readonly pid: number;
  /** 0 to 255; absent when a signal killed it. */
  readonly status?: number;
  /** `SIGSEGV`. */
  readonly signal?: string;
  readonly coreDumped?: boolean;
}

/** A change that a watchpoint saw. */
export interface Change {
  readonly expression: string;
  readonly old: string | undefined;
  readonly new: string | undefined;
  /** The function that the variable belonged to has ended. */
  readonly scopeEnded: boolean;
}

/**
 * What every method that lets the program run resolves with. `reason` is `exit` when nobody of the family is left: then there is `exit`, and
 * `thread` and `frame` throw.
 */
export class Stop {
  readonly #outcome: Outcome;
  readonly #engine: Engine;
  readonly #ending: Exit | undefined;

  /** @internal */
  constructor(outcome: Outcome, engine: Engine, ending: Exit | undefined) {
    this.#outcome = outcome;
    this.#engine = engine;
    this.#ending = ending;
  }

  get reason(): StopReason | 'exit' {
    return this.#outcome.kind === 'ended' ? 'exit' : this.#outcome.stop.reason;
  }

  /** How the first process ended, if the program has. */
  get exit(): Exit | undefined {
    return this.#ending;
  }

  #stop(): Extract<Outcome, { kind: 'stopped' }>['stop'] {
    if (this.#outcome.kind === 'stopped') return this.#outcome.stop;
    const how =
      this.#ending?.signal === undefined ? `exited with status ${this.#ending?.status ?? '?'}` : `was killed by ${this.#ending.signal}`;
    throw new DeetError('exited', `The program has ended: it ${how}.`, 'Look at "reason" first.');
  }

  /** @throws DeetError `exited` */
  get thread(): Thread {
    return new Thread(this.#stop().thread, this.#engine);
  }

  /** @throws DeetError `exited` */
  get process(): Process {
    return new Process(this.#stop().process, this.#engine);
  }

  /** The innermost frame of the thread that stopped. @throws DeetError `exited` */
  get frame(): Frame {
    return this.thread.frame;
  }

  /** The breakpoints that were hit, in order of their numbers. */
  get breakpoints(): Breakpoint[] {
    return this.#outcome.kind === 'ended' ? [] : this.#outcome.stop.breakpoints.map((each) => new Breakpoint(each, this.#engine));
  }

  /** The first of them. */
  get breakpoint(): Breakpoint | undefined {
    return this.breakpoints[0];
  }

  /** `SIGSEGV`, when a signal stopped the program. */
  get signal(): string | undefined {
    return this.#outcome.kind === 'ended' ? undefined : this.#outcome.stop.signal?.name;
  }

  /** What watchpoints saw. */
  get changes(): Change[] {
    if (this.#outcome.kind === 'ended') return [];
    return (this.#outcome.stop.watch ?? []).map((each) => ({
      expression: each.expression,
      old: each.old,
      new: each.new,
      scopeEnded: each.scopeEnded ?? false,
    }));
  }

  /** The number of living processes at which the family was stopped (`process-limit` in `settings`). */
  get limit(): number | undefined {
    return this.#outcome.kind === 'ended' ? undefined : this.#outcome.stop.limit;
  }

  /** The process that was made, at a stop for a fork. */
  get child(): Process | undefined {
    const child = this.#outcome.kind === 'ended' ? undefined : this.#outcome.stop.child;
    return child && new Process(child, this.#engine);
  }

  /** What the function returned that `finish` left. */
  get returned(): Value | undefined {
    const returned = this.#outcome.kind === 'ended' ? undefined : this.#outcome.stop.returned;
    return returned && new Value(returned.value, undefined, this.#engine);
  }

  /** @internal */
  [inspect](): object {
    if (this.#outcome.kind === 'ended') return { reason: this.reason, exit: this.#ending };
    const { reason, signal, changes } = this;
    return { reason, ...(signal !== undefined && { signal }), ...(changes.length > 0 && { changes }), frame: this.#place() };
  }

  /** The frame, as long as the program stands. */
  #place(): Frame | string {
    try {
      return this.frame;
    } catch {
      return 'the program has run since';
    }
  }

  /** The stop as `--json` shows it. @throws DeetError `exited` */
  toJSON(): StopResult {
    return describeStop(this.#stop(), this.#engine);
  }
}

export const exitOf = (pid: number, ending: Ending, signalName: (number: number) => string): Exit =>
  ending.kind === 'exited' ? { pid, status: ending.status } : { pid, signal: signalName(ending.signal), coreDumped: ending.coreDumped };
