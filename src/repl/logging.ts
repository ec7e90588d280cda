/** `set logging`: what deet shows, in a file as well or instead. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { DeetError } from '../common/errors.js';
import type { Settings } from '../session/settings.js';

export class Logging {
  #descriptor: number | undefined;

  constructor(private readonly settings: Settings) {
    settings.onChange((name) => {
      if (name === 'logging enabled') this.#switch();
    });
  }

  /** @throws DeetError `file` */
  #switch(): void {
    this.close();
    if (!this.settings.flag('logging enabled')) return;
    const path = this.settings.text('logging file');
    try {
      this.#descriptor = openSync(path, this.settings.flag('logging overwrite') ? 'w' : 'a');
    } catch (error) {
      throw new DeetError('file', `${path} cannot be written: ${error instanceof Error ? error.message : ''}.`, 'set logging file PATH');
    }
  }

  /** Writes what would be shown. True: it is not to be shown. */
  take(text: string): boolean {
    if (this.#descriptor === undefined) return false;
    writeSync(this.#descriptor, text);
    return this.settings.flag('logging redirect');
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}
