/** One command for several threads or frames: `thread apply`, `frame apply`, and their short forms. */
import { DeetError } from '../common/errors.js';
import type { Frame } from '../inferior/frame.js';
import type { Thread } from '../inferior/thread.js';
import type { Session } from '../session/session.js';
import { integer, numberList, Words, needed } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { describeFrame, framesOf } from './frames.js';
import { message, type Result } from './results.js';
import { withVariables } from './variables.js';

/** @throws DeetError `no-thread` */
export const threadNumbered = (session: Session, word: string): Thread => {
  // 2.1 is gdb's for thread 1 of inferior 2; numbers in deet are unique over processes, so the last part is enough when it fits.
  const pair = /^(\d+)\.(\d+)$/.exec(word);
  const id = Number(pair ? pair[2] : word);
  const found = session.threads().find((thread) => thread.id === id && (!pair || thread.process.id === Number(pair[1])));
  if (!found) throw new DeetError('no-thread', `Unknown thread ${word}.`, 'Type "info threads".');
  return found;
};

const threadsOf = (session: Session, word: string): Thread[] =>
  word.includes('.') ? [threadNumbered(session, word)] : numberList(word, 'thread').map((id) => threadNumbered(session, String(id)));

/** -q: no headings; -s: without what fails or says nothing; -c: errors are shown, and it goes on. */
type Flags = ReadonlySet<string>;

const takeFlags = (words: Words): Flags => {
  const flags = new Set<string>();
  while (/^-[qsc]$/.test(words.peek())) flags.add(words.next());
  words.take('--');
  if (flags.has('-s') && flags.has('-c')) throw new DeetError('usage', '-c and -s are mutually exclusive.');
  return flags;
};

/** Runs a command where `select` has gone. */
const runIn = async (context: CommandContext, heading: Result, command: string, flags: Flags): Promise<void> => {
  const { emit, execute } = context;
  if (!flags.has('-q')) context.heading(heading, flags.has('-s'));
  try {
    await execute(command);
  } catch (error) {
    if (!(error instanceof DeetError) || !(flags.has('-s') || flags.has('-c'))) throw error;
    if (flags.has('-c')) emit(message(error.message, 'warning'));
  } finally {
    if (!flags.has('-q')) context.heading(undefined);
  }
};

/** Goes back to the thread and frame that were selected, if they are still there. */
const goingBack = async (session: Session, work: () => Promise<void>): Promise<void> => {
  const { thread, frame } = session.selection();
  try {
    await work();
  } finally {
    if (thread.stopped && session.state === 'stopped') {
      session.selectThread(thread);
      if (session.stack(thread).frame(frame.level)) session.selectFrame(frame.level);
    }
  }
};

const headingOf = ({ id, process, tid, name }: Thread): Result =>
  message(`\nThread ${id} (process ${process.pid}, tid ${tid})${name === undefined ? '' : ` "${name}"`}:`);

const applyToThreads = async (context: CommandContext): Promise<void> => {
  const { session } = context;
  session.selection();
  const words = new Words(context.text);
  const chosen: Thread[] = [];
  if (words.take('all')) {
    chosen.push(...session.threads().sort((a, b) => b.id - a.id));
    if (words.take('-ascending', 2)) chosen.reverse();
  } else
    while (/^\$?[\w.-]+$/.test(words.peek()) && /^[\d$]/.test(words.peek()))
      chosen.push(...threadsOf(session, withVariables(words.next(), session)));
  if (chosen.length === 0) throw new DeetError('usage', 'Which threads?', 'thread apply all backtrace, or thread apply 1 2 print x');
  const flags = takeFlags(words);
  if (words.take('-ascending', 2)) chosen.reverse();
  const command = needed(words.rest, 'Which command?', 'thread apply all backtrace');
  await goingBack(session, async () => {
    for (const thread of chosen) {
      if (!thread.stopped) continue;
      session.selectThread(thread);
      await runIn(context, headingOf(thread), command, flags);
    }
  });
};

export const threadApply: Command = {
  name: 'apply',
  group: 'processes',
  usage: 'all [-ascending] | N... [-q] [-s] [-c] COMMAND',
  about: 'Run a command in several threads. -q: no headings; -s: nothing of threads where it fails; -c: go on after errors.',
  completes: [['all'], 'command'],
  run: applyToThreads,
};

/** `all`, `3` (the innermost), `-3` (the outermost), `level 2-4`. */
const chosenFrames = (words: Words, session: Session): readonly Frame[] => {
  if (words.take('all')) return [...framesOf(session)];
  const all = [...framesOf(session)];
  if (words.take('level')) {
    const levels = new Set<number>();
    while (/^\d[\d-]*$/.test(words.peek())) for (const level of numberList(words.next(), 'frame')) levels.add(level);
    return all.filter(({ level }) => levels.has(level));
  }
  const count = integer(words.peek());
  if (count === undefined)
    throw new DeetError('usage', 'Which frames?', 'frame apply all print x, frame apply 2 info locals, frame apply level 1-3 p x');
  words.next();
  return count < 0 ? all.slice(count) : all.slice(0, count);
};

const applyToFrames = async (context: CommandContext): Promise<void> => {
  const { session } = context;
  session.selection();
  const words = new Words(context.text);
  const chosen = chosenFrames(words, session);
  const flags = takeFlags(words);
  const command = needed(words.rest, 'Which command?', 'frame apply all print x');
  await goingBack(session, async () => {
    for (const { level } of chosen) {
      const frame = session.selectFrame(level);
      await runIn(context, { type: 'frame', frame: describeFrame(frame, session), lineOnly: true }, command, flags);
    }
  });
};

export const frameApply: Command = {
  name: 'apply',
  group: 'look',
  usage: 'all | N | -N | level L... [-q] [-s] [-c] COMMAND',
  about: 'Run a command in several frames: all, the innermost N, the outermost N, or some levels.',
  completes: [['all', 'level'], 'command'],
  run: applyToFrames,
};

const short = (name: string, stands: string): Command => ({
  name,
  group: 'processes',
  usage: 'COMMAND',
  about: `${stands} COMMAND.`,
  completes: ['command'],
  run: ({ text, execute }) => execute(`${stands} ${needed(text, 'Which command?', `${name} print x`)}`),
});

export const applyCommands: readonly Command[] = [
  short('taas', 'thread apply all -s'),
  short('faas', 'frame apply all -s'),
  short('tfaas', 'thread apply all -s -- frame apply all -s'),
];
