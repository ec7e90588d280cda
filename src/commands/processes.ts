/** Processes named by a user: numbers of `info inferiors`, or pids. */
import { DeetError } from '../common/errors.js';
import type { Process } from '../inferior/process.js';
import type { Session } from '../session/session.js';
import { numberList } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { message, type Result } from './results.js';

/** @throws DeetError `no-process` */
export const processesNamed = (session: Session, text: string): Process[] =>
  numberList(text, 'process').map((number) => {
    const process = session.processes().find(({ id }) => id === number) ?? session.processes().find(({ pid }) => pid === number);
    if (!process) throw new DeetError('no-process', `There is no process ${number}.`, 'Type "info inferiors".');
    return process;
  });

const subcommand = (about: string, each: (context: CommandContext, process: Process) => Result): Command => ({
  name: 'inferiors',
  aliases: ['inferior', 'inf'],
  group: 'processes',
  usage: 'N... (numbers of "info inferiors", or pids)',
  about,
  completes: ['none'],
  run: (context) => processesNamed(context.session, context.text).map((process) => each(context, process)),
});

/** `kill inferiors N`: the others stay where they are. */
export const killInferiors = subcommand('Kill some processes of the program.', ({ session, chronicle }, process) => {
  chronicle.killing(process);
  session.killOne(process);
  return message(`[Inferior ${process.id} (process ${process.pid}) killed]`);
});

/** `detach inferiors N`: they run on without deet. */
export const detachInferiors = subcommand('Let go of some processes; they run on without deet.', ({ session, chronicle }, process) => {
  chronicle.killing(process);
  session.detach(process);
  return message(`[Inferior ${process.id} (process ${process.pid}) detached]`);
});
