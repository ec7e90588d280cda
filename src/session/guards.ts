/**
 * Guards over a running family: a limit on its processes, so that a fork bomb stops with its tree on the screen before the machine suffers, and a watch for hangs: nobody
 * has used the CPU or moved for a while, and all sleep.
 */
import type { Process } from '../inferior/process.js';
import { activityOf } from '../linux/activity.js';
import type { Settings } from './settings.js';

/** How often a possible hang is looked at, in milliseconds. */
const lookEvery = 250;

export class Guards {
  #timer: NodeJS.Timeout | undefined;
  #last = '';
  #told = false;
  #since = 0;
  /** The watch for hangs has ended the run that is being stopped. */
  hung = false;

  constructor(
    private readonly settings: Settings,
    private readonly processes: () => readonly Process[],
    private readonly stop: () => void,
  ) {}

  /** A sentence when one more process is one too many; empty when it has been said since the family was let run: others may have forked at the same moment. */
  overLimit(): string | undefined {
    const limit = this.settings.number('process-limit');
    const count = this.processes().length;
    if (limit === 0 || count < limit) return undefined;
    if (this.#told) return '';
    this.#told = true;
    return `The family has ${count} live processes, the limit (set process-limit). "info tree" shows them; "kill" ends them all.`;
  }

  /** The family runs now. */
  begin(): void {
    this.hung = false;
    this.#told = false;
    const seconds = this.settings.number('hang-after');
    if (seconds === 0) return;
    this.#last = '';
    this.#timer = setInterval(() => {
      this.#look(seconds * 1000);
    }, lookEvery);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(limit: number): void {
    const now = activityOf(this.processes().map(({ pid }) => pid)) ?? '';
    if (now === '' || now !== this.#last) {
      this.#last = now;
      this.#since = Date.now();
    } else if (Date.now() - this.#since >= limit) {
      this.hung = true;
      this.end();
      this.stop();
    }
  }
}
