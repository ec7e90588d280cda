/** `pipe`, `edit`, `tty`, `path`: deet and the programs around it. */
import { resolve } from 'node:path';
import { DeetError } from '../common/errors.js';
import { INT } from '../language/c-types.js';
import { Value } from '../language/value.js';
import type { Session } from '../session/session.js';
import { needed } from './arguments.js';
import type { Command } from './command.js';
import { listedPlace, noCurrentFile, onePlace } from './listing.js';
import { message } from './results.js';

export const rememberStatus = (session: Session, status: number): void => {
  session.values.variables.set('_shell_exitcode', Value.integer(INT, BigInt(status)));
};

const pipe: Command = {
  name: 'pipe',
  aliases: ['|'],
  group: 'shell',
  usage: '[-d DELIMITER] COMMAND | SHELL-COMMAND',
  about: 'Hand the output of a command of deet to one of the system.',
  details: 'DELIMITER stands in the place of "|", for commands that contain one.',
  completes: ['command'],
  run: async ({ session, text, frontEnd, captured, emit }) => {
    const example = 'pipe info functions | grep main';
    const [, delimiter = '|', rest = ''] = /^(?:-d\s+(\S+)\s+)?([\s\S]*)$/.exec(text.trim()) ?? [];
    const at = rest.indexOf(delimiter);
    if (at < 0) throw new DeetError('usage', `A "${delimiter}" is missing behind the command.`, example);
    const command = needed(rest.slice(0, at), 'Which command?', example);
    const program = needed(rest.slice(at + delimiter.length), 'To which program?', example);
    const output = (await captured(command)).map((result) => frontEnd.asText(result)).join('');
    const status = frontEnd.shell(program, (said) => emit(message(said, 'raw')), output);
    rememberStatus(session, status);
  },
};

const quoted = (path: string): string => `'${path.replaceAll("'", String.raw`'\''`)}'`;

const edit: Command = {
  name: 'edit',
  group: 'shell',
  usage: '[LOCATION]',
  about: 'Open the source at a place, or where the program stands, in $VISUAL or $EDITOR.',
  completes: ['location'],
  run: (context) => {
    const { text, frontEnd, sources, session, emit } = context;
    const { file, line } = text.trim() === '' ? listedPlace(context) : onePlace(text.trim(), 'first', context);
    if (file === undefined) throw noCurrentFile();
    const path = sources.find(file)?.path ?? file;
    const editor = [process.env['VISUAL'], process.env['EDITOR']].find((each) => each) ?? 'vi';
    const status = frontEnd.shell(`${editor} +${line ?? 1} ${quoted(path)}`, (said) => emit(message(said, 'raw')));
    rememberStatus(session, status);
    sources.forget();
  },
};

const tty: Command = {
  name: 'tty',
  group: 'run',
  usage: 'FILE',
  about: 'The terminal of the next run, such as /dev/pts/3.',
  completes: ['file'],
  run: ({ session, text }) => {
    session.settings.set('inferior-tty', needed(text, 'Which terminal?', 'tty /dev/pts/3'));
  },
};

const searched = (session: Session): string => session.environment['PATH'] ?? process.env['PATH'] ?? '';

const path: Command = {
  name: 'path',
  group: 'run',
  usage: '[DIRECTORY...]',
  about: "Put directories before the PATH of the next run's environment.",
  completes: ['file'],
  run: ({ session, text }) => {
    const directories = text.split(/[\s:]+/).filter((each) => each !== '');
    session.environment['PATH'] = [...directories.map((each) => resolve(each)), searched(session)].join(':');
    return message(`Executable and object file path: ${searched(session)}`);
  },
};

export const showPaths: Command = {
  name: 'paths',
  group: 'shell',
  about: 'The PATH of the next run.',
  run: ({ session }) => message(`Executable and object file path: ${searched(session)}`),
};

export const pipingCommands: readonly Command[] = [pipe, edit, tty, path];
