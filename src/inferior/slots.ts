/**
 * Slots: copies of single instructions in a page of the program's own, each with a jump back behind it. A thread that has to pass a breakpoint runs the copy
 * instead of the original: the int3 stays where it is, nobody else can miss it, and there is one stop per hit instead of two.
 *
 * A slot is never used for anything else as long as the address space lives: a thread may have been interrupted in it, whenever.
 */
import type { Address } from '../common/addresses.js';

/** Room for the longest instruction (15 bytes) and a near jump (5). */
export const slotSize = 32;
export const pageSize = 4096;
const slotsPerPage = pageSize / slotSize;

export interface Slot {
  /** Where the copy is. */
  readonly address: Address;
  readonly original: Address;
  /** Bytes of the original. */
  readonly length: number;
  /** Bytes of the copy: there the jump back begins. */
  readonly copied: number;
}

/** A thread stands in a slot: where it would stand in the program. */
export interface Original {
  readonly pc: Address;
  /** The instruction has not been executed yet. */
  readonly before: boolean;
}

interface Page {
  readonly low: Address;
  readonly slots: Slot[];
}

export class SlotTable {
  #byOriginal = new Map<Address, Slot | undefined>();
  #pages: Page[] = [];

  /** The slot of an instruction; undefined: there is none; `impossible`: it cannot be moved. */
  of(original: Address): Slot | 'impossible' | undefined {
    const slot = this.#byOriginal.get(original);
    return slot ?? (this.#byOriginal.has(original) ? 'impossible' : undefined);
  }

  refuse(original: Address): void {
    this.#byOriginal.set(original, undefined);
  }

  /** The next free place of a page that `reaches`; undefined: a new page is needed. */
  free(reaches: (place: Address) => boolean): Address | undefined {
    for (const { low, slots } of this.#pages) {
      const place = low + BigInt(slots.length * slotSize);
      if (slots.length < slotsPerPage && reaches(place)) return place;
    }
    return undefined;
  }

  addPage(low: Address): void {
    this.#pages.push({ low, slots: [] });
  }

  /** Its place is the one that `free` has just told. */
  add(slot: Slot): void {
    this.#page(slot.address)?.slots.push(slot);
    this.#byOriginal.set(slot.original, slot);
  }

  get isEmpty(): boolean {
    return this.#pages.length === 0;
  }

  get pages(): Address[] {
    return this.#pages.map(({ low }) => low);
  }

  #page(pc: Address): Page | undefined {
    for (const page of this.#pages) if (pc >= page.low && pc < page.low + BigInt(pageSize)) return page;
    return undefined;
  }

  /** What a pc in a slot means. Undefined: it is in none. */
  original(pc: Address): Original | undefined {
    const page = this.#page(pc);
    if (!page) return undefined;
    const slot = page.slots.at(Number(pc - page.low) >> 5);
    if (pc === slot?.address) return { pc: slot.original, before: true };
    return slot && pc === slot.address + BigInt(slot.copied) ? { pc: slot.original + BigInt(slot.length), before: false } : undefined;
  }

  /** The code there has changed, or is gone: copies of it are used no more. Threads that are in them leave them as ever. */
  forgetRange(low: Address, high: Address): void {
    for (const [original, slot] of this.#byOriginal) {
      if (original < high && original + BigInt(slot?.length ?? 15) > low) this.#byOriginal.delete(original);
    }
  }

  /** fork copies the pages with all memory. */
  copyTo(other: SlotTable): void {
    if (this.isEmpty) return;
    other.#byOriginal = new Map(this.#byOriginal);
    other.#pages = this.#pages.map(({ low, slots }) => ({ low, slots: [...slots] }));
  }
}
