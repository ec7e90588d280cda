/**
 * Guards over a running family: a limit on its processes, so that a fork bomb stops with its tree on the screen before the machine suffers; and a watch for hangs,
 * when nobody has used the CPU or moved for a while, and all sleep: a stop for who has asked for it, a word where deet itself keeps somebody standing.
 */
import type { Family } from '../inferior/family.js';
import type { Process } from '../inferior/process.js';
import { activityOf } from '../linux/activity.js';
import type { Settings } from './settings.js';

/** How often a possible hang is looked at, in milliseconds. */
const lookEvery = 250;
/** Milliseconds without a move after which it is said who is kept standing. */
const stillness = 1000;

export interface GuardParts {
  readonly settings: Settings;
  readonly family: Family;
  /** Whom deet keeps standing while others run. */
  readonly standing: () => string | undefined;
  readonly note: (text: string) => void;
  readonly stop: () => void;
}

export class Guards {
  #timer: NodeJS.Timeout | undefined;
  #last = '';
  #since = 0;
  #isFull = false;
  #saidWhoStands = false;
  /** Processes that nobody follows, kept from forking on. */
  readonly #heldBack = new Set<Process>();
  /** The watch for hangs has ended the run that is being stopped. */
  hung = false;

  constructor(private readonly parts: GuardParts) {}

  /** The limit that has ended the run which is being stopped. */
  get reached(): { readonly limit?: number } {
    return this.#isFull ? { limit: this.#limit } : {};
  }

  get #limit(): number {
    return this.parts.settings.number('process-limit');
  }

  /** True when that was one too many: stop; others may have forked at the same moment, once is enough. Those that nobody follows are not stopped with the family: they are held. */
  born(child: Process, parent: Process): boolean {
    const { family, stop } = this.parts;
    if (this.#limit === 0 || family.size < this.#limit) return false;
    const isFirst = !this.#isFull;
    this.#isFull = true;
    if (!child.muted) return isFirst;
    for (const process of [child, parent])
      if (process.muted && !process.held) {
        process.held = true;
        this.#heldBack.add(process);
      }
    stop();
    return false;
  }

  /** The family runs now. */
  begin(): void {
    this.hung = false;
    this.#isFull = false;
    this.#saidWhoStands = false;
    for (const process of this.#heldBack) process.held = false;
    this.#heldBack.clear();
    this.#last = '';
    this.#timer = setInterval(() => {
      this.#look(this.parts.settings.number('hang-after') * 1000);
    }, lookEvery);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** @param limit 0: a hang is no reason to stop */
  #look(limit: number): void {
    const standing = this.#saidWhoStands ? undefined : this.parts.standing();
    if (limit === 0 && standing === undefined) return;
    const followed = [...this.parts.family.processes()].filter(({ muted }) => !muted);
    const now = activityOf(followed.map(({ pid }) => pid)) ?? '';
    if (now === '' || now !== this.#last) {
      this.#last = now;
      this.#since = Date.now();
      return;
    }
    const still = Date.now() - this.#since;
    // First, because on a busy machine the look that finds this may be the one that finds the hang.
    if (standing !== undefined && still >= stillness) {
      this.#saidWhoStands = true;
      this.parts.note(`[Nobody moves, and ${standing}]`);
    }
    if (limit > 0 && still >= limit) {
      this.hung = true;
      this.end();
      this.parts.stop();
    }
  }
}
