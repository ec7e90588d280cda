/** Symbols of files, opened once for all processes, runs and core files. */
import { statSync } from 'node:fs';
import type { SymbolImage } from '../symbols/model.js';
import { openImage, type OpenOptions } from '../symbols/open.js';

/** By file identity: a file rebuilt between runs is another file. */
const opened = new Map<string, SymbolImage | undefined>();

const identity = (path: string, options: OpenOptions): string | undefined => {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return `${path}|${dev}|${ino}|${size}|${mtimeMs}|${(options.debugDirectories ?? []).join(':')}`;
  } catch {
    return undefined;
  }
};

/** Opens a file's symbols once. Undefined: it cannot be read or is no ELF file. */
export const sharedImage = (path: string, options: OpenOptions): SymbolImage | undefined => {
  const key = identity(path, options);
  if (key === undefined) return undefined;
  if (!opened.has(key)) {
    let image: SymbolImage | undefined;
    try {
      image = openImage(path, options);
    } catch {
      image = undefined;
    }
    opened.set(key, image);
  }
  return opened.get(key);
};
