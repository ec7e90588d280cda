/** What lies where in the source: `info source, sources, line, symbol`. */
import { basename, dirname } from 'node:path';
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { toFile, toLoad } from '../inferior/images.js';
import { symbolWords as symbolWordsAt } from '../language/format-letter.js';
import { parseLocation } from '../session/locations.js';
import type { Session } from '../session/session.js';
import { demangle } from '../symbols/demangle.js';
import type { UnitDescription } from '../symbols/model.js';
import { Words } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { setNextAddress } from './examine.js';
import { selectedFrame } from './frames.js';
import { listedPlace, noCurrentFile } from './listing.js';
import { regularExpression } from './regular_expression.js';
import { message } from './results.js';

/** The unit of what was listed last, else of the selected frame's code; before a run, of main's. */
const currentUnit = ({ session, memory: { listed } }: CommandContext): UnitDescription | undefined => {
  const frame = selectedFrame(session);
  if (listed && listed.file !== frame?.position?.file.path) {
    for (const { image } of session.images())
      for (const file of image.filesMatching(listed.file)) {
        const [place] = image.locationsOf(file, 1);
        if (place) return image.unitAt(place.address);
      }
  }
  if (frame?.loaded) return frame.loaded.image.unitAt(toFile(frame.loaded, frame.lookup));
  const main = session.images().flatMap(({ image }) => image.functionsNamed('main'))[0];
  return main?.image.unitAt(main.entry);
};

const infoSource: Command = {
  name: 'source',
  group: 'look',
  about: 'The current source file.',
  run: (context) => {
    const { file } = listedPlace(context);
    if (file === undefined) throw noCurrentFile();
    const lines = context.sources.text(file);
    const unit = currentUnit(context);
    return message(
      [
        `Current source file is ${file}`,
        ...(unit?.directory === undefined ? [] : [`Compilation directory is ${unit.directory}`]),
        ...(lines
          ? [`Located in ${context.sources.find(file)?.path ?? file}`, `Contains ${lines.length} line${lines.length === 1 ? '' : 's'}.`]
          : ['It cannot be read.']),
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
  usage: '[-dirname | -basename] [REGULAR-EXPRESSION]',
  about: 'All source files of the program.',
  details: 'Those whose paths match; with -basename, -dirname, whose names or folders do.',
  completes: ['none'],
  run: ({ session, text }) => {
    const words = new Words(text);
    const part = words.take('-basename', 2) ? basename : words.take('-dirname', 2) ? dirname : (path: string): string => path;
    const expression = regularExpression(words.rest);
    // Without a pattern those of the program alone: its libraries have thousands.
    const images = words.empty ? session.images().slice(0, 1) : session.images();
    const shown = images.flatMap(({ image }) => {
      const paths = new Set(image.sourceFiles().map(({ path }) => path));
      const found = [...paths].filter((path) => expression.test(part(path))).sort();
      return found.length === 0 ? [] : [`${image.path}:\n\n${found.join(', ')}\n`];
    });
    return message(shown.length === 0 ? 'No source files are known.' : shown.join('\n').trimEnd());
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

/** Without an argument the first of the lines that were listed last is meant, as in gdb; else that of the selected frame. */
const lineMeant = ({ session, memory: { listed } }: CommandContext): string =>
  listed ? `${listed.file}:${listed.first}` : `*${hex(session.selection().frame.lookup)}`;

const infoLine: Command = {
  name: 'line',
  aliases: ['li'],
  group: 'look',
  usage: '[LOCATION]',
  about: 'The addresses of a source line.',
  completes: ['location'],
  run: (context) => {
    const { session, text, memory } = context;
    const where = text.trim() === '' ? lineMeant(context) : text;
    const spec = parseLocation(where, listedPlace(context));
    // Numbers count in the file that was listed last.
    const full = spec.kind === 'line' && spec.file !== undefined ? `${spec.file}:${spec.line}` : where;
    return placesOf(session, full).map(({ loaded, address, position }) => {
      const row = loaded?.image.lineAt(toFile(loaded, address));
      if (!loaded || !row || !position)
        return message(`No line number information available for address ${hex(address)}${symbolWords(session, address)}`);
      const start = toLoad(loaded, row.address);
      setNextAddress({ session, memory }, start);
      const at = (offset: bigint): string => `${hex(offset)}${symbolWords(session, offset)}`;
      if (spec.kind === 'line' && spec.line !== row.line)
        return message(`Line ${spec.line} of "${row.file.path}" is at address ${at(start)} but contains no code.`);
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
    // The linker's symbol is asked for, not the function that the compiler has made it of; but gcc numbers the static variables of functions.
    const name = demangle(symbol.name) ?? (symbol.type === 'object' ? symbol.name.replace(/(?<=.)\.\d+$/, '') : symbol.name);
    const file = session.images().length > 1 ? ` of ${loaded.image.path}` : '';
    return message(`${name}${offset === 0 ? '' : ` + ${offset}`}${section}${file}`);
  },
};

export const sourceInfo: readonly Command[] = [infoSource, infoSources, infoLine, infoSymbol];
