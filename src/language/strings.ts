/** NUL-terminated strings of the program's memory. */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Memory } from './place.js';

/** Index of the first NUL unit in bytes; -1: none. */
export function terminator(bytes: Uint8Array, unit: number): number {
  for (let at = 0; at + unit <= bytes.length; at += unit) {
    let zero = true;
    for (let i = 0; i < unit; i++) zero &&= bytes[at + i] === 0;
    if (zero) return at;
  }
  return -1;
}

export interface FoundString {
  /** Without the terminator. */
  readonly bytes: Uint8Array;
  /** The terminator was seen. */
  readonly ended: boolean;
  /** `<error: ...>` when memory ended first. */
  readonly error?: string;
}

const STEP = 256;

/** Reads page by page, so that a string at the end of a mapping is read whole; at most `limit` units. */
export function readString(context: { readonly memory: Memory }, address: Address, unit: number, limit: number): FoundString {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const most = limit * unit;
  const joined = (): Uint8Array => {
    const all = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  };
  let step = STEP;
  while (length < most) {
    const from = BigInt.asUintN(64, address + BigInt(length));
    // Never across a page in one read: the next one may be missing.
    const wanted = Math.min(step * unit, most - length, Math.max(unit, 4096 - Number(from & 0xfffn)));
    try {
      const chunk = context.memory.read(from, wanted);
      const end = terminator(chunk, unit);
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
      length += end < 0 ? chunk.length : end;
      if (end >= 0) return { bytes: joined(), ended: true };
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      // A section of a file may end anywhere: unit by unit up to there.
      if (step > 1) {
        step = 1;
        continue;
      }
      return { bytes: joined(), ended: false, error: `<error: ${error.message}>` };
    }
  }
  return { bytes: joined(), ended: endsHere(context.memory, BigInt.asUintN(64, address + BigInt(length)), unit) };
}

/** A string of exactly the limit shows no `...`. */
function endsHere(memory: Memory, address: Address, unit: number): boolean {
  try {
    return memory.read(address, unit).every((byte) => byte === 0);
  } catch (error) {
    if (error instanceof DeetError) return true;
    throw error;
  }
}

/**
 * Where so many strings before an address begin (or as many as memory holds), and how many they are. One that is longer than `limit` units counts as
 * several, as it does forwards.
 */
export function stringsBefore(
  context: { readonly memory: Memory },
  address: Address,
  count: number,
  unit: number,
  limit: number,
): readonly [Address, number] {
  const isEnd = (at: Address): boolean | undefined => {
    try {
      return terminator(context.memory.read(at, unit), unit) === 0;
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      return undefined;
    }
  };
  const step = BigInt(unit);
  let start = address;
  let found = 0;
  for (; found < count; found++) {
    // Its own terminator stands right before what was found last.
    let at = start - step;
    const last = isEnd(at);
    if (last === undefined) break;
    let length = last ? 0 : 1;
    while (length < limit && isEnd(at - step) === false) {
      at -= step;
      length++;
    }
    start = at;
  }
  return [BigInt.asUintN(64, start), found];
}
