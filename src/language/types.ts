/** Questions about C types: what is behind typedefs, how big, how aligned, which kind, the same or not. */
import { DeetError } from '../common/errors.js';
import type {
  ArrayType,
  BaseType,
  CType,
  EnumType,
  FunctionType,
  PointerType,
  QualifiedType,
  StructType,
  TypedefType,
} from '../symbols/types.js';

/** Damaged debug information may build circles of typedefs: every walk is bounded. */
const MAX_CHAIN = 64;

/** The type behind typedefs and qualifiers. */
export function strip(type: CType): Exclude<CType, TypedefType | QualifiedType> {
  let current = type;
  for (let i = 0; i < MAX_CHAIN; i++) {
    switch (current.kind) {
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'atomic':
        current = current.target;
        break;
      default:
        return current;
    }
  }
  return { kind: 'void' };
}

/** Without const, volatile, restrict and _Atomic at the top; typedef names stay. */
export function unqualified(type: CType): CType {
  let current = type;
  for (let i = 0; i < MAX_CHAIN && isQualified(current); i++) current = current.target;
  return current;
}

export const isQualified = (type: CType): type is QualifiedType =>
  type.kind === 'const' || type.kind === 'volatile' || type.kind === 'restrict' || type.kind === 'atomic';

/** The type that typedefs stand for, with the qualifiers on the way there. */
export function withoutTypedef(type: CType, depth = 0): CType {
  if (depth > MAX_CHAIN) return type;
  if (type.kind === 'typedef') return withoutTypedef(type.target, depth + 1);
  if (!isQualified(type)) return type;
  const target = withoutTypedef(type.target, depth + 1);
  return target === type.target ? type : { ...type, target };
}

/** `const`, at the top or behind typedefs; of an array, what its elements are. */
export function isConst(type: CType): boolean {
  let current = type;
  for (let i = 0; i < MAX_CHAIN; i++) {
    if (current.kind === 'const') return true;
    if (current.kind === 'typedef' || isQualified(current)) current = current.target;
    else if (current.kind === 'array') current = current.element;
    else return false;
  }
  return false;
}

export const isStruct = (type: CType): type is StructType => type.kind === 'struct' || type.kind === 'union' || type.kind === 'class';

export type IntegerType = BaseType | EnumType;

const INTEGERS = new Set<BaseType['encoding']>(['signed', 'unsigned', 'bool', 'signed-char', 'unsigned-char', 'utf']);

/** Integers, characters, booleans and enumerations: what the integer promotions apply to. */
export function asInteger(type: CType): IntegerType | undefined {
  const bare = strip(type);
  return bare.kind === 'enum' || (bare.kind === 'base' && INTEGERS.has(bare.encoding)) ? bare : undefined;
}

export function asFloat(type: CType): BaseType | undefined {
  const bare = strip(type);
  return bare.kind === 'base' && bare.encoding === 'float' ? bare : undefined;
}

/** `_Decimal32`, `_Decimal64` and `_Decimal128`. */
export function asDecimal(type: CType): BaseType | undefined {
  const bare = strip(type);
  return bare.kind === 'base' && bare.encoding === 'decimal-float' ? bare : undefined;
}

export function asComplex(type: CType): BaseType | undefined {
  const bare = strip(type);
  return bare.kind === 'base' && (bare.encoding === 'complex-float' || bare.encoding === 'complex-signed') ? bare : undefined;
}

/** Does the program keep numbers of the type highest byte first? */
export function isBigEndian(type: CType): boolean {
  const bare = strip(type);
  return bare.kind === 'base' && bare.bigEndian === true;
}

/** The same type in this machine's order, under its names. */
export function littleEndian(type: CType): CType {
  if (type.kind === 'base') return { kind: 'base', name: type.name, size: type.size, encoding: type.encoding };
  if (type.kind === 'typedef') return { kind: 'typedef', name: type.name, target: littleEndian(type.target) };
  return isQualified(type) ? { kind: type.kind, target: littleEndian(type.target) } : type;
}

/** A pointer, not a reference. */
export function asPointer(type: CType): PointerType | undefined {
  const bare = strip(type);
  return bare.kind === 'pointer' && bare.reference === undefined ? bare : undefined;
}

export function asReference(type: CType): PointerType | undefined {
  const bare = strip(type);
  return bare.kind === 'pointer' && bare.reference !== undefined ? bare : undefined;
}

export function asArray(type: CType): ArrayType | undefined {
  const bare = strip(type);
  return bare.kind === 'array' ? bare : undefined;
}

export function asStruct(type: CType): StructType | undefined {
  const bare = strip(type);
  return isStruct(bare) ? bare : undefined;
}

export function asFunction(type: CType): FunctionType | undefined {
  const bare = strip(type);
  return bare.kind === 'function' ? bare : undefined;
}

export const isVoid = (type: CType): boolean => strip(type).kind === 'void';

export function isSigned(type: IntegerType): boolean {
  return type.kind === 'enum'
    ? type.signed
    : type.encoding === 'signed' || type.encoding === 'signed-char' || (type.encoding === 'utf' && type.name === 'wchar_t');
}

/** Number of elements of an array, 0 when it is not known (`int a[]`, a variable length not yet resolved). */
export const countOf = (type: ArrayType): number => (typeof type.count === 'number' ? type.count : 0);

/** In bytes; undefined for what has no size: incomplete structs, arrays without bounds keep 0. */
export function sizeOf(type: CType, depth = 0): number | undefined {
  const bare = strip(type);
  switch (bare.kind) {
    case 'void':
    case 'function':
      return 1; // GNU C
    case 'base':
    case 'pointer':
    case 'enum':
    case 'member-pointer':
      return bare.size;
    case 'struct':
    case 'union':
    case 'class':
      return bare.size;
    case 'array': {
      const element = depth > MAX_CHAIN ? undefined : sizeOf(bare.element, depth + 1);
      return element === undefined ? undefined : element * countOf(bare);
    }
  }
}

/** @throws DeetError `incomplete-type` */
export function requireSize(type: CType): number {
  const size = sizeOf(type);
  if (size === undefined) throw new DeetError('incomplete-type', 'The type is incomplete: its definition is not in the debug information.');
  return size;
}

/** System V ABI, figure 3.1: natural alignment; 16 for __int128, long double. */
export function alignOf(type: CType, depth = 0): number {
  const bare = strip(type);
  if (depth > MAX_CHAIN) return 1;
  switch (bare.kind) {
    case 'array':
      return bare.vector ? Math.max(1, sizeOf(bare) ?? 1) : alignOf(bare.element, depth + 1);
    case 'struct':
    case 'union':
    case 'class':
      return bare
        .members()
        .reduce((most, member) => (member.staticVariable ? most : Math.max(most, alignOf(member.type, depth + 1))), bare.alignment ?? 1);
    case 'base':
      return bare.encoding.startsWith('complex') ? Math.max(1, bare.size / 2) : Math.max(1, bare.size);
    default:
      return Math.max(1, sizeOf(bare) ?? 1);
  }
}

const CANONICAL: ReadonlyMap<string, string> = new Map([
  ['long int', 'long'], ['long unsigned int', 'unsigned long'], ['unsigned long int', 'unsigned long'],
  ['short int', 'short'], ['short unsigned int', 'unsigned short'], ['unsigned short int', 'unsigned short'],
  ['long long int', 'long long'], ['long long unsigned int', 'unsigned long long'], ['unsigned long long int', 'unsigned long long'],
  ['signed int', 'int'], ['unsigned', 'unsigned int'],
]); // prettier-ignore

/** Compilers write `long unsigned int`; people, and gdb, `unsigned long`. */
export const baseName = (type: BaseType): string => CANONICAL.get(type.name) ?? type.name;

/** The same inside template arguments, and all in the words of the demangler: `Box<unsigned long>`, `Box<char const*, 3ul>` of clang's `Box<const char *, 3UL>`. */
export const templateName = (name: string): string =>
  name.includes('<')
    ? name
        .replace(/\b(?:long |short )+(?:unsigned )?int\b/g, (words) => CANONICAL.get(words) ?? words)
        .replace(/\b\d+[UL]+\b/g, (number) => number.toLowerCase())
        .replace(/ (?=[*&])/g, '')
        .replace(/(?<=[<,(] ?)const ([\w:]+(?: [\w:]+)*)(?=[*&,>)])/g, '$1 const')
    : name;

/** Structural where C is (pointers, arrays, functions), by name where C is (struct, enum). Qualifiers below the top count. */
export function sameType(a: CType, b: CType, depth = 0): boolean {
  const left = strip(a);
  const right = strip(b);
  if (left === right) return true;
  if (depth > MAX_CHAIN) return false;
  const deeper = (x: CType, y: CType): boolean => sameType(x, y, depth + 1);
  switch (left.kind) {
    case 'void':
      return right.kind === 'void';
    case 'base':
      return (
        right.kind === 'base' &&
        left.size === right.size &&
        left.encoding === right.encoding &&
        (left.size === 16 || baseName(left) === baseName(right))
      );
    case 'pointer':
      return right.kind === 'pointer' && left.reference === right.reference && deeper(left.target, right.target);
    case 'array':
      return right.kind === 'array' && countOf(left) === countOf(right) && deeper(left.element, right.element);
    case 'function':
      return (
        right.kind === 'function' &&
        left.varargs === right.varargs &&
        left.parameters.length === right.parameters.length &&
        deeper(left.returns, right.returns) &&
        left.parameters.every((parameter, i) => deeper(parameter.type, right.parameters[i]?.type ?? { kind: 'void' }))
      );
    case 'member-pointer':
      return right.kind === 'member-pointer' && deeper(left.containing, right.containing) && deeper(left.target, right.target);
    default:
      return (
        left.kind === right.kind && left.name !== undefined && 'name' in right && left.name === right.name && sizeOf(left) === sizeOf(right)
      );
  }
}

/** The name a type goes by without looking behind typedefs: what `textual` questions need. */
export function nameOf(type: CType): string | undefined {
  const bare = unqualified(type);
  if (bare.kind === 'base') return baseName(bare);
  return 'name' in bare ? bare.name : undefined;
}
