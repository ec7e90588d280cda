/** Where a file's symbol tables are: by section headers, or, without these, by the dynamic section. */
import { DeetError } from '../common/errors.js';
import { DT, SHT } from './constants.js';
import type { Section } from './container.js';
import type { ElfFile } from './file.js';
import { readRelocations } from './relocations.js';
import { SYMBOL_SIZE, SymbolTable, type SymbolVersion } from './symbol-table.js';
import { readVersions, type VersionParts } from './versions.js';

/** .symtab, found by its type: names of sections may be damaged. */
export const staticSymbols = (file: ElfFile): SymbolTable | undefined => {
  const section = file.sections.find((s) => s.type === SHT.SYMTAB);
  const parts = section && tableParts(file, section);
  if (!section || !parts) return undefined;
  const extended = file.sections.find((s) => s.type === SHT.SYMTAB_SHNDX && s.link === section.index);
  return new SymbolTable({ ...parts, extendedSections: extended && file.contentsOf(extended) });
};

/** .dynsym with versions. */
export const dynamicSymbols = (file: ElfFile): SymbolTable | undefined => {
  const section = file.sections.find((s) => s.type === SHT.DYNSYM);
  const parts = section && tableParts(file, section);
  if (section && parts) return new SymbolTable({ ...parts, versionOf: versionsBySections(file, section, parts.strings) });
  return symbolsByDynamic(file);
};

const tableParts = (file: ElfFile, section: Section): { entries: Uint8Array; strings: Uint8Array } | undefined => {
  const entries = file.contentsOf(section);
  const linked = file.sections[section.link];
  const strings = linked && linked.type === SHT.STRTAB ? file.contentsOf(linked) : undefined;
  if (entries && !strings) file.warn(`the symbols of ${section.name} have no names: their string table is missing`);
  return entries && strings && { entries, strings };
};

const versionsBySections = (
  file: ElfFile,
  symbols: Section,
  strings: Uint8Array,
): ((index: number) => SymbolVersion | undefined) | undefined => {
  const contents = (type: number): Uint8Array | undefined => {
    const section = file.sections.find((s) => s.type === type);
    return section && file.contentsOf(section);
  };
  const table = file.sections.find((s) => s.type === SHT.GNU_VERSYM && s.link === symbols.index);
  const numbers = table && file.contentsOf(table);
  return numbers && versions(file, { numbers, definitions: contents(SHT.GNU_VERDEF), needs: contents(SHT.GNU_VERNEED), strings });
};

/** Symbols without readable versions are still symbols. */
const versions = (file: ElfFile, parts: VersionParts): ((index: number) => SymbolVersion | undefined) | undefined => {
  try {
    return readVersions(parts);
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    file.warn(error.message);
    return undefined;
  }
};

const symbolsByDynamic = (file: ElfFile): SymbolTable | undefined => {
  const dynamic = file.dynamic;
  const strings = dynamic?.strings;
  const table = dynamic?.bytes(DT.SYMTAB);
  if (!dynamic || !strings || !table) return undefined;
  let least = 0;
  for (const relocation of readRelocations(file)) least = Math.max(least, relocation.symbol + 1);
  const count = dynamic.symbolCount(least);
  const numbers = dynamic.bytes(DT.VERSYM, count * 2);
  const has = (tag: number): boolean => (dynamic.value(tag) ?? 0) > 0;
  return new SymbolTable({
    entries: table.subarray(0, count * SYMBOL_SIZE),
    strings,
    versionOf:
      numbers &&
      versions(file, {
        numbers,
        definitions: has(DT.VERDEFNUM) ? dynamic.bytes(DT.VERDEF) : undefined,
        needs: has(DT.VERNEEDNUM) ? dynamic.bytes(DT.VERNEED) : undefined,
        strings,
      }),
  });
};
