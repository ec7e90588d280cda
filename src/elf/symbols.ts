/**
 * All ELF symbols of an image: those of .symtab (the file's own, or its separate debug file's), .dynsym and the PLT, by
 * address and by name. Only numbers in flat arrays are kept; names and objects are made for what is asked.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { SHF, SHN, STT } from './constants.js';
import type { ElfFile } from './file.js';
import { pltSymbols } from './plt.js';
import { sortByAddress } from './sort.js';
import { SymbolNames, type NumberedTable } from './symbol-names.js';
import { MAX_NAME, type SymbolTable, type SymbolVersion } from './symbol-table.js';

/** A symbol of .symtab or .dynsym, or one made for a slot of the PLT: `puts@plt`. */
export interface ElfSymbol {
  readonly name: string;
  /** For thread-local symbols (`tls`) the offset in the module's TLS block. */
  readonly address: FileAddress;
  readonly size: number;
  readonly type: 'function' | 'object' | 'tls' | 'ifunc' | 'other';
  readonly binding: 'local' | 'global' | 'weak';
  readonly section: string | undefined;
  readonly version?: SymbolVersion;
}

interface Source extends NumberedTable {
  readonly file: ElfFile;
}

/** How far to look back over labels without a size, and over symbols that end too early: overlaps are rare and shallow. */
const MAX_LABELS = 4096;
const MAX_ENCLOSING = 16;

/** Answers kept by name. */
const MAX_KNOWN = 1024;

/** How many symbols of one address are compared; real files have a dozen. */
const MAX_SAME_ADDRESS = 64;

export class ElfSymbols {
  /** @param debugFile where strip put the .symtab, if anywhere */
  constructor(
    private readonly file: ElfFile,
    private readonly debugFile?: ElfFile,
  ) {}

  private knownSources: readonly Source[] | undefined;

  private get sources(): readonly Source[] {
    if (!this.knownSources) {
      const own = this.ownSources;
      const table = pltSymbols(this.file);
      const last = own.at(-1);
      const base = last ? last.base + last.table.count : 0;
      this.knownSources = table && table.count > 0 ? [...own, { table, file: this.file, base }] : own;
    }
    return this.knownSources;
  }

  private get total(): number {
    const last = this.sources.at(-1);
    return last ? last.base + last.table.count : 0;
  }

  private tables: readonly Source[] | undefined;

  /** The tables that the files have. */
  private get ownSources(): readonly Source[] {
    if (!this.tables) {
      const { file, debugFile } = this;
      const found: [SymbolTable | undefined, ElfFile][] = [
        [file.symtab, file],
        [debugFile?.symtab, debugFile ?? file],
        [file.dynsym, file],
      ];
      let base = 0;
      const sources: Source[] = [];
      for (const [table, owner] of found) {
        if (!table || table.count === 0) continue;
        sources.push({ table, file: owner, base });
        base += table.count;
      }
      this.tables = sources;
    }
    return this.tables;
  }

  private sourceOf(ordinal: number): Source {
    const sources = this.knownSources ?? this.ownSources;
    let found = sources[0];
    for (const source of sources) if (source.base <= ordinal) found = source;
    if (!found) throw new RangeError(`no symbol ${ordinal}`);
    return found;
  }

  // ---- by address

  private placed: { readonly ordinals: Uint32Array; readonly addresses: Float64Array } | undefined;

  /** Symbols that have an address, sorted by it. A dynamic symbol that .symtab has too is left out. */
  private byAddress(): { readonly ordinals: Uint32Array; readonly addresses: Float64Array } {
    return (this.placed ??= this.sortByAddress());
  }

  private sortByAddress(): { readonly ordinals: Uint32Array; readonly addresses: Float64Array } {
    const { total } = this;
    const ordinals = new Uint32Array(total);
    const addresses = new Float64Array(total);
    let count = 0;
    for (const { table, base } of this.sources)
      for (let i = 0; i < table.count; i++) {
        if (!table.isDefined(i) || !table.isPlaced(i)) continue;
        ordinals[count] = base + i;
        addresses[count++] = table.value(i);
      }
    const order = sortByAddress(addresses.subarray(0, count));
    const sorted = { ordinals: new Uint32Array(count), addresses: new Float64Array(count) };
    let kept = 0;
    let group = 0;
    for (let i = 0; i < count; i++) {
      const address = addresses[order[i]];
      if (kept > 0 && address !== sorted.addresses[kept - 1]) group = kept;
      if (this.isRepeated(sorted.ordinals, group, kept, ordinals[order[i]])) continue;
      sorted.ordinals[kept] = ordinals[order[i]];
      sorted.addresses[kept++] = address;
    }
    return { ordinals: sorted.ordinals.subarray(0, kept), addresses: sorted.addresses.subarray(0, kept) };
  }

  /** Is the same symbol of another table among those from `first` to `end`, all of one address? (Tables come in order.) */
  private isRepeated(ordinals: Uint32Array, first: number, end: number, ordinal: number): boolean {
    if (first === end) return false;
    const { table, base } = this.sourceOf(ordinal);
    for (let i = first; i < Math.min(end, first + MAX_SAME_ADDRESS); i++) {
      if (ordinals[i] >= base) return false;
      const other = this.sourceOf(ordinals[i]);
      if (table.sameName(ordinal - base, other.table, ordinals[i] - other.base)) return true;
    }
    return false;
  }

  /**
   * The symbol that an address belongs to, as gdb chooses it (minsyms.c): the nearest at or below it in its section that covers
   * it by its size; else the nearest label without a size (assembler code often has no others); else none. Of several
   * at one address the most widely known.
   */
  at(address: number): ElfSymbol | undefined {
    const { file } = this;
    const place = file.sections.length > 0 ? file.sectionAt(address) : file.segmentAt(address);
    if (!place) return undefined;
    const { ordinals, addresses } = this.byAddress();
    let label: number | undefined;
    let sizedSeen = false;
    let last = upperBound(addresses, address) - 1;
    for (let steps = 0; last >= 0 && steps < (sizedSeen ? MAX_ENCLOSING : MAX_LABELS); steps++) {
      const start = addresses[last];
      if (start < place.address) break;
      let first = last;
      while (first > 0 && addresses[first - 1] === start) first--;
      const group = ordinals.subarray(first, last + 1);
      const covering = this.best(group, (size) => size > 0 && address - start < size);
      if (covering !== undefined) return this.describe(covering);
      // Behind a symbol that ends before the address only one that encloses both can still cover it; a label in front of it does not.
      sizedSeen ||= this.best(group, (size) => size > 0) !== undefined;
      if (!sizedSeen) label ??= this.best(group, () => true);
      last = first - 1;
    }
    return label === undefined ? undefined : this.describe(label);
  }

  /** The best-known symbol of a group with a suitable size. */
  private best(group: Uint32Array, suits: (size: number) => boolean): number | undefined {
    let best: number | undefined;
    let bestRank = -1; // Below any rank.
    for (const ordinal of group) {
      const { table, base } = this.sourceOf(ordinal);
      const index = ordinal - base;
      if (!suits(table.size(index))) continue;
      // Among equals the shortest: `____strtod_l_internal` rather than `__GI_____strtod_l_internal`.
      const rank = rankOf(table, index) - table.nameLength(index) / (2 * MAX_NAME);
      if (rank > bestRank) [best, bestRank] = [ordinal, rank];
    }
    return best;
  }

  // ---- by name

  private names: SymbolNames | undefined;
  private ownNames: SymbolNames | undefined;

  /** Slots of the PLT (`puts@plt`) are made up from relocations, which takes its time: only for who names one. */
  private nameTables(withPlt: boolean): SymbolNames {
    if (withPlt) return (this.names ??= new SymbolNames(this.sources));
    return (this.ownNames ??= new SymbolNames(this.ownSources));
  }

  /** All symbols of this name, the widest known first; several are normal (static functions, versions). */
  named(name: string): readonly ElfSymbol[] {
    let symbols = this.known.get(name);
    if (!symbols) {
      symbols = this.find(name);
      if (this.known.size >= MAX_KNOWN) this.known.clear();
      this.known.set(name, symbols);
    }
    return symbols;
  }

  /** The same names are asked for again at every stage of a run. */
  private readonly known = new Map<string, readonly ElfSymbol[]>();

  private find(name: string): ElfSymbol[] {
    const found = this.nameTables(name.includes('@')).find(name);
    const rank = (ordinal: number): number => {
      const { table, base } = this.sourceOf(ordinal);
      return rankOf(table, ordinal - base);
    };
    found.sort((a, b) => rank(b) - rank(a) || a - b);
    return withoutRepeats(found.map((ordinal) => this.describe(ordinal)));
  }

  /** Symbols of the tables whose name has a text in it, by address. */
  containing(text: string): ElfSymbol[] {
    const found = withoutRepeats(
      this.nameTables(false)
        .containing(text)
        .map((ordinal) => this.describe(ordinal)),
    );
    return found.filter(({ name }) => name.includes(text)).sort((a, b) => a.address - b.address);
  }

  // ---- all

  /** Every symbol with an address, by address; then absolute and thread-local ones. */
  all(): ElfSymbol[] {
    const symbols = Array.from(this.byAddress().ordinals, (ordinal) => this.describe(ordinal));
    const others: ElfSymbol[] = [];
    for (const { table, base } of this.sources)
      for (let i = 0; i < table.count; i++) if (table.isDefined(i) && !table.isPlaced(i)) others.push(this.describe(base + i));
    return symbols.concat(withoutRepeats(others));
  }

  /** Assemblers say of labels in code nothing but where they are, unless told: functions without a type. */
  private isLabel(table: SymbolTable, index: number, file: ElfFile): boolean {
    if (table.type(index) !== STT.NOTYPE || !table.isPlaced(index)) return false;
    return ((file.sections[table.section(index)]?.flags ?? 0) & SHF.EXECINSTR) !== 0;
  }

  /** Where the code or data of a symbol without a size ends at the latest: at the next symbol, or with its section. */
  endOf(address: number): number {
    const section = this.file.sectionAt(address);
    const { addresses } = this.byAddress();
    const next = addresses[upperBound(addresses, address)] ?? Infinity;
    return Math.min(next, section ? section.address + section.size : address);
  }

  private describe(ordinal: number): ElfSymbol {
    const { table, file, base } = this.sourceOf(ordinal);
    const index = ordinal - base;
    const version = table.version(index);
    const section = table.section(index);
    const kind = TYPES[table.type(index)] ?? (this.isLabel(table, index, file) ? 'function' : 'other');
    return {
      name: table.name(index),
      address: fileAddress(table.value(index)),
      size: table.size(index),
      type: kind,
      binding: (['local', 'weak', 'global'] as const)[table.reach(index)] ?? 'local',
      section: section === SHN.ABS ? undefined : file.sectionName(section),
      ...(version && { version }),
    };
  }
}

const TYPES: Readonly<Record<number, ElfSymbol['type']>> = {
  [STT.OBJECT]: 'object',
  [STT.COMMON]: 'object',
  [STT.FUNC]: 'function',
  [STT.TLS]: 'tls',
  [STT.GNU_IFUNC]: 'ifunc',
};

/**
 * Which of several symbols at one address, or of one name, a person would name first: what has a size, is known outside of its
 * file, does not begin with `_`, is not weak, has a type, is no old version.
 */
const rankOf = (table: SymbolTable, index: number): number => {
  const reach = table.reach(index);
  const first = table.strings[table.nameStart(index)];
  const criteria = [
    table.size(index) > 0,
    reach > 0,
    !NOT_PLAIN.includes(first),
    reach > 1,
    table.type(index) !== STT.NOTYPE,
    table.version(index)?.isDefault !== false,
  ];
  return criteria.reduce((rank, met) => rank * 2 + (met ? 1 : 0), 0);
};

/** `_`, `.` and `$` begin the names that compilers and libraries make up. */
const NOT_PLAIN: readonly number[] = [0x5f, 0x2e, 0x24];

/** First position whose element is above `value`. */
const upperBound = (sorted: Float64Array, value: number): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** .symtab and .dynsym name the same things. */
const withoutRepeats = (symbols: readonly ElfSymbol[]): ElfSymbol[] => {
  const seen = new Set<string>();
  return symbols.filter((symbol) => {
    const key = `${symbol.address}/${symbol.type}/${symbol.name}`;
    return !seen.has(key) && seen.add(key);
  });
};
