/**
 * Structures, unions and classes (DWARF 5, 5.7): members with their places, bit-fields in the three encodings that
 * compilers have used, base classes, static members and member functions.
 */
import { At, languageOf, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import type { SourcePosition } from './model.js';
import { completedName } from './template-text.js';
import type { TypeReader } from './types-reader.js';
import type { CType, Member, Method, StructType, TypedefType } from './types.js';
import { variantPartOf, type VariantPart } from './variant-parts.js';

const MAX_MEMBERS = 1_000_000;
/** DW_DEFAULTED_in_class (DWARF 5, 5.7.8). */
const defaultedInClass = 1;
/** DW_CC_pass_by_reference and DW_CC_pass_by_value (DWARF 5, 3.3.1.1). */
const passing: Readonly<Record<number, 'value' | 'reference'>> = { 4: 'reference', 5: 'value' };

const accessOf = (die: Die): 'public' | 'protected' | 'private' | undefined => {
  switch (die.number(At.accessibility)) {
    case 1:
      return 'public';
    case 2:
      return 'protected';
    case 3:
      return 'private';
    default:
      return undefined;
  }
};

export class StructReader implements StructType {
  readonly kind: StructType['kind'];

  constructor(
    private readonly die: Die,
    private readonly types: TypeReader,
  ) {
    this.kind = die.tag === Tag.union_type ? 'union' : die.tag === Tag.class_type ? 'class' : 'struct';
  }

  private ownName: string | undefined | null = null;

  get name(): string | undefined {
    if (this.ownName === null) {
      const { around } = this.types;
      this.ownName = around.nameOf(this.die) ?? (this.definition === this.die ? undefined : around.nameOf(this.definition));
    }
    return this.ownName;
  }

  private found: Die | undefined;

  /** A declaration stands for the definition, wherever in the image that is. */
  private get definition(): Die {
    return (this.found ??= this.types.definitionOf(this.die));
  }

  get size(): number | undefined {
    return this.definition.flag(At.declaration) ? undefined : (this.definition.number(At.byte_size) ?? 0);
  }

  get alignment(): number {
    return this.definition.number(At.alignment) ?? 1;
  }

  get passedBy(): 'value' | 'reference' | undefined {
    return passing[this.definition.number(At.calling_convention) ?? 0];
  }

  get declared(): SourcePosition | undefined {
    return this.types.around.declared(this.definition);
  }

  private memberList: readonly Member[] | undefined;

  members(): readonly Member[] {
    if (this.memberList) return this.memberList;
    const result: Member[] = [];
    try {
      for (const child of this.definition.children()) {
        if (result.length >= MAX_MEMBERS) break;
        const member = this.member(child);
        if (member) result.push(member);
      }
    } catch (error) {
      this.die.unit.file.warn(error);
    }
    return (this.memberList = result);
  }

  get rust(): boolean {
    return languageOf(this.die.unit.language) === 'rust';
  }

  private variants: VariantPart | undefined | null = null;

  variantPart(): VariantPart | undefined {
    if (this.variants === null) {
      this.variants = undefined;
      try {
        const part = this.definition.children().find((child) => child.tag === Tag.variant_part);
        this.variants = part && variantPartOf(part, (die) => this.field(die));
      } catch (error) {
        this.die.unit.file.warn(error);
      }
    }
    return this.variants;
  }

  private member(die: Die): Member | undefined {
    switch (die.tag) {
      case Tag.inheritance:
        return this.base(die);
      case Tag.variable:
        return this.staticMember(die);
      case Tag.member:
        // DWARF 4 and before: static members are members that are external or declared only.
        return die.flag(At.external) || (die.flag(At.declaration) && !die.has(At.data_member_location))
          ? this.staticMember(die)
          : this.field(die);
      default:
        return undefined;
    }
  }

  private field(die: Die): Member {
    const type = this.types.typeOf(die);
    const access = accessOf(die);
    return {
      name: die.string(At.name),
      type,
      ...this.place(die, type),
      ...(access ? { access } : {}),
      ...(die.flag(At.artificial) ? { artificial: true } : {}),
    };
  }

  private place(die: Die, type: CType): { offset: number; bitSize?: number; bitOffset?: number } {
    const offset = memberOffset(die);
    const bitSize = die.number(At.bit_size);
    if (bitSize === undefined) return { offset };
    // DWARF 5: counted in bits from the start of the struct, lowest bit first on this machine.
    const dataBits = die.number(At.data_bit_offset);
    if (dataBits !== undefined) return { offset: offset + Math.floor(dataBits / 8), bitSize, bitOffset: dataBits % 8 };
    // DWARF 2 and 3: counted from the highest bit of a storage unit, as on a big-endian machine.
    const bigBits = die.big(At.bit_offset, true);
    if (bigBits === undefined) return { offset, bitSize, bitOffset: 0 };
    const storage = (die.number(At.byte_size) ?? sizeOf(type)) * 8;
    const low = storage - Number(bigBits) - bitSize;
    return { offset: offset + Math.floor(low / 8), bitSize, bitOffset: ((low % 8) + 8) % 8 };
  }

  private base(die: Die): Member {
    const type = this.types.typeOf(die);
    const access = accessOf(die);
    const virtual = die.number(At.virtuality) === 1;
    const location = virtual ? this.types.around.location(die, At.data_member_location) : undefined;
    return {
      name: 'name' in type ? type.name : undefined,
      type,
      offset: virtual ? 0 : memberOffset(die),
      isBase: true,
      ...(location ? { virtualBase: location } : {}),
      ...(access ? { access } : {}),
    };
  }

  private staticMember(die: Die): Member | undefined {
    const name = die.string(At.name);
    // The compiler's own (clang's `_vtable$`, which tells where a class has its virtual table) is nobody's member.
    if (name === undefined || die.flag(At.artificial)) return undefined;
    const { types } = this;
    const access = accessOf(die);
    return {
      name,
      type: types.typeOf(die),
      offset: 0,
      // Its definition may be in another unit: looked for when the value is wanted.
      get staticVariable() {
        return types.around.variableOf(die);
      },
      ...(access ? { access } : {}),
    };
  }

  templateTypes(): readonly CType[] {
    const typesIn = (die: Die): CType[] =>
      [...die.children()].flatMap((child) => {
        if (child.tag === Tag.template_type_parameter) return [this.types.typeOf(child)];
        return child.tag === Tag.GNU_template_parameter_pack ? typesIn(child) : [];
      });
    return typesIn(this.definition);
  }

  templateNames(): readonly { readonly name: string; readonly type: CType }[] {
    return this.definition.children().flatMap((child) => {
      const name = child.tag === Tag.template_type_parameter ? child.string(At.name) : undefined;
      return name === undefined ? [] : [{ name, type: this.types.typeOf(child) }];
    });
  }

  typedefs(): readonly { readonly type: TypedefType; readonly access?: string }[] {
    return this.definition.children().flatMap((child) => {
      const type = child.tag === Tag.typedef ? this.types.read(child) : undefined;
      const access = accessOf(child);
      return type?.kind === 'typedef' ? [{ type, ...(access ? { access } : {}) }] : [];
    });
  }

  private methodList: readonly Method[] | undefined;

  methods(): readonly Method[] {
    if (this.methodList) return this.methodList;
    const result: Method[] = [];
    try {
      for (const child of this.definition.children()) {
        const written = child.tag === Tag.subprogram ? child.string(At.name) : undefined;
        if (written === undefined || result.length >= MAX_MEMBERS) continue;
        const name = completedName(child, written, this.types);
        const type = this.types.read(child);
        const access = accessOf(child);
        const virtualIndex = tableIndex(child);
        const linkageName = child.string(At.linkage_name);
        if (type.kind === 'function')
          result.push({
            name,
            type,
            isStatic: !type.parameters[0]?.artificial,
            virtual: (child.number(At.virtuality) ?? 0) !== 0,
            artificial: child.flag(At.artificial),
            code: () => this.types.around.codeOf(child),
            ...(linkageName !== undefined ? { linkageName } : {}),
            ...(virtualIndex !== undefined ? { virtualIndex } : {}),
            ...(child.number(At.defaulted) === defaultedInClass ? { defaulted: true } : {}),
            ...(child.flag(At.explicit) ? { explicit: true } : {}),
            ...(access ? { access } : {}),
          });
      }
    } catch (error) {
      this.die.unit.file.warn(error);
    }
    return (this.methodList = result);
  }
}

/** DW_AT_data_member_location: a constant, or (DWARF 2) an expression that adds one to the address of the struct. */
const memberOffset = (die: Die): number => {
  const given = die.number(At.data_member_location);
  if (given !== undefined) return given;
  const block = die.block(At.data_member_location);
  const plusUconst = 0x23;
  if (!block || block[0] !== plusUconst) return 0;
  let value = 0;
  let scale = 1;
  for (let i = 1; i < block.length && i < 10; i++) {
    value += (block[i] & 0x7f) * scale;
    scale *= 128;
  }
  return value;
};

/** DW_AT_vtable_elem_location: an expression that pushes a number (DWARF 5, 5.7.8). */
const tableIndex = (die: Die): number | undefined => {
  const block = die.block(At.vtable_elem_location);
  const constu = 0x10;
  if (block?.[0] !== constu) return undefined;
  return block.subarray(1).reduceRight((value, byte) => value * 128 + (byte & 0x7f), 0);
};

/** Bytes of a type that may hold a bit-field. */
const sizeOf = (type: CType): number => {
  for (let depth = 0; depth < 64; depth++) {
    if (type.kind === 'base' || type.kind === 'enum') return type.size;
    if (!('target' in type) || type.kind === 'pointer') return 8;
    type = type.target;
  }
  return 4;
};
