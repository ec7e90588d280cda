/** Tables with lines: arrays of structures, matrices, and rows of numbers. */
import type { Cell, TableDrawing } from '../language/diagram.js';
import { blank, below, canvas, centred, joined, padded, row, type Canvas, type Row } from './canvas.js';
import { line } from './escape.js';
import type { Pen } from './pen.js';
import { shortened, widthOf } from './width.js';

const isNumber = (text: string): boolean => /^-?(?:\d[\d.e+-]*|0x[0-9a-f]+|inf|nan\(.*\))$/.test(text);

const rule = (widths: readonly number[], [left, cross, right]: readonly [string, string, string], pen: Pen): string =>
  left + widths.map((width) => pen.horizontal.repeat(width + 2)).join(cross) + right;

export const remaining = (rest: number | undefined, pen: Pen): Row[] =>
  rest === undefined ? [] : [row(`${pen.more} ${rest} more`, pen.style.dim)];

/** Widths of columns that fit; undefined: too many columns. */
const fitted = (widths: readonly number[], columns: number): number[] | undefined => {
  for (let most = 60; most >= 5; most--) {
    const cut = widths.map((width) => Math.min(width, most));
    if (cut.reduce((sum, width) => sum + width + 3, 1) <= columns) return cut;
  }
  return undefined;
};

/** Undefined: it does not fit. */
export const table = ({ columns, rows, rest }: TableDrawing, pen: Pen): Canvas | undefined => {
  const { style, corners, tees, vertical } = pen;
  const cells = rows.map((each) => each.cells.map(line));
  const heads = columns.map(line);
  const side = Math.max(0, ...rows.map(({ label }) => widthOf(label))) + 1;
  const wanted = heads.map((head, x) => Math.max(widthOf(head), ...cells.map((each) => widthOf(each[x] ?? ''))));
  const widths = fitted(wanted, pen.columns - side);
  if (widths === undefined || widths.length === 0) return undefined;
  const edge = (text: string): Row => row(text, style.dim);
  const right = heads.map((_, x) => cells.every((each) => isNumber(each[x] ?? '0')));
  const content = (texts: readonly string[], coloured: (text: string) => string): Row =>
    joined(
      ...widths.flatMap((width, x) => {
        const text = shortened(texts[x] ?? '', width, pen.more);
        const space = blank(width - widthOf(text));
        const shown = row(text, coloured);
        return [edge(x === 0 ? `${vertical} ` : ` ${vertical} `), ...(right[x] ? [space, shown] : [shown, space])];
      }),
      edge(` ${vertical}`),
    );
  const behind = (label: string, one: Row): Row => joined(padded(row(label, style.dim), side), one);
  return canvas(
    behind('', edge(rule(widths, [corners[0], tees[2], corners[1]], pen))),
    behind('', content(heads, style.name)),
    behind('', edge(rule(widths, [tees[0], tees[4], tees[1]], pen))),
    ...cells.map((each, y) =>
      behind(
        rows[y].label,
        content(each, (text) => text),
      ),
    ),
    behind('', edge(rule(widths, [corners[2], tees[3], corners[3]], pen))),
    ...remaining(rest, pen),
  );
};

/** Numbers side by side, their indexes above; as many lines as they need. */
export const cellsOf = (cells: readonly Cell[], rest: number | undefined, pen: Pen): Canvas => {
  const { style, corners, tees, vertical } = pen;
  const parts: Canvas[] = [];
  const columns = cells.map((cell) => {
    const label = cell.label.replace(/^\[|\]$/g, '');
    const value = shortened(line(cell.value), 40, pen.more);
    return { label, value, width: Math.max(widthOf(label), widthOf(value)) };
  });
  const edge = (text: string): Row => row(text, style.dim);
  for (let at = 0; at < columns.length;) {
    let end = at + 1;
    let width = (columns[at]?.width ?? 0) + 4;
    while (end < columns.length && width + columns[end].width + 3 <= pen.columns) width += columns[end++].width + 3;
    const shown = columns.slice(at, end);
    const widths = shown.map((each) => each.width);
    parts.push(
      canvas(
        joined(...shown.flatMap((each) => [blank(1), centred(row(each.label, style.dim), each.width + 2)])),
        edge(rule(widths, [corners[0], tees[2], corners[1]], pen)),
        joined(...shown.flatMap((each) => [edge(vertical), centred(row(each.value), each.width + 2)]), edge(vertical)),
        edge(rule(widths, [corners[2], tees[3], corners[3]], pen)),
      ),
    );
    at = end;
  }
  return below(...parts, canvas(...remaining(rest, pen)));
};
