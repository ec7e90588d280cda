/** `skip`: functions and files that `step` passes over. Names may be patterns (`std::*`), as in gdb's skip -gfunction and -gfile. */
import { basename } from 'node:path';
import { DeetError } from '../common/errors.js';

export interface Skip {
  /** Numbered from 1. */
  readonly id: number;
  readonly function?: string;
  readonly file?: string;
  enabled: boolean;
}

/** `*` and `?` as in a shell; everything else literally. */
const matches = (pattern: string, text: string): boolean => {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${expression}$`).test(text);
};

const fileMatches = (pattern: string, path: string): boolean =>
  matches(pattern, path) || matches(pattern, basename(path)) || path.endsWith(`/${pattern}`);

export class Skips {
  readonly #skips: Skip[] = [];
  #next = 1;

  all(): readonly Skip[] {
    return this.#skips;
  }

  add(what: { readonly function?: string; readonly file?: string }): Skip {
    const skip: Skip = { id: this.#next++, enabled: true, ...what };
    this.#skips.push(skip);
    return skip;
  }

  /** @throws DeetError `no-skip`. */
  get(id: number): Skip {
    const found = this.#skips.find((each) => each.id === id);
    if (!found) throw new DeetError('no-skip', `No skip number ${id}.`, 'Type "info skip" for the list.');
    return found;
  }

  delete(id: number): void {
    this.#skips.splice(this.#skips.indexOf(this.get(id)), 1);
  }

  /** Shall `step` pass over this function of this file? */
  covers(name: string | undefined, path: string | undefined): boolean {
    return this.#skips.some(
      (skip) =>
        skip.enabled &&
        (skip.function === undefined ||
          (name !== undefined && (matches(skip.function, name) || matches(skip.function, name.split('::').at(-1) ?? name)))) &&
        (skip.file === undefined || (path !== undefined && fileMatches(skip.file, path))),
    );
  }
}
