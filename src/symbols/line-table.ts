/**
 * The rows of one unit's line table in the order of addresses, as a debugger uses them: sequences of code that the
 * linker dropped are gone, rows without a line are part of the row before, and of several files that claim one address
 * the last wins. These are gdb's rules, so that a line of deet's is a line of gdb's.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { RowFlag, type LineRows } from '../dwarf/lines.js';
import type { AddressRange, LineRow, SourceFile } from './model.js';

/** Of the recorded rows: an address, and line 0 where a sequence ends. */
export class LineTable {
  readonly count: number;
  private readonly addresses: Float64Array;
  private readonly lines: Uint32Array;
  private readonly files: Uint32Array;
  private readonly columns: Uint16Array;
  private readonly flags: Uint8Array;
  private readonly discriminators: Uint32Array;

  /**
   * @param sources the file of each file number; numbers that mean the same file have the same object
   * @param lowest the unit's first address: sequences at 0 below it belong to code that the linker dropped
   */
  constructor(
    rows: LineRows,
    private readonly sources: readonly (SourceFile | undefined)[],
    lowest: number,
  ) {
    const kept = recorded(rows, sources, lowest);
    // Sequences may stand in any order. At one address an end comes before what begins there.
    const order = kept.sort(
      (a, b) => rows.addresses[a] - rows.addresses[b] || (rows.flags[b] & RowFlag.endSequence) - (rows.flags[a] & RowFlag.endSequence),
    );
    this.count = order.length;
    this.addresses = new Float64Array(this.count);
    this.lines = new Uint32Array(this.count);
    this.files = new Uint32Array(this.count);
    this.columns = new Uint16Array(this.count);
    this.flags = new Uint8Array(this.count);
    this.discriminators = new Uint32Array(this.count);
    for (let i = 0; i < this.count; i++) {
      const from = order[i];
      const end = (rows.flags[from] & RowFlag.endSequence) !== 0;
      this.addresses[i] = rows.addresses[from];
      this.lines[i] = end ? 0 : rows.lines[from];
      this.files[i] = rows.files[from];
      this.columns[i] = rows.columns[from];
      this.flags[i] = rows.flags[from];
      this.discriminators[i] = rows.discriminators[from];
    }
  }

  /** Index of the first row behind `address`. */
  private upperBound(address: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.addresses[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  address(index: number): FileAddress {
    return fileAddress(this.addresses[index]);
  }

  line(index: number): number {
    return this.lines[index];
  }

  source(index: number): SourceFile | undefined {
    return this.sources[this.files[index]];
  }

  isStatement(index: number): boolean {
    return (this.flags[index] & RowFlag.isStatement) !== 0;
  }

  isEnd(index: number): boolean {
    return (this.flags[index] & RowFlag.endSequence) !== 0;
  }

  prologueEnd(index: number): boolean {
    return (this.flags[index] & RowFlag.prologueEnd) !== 0;
  }

  /**
   * Index of the row an address belongs to (as gdb's find_pc_sect_line): the last at or before it; of several at the same
   * address the last, or the nearest statement before it. -1 where no line is known.
   */
  indexAt(address: number): number {
    let index = this.upperBound(address) - 1;
    if (index < 0 || this.lines[index] === 0) return -1;
    if (!this.isStatement(index)) {
      let other = index;
      while (
        other > 0 &&
        this.addresses[other - 1] === this.addresses[other] &&
        this.lines[other - 1] !== 0 &&
        this.files[other - 1] === this.files[other] &&
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
    while (index > 0 && this.addresses[index - 1] === address) index--;
    return index;
  }

  /** Index of the first row of a file at exactly this address that has a line; -1: none. */
  firstOf(address: number, source: SourceFile | undefined): number {
    for (let index = this.firstAt(address); index < this.count && this.addresses[index] === address; index++)
      if (this.lines[index] !== 0 && this.source(index) === source) return index;
    return -1;
  }

  /** The address of the next row behind that of `index`. */
  endOf(index: number): FileAddress {
    const next = this.upperBound(this.addresses[index]);
    return fileAddress(next < this.count ? this.addresses[next] : this.addresses[index] + 1);
  }

  row(index: number): LineRow | undefined {
    const file = this.source(index);
    if (!file) return undefined;
    const flags = this.flags[index];
    const column = this.columns[index];
    return {
      file,
      line: this.lines[index],
      ...(column > 0 ? { column } : {}),
      address: this.address(index),
      end: this.endOf(index),
      isStatement: (flags & RowFlag.isStatement) !== 0,
      prologueEnd: (flags & RowFlag.prologueEnd) !== 0,
      epilogueBegin: (flags & RowFlag.epilogueBegin) !== 0,
      discriminator: this.discriminators[index],
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
    while (index > 0 && this.addresses[index - 1] === this.addresses[index]) index--;
    for (; index < this.count && this.addresses[index] < range.high; index++) {
      if (this.lines[index] === 0) continue;
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
      if (this.lines[index] === 0 || this.source(index) !== source || !this.isStatement(index)) continue;
      const found = this.lines[index];
      if (found === line) addresses.push(this.address(index));
      else if (found > line && (best === undefined || found < best)) best = found;
    }
    return { addresses, best };
  }

  /** The files that have code in this unit. */
  *usedSources(): Iterable<SourceFile> {
    const seen = new Set<number>();
    for (let index = 0; index < this.count; index++) {
      const file = this.files[index];
      if (this.lines[index] === 0 || seen.has(file)) continue;
      seen.add(file);
      const source = this.sources[file];
      if (source) yield source;
    }
  }
}

/**
 * Which rows count, as numbers of `rows`. Left out: rows of line 0; sequences at address 0; rows that repeat the line
 * of the row before with a discriminator; and, where the file changes, the rows of the earlier file at the same address.
 */
const recorded = (rows: LineRows, sources: readonly (SourceFile | undefined)[], lowest: number): number[] => {
  const kept: number[] = [];
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
    for (let at = kept.length - 1; at >= begin && rows.addresses[kept[at]] === address; at--)
      if (sources[rows.files[kept[at]]] === source) kept.splice(at, 1);
  };
  for (let i = 0; i < rows.count; i++) {
    const address = rows.addresses[i];
    const flags = rows.flags[i];
    const line = rows.lines[i];
    const end = (flags & RowFlag.endSequence) !== 0;
    const switched = !first && rows.files[i] !== rows.files[i - 1];
    // Also when the row before is left out: the change of files ends what it belongs to.
    if (switched) lastSource = sources[rows.files[i - 1]];
    if (first) {
      first = false;
      dropped = address === 0 && lowest > 0;
      lastSource = undefined;
      lastLine = 0;
      previousLine = 1;
      discriminated = false;
      lastAddress = -1;
      statementHere = false;
      begin = kept.length;
    }
    const statement = (flags & RowFlag.isStatement) !== 0;
    const source = sources[rows.files[i]];
    if (line !== previousLine || switched) discriminated = rows.discriminators[i] !== 0;
    else if (rows.discriminators[i] !== 0) discriminated = true;
    previousLine = line;
    if (!dropped) {
      const changed = source !== lastSource;
      const ignored = !end && (line === 0 || (changed && lastAddress === address && !statement && statementHere));
      if ((changed && !ignored) || end) popAt(address, lastSource);
      if (end) {
        if (kept.length > begin) kept.push(i);
      } else if (!ignored && source) {
        if (changed || line !== lastLine || !discriminated) {
          kept.push(i);
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
  return kept;
};
