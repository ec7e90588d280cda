/**
 * One symbol table as it lies in the file: 24-byte entries (System V ABI, chapter 4, "Symbol Table") and their strings,
 * read in place. A table of a million symbols costs nothing until it is asked.
 */
import { decodeText } from '../common/reader.js';
import { SHN, STB, STT } from './constants.js';

export const SYMBOL_SIZE = 24;
/** Longer than the names of the most templated C++; a damaged table must not make a thousand strings of a megabyte. */
export const MAX_NAME = 1 << 16;
const AT = 0x40;

/** A symbol version (gABI extension of GNU: .gnu.version): `@@` the default one, `@` kept for old programs. */
export interface SymbolVersion {
  readonly name: string;
  readonly isDefault: boolean;
}

export interface SymbolTableParts {
  readonly entries: Uint8Array;
  readonly strings: Uint8Array;
  /** SHT_SYMTAB_SHNDX: section numbers that do not fit into 16 bits. */
  readonly extendedSections?: Uint8Array | undefined;
  /** Versions by symbol (dynamic symbols only). */
  readonly versionOf?: ((index: number) => SymbolVersion | undefined) | undefined;
  /** False: `@` in a name is part of it (`puts@plt`). */
  readonly versionsInNames?: boolean;
}

export class SymbolTable {
  readonly count: number;
  readonly strings: Uint8Array;
  private readonly view: DataView;
  /** What ends a name besides zero: `@`, or nothing. */
  private readonly stop: number;

  constructor(private readonly parts: SymbolTableParts) {
    this.strings = parts.strings;
    this.stop = parts.versionsInNames === false ? 0 : AT;
    this.count = Math.floor(parts.entries.length / SYMBOL_SIZE);
    this.view = new DataView(parts.entries.buffer, parts.entries.byteOffset, parts.entries.byteLength);
  }

  /** st_value: an address; for thread-local symbols the offset in the TLS block. Damaged ones above 2^53 stay big. */
  value(index: number): number {
    const at = index * SYMBOL_SIZE + 8;
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32;
  }

  size(index: number): number {
    const at = index * SYMBOL_SIZE + 16;
    return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32;
  }

  /** STT_ number. */
  type(index: number): number {
    return this.view.getUint8(index * SYMBOL_SIZE + 4) & 15;
  }

  /** STB_ number. */
  binding(index: number): number {
    return this.view.getUint8(index * SYMBOL_SIZE + 4) >> 4;
  }

  /** STV_ number. */
  visibility(index: number): number {
    return this.view.getUint8(index * SYMBOL_SIZE + 5) & 3;
  }

  /** st_shndx, with SHN_XINDEX resolved; SHN_ABS and SHN_COMMON as they are. */
  section(index: number): number {
    const section = this.view.getUint16(index * SYMBOL_SIZE + 6, true);
    if (section !== SHN.XINDEX) return section;
    const extended = this.parts.extendedSections;
    const at = index * 4;
    if (!extended || at + 4 > extended.length) return SHN.UNDEF;
    return new DataView(extended.buffer, extended.byteOffset + at, 4).getUint32(0, true);
  }

  /** True if it stands for something in this file: defined, and not a marker for a source file or a section. */
  isDefined(index: number): boolean {
    const type = this.type(index);
    const section = this.section(index);
    return type !== STT.FILE && type !== STT.SECTION && section !== SHN.UNDEF && section !== SHN.COMMON;
  }

  /** True if its value is an address. */
  isPlaced(index: number): boolean {
    return this.type(index) !== STT.TLS && this.section(index) !== SHN.ABS && this.value(index) <= Number.MAX_SAFE_INTEGER;
  }

  /** 2 global, 1 weak, 0 local: of several names for one address the widest known is shown. */
  reach(index: number): number {
    const binding = this.binding(index);
    return binding === STB.GLOBAL || binding === STB.GNU_UNIQUE ? 2 : binding === STB.WEAK ? 1 : 0;
  }

  /** Where the name begins and ends in `strings`, without a version that the linker appended to it (`f@@VERS_1`). */
  nameStart(index: number): number {
    return Math.min(this.view.getUint32(index * SYMBOL_SIZE, true), this.strings.length);
  }

  nameEnd(start: number): number {
    const { strings, stop } = this;
    const limit = Math.min(strings.length, start + MAX_NAME);
    let end = start;
    while (end < limit && strings[end] !== 0 && (strings[end] !== stop || end === start)) end++;
    return end;
  }

  nameLength(index: number): number {
    const start = this.nameStart(index);
    return this.nameEnd(start) - start;
  }

  name(index: number): string {
    const start = this.nameStart(index);
    return decodeText(this.strings, start, this.nameEnd(start));
  }

  /** True if both names are the same, versions left out. */
  sameName(index: number, other: SymbolTable, otherIndex: number): boolean {
    const start = this.nameStart(index);
    const otherStart = other.nameStart(otherIndex);
    const length = this.nameLength(index);
    for (let i = 0; i < length; i++) if (this.strings[start + i] !== other.strings[otherStart + i]) return false;
    return other.nameEnd(otherStart) === otherStart + length;
  }

  /** From .gnu.version, or from the name itself. */
  version(index: number): SymbolVersion | undefined {
    // An absolute symbol of .dynsym is the definition of a version, not something that has one.
    if (this.parts.versionOf) return this.section(index) === SHN.ABS ? undefined : this.parts.versionOf(index);
    const { strings } = this;
    const at = this.nameEnd(this.nameStart(index));
    if (strings[at] !== AT) return undefined;
    const isDefault = strings[at + 1] === AT;
    const start = at + (isDefault ? 2 : 1);
    const end = strings.indexOf(0, start);
    return { name: decodeText(strings, start, end < 0 ? strings.length : Math.min(end, start + MAX_NAME)), isDefault };
  }
}
