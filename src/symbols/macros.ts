/** The definition of a macro that holds at a place of the source. */
import { readMacros } from '../dwarf/macros.js';
import type { Compilation } from './compilation.js';
import type { Macro, MacroPlace, SourceFile, SourcePosition } from './model.js';

/** @param until where it is used: later definitions do not count; undefined: at the end of the unit */
export const findMacro = (name: string, unit: Compilation, until: SourcePosition | undefined): Macro | undefined => {
  let text: string | undefined;
  let defined: readonly MacroPlace[] = [];
  const files: (SourceFile | undefined)[] = [];
  /** The line of each file's inclusion, in the file before it. */
  const inclusions: number[] = [];
  const placesOf = (line: number): MacroPlace[] =>
    // Before any file stands what the compiler and its command line define.
    files.length === 0
      ? [{ path: unit.description.path ?? '??', line: 0 }]
      : files.map((file, index) => ({ path: file?.path ?? '??', line: inclusions[index + 1] ?? line })).reverse();
  const starts = (definition: string): boolean =>
    definition.startsWith(name) && (definition.length === name.length || ' ('.includes(definition[name.length]));
  const behind = (line: number): boolean => until !== undefined && files.at(-1) === until.file && line > until.line;
  try {
    readMacros(unit.unit, (event) => {
      if (event.kind === 'end') {
        files.pop();
        inclusions.pop();
        return false;
      }
      if (behind(event.line)) return true;
      if (event.kind === 'start') {
        files.push(unit.source(event.file));
        inclusions.push(event.line);
      } else if (event.kind === 'undef') text = event.text === name ? undefined : text;
      else if (starts(event.text)) {
        ({ text } = event);
        defined = placesOf(event.line);
      }
      return false;
    });
  } catch (error) {
    unit.own.file.warn(error);
  }
  return text === undefined ? undefined : { ...parseDefinition(text), defined };
};

/** `MAX(a,b) ((a) > (b) ? (a) : (b))` or `N 5`. */
const parseDefinition = (definition: string): Omit<Macro, 'defined'> => {
  const match = /^[^\s(]+(?:\(([^)]*)\))?\s?(.*)$/s.exec(definition);
  if (!match) return { body: '' };
  const [, list, body] = match;
  if (list === undefined) return { body };
  return {
    parameters: list
      .split(',')
      .map((parameter) => parameter.trim())
      .filter((parameter) => parameter !== ''),
    body,
  };
};
