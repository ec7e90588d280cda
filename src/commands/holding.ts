/** `hold` and `release`: one process stands still while the others run, to replay a race. */
import { DeetError } from '../common/errors.js';
import { numberList } from './arguments.js';
import type { Command } from './command.js';
import { message, type Result } from './results.js';

const holder = (name: 'hold' | 'release', about: string, word: string): Command => ({
  name,
  group: 'processes',
  usage: 'PROCESS... (a number of "info inferiors", or a pid)',
  about,
  run: ({ session, text }): Result[] =>
    numberList(text, 'process').map((number) => {
      session.requireLive();
      const process = session.processes().find(({ id, pid }) => id === number || pid === number);
      if (!process) throw new DeetError('no-process', `There is no process ${number}.`, 'Type "info inferiors".');
      process.held = name === 'hold';
      return message(`Process ${process.pid} ${word}.`);
    }),
});

export const holdingCommands: readonly Command[] = [
  holder('hold', 'Let a process stand still while the others run.', 'stands still until "release"'),
  holder('release', 'Let a held process run again with the others.', 'runs again with the others'),
];
