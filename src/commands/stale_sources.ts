/** Sources that were written after the program was built: their lines may not be those that the compiler saw. */
import { basename } from 'node:path';
import type { Session } from '../session/session.js';
import type { SymbolImage } from '../symbols/model.js';
import { selectedFrame } from './frames.js';
import { message, type Result } from './results.js';
import type { FoundSource, Sources } from './sources.js';

/** The files whose lines a result shows. */
const filesIn = (result: Result): readonly string[] => {
  switch (result.type) {
    case 'source':
      return [result.file];
    case 'stop':
      return [result.frame?.file, result.calledFrom?.file].filter((file) => file !== undefined);
    case 'frame':
    case 'core':
      return result.frame?.file === undefined ? [] : [result.frame.file];
    default:
      return [];
  }
};

export class StaleSources {
  readonly #checked = new WeakSet<FoundSource>();
  /** Sources are looked for again with each run. */
  readonly #told = new Set<string>();

  constructor(
    private readonly session: Session,
    private readonly sources: Sources,
  ) {}

  /** What is to be known before a result is shown; of each file once. */
  warnings(result: Result): Result[] {
    return filesIn(result).flatMap((file) => {
      const found = this.sources.find(file);
      if (!found || this.#checked.has(found)) return [];
      this.#checked.add(found);
      const image = this.#imageOf(file);
      if (image?.modified === undefined || found.modified <= image.modified) return [];
      const text = `${basename(found.path)} is more recent than ${image.path}: its lines may not be those that the program was built from.`;
      const isNew = !this.#told.has(`${text}|${found.modified}`);
      this.#told.add(`${text}|${found.modified}`);
      return isNew ? [message(text, 'warning')] : [];
    });
  }

  #imageOf(file: string): SymbolImage | undefined {
    const frame = selectedFrame(this.session);
    if (frame?.position?.file.path === file) return frame.loaded?.image;
    return this.session.images().find(({ image }) => image.filesMatching(file).some(({ path }) => path === file))?.image;
  }
}
