/**
 * The rows of one unit's line table in the order of addresses, as a debugger uses them: sequences of code that the
 * linker dropped are gone, rows without a line are part of the row before, and of several files that claim one address
 * the last wins. These are gdb's rules, so that a line of deet's is a line of gdb's.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { RowFlag, type LineRows } from './line-rows.js';
import type { AddressRange, LineRow, SourceFile } from './model.js';

export class LineTable {
  readonly count: number;

  /**
   * @param rows those that count, in the order of addresses (LineRows.recorded)
   * @param sources the file of each file number; numbers that mean the same file have the same object
   */
  constructor(
    private readonly rows: LineRows,
    private readonly sources: readonly (SourceFile | undefined)[],
  ) {
    this.count = rows.count;
  }

  /** Index of the first row behind `address`. */
  private upperBound(address: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.rows.address(middle) <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  address(index: number): FileAddress {
    return fileAddress(this.rows.address(index));
  }

  /** 0 where a sequence ends. */
  line(index: number): number {
    return this.isEnd(index) ? 0 : this.rows.line(index);
  }

  source(index: number): SourceFile | undefined {
    return this.sources[this.rows.file(index)];
  }

  private has(index: number, flag: number): boolean {
    return (this.rows.flags(index) & flag) !== 0;
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
    const column = this.rows.column(index);
    return {
      file,
      line: this.line(index),
      ...(column > 0 ? { column } : {}),
      address: this.address(index),
      end: this.endOf(index),
      isStatement: this.isStatement(index),
      prologueEnd: this.prologueEnd(index),
      epilogueBegin: this.has(index, RowFlag.epilogueBegin),
      discriminator: this.rows.discriminator(index),
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
      const file = this.rows.file(index);
      if (this.line(index) === 0 || seen.has(file)) continue;
      seen.add(file);
      const source = this.sources[file];
      if (source) yield source;
    }
  }
}
