/** Nodes of a drawing: as a box, or in one line. */
import type { DiagramLink, DiagramNode, Drawing } from '../language/diagram.js';
import { blank, canvas, joined, padded, row, type Canvas, type Row } from './canvas.js';
import { line } from './escape.js';
import type { Pen } from './pen.js';
import { shortened, widthOf } from './width.js';

/** A structure at which nothing hangs may be shown inside of the node that points to it. */
export const isLeaf = (drawing: Drawing): boolean =>
  drawing.kind === 'node' ? drawing.node.links.length === 0 && drawing.node.notes === undefined : ends.has(drawing.kind);

const ends = new Set<Drawing['kind']>(['null', 'reference', 'unreadable', 'more', 'value']);

/** Where a pointer leads, in a few words. */
export const endText = (drawing: Drawing, { style, more }: Pen): Row => {
  switch (drawing.kind) {
    case 'null':
      return row('NULL', style.dim);
    case 'reference':
      return row(`#${drawing.id}`, style.mark);
    case 'unreadable':
      return row(
        line(
          drawing.text.includes(drawing.address) || drawing.address === '0x0'
            ? `<${drawing.text}>`
            : `${drawing.address} <${drawing.text}>`,
        ),
        style.error,
      );
    case 'more':
      return row(`${drawing.address} ${more}`, style.dim);
    case 'value':
      return row(line(drawing.text));
    default:
      return row(more, style.dim);
  }
};

/** `#3 0x4052a0`: a number only if something else leads there. */
const title = (node: DiagramNode, { style }: Pen, withAddress: boolean): Row => {
  const parts = [
    ...(node.shared ? [row(`#${node.id}`, style.mark)] : []),
    ...(withAddress && node.address !== undefined ? [row(node.address, style.address)] : []),
  ];
  return joined(...parts.flatMap((part, i) => (i === 0 ? [part] : [blank(1), part])));
};

/** `{value = 3, name = "x"}` */
const braces = (node: DiagramNode, pen: Pen, limit: number): Row => {
  const plain = node.fields.map(({ name, value }) => `${line(name)} = ${line(value)}`).join(', ');
  if (widthOf(plain) + 2 > limit) return row(`{${shortened(plain, Math.max(8, limit - 2), pen.more)}}`);
  const parts = node.fields.flatMap(({ name, value }, i) => [
    row(i === 0 ? '' : ', '),
    row(line(name), pen.style.name),
    row(` = ${line(value)}`),
  ]);
  return joined(row('{'), ...parts, row('}'));
};

/** The whole node in one line, without what hangs on it. */
export const oneLine = (node: DiagramNode, pen: Pen, limit: number, withAddress: boolean): Row => {
  const head = title(node, pen, withAddress);
  const notes = (node.notes ?? []).map((note) => row(` ! ${line(note)}`, pen.style.error));
  return joined(head, ...(head.width > 0 ? [blank(1)] : []), braces(node, pen, limit - head.width - 1), ...notes);
};

/** A pointer to something small, as a line of the box: `owner → {name = "x"}`. */
const linkLine = ({ name, to }: DiagramLink, pen: Pen, limit: number): Row => {
  if (to.kind === 'null') return joined(row(line(name), pen.style.name), row(' = '), endText(to, pen));
  const head = joined(row(line(name), pen.style.name), row(` ${pen.arrow} `));
  return joined(head, to.kind === 'node' ? oneLine(to.node, pen, limit - head.width, false) : endText(to, pen));
};

export interface BoxOptions {
  readonly withAddress: boolean;
  /** Its only field is shown without its name. */
  readonly bare?: boolean;
  /** The lower edge opens downwards in the middle. */
  readonly opens?: boolean;
  readonly links: readonly DiagramLink[];
  readonly limit: number;
}

export const box = (node: DiagramNode, pen: Pen, { withAddress, bare, opens, links, limit }: BoxOptions): Canvas => {
  const { style, corners, horizontal, vertical, tees } = pen;
  const most = Math.max(8, limit - 4);
  const fields = node.fields.map(({ name, value }) => {
    if (bare && node.fields.length === 1) return row(shortened(line(value), most, pen.more));
    const text = shortened(line(value), Math.max(8, most - widthOf(line(name)) - 3), pen.more);
    return joined(row(line(name), style.name), row(` = ${text}`));
  });
  const notes = (node.notes ?? []).map((note) => row(`! ${line(note)}`, style.error));
  const inside = [...fields, ...links.map((link) => linkLine(link, pen, most)), ...notes];
  if (inside.length === 0) inside.push(row(line(node.type), style.dim));
  const head = title(node, pen, withAddress);
  const width = Math.max(...inside.map((each) => each.width), head.width);
  const edge = (text: string): Row => row(text, style.dim);
  const top =
    head.width === 0
      ? edge(corners[0] + horizontal.repeat(width + 2) + corners[1])
      : joined(edge(corners[0] + horizontal), head, edge(horizontal.repeat(width - head.width + 1) + corners[1]));
  const middle = Math.floor((width + 4) / 2) - 1;
  const bottom = opens ? horizontal.repeat(middle) + tees[2] + horizontal.repeat(width + 1 - middle) : horizontal.repeat(width + 2);
  return canvas(
    top,
    ...inside.map((each) => joined(edge(`${vertical} `), padded(each, width), edge(` ${vertical}`))),
    edge(corners[2] + bottom + corners[3]),
  );
};
