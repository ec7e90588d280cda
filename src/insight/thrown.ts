/**
 * The C++ exception that a thread has thrown and nobody caught: its type and, for the standard ones, what it says. Found by the mark that every
 * exception of GCC's and LLVM's runtimes on Linux carries (Itanium C++ ABI: Exception Handling, 1.2 and 2.2; libstdc++'s unwind-cxx.h).
 */
import type { Address } from '../common/addresses.js';
import { typeInfoName } from '../symbols/cxx-names.js';
import type { CrashFrame, CrashScene } from './crash.js';

export interface Thrown {
  /** `std::out_of_range`. */
  readonly type: string;
  /** What what() would say, or the value of a number or string. */
  readonly says?: string;
}

/** "GNUCC++\0" as a number; the last byte is 1 for an exception that std::exception_ptr holds. */
const marks = new Set([0x474e5543432b2b00n, 0x474e5543432b2b01n]);
/** From the mark to the object thrown, and back to the type_info in struct __cxa_exception. */
const toObject = 0x20n;
const toType = 0x50n;

/** Where the mark is, seen from what the frames of the runtime keep in registers: the header, its struct, or the object. */
const distances = [0n, -toObject, toType, toType + 0x10n];
const kept = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15'];
const searchedFrames = 24;
const longestText = 200;
/** Bases of bases of a class. */
const deepest = 16;

class Reader {
  constructor(private readonly scene: CrashScene) {}

  word(address: Address): bigint | undefined {
    try {
      const bytes = this.scene.memory.read(address, 8);
      return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
    } catch {
      return undefined;
    }
  }

  text(address: Address | undefined): string | undefined {
    if (!address) return undefined;
    for (let length = longestText; length > 0; length >>= 1) {
      try {
        const bytes = this.scene.memory.read(address, length);
        const end = bytes.indexOf(0);
        return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
      } catch {
        // The mapping ends before: fewer, then.
      }
    }
    return undefined;
  }
}

const markIn = (reader: Reader, frames: readonly CrashFrame[]): Address | undefined => {
  for (const frame of frames.slice(0, searchedFrames))
    for (const name of kept) {
      const value = frame.register(name);
      if (value === undefined || value < 0x10000n) continue;
      const at = distances.map((distance) => value + distance).find((address) => marks.has(reader.word(address) ?? 0n));
      if (at !== undefined) return at;
    }
  return undefined;
};

/** std::type_info: a pointer to functions, then the mangled name; a class with one base has the base's type_info next. */
const nameOf = (reader: Reader, type: Address): string | undefined => reader.text(reader.word(type + 8n))?.replace(/^\*/, '');

const isClassWithBase = (scene: CrashScene, reader: Reader, type: Address): boolean => {
  const functions = reader.word(type);
  return functions !== undefined && /__si_class_type_info/.test(scene.symbolAt(functions)?.name ?? '');
};

/** std::logic_error and std::runtime_error keep a pointer to their text behind the pointer to their functions. */
const withText = new Set(['St11logic_error', 'St13runtime_error']);

const saidBy = (scene: CrashScene, reader: Reader, type: Address, object: Address): string | undefined => {
  const own = nameOf(reader, type);
  if (own === 'i') return String(BigInt.asIntN(32, reader.word(object) ?? 0n));
  if (own === 'PKc' || own === 'Pc') return reader.text(reader.word(object));
  let current: Address | undefined = type;
  for (let depth = 0; current && depth < deepest; depth++) {
    if (withText.has(nameOf(reader, current) ?? '')) return reader.text(reader.word(object + 8n));
    current = isClassWithBase(scene, reader, current) ? reader.word(current + 16n) : undefined;
  }
  return undefined;
};

/** Undefined: none is being thrown, or its runtime is another one. */
export const thrownIn = (scene: CrashScene, frames: readonly CrashFrame[]): Thrown | undefined => {
  const reader = new Reader(scene);
  const mark = markIn(reader, frames);
  const type = mark === undefined ? undefined : reader.word(mark - toType);
  const name = type === undefined ? undefined : nameOf(reader, type);
  if (mark === undefined || type === undefined || name === undefined || name === '') return undefined;
  const says = saidBy(scene, reader, type, mark + toObject);
  return { type: typeInfoName(name) ?? name, ...(says === undefined ? {} : { says }) };
};
