/** `set`, `show`, `unset`, `handle`: how deet and the program's surroundings behave. */
import { DeetError } from '../common/errors.js';
import { options } from '../session/settings.js';
import type { Session } from '../session/session.js';
import type { Command, CommandContext, CommandResult } from './command.js';
import { assign } from './data.js';
import { selectedFrame } from './frames.js';
import { showConvenience, showValues } from './history.js';
import { showUser } from './scripting.js';
import { signalTable } from './inspection.js';
import { message, type Result } from './results.js';
import { showPaths } from './piping.js';
import { setArguments } from './run.js';
import { setSubstitution, showDirectories, showSubstitutions, unsetSubstitution } from './source_paths.js';

/**
 * The longest beginning of the text that names a setting, and the rest: names may have several words, and so may values.
 * `set print pretty` alone means on.
 */
const settingIn = (session: Session, text: string): { readonly name: string; readonly value: string } | undefined => {
  if (text.startsWith('$')) return undefined;
  // As gdb took it before it had "set logging enabled".
  const logging = /^logging\s+(on|off)$/.exec(text);
  if (logging) return { name: 'logging enabled', value: logging[1] };
  const words = text.split(/\s+/);
  for (let count = Math.min(words.length, 3); count > 0; count--) {
    const option = session.settings.find(words.slice(0, count).join(' '));
    if (option) return { name: option.name, value: text.slice(endOfWord(text, count)).trim() };
  }
  return undefined;
};

const endOfWord = (text: string, count: number): number => new RegExp(`^(?:\\S+\\s*){${count}}`).exec(text)?.[0].length ?? 0;

/** Text settings that deet itself acts upon when they are set. */
const special: Readonly<Record<string, (context: CommandContext, value: string) => void>> = {
  args: setArguments,
};

const setSetting = (context: CommandContext, name: string, value: string): Result | undefined => {
  const { settings } = context.session;
  const { isTaken, initial, fits, about } = settings.set(name, value.replace(/^=\s*/, ''));
  special[name]?.(context, value);
  const now = settings.value(name);
  return !isTaken || now === initial || now === '' || fits?.test(String(now)) ? undefined : message(`Taken without effect: ${about}`);
};

const setVariable = async ({ session, text }: CommandContext): Promise<void> => assign(session, text);

const set: Command = {
  name: 'set',
  group: 'shell',
  usage: 'SETTING VALUE | var EXPRESSION | environment NAME=VALUE',
  about: 'Change a setting, a variable of the program, or its environment.',
  details: [
    'Settings:',
    ...options.map(({ name, about }) => `  ${name.padEnd(24)} ${about}`),
    'Others of gdb are taken, so that its scripts run; "show NAME" tells what deet does.',
  ].join('\n'),
  completes: ['setting'],
  run: async (context): Promise<CommandResult> => {
    const { session, text } = context;
    if (text === '') throw new DeetError('usage', 'Set what?', 'Type "help set" for the list.');
    const found = settingIn(session, text);
    // `set x = 3` is an assignment unless x is a setting.
    const isAssignment = found && /^=[^=]/.test(found.value) && !text.startsWith(found.name);
    if (found && !isAssignment) return setSetting(context, found.name, found.value);
    if (/^[^=]*[^=!<>]=[^=]/.test(text) || /[-+*/|&^%]=|\+\+|--/.test(text)) await assign(session, text);
    else session.settings.set(text.split(/\s+/, 1)[0], ''); // throws, with the right words
    return undefined;
  },
  subcommands: [
    {
      name: 'variable',
      aliases: ['var'],
      group: 'shell',
      usage: 'NAME = EXPRESSION',
      about: 'Change a variable of the program.',
      completes: ['expression'],
      run: setVariable,
    },
    {
      name: 'environment',
      aliases: ['env'],
      group: 'shell',
      usage: 'NAME=VALUE',
      about: 'A variable of the environment of the next run.',
      completes: ['none'],
      run: ({ session, text }) => {
        const match = /^([^\s=]+)(?:\s*=\s*|\s+)?([\s\S]*)$/.exec(text);
        if (!match) throw new DeetError('usage', 'Which variable?', 'set environment NAME=VALUE');
        session.environment[match[1]] = match[2];
      },
    },
    setSubstitution,
  ],
};

/** One setting, or all whose name begins with the words. */
const show: Command = {
  name: 'show',
  aliases: ['sho'],
  group: 'shell',
  usage: '[SETTING]',
  about: 'Show settings.',
  completes: ['setting'],
  run: ({ session, text }): Result => {
    const words = text.trim();
    const { settings } = session;
    const one = settingIn(session, words);
    const option = one && settings.find(one.name);
    if (option?.name === 'language' && settings.text('language') === 'auto')
      return message(`language is auto; now ${session.context(selectedFrame(session)).language}. ${option.about}`);
    if (option) return message(`${option.name} is ${settings.show(option.name) || '""'}. ${option.about}`);
    const chosen = options.filter(({ name }) => words === '' || name.startsWith(`${words} `));
    if (chosen.length === 0) throw new DeetError('no-setting', `There is no setting "${words}".`, 'Type "show" for the list.');
    const width = Math.max(...chosen.map(({ name }) => name.length));
    return message(chosen.map(({ name, about }) => `${name.padEnd(width)}  ${settings.show(name).padEnd(10)}  ${about}`).join('\n'));
  },
  subcommands: [
    {
      name: 'environment',
      aliases: ['env'],
      group: 'shell',
      usage: '[NAME]',
      about: 'The environment of the next run.',
      completes: ['none'],
      run: ({ session, text }) => {
        const name = text.trim();
        const value = session.environment[name];
        if (name !== '') return message(value === undefined ? `Environment variable "${name}" not defined.` : `${name} = ${value}`);
        return message(
          Object.entries(session.environment)
            .filter((entry) => entry[1] !== undefined)
            .map(([key, each]) => `${key}=${each ?? ''}`)
            .join('\n'),
        );
      },
    },
    showValues,
    showConvenience,
    showDirectories,
    showPaths,
    showUser,
    showSubstitutions,
    { name: 'version', group: 'shell', about: 'The version of deet.', run: ({ execute }) => execute('version') },
    { name: 'commands', group: 'shell', about: 'The lines typed so far.', run: ({ execute }) => execute('history') },
  ],
};

const with_: Command = {
  name: 'with',
  aliases: ['w'],
  group: 'shell',
  usage: 'SETTING VALUE -- COMMAND',
  about: 'Run a command under a setting, which is put back afterwards.',
  completes: ['setting'],
  run: async ({ session, text, execute }) => {
    const [, words = '', command = ''] = /^([\s\S]*?)\s+--\s+([\s\S]*)$/.exec(text) ?? [];
    const { settings } = session;
    const parts = words.trim().split(/\s+/);
    const length = parts.findLastIndex((_, index) => settings.find(parts.slice(0, index + 1).join(' ')) !== undefined) + 1;
    const option = settings.find(parts.slice(0, length).join(' '));
    if (!option || command === '') throw new DeetError('usage', 'Which setting, and which command?', 'with print pretty on -- print x');
    const before = settings.show(option.name);
    settings.set(option.name, parts.slice(length).join(' '));
    try {
      await execute(command);
    } finally {
      settings.set(option.name, before);
    }
  },
};

const unset: Command = {
  name: 'unset',
  aliases: ['unse'],
  group: 'shell',
  about: 'Take something away.',
  subcommands: [
    {
      name: 'environment',
      aliases: ['env'],
      group: 'shell',
      usage: '[NAME]',
      about: 'Take a variable out of the environment of the next run; without a name, all.',
      completes: ['none'],
      run: ({ session, text, frontEnd }) => {
        const name = text.trim();
        if (name !== '') session.environment[name] = undefined;
        else if (frontEnd.confirm('Delete all environment variables?')) session.environment = {};
      },
    },
    unsetSubstitution,
  ],
};

const handle: Command = {
  name: 'handle',
  aliases: ['ha'],
  group: 'step',
  usage: 'SIGNAL... [stop|nostop] [print|noprint] [pass|nopass]',
  about: 'What happens when the program gets a signal.',
  completes: ['signal', ['stop', 'nostop', 'print', 'noprint', 'pass', 'nopass']],
  run: ({ session, text }) => message(signalTable(session, new Set(session.signals.handle(text).map(({ number }) => number)))),
};

export const settingCommands: readonly Command[] = [set, show, with_, unset, handle];
