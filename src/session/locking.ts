/** Who may run when a command lets the family go (set scheduler-locking, set schedule-multiple), and what when nobody who may is left. */
import type { Thread } from '../inferior/thread.js';
import { readStat } from '../linux/proc.js';
import type { Settings } from './settings.js';

/** How long, in milliseconds, the other threads of a process have to end with it. */
const grace = 20;

export class Locking {
  /** Whom the command is about: the others may have to wait. */
  mover: Thread | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly threads: () => readonly Thread[],
    /** Tells the user, and stops. */
    private readonly stop: (text: string) => void,
  ) {}

  mayRun(thread: Thread): boolean {
    const mover = this.mover ?? thread;
    if (this.settings.text('scheduler-locking') === 'on') return thread === mover;
    return this.settings.flag('schedule-multiple') || thread.process === mover.process;
  }

  /** Those that may run have ended, the others are locked: nobody would ever stop. (When the whole process ends, they are about to end, too.) */
  ended(ending: Thread): void {
    if (ending !== this.mover) return;
    setTimeout(() => {
      const left = this.threads().filter((thread) => thread.stopped && !this.mayRun(thread) && readStat(thread.tid)?.state === 't');
      if (this.mover !== ending || left.length === 0 || left.length < this.threads().length) return;
      this.stop(`Thread ${ending.id} has ended; those that are left are locked (scheduler-locking, schedule-multiple).`);
    }, grace);
  }
}
