/**
 * The rows of one unit's line table in the order of addresses, as a debugger uses them: sequences of code that the
 * linker dropped are gone, rows without a line are part of the row before, and of several files that claim one address
 * the last wins. These are gdb's rules, so that a line of deet's is a line of gdb's.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { RowFlag, type LineRows } from '../dwarf/lines.js';
import type { AddressRange, LineRow, SourceFile } from './model.js';

export class LineTable {
  readonly count: number;
  /** Numbers of the recorded rows, by address: the rows themselves are many and stay where they are. */
  private readonly order: Uint32Array;

  /**
   * @param sources the file of each file number; numbers that mean the same file have the same object
   * @param lowest the unit's first address: sequences at 0 below it belong to code that the linker dropped
   */
  constructor(
    private readonly rows: LineRows,
    private readonly sources: readonly (SourceFile | undefined)[],
    lowest: number,
  ) {
    this.order = inOrder(recorded(rows, sources, lowest), rows);
    this.count = this.order.length;
  }

  /** Index of the first row behind `address`. */
  private upperBound(address: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows.addresses[this.order[middle]] <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  address(index: number): FileAddress {
    return fileAddress(this.rows.addresses[this.order[index]]);
  }

  /** 0 where a sequence ends. */
  line(index: number): number {
    return this.isEnd(index) ? 0 : this.rows.lines[this.order[index]];
  }

  source(index: number): SourceFile | undefined {
    return this.sources[this.rows.files[this.order[index]]];
  }

  private has(index: number, flag: number): boolean {
    return (this.rows.flags[this.order[index]] & flag) !== 0;
  }

  isStatement(index: number): boolean {
    return this.has(index, RowFlag.isStatement);
  }

  isEnd(index: number): boolean {
    return this.has(index, RowFlag.endSequence);
  }

  prologueEnd(index: number): boolean {
    return this.has(index, RowFlag.prologueEnd);
  }

  /**
   * Index of the row an address belongs to (as gdb's find_pc_sect_line): the last at or before it; of several at the same
   * address the last, or the nearest statement before it. -1 where no line is known.
   */
  indexAt(address: number): number {
    let index = this.upperBound(address) - 1;
    if (index < 0 || this.line(index) === 0) return -1;
    if (!this.isStatement(index)) {
      let other = index;
      while (
        other > 0 &&
        this.address(other - 1) === this.address(other) &&
        this.line(other - 1) !== 0 &&
        this.source(other - 1) === this.source(other) &&
        !this.isStatement(other)
      )
        other--;
      if (this.isStatement(other)) index = other;
    }
    return index;
  }

  /** Index of the first row at or behind an address, in whatever file. */
  firstAt(address: number): number {
    let index = this.upperBound(address);
    while (index > 0 && this.address(index - 1) === address) index--;
    return index;
  }

  /** Index of the first row of a file at exactly this address that has a line; -1: none. */
  firstOf(address: number, source: SourceFile | undefined): number {
    for (let index = this.firstAt(address); index < this.count && this.address(index) === address; index++)
      if (this.line(index) !== 0 && this.source(index) === source) return index;
    return -1;
  }

  /** The address of the next row behind that of `index`. */
  endOf(index: number): FileAddress {
    const next = this.upperBound(this.address(index));
    return next < this.count ? this.address(next) : fileAddress(this.address(index) + 1);
  }

  row(index: number): LineRow | undefined {
    const file = this.source(index);
    if (!file) return undefined;
    const column = this.rows.columns[this.order[index]];
    return {
      file,
      line: this.line(index),
      ...(column > 0 ? { column } : {}),
      address: this.address(index),
      end: this.endOf(index),
      isStatement: this.isStatement(index),
      prologueEnd: this.prologueEnd(index),
      epilogueBegin: this.has(index, RowFlag.epilogueBegin),
      discriminator: this.rows.discriminators[this.order[index]],
    };
  }

  rowAt(address: number): LineRow | undefined {
    const index = this.indexAt(address);
    return index < 0 ? undefined : this.row(index);
  }

  /** The rows that overlap a range. */
  rowsIn(range: AddressRange): LineRow[] {
    const result: LineRow[] = [];
    let index = Math.max(0, this.upperBound(range.low) - 1);
    while (index > 0 && this.address(index - 1) === this.address(index)) index--;
    for (; index < this.count && this.address(index) < range.high; index++) {
      if (this.line(index) === 0) continue;
      const row = this.row(index);
      if (row && row.end > range.low) result.push(row);
    }
    return result;
  }

  /**
   * Addresses of the statements that begin on this line of a file; when there are none, `best` is the nearest later line
   * that has some (gdb's find_line_common).
   */
  statementsOf(source: SourceFile, line: number): { addresses: FileAddress[]; best: number | undefined } {
    const addresses: FileAddress[] = [];
    let best: number | undefined;
    for (let index = 0; index < this.count; index++) {
      const found = this.line(index);
      if (found === 0 || this.source(index) !== source || !this.isStatement(index)) continue;
      if (found === line) addresses.push(this.address(index));
      else if (found > line && (best === undefined || found < best)) best = found;
    }
    return { addresses, best };
  }

  /** The files that have code in this unit. */
  *usedSources(): Iterable<SourceFile> {
    const seen = new Set<number>();
    for (let index = 0; index < this.count; index++) {
      const file = this.rows.files[this.order[index]];
      if (this.line(index) === 0 || seen.has(file)) continue;
      seen.add(file);
      const source = this.sources[file];
      if (source) yield source;
    }
  }
}

interface Recorded {
  /** Numbers of rows, in the order of the program. */
  readonly kept: Uint32Array;
  /** Where in `kept` each sequence begins. */
  readonly begins: readonly number[];
}

/**
 * Which rows count. Left out: rows of line 0; sequences at address 0; rows that repeat the line
 * of the row before with a discriminator; and, where the file changes, the rows of the earlier file at the same address.
 */
const recorded = (rows: LineRows, sources: readonly (SourceFile | undefined)[], lowest: number): Recorded => {
  const { addresses, files, lines, flags: allFlags, discriminators } = rows;
  const kept = new Uint32Array(rows.count);
  let count = 0;
  const begins: number[] = [];
  let begin = 0; // of this sequence, in `kept`
  let dropped = false;
  let first = true;
  let lastSource: SourceFile | undefined;
  let lastLine = 0;
  let previousLine = 1;
  let discriminated = false;
  let lastAddress = -1;
  let statementHere = false;
  /** The end of a file's rows at an address undoes those that it has there. */
  const popAt = (address: number, source: SourceFile | undefined): void => {
    let first = count;
    while (first > begin && addresses[kept[first - 1]] === address) first--;
    let left = first;
    for (let at = first; at < count; at++) if (sources[files[kept[at]]] !== source) kept[left++] = kept[at];
    count = left;
  };
  for (let i = 0; i < rows.count; i++) {
    const address = addresses[i];
    const flags = allFlags[i];
    const line = lines[i];
    const end = (flags & RowFlag.endSequence) !== 0;
    const switched = !first && files[i] !== files[i - 1];
    // Also when the row before is left out: the change of files ends what it belongs to.
    if (switched) lastSource = sources[files[i - 1]];
    if (first) {
      first = false;
      dropped = address === 0 && lowest > 0;
      lastSource = undefined;
      lastLine = 0;
      previousLine = 1;
      discriminated = false;
      lastAddress = -1;
      statementHere = false;
      begin = count;
      begins.push(begin);
    }
    const statement = (flags & RowFlag.isStatement) !== 0;
    const source = sources[files[i]];
    if (line !== previousLine || switched) discriminated = discriminators[i] !== 0;
    else if (discriminators[i] !== 0) discriminated = true;
    previousLine = line;
    if (!dropped) {
      const changed = source !== lastSource;
      const ignored = !end && (line === 0 || (changed && lastAddress === address && !statement && statementHere));
      if ((changed && !ignored) || end) popAt(address, lastSource);
      if (end) {
        if (count > begin) kept[count++] = i;
      } else if (!ignored && source) {
        if (changed || line !== lastLine || !discriminated) {
          kept[count++] = i;
          lastLine = line;
        }
        lastSource = source;
      }
      if (lastAddress !== address) {
        statementHere = false;
        lastAddress = address;
      }
      statementHere ||= statement;
    }
    if (end) first = true;
  }
  return { kept: kept.subarray(0, count), begins };
};

/** Sequences may stand in any order, and the rows of a damaged one too. At one address an end comes before what begins there. */
const inOrder = ({ kept, begins }: Recorded, rows: LineRows): Uint32Array => {
  if (isInOrder(kept, rows)) return kept;
  const { addresses, flags } = rows;
  const pieces = begins.map((begin, i) => kept.subarray(begin, begins[i + 1])).filter(({ length }) => length > 0);
  pieces.sort((a, b) => addresses[a[0]] - addresses[b[0]]);
  const order = new Uint32Array(kept.length);
  let at = 0;
  for (const piece of pieces) {
    order.set(piece, at);
    at += piece.length;
  }
  if (isInOrder(order, rows)) return order;
  const isEnd = (row: number): number => flags[row] & RowFlag.endSequence;
  return kept.sort((a, b) => addresses[a] - addresses[b] || isEnd(b) - isEnd(a));
};

const isInOrder = (order: Uint32Array, { addresses, flags }: LineRows): boolean => {
  for (let i = 1; i < order.length; i++) {
    const step = addresses[order[i]] - addresses[order[i - 1]];
    if (step > 0) continue;
    if (step < 0 || (flags[order[i]] & RowFlag.endSequence) > (flags[order[i - 1]] & RowFlag.endSequence)) return false;
  }
  return true;
};
