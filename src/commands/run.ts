/** The group "run": starting, continuing and ending the program. */
import { resolve } from 'node:path';
import { nameProgram } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { toInteger } from '../language/value.js';
import { integer, requireNone } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { detachInferiors, killInferiors } from './processes.js';
import { message, type Result } from './results.js';
import { programWords } from './shell-words.js';
import { evaluated } from './values.js';

/** `run` and `quit` while the program is alive: it is killed, and that is said first. */
export const endFamily = ({ session, emit, kill }: CommandContext): void => {
  const [first] = session.control.processes();
  // What was running before deet came goes on when deet goes.
  if (first?.origin === 'attach') {
    for (const result of letGo({ session })) emit(result);
    return;
  }
  if (first) emit(message(`Killing running inferior (pid ${first.pid})`));
  kill();
};

const begin = async (context: CommandContext, go: () => Promise<Parameters<CommandContext['conclude']>[0]>): Promise<void> => {
  const { session, text } = context;
  if (text.trim() !== '') setArguments(context, text);
  if (session.program === undefined) throw new DeetError('no-program', 'No program to run.', nameProgram);
  endFamily(context);
  context.conclude(await go());
};

/** The words of `run`, `start` and `set args`. */
export const setArguments = ({ session, frontEnd }: Pick<CommandContext, 'session' | 'frontEnd'>, text: string): void => {
  const words = programWords(text, session.environment, session.settings.text('cwd') || process.cwd());
  session.programArguments = [...words.arguments];
  session.redirections = [...frontEnd.redirections, ...words.redirections];
  session.settings.set('args', text.trim());
};

const argumentsUsage = '[ARGUMENTS] [< FILE] [> FILE] [>> FILE] [2>&1]';

const run: Command = {
  name: 'run',
  aliases: ['r'],
  group: 'run',
  usage: argumentsUsage,
  about: 'Start the program from its beginning; a running one is killed first.',
  details: 'Without arguments those of the last run are used again; "set args" alone clears them.',
  completes: ['file'],
  run: (context) => begin(context, () => context.session.run()),
};

const start: Command = {
  name: 'start',
  aliases: ['sta'],
  group: 'run',
  usage: argumentsUsage,
  about: 'Start the program and stop at the beginning of main.',
  completes: ['file'],
  run: (context) => begin(context, () => context.session.start('main')),
};

const starti: Command = {
  name: 'starti',
  group: 'run',
  usage: argumentsUsage,
  about: 'Start the program and stop before its first instruction.',
  completes: ['file'],
  run: (context) => begin(context, () => context.session.start('first-instruction')),
};

const continue_: Command = {
  name: 'continue',
  aliases: ['c', 'cont', 'fg'],
  group: 'run',
  usage: '[N]',
  about: 'Let the program run on; with N, pass the current breakpoint N-1 more times.',
  completes: ['none'],
  repeats: 'bare',
  run: async ({ session, text, conclude, emit }) => {
    const count = await countOf(text, session);
    session.chosenThread();
    const at = session.lastStop?.breakpoints[0];
    if (count !== undefined && count > 1 && at)
      emit(message(`Will ignore next ${count - 1} crossings of breakpoint ${at.id}. Continuing.`));
    conclude(await session.continue(count === undefined ? undefined : count - 1));
  },
};

/** A count given as an expression; undefined without one. @throws DeetError `usage` */
export const countOf = async (text: string, session: CommandContext['session']): Promise<number | undefined> => {
  if (text.trim() === '') return undefined;
  const count = integer(text.trim()) ?? Number(toInteger(await evaluated(session, text)));
  if (!Number.isSafeInteger(count)) throw new DeetError('usage', `"${text.trim()}" is no count.`);
  return count;
};

const kill: Command = {
  name: 'kill',
  aliases: ['k'],
  group: 'run',
  usage: '[inferiors N...]',
  about: 'Kill the program, with every process that it made.',
  completes: ['none'],
  run: ({ session, text, frontEnd, kill: killFamily }) => {
    requireNone(text, 'kill');
    session.requireLive();
    if (session.state === 'none') throw new DeetError('no-process', 'The program is not being run.');
    if (!frontEnd.confirm('Kill the program being debugged?')) return [];
    return killFamily().map((pid) => message(`[Inferior ${pid} killed]`));
  },
  subcommands: [killInferiors],
};

const quit: Command = {
  name: 'quit',
  aliases: ['q', 'exit'],
  group: 'run',
  usage: '[STATUS]',
  about: 'Leave deet; a running program is killed, one that was attached to is detached from.',
  completes: ['none'],
  run: async (context) => {
    const status = await countOf(context.text, context.session);
    context.leave(status);
    endFamily(context);
  },
};

const attach: Command = {
  name: 'attach',
  aliases: ['at'],
  group: 'run',
  usage: '[-family] [PID]',
  about: 'Debug a process that is already running; it stops. With -family, also its descendants and orphans of its process group.',
  details:
    'One that descends from a process that is being debugged joins it; else what was debugged before ends, or is let go. "attach -family" alone takes what descends from those that are being debugged.',
  completes: [['-family']],
  run: async (context) => {
    const { session, text } = context;
    const [, family, rest = ''] = /^\s*(-f\w*)?\s*(.*)$/.exec(text) ?? [];
    if (family !== undefined && rest === '' && session.state !== 'none') {
      const known = session.processes();
      session.control.attachDescendants(known);
      return session.processes().length > known.length ? [] : message('No descendant of a process that is debugged could be attached to.');
    }
    const pid = integer(rest.trim());
    if (pid === undefined || pid <= 0) throw new DeetError('usage', 'The number of a process is needed.', '"shell ps" lists them.');
    if (!session.control.joins(pid)) endFamily(context);
    context.conclude(await session.attach(pid, family !== undefined));
    return [];
  },
};

/** What a core file has in place of `detach`. */
export const noCore = (session: CommandContext['session']): Result => {
  session.kill();
  return message('No core file now.');
};

const letGo = ({ session }: Pick<CommandContext, 'session'>): Result[] =>
  session.control.processes().map((process) => {
    session.detach(process);
    return message(`Detaching from program: ${process.program}, process ${process.pid}`);
  });

const detach: Command = {
  name: 'detach',
  group: 'run',
  about: 'Let go of the program; it runs on without deet.',
  completes: ['none'],
  run: (context) => {
    requireNone(context.text, 'detach');
    if (context.session.cores.current) return noCore(context.session);
    if (context.session.state === 'none') throw new DeetError('no-process', 'The program is not being run.');
    return context.frontEnd.confirm('Detach from the program? It will run on without deet.') ? letGo(context) : [];
  },
  subcommands: [detachInferiors],
};

const file: Command = {
  name: 'file',
  aliases: ['exec-file'],
  group: 'run',
  usage: 'PROGRAM',
  about: 'Choose the program to debug.',
  completes: ['file'],
  run: ({ session, text, sources }) => {
    const [path] = programWords(text).arguments;
    if (path === undefined) throw new DeetError('usage', 'Which program?', 'file ./a.out');
    session.setProgram(resolve(path));
    sources.forget();
    return message(`Reading symbols from ${path}...`);
  },
};

const interrupt: Command = {
  name: 'interrupt',
  group: 'run',
  about: 'Stop the running program (from a script; at the prompt press Ctrl-C).',
  run: ({ session }) => session.pause(),
};

export const runCommands: readonly Command[] = [run, start, starti, continue_, kill, quit, attach, detach, file, interrupt];
