/** The definitions of macros that hold at a place of the source. */
import { readMacros } from '../dwarf/macros.js';
import type { Compilation } from './compilation.js';
import type { Macro, MacroPlace, SourceFile, SourcePosition } from './model.js';

/** `#define NAME...` (its text from the name on) or `#undef NAME` (none). */
interface Definition {
  readonly name: string;
  readonly text: string | undefined;
  /** Made when asked for. */
  readonly places: () => readonly MacroPlace[];
}

/** @param until where they are used: what follows does not count; undefined: the end of the unit */
const readDefinitions = (unit: Compilation, until: SourcePosition | undefined, visit: (definition: Definition) => void): void => {
  const files: (SourceFile | undefined)[] = [];
  /** The line of each file's inclusion, in the file before it. */
  const inclusions: number[] = [];
  const placesOf = (line: number): MacroPlace[] =>
    // Before any file stands what the compiler and its command line define.
    files.length === 0
      ? [{ path: unit.description.path ?? '??', line: 0 }]
      : files.map((file, index) => ({ path: file?.path ?? '??', line: inclusions[index + 1] ?? line })).reverse();
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
      } else {
        const { line, text } = event;
        visit({ name: /^[^ (]*/.exec(text)?.[0] ?? '', text: event.kind === 'undef' ? undefined : text, places: () => placesOf(line) });
      }
      return false;
    });
  } catch (error) {
    unit.own.file.warn(error);
  }
};

/** @param until where it is used: later definitions do not count; undefined: at the end of the unit */
export const findMacro = (name: string, unit: Compilation, until: SourcePosition | undefined): Macro | undefined => {
  let found: { text: string; defined: readonly MacroPlace[] } | undefined;
  readDefinitions(unit, until, ({ name: other, text, places }) => {
    if (other === name) found = text === undefined ? undefined : { text, defined: places() };
  });
  return found && { ...parseDefinition(found.text), defined: found.defined };
};

/** All that hold there, by name. */
export const macrosAt = (unit: Compilation, until: SourcePosition | undefined): Map<string, Macro> => {
  const found = new Map<string, Macro>();
  readDefinitions(unit, until, ({ name, text, places }) => {
    if (text === undefined) found.delete(name);
    else found.set(name, { ...parseDefinition(text), defined: places() });
  });
  return found;
};

/** Every definition of a name in a unit, in the order of the preprocessor. */
export const definitionsOf = (name: string, unit: Compilation): Macro[] => {
  const found: Macro[] = [];
  readDefinitions(unit, undefined, ({ name: other, text, places }) => {
    if (other === name && text !== undefined) found.push({ ...parseDefinition(text), defined: places() });
  });
  return found;
};

/** `MAX(a,b) ((a) > (b) ? (a) : (b))` or `N 5`. */
export const parseDefinition = (definition: string): Omit<Macro, 'defined'> => {
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
