/** Tells a program that was built again between two runs from the one before. */
import type { SymbolImage } from '../symbols/model.js';

export class Rebuilds {
  /** As it was when it was looked at first, or run last. */
  #known: SymbolImage | undefined;

  saw(image: SymbolImage | undefined): void {
    this.#known ??= image;
  }

  /** A run begins. Returns what a user is to be told. */
  running(image: SymbolImage | undefined): string | undefined {
    const before = this.#known;
    this.#known = image;
    if (!image || before?.path !== image.path || before.modified === image.modified) return undefined;
    return `${image.path} has changed; its symbols are read again.`;
  }
}
