/**
 * The lines typed in earlier sessions: ~/.deet_history, readable by its owner alone. Each line is appended when it is entered, so sessions that
 * run at the same time keep each other's lines, and a killed one loses none.
 */
import { appendFileSync, chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Lines kept. The file is cut when it has twice as many. */
export const historySize = 1000;

const historyPath = (): string => join(process.env['HOME'] ?? homedir(), '.deet_history');

export class History {
  readonly #lines: string[];

  constructor(private readonly path = historyPath()) {
    const all = this.#read();
    this.#lines = all.slice(-historySize);
    if (all.length > 2 * historySize) this.#cut();
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** A line equal to the last one is kept once; one that begins with a blank is private, as in a shell. */
  add(line: string): void {
    const text = line.trimEnd();
    if (text === '' || text.startsWith(' ') || text === this.#lines.at(-1)) return;
    this.#lines.push(text);
    if (this.#lines.length > historySize) this.#lines.shift();
    try {
      appendFileSync(this.path, `${text}\n`, { mode: 0o600 });
    } catch {
      // A home directory that cannot be written to is no reason to stop working.
    }
  }

  #read(): string[] {
    try {
      return readFileSync(this.path, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
    } catch {
      return [];
    }
  }

  #cut(): void {
    const temporary = `${this.path}.${process.pid}`;
    try {
      writeFileSync(temporary, `${this.#lines.join('\n')}\n`, { mode: 0o600 });
      chmodSync(temporary, 0o600);
      renameSync(temporary, this.path);
    } catch {
      // Next time, perhaps.
    }
  }
}
