/**
 * One ELF file: its tables, and lazily everything in it. It works on the bytes of the mapped file and copies none, save
 * sections that must be decompressed. What is damaged is absent and leaves a sentence in `warnings`.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { decodeText } from '../common/reader.js';
import { decompressGnuSection, decompressSection } from './compression.js';
import { DF_1_PIE, DT, ET, PT, SHF, SHN, SHT } from './constants.js';
import { readContainer, type Container, type ElfHeader, type Section, type Segment } from './container.js';
import { readDynamic, type Dynamic } from './dynamic.js';
import { whyNotElf } from './identify.js';
import { NT_GNU_BUILD_ID, readNotes } from './notes.js';
import { dynamicSymbols, staticSymbols } from './symbol-tables.js';
import type { SymbolTable } from './symbol-table.js';

const MAX_WARNINGS = 50;

/**
 * @param bytes the whole file (or the vDSO's pages)
 * @param path for messages
 * @throws DeetError `not-elf` or `bad-elf` in the user's words when it is not a 64-bit x86-64 ELF file with readable tables
 */
export const parseElf = (bytes: Uint8Array, path: string): ElfFile => {
  const fault = whyNotElf(bytes, path);
  if (fault) throw fault;
  return new ElfFile(bytes, path);
};

export class ElfFile {
  readonly header: ElfHeader;
  readonly segments: readonly Segment[];
  private readonly container: Container;
  private readonly said: string[] = [];
  /** PT_LOAD, by address; only those whose addresses deet can handle. */
  readonly loads: readonly Segment[];

  constructor(
    readonly bytes: Uint8Array,
    readonly path: string,
  ) {
    this.container = readContainer(bytes, path, (text) => this.warn(text));
    this.header = this.container.header;
    this.segments = this.container.segments;
    this.loads = this.segments.filter((segment) => segment.type === PT.LOAD).sort((a, b) => a.address - b.address);
    if (!this.isCore && this.loads.some((segment) => segment.address + segment.memorySize > Number.MAX_SAFE_INTEGER)) {
      this.warn('a segment has absurd addresses and is ignored');
      this.loads = this.loads.filter((segment) => segment.address + segment.memorySize <= Number.MAX_SAFE_INTEGER);
    }
  }

  /** Sentences about parts that could not be read. */
  get warnings(): readonly string[] {
    this.readSections();
    return this.said;
  }

  /** Remembers a sentence once; a file with thousands of faults says the first fifty. */
  warn(text: string): void {
    if (this.said.length < MAX_WARNINGS && !this.said.includes(text)) this.said.push(text);
  }

  /** `read`'s result; when the file is damaged there, a warning and undefined. */
  private attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      this.warn(error.message);
      return undefined;
    }
  }

  get isCore(): boolean {
    return this.header.type === ET.CORE;
  }

  /** Position independent: a load bias is added to its addresses. */
  get relocatable(): boolean {
    return this.header.type === ET.DYN;
  }

  /** A program rather than a library: not ET_DYN, or marked as PIE, or with an interpreter (static PIE has only the mark). */
  get isProgram(): boolean {
    if (this.header.type === ET.EXEC) return true;
    if (this.header.type !== ET.DYN) return false;
    const flags = this.dynamic?.value(DT.FLAGS_1);
    return flags !== undefined ? Math.floor(flags / DF_1_PIE) % 2 === 1 : this.interpreter !== undefined;
  }

  get entryPoint(): FileAddress {
    return fileAddress(this.header.entry);
  }

  /** From the lowest to behind the highest address of the PT_LOAD segments. */
  get span(): { low: FileAddress; high: FileAddress } {
    const low = this.loads[0]?.address ?? 0;
    const high = this.loads.reduce((end, segment) => Math.max(end, segment.address + segment.memorySize), low);
    return { low: fileAddress(low), high: fileAddress(high) };
  }

  // ---- sections

  private sectionTable: readonly Section[] | undefined;

  get sections(): readonly Section[] {
    return this.readSections();
  }

  private readSections(): readonly Section[] {
    return (this.sectionTable ??= this.attempt(() => this.container.readSections()) ?? []);
  }

  private sectionNames: Map<string, Section> | undefined;

  /** The first section of this name. */
  section(name: string): Section | undefined {
    if (!this.sectionNames) {
      this.sectionNames = new Map();
      for (const section of this.sections) if (!this.sectionNames.has(section.name)) this.sectionNames.set(section.name, section);
    }
    return this.sectionNames.get(name);
  }

  private readonly contents = new Map<number, Uint8Array | undefined>();

  /**
   * The section's contents, decompressed if need be; undefined: it has none in this file (.bss, sections that strip moved
   * to a debug file) or none that can be read. Of a section that a truncated file cuts off, what is left.
   */
  contentsOf(section: Section): Uint8Array | undefined {
    if (!this.contents.has(section.index))
      this.contents.set(
        section.index,
        this.attempt(() => this.readSection(section)),
      );
    return this.contents.get(section.index);
  }

  /** Contents by name. */
  data(name: string): Uint8Array | undefined {
    const section = this.section(name);
    return section && this.contentsOf(section);
  }

  /** Contents of all sections of a name, one behind the other: object files have one for each COMDAT group (type units of a .dwo). */
  joinedData(name: string): Uint8Array | undefined {
    const parts = this.sections.filter((section) => section.name === name).flatMap((section) => this.contentsOf(section) ?? []);
    return parts.length > 1 ? Buffer.concat(parts) : parts[0];
  }

  /** Contents of `.debug_NAME`, or of `.zdebug_NAME`, its form before SHF_COMPRESSED. */
  debugData(name: string): Uint8Array | undefined {
    return this.data(`.debug_${name}`) ?? this.data(`.zdebug_${name}`);
  }

  /** Bytes that `.debug_NAME` takes in the file, compressed or not. */
  debugSize(name: string): number {
    return (this.section(`.debug_${name}`) ?? this.section(`.zdebug_${name}`))?.size ?? 0;
  }

  /** Is `.debug_NAME` there only in a form that must be decompressed? */
  isPacked(name: string): boolean {
    const section = this.section(`.debug_${name}`);
    return section ? (section.flags & SHF.COMPRESSED) !== 0 : this.section(`.zdebug_${name}`) !== undefined;
  }

  /** True if the file itself has DWARF units. */
  get hasDebugInfo(): boolean {
    return ['.debug_info', '.zdebug_info'].some((name) => {
      const section = this.section(name);
      return section !== undefined && section.type !== SHT.NOBITS && section.size > 0;
    });
  }

  private readSection(section: Section): Uint8Array | undefined {
    const raw = this.rawContents(section);
    if (!raw) return undefined;
    if (section.flags & SHF.COMPRESSED) return decompressSection(raw, section.name);
    return section.name.startsWith('.zdebug_') ? decompressGnuSection(raw, section.name) : raw;
  }

  private rawContents(section: Section): Uint8Array | undefined {
    if (section.type === SHT.NOBITS || section.type === SHT.NULL) return undefined;
    const { offset, size } = section;
    if (offset + size <= this.bytes.length) return this.bytes.subarray(offset, offset + size);
    if (offset >= this.bytes.length) {
      this.warn(`section ${section.name} lies behind the end of the file`);
      return undefined;
    }
    this.warn(`section ${section.name} is cut off by the end of the file`);
    return this.bytes.subarray(offset);
  }

  private mapped: readonly Section[] | undefined;

  /** Sections with addresses, by address. Those of thread-local data that take no room in the file (.tbss) overlap others. */
  get mappedSections(): readonly Section[] {
    this.mapped ??= this.sections
      .filter((s) => s.flags & SHF.ALLOC && s.size > 0 && !(s.flags & SHF.TLS && s.type === SHT.NOBITS))
      .sort((a, b) => a.address - b.address);
    return this.mapped;
  }

  /** The section that holds this address in memory. */
  sectionAt(address: number): Section | undefined {
    return covering(this.mappedSections, address, (section) => section.size);
  }

  /** The name of a symbol's section (st_shndx); undefined for undefined and absolute symbols. */
  sectionName(index: number): string | undefined {
    return index === SHN.UNDEF ? undefined : this.sections[index]?.name;
  }

  // ---- memory as the file describes it

  /** The PT_LOAD segment that holds this address in memory. */
  segmentAt(address: number): Segment | undefined {
    return covering(this.loads, address, (segment) => segment.memorySize);
  }

  /** The file's bytes at an address; undefined where the file has none for the whole range. */
  bytesAt(address: number, length: number): Uint8Array | undefined {
    const rest = this.bytesFrom(address);
    return rest && rest.length >= length ? rest.subarray(0, length) : undefined;
  }

  /** The file's bytes from an address to the end of its segment. */
  bytesFrom(address: number): Uint8Array | undefined {
    const segment = this.segmentAt(address);
    if (!segment || address - segment.address >= segment.fileSize) return undefined;
    const start = segment.offset + (address - segment.address);
    const end = Math.min(segment.offset + segment.fileSize, this.bytes.length);
    return start < end ? this.bytes.subarray(start, end) : undefined;
  }

  /** The bytes of a segment in the file, as many as there are. */
  segmentBytes(segment: Segment): Uint8Array {
    const start = Math.min(segment.offset, this.bytes.length);
    return this.bytes.subarray(start, Math.min(segment.offset + segment.fileSize, this.bytes.length));
  }

  /** How many bytes of its segments a truncated file lacks. */
  get missingBytes(): number {
    const end = this.loads.reduce((most, segment) => (segment.fileSize > 0 ? Math.max(most, segment.offset + segment.fileSize) : most), 0);
    return Math.max(0, end - this.bytes.length);
  }

  // ---- what the file says of itself

  private buildIdText: string | undefined | null = null;

  /** The build-id in hex digits. */
  get buildId(): string | undefined {
    if (this.buildIdText === null) this.buildIdText = this.findBuildId();
    return this.buildIdText;
  }

  private findBuildId(): string | undefined {
    const places: { bytes: Uint8Array | undefined; align: number }[] = [
      ...this.segments.filter((s) => s.type === PT.NOTE).map((s) => ({ bytes: this.segmentBytes(s), align: s.align })),
      ...this.sections.filter((s) => s.type === SHT.NOTE).map((s) => ({ bytes: this.contentsOf(s), align: s.align })),
    ];
    for (const { bytes, align } of places)
      for (const note of bytes ? readNotes(bytes, align) : [])
        if (note.owner === 'GNU' && note.type === NT_GNU_BUILD_ID && note.data.length >= 2 && note.data.length <= 64)
          return Buffer.from(note.data).toString('hex');
    return undefined;
  }

  /** PT_INTERP: the dynamic linker's path. */
  get interpreter(): string | undefined {
    const segment = this.segments.find((s) => s.type === PT.INTERP);
    if (!segment) return undefined;
    const bytes = this.segmentBytes(segment).subarray(0, 4096);
    const end = bytes.indexOf(0);
    return decodeText(bytes, 0, end < 0 ? bytes.length : end) || undefined;
  }

  private dynamicInfo: Dynamic | undefined | null = null;

  /** The dynamic linker's table (PT_DYNAMIC). */
  get dynamic(): Dynamic | undefined {
    if (this.dynamicInfo === null) this.dynamicInfo = this.attempt(() => readDynamic(this));
    return this.dynamicInfo;
  }

  private symtabTable: SymbolTable | undefined | null = null;

  /** .symtab */
  get symtab(): SymbolTable | undefined {
    if (this.symtabTable === null) this.symtabTable = this.attempt(() => staticSymbols(this));
    return this.symtabTable;
  }

  private dynsymTable: SymbolTable | undefined | null = null;

  /** .dynsym, or the same table found through PT_DYNAMIC in a file without sections. */
  get dynsym(): SymbolTable | undefined {
    if (this.dynsymTable === null) this.dynsymTable = this.attempt(() => dynamicSymbols(this));
    return this.dynsymTable;
  }
}

/** Of ranges sorted by address, the last that begins at or before an address, if it holds it. */
const covering = <T extends { readonly address: number }>(
  ranges: readonly T[],
  address: number,
  sizeOf: (range: T) => number,
): T | undefined => {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.address ?? Infinity) <= address) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range && address - range.address < sizeOf(range) ? range : undefined;
};
