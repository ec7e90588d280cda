/** Opening a file costs a look at its header; everything else waits until it is asked for. */
import type { DwarfFile } from '../dwarf/file.js';
import type { ElfFile } from '../elf/file.js';
import { findDebugFile, type DebugFileSearch } from '../elf/separate.js';
import { debugFileSearch, openElf } from './elf-files.js';
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
export const openImage = (path: string, options: OpenOptions = {}): SymbolImage =>
  new ElfImage(path, new FilesBeside(openElf(path), debugFileSearch(options.debugDirectories)));

class FilesBeside implements ImageFiles {
  readonly warnings: readonly string[] = [];
  private debug: ElfFile | undefined;

  constructor(
    readonly elf: ElfFile,
    private readonly search: DebugFileSearch,
  ) {}

  debugFile(): ElfFile {
    this.debug ??= findDebugFile(this.elf, this.search) ?? this.elf;
    return this.debug;
  }

  supplementary(): DwarfFile | undefined {
    return undefined;
  }

  splitUnit(): undefined {
    return undefined;
  }
}
