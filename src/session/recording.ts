/**
 * What is told of a family for whoever keeps a record of it (insight/chronicle.ts): calls that failed, ways out, signals of children that ended. Sites in the
 * C library's functions tell it, which cost nothing for those who do not come by, and as few of the kernel's events as will do.
 */
import { noteTrapHandler } from '../inferior/blocked_trap.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { Option, Signal } from '../linux/constants.js';
import { familyOptions } from '../linux/seize.js';
import { Word } from '../linux/registers.js';
import { native } from '../native.js';
import { badDescriptors, type BadDescriptor, type DescriptorCall } from './bad_descriptors.js';
import { failedExecs, oddDups } from './failed_calls.js';
import { FamilySites, functionNamed } from './family_sites.js';
import { InterruptedCalls, type InterruptibleCall } from './interrupted_calls.js';
import type { SessionEvent } from './types.js';

interface Listener {
  readonly emit: (event: SessionEvent) => void;
  /** Somebody keeps a record. */
  readonly recorded: () => boolean;
}

const interruptibleCalls: readonly InterruptibleCall[] = ['read', 'accept'];
const otherCalls: readonly DescriptorCall[] = ['write', 'close'];

export class Recording {
  readonly sites: readonly FamilySites[];
  readonly #exits: FamilySites;
  readonly #interruptible: readonly InterruptedCalls[];
  /** Children without a function exit: how they end is seen by the kernel's event alone. */
  readonly #closed = new WeakSet<Process>();
  /** Who has a handler of SIGCHLD, until it calls sigaction again; asking the kernel each time would cost more than the signal. */
  readonly #handles = new WeakMap<Process, { readonly execs: number; readonly handler: boolean }>();

  constructor(private readonly listener: Listener) {
    const { emit } = listener;
    const passing = (arrived: (thread: Thread) => void): ConstructorParameters<typeof FamilySites>[1] => ({
      kind: 'internal',
      arrived: (thread) => {
        arrived(thread);
        return 'pass';
      },
    });
    this.#exits = new FamilySites(
      functionNamed('exit'),
      passing((thread) => {
        if (listener.recorded()) emit({ type: 'exit-called', thread });
      }),
    );
    const misused = (thread: Thread, misused: BadDescriptor): void => {
      emit({ type: 'bad-descriptor', thread, misused });
    };
    this.#interruptible = interruptibleCalls.map(
      (call) =>
        new InterruptedCalls(
          call,
          (thread, interrupted) => {
            emit({ type: 'interrupted', thread, interrupted });
          },
          (thread) => {
            emit({ type: 'called-again', thread });
          },
        ),
    );
    this.sites = [
      failedExecs((thread, program, error) => emit({ type: 'exec-failed', thread, program, error })),
      oddDups((thread, dup) => emit({ type: 'odd-dup', thread, dup })),
      ...otherCalls.map((call) => badDescriptors(call, misused)),
      ...this.#interruptible.map((calls) =>
        badDescriptors(calls.call, misused, (thread) => {
          calls.interrupted(thread);
        }),
      ),
      this.#exits,
      new FamilySites(
        functionNamed('sigaction'),
        passing((thread) => {
          const signal = thread.registers()[Word.rdi];
          if (signal === BigInt(Signal.SIGCHLD)) this.#handles.delete(thread.process);
          if (signal === BigInt(Signal.SIGTRAP)) noteTrapHandler(thread);
        }),
      ),
    ];
  }

  /** After its sites are planted. */
  born(child: Process): void {
    if (!this.#exits.reach(child)) this.#closed.add(child);
  }

  /**
   * The ends of processes that have children are announced, so that what they leave undone can be reported. It costs a stop, and most children have none:
   * the option that the kernel copied from their parents is taken away.
   */
  beforeResume(thread: Thread): void {
    const { process } = thread;
    const wanted = thread.tid === process.pid && (process.hasChildren || this.#closed.has(process)) && this.listener.recorded();
    if (wanted === thread.announcesExit) return;
    thread.announcesExit = wanted;
    const options = process.wasAttached ? familyOptions & ~Option.exitKill : familyOptions;
    native.setOptions(thread.tid, wanted ? options | Option.exit : options);
  }

  /** PTRACE_EVENT_EXIT. */
  exiting(thread: Thread): void {
    if (this.#closed.has(thread.process)) this.listener.emit({ type: 'exit-called', thread });
    this.listener.emit({ type: 'exiting', thread });
  }

  /** A signal is about to be delivered. */
  arrived(thread: Thread, signal: number): void {
    if (!thread.process.hasChildren || !this.listener.recorded()) return;
    for (const calls of this.#interruptible) calls.delivered(thread, signal);
    if (signal !== Signal.SIGCHLD) return;
    if (this.#hasHandler(thread.process)) this.listener.emit({ type: 'child-signal', thread });
  }

  #hasHandler(process: Process): boolean {
    const known = this.#handles.get(process);
    if (known?.execs === process.execs) return known.handler;
    const handler = process.catches(Signal.SIGCHLD);
    this.#handles.set(process, { execs: process.execs, handler });
    return handler;
  }
}
