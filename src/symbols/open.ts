/** Opening a file costs a look at its header; everything else waits until it is asked for. */
import { DwarfFile } from '../dwarf/file.js';
import type { Unit } from '../dwarf/unit.js';
import type { ElfFile } from '../elf/file.js';
import { findDebugFile, findSupplementaryFile, type DebugFileSearch } from '../elf/separate.js';
import { debugFileSearch, modifiedAt, openElf, releasePages } from './elf-files.js';
import { ElfImage, type ImageFiles } from './image.js';
import { indexStore } from './index-cache.js';
import type { SymbolImage } from './model.js';
import type { IndexKind, IndexStore } from './name-units.js';
import { SplitUnits } from './split.js';

export interface OpenOptions {
  /** Where separate debug files are looked for, by build-id and .gnu_debuglink. Default: /usr/lib/debug. */
  readonly debugDirectories?: readonly string[];
  /** False: the index of a big file's names is not kept on disk. */
  readonly indexCache?: boolean;
}

/**
 * @param path of an executable, a shared object or a core file
 * @throws DeetError when the file cannot be read or is not a 64-bit x86-64 ELF file
 */
export const openImage = (path: string, options: OpenOptions = {}): SymbolImage => {
  const elf = openElf(path);
  const files = new FilesBeside(elf, debugFileSearch(options.debugDirectories), options.indexCache ?? true);
  return new ElfImage(path, files, modifiedAt(path));
};

/** What the indexes are made of. */
const INDEXED = { names: ['info', 'types', 'abbrev', 'str'], files: ['line', 'line_str'] } as const;

/** The file itself, and those that hold parts of its debug information: each opened when first asked for. */
class FilesBeside implements ImageFiles {
  private readonly split: SplitUnits;

  constructor(
    readonly elf: ElfFile,
    private readonly search: DebugFileSearch,
    private readonly keepsIndex: boolean,
  ) {
    this.split = new SplitUnits(() => this.debugFile(), this.search);
  }

  get missing(): readonly string[] {
    return this.search.missing;
  }

  private debug: ElfFile | undefined;

  debugFile(): ElfFile {
    return (this.debug ??= findDebugFile(this.elf, this.search) ?? this.elf);
  }

  indexStore(kind: IndexKind): IndexStore | undefined {
    const file = this.debugFile();
    const sections = INDEXED[kind];
    const sizes = sections.map((name) => file.debugSize(name));
    return this.keepsIndex ? indexStore(kind, file.buildId, sizes, file.isPacked(sections[0])) : undefined;
  }

  private shared: DwarfFile | undefined | null = null;

  supplementary(): DwarfFile | undefined {
    if (this.shared === null) {
      const file = findSupplementaryFile(this.debugFile(), this.search);
      this.shared = file && new DwarfFile((name) => file.debugData(name) ?? new Uint8Array(0));
    }
    return this.shared;
  }

  passed(bytes: Uint8Array): void {
    releasePages(bytes);
  }

  splitUnit(skeleton: Unit): Unit | undefined {
    return this.split.find(skeleton);
  }
}
