/**
 * Passes over all the debug information of a file. They are synchronous, and a big file's take so long that a user wonders: whoever has a user tells him. A file whose index
 * is in the cache needs none.
 */

/** @param share how much has been done: 0 as it begins, 1 when it is over */
type Listener = (path: string, share: number) => void;

const listeners = new Set<Listener>();

/** Returns what ends the listening. */
export const onLongPass = (listener: Listener): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Bytes of debug information; so many take a quarter of a second. */
const LONG = 48 * 2 ** 20;

/** Milliseconds between two words of one pass. */
const PAUSE = 100;

/** One of them; silent where it is short. */
export class Pass {
  readonly #path: string | undefined;
  #told = 0;

  constructor(path: string, bytes: number) {
    if (bytes < LONG) return;
    this.#path = path;
    this.#tell(0);
  }

  /** @param share more than 0, less than 1 */
  advance(share: number): void {
    if (this.#path !== undefined && performance.now() - this.#told >= PAUSE) this.#tell(share);
  }

  end(): void {
    this.#tell(1);
  }

  #tell(share: number): void {
    if (this.#path === undefined) return;
    for (const listener of listeners) listener(this.#path, share);
    this.#told = performance.now();
  }
}
