/** The group "look": source text, and what lies where in it. */
import { basename } from 'node:path';
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { toFile, toLoad } from '../inferior/images.js';
import { symbolWords as symbolWordsAt } from '../language/format-letter.js';
import type { Session } from '../session/session.js';
import type { UnitDescription } from '../symbols/model.js';
import type { Command, CommandContext } from './command.js';
import { setNextAddress } from './examine.js';
import { selectedFrame } from './frames.js';
import { parseLocation } from '../session/locations.js';
import { message, type Result } from './results.js';
import { regularExpression } from './breakpoints.js';

interface Place {
  readonly file: string;
  readonly line: number;
}

/** @throws DeetError when the place has no source */
const placeOf = (text: string, session: Session): Place => {
  const [first] = session.resolvePlaces(text);
  const position = first?.position;
  if (!position || position.line === 0)
    throw new DeetError(
      'no-debug-info',
      `There is no source for "${text}".`,
      'Was it compiled with -g? "disassemble" shows its instructions.',
    );
  return { file: position.file.path, line: position.line };
};

/** A line as asked for: without sliding to the next that has code. */
const lineAsked = (text: string, context: CommandContext): Place => {
  const { session, memory } = context;
  const match = /^(?:(.+):)?(\d+)$/.exec(text);
  if (!match) {
    const place = placeOf(text, session);
    return { file: place.file, line: declaredLine(text, session) ?? place.line };
  }
  const line = Number(match[2]);
  if (match[1] === undefined) {
    const file = memory.listed?.file ?? session.currentPlace().file;
    if (file === undefined) throw noCurrentFile();
    return { file, line };
  }
  for (const { image } of session.images()) {
    const [file] = image.filesMatching(match[1]);
    if (file) return { file: file.path, line };
  }
  return placeOf(text, session);
};

/** Where a function is declared: `list f` shows its head, not the line behind its prologue. */
const declaredLine = (text: string, session: Session): number | undefined => {
  for (const { image } of session.images()) {
    const [fn] = image.functionsNamed(text.replace(/^.*:(?=[^:]*$)/, ''));
    if (fn?.declared) return fn.declared.line;
  }
  return undefined;
};

const noCurrentFile = (): DeetError =>
  new DeetError('no-debug-info', 'No source file is known: the program has no line information for main.', 'Compile it with: gcc -g');

/** Where `list` begins when nothing has been listed: around the selected frame, else around main. */
const startingPlace = (session: Session): Place => {
  const position = selectedFrame(session)?.position;
  if (position && position.line > 0) return { file: position.file.path, line: position.line };
  const { file } = session.currentPlace();
  if (file === undefined) throw noCurrentFile();
  try {
    return placeOf('main', session);
  } catch {
    return { file, line: 1 };
  }
};

const show = (context: CommandContext, file: string, first: number, last: number): Result => {
  const lines = context.sources.require(file);
  const from = Math.max(1, first);
  if (from > lines.length)
    throw new DeetError(
      'no-line',
      `Line number ${from} out of range; "${basename(file)}" has ${lines.length} lines.`,
      'Type "list 1" for its beginning.',
    );
  const to = Math.min(last, lines.length);
  context.memory.listed = { file, first: from, last: to };
  const position = selectedFrame(context.session)?.position;
  const current = position?.file.path === file && position.line >= from && position.line <= to ? position.line : undefined;
  return { type: 'source', file, first: from, lines: lines.slice(from - 1, to), ...(current !== undefined && { current }) };
};

const list: Command = {
  name: 'list',
  aliases: ['l'],
  group: 'look',
  usage: '[LINE | FIRST,LAST | FUNCTION | FILE:LINE | - | +]',
  about: 'Show source; without an argument, go on where the last one ended.',
  completes: ['location'],
  repeats: 'bare',
  run: (context) => {
    const { session, memory } = context;
    const size = session.settings.number('listsize') || 10;
    const text = context.text.trim();
    const { listed } = memory;
    if (text === '-' && listed) {
      if (listed.first === 1) throw new DeetError('no-line', 'Already at the start of the file.');
      return show(context, listed.file, listed.first - size, listed.first - 1);
    }
    if ((text === '' || text === '+') && listed) return show(context, listed.file, listed.last + 1, listed.last + size);
    const around = ({ file, line }: Place): Result => {
      const first = Math.max(1, line - Math.floor(size / 2));
      return show(context, file, first, first + size - 1);
    };
    if (text === '' || text === '-' || text === '+') return around(startingPlace(session));
    const range = /^([^,]*),([^,]*)$/.exec(text);
    if (!range) return around(lineAsked(text, context));
    const [from, to] = [range[1].trim(), range[2].trim()];
    if (from === '' && to === '') return around(startingPlace(session));
    if (from === '') {
      const end = lineAsked(to, context);
      return show(context, end.file, end.line - size + 1, end.line);
    }
    const begin = lineAsked(from, context);
    if (to === '') return show(context, begin.file, begin.line, begin.line + size - 1);
    const end = /^\+\d+$/.test(to) ? begin.line + Number(to) : /^\d+$/.test(to) ? Number(to) : lineAsked(to, context).line;
    return show(context, begin.file, begin.line, end);
  },
};

const search = (name: string, aliases: readonly string[], direction: 1 | -1): Command => ({
  name,
  aliases,
  group: 'look',
  usage: 'REGULAR-EXPRESSION',
  about: `Find the ${direction === 1 ? 'next' : 'previous'} line that matches, from the last one listed.`,
  completes: ['none'],
  run: (context) => {
    const pattern = context.text.trim() || context.memory.searched;
    if (pattern === undefined) throw new DeetError('usage', 'Search for what?');
    context.memory.searched = pattern;
    const expression = regularExpression(pattern);
    const { listed } = context.memory;
    const file = listed?.file ?? startingPlace(context.session).file;
    const lines = context.sources.require(file);
    const from = listed ? (direction === 1 ? listed.last + 1 : listed.first - 1) : 1;
    for (let line = from; line >= 1 && line <= lines.length; line += direction)
      if (expression.test(lines[line - 1] ?? '')) return show(context, file, line, line);
    throw new DeetError('not-found', 'Expression not found.');
  },
});

/** The unit of the selected frame's code; before a run, of main's. */
const currentUnit = (session: Session): UnitDescription | undefined => {
  const frame = selectedFrame(session);
  if (frame?.loaded) return frame.loaded.image.unitAt(toFile(frame.loaded, frame.lookup));
  const main = session.images().flatMap(({ image }) => image.functionsNamed('main'))[0];
  return main?.image.unitAt(main.entry);
};

const infoSource: Command = {
  name: 'source',
  group: 'look',
  about: 'The current source file.',
  run: ({ session, sources }) => {
    const { file } = session.currentPlace();
    if (file === undefined) throw noCurrentFile();
    const lines = sources.lines(file);
    const unit = currentUnit(session);
    return message(
      [
        `Current source file is ${file}`,
        ...(unit?.directory === undefined ? [] : [`Compilation directory is ${unit.directory}`]),
        ...(lines ? [`Located in ${file}`, `Contains ${lines.length} line${lines.length === 1 ? '' : 's'}.`] : ['It cannot be read.']),
        ...(unit
          ? [
              ...(unit.language === 'other' ? [] : [`Source language is ${unit.language}.`]),
              `Producer is ${unit.producer}.`,
              `Compiled with DWARF ${unit.version} debugging format.`,
              `${unit.hasMacros ? 'Includes' : 'Does not include'} preprocessor macro info.`,
            ]
          : []),
      ].join('\n'),
    );
  },
};

const infoSources: Command = {
  name: 'sources',
  group: 'look',
  usage: '[REGULAR-EXPRESSION]',
  about: 'All source files of the program.',
  completes: ['none'],
  run: ({ session, text }) => {
    const expression = regularExpression(text.trim());
    // Without a pattern those of the program alone: its libraries have thousands.
    const images = text.trim() === '' ? session.images().slice(0, 1) : session.images();
    const paths = new Set(images.flatMap(({ image }) => image.sourceFiles().map(({ path }) => path)));
    const shown = [...paths].filter((path) => expression.test(path)).sort();
    return message(shown.length === 0 ? 'No source files are known.' : shown.join('\n'));
  },
};

/** Where code begins, not what is behind its prologue. */
const placesOf = (session: Session, where: string): ReturnType<Session['resolvePlaces']> => {
  const byName = parseLocation(where, session.currentPlace()).kind === 'function';
  return session.resolvePlaces(where).map((place) => {
    const fn = place.loaded?.image.functionAt(toFile(place.loaded, place.address));
    const isOpening = place.isMoved === true || (byName && fn?.qualifiedName === place.function);
    return place.loaded && fn && isOpening ? { ...place, address: toLoad(place.loaded, fn.entry) } : place;
  });
};

const infoLine: Command = {
  name: 'line',
  aliases: ['li'],
  group: 'look',
  usage: '[LOCATION]',
  about: 'The addresses of a source line.',
  completes: ['location'],
  run: ({ session, text, memory }) => {
    const where = text.trim() === '' ? `*${hex(session.selection().frame.lookup)}` : text;
    return placesOf(session, where).map(({ loaded, address, position, function: name }) => {
      const row = loaded?.image.lineAt(toFile(loaded, address));
      if (!loaded || !row || !position)
        return message(`No line number information available for address ${hex(address)}${name === undefined ? '' : ` <${name}>`}`);
      const start = toLoad(loaded, row.address);
      setNextAddress({ session, memory }, start);
      const at = (offset: bigint): string => `${hex(offset)}${symbolWords(session, offset)}`;
      return message(`Line ${row.line} of "${row.file.path}" starts at address ${at(start)} and ends at ${at(toLoad(loaded, row.end))}.`);
    });
  },
};

/** ` <main+4>`, or nothing. */
const symbolWords = (session: Session, address: bigint): string => {
  const words = symbolWordsAt(address, session.context(selectedFrame(session)));
  return words === '' ? '' : ` ${words}`;
};

const infoSymbol: Command = {
  name: 'symbol',
  aliases: ['sym'],
  group: 'look',
  usage: 'ADDRESS',
  about: 'The symbol at an address.',
  completes: ['expression'],
  run: ({ session, text }) => {
    if (text.trim() === '') throw new DeetError('usage', 'Which address?', 'info symbol $pc');
    const address = session.values.address(text);
    const loaded = session.imageAt(address);
    const at = loaded && toFile(loaded, address);
    const symbol = loaded && at !== undefined ? loaded.image.symbolAt(at) : undefined;
    if (!loaded || !symbol || at === undefined) return message(`No symbol matches ${text.trim()}.`);
    const offset = at - symbol.address;
    const section = symbol.section === undefined ? '' : ` in section ${symbol.section}`;
    const name = session.context(selectedFrame(session)).symbolAt(address)?.name ?? symbol.name;
    const file = session.images().length > 1 ? ` of ${loaded.image.path}` : '';
    return message(`${name}${offset === 0 ? '' : ` + ${offset}`}${section}${file}`);
  },
};

export const listingCommands: readonly Command[] = [
  list,
  search('forward-search', ['search', 'fo'], 1),
  search('reverse-search', ['rev'], -1),
];
export const listingInfo: readonly Command[] = [infoSource, infoSources, infoLine, infoSymbol];
