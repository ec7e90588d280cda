/** Who may run when a command lets the family go (set scheduler-locking, set schedule-multiple), and what when nobody who may is left. */
import { inWords, type Advice } from '../common/advice.js';
import type { Thread } from '../inferior/thread.js';
import { readStat } from '../linux/proc.js';
import type { Settings } from './settings.js';

/** What keeps a thread standing while others run, and the command that ends it. */
export interface KeptBack {
  /** The setting; undefined: `hold`, or a fork of which one side was not to be followed. */
  readonly setting?: string;
  readonly command: string;
}

/** How long, in milliseconds, the other threads of a process have to end with it. */
const grace = 20;

export class Locking {
  #mover: Thread | undefined;
  /** It has stopped the program, of its own accord. */
  hasStopped = false;

  constructor(
    private readonly settings: Settings,
    private readonly threads: () => readonly Thread[],
    /** Tells the user, and stops. */
    private readonly stop: (text: string) => void,
  ) {}

  /** Whom the command is about that begins: the others may have to wait. */
  begin(mover: Thread | undefined): void {
    this.#mover = mover;
    this.hasStopped = false;
  }

  get mover(): Thread | undefined {
    return this.#mover;
  }

  mayRun(thread: Thread): boolean {
    const mover = this.mover ?? thread;
    if (this.settings.text('scheduler-locking') === 'on') return thread === mover;
    return this.settings.flag('schedule-multiple') || thread.process === mover.process;
  }

  /** Why the last command that let the family go left a thread standing. Undefined: it did not. */
  keptBack(thread: Thread): KeptBack | undefined {
    if (thread.process.held) return { command: `release ${thread.process.id}` };
    if (this.mayRun(thread)) return undefined;
    const setting = this.settings.text('scheduler-locking') === 'on' ? 'scheduler-locking' : 'schedule-multiple';
    const [now, then] = setting === 'scheduler-locking' ? ['on', 'off'] : ['off', 'on'];
    return { setting: `set ${setting} ${now}`, command: `set ${setting} ${then}` };
  }

  /** Those that may run have ended, the others are locked: nobody would ever stop. (When the whole process ends, they are about to end, too.) */
  ended(ending: Thread): void {
    if (ending !== this.mover) return;
    setTimeout(() => {
      const left = this.threads().filter((thread) => thread.stopped && !this.mayRun(thread) && readStat(thread.tid)?.state === 't');
      if (this.mover !== ending || left.length === 0 || left.length < this.threads().length) return;
      this.hasStopped = true;
      this.stop(`Thread ${ending.id} has ended; those that are left are locked (scheduler-locking, schedule-multiple).`);
    }, grace);
  }

  /** Whom deet keeps standing while others run, and how that ends. */
  get standing(): string | undefined {
    const still = this.threads().filter((thread) => thread.stopped && this.keptBack(thread));
    const processes = [...new Set(still.map(({ process }) => process))];
    const held = processes.filter((process) => process.held);
    if (held.length > 0) return `${named(held)} held: ${inWords(interruptThen(`release ${held[0].id}`))}`;
    if (processes.length === 0) return undefined;
    return this.settings.text('scheduler-locking') === 'on'
      ? `thread ${still[0].id} is locked: ${inWords(interruptThen('set scheduler-locking off'))}`
      : `${named(processes)} not let run: ${inWords(interruptThen('set schedule-multiple on'))}`;
  }
}

const interruptThen = (command: string): Advice => ({
  prompt: `Ctrl-C, then "${command}"`,
  script: `session.pause(), then session.command('${command}')`,
  editor: `pause, then "${command}" in the debug console`,
});

const named = (processes: readonly Thread['process'][]): string =>
  processes.length === 1 ? `process ${processes[0].pid} is` : `processes ${processes.map(({ pid }) => pid).join(', ')} are`;
