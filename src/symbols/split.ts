/**
 * Split DWARF (DWARF 5, 7.3): the units of an object file stay in a .dwo beside it, or all .dwo of a program are packed
 * into one .dwp. A skeleton names its split unit by a 64-bit id; what belongs to the linked program (addresses, line
 * table, DWARF 4's ranges) stays in the program's own file.
 */
import { DwarfFile } from '../dwarf/file.js';
import { readPackageIndex, type PackageIndex, type PackageRow } from '../dwarf/package.js';
import { UnitType } from '../dwarf/constants.js';
import { readUnitHeader, Unit, type Contributions } from '../dwarf/unit.js';
import { Reader } from '../common/reader.js';
import type { ElfFile } from '../elf/file.js';
import { nameItsFolder, packagePaths, splitPaths, type DebugFileSearch } from '../elf/separate.js';

/** Sections that a split unit shares with the program. */
const SHARED = new Set(['addr', 'ranges', 'gnu_debugaltlink']);

export class SplitUnits {
  private readonly opened = new Map<string, DwarfFile | undefined>();

  constructor(
    /** The file with the skeletons. */
    private readonly main: () => ElfFile,
    private readonly search: DebugFileSearch,
  ) {}

  /** The split unit of a skeleton; undefined, with a warning, when its file is missing or another build's. */
  find(skeleton: Unit): Unit | undefined {
    const id = skeleton.dwoId;
    const name = skeleton.dwoName;
    if (id === undefined || name === undefined) return undefined;
    const packed = this.fromPackage(skeleton, id);
    if (packed) return packed;
    let other: string | undefined;
    const paths = splitPaths(this.main(), name, skeleton.compilationDirectory, this.search);
    for (const path of paths) {
      const file = this.file(path, skeleton.file);
      const unit = file?.units().find((candidate) => candidate.kind !== UnitType.split_type && candidate.dwoId === id);
      if (file && unit) return new Unit(file, 'info', unit.bytes, unit, skeleton);
      if (file) other ??= path;
    }
    const reason = other === undefined ? `was not found (it would be ${paths[0]})` : `is of another build (${other})`;
    const nextStep = other === undefined ? nameItsFolder() : 'Put the one of this build in its place.';
    this.search.missing.push(`${name} of ${this.main().path} ${reason}: its source has lines only, no variables and types. ${nextStep}`);
    return undefined;
  }

  private file(path: string, parent: DwarfFile): DwarfFile | undefined {
    if (!this.opened.has(path)) {
      const elf = this.search.open(path);
      this.opened.set(path, elf && dwoFile(elf, parent));
    }
    return this.opened.get(path);
  }

  private package: { file: DwarfFile; index: PackageIndex } | undefined | null = null;

  private fromPackage(skeleton: Unit, id: bigint): Unit | undefined {
    if (this.package === null) {
      this.package = undefined;
      for (const path of packagePaths(this.main())) {
        const elf = this.search.open(path);
        const table = elf?.data('.debug_cu_index');
        if (!elf || !table) continue;
        const index = readPackageIndex(table);
        const types = readPackageIndex(elf.data('.debug_tu_index') ?? new Uint8Array(0));
        this.package = { file: dwoFile(elf, skeleton.file, contributionsBy([...index.values(), ...types.values()])), index };
        break;
      }
    }
    const row = this.package?.index.get(id);
    if (!this.package || !row) return undefined;
    const { file } = this.package;
    const bytes = file.section('info');
    const header = readUnitHeader(new Reader(bytes, '.debug_info.dwo', row.offset, Math.min(bytes.length, row.offset + row.size)), 'info');
    return new Unit(file, 'info', bytes, header, skeleton, row);
  }
}

type ContributionsAt = (section: 'info' | 'types', offset: number) => Contributions | undefined;

const contributionsBy = (rows: readonly PackageRow[]): ContributionsAt => {
  const places = new Map(rows.map((row) => [`${row.section}${row.offset}`, row]));
  return (section, offset) => places.get(`${section}${offset}`);
};

const dwoFile = (elf: ElfFile, parent: DwarfFile, contributionsAt?: ContributionsAt): DwarfFile =>
  new DwarfFile(
    (name) => (SHARED.has(name) ? parent.section(name) : elf.joinedData(`.debug_${name}.dwo`)) ?? new Uint8Array(0),
    undefined,
    parent,
    undefined,
    contributionsAt,
  );
