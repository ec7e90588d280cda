/** From an address to the unit that has its code: .debug_aranges where it speaks of a unit, the unit's own entry where it does not. */
import { readAranges } from '../dwarf/aranges.js';
import type { DwarfFile } from '../dwarf/file.js';
import { sortByAddress } from '../elf/sort.js';
import type { Compilation } from './compilation.js';

/** Ranges of units seldom overlap; a few steps back find the unit all the same when they do. */
const MAX_OVERLAP = 8;

interface Spans {
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

  at(address: number): Compilation | undefined {
    const index = find(this.aranges, address) ?? find(this.others, address);
    return index === undefined ? undefined : this.units[index];
  }

  private arangeSpans: Spans | undefined;

  private get aranges(): Spans {
    if (!this.arangeSpans) {
      const { count, lows, highs, unitOffsets } = readAranges(this.file);
      const byOffset = new Map<number, number>();
      for (const { own, number } of this.units) if (own.section === 'info') byOffset.set(own.offset, number);
      const owners = new Uint32Array(count);
      let kept = 0;
      for (let i = 0; i < count; i++) {
        const unit = byOffset.get(unitOffsets[i]);
        if (unit === undefined) continue;
        lows[kept] = lows[i];
        highs[kept] = highs[i];
        owners[kept++] = unit;
      }
      this.arangeSpans = ordered(lows.subarray(0, kept), highs, owners);
    }
    return this.arangeSpans;
  }

  private otherSpans: Spans | undefined;

  /** Not all compilers write .debug_aranges, and where one did, units of another may stand beside. */
  private get others(): Spans {
    if (!this.otherSpans) {
      const covered = new Set(this.aranges.units);
      const spans = this.units
        .filter(({ number }) => !covered.has(number))
        .flatMap((unit) => unit.ranges.map(({ low, high }) => ({ low, high, unit: unit.number })));
      this.otherSpans = ordered(
        Float64Array.from(spans, ({ low }) => low),
        Float64Array.from(spans, ({ high }) => high),
        Uint32Array.from(spans, ({ unit }) => unit),
      );
    }
    return this.otherSpans;
  }
}

const ordered = (lows: Float64Array, highs: Float64Array, units: Uint32Array): Spans => {
  const order = sortByAddress(lows);
  return {
    lows: Float64Array.from(order, (index) => lows[index]),
    highs: Float64Array.from(order, (index) => highs[index]),
    units: Uint32Array.from(order, (index) => units[index]),
  };
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
