/** The group "stop" beyond places: data that changes, things that processes do, and log points. */
import { DeetError } from '../common/errors.js';
import { parseBreakText } from './breakpoint-text.js';
import { syscallName } from '../linux/syscalls.js';
import type { Breakpoint } from '../session/breakpoint.js';
import { breakpointResult } from './breakpoints.js';
import { splitCommas, Words } from './arguments.js';
import type { Command } from './command.js';
import type { Result } from './results.js';

const watcher = (name: 'watch' | 'rwatch' | 'awatch', about: string, aliases: readonly string[] = []): Command => ({
  name,
  aliases,
  group: 'stop',
  usage: '[-location] EXPRESSION [thread N] [if CONDITION]',
  about,
  completes: ['expression'],
  run: ({ session, text }): Result => {
    const words = new Words(text);
    const location = words.take('-location', 2);
    const { location: expression, condition, thread } = parseBreakText(words.rest);
    if (expression === '') throw new DeetError('usage', 'Watch what?', `${name} counter, or ${name} -l *pointer`);
    const breakpoint = session.watchpoints.create(name, expression, {
      location,
      ...(condition !== undefined && { condition }),
      ...(thread !== undefined && { threadId: thread }),
    });
    const notes =
      breakpoint.software === undefined
        ? []
        : [`${breakpoint.software} So the program is stepped instruction by instruction, which is slow.`];
    return breakpointResult(breakpoint, 'set', notes);
  },
});

const catcher = (name: 'catch' | 'tcatch', about: string): Command => ({
  name,
  group: 'stop',
  usage:
    'fork | vfork | exec | syscall [NAME|NUMBER|group:NAME...] | signal [NAME...|all] | load [LIBRARY] | unload [LIBRARY] | throw [TYPE] | rethrow [TYPE] | catch [TYPE]',
  about,
  completes: [['fork', 'vfork', 'exec', 'syscall', 'signal', 'load', 'unload', 'throw', 'rethrow', 'catch']],
  run: ({ session, text }): Result => {
    const breakpoint = session.catchpoints.create(text, name === 'tcatch');
    return breakpointResult(breakpoint, 'set', groupsOf(breakpoint));
  },
});

/** Which system calls the groups are that have been named. */
const groupsOf = ({ catch: caught }: Breakpoint): string[] =>
  caught?.what === 'syscall' && caught.names.some((name) => name.includes(':'))
    ? [`    ${caught.numbers.map((number) => syscallName(number) ?? number).join(', ')}`]
    : [];

const dprintf: Command = {
  name: 'dprintf',
  group: 'stop',
  usage: 'LOCATION, "FORMAT", EXPRESSION...',
  about: 'Print something whenever a place is reached, without stopping.',
  completes: ['location', 'expression'],
  run: ({ session, text }): Result => {
    const [location = '', ...rest] = splitCommas(text);
    if (location.trim() === '' || !rest[0]?.trim().startsWith('"'))
      throw new DeetError('usage', 'dprintf needs a place and a format.', 'dprintf main, "argc is %d\\n", argc');
    const format = text.slice(text.indexOf(rest[0], location.length)).trim();
    return breakpointResult(session.break(location.trim(), { format }), 'set');
  },
};

export const watchingCommands: readonly Command[] = [
  watcher('watch', 'Stop when the value of an expression changes.', ['wa', 'wat']),
  watcher('rwatch', 'Stop when an expression is read.', ['rw']),
  watcher('awatch', 'Stop when an expression is read or written.', ['aw']),
  catcher('catch', 'Stop at forks, execs, system calls, signals, exceptions, libraries.'),
  catcher('tcatch', 'As catch, once.'),
  dprintf,
];
