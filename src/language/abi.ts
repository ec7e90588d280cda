/**
 * How values travel to and from functions (System V ABI, AMD64 supplement, 3.2.3): every eightbyte of a value has a class, and the classes say whether it goes
 * in general registers, in SSE registers, on the x87 stack or in memory.
 */
import type { CType, FunctionType } from '../symbols/types.js';
import { asArray, asStruct, countOf, sizeOf, strip } from './types.js';

export type EightbyteClass = 'integer' | 'sse' | 'x87' | 'memory' | 'none';

/** Aggregates beyond two eightbytes go in memory (four for a single vector, which needs ymm and is not treated here). */
const mostEightbytes = 2;

const merge = (a: EightbyteClass, b: EightbyteClass): EightbyteClass => {
  if (a === b || b === 'none') return a;
  if (a === 'none') return b;
  if (a === 'memory' || b === 'memory') return 'memory';
  if (a === 'integer' || b === 'integer') return 'integer';
  return a === 'x87' || b === 'x87' ? 'memory' : 'sse';
};

const classifyInto = (type: CType, offset: number, classes: EightbyteClass[], depth: number): boolean => {
  const bare = strip(type);
  const size = sizeOf(bare) ?? 0;
  if (depth > 32 || size === 0) return depth <= 32;
  const put = (at: number, kind: EightbyteClass): void => {
    const index = at >> 3;
    if (index < classes.length) classes[index] = merge(classes[index], kind);
  };
  const array = asArray(bare);
  if (array && !array.vector) {
    const element = sizeOf(array.element) ?? 0;
    const count = countOf(array) ?? 0;
    for (let index = 0; index < count && element > 0 && index < 64; index++)
      if (!classifyInto(array.element, offset + index * element, classes, depth + 1)) return false;
    return true;
  }
  const struct = asStruct(bare);
  if (struct) {
    for (const member of struct.members()) {
      if (member.staticVariable) continue;
      // An unaligned member sends the whole to memory (3.2.3, rule 1); bit-fields are integers where their bits lie.
      if (member.bitSize !== undefined) put(offset + member.offset + ((member.bitOffset ?? 0) >> 3), 'integer');
      else if (!classifyInto(member.type, offset + member.offset, classes, depth + 1)) return false;
    }
    return true;
  }
  if (bare.kind === 'base' && (bare.encoding === 'float' || bare.encoding === 'complex-float')) {
    const x87 = (bare.encoding === 'float' && size === 16 && !/128/.test(bare.name)) || (bare.encoding === 'complex-float' && size === 32);
    for (let at = 0; at < size; at += 8) put(offset + at, x87 ? 'x87' : 'sse');
    return true;
  }
  if (array?.vector) {
    for (let at = 0; at < size; at += 8) put(offset + at, 'sse');
    return true;
  }
  for (let at = 0; at < size; at += 8) put(offset + at, 'integer');
  return true;
};

/** C++: an object with a copy constructor or destructor of its own travels by invisible reference (Itanium C++ ABI, 3.1.1). */
const nonTrivial = (type: CType): boolean => {
  const struct = asStruct(strip(type));
  const copies = (fn: FunctionType): boolean =>
    fn.parameters.some(
      ({ type: parameter, artificial }) =>
        !artificial &&
        parameter.kind === 'pointer' &&
        parameter.reference !== undefined &&
        asStruct(strip(parameter.target))?.name === struct?.name,
    );
  return (
    struct
      ?.methods()
      .some(({ name, artificial, type: fn }) => !artificial && (name.startsWith('~') || (name === struct.name && copies(fn)))) ?? false
  );
};

/** The class of each eightbyte; `['memory']` for what goes in memory as a whole; empty for void. */
export const classify = (type: CType): EightbyteClass[] => {
  const size = sizeOf(strip(type)) ?? 0;
  if (size === 0) return [];
  const bare = strip(type);
  const longDouble = bare.kind === 'base' && bare.size === 16 && bare.encoding === 'float' && !/128/.test(bare.name);
  if (longDouble) return ['x87', 'x87'];
  if (bare.kind === 'base' && bare.encoding === 'complex-float' && bare.size === 32) return ['x87', 'x87', 'x87', 'x87'];
  const count = Math.ceil(size / 8);
  if (count > mostEightbytes || nonTrivial(bare)) return ['memory'];
  const classes = new Array<EightbyteClass>(count).fill('none');
  if (!classifyInto(bare, 0, classes, 0) || classes.some((each) => each === 'memory' || each === 'x87')) return ['memory'];
  return classes;
};
