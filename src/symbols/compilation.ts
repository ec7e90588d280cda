/**
 * One compilation unit as the rest of deet sees it: its code, its lines, its files, its functions by address, and what
 * evaluating expressions needs of it. Everything is read when first asked for. A split unit and the skeleton that stands
 * for it (DWARF 5, 3.1.2) are one compilation.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { At, Form, Tag, UnitType, languageOf, type Language } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import { filePath, joinPath, readLineHeader, type LineHeader } from '../dwarf/lines.js';
import { readLocationList } from '../dwarf/lists.js';
import { rangesOf } from '../dwarf/ranges.js';
import type { Unit } from '../dwarf/unit.js';
import { walk } from '../dwarf/walk.js';
import type { EntryTable } from './entries.js';
import { Flag, Kind } from './entries.js';
import { LineRows, runLineProgram } from './line-rows.js';
import { LineTable } from './line-table.js';
import type { AddressRange, LocationDescription, SourceFile, SourcePosition, UnitContext, UnitDescription, Variable } from './model.js';
import type { BaseType, CType } from './types.js';

/** What a compilation asks of the image it is part of. */
export interface CompilationHost {
  /** The same object for the same path. */
  sourceFile(path: string, name: string): SourceFile;
  /** The split unit that a skeleton stands for; undefined when its file is missing. */
  splitUnit(skeleton: Unit): Unit | undefined;
  baseType(die: Die): CType | undefined;
  variableOf(die: Die): Variable;
  /** The names of a unit. */
  entriesOf(unit: Compilation): EntryTable;
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
      const split = this.isSkeleton ? this.ask(() => this.host.splitUnit(own), undefined) : undefined;
      this.whole = split ?? own;
    }
    return this.whole;
  }

  get isSkeleton(): boolean {
    return this.ask(() => this.own.kind === UnitType.skeleton || (this.own.version < 5 && this.own.root.has(At.GNU_dwo_name)), false);
  }

  /** Types only: no code, no variables. */
  get isTypeUnit(): boolean {
    return this.own.kind === UnitType.type || this.own.kind === UnitType.split_type;
  }

  /** Where its entries of .debug_str_offsets begin. */
  get stringOffsetsBase(): number {
    return this.ask(() => this.own.strOffsetsBase, 0);
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

  /** What `info source` tells. */
  get description(): UnitDescription {
    const { own } = this;
    const directory = this.ask(() => this.unit.root.string(At.comp_dir) ?? own.root.string(At.comp_dir), undefined);
    const hasMacros = this.ask(
      () => [At.macros, At.macro_info, At.GNU_macros].some((at) => own.root.has(at) || this.unit.root.has(at)),
      false,
    );
    const name = this.ask(() => this.unit.root.string(At.name) ?? own.root.string(At.name), undefined);
    const { language, producer } = this;
    return {
      path: name === undefined ? undefined : joinPath(directory ?? '', '', name),
      directory,
      language,
      producer,
      version: own.version,
      hasMacros,
    };
  }

  get language(): Language {
    return this.ask(() => languageOf(this.unit.language || this.own.language), 'other');
  }

  private rangeList: readonly AddressRange[] | undefined;

  /** Where its code lies, by the unit's own entry; when that says nothing, by its functions. */
  get ranges(): readonly AddressRange[] {
    if (!this.rangeList) {
      const given = this.isTypeUnit ? [] : this.ask(() => rangesOf(this.own.root), []).filter(plausible);
      this.rangeList = given.length > 0 ? given : this.code().flatMap((entry) => entry.ranges);
    }
    return this.rangeList;
  }

  private get lowest(): number {
    return this.ranges.reduce((low, range) => Math.min(low, range.low), Number.MAX_SAFE_INTEGER);
  }

  // ---- lines and files

  private header: LineHeader | undefined | null = null;

  /** In .debug_line; undefined: it has no line table. */
  get lineTableOffset(): number | undefined {
    return this.ask(() => this.own.root.number(At.stmt_list), undefined);
  }

  private get lineHeader(): LineHeader | undefined {
    if (this.header === null) {
      const offset = this.lineTableOffset;
      this.header =
        offset === undefined
          ? undefined
          : this.ask(() => readLineHeader(this.own, offset + (this.own.contributions?.line ?? 0)), undefined);
    }
    return this.header;
  }

  private table: LineTable | undefined;

  lines(): LineTable {
    if (!this.table) {
      const header = this.lineHeader;
      const { rows, problem } = header ? runLineProgram(this.own, header) : emptyRun;
      if (problem) this.own.file.warn(problem);
      this.table = new LineTable(rows.recorded(this.sources, this.lowest), this.sources);
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

  private codeMap: Map<number, CodeEntry> | undefined;

  private get codeByOffset(): Map<number, CodeEntry> {
    if (!this.codeMap) {
      this.codeMap = new Map();
      const table = this.isTypeUnit ? undefined : this.ask(() => this.host.entriesOf(this), undefined);
      for (let i = 0; table && i < table.count; i++) {
        if (table.kinds[i] !== Kind.function || !(table.flags[i] & Flag.code)) continue;
        const code = this.ask(() => codeEntry(this.unit, table.dies[i]), undefined);
        if (code) this.codeMap.set(code.die.offset, code);
      }
    }
    return this.codeMap;
  }

  /** Functions with code, those inside of other functions left out, in the order of the file. */
  code(): readonly CodeEntry[] {
    return [...this.codeByOffset.values()];
  }

  /** The function whose entry stands at an offset. */
  codeOf(offset: number): CodeEntry | undefined {
    return this.codeByOffset.get(offset);
  }

  private nestedList: readonly CodeEntry[] | undefined;

  /** Functions inside of functions (GNU C), and methods of classes that are local to a function. */
  nested(): readonly CodeEntry[] {
    if (!this.nestedList) {
      const found: CodeEntry[] = [];
      this.ask(() => {
        const { unit } = this;
        walk(
          unit,
          ({ tag, attributes }) => tag === Tag.subprogram && (attributes.includes(At.low_pc) || attributes.includes(At.ranges)),
          (offset) => {
            const code = this.codeByOffset.has(offset) ? undefined : codeEntry(unit, offset);
            if (code) found.push(code);
          },
        );
      }, undefined);
      this.nestedList = found;
    }
    return this.nestedList;
  }

  private around: Map<number, number> | undefined;

  /** The subprogram in which another one stands (GNU C's nested functions, and classes in functions): both by the offsets of their entries. */
  subprogramAround(offset: number): number | undefined {
    if (!this.around) {
      const found = (this.around = new Map<number, number>());
      this.ask(() => {
        collectNested(this.unit, found);
      }, undefined);
    }
    return this.around.get(offset);
  }

  private spans: readonly CodeSpan[] | undefined;
  private nestedSpans: readonly CodeSpan[] | undefined;

  /** The function around an address. */
  codeAt(address: number): CodeEntry | undefined {
    this.spans ??= spansOf(this.code());
    return spanAt(this.spans, address) ?? spanAt((this.nestedSpans ??= spansOf(this.nested())), address);
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

  baseType(unitOffset: number): BaseType | undefined {
    if (unitOffset === 0) return undefined;
    return this.ask(() => {
      const die = this.unit.dieAt(this.unit.offset + unitOffset);
      const type = die && this.host.baseType(die);
      return type?.kind === 'base' ? type : undefined;
    }, undefined);
  }

  expressionOf(offset: number, relativeToUnit: boolean): Uint8Array | undefined {
    return this.ask(() => {
      const die = relativeToUnit ? this.unit.dieAt(this.unit.offset + offset) : this.unit.file.dieAt(offset);
      return die?.block(At.location);
    }, undefined);
  }

  objectAt(offset: number): LocationDescription | undefined {
    return this.ask(() => {
      const die = this.unit.file.dieAt(offset);
      return die && this.host.variableOf(die).location;
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

const emptyRun = { rows: new LineRows(new ArrayBuffer(0)), problem: undefined };

const plausible = (range: AddressRange): boolean => range.low > 0;

interface CodeSpan {
  readonly low: number;
  readonly high: number;
  readonly code: CodeEntry;
}

const spansOf = (entries: readonly CodeEntry[]): readonly CodeSpan[] =>
  entries.flatMap((code) => code.ranges.map(({ low, high }) => ({ low, high, code }))).sort((a, b) => a.low - b.low || b.high - a.high);

/** Functions do not overlap, so the one that begins last before the address is it; a few more for damaged input. */
const spanAt = (spans: readonly CodeSpan[], address: number): CodeEntry | undefined => {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spans[middle].low <= address) low = middle + 1;
    else high = middle;
  }
  for (let i = low - 1; i >= Math.max(0, low - 8); i--) if (address < spans[i].high) return spans[i].code;
  return undefined;
};

/** Undefined for a function that the linker dropped: all its ranges are at address 0. */
const codeEntry = (unit: Unit, offset: number): CodeEntry | undefined => {
  const die = unit.dieAt(offset);
  const ranges = die ? rangesOf(die).filter(plausible) : [];
  if (!die || ranges.length === 0) return undefined;
  const entry = die.address(At.entry_pc) ?? die.address(At.low_pc);
  return { die, ranges, entry: entry !== undefined && entry > 0 ? fileAddress(entry) : ranges[0].low };
};

const collectNested = (unit: Unit, found: Map<number, number>): void => {
  const open: { offset: number; end: number }[] = [];
  walk(
    unit,
    ({ tag }) => tag === Tag.subprogram,
    (offset, { hasChildren }) => {
      while (open.length > 0 && open[open.length - 1].end <= offset) open.pop();
      const around = open.at(-1);
      if (around) found.set(offset, around.offset);
      const end = hasChildren ? unit.dieAt(offset)?.siblingOffset() : undefined;
      if (end !== undefined) open.push({ offset, end });
    },
  );
};

/** True if the place of some variable or parameter is a location list. */
const usesLocationLists = (unit: Unit): boolean => {
  let found = false;
  walk(
    unit,
    ({ tag, attributes, forms }) => {
      const index = tag === Tag.variable || tag === Tag.formal_parameter ? attributes.indexOf(At.location) : -1;
      const form = index < 0 ? 0 : forms[index];
      return form === Form.sec_offset || form === Form.loclistx || (unit.version < 4 && (form === Form.data4 || form === Form.data8));
    },
    () => (found = true),
  );
  return found;
};
