/** Variable-length arrays: their bounds are computed in the frame where they live (DWARF 5, 5.13). */
import type { FrameContext } from '../dwarf/location.js';
import { locate, numberAt } from '../dwarf/machine.js';
import type { LocationDescription, Variable } from '../symbols/model.js';
import type { CType, DynamicCount, Member, StructType } from '../symbols/types.js';
import { arrayLike, pointerLike } from './type-copies.js';
import { asInteger, isSigned, isStruct, sizeOf, strip } from './types.js';
import { integerOf } from './value.js';

const MAX_DEPTH = 16;
const MAX_COUNT = 2n ** 47n;

/** Reads the variable that holds a bound. */
export type ReadVariable = (variable: Variable) => Uint8Array | undefined;

/**
 * The type with every count known in this frame; what cannot be computed keeps no count.
 * @param context undefined: no frame, nothing can be computed
 */
export function resolveType(type: CType, context: FrameContext | undefined, read: ReadVariable, depth = 0): CType {
  if (depth > MAX_DEPTH || !context) return type;
  const deeper = (inner: CType): CType => resolveType(inner, context, read, depth + 1);
  switch (type.kind) {
    case 'array': {
      const element = deeper(type.element);
      const count = typeof type.count === 'object' ? countOf(type.count, context, read) : type.count;
      return element === type.element && count === type.count ? type : arrayLike(type, element, count);
    }
    case 'pointer':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'atomic':
    case 'typedef': {
      if (!mayVary(type.target)) return type;
      const target = deeper(type.target);
      if (target === type.target) return type;
      if (type.kind === 'pointer') return pointerLike(type, target);
      return type.kind === 'typedef' ? { kind: 'typedef', name: type.name, target } : { kind: type.kind, target };
    }
    case 'struct':
    case 'union':
    case 'class':
      return type.size === 0 ? laidOut(type, deeper) : type;
    default:
      return type;
  }
}

/**
 * GNU C has structures with variable-length members. Their debug information gives no size, and members behind such a one have places that only an
 * expression tells: they are laid out as the compiler does, each at the next address that suits its type.
 */
function laidOut(type: StructType, deeper: (inner: CType) => CType): StructType {
  let varied = false;
  let end = 0;
  let alignment = 1;
  const members = type.members().map((member): Member => {
    if (member.bitSize !== undefined || member.staticVariable) return member;
    const resolved = deeper(member.type);
    const own = alignmentOf(resolved, 0);
    const offset = varied && type.kind !== 'union' ? Math.ceil(end / own) * own : member.offset;
    varied ||= resolved !== member.type;
    end = Math.max(end, offset + (sizeOf(resolved) ?? 0));
    alignment = Math.max(alignment, own);
    return { ...member, type: resolved, offset };
  });
  if (!varied) return type;
  return {
    kind: type.kind,
    name: type.name,
    size: Math.ceil(end / alignment) * alignment,
    members: () => members,
    methods: () => type.methods(),
  };
}

/** As the System V ABI wants it (AMD64 supplement, 3.1.2). */
function alignmentOf(type: CType, depth: number): number {
  const bare = strip(type);
  if (depth > MAX_DEPTH) return 1;
  if (bare.kind === 'array') return alignmentOf(bare.element, depth + 1);
  if (isStruct(bare)) return bare.members().reduce((most, member) => Math.max(most, alignmentOf(member.type, depth + 1)), 1);
  return Math.max(1, Math.min(sizeOf(bare) ?? 1, 16));
}

/** Is there a variable-length array behind pointers and names? Keeps plain types as the very objects they are. */
function mayVary(type: CType): boolean {
  let current = type;
  for (let i = 0; i < MAX_DEPTH; i++) {
    if (current.kind === 'array') {
      if (typeof current.count === 'object') return true;
      current = current.element;
    } else if (isStruct(current)) {
      return current.size === 0;
    } else if ('target' in current && current.kind !== 'member-pointer') {
      current = current.target;
    } else return false;
  }
  return false;
}

function countOf(dynamic: DynamicCount, context: FrameContext, read: ReadVariable): number | undefined {
  const count = dynamic.count ? bound(dynamic.count, context, read) : undefined;
  const upper = dynamic.upper ? bound(dynamic.upper, context, read) : undefined;
  const number = count ?? (upper === undefined ? undefined : upper - BigInt(dynamic.lower ?? 0) + 1n);
  return number === undefined || number < 0n || number > MAX_COUNT ? undefined : Number(number);
}

function bound(from: LocationDescription | Variable, context: FrameContext, read: ReadVariable): bigint | undefined {
  if ('role' in from) {
    const bytes = read(from);
    const integer = asInteger(from.type);
    return bytes && BigInt.asIntN(64, integerOf(bytes, integer !== undefined && isSigned(integer) && sizeOf(integer) === bytes.length));
  }
  const value = numberAt(locate(from, context), context);
  return value === undefined ? undefined : BigInt.asIntN(64, value);
}
