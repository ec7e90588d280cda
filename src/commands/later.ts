/** Commands that have their place but no engine behind them yet: they say so instead of pretending. */
import { DeetError } from '../common/errors.js';
import type { Command, Group } from './command.js';

const names: readonly (readonly [name: string, group: Group, about: string, aliases?: readonly string[]])[] = [
  ['generate-core-file', 'run', 'Write a core file of the program.', ['gcore']],
];

const missing = (name: string): never => {
  throw new DeetError('not-yet', `"${name}" is not part of this version of deet yet.`, 'Type "help" for what is.');
};

export const laterCommands: readonly Command[] = names.map(([name, group, about, aliases]) => ({
  name,
  group,
  about: `${about} (Not in this version yet.)`,
  ...(aliases && { aliases }),
  run: () => missing(name),
}));
