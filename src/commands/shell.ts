/** The group "shell": help, history, the user's own shell, where deet itself stands. */
import { DeetError } from '../common/errors.js';
import { version } from '../common/version.js';
import { homedir } from 'node:os';
import { formatValue } from '../language/format.js';
import type { Command, CommandContext, Group } from './command.js';
import { selectedFrame } from './frames.js';
import { rememberStatus } from './piping.js';
import { regularExpression } from './regular_expression.js';
import { message, type Result } from './results.js';

const groups: readonly (readonly [Group, string])[] = [
  ['run', 'Running the program'],
  ['stop', 'Making it stop'],
  ['step', 'Stepping'],
  ['look', 'Looking at it'],
  ['processes', 'Threads and processes'],
  ['understand', 'Understanding what happened'],
  ['shell', 'deet itself'],
];

const usageOf = (command: Command, path: readonly string[]): string =>
  [...path.slice(0, -1), command.name, command.usage ?? ''].join(' ').trim();

const columns = (commands: readonly Command[], indent = '  '): string[] => {
  const width = Math.max(...commands.map(({ name }) => name.length), 0);
  return commands.map(({ name, about }) => `${indent}${name.padEnd(width)}  ${about}`);
};

const overview = (registry: CommandContext['interpreter']['registry']): string => {
  const sections = groups.flatMap(([group, title]) => {
    const commands = registry.inGroup(group);
    return commands.length === 0 ? [] : [title, ...columns(commands), ''];
  });
  return [...sections, 'Names may be shortened: "b main", "bt". Type "help COMMAND" for more, "apropos WORD" to search.'].join('\n');
};

const help: Command = {
  name: 'help',
  aliases: ['h'],
  group: 'shell',
  usage: '[COMMAND]',
  about: 'The list of commands, or what one of them does.',
  completes: ['command'],
  run: ({ text, interpreter }) => {
    const name = text.trim();
    const { registry } = interpreter;
    if (name === '') return message(overview(registry));
    const group = groups.find(([id, title]) => id === name || title.toLowerCase() === name.toLowerCase());
    if (group && !registry.all().some((command) => command.name === name))
      return message([group[1], ...columns(registry.inGroup(group[0]))].join('\n'));
    const { command, path } = registry.named(interpreter.aliases.get(name)?.split(' ', 1)[0] ?? name);
    const aliases = (command.aliases ?? []).filter((each) => !command.name.startsWith(each) || each.length <= 2);
    return message(
      [
        usageOf(command, path),
        command.about,
        ...(command.details ? [command.details] : []),
        ...(aliases.length > 0 ? [`Also: ${aliases.join(', ')}`] : []),
        ...(command.subcommands ? ['', ...columns(command.subcommands, `  ${path.join(' ')} `)] : []),
      ].join('\n'),
    );
  },
};

/** Every command and subcommand with its full name. */
export function* everyCommand(commands: readonly Command[], before = ''): Generator<readonly [string, Command]> {
  for (const command of commands) {
    const name = `${before}${command.name}`;
    yield [name, command];
    if (command.subcommands) yield* everyCommand(command.subcommands, `${name} `);
  }
}

const apropos: Command = {
  name: 'apropos',
  group: 'shell',
  usage: 'WORD',
  about: 'Commands whose help mentions a word.',
  completes: ['none'],
  run: ({ text, interpreter }) => {
    if (text.trim() === '') throw new DeetError('usage', 'Search for what?', 'apropos signal');
    const expression = new RegExp(regularExpression(text.trim()), 'i');
    const found = [...everyCommand(interpreter.registry.all())].filter(([name, { about, details }]) =>
      expression.test(`${name} ${about} ${details ?? ''}`),
    );
    return message(
      found.length === 0 ? `Nothing mentions "${text.trim()}".` : found.map(([name, { about }]) => `${name} -- ${about}`).join('\n'),
    );
  },
};

const history: Command = {
  name: 'history',
  group: 'shell',
  usage: '[N]',
  about: 'The last lines typed.',
  completes: ['none'],
  run: ({ text, frontEnd }) => {
    const lines = frontEnd.history();
    const count = Math.max(1, Number(text.trim()) || 20);
    const first = Math.max(0, lines.length - count);
    return message(
      lines.length === 0
        ? 'No lines yet.'
        : lines
            .slice(first)
            .map((line, index) => `${String(first + index + 1).padStart(5)}  ${line}`)
            .join('\n'),
    );
  },
};

const shell: Command = {
  name: 'shell',
  aliases: ['!', 'make'],
  group: 'shell',
  usage: '[COMMAND]',
  about: 'Run a command of the system, or a shell.',
  completes: ['file'],
  run: ({ line, text, frontEnd, session, emit }) => {
    const exitStatus = frontEnd.shell(/^make\b/.test(line) ? `make ${text}` : text, (output) => {
      emit(message(output, 'raw'));
    });
    rememberStatus(session, exitStatus);
  },
};

const cd: Command = {
  name: 'cd',
  group: 'shell',
  usage: '[DIRECTORY]',
  about: "Change deet's working directory, and that of the next run.",
  completes: ['file'],
  run: ({ text, session, sources }) => {
    const path = text.trim() || homedir();
    try {
      process.chdir(path.replace(/^~(?=\/|$)/, homedir()));
    } catch {
      throw new DeetError('file', `${path}: no such directory.`);
    }
    session.settings.set('cwd', process.cwd());
    sources.forget();
    return message(`Working directory ${process.cwd()}.`);
  },
};

const pwd: Command = {
  name: 'pwd',
  group: 'shell',
  about: "deet's working directory.",
  run: () => message(`Working directory ${process.cwd()}.`),
};

const versionCommand: Command = { name: 'version', group: 'shell', about: 'The version of deet.', run: () => message(`deet ${version}`) };

/** `show convenience` and `show values`. */
const infoValues: Command = {
  name: 'values',
  group: 'look',
  about: 'The last values of the history.',
  run: ({ session }): Result => {
    const context = session.context(selectedFrame(session));
    const { history: values } = context;
    const lines: string[] = [];
    for (let number = Math.max(1, values.length - 9); number <= values.length; number++) {
      const value = values.at(number);
      if (value) lines.push(`$${number} = ${formatValue(value, context)}`);
    }
    return message(lines.length === 0 ? 'The value history is empty.' : lines.join('\n'));
  },
};

export const shellCommands: readonly Command[] = [help, apropos, history, shell, cd, pwd, versionCommand];
export const shellInfo: readonly Command[] = [infoValues];
