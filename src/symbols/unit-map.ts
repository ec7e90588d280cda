/** From an address to the unit that has its code: .debug_aranges where it speaks of a unit, the unit's own entry where it does not. */
import { readAranges } from '../dwarf/aranges.js';
import type { DwarfFile } from '../dwarf/file.js';
import { sortByAddress } from '../elf/sort.js';
import type { Compilation } from './compilation.js';

/** Ranges of units seldom overlap; a few steps back find the unit all the same when they do. */
const MAX_OVERLAP = 8;

/** So many look-ups go through all ranges, as they stand in the file; who asks more often gets them sorted. */
const SEARCHES = 16;

interface Spans {
  readonly count: number;
  readonly lows: Float64Array;
  readonly highs: Float64Array;
  /** Places in the list of units. */
  readonly units: Uint32Array;
}

export class UnitMap {
  constructor(
    private readonly file: DwarfFile,
    /** By their numbers. */
    private readonly units: readonly Compilation[],
  ) {}

  private searches = 0;
  private readonly met = new Set<Compilation>();

  /** A unit that is known for another reason, as for a name: its code is asked for next, and that should not take the ranges of all others. */
  meet(unit: Compilation): void {
    if (!this.arangeSpans && unit.own.file === this.file) this.met.add(unit);
  }

  at(address: number): Compilation | undefined {
    if (!this.arangeSpans)
      for (const unit of this.met) if (unit.ranges.some(({ low, high }) => address >= low && address < high)) return unit;
    const index = this.inAranges(address) ?? find(this.others, address);
    return index === undefined ? undefined : this.units[index];
  }

  private inAranges(address: number): number | undefined {
    if (this.searches++ >= SEARCHES) return find((this.sorted ??= ordered(this.aranges)), address);
    const { count, lows, highs, units } = this.aranges;
    // The one that begins last, as the sorted search finds it.
    let best = -1;
    for (let i = 0; i < count; i++) if (lows[i] <= address && address < highs[i] && (best < 0 || lows[i] >= lows[best])) best = i;
    return best < 0 ? undefined : units[best];
  }

  private sorted: Spans | undefined;
  private arangeSpans: Spans | undefined;

  private get aranges(): Spans {
    if (!this.arangeSpans) {
      const { count, lows, highs, unitOffsets } = readAranges(this.file);
      const byOffset = new Map<number, number>();
      for (const { own, number } of this.units) if (own.file === this.file && own.section === 'info') byOffset.set(own.offset, number);
      const owners = new Uint32Array(count);
      let kept = 0;
      for (let i = 0; i < count; i++) {
        const unit = byOffset.get(unitOffsets[i]);
        if (unit === undefined) continue;
        lows[kept] = lows[i];
        highs[kept] = highs[i];
        owners[kept++] = unit;
      }
      this.arangeSpans = { count: kept, lows, highs, units: owners };
    }
    return this.arangeSpans;
  }

  private otherSpans: Spans | undefined;

  /** Not all compilers write .debug_aranges, and where one did, units of another may stand beside. */
  private get others(): Spans {
    if (!this.otherSpans) {
      const covered = new Set(this.aranges.units.subarray(0, this.aranges.count));
      const others = this.units.filter(({ number, own }) => own.file === this.file && !covered.has(number));
      const count = others.reduce((sum, { ranges }) => sum + ranges.length, 0);
      const spans = { count, lows: new Float64Array(count), highs: new Float64Array(count), units: new Uint32Array(count) };
      let at = 0;
      for (const { ranges, number } of others)
        for (const { low, high } of ranges) {
          spans.lows[at] = low;
          spans.highs[at] = high;
          spans.units[at++] = number;
        }
      this.otherSpans = ordered(spans);
    }
    return this.otherSpans;
  }
}

const ordered = ({ count, lows, highs, units }: Spans): Spans => {
  const order = sortByAddress(lows.subarray(0, count));
  const sorted = { count, lows: new Float64Array(count), highs: new Float64Array(count), units: new Uint32Array(count) };
  for (let i = 0; i < count; i++) {
    sorted.lows[i] = lows[order[i]];
    sorted.highs[i] = highs[order[i]];
    sorted.units[i] = units[order[i]];
  }
  return sorted;
};

const find = ({ lows, highs, units }: Spans, address: number): number | undefined => {
  let low = 0;
  let high = lows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (lows[middle] <= address) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= Math.max(0, low - MAX_OVERLAP); i--) if (address < highs[i]) return units[i];
  return undefined;
};
