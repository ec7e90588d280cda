/**
 * All ELF symbols of an image: those of .symtab (the file's own, or its separate debug file's), .dynsym and the PLT, by
 * address and by name. Only numbers in flat arrays are kept; names and objects are made for what is asked.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { SHN, STT } from './constants.js';
import type { ElfFile } from './file.js';
import { pltSymbols } from './plt.js';
import { sortByAddress } from './sort.js';
import type { SymbolTable, SymbolVersion } from './symbol-table.js';

/** As `ElfSymbolInfo` in symbols/model.ts, and the version where there is one. */
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

interface Source {
  readonly table: SymbolTable;
  readonly file: ElfFile;
  /** The number of its first symbol when those of all tables are counted through. */
  readonly base: number;
}

/** How far to look back for a symbol that covers an address when the nearest ones do not: overlaps are rare and shallow. */
const MAX_STEPS_BACK = 4096;

export class ElfSymbols {
  /** @param debugFile where strip put the .symtab, if anywhere */
  constructor(
    private readonly file: ElfFile,
    private readonly debugFile?: ElfFile,
  ) {}

  private knownSources: readonly Source[] | undefined;

  private get sources(): readonly Source[] {
    return (this.knownSources ??= this.findSources());
  }

  private get total(): number {
    const last = this.sources.at(-1);
    return last ? last.base + last.table.count : 0;
  }

  private findSources(): Source[] {
    const { file, debugFile } = this;
    const tables: [SymbolTable | undefined, ElfFile][] = [
      [file.symtab, file],
      [debugFile?.symtab, debugFile ?? file],
      [file.dynsym, file],
      [pltSymbols(file), file],
    ];
    let base = 0;
    const sources: Source[] = [];
    for (const [table, owner] of tables) {
      if (!table || table.count === 0) continue;
      sources.push({ table, file: owner, base });
      base += table.count;
    }
    return sources;
  }

  private sourceOf(ordinal: number): Source {
    let found = this.sources[0];
    for (const source of this.sources) if (source.base <= ordinal) found = source;
    if (!found) throw new RangeError(`no symbol ${ordinal}`);
    return found;
  }

  // ---- by address

  private placed: { readonly ordinals: Uint32Array; readonly addresses: Float64Array } | undefined;

  /** Symbols that have an address, sorted by it. A dynamic symbol that .symtab has too is left out. */
  private byAddress(): { readonly ordinals: Uint32Array; readonly addresses: Float64Array } {
    if (this.placed) return this.placed;
    let ordinals = new Uint32Array(this.total);
    let addresses = new Float64Array(this.total);
    let count = 0;
    for (const { table, base } of this.sources)
      for (let i = 0; i < table.count; i++) {
        if (!table.isDefined(i) || !table.isPlaced(i)) continue;
        ordinals[count] = base + i;
        addresses[count++] = table.value(i);
      }
    ordinals = ordinals.subarray(0, count);
    addresses = addresses.subarray(0, count);
    const order = sortByAddress(addresses);
    const sortedOrdinals = new Uint32Array(count);
    const sortedAddresses = new Float64Array(count);
    let kept = 0;
    let groupStart = 0;
    for (let i = 0; i < count; i++) {
      const address = addresses[order[i]];
      const ordinal = ordinals[order[i]];
      if (address !== sortedAddresses[kept - 1]) groupStart = kept;
      if (this.sources.length > 1 && this.isRepeated(sortedOrdinals.subarray(groupStart, kept), ordinal)) continue;
      sortedOrdinals[kept] = ordinal;
      sortedAddresses[kept++] = address;
    }
    this.placed = { ordinals: sortedOrdinals.subarray(0, kept), addresses: sortedAddresses.subarray(0, kept) };
    return this.placed;
  }

  /** Is a symbol of another table among `group`, symbols of the same address? (The sort is stable: tables come in order.) */
  private isRepeated(group: Uint32Array, ordinal: number): boolean {
    const source = this.sourceOf(ordinal);
    if (group.length === 0 || source.base === 0) return false;
    let name: string | undefined;
    for (const other of group.subarray(0, 64)) {
      if (other >= source.base) continue;
      name ??= source.table.name(ordinal - source.base);
      if (this.nameOf(other) === name) return true;
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
    let last = upperBound(addresses, address) - 1;
    for (let steps = 0; last >= 0 && steps < MAX_STEPS_BACK; steps++) {
      const start = addresses[last];
      if (start < place.address) break;
      let first = last;
      while (first > 0 && addresses[first - 1] === start) first--;
      const group = ordinals.subarray(first, last + 1);
      const sized = this.best(group, (size) => size > 0 && address - start < size);
      if (sized !== undefined) return this.describe(sized);
      // A symbol with a size that ends before the address: only an enclosing one may still cover it, so look further but shortly.
      if (this.best(group, (size) => size > 0) !== undefined) steps += MAX_STEPS_BACK / 16;
      else label ??= this.best(group, () => true);
      last = first - 1;
    }
    return label === undefined ? undefined : this.describe(label);
  }

  /** The best-known symbol of a group with a suitable size. */
  private best(group: Uint32Array, suits: (size: number) => boolean): number | undefined {
    let best: number | undefined;
    let bestRank = -1;
    for (const ordinal of group) {
      const { table, base } = this.sourceOf(ordinal);
      const index = ordinal - base;
      if (!suits(table.size(index))) continue;
      const rank = rankOf(table, index);
      if (rank > bestRank) [best, bestRank] = [ordinal, rank];
    }
    return best;
  }

  // ---- by name

  private hashed: { readonly heads: Int32Array; readonly next: Int32Array } | undefined;

  /** Chains of symbols by hash of their name, over the bytes in the string tables: no string is made for them. */
  private byName(): { readonly heads: Int32Array; readonly next: Int32Array } {
    if (this.hashed) return this.hashed;
    let buckets = 16;
    while (buckets < this.total) buckets *= 2;
    const heads = new Int32Array(buckets).fill(-1);
    const next = new Int32Array(this.total);
    for (const { table, base } of this.sources)
      for (let i = table.count - 1; i >= 0; i--) {
        if (!table.isDefined(i)) continue;
        const start = table.nameStart(i);
        const bucket = hashOf(table.strings, start, table.nameEnd(start)) & (buckets - 1);
        next[base + i] = heads[bucket];
        heads[bucket] = base + i;
      }
    this.hashed = { heads, next };
    return this.hashed;
  }

  /** All symbols of this name, the widest known first; several are normal (static functions, versions). */
  named(name: string): ElfSymbol[] {
    if (name === '' || this.total === 0) return [];
    const { heads, next } = this.byName();
    const bytes = Buffer.from(name);
    const found: number[] = [];
    for (let ordinal = heads[hashOf(bytes, 0, bytes.length) & (heads.length - 1)]; ordinal >= 0; ordinal = next[ordinal]) {
      const { table, base } = this.sourceOf(ordinal);
      const start = table.nameStart(ordinal - base);
      if (sameBytes(table.strings, start, table.nameEnd(start), bytes)) found.push(ordinal);
    }
    const rank = (ordinal: number): number => {
      const { table, base } = this.sourceOf(ordinal);
      return rankOf(table, ordinal - base);
    };
    found.sort((a, b) => rank(b) - rank(a) || a - b);
    return withoutRepeats(found.map((ordinal) => this.describe(ordinal)));
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

  private nameOf(ordinal: number): string {
    const { table, base } = this.sourceOf(ordinal);
    return table.name(ordinal - base);
  }

  private describe(ordinal: number): ElfSymbol {
    const { table, file, base } = this.sourceOf(ordinal);
    const index = ordinal - base;
    const version = table.version(index);
    const section = table.section(index);
    return {
      name: table.name(index),
      address: fileAddress(table.value(index)),
      size: table.size(index),
      type: TYPES[table.type(index)] ?? 'other',
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

/** Which of several symbols at one address, or of one name, a person would name first. */
const rankOf = (table: SymbolTable, index: number): number => {
  const sized = table.size(index) > 0 ? 32 : 0;
  const typed = table.type(index) !== STT.NOTYPE ? 4 : 0;
  const first = table.strings[table.nameStart(index)];
  const plain = first !== 0x5f && first !== 0x2e && first !== 0x24 ? 2 : 0; // not _, . or $
  const current = table.version(index)?.isDefault === false ? 0 : 1;
  return sized + table.reach(index) * 8 + typed + plain + current;
};

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

/** FNV-1a. */
const hashOf = (bytes: Uint8Array, start: number, end: number): number => {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
};

const sameBytes = (bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean => {
  if (end - start !== wanted.length) return false;
  for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false;
  return true;
};

/** .symtab and .dynsym name the same things. */
const withoutRepeats = (symbols: readonly ElfSymbol[]): ElfSymbol[] => {
  const seen = new Set<string>();
  return symbols.filter((symbol) => {
    const key = `${symbol.address}/${symbol.type}/${symbol.name}`;
    return !seen.has(key) && seen.add(key);
  });
};
