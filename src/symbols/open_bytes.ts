/** Symbols of an image that has no file: the vDSO, whose bytes are read from a process. */
import type { DwarfFile } from '../dwarf/file.js';
import { parseElf, type ElfFile } from '../elf/file.js';
import { ElfImage, type ImageFiles } from './image.js';
import type { SymbolImage } from './model.js';

class LoneFile implements ImageFiles {
  readonly missing: readonly string[] = [];
  constructor(readonly elf: ElfFile) {}

  debugFile(): ElfFile {
    return this.elf;
  }

  indexStore(): undefined {
    return undefined;
  }

  supplementary(): DwarfFile | undefined {
    return undefined;
  }

  splitUnit(): undefined {
    return undefined;
  }
}

/** @throws DeetError when the bytes are no 64-bit x86-64 ELF image. */
export const openImageBytes = (bytes: Uint8Array, name: string): SymbolImage =>
  new ElfImage(name, new LoneFile(parseElf(bytes, name)), undefined);
