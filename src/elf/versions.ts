/**
 * Versions of dynamic symbols (LSB Core, "Symbol Versioning"; gold and ld write them as Solaris did): .gnu.version has one
 * number per symbol, .gnu.version_d names those that this file defines, .gnu.version_r those it needs of others.
 */
import { Reader } from '../common/reader.js';
import type { SymbolVersion } from './symbol-table.js';

/** Bit 15 of .gnu.version: not the default version of this name. */
const HIDDEN = 0x8000;
/** 0 local, 1 global without version. */
const FIRST_NAMED = 2;
const MAX_RECORDS = 1 << 15;

export interface VersionParts {
  readonly numbers: Uint8Array;
  readonly definitions?: Uint8Array | undefined;
  readonly needs?: Uint8Array | undefined;
  readonly strings: Uint8Array;
}

/** The version of each symbol by its index. @throws FormatError when the tables are damaged. */
export const readVersions = (parts: VersionParts): ((index: number) => SymbolVersion | undefined) => {
  const names = new Map<number, { name: string; needed: boolean }>();
  const text = (offset: number): string => new Reader(parts.strings, 'version strings', offset).cstring();
  if (parts.definitions)
    readDefinitions(new Reader(parts.definitions, '.gnu.version_d'), (n, at) => names.set(n, { name: text(at), needed: false }));
  if (parts.needs) readNeeds(new Reader(parts.needs, '.gnu.version_r'), (n, at) => names.set(n, { name: text(at), needed: true }));
  const { numbers } = parts;
  return (index) => {
    const number = (numbers[index * 2] ?? 0) | ((numbers[index * 2 + 1] ?? 0) << 8);
    const version = (number & ~HIDDEN) >= FIRST_NAMED ? names.get(number & ~HIDDEN) : undefined;
    return version && { name: version.name, isDefault: !version.needed && (number & HIDDEN) === 0 };
  };
};

/** Elf64_Verdef: version, flags, ndx, cnt, hash, aux, next; its first Elf64_Verdaux names it. */
const readDefinitions = (reader: Reader, add: (number: number, name: number) => void): void => {
  for (let count = 0; count < MAX_RECORDS; count++) {
    const start = reader.offset;
    reader.skip(4);
    const number = reader.u16();
    reader.skip(6);
    const names = reader.u32();
    const next = reader.u32();
    add(number, reader.at(start + names).u32());
    if (next === 0) return;
    reader.seek(start + next);
  }
};

/** Elf64_Verneed: version, cnt, file, aux, next; a chain of Elf64_Vernaux: hash, flags, other (the number), name, next. */
const readNeeds = (reader: Reader, add: (number: number, name: number) => void): void => {
  let records = 0;
  while (records++ < MAX_RECORDS) {
    const start = reader.offset;
    reader.skip(8);
    const first = reader.u32();
    const next = reader.u32();
    const names = reader.at(start + first);
    for (let hop = 1; hop !== 0 && records++ < MAX_RECORDS;) {
      const at = names.offset;
      names.skip(6);
      const number = names.u16();
      add(number, names.u32());
      hop = names.u32();
      names.seek(at + hop);
    }
    if (next === 0) return;
    reader.seek(start + next);
  }
};
