/** A window that slides over a big array: memory is read in chunks, and runs of equal elements are found by comparing bytes. */
import { DeetError } from '../common/errors.js';
import type { ArrayType } from '../symbols/types.js';
import * as c from './c-types.js';
import { sizeOf } from './types.js';
import type { Value } from './value.js';

/** Runs of equal elements are followed this far; memory behind is not looked at. */
const MAX_SCAN_BYTES = 16 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** Is a part of it optimized out, and another is not? Then each element is shown, or why it is not. */
export function isBroken(value: Value): boolean {
  if (value.place.kind !== 'pieces') return false;
  try {
    value.bytes();
    return false;
  } catch (error) {
    if (error instanceof DeetError) return true;
    throw error;
  }
}

export class ElementWindow {
  readonly #size: number;
  #start = 0;
  #chunk: Value | undefined;
  #bytes: Uint8Array | undefined;

  constructor(
    private readonly value: Value,
    private readonly array: ArrayType,
    private readonly count: number,
  ) {
    this.#size = sizeOf(array.element) ?? 0;
  }

  /** An array whose beginning cannot be read is out of reach as a whole. @throws DeetError */
  requireFirst(): void {
    this.#cover(0);
    if (!this.#bytes && this.#size > 0 && this.value.place.kind === 'memory')
      this.value.place.read(this.value.offset, Math.min(this.#size, 1));
  }

  element(index: number): Value {
    this.#cover(index);
    return this.#chunk ? this.#chunk.part(this.array.element, index * this.#size - this.#start) : this.value.element(this.array, index);
  }

  /** How many elements from here on are equal to this one, or like it optimized out (1 when it cannot be read); `cut`: no further was looked. */
  run(index: number): { readonly length: number; readonly cut: boolean } {
    if (this.#size === 0) return { length: 1, cut: false };
    const most = Math.min(this.count, index + Math.max(1, Math.floor(MAX_SCAN_BYTES / this.#size)));
    const first = this.#at(index)?.slice();
    let next = index + 1;
    if (first) while (next < most && sameBytes(first, this.#at(next))) next++;
    else if (this.value.place.kind === 'pieces') while (next < most && !this.#at(next)) next++;
    return { length: next - index, cut: next === most && most < this.count };
  }

  #at(index: number): Uint8Array | undefined {
    this.#cover(index);
    const from = index * this.#size - this.#start;
    return this.#bytes?.subarray(from, from + this.#size);
  }

  #cover(index: number): void {
    const from = index * this.#size;
    if (this.#bytes && from >= this.#start && from + this.#size <= this.#start + this.#bytes.length) return;
    this.#chunk = undefined;
    this.#bytes = undefined;
    if (this.#size > CHUNK * 16) return;
    const length = Math.min(Math.max(this.#size, CHUNK - (CHUNK % Math.max(1, this.#size))), (this.count - index) * this.#size);
    // The whole chunk, or the element alone, or nothing: then each element shows its own trouble.
    for (const wanted of new Set([length, this.#size])) {
      try {
        const chunk = this.value.part(c.arrayOf(c.UNSIGNED_CHAR, wanted), from).fetched();
        this.#bytes = chunk.bytes();
        this.#chunk = chunk;
        this.#start = from;
        return;
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
      }
    }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  if (!b || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
