/**
 * The DWARF sections of one file (the program's, a separate debug file, a .dwo, a .dwp member, a supplementary file) and
 * its list of units, found by walking the headers only.
 */
import { Reader } from '../common/reader.js';
import { AbbreviationPool, AbbreviationTable, type FormSizes } from './abbreviations.js';
import { At, Tag, UnitType } from './constants.js';
import type { Die } from './die.js';
import { readUnitHeader, stringIn, Unit, type Contributions } from './unit.js';

/** Where bytes come from: `info` means .debug_info (or .debug_info.dwo). Empty when there is none. */
export type SectionSource = (name: string) => Uint8Array;

/** Each header brings 64 KiB of a mapped file into memory; together, all of it. */
const PASSED_STEP = 2 ** 20;

export class DwarfFile {
  private readonly sections = new Map<string, Uint8Array>();
  private readonly tables = new Map<string, AbbreviationTable>();
  /** Sentences about what could not be read. */
  readonly warnings: string[] = [];

  constructor(
    private readonly source: SectionSource,
    /** The file that DW_FORM_GNU_ref_alt and the like point to (.gnu_debugaltlink); opened when first needed. */
    private readonly openSupplementary?: () => DwarfFile | undefined,
    /** Split files: type signatures and units not found here are searched in the program's own file. */
    private readonly parent?: DwarfFile,
    /** Told of stretches of a section that were passed over: most of their bytes will not be needed again. */
    private readonly passed: (bytes: Uint8Array) => void = () => undefined,
    /** Of a package: which parts of its sections are those of the unit at an offset. */
    private readonly contributionsAt?: (section: 'info' | 'types', offset: number) => Contributions | undefined,
  ) {}

  section(name: string): Uint8Array {
    let bytes = this.sections.get(name);
    if (!bytes) {
      bytes = this.source(name);
      this.sections.set(name, bytes);
    }
    return bytes;
  }

  /** Remembers a sentence once, and no more than a user would read. */
  warn(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (this.warnings.length < 50 && !this.warnings.includes(text)) this.warnings.push(text);
  }

  string(section: 'str' | 'line_str', offset: number): string {
    return stringIn(this.section(section), offset);
  }

  private supplementaryFile: DwarfFile | undefined | null = null;

  supplementary(): DwarfFile | undefined {
    if (this.supplementaryFile === null) {
      this.supplementaryFile = this.openSupplementary?.();
      if (this.supplementaryFile) this.supplementaryFile.importer ??= this;
    }
    return this.supplementaryFile;
  }

  /** Of a supplementary file: the one that was left. */
  private importer: DwarfFile | undefined;
  private importers: ReadonlyMap<Unit, number> | undefined;

  /** DW_LANG of the first unit that imports a partial one, perhaps through others; 0: none is known. */
  languageOfImporter(partial: Unit): number {
    this.importers ??= importedLanguages([...(this.importer?.units() ?? []), ...this.units()]);
    return this.importers.get(partial) ?? 0;
  }

  private pool: AbbreviationPool | undefined;

  abbreviationsAt(offset: number, sizes: FormSizes): AbbreviationTable {
    const key = `${offset}/${sizes.offsetSize}/${sizes.addressSize}/${sizes.version <= 2 ? 2 : 3}`;
    let table = this.tables.get(key);
    if (!table) {
      const bytes = this.section('abbrev');
      this.pool ??= new AbbreviationPool(bytes);
      this.tables.set(key, (table = new AbbreviationTable(this.pool, bytes, offset, sizes)));
    }
    return table;
  }

  private unitList: Unit[] | undefined;
  private typeList: Unit[] | undefined;

  /** The units of .debug_info, in order of offsets. */
  units(): readonly Unit[] {
    return (this.unitList ??= this.readUnits('info'));
  }

  /** The units of .debug_types (DWARF 4). */
  typeSectionUnits(): readonly Unit[] {
    return (this.typeList ??= this.readUnits('types'));
  }

  private readUnits(section: 'info' | 'types'): Unit[] {
    const bytes = this.section(section);
    const units: Unit[] = [];
    const reader = new Reader(bytes, `.debug_${section}`);
    let passed = 0;
    try {
      while (reader.remaining > 0) {
        const header = readUnitHeader(reader, section);
        if (header.version < 2 || header.version > 5 || (header.addressSize !== 8 && header.addressSize !== 4))
          this.warn(
            `.debug_${section}+0x${header.offset.toString(16)}: unit of version ${header.version} with ${header.addressSize}-byte addresses`,
          );
        else units.push(new Unit(this, section, bytes, header, undefined, this.contributionsAt?.(section, header.offset)));
        reader.seek(header.end);
        if (header.end >= passed + PASSED_STEP) {
          this.passed(bytes.subarray(passed, header.end));
          passed = header.end;
        }
      }
    } catch (error) {
      this.warn(error);
    }
    this.passed(bytes.subarray(passed));
    return units;
  }

  /** The unit of .debug_info that holds an offset. */
  unitAt(offset: number): Unit | undefined {
    const units = this.units();
    let low = 0;
    let high = units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (units[middle].end <= offset) low = middle + 1;
      else high = middle;
    }
    const unit = units[low];
    return unit && unit.offset <= offset ? unit : undefined;
  }

  dieAt(offset: number): Die | undefined {
    return this.unitAt(offset)?.dieAt(offset);
  }

  private signatures: Map<bigint, Unit> | undefined;

  /** The type unit with a signature (DWARF 5, 7.32). */
  typeUnit(signature: bigint): Unit | undefined {
    if (!this.signatures) {
      this.signatures = new Map();
      for (const unit of [...this.units(), ...this.typeSectionUnits()])
        if (unit.typeSignature !== undefined && (unit.kind === UnitType.type || unit.kind === UnitType.split_type))
          if (!this.signatures.has(unit.typeSignature)) this.signatures.set(unit.typeSignature, unit);
    }
    return this.signatures.get(signature) ?? this.parent?.typeUnit(signature);
  }

  typeBySignature(signature: bigint): Die | undefined {
    const unit = this.typeUnit(signature);
    return unit?.dieAt(unit.offset + unit.typeOffset);
  }
}

/** The language that each imported unit has from those that import it (DWARF 5, 3.2.5). Imports stand at the beginning of a unit, where dwz puts them. */
const importedLanguages = (units: readonly Unit[]): ReadonlyMap<Unit, number> => {
  const languages = new Map<Unit, number>();
  const visit = (unit: Unit, language: number): void => {
    for (const child of unit.root.children()) {
      // dwz puts base types first: operations of the stack machine refer to them by small numbers.
      if (child.tag === Tag.base_type) continue;
      if (child.tag !== Tag.imported_unit) break;
      const imported = child.reference(At.import)?.unit;
      if (!imported || languages.has(imported)) continue;
      languages.set(imported, imported.root.number(At.language) ?? language);
      visit(imported, language);
    }
  };
  for (const unit of units) {
    try {
      const language = unit.root.number(At.language);
      if (language !== undefined) visit(unit, language);
    } catch (error) {
      unit.file.warn(error);
    }
  }
  return languages;
};
