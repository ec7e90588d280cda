/** What is to be undone however grading ends, newest first: sessions are closed, folders removed, graders ended. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Endings {
  readonly #todo = new Set<() => void | Promise<void>>();

  #over = false;

  /** Nothing more is to be begun. */
  get over(): boolean {
    return this.#over;
  }

  /** @returns what takes it back */
  add(end: () => void | Promise<void>): () => void {
    this.#todo.add(end);
    return () => this.#todo.delete(end);
  }

  /** An empty folder that goes at the end, or when what is returned is called. */
  folder(): { readonly path: string; readonly remove: () => void } {
    const path = mkdtempSync(join(tmpdir(), 'deet-grade-'));
    const remove = (): void => {
      // A program may have made folders that not even their owner may look into.
      spawnSync('chmod', ['-R', 'u+rwX', path], { stdio: 'ignore' });
      rmSync(path, { recursive: true, force: true });
    };
    const forget = this.add(remove);
    return {
      path,
      remove: () => {
        remove();
        forget();
      },
    };
  }

  /** @returns what is still to be waited for */
  run(): readonly Promise<void>[] {
    this.#over = true;
    const ends = [...this.#todo].reverse();
    this.#todo.clear();
    return ends.map((end) => end()).filter((ending) => ending instanceof Promise);
  }
}
