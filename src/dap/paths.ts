/** Source files between the debug information and the client: `sourceMap` is applied one way and back, and a file that is not there is no source. */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { DebugProtocol as P } from '@vscode/debugprotocol';

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** Replaces the beginning `from` of a path, which must end where a part of the path does. */
const replaced = (path: string, from: string, to: string): string | undefined => {
  const head = from.replace(/\/+$/, '');
  if (path !== head && !path.startsWith(`${head}/`)) return undefined;
  return to.replace(/\/+$/, '') + path.slice(head.length);
};

export class SourcePaths {
  readonly #map: readonly (readonly [string, string])[];
  readonly #sources = new Map<string, P.Source | undefined>();

  constructor(map: ReadonlyMap<string, string>) {
    // The longest beginning wins.
    this.#map = [...map].sort((a, b) => b[0].length - a[0].length);
  }

  toClient(path: string): string {
    for (const [from, to] of this.#map) {
      const found = replaced(path, from, to);
      if (found !== undefined) return found;
    }
    return path;
  }

  toProgram(path: string): string {
    for (const [from, to] of this.#map) {
      const found = replaced(path, to, from);
      if (found !== undefined) return found;
    }
    return path;
  }

  /** Undefined: there is no such file here. */
  source(path: string): P.Source | undefined {
    const known = this.#sources.get(path);
    if (known !== undefined || this.#sources.has(path)) return known;
    const here = this.toClient(path);
    const source = isFile(here) ? { name: basename(here), path: here } : undefined;
    this.#sources.set(path, source);
    return source;
  }
}
