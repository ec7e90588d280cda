/**
 * How values travel to and from functions (System V ABI, AMD64 supplement, 3.2.3): every eightbyte of a value has a class, and the classes say whether it goes
 * in general registers, in vector registers, on the x87 stack or in memory.
 */
import type { CType, FunctionType, Method, StructType } from '../symbols/types.js';
import { alignOf, asArray, asReference, asStruct, countOf, sizeOf, strip } from './types.js';

type EightbyteClass = 'integer' | 'sse' | 'sse-up' | 'x87' | 'x87-up' | 'complex-x87' | 'memory' | 'none';

/** A part of a value that one register holds; in bytes from the value's beginning. */
export interface RegisterPart {
  readonly bank: 'general' | 'vector' | 'x87';
  readonly offset: number;
  readonly size: number;
}

export type Travel =
  | { readonly by: 'registers'; readonly parts: readonly RegisterPart[] }
  /** On the stack; a result where the caller says. */
  | { readonly by: 'memory' }
  /** C++: the address of an object that only its own functions may copy (Itanium C++ ABI, 3.1.2.3). */
  | { readonly by: 'reference' };

/** Beyond a zmm register everything goes in memory. */
const mostEightbytes = 8;
/** Deeper nesting is damage. */
const MAX_DEPTH = 32;

const merge = (a: EightbyteClass, b: EightbyteClass): EightbyteClass => {
  if (a === b || b === 'none') return a;
  if (a === 'none') return b;
  if (a === 'memory' || b === 'memory') return 'memory';
  if (a === 'integer' || b === 'integer') return 'integer';
  return a.includes('x87') || b.includes('x87') ? 'memory' : 'sse';
};

/** The classes of a scalar's eightbytes. */
const classesOfScalar = (type: CType): readonly EightbyteClass[] => {
  const bare = strip(type);
  const size = sizeOf(bare) ?? 0;
  const all = (kind: EightbyteClass): EightbyteClass[] => new Array<EightbyteClass>(Math.ceil(size / 8)).fill(kind);
  const vector = (): EightbyteClass[] => all('sse-up').fill('sse', 0, 1);
  if (bare.kind === 'array') return vector();
  if (bare.kind !== 'base') return all('integer');
  if (bare.encoding === 'complex-float') return size === 32 ? all('complex-x87') : all('sse');
  if (bare.encoding === 'decimal-float') return size === 16 ? vector() : all('sse');
  if (bare.encoding !== 'float') return all('integer');
  if (size !== 16) return all('sse');
  return /128/.test(bare.name) ? vector() : ['x87', 'x87-up'];
};

/** Merges the classes of a part into those of the whole; false: it has to go in memory. */
const classifyInto = (type: CType, offset: number, classes: EightbyteClass[], depth: number): boolean => {
  const bare = strip(type);
  const size = sizeOf(bare) ?? 0;
  if (depth > MAX_DEPTH || size === 0) return depth <= MAX_DEPTH;
  const put = (at: number, kind: EightbyteClass): void => {
    if (at < classes.length) classes[at] = merge(classes[at], kind);
  };
  const array = asArray(bare);
  if (array && !array.vector) {
    const element = sizeOf(array.element) ?? 0;
    for (let index = 0; index < countOf(array) && element > 0; index++)
      if (!classifyInto(array.element, offset + index * element, classes, depth + 1)) return false;
    return true;
  }
  const struct = asStruct(bare);
  if (struct) {
    for (const member of struct.members()) {
      if (member.staticVariable) continue;
      // Bit-fields are integers where their bits lie.
      if (member.bitSize !== undefined) put((offset + member.offset + ((member.bitOffset ?? 0) >> 3)) >> 3, 'integer');
      else if (!classifyInto(member.type, offset + member.offset, classes, depth + 1)) return false;
    }
    return true;
  }
  if (offset % alignOf(bare) !== 0) return false;
  classesOfScalar(bare).forEach((kind, index) => {
    put((offset >> 3) + index, kind);
  });
  return true;
};

const hasParameterOfItself = (fn: FunctionType, struct: StructType): boolean =>
  fn.parameters.some(({ type, artificial }) => {
    const target = artificial ? undefined : asReference(type)?.target;
    return target !== undefined && asStruct(target)?.name === struct.name;
  });

/** C++: has an object of it, or of what is inside, a copy or move constructor or a destructor that does more than nothing? */
const isNonTrivial = (type: CType, depth = 0): boolean => {
  const array = asArray(type);
  if (array) return depth < MAX_DEPTH && isNonTrivial(array.element, depth + 1);
  const struct = asStruct(type);
  if (!struct || depth > MAX_DEPTH) return false;
  if (struct.passedBy !== undefined) return struct.passedBy === 'reference';
  const written = ({ artificial, defaulted }: Method): boolean => !artificial && defaulted !== true;
  return (
    struct
      .methods()
      .some(
        (method) =>
          method.virtual ||
          (written(method) && (method.name.startsWith('~') || (method.name === struct.name && hasParameterOfItself(method.type, struct)))),
      ) ||
    struct.members().some((member) => member.virtualBase !== undefined || (!member.staticVariable && isNonTrivial(member.type, depth + 1)))
  );
};

/** How a value of the type travels; of what has no size (void) nothing does. */
export const travelOf = (type: CType): Travel => {
  const size = sizeOf(type) ?? 0;
  if (isNonTrivial(type)) return { by: 'reference' };
  const count = Math.ceil(size / 8);
  const complex = strip(type).kind === 'base' && classesOfScalar(type)[0] === 'complex-x87';
  if (complex) {
    const part = (offset: number): RegisterPart => ({ bank: 'x87', offset, size: 10 });
    return { by: 'registers', parts: [part(0), part(16)] };
  }
  if (count > mostEightbytes) return { by: 'memory' };
  const classes = new Array<EightbyteClass>(count).fill('none');
  if (!classifyInto(type, 0, classes, 0) || classes.includes('memory') || classes.includes('complex-x87')) return { by: 'memory' };
  if (classes.some((kind, i) => kind === 'x87-up' && classes[i - 1] !== 'x87')) return { by: 'memory' };
  if (count > 2 && (classes[0] !== 'sse' || classes.slice(1).some((kind) => kind !== 'sse-up'))) return { by: 'memory' };
  const parts: RegisterPart[] = [];
  classes.forEach((kind, index) => {
    const last = parts[parts.length - 1];
    const rest = Math.min(8, size - index * 8);
    if (kind === 'integer') parts.push({ bank: 'general', offset: index * 8, size: rest });
    else if (kind === 'x87') parts.push({ bank: 'x87', offset: index * 8, size: 10 });
    else if (kind === 'sse-up' && last?.bank === 'vector') parts[parts.length - 1] = { ...last, size: last.size + rest };
    else if (kind === 'sse' || kind === 'sse-up') parts.push({ bank: 'vector', offset: index * 8, size: rest });
  });
  return { by: 'registers', parts };
};
