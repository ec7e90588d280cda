/** Which rows of a line program count, held against what gdb keeps of the same sequences (its lnp_state_machine, seen by `maint info line-table`). */
import { expect, it } from 'vitest';
import { LineRows, RowFlag } from '../../src/symbols/line-rows.js';
import { LineTable } from '../../src/symbols/line-table.js';
import type { SourceFile } from '../../src/symbols/model.js';

const sources = ['', 'vector.h', 'main.cc'].map((path): SourceFile | undefined => (path === '' ? undefined : { path, name: path }));

/** `[address, file, line, is-statement, discriminator]` */
type Row = readonly [address: number, file: number, line: number, statement: 0 | 1, discriminator: number];

/** A sequence of these rows that ends at 0x100. */
const tableOf = (...rows: readonly Row[]): LineTable => {
  const end: Row = [0x100, rows.at(-1)?.[1] ?? 1, 0, 0, 0];
  const data = new DataView(new ArrayBuffer(24 * (rows.length + 1)));
  [...rows, end].forEach((row, index) => {
    const [address, file, line, statement, discriminator] = row;
    data.setFloat64(24 * index, address, true);
    [file, line, discriminator].forEach((number, column) => data.setUint32(24 * index + 8 + 4 * column, number, true));
    data.setUint8(24 * index + 22, row === end ? RowFlag.endSequence : statement === 1 ? RowFlag.isStatement : 0);
  });
  return new LineTable(new LineRows(data.buffer).recorded(sources, 0), sources);
};

/** What the table has of these rows, as `address file:line`. */
const kept = (...rows: readonly Row[]): string[] => {
  const table = tableOf(...rows);
  return Array.from({ length: table.count }, (_, index) => index)
    .filter((index) => !table.isEnd(index))
    .map((index) => `${table.address(index).toString(16)} ${table.source(index)?.path ?? ''}:${table.line(index)}`);
};

it('a row that repeats the line of the row before, with a discriminator, does not count', () => {
  expect(kept([0x10, 2, 92, 1, 2], [0x1a, 2, 92, 0, 2])).toEqual(['10 main.cc:92']);
});

it('unless a row of another file stood between them, be it one that is left out', () => {
  expect(kept([0x10, 2, 92, 1, 2], [0x10, 1, 988, 0, 2], [0x1a, 2, 92, 0, 2])).toEqual(['10 main.cc:92', '1a main.cc:92']);
});

it('the end of a file undoes its own rows at the address only', () => {
  expect(kept([0x10, 2, 92, 1, 2], [0x10, 1, 988, 0, 2], [0x10, 2, 93, 1, 0])).toEqual(['10 main.cc:92', '10 main.cc:93']);
});

it('a row reaches to the next address that has one; behind the last nothing is known but its own byte', () => {
  const table = tableOf([0x10, 2, 92, 1, 0], [0x10, 2, 93, 1, 0], [0x1a, 2, 94, 1, 0]);
  expect(Array.from({ length: table.count }, (_, index) => table.endOf(index))).toEqual([0x1a, 0x1a, 0x100, 0x101]);
});
