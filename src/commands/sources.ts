/** Source files as text: found, read once, split into lines. */
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DeetError } from '../common/errors.js';

/** Larger files are no source code that a person wrote. */
const largest = 32 * 1024 * 1024;

interface Entry {
  readonly lines: readonly string[];
  readonly modified: number;
}

export class Sources {
  readonly #files = new Map<string, Entry | undefined>();
  /** Where files are looked for that are not at their recorded place (`directory`). */
  directories: readonly string[] = [];

  /** Undefined: the file cannot be read. */
  lines(path: string): readonly string[] | undefined {
    const known = this.#files.get(path);
    if (known || this.#files.has(path)) return known?.lines;
    const entry = this.#read(path) ?? this.#elsewhere(path);
    this.#files.set(path, entry);
    return entry?.lines;
  }

  /** @throws DeetError `no-file` */
  require(path: string): readonly string[] {
    const lines = this.lines(path);
    if (!lines)
      throw new DeetError('no-file', `${path}: no such file, or it cannot be read.`, 'Say where the sources are: directory FOLDER');
    return lines;
  }

  /** Seconds since 1970 at which a file was changed; undefined: not known. */
  modified(path: string): number | undefined {
    this.lines(path);
    return this.#files.get(path)?.modified;
  }

  /** A program that was built again may have other sources. */
  forget(): void {
    this.#files.clear();
  }

  #elsewhere(path: string): Entry | undefined {
    for (const directory of this.directories) {
      const found = this.#read(join(directory, path)) ?? this.#read(join(directory, basename(path)));
      if (found) return found;
    }
    return undefined;
  }

  #read(path: string): Entry | undefined {
    try {
      const facts = statSync(path);
      if (!facts.isFile() || facts.size > largest) return undefined;
      const lines = readFileSync(path, 'utf8').split(/\r?\n/);
      if (lines.at(-1) === '') lines.pop();
      return { lines, modified: facts.mtimeMs / 1000 };
    } catch {
      return undefined;
    }
  }
}
