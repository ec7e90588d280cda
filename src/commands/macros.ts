/** Macros, the program's (gcc -g3) and the user's own: what they say and what becomes of them. */
import { DeetError } from '../common/errors.js';
import type { FileAddress } from '../common/addresses.js';
import type { LoadedImage } from '../inferior/frame.js';
import { toFile } from '../inferior/images.js';
import { within } from '../language/errors.js';
import { expandedText, type Macro } from '../language/macros.js';
import type { Session } from '../session/session.js';
import { needed } from './arguments.js';
import type { Command } from './command.js';
import { selectedFrame } from './frames.js';
import { message, type Result } from './results.js';

const expand: Command = {
  name: 'expand',
  aliases: ['exp'],
  group: 'look',
  usage: 'EXPRESSION',
  about: 'An expression with its macros expanded.',
  completes: ['expression'],
  run: ({ session, text }) => {
    const { names } = session.context(selectedFrame(session));
    const expression = needed(text.trim(), 'Which expression?', 'macro expand MAX(1, 2)');
    return message(`expands to: ${within(expression, () => expandedText(expression, (name) => names.macro?.(name)))}`);
  },
};

const headOf = (name: string, { parameters }: Macro): string => name + (parameters ? `(${parameters.join(', ')})` : '');

const define: Command = {
  name: 'define',
  group: 'look',
  usage: 'NAME[(PARAMETERS)] [TEXT]',
  about: "A macro of one's own for expressions; it goes before one of the program.",
  completes: ['none'],
  run: ({ session, text }) => {
    const example = 'macro define MAX(a, b) ((a) > (b) ? (a) : (b))';
    const given = needed(text.trim(), 'Which macro?', example);
    const [, name, list, body = ''] = /^([A-Za-z_]\w*)(\([^()]*\))?(?:\s+([\s\S]*))?$/.exec(given) ?? [];
    if (!name) throw new DeetError('usage', `"${given}" is no definition of a macro.`, example);
    const parameters = list
      ?.slice(1, -1)
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== '');
    session.values.macros.set(name, { body, ...(parameters && { parameters }) });
  },
};

const undefine: Command = {
  name: 'undef',
  aliases: ['undefine'],
  group: 'look',
  usage: 'NAME',
  about: "Forget a macro of one's own.",
  completes: ['none'],
  run: ({ session, text }) => {
    const name = needed(text.trim(), 'Which macro?', 'macro undef MAX');
    if (!session.values.macros.delete(name))
      throw new DeetError('no-symbol', `There is no macro \`${name}' of yours.`, 'Type "macro list" for them.');
  },
};

const list: Command = {
  name: 'list',
  group: 'look',
  about: 'The macros that "macro define" has made.',
  run: ({ session }): Result[] =>
    [...session.values.macros]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, each]) => message(`macro define ${headOf(name, each)} ${each.body}`)),
};

const macro: Command = {
  name: 'macro',
  group: 'look',
  about: "Macros: the program's (compiled with -g3) and your own.",
  subcommands: [expand, define, undefine, list],
};

/** With where it is defined, and by which `#include`s that is reached. */
const describe = (name: string, found: Macro): string => {
  const { defined, body } = found;
  if (!defined) return `User-defined: macro define ${headOf(name, found)} ${body}`;
  const places = defined.map(({ path, line }, index) => `${index === 0 ? 'Defined at' : '  included at'} ${path}:${line}`);
  const head = headOf(name, found);
  return [...places, defined[0]?.line === 0 ? `-D${head}=${body}` : `#define ${head} ${body}`.trimEnd()].join('\n');
};

/** The code that is looked at: a place that is named, the selected frame, or main. */
const codeAt = (session: Session, where: string): { readonly loaded: LoadedImage; readonly address: FileAddress } | undefined => {
  const frame = where === '' ? selectedFrame(session) : undefined;
  if (frame?.loaded) return { loaded: frame.loaded, address: toFile(frame.loaded, frame.lookup) };
  const [place] = session.resolvePlaces(where === '' ? 'main' : where);
  return place?.loaded && { loaded: place.loaded, address: toFile(place.loaded, place.address) };
};

const unknown = (name: string): DeetError =>
  new DeetError('no-symbol', `The symbol \`${name}' has no definition as a C/C++ preprocessor macro here.`, 'Compile with -g3.');

export const infoMacro: Command = {
  name: 'macro',
  group: 'look',
  usage: '[-all] NAME',
  about: 'The definition of a macro, as it stands at the selected frame; with -all every one in the file.',
  completes: ['none'],
  run: ({ session, text }) => {
    const [, all, , rest = ''] = /^(-a(?:ll)?\s+)?(--\s+)?([\s\S]*)$/.exec(text.trim()) ?? [];
    const name = needed(rest, 'Which macro?', 'info macro MAX');
    const place = all === undefined ? undefined : codeAt(session, '');
    const definitions = place?.loaded.image.macroDefinitions?.(name, place.address) ?? [];
    if (definitions.length > 0) return message(definitions.map((each) => describe(name, each)).join('\n'));
    const found = session.context(selectedFrame(session)).names.macro?.(name);
    if (!found) throw unknown(name);
    return message(describe(name, found));
  },
};

export const infoMacros: Command = {
  name: 'macros',
  group: 'look',
  usage: '[LOCATION]',
  about: 'All macros that hold at the selected frame, or at a place.',
  completes: ['location'],
  run: ({ session, text }): Result => {
    const place = codeAt(session, text.trim());
    const found = place?.loaded.image.macrosAt?.(place.address);
    if (!found || found.size === 0) throw new DeetError('no-symbol', 'There is no information about macros here.', 'Compile with -g3.');
    return message(
      [...found]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, each]) => describe(name, each))
        .join('\n'),
    );
  },
};

export const macroCommands: readonly Command[] = [macro];
