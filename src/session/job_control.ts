/**
 * Processes in a group-stop (signal(7): SIGSTOP, SIGTSTP and their like) that the next command which lets the family run has to end, as a shell's `fg` does. Those that
 * the user was told of hear the SIGCONT. Those that had been stopped before deet attached, waiting for a debugger perhaps, do not: it is ours, and who only
 * looks and detaches leaves them stopped.
 */
import type { Process } from '../inferior/process.js';
import { Signal } from '../linux/constants.js';
import { native } from '../native.js';
import type { SessionEvent } from './types.js';

/** What becomes of the SIGCONT. */
type Heard = 'pass' | 'discard';

export class JobControl {
  readonly #stopped = new Map<Process, Heard>();
  readonly #woken = new Map<Process, Heard>();

  constructor(private readonly emit: (event: SessionEvent) => void) {}

  /** To be called when all threads of a process that was attached to stand still. */
  attached(process: Process): void {
    if (![...process.threads.values()].some(({ groupStopped }) => groupStopped)) return;
    this.#stopped.set(process, 'discard');
    const text = `[Process ${process.pid} had been stopped by a signal before; "continue" lets it run, "detach" leaves it stopped]`;
    this.emit({ type: 'message', level: 'note', text });
  }

  /** The user is told that job control has stopped these. */
  told(processes: readonly Process[]): void {
    for (const process of processes) this.#stopped.set(process, 'pass');
  }

  /** The family is about to run. */
  wake(): void {
    for (const [process, heard] of this.#stopped) {
      if (!process.alive) continue;
      if (heard === 'discard') for (const thread of process.threads.values()) thread.groupStop = 0;
      this.#woken.set(process, heard);
      native.kill(process.pid, Signal.SIGCONT);
    }
    this.#stopped.clear();
  }

  /** What to do with the SIGCONT that `wake` sent; undefined: this is another signal. */
  arrived(process: Process, signal: number): Heard | undefined {
    if (signal !== Signal.SIGCONT) return undefined;
    const heard = this.#woken.get(process);
    this.#woken.delete(process);
    return heard;
  }
}
