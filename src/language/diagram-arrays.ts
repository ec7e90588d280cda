/** Arrays as drawings: numbers in cells, structures as a table, pointers as rows of what they lead to. */
import { DeetError } from '../common/errors.js';
import type { ArrayType } from '../symbols/types.js';
import type { Builder } from './diagram-builder.js';
import type { Cell, Drawing } from './diagram.js';
import { complete, shapeOf } from './diagram-shape.js';
import { ElementWindow } from './element-window.js';
import { textKind } from './textual.js';
import { asArray, asPointer, countOf } from './types.js';
import { toInteger, type Value } from './value.js';

/** Most elements of an array of scalars, and most rows. */
const MAX_ROWS = 10_000;

interface Run<T> {
  readonly label: string;
  readonly item: T;
}

/** Elements up to the limit of `print elements`; runs of equal ones, from `print repeats` on, count as one. */
function runs<T>(
  value: Value,
  array: ArrayType,
  builder: Builder,
  item: (element: Value) => T,
  shortest?: number,
): { runs: Run<T>[]; rest: number } {
  const { elements, repeats } = { ...builder.context.settings, ...builder.options.settings };
  const limit = elements === 0 ? MAX_ROWS : elements;
  const least = shortest ?? (repeats === 0 ? Infinity : repeats);
  const count = countOf(array);
  const window = new ElementWindow(value, array, count);
  const list: Run<T>[] = [];
  let at = 0;
  while (at < count && list.length < limit) {
    const { length } = window.run(at);
    const run = length > least ? length : 1;
    list.push({ label: run === 1 ? `[${at}]` : `[${at}..${at + run - 1}]`, item: item(window.element(at)) });
    at += run;
  }
  return { runs: list, rest: count - at };
}

const remaining = (rest: number): { rest?: number } => (rest > 0 ? { rest } : {});

export function arrayDrawing(value: Value, array: ArrayType, builder: Builder, depth: number): Drawing {
  const struct = complete(array.element);
  const pointer = asPointer(array.element);
  if (struct) {
    const { links, fields } = shapeOf(struct);
    if (links.length > 0) {
      const found = runs(value, array, builder, (element) => element);
      const drawings = builder.records(
        found.runs.map(({ item }) => item),
        struct,
        depth + 1,
      );
      return { kind: 'rows', rows: found.runs.map(({ label }, i) => ({ label, to: drawings[i] })), ...remaining(found.rest) };
    }
    const found = runs(value, array, builder, (element) => fields.map((field) => builder.field(element, field)));
    const rows = found.runs.map(({ label, item }) => ({ label, cells: item }));
    return { kind: 'table', columns: fields.map(({ name }) => name), rows, ...remaining(found.rest) };
  }
  if (pointer && !textKind(pointer.target) && complete(pointer.target)) {
    // Of empty places even two are more than need be seen.
    const found = runs(value, array, builder, (element) => behind(element, pointer.target, builder, depth), 1);
    return { kind: 'rows', rows: found.runs.map(({ label, item }) => ({ label, to: item })), ...remaining(found.rest) };
  }
  const inner = asArray(array.element);
  if (inner && !textKind(inner.element) && !asArray(inner.element) && !complete(inner.element)) return grid(value, array, inner, builder);
  const text = (element: Value): string => builder.text(element);
  const found = runs(value, array, builder, text);
  return { kind: 'cells', cells: found.runs.map(({ label, item }): Cell => ({ label, value: item })), ...remaining(found.rest) };
}

function behind(element: Value, target: Parameters<Builder['at']>[0], builder: Builder, depth: number): Drawing {
  try {
    return builder.at(target, BigInt.asUintN(64, toInteger(element)), depth + 1);
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    return { kind: 'unreadable', address: '0x0', text: error.message };
  }
}

/** Columns of a matrix that are worth a table. */
const MAX_COLUMNS = 64;

function grid(value: Value, array: ArrayType, inner: ArrayType, builder: Builder): Drawing {
  const width = Math.min(countOf(inner), MAX_COLUMNS);
  const text = (element: Value): string => builder.text(element);
  const found = runs(value, array, builder, (row) => Array.from({ length: width }, (_, i) => text(row.element(inner, i))));
  const columns = Array.from({ length: width }, (_, i) => `[${i}]`);
  if (width < countOf(inner)) columns.push('...');
  return { kind: 'table', columns, rows: found.runs.map(({ label, item }) => ({ label, cells: item })), ...remaining(found.rest) };
}
