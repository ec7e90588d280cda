/**
 * Which units can possibly know a name? A name's text stands in a string section (or in the entry itself), and whoever
 * uses it has its offset somewhere: both are searched for as bytes, at the speed of memory, before any entry is read.
 * The answer may hold units that do not know the name, and never leaves out one that does.
 */
import { At, Form } from '../dwarf/constants.js';
import type { DwarfFile } from '../dwarf/file.js';
import { bufferOf, littleEndian, positionsOf } from './byte-search.js';
import type { Compilation } from './compilation.js';

/** A name that ends this many different strings is quicker found by the index of all names. */
const MAX_OFFSETS = 24;

export class Mentions {
  /** In the order of their offsets, in which compilations are not listed: type units come last there. */
  private readonly units: readonly Compilation[];

  /** @param units those of .debug_info, in any order */
  constructor(
    private readonly file: DwarfFile,
    units: readonly Compilation[],
  ) {
    this.units = [...units].sort((a, b) => a.own.offset - b.own.offset);
  }

  private possible: boolean | undefined;

  /**
   * False where entries take their names from other units or files (link-time optimization, dwz): there a unit can know a
   * name without mentioning it. The abbreviations tell: an origin or specification given as DW_FORM_ref_addr.
   */
  get usable(): boolean {
    if (this.possible === undefined) {
      const abbreviations = bufferOf(this.file.section('abbrev'));
      const leb = (form: number): number[] => (form < 0x80 ? [form] : [(form & 0x7f) | 0x80, form >> 7]);
      const crossing = [Form.ref_addr, Form.GNU_ref_alt, Form.ref_sup4, Form.ref_sup8].flatMap((form) =>
        [At.abstract_origin, At.specification].map((attribute) => Buffer.from([attribute, ...leb(form)])),
      );
      this.possible =
        this.file.section('gnu_debugaltlink').length === 0 &&
        !crossing.some((pattern) => abbreviations.includes(pattern)) &&
        !abbreviations.includes(Buffer.from([At.name, ...leb(Form.GNU_strp_alt)]));
    }
    return this.possible;
  }

  /** The units, or undefined when so many come into question that the index of all names is the better way. */
  of(name: string): readonly Compilation[] | undefined {
    if (!this.usable) return undefined;
    const text = Buffer.from(`${name}\0`, 'utf8');
    const found = new Set<Compilation>();
    const offsets = positionsOf(bufferOf(this.file.section('str')), text, MAX_OFFSETS);
    if (!offsets) return undefined;
    const info = bufferOf(this.file.section('info'));
    const tables = bufferOf(this.file.section('str_offsets'));
    for (const size of this.offsetSizes)
      for (const offset of offsets) {
        const pattern = littleEndian(offset, size);
        this.addHits(info, pattern, found);
        if (tables.length > 0) this.addTableHits(tables, pattern, found);
      }
    this.addHits(info, text, found);
    for (const unit of this.split) found.add(unit);
    const size = [...found].reduce((sum, unit) => sum + (unit.own.end - unit.own.offset), 0);
    if (found.size > 32 && size > info.length / 4) return undefined;
    return [...found].sort((a, b) => a.number - b.number);
  }

  /** Units whose entries are in other files: always in question. */
  private get split(): readonly Compilation[] {
    return (this.splitUnits ??= this.units.filter((unit) => unit.isSkeleton));
  }

  private splitUnits: readonly Compilation[] | undefined;

  private get offsetSizes(): readonly number[] {
    return (this.sizes ??= [...new Set(this.units.map((unit) => unit.own.offsetSize))]);
  }

  private sizes: readonly number[] | undefined;

  /** Units of .debug_info in which the pattern stands: after a hit the search goes on behind the unit. */
  private addHits(info: Buffer, pattern: Buffer, found: Set<Compilation>): void {
    let at = info.indexOf(pattern);
    while (at >= 0) {
      const unit = this.unitAt(at);
      if (unit) found.add(unit);
      at = info.indexOf(pattern, unit ? unit.own.end : at + 1);
    }
  }

  private unitAt(offset: number): Compilation | undefined {
    let low = 0;
    let high = this.units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.units[middle].own.end <= offset) low = middle + 1;
      else high = middle;
    }
    const unit: Compilation | undefined = this.units[low];
    return unit && unit.own.offset <= offset ? unit : undefined;
  }

  private bases: readonly { base: number; units: Compilation[] }[] | undefined;

  /** Units whose part of .debug_str_offsets has the pattern. */
  private addTableHits(tables: Buffer, pattern: Buffer, found: Set<Compilation>): void {
    if (!this.bases) {
      const byBase = new Map<number, Compilation[]>();
      for (const unit of this.units) {
        const base = unit.stringOffsetsBase;
        const same = byBase.get(base);
        if (same) same.push(unit);
        else byBase.set(base, [unit]);
      }
      this.bases = [...byBase].map(([base, units]) => ({ base, units })).sort((a, b) => a.base - b.base);
    }
    for (let at = tables.indexOf(pattern); at >= 0; at = tables.indexOf(pattern, at + 1)) {
      const hit = at;
      this.bases.findLast(({ base }) => base <= hit)?.units.forEach((unit) => found.add(unit));
    }
  }
}
