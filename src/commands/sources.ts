/** Source files as text: found, and gone through once. */
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import { DeetError } from '../common/errors.js';
import { SourceText } from './source_text.js';

/** Larger files are no source code that a person wrote. */
const largest = 32 * 1024 * 1024;

/** Paths that begin with `from` are looked for below `to` (`set substitute-path`). */
export interface Substitution {
  readonly from: string;
  readonly to: string;
}

/** Where a source was found. */
export interface FoundSource {
  readonly path: string;
  /** When it was last written, in milliseconds since 1970. */
  readonly modified: number;
}

/** `/old/project/src/a.c`, `old/project/src/a.c`, ... `a.c`: of a tree that has moved, some of the upper folders may be left. */
function* endsOf(path: string): Generator<string> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  for (let from = 0; from < parts.length; from++) yield parts.slice(from).join('/');
}

export class Sources {
  readonly #places = new Map<string, FoundSource | undefined>();
  readonly #texts = new Map<string, SourceText | undefined>();
  /** Where files are looked for that are not at their recorded place (`directory`), before the working directory. */
  directories: readonly string[] = [];
  /** The first that fits is used. */
  substitutions: readonly Substitution[] = [];

  /** Where the text of a file is taken from. Undefined: nowhere. */
  find(path: string): FoundSource | undefined {
    if (!this.#places.has(path)) this.#places.set(path, this.#look(path));
    return this.#places.get(path);
  }

  /** Undefined: the file cannot be read. */
  text(path: string): SourceText | undefined {
    if (!this.#texts.has(path)) {
      const place = this.find(path);
      this.#texts.set(path, place && attempt(() => new SourceText(place.path)));
    }
    return this.#texts.get(path);
  }

  /** @throws DeetError `no-file` */
  require(path: string): SourceText {
    const text = this.text(path);
    if (!text)
      throw new DeetError('no-file', `${path}: no such file, or it cannot be read.`, 'Say where the sources are: directory FOLDER');
    return text;
  }

  /** A program that was built again may have other sources. */
  forget(): void {
    this.#places.clear();
    this.#texts.clear();
  }

  #look(path: string): FoundSource | undefined {
    const substitute = this.#substitute(path);
    const recorded = (substitute === undefined ? undefined : sourceAt(substitute)) ?? sourceAt(path);
    if (recorded) return recorded;
    const here = attempt(() => process.cwd());
    for (const directory of [...this.directories, ...(here === undefined ? [] : [here])])
      for (const end of endsOf(path)) {
        const found = sourceAt(join(directory, end));
        if (found) return found;
      }
    return undefined;
  }

  #substitute(path: string): string | undefined {
    const rule = this.substitutions.find(({ from }) => path === from || path.startsWith(from.endsWith('/') ? from : `${from}/`));
    return rule && rule.to + path.slice(rule.from.length);
  }
}

/** Undefined: the system refuses. */
const attempt = <T>(look: () => T): T | undefined => {
  try {
    return look();
  } catch {
    return undefined;
  }
};

const sourceAt = (path: string): FoundSource | undefined =>
  attempt(() => {
    const facts = statSync(path);
    accessSync(path, constants.R_OK);
    return facts.isFile() && facts.size <= largest ? { path, modified: facts.mtimeMs } : undefined;
  });
