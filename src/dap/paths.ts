/** Source files between the debug information and the client: `sourceMap` is applied one way and back, and a file that is not there is no source. */
import { realpathSync, statSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import type { DebugProtocol as P } from '@vscode/debugprotocol';

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

const realPath = (path: string): string | undefined => {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
};

/** Replaces the beginning `from` of a path, which must end where a part of the path does. */
const replaced = (path: string, from: string, to: string): string | undefined => {
  const head = from.replace(/\/+$/, '');
  if (path !== head && !path.startsWith(`${head}/`)) return undefined;
  return to.replace(/\/+$/, '') + path.slice(head.length);
};

/** How many parts, counted from the end, two paths have in common. */
const commonEnd = (a: string, b: string): number => {
  const [left, right] = [a.split('/').reverse(), b.split('/').reverse()];
  const differs = left.findIndex((part, index) => part !== right[index]);
  return differs < 0 ? left.length : differs;
};

/** Where the names of source files come from. */
export interface SourceNames {
  images(): readonly { readonly image: { filesMatching(spelling: string): readonly { readonly path: string }[] } }[];
}

export class SourcePaths {
  readonly #map: readonly (readonly [string, string])[];
  /** Files that are not where the compiler saw them, as a client named them. */
  readonly #moved = new Map<string, string>();
  readonly #sources = new Map<string, P.Source | undefined>();

  constructor(
    map: ReadonlyMap<string, string>,
    private readonly names: SourceNames,
  ) {
    // The longest beginning wins.
    this.#map = [...map].sort((a, b) => b[0].length - a[0].length);
  }

  toClient(path: string): string {
    for (const [from, to] of this.#map) {
      const found = replaced(path, from, to);
      if (found !== undefined) return found;
    }
    return this.#moved.get(path) ?? path;
  }

  /** The path that the debug information has for a client's file. */
  toProgram(path: string): string {
    for (const [from, to] of this.#map) {
      const found = replaced(path, to, from);
      if (found !== undefined) return found;
    }
    const images = this.names.images();
    const linked = this.#byAnotherName(path, images);
    if (linked !== undefined) {
      if (isAbsolute(path)) this.#moved.set(linked, path);
      this.#sources.delete(linked);
      return linked;
    }
    if (images.some(({ image }) => image.filesMatching(path).length > 0)) return path;
    const moved = this.#elsewhere(path, images);
    if (moved === undefined) return path;
    if (isFile(path)) {
      this.#moved.set(moved, path);
      this.#sources.delete(moved);
    }
    return moved;
  }

  /** The same file through a symbolic link, on one side or the other. */
  #byAnotherName(path: string, images: ReturnType<SourceNames['images']>): string | undefined {
    const real = realPath(path);
    if (real === undefined) return undefined;
    const named = images.flatMap(({ image }) => image.filesMatching(basename(real)).map((file) => file.path));
    return named.includes(path) ? undefined : named.find((file) => realPath(file) === real);
  }

  /**
   * Sources that were moved after they were compiled, or compiled on another machine: the same name, and the end of the path as equal as possible. Only if one of the two files is not
   * there; or else they are two files, such as the main.c of two programs.
   */
  #elsewhere(path: string, images: ReturnType<SourceNames['images']>): string | undefined {
    const named = images.flatMap(({ image }) => image.filesMatching(basename(path)).map((file) => file.path));
    const here = isFile(path);
    const possible = [...new Set(named)].filter((file) => !here || !isFile(file));
    return possible.sort((a, b) => commonEnd(b, path) - commonEnd(a, path))[0];
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
