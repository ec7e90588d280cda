/** A tree from the top downwards, its root in the middle of its children; undefined if it does not fit. */
import type { DiagramLink, DiagramNode } from '../language/diagram.js';
import { beside, below, blank, canvas, joined, padded, row, type Canvas, type Row } from './canvas.js';
import { line } from './escape.js';
import { box, endText, isLeaf } from './nodes.js';
import type { Pen } from './pen.js';

interface Anchored {
  readonly canvas: Canvas;
  /** The column that the line from above ends at. */
  readonly at: number;
}

const childrenOf = ({ links }: DiagramNode): DiagramLink[] => links.filter(({ child }) => child);

/** All that hangs on it is its children, and theirs. */
const isPure = (node: DiagramNode, depth: number): boolean =>
  depth < 12 && node.links.every(({ child, to }) => isLeaf(to) || (child === true && to.kind === 'node' && isPure(to.node, depth + 1)));

export const isTree = (node: DiagramNode): boolean => node.links.some(({ child }) => child) && isPure(node, 0);

/** Where the side says which is which, names are not needed. */
const speaksForItself = (name: string): boolean => /^(?:l|r)$|left|right|child|sibling|lhs|rhs/i.test(name) && !name.includes('[');

const label = (name: string): string => (name.includes('[') ? name.slice(name.indexOf('[')) : name);

export const tree = (node: DiagramNode, pen: Pen): Canvas | undefined => {
  const drawn = draw(node, pen);
  return drawn.canvas.width <= pen.columns ? drawn.canvas : undefined;
};

const shifted = (canvasOf: Canvas, columns: number): Canvas =>
  columns <= 0 ? canvasOf : canvas(...canvasOf.rows.map((each) => joined(blank(columns), each)));

const draw = (node: DiagramNode, pen: Pen): Anchored => {
  const links = childrenOf(node);
  const inner = links.some(({ to }) => to.kind !== 'null');
  const options = { withAddress: false, bare: true, opens: inner, links: node.links.filter(({ child }) => !child), limit: 40 };
  const own = box(node, pen, options);
  const middle = Math.floor(own.width / 2);
  if (!inner) return { canvas: own, at: middle };
  const named = !links.every(({ name }) => speaksForItself(name));
  const parts = links.map(({ name, to }): Anchored => {
    const part = to.kind === 'node' ? draw(to.node, pen) : ended(endText(to, pen));
    if (!named) return part;
    const text = row(label(line(name)), pen.style.dim);
    const left = Math.max(0, part.at - Math.floor(text.width / 2));
    const shift = Math.max(0, Math.floor(text.width / 2) - part.at);
    return { canvas: below(canvas(joined(blank(left), text)), shifted(part.canvas, shift)), at: part.at + shift };
  });
  const gap = 2;
  let column = 0;
  const anchors = parts.map(({ canvas: { width }, at }) => {
    const anchor = column + at;
    column += width + gap;
    return anchor;
  });
  const [first, last] = [anchors[0], anchors[anchors.length - 1]];
  const centre = Math.floor((first + last) / 2);
  const toRight = Math.max(0, middle - centre);
  const at = centre + toRight;
  const moved = anchors.map((anchor) => anchor + toRight);
  const children = shifted(
    beside(
      parts.map((part) => part.canvas),
      gap,
    ),
    toRight,
  );
  return { canvas: below(shifted(own, at - middle), canvas(row(connector(moved, at, pen), pen.style.dim)), children), at };
};

const ended = (text: Row): Anchored => ({ canvas: canvas(padded(text, text.width)), at: Math.floor(text.width / 2) });

/** The line between a parent at `at` and its children. */
const connector = (anchors: readonly number[], at: number, { corners, tees, horizontal, vertical }: Pen): string => {
  const [first, last] = [anchors[0], anchors[anchors.length - 1]];
  if (first === last) return ' '.repeat(at) + vertical;
  let text = ' '.repeat(first);
  for (let x = first; x <= last; x++) {
    const down = anchors.includes(x);
    if (x === at) text += down ? (x === first ? tees[0] : x === last ? tees[1] : tees[4]) : tees[3];
    else if (x === first) text += corners[0];
    else if (x === last) text += corners[1];
    else text += down ? tees[2] : horizontal;
  }
  return text;
};
