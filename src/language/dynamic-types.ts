/** Variable-length arrays: their bounds are computed in the frame where they live (DWARF 5, 5.13). */
import type { FrameContext } from '../dwarf/location.js';
import { locate, numberAt } from '../dwarf/machine.js';
import type { LocationDescription, Variable } from '../symbols/model.js';
import type { CType, DynamicCount } from '../symbols/types.js';
import { arrayLike, pointerLike } from './type-copies.js';
import { isSigned, asInteger, sizeOf } from './types.js';
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
    default:
      return type;
  }
}

/** Is there a variable-length array behind pointers and names? Keeps plain types as the very objects they are. */
function mayVary(type: CType): boolean {
  let current = type;
  for (let i = 0; i < MAX_DEPTH; i++) {
    if (current.kind === 'array') {
      if (typeof current.count === 'object') return true;
      current = current.element;
    } else if ('target' in current && current.kind !== 'member-pointer') {
      current = current.target;
    } else return false;
  }
  return false;
}

function countOf(dynamic: DynamicCount, context: FrameContext, read: ReadVariable): number | undefined {
  const count = dynamic.count ? bound(dynamic.count, context, read) : undefined;
  const upper = dynamic.upper ? bound(dynamic.upper, context, read) : undefined;
  const number = count ?? (upper === undefined ? undefined : upper + 1n);
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
