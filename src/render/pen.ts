/** What drawings are drawn with: box characters where they can be shown, and plain ASCII elsewhere. */
import type { Style } from './style.js';

export interface Pen {
  readonly style: Style;
  /** Columns to draw in. */
  readonly columns: number;
  /** Lists in one line: there are many of them. */
  readonly compact?: true;
  readonly horizontal: string;
  readonly vertical: string;
  /** Corners of a box: top left, top right, bottom left, bottom right. */
  readonly corners: readonly [string, string, string, string];
  /** T pieces: open to the right, to the left, downwards, upwards; and the cross. */
  readonly tees: readonly [string, string, string, string, string];
  readonly arrow: string;
  readonly down: string;
  /** Behind what a register points to. */
  readonly pointed: string;
  readonly right: string;
  readonly both: string;
  readonly branch: string;
  readonly lastBranch: string;
  readonly trunk: string;
  readonly more: string;
}

/** How the front end draws. */
export interface Surface {
  /** Can box characters be shown? */
  readonly boxes: boolean;
  readonly columns: number;
}

export const penFor = (style: Style, { boxes, columns }: Surface): Pen =>
  boxes
    ? {
        style,
        columns,
        horizontal: '─',
        vertical: '│',
        corners: ['┌', '┐', '└', '┘'],
        tees: ['├', '┤', '┬', '┴', '┼'],
        arrow: '→',
        down: '▼',
        pointed: '◄──',
        right: '──►',
        both: '◄─►',
        branch: '├─ ',
        lastBranch: '└─ ',
        trunk: '│  ',
        more: '…',
      }
    : {
        style,
        columns,
        horizontal: '-',
        vertical: '|',
        corners: ['+', '+', '+', '+'],
        tees: ['+', '+', '+', '+', '+'],
        arrow: '->',
        down: 'v',
        pointed: '<--',
        right: '-->',
        both: '<->',
        branch: '|- ',
        lastBranch: '`- ',
        trunk: '|  ',
        more: '...',
      };

/**
 * Box characters are for terminals, unless the locale says that it is not UTF-8 (locale(7)). NO_COLOR takes the colours away, not the boxes.
 */
export const canShowBoxes = (terminal: boolean, environment: Readonly<Record<string, string | undefined>>): boolean => {
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG'].map((name) => environment[name]).find((value) => value !== undefined && value !== '');
  return terminal && environment['TERM'] !== 'dumb' && (locale === undefined || /utf-?8/i.test(locale));
};
