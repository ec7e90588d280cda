/**
 * One debugging information entry (DWARF 5, 2.1) and its attribute values, decoded when asked for. An entry knows only
 * where it stands; nothing of it is kept but the places of its attributes.
 */
import type { Reader } from '../common/reader.js';
import { skipByPlan, skipStep, type Abbreviation } from './abbreviations.js';
import { At, Form } from './constants.js';
import type { Unit } from './unit.js';

/** Chains of DW_AT_abstract_origin and DW_AT_specification are two or three long; longer ones are cycles. */
const MAX_CHAIN = 16;

export class Die {
  private readonly positions: number[];
  /** Offset of the entry that follows the attributes: the first child, when there are children. */
  readonly next: number;

  /** `position` is where the attributes begin: behind the abbreviation code. */
  constructor(
    readonly unit: Unit,
    readonly offset: number,
    readonly abbreviation: Abbreviation,
    position: number,
  ) {
    const { steps } = abbreviation;
    const bytes = unit.bytes;
    this.positions = new Array<number>(steps.length);
    for (let i = 0; i < steps.length; i++) {
      this.positions[i] = position;
      position = skipStep(bytes, position, steps[i], unit);
    }
    if (!(position <= unit.end)) unit.fail(offset, 'entry runs over the end of its unit');
    this.next = position;
  }

  get tag(): number {
    return this.abbreviation.tag;
  }

  get hasChildren(): boolean {
    return this.abbreviation.hasChildren;
  }

  has(attribute: number): boolean {
    return this.abbreviation.attributes.includes(attribute);
  }

  /** Decodes one attribute; damage in it is a warning, and the attribute absent. */
  private decode<T>(attribute: number, read: Decoder<T>): T | undefined {
    const index = this.abbreviation.attributes.indexOf(attribute);
    if (index < 0) return undefined;
    const { unit } = this;
    try {
      const reader = unit.reader.at(this.positions[index]);
      let form = this.abbreviation.forms[index];
      if (form === Form.indirect) form = reader.uleb();
      return read(form, reader, unit, this.abbreviation.constants[index]);
    } catch (error) {
      unit.file.warn(error);
      return undefined;
    }
  }

  /** The value's form (of an indirect one, what it stands for); undefined when the attribute is absent. */
  form(attribute: number): number | undefined {
    return this.decode(attribute, (form) => form);
  }

  flag(attribute: number): boolean {
    return (this.decode(attribute, readNumber) ?? 0) !== 0;
  }

  /**
   * Constants and section offsets as a number; undefined when absent or of another class. Forms data1 to data8 are taken as
   * unsigned (use `big` where the sign matters).
   */
  number(attribute: number): number | undefined {
    return this.decode(attribute, readNumber);
  }

  /** A constant with all its bits. data1 to data8 are extended by `signed`; sdata and udata bring their own sign. */
  big(attribute: number, signed = false): bigint | undefined {
    return this.decode(attribute, signed ? readSigned : readUnsigned);
  }

  /** Blocks and expressions; data16 too, whose value is 16 bytes. */
  block(attribute: number): Uint8Array | undefined {
    return this.decode(attribute, readBlock);
  }

  string(attribute: number): string | undefined {
    return this.decode(attribute, (form, reader, unit) => unit.stringByForm(form, reader));
  }

  /** Class address; undefined also for an index that .debug_addr does not have. */
  address(attribute: number): number | undefined {
    return this.decode(attribute, readAddress);
  }

  /** Index of DW_FORM_loclistx or rnglistx. */
  listIndex(attribute: number): number | undefined {
    return this.decode(attribute, (form, reader) => (form === Form.loclistx || form === Form.rnglistx ? reader.uleb() : undefined));
  }

  /** The entry that an attribute of class reference names, in whatever unit or file it stands. */
  reference(attribute: number): Die | undefined {
    return this.decode(attribute, readReference);
  }

  /** The entry and what it completes: abstract origins and specifications (DWARF 5, 2.13.2 and 3.3.8.2), nearest first. */
  lineage(): readonly Die[] {
    const chain: Die[] = [this];
    while (chain.length < MAX_CHAIN) {
      const last = chain[chain.length - 1];
      const origin = last.reference(At.abstract_origin) ?? last.reference(At.specification);
      if (!origin || chain.some((seen) => seen.offset === origin.offset && seen.unit === origin.unit)) break;
      chain.push(origin);
    }
    return chain;
  }

  /** The entries directly below this one; of a damaged list, those before the damage. */
  children(): Die[] {
    const result: Die[] = [];
    if (!this.hasChildren) return result;
    const unit = this.unit;
    try {
      for (let at = this.next; at < unit.end;) {
        const child = unit.dieAt(at);
        if (!child) break;
        result.push(child);
        at = child.siblingOffset();
      }
    } catch (error) {
      unit.file.warn(error);
    }
    return result;
  }

  /**
   * Where the next entry of the same depth stands: by DW_AT_sibling, or by passing over everything below.
   * @throws FormatError on damage
   */
  siblingOffset(): number {
    if (!this.hasChildren) return this.next;
    const target = this.decode(At.sibling, localReference);
    if (target !== undefined && target >= this.next && target <= this.unit.end) return target;
    return skipChildren(this.unit, this.next);
  }
}

/** @throws FormatError when the value is damaged; undefined when it is of another class */
type Decoder<T> = (form: number, reader: Reader, unit: Unit, constant: number | bigint) => T | undefined;

const readNumber: Decoder<number> = (form, reader, unit, constant) => {
  switch (form) {
    case Form.data1:
    case Form.flag:
      return reader.u8();
    case Form.data2:
      return reader.u16();
    case Form.data4:
      return reader.u32();
    case Form.data8:
      return reader.u64Clamped();
    case Form.udata:
      return Number(reader.ulebBig());
    case Form.sdata:
      return Number(reader.slebBig());
    case Form.implicit_const:
      return Number(constant);
    case Form.sec_offset:
      return unit.offsetSize === 8 ? reader.u64Clamped() : reader.u32();
    case Form.flag_present:
      return 1;
    default:
      return undefined;
  }
};

const readUnsigned: Decoder<bigint> = (form, reader, _unit, constant) => {
  switch (form) {
    case Form.data1:
      return BigInt(reader.u8());
    case Form.data2:
      return BigInt(reader.u16());
    case Form.data4:
      return BigInt(reader.u32());
    case Form.data8:
      return reader.u64Big();
    case Form.udata:
      return reader.ulebBig();
    case Form.sdata:
      return reader.slebBig();
    case Form.implicit_const:
      return BigInt(constant);
    default:
      return undefined;
  }
};

const readSigned: Decoder<bigint> = (form, reader, unit, constant) => {
  const value = readUnsigned(form, reader, unit, constant);
  const bits = form === Form.data1 ? 8 : form === Form.data2 ? 16 : form === Form.data4 ? 32 : form === Form.data8 ? 64 : 0;
  return value === undefined || bits === 0 ? value : BigInt.asIntN(bits, value);
};

const readBlock: Decoder<Uint8Array> = (form, reader) => {
  switch (form) {
    case Form.exprloc:
    case Form.block:
      return reader.slice(reader.uleb());
    case Form.block1:
      return reader.slice(reader.u8());
    case Form.block2:
      return reader.slice(reader.u16());
    case Form.block4:
      return reader.slice(reader.u32());
    case Form.data16:
      return reader.slice(16);
    default:
      return undefined;
  }
};

const readAddress: Decoder<number> = (form, reader, unit) => {
  switch (form) {
    case Form.addr:
      return unit.addressSize === 4 ? reader.u32() : reader.u64Clamped();
    case Form.addrx:
    case Form.GNU_addr_index:
      return unit.addressAt(reader.uleb());
    case Form.addrx1:
      return unit.addressAt(reader.u8());
    case Form.addrx2:
      return unit.addressAt(reader.u16());
    case Form.addrx3:
      return unit.addressAt(reader.u24());
    case Form.addrx4:
      return unit.addressAt(reader.u32());
    default:
      return undefined;
  }
};

/** The offset in the section that a reference within the unit means; undefined: the form is of another kind. */
export const localReference = (form: number, reader: Reader, unit: Unit): number | undefined => {
  switch (form) {
    case Form.ref1:
      return unit.offset + reader.u8();
    case Form.ref2:
      return unit.offset + reader.u16();
    case Form.ref4:
      return unit.offset + reader.u32();
    case Form.ref8:
      return unit.offset + reader.u64Clamped();
    case Form.ref_udata:
      return unit.offset + reader.uleb();
    default:
      return undefined;
  }
};

const readReference: Decoder<Die> = (form, reader, unit) => {
  switch (form) {
    case Form.ref_addr:
      return unit.file.dieAt(reader.unsigned(unit.version <= 2 ? unit.addressSize : unit.offsetSize));
    case Form.ref_sig8:
      return unit.file.typeBySignature(reader.u64Big());
    case Form.GNU_ref_alt:
      return unit.file.supplementary()?.dieAt(reader.unsigned(unit.offsetSize));
    case Form.ref_sup4:
      return unit.file.supplementary()?.dieAt(reader.u32());
    case Form.ref_sup8:
      return unit.file.supplementary()?.dieAt(reader.u64Clamped());
    default: {
      const target = localReference(form, reader, unit);
      return target === undefined ? undefined : unit.dieAt(target);
    }
  }
};

/**
 * The offset behind a list of children that begins at `position`: fast, without looking at anything but sizes.
 * @param met is told what is in the list itself, not below
 */
export const skipChildren = (unit: Unit, position: number, met?: { templateArgument: boolean }): number => {
  const { bytes, end } = unit;
  const table = unit.abbreviations;
  let depth = 1;
  while (position < end) {
    const at = position;
    let code = bytes[position++];
    if (code >= 0x80) {
      let scale = 128;
      let byte;
      code &= 0x7f;
      do {
        byte = bytes[position++] ?? 0;
        code += (byte & 0x7f) * scale;
        scale *= 128;
      } while (byte >= 0x80);
    }
    if (code === 0) {
      if (--depth === 0) return position;
      continue;
    }
    const abbreviation = table.get(code);
    if (!abbreviation) return unit.fail(at, `no abbreviation ${code}`);
    if (abbreviation.isTemplateArgument && depth === 1 && met) met.templateArgument = true;
    position = abbreviation.fixedSize >= 0 ? position + abbreviation.fixedSize : skipByPlan(bytes, position, abbreviation.plan, unit);
    if (abbreviation.hasChildren) depth++;
  }
  return end;
};
