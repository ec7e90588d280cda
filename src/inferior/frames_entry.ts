/**
 * Values that parameters had when their function was entered (DW_OP_entry_value; DWARF 5, 2.5.1.7), as the caller's call site
 * describes them. The caller's expression may ask for its own values at entry, and so on outwards through all of a deep
 * recursion: so each value is computed once, and the chain is followed with a list of its own instead of by recursion.
 */
import type { FrameContext } from '../dwarf/location.js';
import { evaluateNumber } from '../dwarf/machine.js';
import type { UnitContext } from '../symbols/model.js';

/** What a call site says of one value: an expression to evaluate in the caller. */
export interface EntryDescription {
  readonly value: Uint8Array;
  readonly unit: UnitContext;
  readonly caller: FrameContext;
}

/** Of an activation, or of a tail call (counted from 1) between it and its caller. */
export interface EntryOwner {
  readonly index: number;
  readonly tail: number;
}

/** All values of one expression, of activations or of the n-th tail calls around them, by the number of the activation: stacks are deep, and their functions have few parameters. */
interface Column {
  readonly tail: number;
  readonly expression: Uint8Array;
  readonly values: Map<number, bigint | undefined>;
}

interface Request {
  readonly column: Column;
  readonly index: number;
}

/** Leaves an evaluation that needs another value first; it begins again when that is known. */
class NeededFirst extends Error {
  request: Request | undefined;
}

/** One for all times: making an Error costs more than an evaluation. */
const neededFirst = new NeededFirst();

/** Values remembered in a column; when there are more, all are forgotten. */
const MOST_VALUES = 1 << 16;

/**
 * The longest chain of frames that is followed for a value. Three frames at the inner end of a recursion a million deep must not cost a walk to
 * its outer end: there the value counts as unknown, and so do those on the way.
 */
const LONGEST_CHAIN = 1 << 15;

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export class EntryValues {
  private readonly columns: Column[] = [];
  private evaluating = false;

  /** @param describe finds the expression for a value in the caller; undefined: the call site does not tell. */
  constructor(private readonly describe: (owner: EntryOwner, expression: Uint8Array) => EntryDescription | undefined) {}

  /** The number that `expression` had when the function of `owner` was entered. */
  value({ index, tail }: EntryOwner, expression: Uint8Array): bigint | undefined {
    const column = this.column(tail, expression);
    const { values } = column;
    if (values.has(index)) return values.get(index);
    if (this.evaluating) {
      neededFirst.request = { column, index };
      throw neededFirst;
    }
    for (const each of this.columns) if (each.values.size > MOST_VALUES) each.values.clear();
    const work: Request[] = [{ column, index }];
    for (let request = work.at(-1); request !== undefined; request = work.at(-1)) {
      const needed = this.attempt(request);
      if (needed === undefined) work.pop();
      else if (work.length < LONGEST_CHAIN) work.push(needed);
      else for (const each of work.splice(0)) each.column.values.set(each.index, undefined);
    }
    return values.get(index);
  }

  private column(tail: number, expression: Uint8Array): Column {
    let found = this.columns.find((each) => each.tail === tail && sameBytes(each.expression, expression));
    if (!found) this.columns.push((found = { tail, expression, values: new Map() }));
    return found;
  }

  /** Computes one value, or returns what must be known before it. */
  private attempt({ column: { tail, expression, values }, index }: Request): Request | undefined {
    this.evaluating = true;
    try {
      const description = this.describe({ index, tail }, expression);
      values.set(index, description && evaluateNumber(description.value, description.unit, description.caller));
      return undefined;
    } catch (error) {
      if (error instanceof NeededFirst) return error.request;
      throw error;
    } finally {
      this.evaluating = false;
    }
  }
}
