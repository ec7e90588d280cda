/** Rectangles of text that are put beside and below each other. Colours do not count as width. */
import { widthOf } from './width.js';

export interface Row {
  readonly text: string;
  /** In columns; escape sequences for colours take none. */
  readonly width: number;
}

export interface Canvas {
  readonly width: number;
  readonly rows: readonly Row[];
}

/** Text, and the same coloured. */
export const row = (text: string, coloured: (text: string) => string = (each) => each): Row => ({
  text: coloured(text),
  width: widthOf(text),
});

export const joined = (...parts: readonly Row[]): Row => ({
  text: parts.map(({ text }) => text).join(''),
  width: parts.reduce((sum, { width }) => sum + width, 0),
});

export const canvas = (...rows: readonly Row[]): Canvas => ({ width: Math.max(0, ...rows.map(({ width }) => width)), rows });

export const blank = (width: number): Row => ({ text: ' '.repeat(Math.max(0, width)), width: Math.max(0, width) });

export const padded = (one: Row, width: number): Row => (one.width >= width ? one : joined(one, blank(width - one.width)));

export const centred = (one: Row, width: number): Row => {
  const left = Math.max(0, Math.floor((width - one.width) / 2));
  return padded(joined(blank(left), one), width);
};

export const below = (...parts: readonly Canvas[]): Canvas => canvas(...parts.flatMap(({ rows }) => rows));

/** Tops aligned, with a gap between. */
export const beside = (parts: readonly Canvas[], gap = 0): Canvas => {
  const height = Math.max(0, ...parts.map(({ rows }) => rows.length));
  return canvas(
    ...Array.from({ length: height }, (_, y) =>
      joined(...parts.flatMap(({ rows, width }, i) => [...(i > 0 ? [blank(gap)] : []), padded(rows[y] ?? blank(0), width)])),
    ),
  );
};

/** The first row behind one text, the others behind another of the same width. */
export const hanging = (first: Row, others: Row, { rows }: Canvas): Canvas =>
  canvas(...rows.map((each, y) => joined(y === 0 ? first : others, each)));

export const textOf = ({ rows }: Canvas): string => rows.map(({ text }) => text.trimEnd()).join('\n');
