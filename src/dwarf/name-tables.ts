/**
 * .debug_names (DWARF 5, 6.1.1): the compiler's own index, a hash table from the names of entries to where those stand. Nothing is read but the
 * headers, and then the entries of the names that are asked for. A linked program has one table or, from linkers that only put sections
 * together, one for each unit.
 */
import { Reader } from '../common/reader.js';
import { Form } from './constants.js';
import type { DwarfFile } from './file.js';

/** DW_IDX (6.1.1.4.7) as far as it matters here. */
const Index = { compile_unit: 1, type_unit: 2, die_offset: 3 } as const;

/** An entry of .debug_info that has a name. Those of type units are left out. */
export interface IndexedEntry {
  /** Offset of the unit in .debug_info. */
  readonly unit: number;
  /** Offset of the entry in its unit. */
  readonly die: number;
  readonly tag: number;
}

interface Shape {
  readonly tag: number;
  /** Pairs of a DW_IDX and a form. */
  readonly columns: readonly number[];
}

/** More attributes than this for one entry are damage. */
const MAX_COLUMNS = 16;

/** DJB, as 6.1.1.4.5 has it; the folding of case (7.33) is that of ASCII: other names are not for this function. */
export const foldedHash = (name: string): number => {
  let hash = 5381;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    hash = (Math.imul(hash, 33) + (code >= 0x41 && code <= 0x5a ? code + 32 : code)) >>> 0;
  }
  return hash;
};

export class NameTable {
  /** Says who made it. */
  readonly augmentation: string;
  /** Offsets of the compilation units that it speaks of. */
  readonly units: readonly number[];
  private readonly offsetSize: number;
  private readonly bucketCount: number;
  private readonly nameCount: number;
  private readonly buckets: number;
  private readonly hashes: number;
  private readonly strings: number;
  private readonly entries: number;
  private readonly pool: number;
  private readonly shapes = new Map<number, Shape>();

  /**
   * @param reader over one table, behind its length
   * @throws FormatError when the header or the abbreviations are damaged
   */
  constructor(
    private readonly file: DwarfFile,
    private readonly reader: Reader,
    offsetSize: number,
  ) {
    this.offsetSize = offsetSize;
    const version = reader.u16();
    if (version !== 5) reader.fail(`index of version ${version}`);
    reader.skip(2);
    const [unitCount, typeUnitCount, foreignCount, bucketCount, nameCount, abbreviationsSize, augmentationSize] = [0, 1, 2, 3, 4, 5, 6].map(
      () => reader.u32(),
    );
    this.bucketCount = bucketCount;
    this.nameCount = nameCount;
    this.augmentation = Buffer.from(reader.slice(Math.ceil(augmentationSize / 4) * 4)).toString('latin1').replace(/\0+$/, ''); // prettier-ignore
    const units = reader.part(unitCount * offsetSize);
    this.units = Array.from({ length: unitCount }, () => units.unsigned(offsetSize));
    reader.skip(typeUnitCount * offsetSize + foreignCount * 8);
    this.buckets = reader.offset;
    reader.skip(bucketCount * 4);
    this.hashes = reader.offset;
    if (bucketCount > 0) reader.skip(nameCount * 4);
    this.strings = reader.offset;
    reader.skip(nameCount * offsetSize);
    this.entries = reader.offset;
    reader.skip(nameCount * offsetSize);
    this.readShapes(reader.part(abbreviationsSize));
    this.pool = reader.offset;
  }

  /** The hash table may be left out: then nothing can be found. */
  get searchable(): boolean {
    return this.bucketCount > 0;
  }

  private readShapes(reader: Reader): void {
    for (let code = reader.uleb(); code !== 0; code = reader.uleb()) {
      const tag = reader.uleb();
      const columns: number[] = [];
      for (;;) {
        const index = reader.uleb();
        const form = reader.uleb();
        if (index === 0 && form === 0) break;
        if (columns.push(index, form) > 2 * MAX_COLUMNS) reader.fail(`abbreviation ${code} has too many attributes`);
      }
      this.shapes.set(code, { tag, columns });
    }
  }

  /** All entries of exactly this name. @param hash foldedHash(name) @throws FormatError on damage */
  *find(name: Uint8Array, hash: number): Iterable<IndexedEntry> {
    const { reader } = this;
    const bucket = hash % this.bucketCount;
    const first = reader.at(this.buckets + 4 * bucket).u32();
    if (first === 0) return;
    for (let i = first - 1; i < this.nameCount; i++) {
      const here = reader.at(this.hashes + 4 * i).u32();
      if (here === hash && this.isNamed(i, name)) yield* this.entriesOf(reader.at(this.entries + this.offsetSize * i));
      if (here % this.bucketCount !== bucket) break;
    }
  }

  /** Some of the names, from all over the table, each with its first entry. @throws FormatError on damage */
  *samples(count: number): Iterable<[name: string, entry: IndexedEntry]> {
    for (let i = 0; i < this.nameCount; i += Math.max(1, Math.ceil(this.nameCount / count))) {
      const name = this.file.string('str', this.reader.at(this.strings + this.offsetSize * i).unsigned(this.offsetSize));
      for (const entry of this.entriesOf(this.reader.at(this.entries + this.offsetSize * i))) {
        yield [name, entry];
        break;
      }
    }
  }

  private isNamed(index: number, name: Uint8Array): boolean {
    const strings = this.file.section('str');
    const at = this.reader.at(this.strings + this.offsetSize * index).unsigned(this.offsetSize);
    return strings[at + name.length] === 0 && name.every((byte, i) => strings[at + i] === byte);
  }

  private *entriesOf(offset: Reader): Iterable<IndexedEntry> {
    const reader = this.reader.at(this.pool + offset.unsigned(this.offsetSize));
    for (let code = reader.uleb(); code !== 0; code = reader.uleb()) {
      const shape = this.shapes.get(code) ?? reader.fail(`no abbreviation ${code}`);
      let unit = 0;
      let die: number | undefined;
      let inTypeUnit = false;
      for (let i = 0; i < shape.columns.length; i += 2) {
        const value = readValue(reader, shape.columns[i + 1]);
        if (shape.columns[i] === Index.compile_unit) unit = value;
        else if (shape.columns[i] === Index.type_unit) inTypeUnit = true;
        else if (shape.columns[i] === Index.die_offset) die = value;
      }
      if (inTypeUnit) continue;
      if (unit >= this.units.length || die === undefined) return reader.fail(`entry of unit ${unit}, of which there is none`);
      yield { unit: this.units[unit], die, tag: shape.tag };
    }
  }
}

const readValue = (reader: Reader, form: number): number => {
  switch (form) {
    case Form.data1:
    case Form.ref1:
    case Form.flag:
      return reader.u8();
    case Form.data2:
    case Form.ref2:
      return reader.u16();
    case Form.data4:
    case Form.ref4:
      return reader.u32();
    case Form.data8:
    case Form.ref8:
    case Form.ref_sig8:
      return reader.u64Clamped();
    case Form.udata:
    case Form.ref_udata:
      return reader.uleb();
    case Form.flag_present:
      return 1;
    default:
      return reader.fail(`value of form 0x${form.toString(16)}`);
  }
};

/** @throws FormatError when one of the tables is damaged. */
export const readNameTables = (file: DwarfFile): NameTable[] => {
  const tables: NameTable[] = [];
  const reader = new Reader(file.section('names'), '.debug_names');
  while (reader.remaining > 0) {
    let length = reader.u32();
    let offsetSize = 4;
    if (length === 0xffff_ffff) {
      length = reader.u64();
      offsetSize = 8;
    }
    tables.push(new NameTable(file, reader.part(length), offsetSize));
  }
  return tables;
};
