/**
 * Numbers for what a client unfolds. A number belongs to a name (`frame ... locals/list/next`), not to a moment: at the next stop the same thing has the same
 * number, so that a tree in an editor stays as the user has left it. What stands behind a number is valid until the program runs.
 */
import type { Thread } from '../inferior/thread.js';
import type { Container } from './containers.js';

export type Entry = { readonly kind: 'frame'; readonly thread: Thread; readonly level: number } | Container;

/** Names remembered; beyond, all are forgotten at the next run. */
const most = 100_000;

export class Handles {
  readonly #numbers = new Map<string, number>();
  readonly #entries = new Map<number, Entry>();
  #next = 1;

  put(name: string, entry: Entry): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.#next++;
      this.#numbers.set(name, number);
    }
    this.#entries.set(number, entry);
    return number;
  }

  get(number: number): Entry | undefined {
    return this.#entries.get(number);
  }

  /** The program runs: nothing stands behind any number. */
  forget(): void {
    this.#entries.clear();
    if (this.#numbers.size > most) this.#numbers.clear();
  }
}
