/**
 * From type entries (DWARF 5, chapter 5) to the plain types of types.ts. Each entry becomes one object, made when first
 * asked for; what may be large or recursive (members, parameters) is read when it is looked at.
 */
import { At, Encoding, Form, languageOf, lowestIndex, Tag } from '../dwarf/constants.js';
import type { Die } from '../dwarf/die.js';
import type { Unit } from '../dwarf/unit.js';
import type { FunctionSymbol, LocationDescription, SourcePosition, Variable } from './model.js';
import { StructReader } from './structs.js';
import type { ArrayType, BaseType, CType, EnumType, FunctionType, VoidType } from './types.js';

const voidType: VoidType = { kind: 'void' };

/** Of a string that is a type of its own; C's, because it is shown in C's way. */
const CHARACTER: BaseType = { kind: 'base', name: 'char', size: 1, encoding: 'signed-char' };

/** Qualifiers, pointers and arrays nest a few deep; beyond this the input is a cycle. */
const MAX_DEPTH = 200;
const MAX_ENUMERATORS = 1_000_000;

/** What types need of the rest of the image. */
export interface TypeSurroundings {
  /** The definition of a struct, union, class or enum that is only declared here. */
  definitionOf(declaration: Die): Die | undefined;
  location(die: Die, attribute: number): LocationDescription | undefined;
  /** The variable that a DIE describes: bounds of variable-length arrays, static members. */
  variableOf(die: Die): Variable | undefined;
  /** The function that an entry of a class declares, or is. */
  codeOf(die: Die): FunctionSymbol | undefined;
  declared(die: Die): SourcePosition | undefined;
  /** The name as a user writes it: C++'s with namespaces and classes. Undefined: it has none. */
  nameOf(die: Die): string | undefined;
  /** What stands before the names of an enum's constants: `ns::Class::`, or nothing. */
  enumeratorPrefix(die: Die): string;
}

export class TypeReader {
  private readonly cache = new WeakMap<Unit, Map<number, CType>>();
  private depth = 0;

  constructor(readonly around: TypeSurroundings) {}

  /** The type that an entry's DW_AT_type names; void when it names none. */
  typeOf(die: Die, attribute: number = At.type): CType {
    try {
      for (const step of die.lineage()) {
        const target = step.reference(attribute);
        if (target) return this.read(target);
      }
    } catch (error) {
      die.unit.file.warn(error);
    }
    return voidType;
  }

  /** The type that this entry is. */
  read(die: Die): CType {
    let known = this.cache.get(die.unit);
    if (!known) this.cache.set(die.unit, (known = new Map<number, CType>()));
    const before = known.get(die.offset);
    if (before) return before;
    if (this.depth >= MAX_DEPTH) return voidType;
    this.depth++;
    try {
      // While it is being read the entry stands for void: a cycle that no compiler makes ends here.
      known.set(die.offset, voidType);
      const type = this.make(die);
      known.set(die.offset, type);
      return type;
    } catch (error) {
      die.unit.file.warn(error);
      return voidType;
    } finally {
      this.depth--;
    }
  }

  /** A declaration stands for the definition, wherever in the image that is; itself, if there is none. */
  definitionOf(die: Die): Die {
    try {
      // A type unit's skeleton in the unit itself names the signature of the whole (DWARF 5, 5.7.1).
      return die.reference(At.signature) ?? (die.flag(At.declaration) ? this.around.definitionOf(die) : undefined) ?? die;
    } catch (error) {
      die.unit.file.warn(error);
      return die;
    }
  }

  private make(die: Die): CType {
    switch (die.tag) {
      case Tag.base_type:
        return baseType(die);
      case Tag.unspecified_type:
        return die.string(At.name) === nullPointerType ? nullPointer(die.unit.addressSize) : baseType(die);
      case Tag.pointer_type:
        return { kind: 'pointer', target: this.typeOf(die), size: die.number(At.byte_size) ?? die.unit.addressSize };
      case Tag.reference_type:
      case Tag.rvalue_reference_type:
        return {
          kind: 'pointer',
          target: this.typeOf(die),
          size: die.number(At.byte_size) ?? die.unit.addressSize,
          reference: die.tag === Tag.reference_type ? 'lvalue' : 'rvalue',
        };
      case Tag.const_type:
      case Tag.immutable_type:
        return { kind: 'const', target: this.typeOf(die) };
      case Tag.volatile_type:
        return { kind: 'volatile', target: this.typeOf(die) };
      case Tag.restrict_type:
        return { kind: 'restrict', target: this.typeOf(die) };
      case Tag.atomic_type:
        return { kind: 'atomic', target: this.typeOf(die) };
      case Tag.typedef:
      case Tag.template_alias: {
        const declared = this.around.declared(die);
        return { kind: 'typedef', name: this.around.nameOf(die) ?? '', target: this.typeOf(die), ...(declared ? { declared } : {}) };
      }
      case Tag.structure_type:
      case Tag.class_type:
      case Tag.interface_type:
      case Tag.union_type:
        return new StructReader(die, this);
      case Tag.enumeration_type:
        return new EnumReader(die, this);
      case Tag.array_type:
        return this.array(die);
      case Tag.string_type:
        // Fortran's CHARACTER (5.11); where the length stands elsewhere, that is not followed.
        return { kind: 'array', element: CHARACTER, count: die.number(At.byte_size) };
      case Tag.subroutine_type:
      case Tag.subprogram:
        return new FunctionReader(die, this);
      case Tag.ptr_to_member_type:
        return {
          kind: 'member-pointer',
          target: this.typeOf(die),
          containing: this.typeOf(die, At.containing_type),
          // The Itanium C++ ABI: an offset for data, a pair of words for functions.
          size: die.number(At.byte_size) ?? (die.reference(At.type)?.tag === Tag.subroutine_type ? 16 : 8),
        };
      default:
        return voidType;
    }
  }

  /** One array type per dimension, the first outermost (DWARF 5, 5.5). */
  private array(die: Die): CType {
    const isVector = die.flag(At.GNU_vector);
    const element = isVector ? asNumber(this.typeOf(die)) : this.typeOf(die);
    const dimensions = die.children().filter((child) => child.tag === Tag.subrange_type || child.tag === Tag.enumeration_type);
    const own = {
      ...(isVector ? { vector: true } : {}),
      ...(languageOf(die.unit.language) === 'rust' ? { rust: true } : {}),
    };
    if (dimensions.length === 0) return { kind: 'array', element, count: undefined, ...own };
    return dimensions.reduceRight<CType>(
      (inner, dimension) => ({ kind: 'array', element: inner, count: this.countOf(dimension), ...own }),
      element,
    );
  }

  private countOf(dimension: Die): ArrayType['count'] {
    const count = this.bound(dimension, At.count);
    if (typeof count === 'number') return Math.max(0, count);
    if (count) return { count };
    const upper = this.bound(dimension, At.upper_bound);
    if (upper === undefined) return undefined;
    const lower = dimension.number(At.lower_bound) ?? lowestIndex(dimension.unit.language);
    // gcc writes -1 for `int a[0]`, as a number of the width of sizetype.
    if (typeof upper === 'number') return Math.max(0, upper - lower + 1);
    return { upper, lower };
  }

  private bound(dimension: Die, attribute: number): number | LocationDescription | Variable | undefined {
    const form = dimension.form(attribute);
    if (form === undefined) return undefined;
    const value = dimension.big(attribute);
    if (value !== undefined && form !== Form.sec_offset) {
      const width = form === Form.data8 ? 64 : form === Form.data4 ? 32 : 0;
      const signed = width && value === (1n << BigInt(width)) - 1n ? -1n : value;
      return Number(signed);
    }
    const target = dimension.reference(attribute);
    if (target) return this.around.variableOf(target);
    return this.around.location(dimension, attribute);
  }
}

/** Elements of a vector are numbers, those of one byte too: none is a character. */
function asNumber(type: CType): CType {
  if (type.kind === 'typedef') return { kind: 'typedef', name: type.name, target: asNumber(type.target) };
  if (type.kind !== 'base') return type;
  const { encoding } = type;
  return { ...type, encoding: encoding === 'signed-char' ? 'signed' : encoding === 'unsigned-char' ? 'unsigned' : encoding };
}

const encodings: Readonly<Record<number, BaseType['encoding']>> = {
  [Encoding.address]: 'address',
  [Encoding.boolean]: 'bool',
  [Encoding.complex_float]: 'complex-float',
  [Encoding.float]: 'float',
  [Encoding.imaginary_float]: 'float',
  [Encoding.decimal_float]: 'decimal-float',
  [Encoding.signed]: 'signed',
  [Encoding.signed_fixed]: 'signed',
  [Encoding.signed_char]: 'signed-char',
  [Encoding.unsigned]: 'unsigned',
  [Encoding.unsigned_fixed]: 'unsigned',
  [Encoding.unsigned_char]: 'unsigned-char',
  [Encoding.UTF]: 'utf',
  [Encoding.UCS]: 'utf',
  [Encoding.ASCII]: 'unsigned-char',
  [Encoding.GNU_complex_signed]: 'complex-signed',
};

/** gcc writes `long unsigned int` where C programmers, and gdb, write `unsigned long`. */
const canonicalNames: Readonly<Record<string, string>> = {
  'long int': 'long',
  'long unsigned int': 'unsigned long',
  'long long int': 'long long',
  'long long unsigned int': 'unsigned long long',
  'short int': 'short',
  'short unsigned int': 'unsigned short',
};

const canonicalName = (name: string): string => canonicalNames[name] ?? name;

/** Names under which the debug information may have a type that a user names: `unsigned long` is `long unsigned int` to gcc. */
export const spellingsOf = (name: string): readonly string[] => [
  name,
  ...Object.entries(canonicalNames)
    .filter(([, canonical]) => canonical === name)
    .map(([compilers]) => compilers),
];

const nullPointerType = 'decltype(nullptr)';

/** std::nullptr_t: of the size of a pointer, and converted to any (C++17, [basic.fundamental]/14, [conv.ptr]/1). */
const nullPointer = (size: number): CType => ({
  kind: 'typedef',
  name: nullPointerType,
  target: { kind: 'pointer', target: voidType, size },
});

const baseType = (die: Die): BaseType => ({
  kind: 'base',
  name: canonicalName(die.string(At.name) ?? ''),
  size: die.number(At.byte_size) ?? 0,
  encoding: die.tag === Tag.unspecified_type ? 'unspecified' : (encodings[die.number(At.encoding) ?? 0] ?? 'unspecified'),
  ...(die.number(At.endianity) === bigEndian ? { bigEndian: true } : {}),
});

/** DW_END_big (DWARF 5, 7.8). */
const bigEndian = 1;

class EnumReader implements EnumType {
  readonly kind = 'enum';
  readonly name: string | undefined;
  readonly scoped?: boolean;

  constructor(
    private readonly die: Die,
    private readonly types: TypeReader,
  ) {
    this.name = types.around.nameOf(die) ?? types.around.nameOf(this.definition);
    if (this.definition.flag(At.enum_class)) this.scoped = true;
  }

  private definitionDie: Die | undefined;

  private get definition(): Die {
    return (this.definitionDie ??= this.types.definitionOf(this.die));
  }

  get size(): number {
    return this.definition.number(At.byte_size) ?? 4;
  }

  /** DW_ATE of the enum or its underlying type; C's enums of old compilers name none. */
  private get encoding(): number | undefined {
    try {
      const given = this.definition.number(At.encoding);
      if (given !== undefined) return given;
      let underlying = this.definition.reference(At.type);
      for (let depth = 0; underlying?.tag === Tag.typedef && depth < 16; depth++) underlying = underlying.reference(At.type);
      return underlying?.number(At.encoding);
    } catch (error) {
      this.die.unit.file.warn(error);
      return undefined;
    }
  }

  private get isUnsigned(): boolean {
    const { encoding } = this;
    return encoding === Encoding.unsigned || encoding === Encoding.unsigned_char || encoding === Encoding.boolean;
  }

  get signed(): boolean {
    const { encoding } = this;
    if (encoding !== undefined) return encoding === Encoding.signed || encoding === Encoding.signed_char;
    return this.enumerators().some(({ value }) => value < 0n);
  }

  private list: readonly { name: string; value: bigint }[] | undefined;

  enumerators(): readonly { name: string; value: bigint }[] {
    if (this.list) return this.list;
    const result: { name: string; value: bigint }[] = [];
    const bits = this.size * 8;
    const prefix = this.types.around.enumeratorPrefix(this.definition);
    try {
      for (const child of this.definition.children()) {
        if (child.tag !== Tag.enumerator || result.length >= MAX_ENUMERATORS) continue;
        const value = child.big(At.const_value) ?? 0n;
        // gcc may write the bits of an unsigned value as a negative number.
        result.push({
          name: prefix + (child.string(At.name) ?? ''),
          value: value < 0n && this.isUnsigned ? BigInt.asUintN(bits, value) : value,
        });
      }
    } catch (error) {
      this.die.unit.file.warn(error);
    }
    return (this.list = result);
  }
}

/** C++'s `this` cannot be changed, which compilers do not write down in the types of member functions. */
const constant = (type: CType): CType => (type.kind === 'pointer' && type.reference === undefined ? { kind: 'const', target: type } : type);

/** Parameters of a prototype: of a function pointer's type, or of a function itself. */
class FunctionReader implements FunctionType {
  readonly kind = 'function';

  constructor(
    private readonly die: Die,
    private readonly types: TypeReader,
  ) {}

  private result: CType | undefined;

  get returns(): CType {
    return (this.result ??= this.types.typeOf(this.die));
  }

  get prototyped(): boolean {
    // Only C has functions without a prototype (DWARF 5, 3.3.1).
    return languageOf(this.die.unit.language) !== 'c' || this.die.lineage().some((die) => die.flag(At.prototyped));
  }

  private list: FunctionType['parameters'] | undefined;
  private open = false;

  private readParameters(): FunctionType['parameters'] {
    if (this.list) return this.list;
    const result: { name?: string; type: CType; artificial?: boolean }[] = [];
    try {
      for (const child of this.die.children()) {
        if (child.tag === Tag.unspecified_parameters) this.open = true;
        if (child.tag !== Tag.formal_parameter) continue;
        const lineage = child.lineage();
        const name = lineage.map((step) => step.string(At.name)).find((text) => text !== undefined);
        const artificial = lineage.some((step) => step.flag(At.artificial));
        const type = artificial ? constant(this.types.typeOf(child)) : this.types.typeOf(child);
        result.push({ ...(name === undefined ? {} : { name }), type, ...(artificial ? { artificial } : {}) });
      }
    } catch (error) {
      this.die.unit.file.warn(error);
    }
    return (this.list = result);
  }

  get parameters(): FunctionType['parameters'] {
    return this.readParameters();
  }

  get varargs(): boolean {
    this.readParameters();
    return this.open;
  }
}
