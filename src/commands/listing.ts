/** The group "look": source text. */
import { basename } from 'node:path';
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { isStruct } from '../language/types.js';
import { filesMeant, isOfFile, parseLocation, type CurrentPlace, type LocationSpec } from '../session/locations.js';
import type { Session } from '../session/session.js';
import { signatureOf } from '../symbols/cxx-names.js';
import { splitCommas } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { selectedFrame } from './frames.js';
import { regularExpression } from './regular_expression.js';
import { message, type Result } from './results.js';

interface Place {
  readonly file: string;
  readonly line: number;
  /** The function that was named. */
  readonly name?: string;
}

/** Where the line numbers of a command count from: what was listed last, else where the program stands. */
export const listedPlace = ({ session, memory: { listed } }: CommandContext): CurrentPlace =>
  listed ? { ...session.currentPlace(), file: listed.file, line: listed.last + 1 } : session.currentPlace();

/** Functions are listed from where their code begins (the line of a brace that stands alone), not from the line behind the prologue. */
const headsOf = (spec: Extract<LocationSpec, { kind: 'function' }>, session: Session): Place[] => {
  const heads = session.images().flatMap(({ image }) =>
    image.functionsNamed(spec.name).flatMap((fn) => {
      const row = image.lineAt(fn.entry);
      const declared = row && row.line > 0 ? row : fn.declared;
      const name = (fn.linkageName === undefined ? undefined : signatureOf(fn.linkageName)) ?? fn.qualifiedName;
      if (!declared || (spec.file !== undefined && !isOfFile(spec.file, declared.file, image, fn.entry))) return [];
      return [{ file: declared.file.path, line: declared.line, name }];
    }),
  );
  return heads
    .filter(({ file, line }, index) => heads.findIndex((each) => each.file === file && each.line === line) === index)
    .toSorted((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
};

/** C++: a class is listed from where it is declared. */
const classesNamed = ({ name, file }: Extract<LocationSpec, { kind: 'function' }>, session: Session): Place[] => {
  if (file !== undefined) return [];
  const types = session.images().flatMap(({ image }) => image.typeNamed(name) ?? []);
  return types.flatMap((type) => (isStruct(type) && type.declared ? [{ file: type.declared.file.path, line: type.declared.line }] : []));
};

/**
 * The places that a user names, lines as they are: without sliding to the next that has code.
 * @throws DeetError when there is no such place, or it has no source
 */
const placesOf = (text: string, context: CommandContext): Place[] => {
  const { session } = context;
  const spec = parseLocation(text, listedPlace(context));
  if (spec.kind === 'line') {
    const { file: spelling, line } = spec;
    if (spelling === undefined) throw noCurrentFile();
    const files = new Set(session.images().flatMap(({ image }) => filesMeant(image, spelling).map(({ path }) => path)));
    if (files.size > 0) return [...files].map((file) => ({ file, line }));
  }
  if (spec.kind === 'function') {
    const heads = headsOf(spec, session);
    if (heads.length > 0) return heads;
    const [declared] = session.context(selectedFrame(session)).language === 'c++' ? classesNamed(spec, session) : [];
    if (declared) return [declared];
  }
  const places = session
    .resolvePlaces(text)
    .flatMap(({ position, function: name }) =>
      position && position.line > 0 ? [{ file: position.file.path, line: position.line, ...(name !== undefined && { name }) }] : [],
    );
  if (places.length === 0)
    throw new DeetError(
      'no-debug-info',
      `There is no source for "${text}".`,
      'Was it compiled with -g? "disassemble" shows its instructions.',
    );
  return places.slice(0, spec.kind === 'function' ? undefined : 1);
};

const describePlace = ({ file, line, name }: Place): string => `file: "${file}", line number: ${line}, symbol: "${name ?? '???'}"`;

/** An end of a range. @throws DeetError `usage` when it may be several places */
export const onePlace = (text: string, which: 'first' | 'last', context: CommandContext): Place => {
  const places = placesOf(text, context);
  if (places.length > 1) {
    const each = places.map(({ file, line }) => `${basename(file)}:${line}`).join(', ');
    throw new DeetError('usage', `Specified ${which} line '${text}' is ambiguous: ${each}.`, 'Say FILE:FUNCTION.');
  }
  return places[0];
};

export const noCurrentFile = (): DeetError =>
  new DeetError('no-debug-info', 'No source file is known: the program has no line information for main.', 'Compile it with: gcc -g');

/** Where `list` begins when nothing has been listed: around the selected frame, else around main. */
const startingPlace = (session: Session): Place => {
  const position = selectedFrame(session)?.position;
  if (position && position.line > 0) return { file: position.file.path, line: position.line };
  const { file } = session.currentPlace();
  if (file === undefined) throw noCurrentFile();
  try {
    const main = session.resolvePlaces('main')[0]?.position;
    if (main && main.line > 0) return { file: main.file.path, line: main.line };
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
  }
  return { file, line: 1 };
};

const show = (context: CommandContext, file: string, first: number, last: number): Result => {
  const source = context.sources.require(file);
  const from = Math.max(1, first);
  if (from > source.length)
    throw new DeetError(
      'no-line',
      `Line number ${from} out of range; "${basename(file)}" has ${source.length} lines.`,
      'Type "list 1" for its beginning.',
    );
  const to = Math.min(last, source.length);
  context.memory.listed = { file, first: from, last: to };
  const position = selectedFrame(context.session)?.position;
  const current = position?.file.path === file && position.line >= from && position.line <= to ? position.line : undefined;
  return { type: 'source', file, first: from, lines: source.lines(from, to), ...(current !== undefined && { current }) };
};

/** How many lines one `list` shows. */
const sizeOf = (session: Session): number => session.settings.number('listsize') || Infinity;

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
    const size = sizeOf(session);
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
    const [from, to] = splitCommas(text, { places: true });
    if (to === undefined) {
      const places = placesOf(text, context);
      if (places.length > 1) return places.flatMap((place) => [message(describePlace(place)), around(place)]);
      return text.startsWith('*') ? [...whereIs(text, context), around(places[0])] : around(places[0]);
    }
    if (from === '' && to === '') return around(startingPlace(session));
    if (from === '') {
      const end = onePlace(to, 'last', context);
      return show(context, end.file, end.line - size + 1, end.line);
    }
    const begin = onePlace(from, 'first', context);
    if (to === '') return show(context, begin.file, begin.line, begin.line + size - 1);
    if (/^\+\d+$/.test(to)) return show(context, begin.file, begin.line, begin.line + Number(to));
    const end = /^\d+$/.test(to) ? { file: begin.file, line: Number(to) } : onePlace(to, 'last', context);
    if (end.file !== begin.file) throw new DeetError('usage', 'Specified first and last lines are in different files.');
    return show(context, begin.file, begin.line, end.line);
  },
};

/** `list *ADDRESS`: the address, and what is there. */
const whereIs = (text: string, { session }: CommandContext): Result[] =>
  session
    .resolvePlaces(text)
    .slice(0, 1)
    .map(({ address, function: name, position }) =>
      message(`${hex(address)} is in ${name ?? '??'}${position ? ` (${position.file.path}:${position.line})` : ''}.`),
    );

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
    const source = context.sources.require(file);
    const from = listed ? (direction === 1 ? listed.last + 1 : listed.first - 1) : 1;
    for (let line = from; line >= 1 && line <= source.length; line += direction)
      if (expression.test(source.line(line) ?? '')) return show(context, file, line, line);
    throw new DeetError('not-found', 'Expression not found.');
  },
});

export const listingCommands: readonly Command[] = [
  list,
  search('forward-search', ['search', 'fo'], 1),
  search('reverse-search', ['rev'], -1),
];
