/** Drawings of data: lists as boxes with arrows, trees from the top downwards, arrays as tables; what does not fit is indented. */
import type { Result } from '../commands/results.js';
import type { DiagramNode, Drawing, ListDrawing } from '../language/diagram.js';
import { below, beside, blank, canvas, hanging, joined, padded, row, textOf, type Canvas, type Row } from './canvas.js';
import { line } from './escape.js';
import { box, endText, isLeaf, oneLine } from './nodes.js';
import { penFor, type Pen, type Surface } from './pen.js';
import type { Style } from './style.js';
import { cellsOf, remaining, table } from './tables.js';
import { isTree, tree } from './trees.js';

export const renderDiagram = (
  { expression, valueType, drawing, number }: Extract<Result, { type: 'diagram' }>,
  style: Style,
  surface: Surface,
): string => {
  const pen = penFor(style, surface);
  const name = number === undefined ? '' : `${style.name(`$${number}`)} = `;
  return `${name}${line(expression)} ${style.dim(`(${line(valueType)})`)}\n${textOf(draw(drawing, pen))}`;
};

const narrower = (pen: Pen, columns: number): Pen => ({ ...pen, columns: Math.max(24, pen.columns - columns) });

const draw = (drawing: Drawing, pen: Pen): Canvas => {
  switch (drawing.kind) {
    case 'list':
      return !isPlain(drawing) ? downwards(drawing, pen) : pen.compact ? flat(drawing, pen) : list(drawing, pen);
    case 'node':
      return node(drawing.node, pen);
    case 'table':
      return table(drawing, pen) ?? asRows(drawing, pen);
    case 'cells':
      return drawing.cells.length === 0 ? canvas(row('(empty)', pen.style.dim)) : cellsOf(drawing.cells, drawing.rest, pen);
    case 'rows':
      return rows(drawing, pen);
    default:
      return canvas(endText(drawing, pen));
  }
};

const node = (of: DiagramNode, pen: Pen): Canvas => {
  const drawn = isTree(of) ? tree(of, pen) : undefined;
  if (drawn) return drawn;
  if (of.links.some(({ child }) => child)) return indented(of, pen);
  const small = of.links.filter(({ to }) => isLeaf(to));
  const own = box(of, pen, { withAddress: true, links: small, limit: pen.columns });
  return below(own, branches(of, pen, new Set(small.map(({ name }) => name))));
};

/** The node in one line, what hangs on it below. */
const indented = (of: DiagramNode, pen: Pen): Canvas => below(canvas(oneLine(of, pen, pen.columns, true)), branches(of, pen, new Set()));

/** Every link of a node but those in `done`, each with what it leads to. A leaf's children need no mention. */
const branches = (of: DiagramNode, pen: Pen, done: ReadonlySet<string>): Canvas => {
  const isBare = of.links.every(({ child, to }) => !child || to.kind === 'null');
  const links = of.links.filter(({ name, to, child }) => !done.has(name) && !(isBare && child && to.kind === 'null'));
  return below(
    ...links.map(({ name, to }, i) => {
      const last = i === links.length - 1;
      const { style } = pen;
      const trunk = row(last ? blank(pen.trunk.length).text : pen.trunk, style.dim);
      const head = joined(row(last ? pen.lastBranch : pen.branch, style.dim), row(line(name), style.name), row(': '));
      if (to.kind === 'node' && (to.node.links.some(({ child }) => child) || isLeaf(to)))
        return hanging(head, trunk, indented(to.node, narrower(pen, trunk.width)));
      if (isLeaf(to)) return hanging(head, trunk, canvas(endText(to, pen)));
      if (to.kind === 'list' && pen.compact && isPlain(to))
        return hanging(head, joined(trunk, blank(head.width - trunk.width)), flat(to, narrower(pen, head.width)));
      return below(canvas(head), hanging(trunk, trunk, draw(to, narrower(pen, trunk.width))));
    }),
  );
};

/** Nothing hangs on its nodes that needs room of its own. */
const isPlain = ({ nodes }: ListDrawing): boolean => nodes.every(({ links }) => links.every(({ to }) => isLeaf(to)));

/** Boxes with arrows between, in as many lines as they need. */
const list = (drawing: ListDrawing, pen: Pen): Canvas => {
  const arrow = (text: string): Canvas => canvas(blank(0), row(text, pen.style.dim));
  const lines: Canvas[][] = [[]];
  let width = 0;
  const put = (part: Canvas, before: string): void => {
    const head = arrow(before);
    if (width + head.width + part.width > pen.columns && width > 0) {
      lines.push([]);
      width = 0;
    }
    lines[lines.length - 1].push(head, part);
    width += head.width + part.width;
  };
  drawing.nodes.forEach((each, i) =>
    put(
      box(each, pen, { withAddress: true, links: each.links, limit: Math.min(60, pen.columns - 4) }),
      i === 0 ? '' : drawing.back === undefined ? pen.right : pen.both,
    ),
  );
  const end = joined(blank(1), endOfList(drawing, pen));
  put(canvas(blank(0), end), pen.right);
  const [last, rest] = [lines[lines.length - 1], lines.slice(0, -1)];
  const ending = last.length > 2 ? beside(last) : canvas(joined(row(pen.right, pen.style.dim), end));
  return below(...rest.map((parts) => beside(parts)), ending);
};

const endOfList = ({ end, nodes }: ListDrawing, pen: Pen): Row => {
  const text = endText(end, pen);
  if (end.kind !== 'reference') return text;
  const where = nodes.findIndex(({ id }) => id === end.id);
  return joined(text, row(where === 0 ? ' (circular)' : where > 0 ? ' (a cycle)' : ' (shared)', pen.style.dim));
};

/** Below each other: lists whose nodes have lists or trees of their own. */
const downwards = (drawing: ListDrawing, pen: Pen): Canvas => {
  const { nodes, link, back } = drawing;
  const { style } = pen;
  const between = canvas(
    row(pen.vertical, style.dim),
    joined(row(pen.down, style.dim), blank(1), row(line(back === undefined ? link : `${link}, ${back}`), style.dim)),
  );
  return below(
    ...nodes.flatMap((each, i) => {
      const small = each.links.filter(({ to }) => isLeaf(to));
      const own = box(each, pen, { withAddress: true, links: small, limit: pen.columns });
      return [...(i === 0 ? [] : [between]), below(own, branches(each, pen, new Set(small.map(({ name }) => name))))];
    }),
    between,
    canvas(endOfList(drawing, pen)),
  );
};

/** Rows of an array: where each of its pointers leads. Lists in one line, so that many buckets fit. */
const rows = ({ rows: all, rest }: Extract<Drawing, { kind: 'rows' }>, pen: Pen): Canvas => {
  const side = Math.max(0, ...all.map(({ label }) => label.length)) + 1;
  const indent = blank(side);
  const parts = all.map(({ label, to }) => {
    const head = padded(row(label, pen.style.dim), side);
    const inner = { ...narrower(pen, side), compact: true } as const;
    if (to.kind === 'node') return hanging(head, indent, indented(to.node, inner));
    return hanging(head, indent, draw(to, inner));
  });
  return below(...parts, canvas(...remaining(rest, pen)));
};

/** `──► {key = 1} ──► {key = 2} ──► NULL` */
const flat = (drawing: ListDrawing, pen: Pen): Canvas => {
  const arrow = row(`${pen.right} `, pen.style.dim);
  const pieces = [...drawing.nodes.map((each) => inline(each, pen)), endOfList(drawing, pen)];
  const lines: Row[] = [];
  let current = row('');
  for (const piece of pieces) {
    const next = joined(arrow, piece, blank(1));
    if (current.width > 0 && current.width + next.width > pen.columns) {
      lines.push(current);
      current = row('');
    }
    current = joined(current, next);
  }
  return canvas(...lines, current);
};

/** A node with the small things that it points to, in one line. */
const inline = (of: DiagramNode, pen: Pen): Row => {
  const links = of.links
    .filter(({ to }) => to.kind !== 'null')
    .map(({ name, to }) => ({ to, head: row(` ${line(name)} ${pen.arrow} `, pen.style.dim) }));
  const arrow = pen.right.length + 2;
  const room = links.reduce((rest, { head }) => rest - head.width, pen.columns - arrow);
  const share = Math.min(60, Math.max(12, Math.floor(room / (links.length + 1))));
  const parts = links.flatMap(({ to, head }) => [head, to.kind === 'node' ? oneLine(to.node, pen, share, false) : endText(to, pen)]);
  return joined(oneLine(of, pen, share, false), ...parts);
};

/** A table that is too wide: each row in braces. */
const asRows = ({ columns, rows: all, rest }: Extract<Drawing, { kind: 'table' }>, pen: Pen): Canvas =>
  canvas(
    ...all.map(({ label, cells }) => row(`${label} {${cells.map((cell, x) => `${line(columns[x] ?? '')} = ${line(cell)}`).join(', ')}}`)),
    ...remaining(rest, pen),
  );
