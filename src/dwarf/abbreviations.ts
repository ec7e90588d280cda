/**
 * Abbreviation tables (DWARF 5, 7.5.3): what each kind of debugging information entry looks like. Tables are parsed once
 * and compiled: beside the list of attributes each abbreviation has a skip plan, so that an entry nobody asked about is
 * passed over with a few additions.
 */
import { Reader } from '../common/reader.js';
import { Form, isTemplateArgument } from './constants.js';

/** What the size of a form depends on (DWARF 5, 7.4 and 7.5.6). */
export interface FormSizes {
  readonly version: number;
  /** 4 or 8. */
  readonly offsetSize: number;
  readonly addressSize: number;
}

/** Steps of a skip plan: a positive number of bytes, or one of these. */
export const Skip = { leb: 0, string: -1, block1: -2, block2: -3, block4: -4, block: -5, indirect: -6, nothing: -7 } as const;

/** A size in bytes, or a step of `Skip`; undefined for a form that nobody defined. */
const formSize = (form: number, sizes: FormSizes): number | undefined => {
  switch (form) {
    case Form.flag_present:
    case Form.implicit_const:
      return Skip.nothing;
    case Form.data1:
    case Form.ref1:
    case Form.flag:
    case Form.strx1:
    case Form.addrx1:
      return 1;
    case Form.data2:
    case Form.ref2:
    case Form.strx2:
    case Form.addrx2:
      return 2;
    case Form.strx3:
    case Form.addrx3:
      return 3;
    case Form.data4:
    case Form.ref4:
    case Form.strx4:
    case Form.addrx4:
    case Form.ref_sup4:
      return 4;
    case Form.data8:
    case Form.ref8:
    case Form.ref_sig8:
    case Form.ref_sup8:
      return 8;
    case Form.data16:
      return 16;
    case Form.addr:
      return sizes.addressSize;
    case Form.ref_addr:
      return sizes.version <= 2 ? sizes.addressSize : sizes.offsetSize;
    case Form.strp:
    case Form.line_strp:
    case Form.strp_sup:
    case Form.sec_offset:
    case Form.GNU_ref_alt:
    case Form.GNU_strp_alt:
      return sizes.offsetSize;
    case Form.sdata:
    case Form.udata:
    case Form.ref_udata:
    case Form.strx:
    case Form.addrx:
    case Form.loclistx:
    case Form.rnglistx:
    case Form.GNU_addr_index:
    case Form.GNU_str_index:
      return Skip.leb;
    case Form.string:
      return Skip.string;
    case Form.block1:
      return Skip.block1;
    case Form.block2:
      return Skip.block2;
    case Form.block4:
      return Skip.block4;
    case Form.block:
    case Form.exprloc:
      return Skip.block;
    case Form.indirect:
      return Skip.indirect;
    default:
      return undefined;
  }
};

/** One declared shape of entry. */
export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  /** DW_AT codes, and beside each its form and, for DW_FORM_implicit_const, its value. */
  readonly attributes: readonly number[];
  readonly forms: readonly number[];
  readonly constants: readonly (number | bigint)[];
  /** How each attribute is passed over: a size or a step of `Skip`. */
  readonly steps: readonly number[];
  /** The same for all of them, sizes that follow each other added up. */
  readonly plan: readonly number[];
  /** Bytes of the attributes when that is the same for every entry; else -1. */
  readonly fixedSize: number;
  /** Its entries tell what an instance of a template has for a parameter. */
  readonly isTemplateArgument: boolean;
}

/** Where `plan` would lead from `position`; may lie behind the end of the bytes, which callers check. */
export const skipByPlan = (bytes: Uint8Array, position: number, plan: readonly number[], sizes: FormSizes): number => {
  for (let i = 0; i < plan.length; i++) position = skipStep(bytes, position, plan[i], sizes);
  return position;
};

/** One step of a plan. Bytes behind the end read as undefined, which ends every loop here. */
export const skipStep = (bytes: Uint8Array, position: number, step: number, sizes: FormSizes): number => {
  if (step > 0) return position + step;
  switch (step) {
    case 0:
      while (bytes[position++] >= 0x80);
      return position;
    case -1:
      while (bytes[position]) position++;
      return position + 1;
    case -2:
      return position + 1 + (bytes[position] ?? 0);
    case -3:
      return position + 2 + ((bytes[position] ?? 0) | ((bytes[position + 1] ?? 0) << 8));
    case -4:
      return position + 4 + word(bytes, position);
    case -5: {
      let length = 0;
      let scale = 1;
      let byte;
      do {
        byte = bytes[position++] ?? 0;
        length += (byte & 0x7f) * scale;
        scale *= 128;
      } while (byte >= 0x80);
      return position + length;
    }
    case -7:
      return position;
    default: {
      // DW_FORM_indirect: the form stands before the value.
      let form = 0;
      let scale = 1;
      let byte;
      do {
        byte = bytes[position++] ?? 0;
        form += (byte & 0x7f) * scale;
        scale *= 128;
      } while (byte >= 0x80);
      if (form === Form.indirect) return Infinity;
      const size = formSize(form, sizes);
      return size === undefined ? Infinity : skipStep(bytes, position, size, sizes);
    }
  }
};

const word = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;

/** Codes are nearly always 1, 2, 3...; bigger ones than this go to a map. */
const MAX_DENSE = 0x1_0000;

/**
 * The abbreviations of a file. Units of one compiler declare the same shapes over and over (each object file has a table of
 * its own): equal declarations become one object.
 */
export class AbbreviationPool {
  private readonly known = new Map<string, Abbreviation | undefined>();
  private readonly text: Buffer;

  constructor(private readonly bytes: Uint8Array) {
    this.text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The declaration that begins at the reader's offset, which moves behind it. Undefined: it has a form that nobody defined. */
  read(reader: Reader, sizes: FormSizes): Abbreviation | undefined {
    const start = reader.offset;
    skipDeclaration(reader);
    const key = `${sizes.offsetSize}${sizes.addressSize}${sizes.version <= 2 ? 2 : 3}${this.text.toString('latin1', start, reader.offset)}`;
    let found = this.known.get(key);
    if (found === undefined && !this.known.has(key)) {
      found = readDeclaration(new Reader(this.bytes, '.debug_abbrev', start), sizes);
      this.known.set(key, found);
    }
    return found;
  }
}

/**
 * The abbreviations of one unit, by code. They are read up to the one that is asked for: of a unit of which only the first
 * entry matters, that is a small part. Damage ends the table; what stands before it stays usable.
 */
export class AbbreviationTable {
  private readonly byCode: (Abbreviation | undefined)[] = [];
  private readonly sparse = new Map<number, Abbreviation>();
  private readonly reader: Reader | undefined;
  private done = false;

  constructor(
    private readonly pool: AbbreviationPool,
    bytes: Uint8Array,
    offset: number,
    private readonly sizes: FormSizes,
  ) {
    if (offset <= bytes.length) this.reader = new Reader(bytes, '.debug_abbrev', offset);
    else this.done = true;
  }

  get(code: number): Abbreviation | undefined {
    let found = this.known(code);
    while (!found && !this.done) {
      this.readNext();
      found = this.known(code);
    }
    return found;
  }

  /** All of them, with their codes. */
  *entries(): Iterable<[code: number, abbreviation: Abbreviation]> {
    while (!this.done) this.readNext();
    for (const [code, abbreviation] of this.byCode.entries()) if (abbreviation) yield [code, abbreviation];
    yield* this.sparse;
  }

  private known(code: number): Abbreviation | undefined {
    return code < MAX_DENSE ? this.byCode[code] : this.sparse.get(code);
  }

  private readNext(): void {
    try {
      const code = this.reader?.uleb() ?? 0;
      if (!this.reader || code === 0) {
        this.done = true;
        return;
      }
      const abbreviation = this.pool.read(this.reader, this.sizes);
      if (!abbreviation || this.known(code)) return;
      if (code < MAX_DENSE) {
        while (this.byCode.length < code) this.byCode.push(undefined);
        this.byCode[code] = abbreviation;
      } else this.sparse.set(code, abbreviation);
    } catch {
      // The entries that need what is missing will be reported where they stand.
      this.done = true;
    }
  }
}

const skipDeclaration = (reader: Reader): void => {
  reader.skipLeb(); // tag
  reader.u8(); // children
  for (;;) {
    const attribute = reader.uleb();
    const form = reader.uleb();
    if (form === Form.implicit_const) reader.skipLeb();
    if (attribute === 0 && form === 0) return;
  }
};

const readDeclaration = (reader: Reader, sizes: FormSizes): Abbreviation | undefined => {
  const tag = reader.uleb();
  const hasChildren = reader.u8() !== 0;
  const attributes: number[] = [];
  const forms: number[] = [];
  const constants: (number | bigint)[] = [];
  const steps: number[] = [];
  const plan: number[] = [];
  for (;;) {
    const attribute = reader.uleb();
    const form = reader.uleb();
    const value = form === Form.implicit_const ? reader.slebBig() : 0n;
    if (attribute === 0 && form === 0) break;
    const step = formSize(form, sizes);
    if (step === undefined) return undefined;
    attributes.push(attribute);
    forms.push(form);
    steps.push(step);
    constants.push(Number.isSafeInteger(Number(value)) ? Number(value) : value);
    const last = plan.length - 1;
    if (step > 0 && last >= 0 && plan[last] > 0) plan[last] += step;
    else if (step !== Skip.nothing) plan.push(step);
  }
  const fixedSize = plan.length === 0 ? 0 : plan.length === 1 && plan[0] > 0 ? plan[0] : -1;
  return { tag, hasChildren, attributes, forms, constants, steps, plan, fixedSize, isTemplateArgument: isTemplateArgument(tag) };
};
