/** Shows results: as text for people (errors on stderr), or as JSON lines on stdout. */
import type { Result } from '../commands/results.js';
import type { Sources } from '../commands/sources.js';
import { toJson } from '../render/json.js';
import { writeAll } from '../render/output.js';
import type { Surface } from '../render/pen.js';
import type { Style } from '../render/style.js';
import { toText } from '../render/text.js';

export type Printer = (result: Result) => void;

/**
 * @param logged takes what is shown for the log; true: it is not shown
 * @param broken called when nobody reads stdout any more
 */
export const textPrinter = (
  style: Style,
  sources: Sources,
  surface: () => Surface,
  logged: (text: string) => boolean,
  broken: () => void,
): Printer => {
  return (result) => {
    const text = toText(result, { style, sources, surface });
    if (text !== '' && !logged(text) && !writeAll(result.type === 'error' ? 2 : 1, text)) broken();
  };
};

export const jsonPrinter = (broken: () => void): Printer => {
  return (result) => {
    if (!writeAll(1, `${toJson(result)}\n`)) broken();
  };
};
