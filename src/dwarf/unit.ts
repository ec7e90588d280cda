/**
 * Units of .debug_info and .debug_types: headers of DWARF 2 to 5 (DWARF 5, 7.5.1), and what the attributes of the first
 * entry say about reading all others: bases of the string, address, range and location tables (7.26 to 7.29).
 */
import { FormatError } from '../common/errors.js';
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { Reader, decodeText } from '../common/reader.js';
import type { AbbreviationTable } from './abbreviations.js';
import { At, Form, Tag, UnitType } from './constants.js';
import { Die } from './die.js';
import type { DwarfFile } from './file.js';

export interface UnitHeader {
  readonly offset: number;
  /** First offset behind the unit. */
  readonly end: number;
  readonly version: number;
  readonly offsetSize: number;
  readonly addressSize: number;
  readonly abbreviationsOffset: number;
  /** DW_UT; versions before 5 are told apart by section and first entry. */
  readonly kind: number;
  readonly typeSignature: bigint | undefined;
  /** Offset in the unit of the type that a type unit is about. */
  readonly typeOffset: number;
  readonly dwoId: bigint | undefined;
  readonly firstDie: number;
}

/** @throws FormatError when the header is damaged, with `end` unknown: the section cannot be read on. */
export const readUnitHeader = (reader: Reader, section: 'info' | 'types'): UnitHeader => {
  const offset = reader.offset;
  let length = reader.u32();
  let offsetSize = 4;
  if (length === 0xffff_ffff) {
    length = reader.u64();
    offsetSize = 8;
  } else if (length >= 0xffff_fff0) reader.fail('reserved unit length', offset);
  const end = reader.offset + length;
  if (end > reader.end || length < 7) reader.fail(`unit of absurd length 0x${length.toString(16)}`, offset);
  const version = reader.u16();
  let kind: number = section === 'types' ? UnitType.type : UnitType.compile;
  let addressSize: number;
  let abbreviationsOffset: number;
  let typeSignature: bigint | undefined;
  let typeOffset = 0;
  let dwoId: bigint | undefined;
  if (version >= 5) {
    kind = reader.u8();
    addressSize = reader.u8();
    abbreviationsOffset = reader.unsigned(offsetSize);
    if (kind === UnitType.skeleton || kind === UnitType.split_compile) dwoId = reader.u64Big();
  } else {
    abbreviationsOffset = reader.unsigned(offsetSize);
    addressSize = reader.u8();
  }
  if (kind === UnitType.type || kind === UnitType.split_type) {
    typeSignature = reader.u64Big();
    typeOffset = reader.unsigned(offsetSize);
  }
  return {
    offset,
    end,
    version,
    offsetSize,
    addressSize,
    abbreviationsOffset,
    kind,
    typeSignature,
    typeOffset,
    dwoId,
    firstDie: reader.offset,
  };
};

/** Where the tables of one unit lie in a .dwp package (DWARF 5, 7.3.5.3); zero everywhere else. */
export interface Contributions {
  readonly abbreviations: number;
  readonly line: number;
  readonly strOffsets: number;
  readonly locations: number;
  readonly ranges: number;
  readonly macro: number;
}

export class Unit implements UnitHeader {
  readonly offset: number;
  readonly end: number;
  readonly version: number;
  readonly offsetSize: number;
  readonly addressSize: number;
  readonly abbreviationsOffset: number;
  readonly kind: number;
  readonly typeSignature: bigint | undefined;
  readonly typeOffset: number;
  readonly firstDie: number;

  constructor(
    readonly file: DwarfFile,
    readonly section: 'info' | 'types',
    readonly bytes: Uint8Array,
    header: UnitHeader,
    /** Of a split unit: the unit in the program's own file that stands for it. */
    readonly skeleton?: Unit,
    readonly contributions?: Contributions,
  ) {
    this.offset = header.offset;
    this.end = header.end;
    this.version = header.version;
    this.offsetSize = header.offsetSize;
    this.addressSize = header.addressSize;
    this.abbreviationsOffset = header.abbreviationsOffset + (contributions?.abbreviations ?? 0);
    this.kind = header.kind;
    this.typeSignature = header.typeSignature;
    this.typeOffset = header.typeOffset;
    this.firstDie = header.firstDie;
    this.headerDwoId = header.dwoId;
  }

  private readonly headerDwoId: bigint | undefined;

  get sectionName(): string {
    return `.debug_${this.section}`;
  }

  /** @throws FormatError always. */
  fail(offset: number, what: string): never {
    throw new FormatError(this.sectionName, offset, what);
  }

  private wholeReader: Reader | undefined;

  /** For cursors within the unit: `reader.at(offset)`. */
  get reader(): Reader {
    return (this.wholeReader ??= new Reader(this.bytes, this.sectionName, this.offset, this.end));
  }

  private table: AbbreviationTable | undefined;

  get abbreviations(): AbbreviationTable {
    return (this.table ??= this.file.abbreviationsAt(this.abbreviationsOffset, this));
  }

  /** Undefined for the null entry that ends a list of children, and outside of the unit. @throws FormatError on damage. */
  dieAt(offset: number): Die | undefined {
    if (!(offset >= this.firstDie && offset < this.end)) return undefined;
    const { bytes } = this;
    let position = offset;
    let code = bytes[position++];
    if (code >= 0x80) {
      const reader = this.reader.at(offset);
      code = reader.uleb();
      position = reader.offset;
    }
    if (code === 0) return undefined;
    const abbreviation = this.abbreviations.get(code);
    if (!abbreviation) this.fail(offset, `no abbreviation ${code}`);
    return new Die(this, offset, abbreviation, position);
  }

  private rootDie: Die | undefined;

  /** The first entry: DW_TAG_compile_unit and its like. @throws FormatError when unreadable. */
  get root(): Die {
    return (this.rootDie ??= this.dieAt(this.firstDie) ?? this.fail(this.firstDie, 'unit without an entry'));
  }

  /** A partial unit's entries belong to whoever imports it. */
  get isPartial(): boolean {
    return this.root.tag === Tag.partial_unit;
  }

  // Bases. Each comes from the root entry; a split unit takes what concerns the program's own file from its skeleton.

  private strOffsetsBaseValue: number | undefined;

  /** Offset in .debug_str_offsets of this unit's first entry. A split unit has no attribute: its table follows the header. */
  get strOffsetsBase(): number {
    if (this.strOffsetsBaseValue === undefined) {
      // The root's own strings may be indexes, so it must not be asked for strings before this is known.
      const given = this.root.number(At.str_offsets_base);
      const header = this.version >= 5 ? (this.offsetSize === 8 ? 16 : 8) : 0;
      this.strOffsetsBaseValue = given ?? (this.contributions?.strOffsets ?? 0) + header;
    }
    return this.strOffsetsBaseValue;
  }

  get addrBase(): number {
    const owner = this.skeleton ?? this;
    return owner.root.number(At.addr_base) ?? owner.root.number(At.GNU_addr_base) ?? (owner.version >= 5 ? 8 : 0);
  }

  private addresses: Reader | undefined;

  /** Entry of .debug_addr; undefined when the table has none. Units have tens of thousands: one reader serves for all. */
  addressAt(index: number): FileAddress | undefined {
    const reader = (this.addresses ??= new Reader((this.skeleton ?? this).file.section('addr'), '.debug_addr'));
    const at = this.addrBase + index * this.addressSize;
    if (!(at >= 0 && at + this.addressSize <= reader.end)) return undefined;
    reader.seek(at);
    return fileAddress(this.addressSize === 4 ? reader.u32() : reader.u64Clamped());
  }

  /** DW_AT_low_pc of the unit: what offsets in range and location lists are counted from. */
  get baseAddress(): number {
    return (this.skeleton ?? this).root.address(At.low_pc) ?? 0;
  }

  stringByForm(form: number, reader: Reader): string | undefined {
    switch (form) {
      case Form.string:
        return reader.cstring();
      case Form.strp:
        return this.file.string('str', reader.unsigned(this.offsetSize));
      case Form.line_strp:
        return this.file.string('line_str', reader.unsigned(this.offsetSize));
      case Form.strp_sup:
      case Form.GNU_strp_alt:
        return this.file.supplementary()?.string('str', reader.unsigned(this.offsetSize));
      case Form.strx:
      case Form.GNU_str_index:
        return this.stringAtIndex(reader.uleb());
      case Form.strx1:
        return this.stringAtIndex(reader.u8());
      case Form.strx2:
        return this.stringAtIndex(reader.u16());
      case Form.strx3:
        return this.stringAtIndex(reader.u24());
      case Form.strx4:
        return this.stringAtIndex(reader.u32());
      default:
        return undefined;
    }
  }

  /** Offset in .debug_str of an entry of this unit's .debug_str_offsets. */
  stringOffsetAtIndex(index: number): number | undefined {
    const table = this.file.section('str_offsets');
    const at = this.strOffsetsBase + index * this.offsetSize;
    if (!(at >= 0 && at + this.offsetSize <= table.length)) return undefined;
    return new Reader(table, '.debug_str_offsets', at).unsigned(this.offsetSize);
  }

  stringAtIndex(index: number): string | undefined {
    const offset = this.stringOffsetAtIndex(index);
    return offset === undefined ? undefined : this.file.string('str', offset);
  }

  /** Identifies a split unit and its skeleton (DWARF 5, 7.5.1.2; DWARF 4 has it as an attribute). */
  get dwoId(): bigint | undefined {
    return this.headerDwoId ?? this.root.big(At.GNU_dwo_id);
  }

  /** File name of the split unit that this skeleton stands for. */
  get dwoName(): string | undefined {
    return this.root.string(At.dwo_name) ?? this.root.string(At.GNU_dwo_name);
  }

  get compilationDirectory(): string | undefined {
    return this.root.string(At.comp_dir) ?? this.skeleton?.root.string(At.comp_dir);
  }

  get name(): string | undefined {
    return this.root.string(At.name) ?? this.skeleton?.root.string(At.name);
  }

  private spoken: number | undefined;

  /** DW_AT_language; 0 where it is not told, or cannot be read. A partial unit that names none speaks that of who imports it. */
  get language(): number {
    return (this.spoken ??= this.readLanguage());
  }

  private readLanguage(): number {
    try {
      return this.root.number(At.language) ?? (this.isPartial ? this.file.languageOfImporter(this) : 0);
    } catch (error) {
      this.file.warn(error);
      return 0;
    }
  }
}

/** Text at an offset of a string section; empty behind its end. */
export const stringIn = (bytes: Uint8Array, offset: number): string => {
  if (!(offset >= 0 && offset < bytes.length)) return '';
  let end = offset;
  while (bytes[end]) end++;
  return decodeText(bytes, offset, end);
};
