/**
 * Which units can possibly know a name? A name's text stands in a string section (or in the entry itself), and whoever
 * uses it has its offset somewhere: both are searched for as bytes, at the speed of memory, before any entry is read.
 * The answer may hold units that do not know the name, and never leaves out one that does.
 */
import { At, Form } from '../dwarf/constants.js';
import { Skip, type Abbreviation, type AbbreviationTable } from '../dwarf/abbreviations.js';
import type { DwarfFile } from '../dwarf/file.js';
import { offsetPattern, positionsOf, searchAny } from './byte-search.js';
import type { Compilation } from './compilation.js';
import { kindOf } from './entries.js';

/** A name that ends more different strings than this is quicker found by the index of all names. */
const MAX_OFFSETS = 1000;

/** Where in entries of a unit names stand: it tells a name from bytes that only look like one. */
class NamePlaces {
  /** By the distance of the name from the entry's code: the codes of abbreviations that have it there. */
  private readonly codes = new Map<number, Set<number>>();
  /** Some abbreviation has its name behind attributes of variable size. */
  private anywhere = false;

  constructor(table: AbbreviationTable) {
    for (const [code, { tag, attributes, steps }] of table.entries()) {
      const index = kindOf(tag) === 0 ? -1 : attributes.indexOf(At.name);
      if (index < 0) continue;
      const before = steps.slice(0, index).filter((step) => step !== Skip.nothing);
      if (before.some((step) => step <= 0)) this.anywhere = true;
      const distance = before.reduce((sum, step) => sum + step, 0);
      const same = this.codes.get(distance);
      if (same) same.add(code);
      else this.codes.set(distance, new Set([code]));
    }
  }

  /** Can a name stand at this position? Its entry's code, a LEB128 number, then ends at one of the known distances before it. */
  holds(bytes: Uint8Array, position: number): boolean {
    if (this.anywhere) return true;
    for (const [distance, codes] of this.codes) {
      const last = position - distance - 1;
      let code = bytes[last] ?? 0x80;
      if (code >= 0x80) continue;
      if (codes.has(code)) return true;
      for (let at = last - 1; at >= 0 && last - at < 4 && bytes[at] >= 0x80; at--) {
        code = code * 0x80 + (bytes[at] & 0x7f);
        if (codes.has(code)) return true;
      }
    }
    return false;
  }
}

/** Forms that lead into other units or files, for attributes that lead to a name. */
const crossingForms: readonly number[] = [Form.ref_addr, Form.GNU_ref_alt, Form.ref_sup4, Form.ref_sup8];
const foreignNames: readonly number[] = [Form.GNU_strp_alt, Form.strp_sup];

const isCrossing = ({ attributes, forms }: Abbreviation): boolean =>
  attributes.some((attribute, i) =>
    attribute === At.name
      ? foreignNames.includes(forms[i])
      : (attribute === At.abstract_origin || attribute === At.specification) && crossingForms.includes(forms[i]),
  );

/** The same as they stand in .debug_abbrev: an attribute and its form, LEB128 both. */
const crossingPatterns: readonly Uint8Array[] = (() => {
  const leb = (form: number): number[] => (form < 0x80 ? [form] : [(form & 0x7f) | 0x80, form >> 7]);
  const pairs = (attribute: number, forms: readonly number[]): Uint8Array[] =>
    forms.map((form) => Uint8Array.from([attribute, ...leb(form)]));
  return [...pairs(At.abstract_origin, crossingForms), ...pairs(At.specification, crossingForms), ...pairs(At.name, foreignNames)];
})();

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
   * name without mentioning it. The abbreviations tell; those that have the bytes of one that does are read.
   */
  get usable(): boolean {
    if (this.possible === undefined) {
      this.possible = this.file.section('gnu_debugaltlink').length === 0;
      const tables = new Map(this.units.map((unit) => [unit.own.abbreviationsOffset, unit]));
      const offsets = [...tables.keys()].sort((a, b) => a - b);
      searchAny(this.file.section('abbrev'), crossingPatterns, (position) => {
        const index = offsets.findLastIndex((offset) => offset <= position);
        const table = tables.get(offsets[index])?.own.abbreviations;
        for (const [, abbreviation] of table?.entries() ?? []) if (isCrossing(abbreviation)) this.possible = false;
        return this.possible ? (offsets[index + 1] ?? Infinity) : Infinity;
      });
    }
    return this.possible;
  }

  /** The units, or undefined when so many come into question that the index of all names is the better way. */
  of(name: string): readonly Compilation[] | undefined {
    if (!this.usable) return undefined;
    const text = Buffer.from(`${name}\0`, 'utf8');
    const found = new Set<Compilation>();
    const offsets = positionsOf(this.file.section('str'), text, MAX_OFFSETS);
    if (!offsets) return undefined;
    const patterns = offsets.map(offsetPattern);
    this.addHits([...patterns, text], found);
    this.addTableHits(patterns, found);
    for (const unit of this.split) found.add(unit);
    const size = [...found].reduce((sum, unit) => sum + (unit.own.end - unit.own.offset), 0);
    if (found.size > 32 && size > this.file.section('info').length / 2) return undefined;
    return [...found].sort((a, b) => a.number - b.number);
  }

  /** Units whose entries are in other files: always in question. */
  private get split(): readonly Compilation[] {
    return (this.splitUnits ??= this.units.filter((unit) => unit.isSkeleton));
  }

  private splitUnits: readonly Compilation[] | undefined;

  /** Units of .debug_info in which a pattern stands: after a hit the search goes on behind the unit. */
  private addHits(patterns: readonly Uint8Array[], found: Set<Compilation>): void {
    const bytes = this.file.section('info');
    searchAny(bytes, patterns, (position) => {
      const unit = this.unitAt(position);
      if (!unit || !this.placesOf(unit).holds(bytes, position)) return position + 1;
      found.add(unit);
      return unit.own.end;
    });
  }

  private readonly places = new Map<Compilation, NamePlaces>();

  private placesOf(unit: Compilation): NamePlaces {
    let places = this.places.get(unit);
    if (!places) this.places.set(unit, (places = new NamePlaces(unit.own.abbreviations)));
    return places;
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

  /** Units whose part of .debug_str_offsets has a pattern. */
  private addTableHits(patterns: readonly Uint8Array[], found: Set<Compilation>): void {
    const tables = this.file.section('str_offsets');
    if (tables.length === 0) return;
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
    const { bases } = this;
    searchAny(tables, patterns, (position) => {
      bases.findLast(({ base }) => base <= position)?.units.forEach((unit) => found.add(unit));
      return position + 1;
    });
  }
}
