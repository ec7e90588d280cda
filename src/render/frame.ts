/** A frame in one line, and what all renderers of text are given. */
import { wideHex } from '../common/addresses.js';
import { argumentWords } from '../commands/frames.js';
import type { FrameResult, VariableResult } from '../commands/results.js';
import type { Sources } from '../commands/sources.js';
import { line, lines } from './escape.js';
import type { Surface } from './pen.js';
import type { Style } from './style.js';

export interface TextOptions {
  readonly style: Style;
  readonly sources: Sources;
  /** How wide, and with which characters, drawings may be; asked for when there is one. */
  readonly surface?: () => Surface;
}

/** Without a terminal: ASCII, as wide as people write. */
const page: Surface = { boxes: false, columns: 100 };

export const surfaceOf = ({ surface }: TextOptions): Surface => surface?.() ?? page;

/** `x = 3`, as in `info locals` and the arguments of a frame. */
export const assignment = ({ name, value }: VariableResult, style: Style): string => `${style.name(line(name))} = ${lines(value)}`;

export const frameArguments = (frame: FrameResult, style: Style): string =>
  frame.presenceOnly
    ? frame.args.length > 0
      ? '...'
      : ''
    : argumentWords(frame.args)
        .map(([names, value]) => [...names.map((name) => style.name(line(name))), line(value)].join('='))
        .join(', ');

/** Everything behind the number: `func2 (a=2) at FILE:LINE`, `0xADDR in read () from libc.so.6`. */
export const frameText = (frame: FrameResult, style: Style): string => {
  const { function: name, file, line: number, address, image } = frame;
  if (frame.signalHandler) return '<signal handler called>';
  if (frame.ownCall) return '<function called from deet>';
  const where =
    file === undefined
      ? image === undefined
        ? ''
        : ` from ${style.place(line(image))}`
      : ` at ${style.place(`${line(file)}:${number ?? 0}`)}`;
  // A frame without lines, and a caller's, whose pc is inside a line, show their address; gdb does it for every caller.
  const showAddress = file === undefined;
  const before = showAddress ? `${style.address(wideHex(address))} in ` : '';
  return `${before}${style.function(line(name ?? '??'))} (${frameArguments(frame, style)})${where}`;
};
