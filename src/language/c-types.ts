/** The base types of C on x86-64 (System V ABI, figure 3.1), for literals and results that no debug information names. */
import type { ArrayType, BaseType, CType, FunctionType, PointerType, VoidType } from '../symbols/types.js';

const base = (name: string, size: number, encoding: BaseType['encoding']): BaseType => ({ kind: 'base', name, size, encoding });

export const VOID: VoidType = { kind: 'void' };
export const BOOL = base('_Bool', 1, 'bool');
export const CXX_BOOL = base('bool', 1, 'bool');
export const CHAR = base('char', 1, 'signed-char');
export const SIGNED_CHAR = base('signed char', 1, 'signed-char');
export const UNSIGNED_CHAR = base('unsigned char', 1, 'unsigned-char');
export const SHORT = base('short', 2, 'signed');
export const UNSIGNED_SHORT = base('unsigned short', 2, 'unsigned');
export const INT = base('int', 4, 'signed');
export const UNSIGNED_INT = base('unsigned int', 4, 'unsigned');
export const LONG = base('long', 8, 'signed');
export const UNSIGNED_LONG = base('unsigned long', 8, 'unsigned');
export const LONG_LONG = base('long long', 8, 'signed');
export const UNSIGNED_LONG_LONG = base('unsigned long long', 8, 'unsigned');
export const INT128 = base('__int128', 16, 'signed');
export const UNSIGNED_INT128 = base('unsigned __int128', 16, 'unsigned');
export const HALF = base('_Float16', 2, 'float');
export const FLOAT = base('float', 4, 'float');
export const DOUBLE = base('double', 8, 'float');
export const LONG_DOUBLE = base('long double', 16, 'float');
export const FLOAT128 = base('_Float128', 16, 'float');
export const DECIMAL32 = base('_Decimal32', 4, 'decimal-float');
export const DECIMAL64 = base('_Decimal64', 8, 'decimal-float');
export const DECIMAL128 = base('_Decimal128', 16, 'decimal-float');
export const COMPLEX_FLOAT = base('complex float', 8, 'complex-float');
export const COMPLEX_DOUBLE = base('complex double', 16, 'complex-float');
export const COMPLEX_LONG_DOUBLE = base('complex long double', 32, 'complex-float');
export const WCHAR = base('wchar_t', 4, 'utf');
export const CHAR16 = base('char16_t', 2, 'utf');
export const CHAR32 = base('char32_t', 4, 'utf');
/** gdb's names for what registers and memory hold: of one byte it is a number, no character. */
export const INT8 = base('int8_t', 1, 'signed');
export const INT16 = base('int16_t', 2, 'signed');
export const INT32 = base('int32_t', 4, 'signed');
export const INT64 = base('int64_t', 8, 'signed');
/** What a symbol without debug information is shown as. */
export const UNKNOWN_DATA = base('<data variable, no debug info>', 4, 'unspecified');

export const pointerTo = (target: CType): PointerType => ({ kind: 'pointer', target, size: 8 });
export const arrayOf = (element: CType, count: number): ArrayType => ({ kind: 'array', element, count });
export const VOID_POINTER = pointerTo(VOID);
/** `$pc`. */
export const CODE_POINTER = pointerTo({ kind: 'function', returns: VOID, parameters: [], varargs: false, prototyped: false });

const BY_NAME: ReadonlyMap<string, CType> = new Map(
  [
    BOOL, CHAR, SIGNED_CHAR, UNSIGNED_CHAR, SHORT, UNSIGNED_SHORT, INT, UNSIGNED_INT, LONG, UNSIGNED_LONG, LONG_LONG, UNSIGNED_LONG_LONG,
    INT128, UNSIGNED_INT128, HALF, FLOAT, DOUBLE, LONG_DOUBLE, FLOAT128, COMPLEX_FLOAT, COMPLEX_DOUBLE, COMPLEX_LONG_DOUBLE,
  ].map((type): [string, CType] => [type.name, type]),
); // prettier-ignore

/** A base type by the parser's canonical spelling. */
export const baseTypeNamed = (name: string): CType | undefined => (name === 'void' ? VOID : BY_NAME.get(name));

/** What a function without debug information returns: nobody knows. */
export const UNKNOWN_RETURN = base('<unknown return type>', 4, 'unspecified');
export const UNKNOWN_FUNCTION: CType = { kind: 'function', returns: UNKNOWN_RETURN, parameters: [], varargs: false, prototyped: false };
/** STT_GNU_IFUNC: what stands at the address chooses the function and returns where it is. */
export const UNKNOWN_INDIRECT: CType = { kind: 'function', returns: UNKNOWN_RETURN, parameters: [], varargs: false, prototyped: false };
export const IFUNC_RESOLVER: FunctionType = { kind: 'function', returns: VOID_POINTER, parameters: [], varargs: false, prototyped: true };
