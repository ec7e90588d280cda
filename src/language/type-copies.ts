/** Types with one part exchanged. Types may be lazy objects, whose properties a spread would not copy. */
import type { ArrayType, CType, FunctionType, PointerType } from '../symbols/types.js';

export function pointerLike(type: PointerType, target: CType): PointerType {
  return { kind: 'pointer', target, size: type.size, ...(type.reference ? { reference: type.reference } : {}) };
}

export function arrayLike(type: ArrayType, element: CType, count: ArrayType['count']): ArrayType {
  return { kind: 'array', element, count, ...(type.vector ? { vector: true } : {}), ...(type.rust ? { rust: true } : {}) };
}

export function functionLike(type: FunctionType, returns: CType, parameters: FunctionType['parameters']): FunctionType {
  return { kind: 'function', returns, parameters, varargs: type.varargs, prototyped: type.prototyped };
}
