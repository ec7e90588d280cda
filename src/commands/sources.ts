/** Source files as text: found, and read once. */
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DeetError } from '../common/errors.js';
import { SourceText } from './source_text.js';

/** Larger files are no source code that a person wrote. */
const largest = 32 * 1024 * 1024;

/** Paths that begin with `from` are looked for below `to` (`set substitute-path`). */
export interface Substitution {
  readonly from: string;
  readonly to: string;
}

export class Sources {
  readonly #files = new Map<string, SourceText | undefined>();
  /** Where files are looked for that are not at their recorded place (`directory`). */
  directories: readonly string[] = [];
  /** The first that fits is used. */
  substitutions: readonly Substitution[] = [];

  /** Undefined: the file cannot be read. */
  text(path: string): SourceText | undefined {
    if (!this.#files.has(path)) {
      const substitute = this.#substitute(path);
      this.#files.set(path, (substitute === undefined ? undefined : this.#read(substitute)) ?? this.#read(path) ?? this.#elsewhere(path));
    }
    return this.#files.get(path);
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
    this.#files.clear();
  }

  #substitute(path: string): string | undefined {
    const rule = this.substitutions.find(({ from }) => path === from || path.startsWith(from.endsWith('/') ? from : `${from}/`));
    return rule && rule.to + path.slice(rule.from.length);
  }

  #elsewhere(path: string): SourceText | undefined {
    for (const directory of this.directories) {
      const found = this.#read(join(directory, path)) ?? this.#read(join(directory, basename(path)));
      if (found) return found;
    }
    return undefined;
  }

  #read(path: string): SourceText | undefined {
    try {
      const facts = statSync(path);
      if (!facts.isFile() || facts.size > largest) return undefined;
      return new SourceText(readFileSync(path));
    } catch {
      return undefined;
    }
  }
}
