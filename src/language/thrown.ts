/**
 * How a C++ exception lies in memory (Itanium C++ ABI: Exception Handling, 2.2, as libstdc++ and libc++abi have it on x86-64): the object thrown, before it
 * a header with the type_info, and what the standard's exceptions say. No function of the program is called: in the middle of a throw that would be asking for
 * trouble, and a core file has none.
 */
import type { Address } from '../common/addresses.js';
import { bytesFrom, wordAt, type MemoryReader } from '../common/memory.js';
import { typeInfoName } from '../symbols/cxx-names.js';

export interface Thrown {
  /** `std::runtime_error` */
  readonly type: string;
  /** What `what()` would say, of the standard library's exceptions that carry a text; or the value of an int or a string. */
  readonly message?: string;
  /** The object itself. */
  readonly object: Address;
}

/** Where an exception lies: a process, or what is left of one. */
export interface ThrownWorld {
  readonly memory: MemoryReader;
  symbolAt(address: Address): { readonly name: string } | undefined;
}

/** The class of an exception, by which a runtime knows its own: "GNUCC++\0" and "CLNGC++\0"; the last byte is 1 for a copy that only refers to the first object. */
const classes = new Set([0x474e5543432b2b00n, 0x434c4e47432b2b00n]);
const dependent = 1n;
/** The _Unwind_Exception, which begins with the class, is aligned to 16 (psABI): the object is behind it. */
const headerSize = 0x20n;
/** The __cxa_exception before the header begins with the type; a dependent one with the first object instead, then padding (unwind-cxx.h). */
const typeBefore = 0x50n;

/** Where the header is, seen from what the runtime's frames keep in registers: the header, its struct, or the object. */
const headersNear = [0n, -headerSize, typeBefore, typeBefore + 0x10n];

/** libstdc++'s two exceptions that hold a text: a pointer to it behind the one to the virtual functions. */
const withText = new Set(['std::logic_error', 'std::runtime_error']);
/** A chain of single inheritance longer than this is damage. */
const mostBases = 20;
const longestText = 1000;

/** The header of the exception whose `__cxa_exception` a pointer leads to; clang's runtime has two more words before it. */
export const headerOfCaught = (world: ThrownWorld, pointer: Address): Address | undefined =>
  [typeBefore, typeBefore + 0x10n].map((distance) => pointer + distance).find((at) => isHeader(world, at));

const isHeader = (world: ThrownWorld, at: Address): boolean => classes.has((word(world, at) ?? 0n) & ~0xffn);

/** The header of an exception that a register of a runtime's function points at, or near. */
export const headerNear = (world: ThrownWorld, value: bigint): Address | undefined =>
  headersNear.map((distance) => value + distance).find((at) => isHeader(world, at));

/** The exception whose header is there, as `__cxa_begin_catch` is given it. */
export const thrownWithHeader = (world: ThrownWorld, header: Address): Thrown | undefined => {
  const mark = word(world, header);
  if (mark === undefined) return undefined;
  // A dependent exception (std::rethrow_exception) points at the first object, whose own header is before that.
  if ((mark & 0xffn) === dependent) {
    const primary = word(world, header - typeBefore);
    return primary === undefined || !isPrimary(world, primary) ? undefined : thrownWithHeader(world, primary - headerSize);
  }
  const info = word(world, header - typeBefore);
  return info === undefined ? undefined : thrownOf(world, info, header + headerSize);
};

const isPrimary = (world: ThrownWorld, object: Address): boolean => {
  const mark = word(world, object - headerSize);
  return mark !== undefined && classes.has(mark);
};

/** The exception of this type_info that lies there, as `__cxa_throw` is given them. */
export const thrownOf = (world: ThrownWorld, info: Address, object: Address): Thrown | undefined => {
  const encoded = encodedName(world, info);
  if (encoded === undefined || encoded === '') return undefined;
  const message = messageOf(world, info, object, encoded);
  return { type: typeInfoName(encoded) ?? encoded, object, ...(message !== undefined && { message }) };
};

/** A type_info is a pointer to virtual functions and one to the name, with a star before it if it is of one file only. */
const encodedName = (world: ThrownWorld, info: Address): string | undefined => textBehind(world, info + 8n)?.replace(/^\*/, '');

const messageOf = (world: ThrownWorld, info: Address, object: Address, encoded: string): string | undefined => {
  if (encoded === 'i') return String(BigInt.asIntN(32, word(world, object) ?? 0n));
  if (encoded === 'PKc' || encoded === 'Pc') return textBehind(world, object);
  let at: Address | undefined = info;
  for (let count = 0; at !== undefined && count < mostBases; count++) {
    if (withText.has(typeInfoName(encodedName(world, at) ?? '') ?? '')) return textBehind(world, object + 8n);
    at = onlyBase(world, at);
  }
  return undefined;
};

/** The base class of a class that has one, at its beginning: then the type_info is a `__si_class_type_info` (Itanium C++ ABI, 2.9.5). */
const onlyBase = (world: ThrownWorld, info: Address): Address | undefined => {
  const functions = word(world, info);
  const symbol = functions === undefined ? undefined : world.symbolAt(functions);
  return symbol && /__si_class_type_info/.test(symbol.name) ? word(world, info + 16n) : undefined;
};

const word = ({ memory }: ThrownWorld, address: Address): bigint | undefined => wordAt(memory, address);

const textBehind = (world: ThrownWorld, pointer: Address): string | undefined => {
  const address = word(world, pointer);
  const bytes = address === undefined ? undefined : bytesFrom(world.memory, address, longestText);
  const end = bytes?.indexOf(0) ?? -1;
  return bytes && bytes.length > 0 ? new TextDecoder().decode(bytes.subarray(0, end < 0 ? undefined : end)) : undefined;
};
