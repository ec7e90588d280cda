/**
 * One debugging information entry (DWARF 5, 2.1) and its attribute values, decoded when asked for. An entry knows only
 * where it stands; nothing of it is kept but the places of its attributes.
 */
import { Reader } from '../common/reader.js';
import { skipByPlan, skipStep, formSize, type Abbreviation } from './abbreviations.js';
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
    const { forms } = abbreviation;
    const bytes = unit.bytes;
    this.positions = new Array<number>(forms.length);
    for (let i = 0; i < forms.length; i++) {
      this.positions[i] = position;
      const size = formSize(forms[i], unit);
      if (size !== undefined) position = skipStep(bytes, position, size, unit);
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

  /** The form and a reader at the value. */
  private value(attribute: number): { form: number; reader: Reader; constant: number } | undefined {
    const index = this.abbreviation.attributes.indexOf(attribute);
    if (index < 0) return undefined;
    const reader = new Reader(this.unit.bytes, this.unit.sectionName, this.positions[index], this.unit.end);
    let form = this.abbreviation.forms[index];
    if (form === Form.indirect) form = reader.uleb();
    return { form, reader, constant: this.abbreviation.constants[index] };
  }

  /** The value's form (of an indirect one, what it stands for); undefined when the attribute is absent. */
  form(attribute: number): number | undefined {
    return this.value(attribute)?.form;
  }

  flag(attribute: number): boolean {
    const value = this.value(attribute);
    if (!value) return false;
    if (value.form === Form.flag_present) return true;
    if (value.form === Form.implicit_const) return value.constant !== 0;
    return value.form === Form.flag && value.reader.u8() !== 0;
  }

  /**
   * Constants and section offsets as a number; undefined when absent, of another class, or absurdly big. Forms data1 to
   * data8 are taken as unsigned (use `big` where the sign matters).
   */
  number(attribute: number): number | undefined {
    const value = this.value(attribute);
    if (!value) return undefined;
    const { form, reader, constant } = value;
    switch (form) {
      case Form.data1:
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
        return constant;
      case Form.sec_offset:
        return this.unit.offsetSize === 8 ? reader.u64Clamped() : reader.u32();
      case Form.flag:
        return reader.u8();
      case Form.flag_present:
        return 1;
      default:
        return undefined;
    }
  }

  /** A constant with all its bits. data1 to data8 are extended by `signed`; sdata and udata bring their own sign. */
  big(attribute: number, signed = false): bigint | undefined {
    const value = this.value(attribute);
    if (!value) return undefined;
    const { form, reader, constant } = value;
    switch (form) {
      case Form.data1:
        return BigInt(signed ? reader.i8() : reader.u8());
      case Form.data2:
        return BigInt(signed ? reader.i16() : reader.u16());
      case Form.data4:
        return BigInt(signed ? reader.i32() : reader.u32());
      case Form.data8:
        return signed ? reader.i64Big() : reader.u64Big();
      case Form.udata:
        return reader.ulebBig();
      case Form.sdata:
        return reader.slebBig();
      case Form.implicit_const:
        return BigInt(constant);
      default:
        return undefined;
    }
  }

  /** Blocks and expressions; data16 too, whose value is 16 bytes. */
  block(attribute: number): Uint8Array | undefined {
    const value = this.value(attribute);
    if (!value) return undefined;
    const { form, reader } = value;
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
  }

  string(attribute: number): string | undefined {
    const value = this.value(attribute);
    if (!value) return undefined;
    return this.unit.stringByForm(value.form, value.reader);
  }

  /** Class address; undefined also for an index that .debug_addr does not have. */
  address(attribute: number): number | undefined {
    const value = this.value(attribute);
    if (!value) return undefined;
    const { form, reader } = value;
    switch (form) {
      case Form.addr:
        return this.unit.addressSize === 4 ? reader.u32() : reader.u64Clamped();
      case Form.addrx:
      case Form.GNU_addr_index:
        return this.unit.addressAt(reader.uleb());
      case Form.addrx1:
        return this.unit.addressAt(reader.u8());
      case Form.addrx2:
        return this.unit.addressAt(reader.u16());
      case Form.addrx3:
        return this.unit.addressAt(reader.u24());
      case Form.addrx4:
        return this.unit.addressAt(reader.u32());
      default:
        return undefined;
    }
  }

  /** Index of DW_FORM_loclistx or rnglistx. */
  listIndex(attribute: number): number | undefined {
    const value = this.value(attribute);
    if (!value || (value.form !== Form.loclistx && value.form !== Form.rnglistx)) return undefined;
    return value.reader.uleb();
  }

  /** The entry that an attribute of class reference names, in whatever unit or file it stands. */
  reference(attribute: number): Die | undefined {
    const value = this.value(attribute);
    if (!value) return undefined;
    const { form, reader } = value;
    const unit = this.unit;
    switch (form) {
      case Form.ref1:
        return unit.dieAt(unit.offset + reader.u8());
      case Form.ref2:
        return unit.dieAt(unit.offset + reader.u16());
      case Form.ref4:
        return unit.dieAt(unit.offset + reader.u32());
      case Form.ref8:
        return unit.dieAt(unit.offset + reader.u64Clamped());
      case Form.ref_udata:
        return unit.dieAt(unit.offset + reader.uleb());
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
      default:
        return undefined;
    }
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

  /** The entries directly below this one. */
  children(): Die[] {
    const result: Die[] = [];
    if (!this.hasChildren) return result;
    const unit = this.unit;
    for (let at = this.next; at < unit.end;) {
      const child = unit.dieAt(at);
      if (!child) break;
      result.push(child);
      at = child.siblingOffset();
    }
    return result;
  }

  /** Where the next entry of the same depth stands: by DW_AT_sibling, or by passing over everything below. */
  siblingOffset(): number {
    if (!this.hasChildren) return this.next;
    const { sibling } = this.abbreviation;
    if (sibling >= 0) {
      const reader = new Reader(this.unit.bytes, this.unit.sectionName, this.positions[sibling], this.unit.end);
      const target = siblingTarget(this.unit, this.abbreviation.forms[sibling], reader);
      if (target !== undefined && target > this.next - 1 && target <= this.unit.end) return target;
    }
    return skipChildren(this.unit, this.next);
  }
}

const siblingTarget = (unit: Unit, form: number, reader: Reader): number | undefined => {
  switch (form) {
    case Form.ref1:
      return unit.offset + reader.u8();
    case Form.ref2:
      return unit.offset + reader.u16();
    case Form.ref4:
      return unit.offset + reader.u32();
    case Form.ref_udata:
      return unit.offset + reader.uleb();
    default:
      return undefined;
  }
};

/** The offset behind a list of children that begins at `position`: fast, without looking at anything but sizes. */
export const skipChildren = (unit: Unit, position: number): number => {
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
    position = abbreviation.fixedSize >= 0 ? position + abbreviation.fixedSize : skipByPlan(bytes, position, abbreviation.plan, unit);
    if (abbreviation.hasChildren) depth++;
  }
  return end;
};
