/** `skip`: functions and files that `step` passes over. Names may be patterns, as in gdb's skip -gfile and -rfunction. */
import { basename } from 'node:path';
import { typing } from '../common/advice.js';
import { DeetError } from '../common/errors.js';

/** How a name is meant: literally, with a shell's `*` and `?`, or as a regular expression. */
export type NameKind = 'name' | 'glob' | 'regex';

export interface SkipRule {
  readonly function?: string;
  readonly functionKind?: NameKind;
  readonly file?: string;
  readonly fileKind?: 'name' | 'glob';
}

export interface Skip extends SkipRule {
  /** Numbered from 1. */
  readonly id: number;
  enabled: boolean;
}

/** `*` and `?` as in a shell; everything else literally. */
const globbed = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.')}$`,
  );

const matches = (pattern: string, kind: NameKind | undefined, text: string): boolean => {
  if (kind === 'regex') return new RegExp(pattern).test(text);
  return kind === 'glob' ? globbed(pattern).test(text) : pattern === text;
};

const fileMatches = (pattern: string, kind: NameKind | undefined, path: string): boolean =>
  matches(pattern, kind, path) || matches(pattern, kind, basename(path)) || path.endsWith(`/${pattern}`);

export class Skips {
  readonly #skips: Skip[] = [];
  #next = 1;

  all(): readonly Skip[] {
    return this.#skips;
  }

  add(what: SkipRule): Skip {
    const skip: Skip = { id: this.#next++, enabled: true, ...what };
    this.#skips.push(skip);
    return skip;
  }

  /** @throws DeetError `no-skip`. */
  get(id: number): Skip {
    const found = this.#skips.find((each) => each.id === id);
    if (!found) throw new DeetError('no-skip', `No skip number ${id}.`, typing('info skip', 'for the list'));
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
          (name !== undefined &&
            (matches(skip.function, skip.functionKind, name) ||
              matches(skip.function, skip.functionKind, name.split('::').at(-1) ?? name)))) &&
        (skip.file === undefined || (path !== undefined && fileMatches(skip.file, skip.fileKind, path))),
    );
  }
}
