/**
 * C (and, readably, C++) types as the debug information describes them. Every type is plain data; what is expensive
 * (members of a struct, enumerators) comes from a function that reads it when first called and remembers it.
 */
import type { BaseEncoding, LocationDescription } from '../dwarf/location.js';
import type { FunctionSymbol, SourcePosition, Variable } from './model.js';
import type { VariantPart } from './variant-parts.js';

export type CType =
  VoidType | BaseType | PointerType | StructType | EnumType | ArrayType | TypedefType | QualifiedType | FunctionType | MemberPointerType;

export interface VoidType {
  readonly kind: 'void';
}

/** DW_TAG_base_type (DWARF 5, 5.1) and DW_TAG_unspecified_type. */
export interface BaseType {
  readonly kind: 'base';
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly encoding: BaseEncoding;
  /** Highest byte first (DW_AT_endianity): members of a struct with `scalar_storage_order("big-endian")`. */
  readonly bigEndian?: true;
}

export interface PointerType {
  readonly kind: 'pointer';
  readonly target: CType;
  readonly size: number;
  /** C++ references are pointers that are followed silently. */
  readonly reference?: 'lvalue' | 'rvalue';
}

export interface Member {
  /** Undefined for an anonymous struct or union: its members are found through it. */
  readonly name: string | undefined;
  readonly type: CType;
  /** In bytes from the start of the struct; for a bit-field the byte in which `bitOffset` 0 lies. */
  readonly offset: number;
  /** Bit-fields only: width, and the position of the lowest bit counted from bit 0 of the byte at `offset`. */
  readonly bitSize?: number;
  readonly bitOffset?: number;
  /** C++: a base class (its members are inherited); a virtual base's offset must be read by `location`. */
  readonly isBase?: boolean;
  readonly virtualBase?: LocationDescription;
  /** C++: a static data member; it has no offset in the object. */
  readonly staticVariable?: Variable;
  readonly access?: 'public' | 'protected' | 'private';
  readonly artificial?: boolean;
}

export interface StructType {
  readonly kind: 'struct' | 'union' | 'class';
  readonly name: string | undefined;
  /** In bytes; undefined for a declaration without a definition anywhere in the image. */
  readonly size: number | undefined;
  /** In bytes, where the program asks for more than the members do (`alignas`). */
  readonly alignment?: number;
  /** C++: how the compiler says that arguments of it travel; undefined: it does not say. */
  readonly passedBy?: 'value' | 'reference' | undefined;
  readonly declared?: SourcePosition;
  /** Written in Rust, and shown so. */
  readonly rust?: boolean;
  /** What is there besides the members depends on a value; undefined: nothing does. */
  variantPart?(): VariantPart | undefined;
  /** C++: the types among the template's arguments, those of packs too. */
  templateTypes?(): readonly CType[];
  /** C++: those of them that are bound to a name of their own: `T` in `Box<T>`. */
  templateNames?(): readonly { readonly name: string; readonly type: CType }[];
  members(): readonly Member[];
  /** C++ member functions, by name and type, for ptype. */
  methods(): readonly Method[];
  /** C++: names for types that are members; their names are whole (`ns::Class::name`). */
  typedefs?(): readonly { readonly type: TypedefType; readonly access?: string }[];
}

/** A C++ member function. */
export interface Method {
  readonly name: string;
  /** Mangled; the compiler need not tell it. */
  readonly linkageName?: string;
  readonly type: FunctionType;
  readonly isStatic: boolean;
  readonly virtual: boolean;
  /** Its place in the virtual table. */
  readonly virtualIndex?: number;
  readonly artificial: boolean;
  /** `= default` where it was first declared: the compiler's own. */
  readonly defaulted?: boolean;
  /** Of a conversion: only where its very type is asked for. */
  readonly explicit?: boolean;
  readonly access?: string;
  /** What its unit has of its code; a lambda's call operator has no name that it could be found by. */
  code(): FunctionSymbol | undefined;
}

export interface EnumType {
  readonly kind: 'enum';
  readonly name: string | undefined;
  readonly size: number;
  readonly signed: boolean;
  /** C++ `enum class`. */
  readonly scoped?: boolean;
  enumerators(): readonly { name: string; value: bigint }[];
}

export interface ArrayType {
  readonly kind: 'array';
  readonly element: CType;
  /**
   * Number of elements. Undefined: not given (`int a[]`, flexible array). A location description: a variable-length
   * array; evaluated in the frame (`resolveType` in language/) it yields the count.
   */
  readonly count: number | undefined | DynamicCount;
  /** GNU vector type (`__attribute__((vector_size(16)))`). */
  readonly vector?: boolean;
  /** Written in Rust, and shown so. */
  readonly rust?: boolean;
}

/** Upper bound of a variable-length array: count = evaluate(upper) - lower + 1 (or evaluate(count)). */
export interface DynamicCount {
  /** 0 in C; other languages count from 1. */
  readonly lower?: number;
  readonly upper?: LocationDescription | Variable;
  readonly count?: LocationDescription | Variable;
}

export interface TypedefType {
  readonly kind: 'typedef';
  readonly name: string;
  readonly target: CType;
  readonly declared?: SourcePosition;
}

export interface QualifiedType {
  readonly kind: 'const' | 'volatile' | 'restrict' | 'atomic';
  readonly target: CType;
}

export interface FunctionType {
  readonly kind: 'function';
  readonly returns: CType;
  readonly parameters: readonly { name?: string; type: CType; artificial?: boolean }[];
  readonly varargs: boolean;
  readonly prototyped: boolean;
}

export interface MemberPointerType {
  readonly kind: 'member-pointer';
  readonly target: CType;
  readonly containing: CType;
  readonly size: number;
}
