/** The group "threads and processes": who is there, and whom commands mean. */
import { startIt } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import type { Session } from '../session/session.js';
import { applyCommands, threadApply, threadNumbered } from './applying.js';
import { numberList, needed } from './arguments.js';
import type { Command } from './command.js';
import { describeFrame, describeThread } from './frames.js';
import { regularExpression } from './regular_expression.js';
import { message, type ProcessResult, type Result } from './results.js';

const noProcess = (): DeetError => new DeetError('no-process', 'The program is not being run.', startIt);

const infoThreads: Command = {
  name: 'threads',
  aliases: ['th'],
  group: 'processes',
  usage: '[N...]',
  about: 'All threads of all processes, and where they are.',
  completes: ['thread'],
  run: ({ session, text }): Result => {
    const chosen = text.trim() === '' ? undefined : new Set(numberList(text, 'thread'));
    const threads = session.threads().filter(({ id }) => chosen?.has(id) ?? true);
    if (threads.length === 0) return message('No threads.');
    return { type: 'threads', threads: threads.map((thread) => describeThread(thread, session)) };
  },
};

const selectThread = (session: Session, thread: Thread): Result[] => {
  if (!thread.stopped) throw new DeetError('running', `Thread ${thread.id} is running.`);
  session.selectThread(thread);
  const name = thread.name === undefined ? '' : ` "${thread.name}"`;
  return [
    message(`[Switching to thread ${thread.id} (process ${thread.process.pid}, tid ${thread.tid})${name}]`),
    { type: 'frame', frame: describeFrame(session.selection().frame, session) },
  ];
};

const thread: Command = {
  name: 'thread',
  aliases: ['t', 'thr', 'th'],
  group: 'processes',
  usage: '[N]',
  about: 'Select a thread, or say which one is selected.',
  completes: ['thread'],
  run: ({ session, text }) => {
    const word = text.trim();
    if (word !== '') return selectThread(session, threadNumbered(session, word));
    const { thread: current } = session.selection();
    return message(`[Current thread is ${current.id} (process ${current.process.pid}, tid ${current.tid})]`);
  },
  subcommands: [
    threadApply,
    {
      name: 'name',
      group: 'processes',
      usage: '[NAME]',
      about: 'Give the selected thread a name.',
      completes: ['none'],
      run: ({ session, text }) => {
        session.selection().thread.name = text.trim() === '' ? undefined : text.trim();
      },
    },
    {
      name: 'find',
      group: 'processes',
      usage: 'REGULAR-EXPRESSION',
      about: 'Threads whose name or number matches.',
      completes: ['none'],
      run: ({ session, text }) => {
        const wanted = regularExpression(needed(text, 'Which name?', 'thread find worker'));
        const found = session
          .threads()
          .flatMap(({ id, process: { pid }, tid, name }) => [
            ...(name !== undefined && wanted.test(name) ? [`Thread ${id} has name '${name}'`] : []),
            ...(wanted.test(`process ${pid} tid ${tid}`) ? [`Thread ${id} is tid ${tid} of process ${pid}`] : []),
          ]);
        return message(found.length === 0 ? `No threads match '${text.trim()}'` : found.join('\n'));
      },
    },
  ],
};

const describeProcess = (process: Process, session: Session): ProcessResult => ({
  pid: process.pid,
  ...(process.parent && { ppid: process.parent.pid }),
  state: [...process.threads.values()].some(({ stopped }) => stopped) ? 'stopped' : 'running',
  program: process.program,
  id: process.id,
  ...(session.selectedThread()?.process === process && { current: true as const }),
});

const infoInferiors: Command = {
  name: 'inferiors',
  aliases: ['inf'],
  group: 'processes',
  about: 'All processes of the program.',
  run: ({ session }): Result => {
    const processes = session.processes();
    if (processes.length === 0)
      return message(session.program === undefined ? 'No inferiors.' : `No process is running. The program is ${session.program}.`);
    return { type: 'processes', processes: processes.map((process) => describeProcess(process, session)) };
  },
};

const inferior: Command = {
  name: 'inferior',
  group: 'processes',
  usage: '[N]',
  about: 'Select a process by the number that "info inferiors" shows, or by its pid.',
  completes: ['none'],
  run: ({ session, text }) => {
    const word = text.trim();
    if (session.processes().length === 0) throw noProcess();
    if (word === '') {
      const { process } = session.selection();
      return message(`[Current inferior is ${process.id} [process ${process.pid}] (${process.program})]`);
    }
    const number = Number(word);
    const process = session.processes().find(({ id }) => id === number) ?? session.processes().find(({ pid }) => pid === number);
    if (!process) throw new DeetError('no-process', `Inferior ID ${word} not known.`, 'Type "info inferiors".');
    const first = process.leader?.stopped ? process.leader : [...process.threads.values()].find(({ stopped }) => stopped);
    if (!first) throw new DeetError('running', `Process ${process.pid} is running.`);
    return [
      message(`[Switching to inferior ${process.id} [process ${process.pid}] (${process.program})]`),
      ...selectThread(session, first).slice(1),
    ];
  },
};

export const threadCommands: readonly Command[] = [thread, inferior, ...applyCommands];
export const threadInfo: readonly Command[] = [infoThreads, infoInferiors];
