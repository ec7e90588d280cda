/**
 * Finding the command that a word means, by gdb's rules: an exact name or alias wins, then a unique prefix; and then the old favourites,
 * whose one-letter names are taken although several commands begin so (those are aliases here).
 */
import { DeetError } from '../common/errors.js';
import { nearest } from '../common/nearest.js';
import type { Command, Group } from './command.js';

/** A command's name ends where something begins that no name contains; `x/4i`, `p$rip` and `!ls` need no blank. */
const wordPattern = /^([!|]|[A-Za-z][\w-]*)/;

export interface Found {
  readonly command: Command;
  /** Full names from the outside in: `['info', 'breakpoints']`. */
  readonly path: readonly string[];
  readonly text: string;
}

export class Registry {
  readonly #table = new Map<string, Command>();
  readonly #commands: Command[] = [];

  constructor(commands: readonly Command[]) {
    for (const command of commands) this.add(command);
  }

  /** A later definition of the same name takes the earlier one's place (`define`). */
  add(command: Command): void {
    const before = this.#commands.findIndex(({ name }) => name === command.name);
    if (before >= 0) this.#commands.splice(before, 1);
    this.#commands.push(command);
    for (const name of [command.name, ...(command.aliases ?? [])]) this.#table.set(name, command);
  }

  /** The lines of a command that was made with `define`; undefined: there is none of this name. */
  defined(name: string): readonly string[] | undefined {
    return this.#table.get(name)?.definition;
  }

  alias(name: string, command: Command): void {
    this.#table.set(name, command);
  }

  /** In the order of registration. */
  all(): readonly Command[] {
    return this.#commands;
  }

  /** Those that lists show. */
  inGroup(group: Group): readonly Command[] {
    return this.#commands.filter((command) => command.group === group && !command.isHidden);
  }

  /** All names and aliases. */
  names(): Iterable<string> {
    return this.#table.keys();
  }

  /**
   * For completion: the command that the complete words of a line lead to, and the rest of it. The last word is complete when something
   * follows it. Undefined: they lead nowhere.
   */
  reached(line: string): { readonly command: Command; readonly rest: string } | undefined {
    let table: ReadonlyMap<string, Command> = this.#table;
    let commands: readonly Command[] = this.#commands;
    let rest = line.trimStart();
    let reached: Command | undefined;
    for (;;) {
      const match = /^([!|]|[A-Za-z][\w-]*)(\s+|(?=[/$]))/.exec(rest);
      const next = match ? tryLookUp(match[1], table, commands) : undefined;
      if (!match || !next) return reached && { command: reached, rest };
      reached = next;
      rest = rest.slice(match[0].length);
      if (!next.subcommands) return { command: reached, rest };
      table = tableOf(next);
      commands = next.subcommands;
    }
  }

  /**
   * For help: the command with this name, whether it can be run or only has subcommands.
   * @throws DeetError `unknown-command` or `ambiguous-command`
   */
  named(name: string): { readonly command: Command; readonly path: readonly string[] } {
    const path: string[] = [];
    let table: ReadonlyMap<string, Command> = this.#table;
    let commands: readonly Command[] = this.#commands;
    let found: Command | undefined;
    for (const word of name.trim().split(/\s+/)) {
      const next = lookUp(word, table, commands);
      if (!next) throw unknown(word, table, path.length === 0 ? undefined : path.join(' '));
      path.push(next.name);
      found = next;
      table = tableOf(next);
      commands = next.subcommands ?? [];
    }
    if (!found) throw new DeetError('usage', 'Which command?');
    return { command: found, path };
  }

  /**
   * The command of a line, subcommands followed as far as they go.
   * @throws DeetError `unknown-command` or `ambiguous-command`
   */
  find(line: string): Found {
    const word = wordPattern.exec(line)?.[1];
    if (word === undefined) throw new DeetError('unknown-command', 'Unrecognized command.', 'Type "help" for the list of commands.');
    const command = lookUp(word, this.#table, this.#commands);
    if (!command) throw unknown(word, this.#table);
    return descend(command, line.slice(word.length).trimStart(), [command.name]);
  }
}

/** The subcommands of a command by all their names. */
const tableOf = (command: Command): Map<string, Command> =>
  new Map((command.subcommands ?? []).flatMap((each) => [each.name, ...(each.aliases ?? [])].map((name) => [name, each] as const)));

const descend = (command: Command, text: string, path: readonly string[]): Found => {
  if (!command.subcommands) return { command, path, text };
  const word = wordPattern.exec(text)?.[1];
  const table = tableOf(command);
  let sub: Command | undefined;
  if (word !== undefined && /^(?:\s|\/|$)/.test(text.slice(word.length))) {
    try {
      sub = lookUp(word, table, command.subcommands);
    } catch (error) {
      // `set x = 1` when several settings begin with x: the command itself decides.
      if (!command.run) throw error;
    }
  }
  if (sub && word !== undefined) return descend(sub, text.slice(word.length).trimStart(), [...path, sub.name]);
  if (command.run) return { command, path, text };
  const name = path.join(' ');
  if (word === undefined) throw new DeetError('usage', `${name} what?`, `Type "help ${name}" for the list.`);
  throw unknown(word, table, name);
};

const lookUp = (word: string, table: ReadonlyMap<string, Command>, commands: readonly Command[]): Command | undefined => {
  const exact = table.get(word);
  if (exact) return exact;
  const matches = commands.filter(({ name, isHidden }) => !isHidden && name.startsWith(word));
  if (matches.length === 1) return matches[0];
  if (matches.length > 1) {
    const names = matches.map(({ name }) => name).sort();
    throw new DeetError('ambiguous-command', `Ambiguous command "${word}": ${names.join(', ')}.`, 'Type more letters.');
  }
  const byAlias = new Set([...table].filter(([name, { isHidden }]) => !isHidden && name.startsWith(word)).map(([, command]) => command));
  return byAlias.size === 1 ? [...byAlias][0] : undefined;
};

const tryLookUp = (...words: Parameters<typeof lookUp>): Command | undefined => {
  try {
    return lookUp(...words);
  } catch {
    return undefined; // ambiguous
  }
};

const unknown = (word: string, table: ReadonlyMap<string, Command>, of?: string): DeetError => {
  // One- and two-letter aliases are near to everything.
  const near = nearest(
    word,
    [...table.keys()].filter((name) => name.length > 2),
  );
  const name = near === undefined ? undefined : table.get(near)?.name;
  const list = of === undefined ? 'Type "help" for the list of commands.' : `Type "help ${of}" for the list.`;
  return new DeetError(
    'unknown-command',
    'Unrecognized command.',
    name === undefined ? list : `Did you mean "${of === undefined ? '' : `${of} `}${name}"?`,
  );
};
