/** `hold` and `release`: one process stands still while the others run, to replay a race. */
import type { Process } from '../inferior/process.js';
import type { Session } from '../session/session.js';
import type { Command } from './command.js';
import { processesNamed } from './processes.js';
import { message, type Result } from './results.js';

/** The command for those that the user names; without names for those that must be meant. */
const holder = (
  { name, about, without }: { readonly name: 'hold' | 'release'; readonly about: string; readonly without: string },
  meant: (session: Session) => readonly Process[],
  word: string,
): Command => ({
  name,
  group: 'processes',
  usage: `[PROCESS...] (a number of "info inferiors", or a pid; without: ${without})`,
  about,
  run: ({ session, text }): Result[] | Result => {
    session.requireLive();
    const processes = text.trim() === '' ? meant(session) : processesNamed(session, text);
    if (processes.length === 0) return message('No process is held.');
    for (const process of processes) process.held = name === 'hold';
    return processes.map(({ pid }) => message(`Process ${pid} ${word}.`));
  },
});

export const holdingCommands: readonly Command[] = [
  holder(
    { name: 'hold', about: 'Let a process stand still while the others run.', without: 'the selected one' },
    (session) => [session.selection().thread.process],
    'stands still until "release"',
  ),
  holder(
    { name: 'release', about: 'Let a held process run again with the others.', without: 'all that are held' },
    (session) => session.processes().filter(({ held }) => held),
    'runs again with the others',
  ),
];
