/**
 * One compilation unit as the rest of deet sees it: its code, its lines, its files, its functions by address, and what
 * evaluating expressions needs of it. Everything is read when first asked for. A split unit and the skeleton that stands
 * for it (DWARF 5, 3.1.2) are one compilation.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { At, Tag, UnitType, languageOf } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import { filePath, readLineHeader, runLineProgram, type LineHeader } from '../dwarf/lines.js';
import { readLocationList } from '../dwarf/lists.js';
import { rangesOf } from '../dwarf/ranges.js';
import type { Unit } from '../dwarf/unit.js';
import { usesLocationLists } from './location-lists.js';
import { LineTable } from './line-table.js';
import type { AddressRange, SourceFile, SourcePosition, UnitContext } from './model.js';
import type { CType } from './types.js';

/** What a compilation asks of the image it is part of. */
export interface CompilationHost {
  /** The same object for the same path. */
  sourceFile(path: string, name: string): SourceFile;
  /** The split unit that a skeleton stands for; undefined when its file is missing. */
  splitUnit(skeleton: Unit): Unit | undefined;
  baseType(die: Die): CType | undefined;
}

/** A function with code, by address: enough to find it; FunctionSymbol is made when it is wanted. */
export interface CodeEntry {
  readonly die: Die;
  readonly ranges: readonly AddressRange[];
  readonly entry: FileAddress;
}

export class Compilation implements UnitContext {
  constructor(
    private readonly host: CompilationHost,
    /** The unit in the program's own file: a whole one or a skeleton. */
    readonly own: Unit,
    /** Its place in the image's list of compilations. */
    readonly number: number,
  ) {}

  private whole: Unit | undefined;

  /** The unit with the entries: of a skeleton, the split one. */
  get unit(): Unit {
    if (!this.whole) {
      const { own } = this;
      let split: Unit | undefined;
      try {
        const isSkeleton = own.kind === UnitType.skeleton || (own.version < 5 && own.root.has(At.GNU_dwo_name));
        if (isSkeleton) split = this.host.splitUnit(own);
      } catch (error) {
        own.file.warn(error);
      }
      this.whole = split ?? own;
    }
    return this.whole;
  }

  /** A root's attribute read safely. */
  private ask<T>(read: () => T, otherwise: T): T {
    try {
      return read();
    } catch (error) {
      this.own.file.warn(error);
      return otherwise;
    }
  }

  get name(): string {
    return this.ask(() => this.unit.name, undefined) ?? '';
  }

  get producer(): string {
    return this.ask(() => this.unit.root.string(At.producer) ?? this.own.root.string(At.producer), undefined) ?? '';
  }

  get language(): 'c' | 'c++' | 'rust' | 'other' {
    return this.ask(() => languageOf(this.unit.language || this.own.language), 'other');
  }

  private rangeList: readonly AddressRange[] | undefined;

  /** Where its code lies, by the unit's own entry; when that says nothing, by its functions. */
  get ranges(): readonly AddressRange[] {
    if (!this.rangeList) {
      const given = this.ask(() => rangesOf(this.own.root), []).filter(plausible);
      this.rangeList = given.length > 0 ? given : this.code().flatMap((entry) => entry.ranges);
    }
    return this.rangeList;
  }

  private get lowest(): number {
    return this.ranges.reduce((low, range) => Math.min(low, range.low), Number.MAX_SAFE_INTEGER);
  }

  // ---- lines and files

  private header: LineHeader | undefined | null = null;

  private get lineHeader(): LineHeader | undefined {
    if (this.header === null)
      this.header = this.ask(() => {
        const offset = this.own.root.number(At.stmt_list);
        return offset === undefined ? undefined : readLineHeader(this.own, offset);
      }, undefined);
    return this.header;
  }

  private table: LineTable | undefined;

  lines(): LineTable {
    if (!this.table) {
      const header = this.lineHeader;
      const { rows, problem } = header ? runLineProgram(this.own, header) : emptyRun;
      if (problem) this.own.file.warn(problem);
      this.table = new LineTable(rows, this.sources, this.lowest);
    }
    return this.table;
  }

  private sourceList: readonly (SourceFile | undefined)[] | undefined;

  /** By the line table's numbers. */
  get sources(): readonly (SourceFile | undefined)[] {
    if (!this.sourceList) {
      const header = this.lineHeader;
      this.sourceList = header ? header.files.map((_, index) => this.sourceOf(this.own, header, index)) : [];
    }
    return this.sourceList;
  }

  private splitSources: readonly (SourceFile | undefined)[] | undefined;

  /** DW_AT_decl_file and DW_AT_call_file: a split unit of DWARF 5 may have a table of names of its own (.debug_line.dwo). */
  private get declarationSources(): readonly (SourceFile | undefined)[] {
    const { unit } = this;
    if (unit === this.own) return this.sources;
    if (!this.splitSources) {
      const header = this.ask(() => {
        const offset = unit.root.number(At.stmt_list);
        if (offset === undefined && unit.file.section('line').length === 0) return undefined;
        return readLineHeader(unit, (offset ?? 0) + (unit.contributions?.line ?? 0));
      }, undefined);
      this.splitSources = header ? header.files.map((_, index) => this.sourceOf(unit, header, index)) : this.sources;
    }
    return this.splitSources;
  }

  private sourceOf(unit: Unit, header: LineHeader, index: number): SourceFile | undefined {
    const file = filePath(unit, header, index);
    return file && this.host.sourceFile(file.path, file.name);
  }

  source(index: number): SourceFile | undefined {
    return this.declarationSources[index];
  }

  /** Where an entry is declared; of a definition that completes a declaration, its own place first. */
  declared(die: Die): SourcePosition | undefined {
    return this.ask(() => {
      for (const step of die.lineage()) {
        const line = step.number(At.decl_line);
        const file = step.number(At.decl_file);
        if (line === undefined) continue;
        // A definition with a line only stands in the file of what it completes.
        const number =
          file ??
          die
            .lineage()
            .map((other) => other.number(At.decl_file))
            .find((given) => given !== undefined);
        const source = number === undefined ? undefined : this.source(number);
        if (!source) return undefined;
        const column = step.number(At.decl_column);
        return { file: source, line, ...(column ? { column } : {}) };
      }
      return undefined;
    }, undefined);
  }

  // ---- functions by address

  private codeList: readonly CodeEntry[] | undefined;

  /** Every function with code, by entry address. Those at address 0 were dropped by the linker. */
  code(): readonly CodeEntry[] {
    if (!this.codeList) {
      const found: CodeEntry[] = [];
      this.ask(() => collectCode(this.unit.root, found, 0), undefined);
      this.codeList = found.sort((a, b) => a.entry - b.entry);
    }
    return this.codeList;
  }

  private spans: readonly { low: number; high: number; entry: CodeEntry }[] | undefined;

  /** The function around an address: of nested ones the innermost. */
  codeAt(address: number): CodeEntry | undefined {
    this.spans ??= this.code()
      .flatMap((entry) => entry.ranges.map(({ low, high }) => ({ low, high, entry })))
      .sort((a, b) => a.low - b.low || b.high - a.high);
    const { spans } = this;
    let low = 0;
    let high = spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((spans[middle]?.low ?? Infinity) <= address) low = middle + 1;
      else high = middle;
    }
    // Functions do not overlap, so the one that begins last before the address is it; a few more for damaged input.
    for (let i = low - 1; i >= 0 && i >= low - 8; i--) {
      const span = spans[i];
      if (span && address < span.high) return span.entry;
    }
    return undefined;
  }

  private listed: boolean | undefined;

  /** True if some variable's place is a location list: then every place is exact from the first instruction on. */
  get hasLocationLists(): boolean {
    return (this.listed ??= this.ask(() => usesLocationLists(this.unit), false));
  }

  // ---- UnitContext: what expressions ask

  get addressSize(): number {
    return this.own.addressSize;
  }

  get version(): number {
    return this.own.version;
  }

  get offsetSize(): number {
    return this.own.offsetSize;
  }

  addressAt(index: number): FileAddress {
    return this.ask(() => this.unit.addressAt(index), undefined) ?? fileAddress(0);
  }

  baseType(unitOffset: number): CType | undefined {
    if (unitOffset === 0) return undefined;
    return this.ask(() => {
      const die = this.unit.dieAt(this.unit.offset + unitOffset);
      return die && this.host.baseType(die);
    }, undefined);
  }

  expressionOf(offset: number, relativeToUnit: boolean): Uint8Array | undefined {
    return this.ask(() => {
      const die = relativeToUnit ? this.unit.dieAt(this.unit.offset + offset) : this.unit.file.dieAt(offset);
      return die?.block(At.location);
    }, undefined);
  }

  private readonly lists = new Map<number, ReturnType<typeof readLocationList>>();

  locationList(offset: number): ReturnType<typeof readLocationList> {
    let list = this.lists.get(offset);
    if (!list) {
      list = this.ask(() => readLocationList(this.unit, offset), []);
      if (this.lists.size > 10_000) this.lists.clear();
      this.lists.set(offset, list);
    }
    return list;
  }
}

const emptyRun = {
  rows: {
    count: 0,
    addresses: new Float64Array(0),
    files: new Uint32Array(0),
    lines: new Uint32Array(0),
    columns: new Uint16Array(0),
    flags: new Uint8Array(0),
    discriminators: new Uint32Array(0),
  },
  problem: undefined,
};

const plausible = (range: AddressRange): boolean => range.low > 0;

/** Namespaces, classes and functions nest; deeper than this is damage. */
const MAX_DEPTH = 64;

/** Subprograms anywhere below an entry: in namespaces and classes, and (GNU C, local classes of C++) inside of functions. */
const collectCode = (parent: Die, into: CodeEntry[], depth: number): void => {
  if (depth > MAX_DEPTH) return;
  for (const die of parent.children()) {
    switch (die.tag) {
      case Tag.subprogram: {
        const ranges = die.has(At.low_pc) || die.has(At.ranges) ? rangesOf(die).filter(plausible) : [];
        const first = ranges[0];
        if (first) into.push({ die, ranges, entry: entryOf(die) ?? first.low });
        if (die.hasChildren) collectCode(die, into, depth + 1);
        break;
      }
      case Tag.namespace:
      case Tag.module:
      case Tag.structure_type:
      case Tag.class_type:
      case Tag.union_type:
      case Tag.lexical_block:
        if (die.hasChildren) collectCode(die, into, depth + 1);
        break;
      default:
    }
  }
};

const entryOf = (die: Die): FileAddress | undefined => {
  const entry = die.address(At.entry_pc) ?? die.address(At.low_pc);
  return entry !== undefined && entry > 0 ? fileAddress(entry) : undefined;
};
