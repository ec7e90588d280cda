/** The group "threads and processes": who is there, and whom commands mean. */
import { DeetError } from '../common/errors.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import type { Session } from '../session/session.js';
import { numberList, Words } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { describeFrame, describeThread } from './frames.js';
import { message, type ProcessResult, type Result } from './results.js';
import { needed } from './stepping.js';

const noProcess = (): DeetError => new DeetError('no-process', 'The program is not being run.', 'Type "run" to start it.');

/** @throws DeetError `no-thread` */
const threadNumbered = (session: Session, word: string): Thread => {
  // 2.1 is gdb's for thread 1 of inferior 2; numbers in deet are unique over processes, so the last part is enough when it fits.
  const pair = /^(\d+)\.(\d+)$/.exec(word);
  const id = Number(pair ? pair[2] : word);
  const found = session.threads().find((thread) => thread.id === id && (!pair || thread.process.id === Number(pair[1])));
  if (!found) throw new DeetError('no-thread', `Unknown thread ${word}.`, 'Type "info threads".');
  return found;
};

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

/** Runs a command in each thread, and goes back to the thread that was selected. */
const apply = async (context: CommandContext): Promise<void> => {
  const { session, text, emit, execute } = context;
  const { thread: before, frame } = session.selection();
  const words = new Words(text);
  const chosen: Thread[] = [];
  if (words.take('all')) {
    chosen.push(...session.threads().filter(({ stopped }) => stopped));
    if (words.take('-ascending', 2)) chosen.sort((a, b) => a.id - b.id);
    else chosen.sort((a, b) => b.id - a.id);
  } else while (/^[\d.-]+$/.test(words.peek())) chosen.push(...threadsOf(session, words.next()));
  // -q: no header; -s: no errors; -c: errors, but go on.
  const flags = new Set<string>();
  while (/^-[qsc]$/.test(words.peek())) flags.add(words.next());
  const command = needed(words.rest, 'Which command?', 'thread apply all backtrace');
  if (chosen.length === 0) throw new DeetError('usage', 'Which threads?', 'thread apply all backtrace, or thread apply 1 2 print x');
  try {
    for (const thread of chosen) {
      if (!thread.stopped) continue;
      session.selectThread(thread);
      if (!flags.has('-q'))
        emit(
          message(
            `\nThread ${thread.id} (process ${thread.process.pid}, tid ${thread.tid})${thread.name === undefined ? '' : ` "${thread.name}"`}:`,
          ),
        );
      try {
        await execute(command);
      } catch (error) {
        if (!(error instanceof DeetError) || !(flags.has('-s') || flags.has('-c'))) throw error;
        if (flags.has('-c')) emit(message(error.message, 'warning'));
      }
    }
  } finally {
    if (before.stopped && session.state === 'stopped') {
      session.selectThread(before);
      if (session.stack(before).frame(frame.level)) session.selectFrame(frame.level);
    }
  }
};

const threadsOf = (session: Session, word: string): Thread[] =>
  word.includes('.') ? [threadNumbered(session, word)] : numberList(word, 'thread').map((id) => threadNumbered(session, String(id)));

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
    {
      name: 'apply',
      group: 'processes',
      usage: 'all|N... [-q] [-s] [-c] COMMAND',
      about: 'Run a command in several threads.',
      completes: [['all'], 'command'],
      run: apply,
    },
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
        const wanted = text.trim();
        const found = session.threads().filter(({ name, tid }) => name?.includes(wanted) === true || String(tid).includes(wanted));
        return message(
          found.length === 0
            ? `No threads match '${wanted}'`
            : found.map(({ id, tid, name }) => `Thread ${id} (tid ${tid}) ${name ?? ''}`).join('\n'),
        );
      },
    },
  ],
};

const taas: Command = {
  name: 'taas',
  group: 'processes',
  usage: 'COMMAND',
  about: 'thread apply all -s COMMAND.',
  completes: ['command'],
  run: ({ text, execute }) => execute(`thread apply all -s ${text}`),
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

export const threadCommands: readonly Command[] = [thread, inferior, taas];
export const threadInfo: readonly Command[] = [infoThreads, infoInferiors];
