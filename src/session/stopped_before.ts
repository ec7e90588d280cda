/**
 * Processes that were stopped (SIGSTOP) when deet attached, waiting for a debugger perhaps: the first command that lets them run ends that stop, too. Its
 * SIGCONT is ours, and no handler hears of it. Who only looks and detaches leaves them stopped.
 */
import type { Process } from '../inferior/process.js';
import { Signal } from '../linux/constants.js';
import { native } from '../native.js';
import type { SessionEvent } from './types.js';

export class StoppedBefore {
  readonly #waiting = new Set<Process>();
  readonly #woken = new Set<Process>();

  constructor(private readonly emit: (event: SessionEvent) => void) {}

  /** To be called when all threads of a process that was attached to stand still. */
  note(process: Process): void {
    if (![...process.threads.values()].some(({ groupStopped }) => groupStopped)) return;
    this.#waiting.add(process);
    const text = `[Process ${process.pid} had been stopped by a signal before; "continue" lets it run, "detach" leaves it stopped]`;
    this.emit({ type: 'message', level: 'note', text });
  }

  /** The family is about to run. */
  wake(): void {
    for (const process of this.#waiting) {
      if (!process.alive) continue;
      for (const thread of process.threads.values()) thread.groupStop = 0;
      this.#woken.add(process);
      native.kill(process.pid, Signal.SIGCONT);
    }
    this.#waiting.clear();
  }

  /** Is this the SIGCONT that `wake` sent? */
  isOurs(process: Process, signal: number): boolean {
    return signal === Signal.SIGCONT && this.#woken.delete(process);
  }
}
