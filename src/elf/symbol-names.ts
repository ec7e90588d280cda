/**
 * Symbols by name. The first few look-ups search the string tables as they lie in the file, which costs milliseconds for a
 * million symbols and nothing before or after; whoever asks more often gets a hash table, which takes longer to build.
 */
import type { SymbolTable } from './symbol-table.js';

/** A table among others, with the number of its first symbol when those of all are counted through. */
export interface NumberedTable {
  readonly table: SymbolTable;
  readonly base: number;
}

/** After so many look-ups by search, building the hash table would have been cheaper. */
const SEARCHES = 12;
const AT = 0x40;

export class SymbolNames {
  private searches = 0;
  private hashed: { readonly heads: Int32Array; readonly next: Int32Array } | undefined;

  constructor(private readonly tables: readonly NumberedTable[]) {}

  /** The numbers of all defined symbols of this name, in the order of the tables. */
  find(name: string): number[] {
    if (name === '' || this.tables.length === 0) return [];
    const bytes = Buffer.from(name);
    return this.searches++ < SEARCHES ? this.tables.flatMap((table) => search(table, bytes)) : this.lookUp(bytes);
  }

  /** The numbers of all defined symbols whose string has this text in it (in its name, or in a version behind it). */
  containing(text: string): number[] {
    const bytes = Buffer.from(text);
    return text === '' ? [] : this.tables.flatMap((table) => searchPart(table, bytes));
  }

  private lookUp(name: Buffer): number[] {
    const { heads, next } = (this.hashed ??= this.hash());
    const found: number[] = [];
    for (let number = heads[hashOf(name, 0, name.length) & (heads.length - 1)]; number >= 0; number = next[number]) {
      const { table, base } = this.owner(number);
      const start = table.nameStart(number - base);
      if (isAt(name, table.strings, start) && table.nameEnd(start) === start + name.length) found.push(number);
    }
    return found;
  }

  private owner(number: number): NumberedTable {
    return this.tables.findLast(({ base }) => base <= number) ?? this.tables[0];
  }

  /** Chains of symbols by hash of their names' bytes; from the last to the first, so that chains ascend. */
  private hash(): { readonly heads: Int32Array; readonly next: Int32Array } {
    const total = this.tables.reduce((sum, { table }) => sum + table.count, 0);
    let buckets = 16;
    while (buckets < total) buckets *= 2;
    const heads = new Int32Array(buckets).fill(-1);
    const next = new Int32Array(total);
    for (const { table, base } of [...this.tables].reverse()) {
      const { strings } = table;
      for (let i = table.count - 1; i >= 0; i--) {
        if (!table.isDefined(i)) continue;
        const start = table.nameStart(i);
        const bucket = hashOf(strings, start, table.nameEnd(start)) & (buckets - 1);
        next[base + i] = heads[bucket];
        heads[bucket] = base + i;
      }
    }
    return { heads, next };
  }
}

/** Where the name stands in the string table (also as the end of another, which linkers share), then who begins there. */
const search = ({ table, base }: NumberedTable, name: Buffer): number[] => {
  const strings = Buffer.from(table.strings.buffer, table.strings.byteOffset, table.strings.byteLength);
  const places = new Set<number>();
  for (let at = strings.indexOf(name); at >= 0; at = strings.indexOf(name, at + 1)) {
    const end = strings[at + name.length];
    if ((end === 0 || end === undefined || end === AT) && table.nameEnd(at) === at + name.length) places.add(at);
  }
  const found: number[] = [];
  if (places.size > 0) for (let i = 0; i < table.count; i++) if (places.has(table.nameStart(i)) && table.isDefined(i)) found.push(base + i);
  return found;
};

/** A symbol's string may begin anywhere between the zero before the text and the text. */
const searchPart = ({ table, base }: NumberedTable, text: Buffer): number[] => {
  const strings = Buffer.from(table.strings.buffer, table.strings.byteOffset, table.strings.byteLength);
  const firsts: number[] = [];
  const lasts: number[] = [];
  for (let at = strings.indexOf(text); at >= 0;) {
    const end = strings.indexOf(0, at);
    firsts.push(strings.lastIndexOf(0, at) + 1);
    lasts.push(at);
    at = end < 0 ? -1 : strings.indexOf(text, end);
  }
  const found: number[] = [];
  if (firsts.length === 0) return found;
  for (let i = 0; i < table.count; i++) {
    const start = table.nameStart(i);
    const place = firstAtLeast(lasts, start);
    if (place < lasts.length && firsts[place] <= start && table.isDefined(i)) found.push(base + i);
  }
  return found;
};

const firstAtLeast = (sorted: readonly number[], value: number): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
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

const isAt = (wanted: Uint8Array, bytes: Uint8Array, start: number): boolean => {
  if (start + wanted.length > bytes.length) return false;
  for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false;
  return true;
};
