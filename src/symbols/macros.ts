/** The definition of a macro that holds at a place of the source. */
import { readMacros } from '../dwarf/macros.js';
import type { Compilation } from './compilation.js';
import type { SourceFile, SourcePosition } from './model.js';

export interface Macro {
  /** Absent: not a function-like macro. */
  readonly parameters?: readonly string[];
  readonly body: string;
}

/** @param until where it is used: later definitions do not count; undefined: at the end of the unit */
export const findMacro = (name: string, unit: Compilation, until: SourcePosition | undefined): Macro | undefined => {
  let text: string | undefined;
  const files: (SourceFile | undefined)[] = [];
  const starts = (definition: string): boolean =>
    definition.startsWith(name) && (definition.length === name.length || ' ('.includes(definition[name.length]));
  const behind = (line: number): boolean => until !== undefined && files.at(-1) === until.file && line > until.line;
  try {
    readMacros(unit.unit, (event) => {
      if (event.kind === 'end') {
        files.pop();
        return false;
      }
      if (behind(event.line)) return true;
      if (event.kind === 'start') files.push(unit.source(event.file));
      else if (event.kind === 'define') text = starts(event.text) ? event.text : text;
      else if (event.text === name) text = undefined;
      return false;
    });
  } catch (error) {
    unit.own.file.warn(error);
  }
  return text === undefined ? undefined : parseDefinition(text);
};

/** `MAX(a,b) ((a) > (b) ? (a) : (b))` or `N 5`. */
const parseDefinition = (definition: string): Macro => {
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
