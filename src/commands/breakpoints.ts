/** The group "stop": breakpoints on places. */
import { DeetError } from '../common/errors.js';
import type { Breakpoint } from '../session/breakpoint.js';
import { parseLocation } from '../session/locations.js';
import type { BreakOptions } from '../session/breakpoints.js';
import { describeBreakpoint, notesOn, parseBreakText } from './breakpoint-text.js';
import { threadNumbered } from './applying.js';
import { numberList } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { withVariables } from './variables.js';
import { message, type BreakpointResult, type Result } from './results.js';

export const breakpointResult = (
  breakpoint: Breakpoint,
  change: BreakpointResult['change'],
  notes: readonly string[] = [],
): BreakpointResult => ({
  type: 'breakpoint',
  change,
  ...describeBreakpoint(breakpoint),
  ...(notes.length > 0 && { notes }),
});

/** Errors that a library loaded later may put right. */
const mayAppear = new Set(['no-symbol', 'no-file']);

/** Sets a breakpoint; asks whether an unknown place may wait for a library that has it (`set breakpoint pending`). */
const place = (context: CommandContext, location: string, options: BreakOptions): Breakpoint => {
  const { session, frontEnd } = context;
  const pending = session.settings.text('breakpoint pending');
  try {
    return session.break(location, { ...options, pending: pending === 'on' });
  } catch (error) {
    if (!(error instanceof DeetError) || !mayAppear.has(error.code) || pending !== 'auto') throw error;
    const question = `${error.message} ${error.hint ?? ''}\nMake the breakpoint pending, until a library that has it is loaded?`;
    if (!frontEnd.confirm(question, false))
      throw new DeetError(error.code, error.message, error.hint ?? 'If a library will bring it: set breakpoint pending on');
    return session.break(location, { ...options, pending: true });
  }
};

/** A bare number is a line of the file that was listed last, if there is one. */
const inListedFile = (location: string, { memory: { listed } }: CommandContext): string =>
  listed && /^\d+$/.test(location.trim()) ? `${listed.file}:${location.trim()}` : location;

const breaker =
  (options: BreakOptions) =>
  (context: CommandContext): Result => {
    const { location, condition, thread } = parseBreakText(context.text);
    if (thread !== undefined && context.session.state !== 'none') threadNumbered(context.session, String(thread));
    const breakpoint = place(context, inListedFile(location, context), {
      ...options,
      ...(condition !== undefined && { condition }),
      ...(thread !== undefined && { threadId: thread }),
    });
    return breakpointResult(breakpoint, 'set', notesOn(breakpoint, context.session));
  };

const locationUsage = '[LINE | FILE:LINE | FUNCTION | *ADDRESS] [thread N] [if CONDITION]';

const break_: Command = {
  name: 'break',
  aliases: ['b', 'br', 'bre', 'brea', 'breakpoint'],
  group: 'stop',
  usage: locationUsage,
  about: 'Stop whenever the program comes to a place; without one, here.',
  completes: ['location', 'expression'],
  run: breaker({}),
};

const tbreak: Command = {
  name: 'tbreak',
  aliases: ['tb', 'tbr'],
  group: 'stop',
  usage: locationUsage,
  about: 'Stop at a place once.',
  completes: ['location', 'expression'],
  run: breaker({ temporary: true }),
};

const hbreak: Command = {
  name: 'hbreak',
  aliases: ['hb'],
  group: 'stop',
  usage: locationUsage,
  about: 'As break, but by one of the four debug registers: the code of the program stays as it is.',
  completes: ['location', 'expression'],
  run: breaker({ hardware: true }),
};

const thbreak: Command = {
  name: 'thbreak',
  group: 'stop',
  usage: locationUsage,
  about: 'As hbreak, once.',
  completes: ['location', 'expression'],
  run: breaker({ hardware: true, temporary: true }),
};

/** Breakpoints by a list of numbers; all of them without one. @throws DeetError */
const named = ({ session }: CommandContext, text: string): Breakpoint[] =>
  text.trim() === ''
    ? session.breakpoints.all()
    : numberList(withVariables(text, session), 'breakpoint').map((id) => session.breakpoints.get(id));

const deleteBreakpoints = (context: CommandContext): void => {
  const { session, text, frontEnd } = context;
  const chosen = named(context, text);
  if (text.trim() === '' && chosen.length > 0 && !frontEnd.confirm('Delete all breakpoints?')) return;
  for (const { id } of chosen) session.breakpoints.delete(id);
};

const deleteDisplays = ({ displays, text, frontEnd }: CommandContext): void => {
  if (text.trim() !== '') for (const id of numberList(text, 'display')) displays.remove(id);
  else if (frontEnd.confirm('Delete all displays?')) displays.clear();
};

const delete_: Command = {
  name: 'delete',
  aliases: ['d', 'del'],
  group: 'stop',
  usage: '[N...]',
  about: 'Delete breakpoints, watchpoints and catchpoints; without numbers, all.',
  completes: ['breakpoint'],
  run: deleteBreakpoints,
  subcommands: [
    {
      name: 'breakpoints',
      aliases: ['br'],
      group: 'stop',
      usage: '[N...]',
      about: 'Delete breakpoints.',
      completes: ['breakpoint'],
      run: deleteBreakpoints,
    },
    { name: 'display', group: 'stop', usage: '[N...]', about: 'Stop displaying expressions.', completes: ['none'], run: deleteDisplays },
  ],
};

const clear: Command = {
  name: 'clear',
  aliases: ['cl'],
  group: 'stop',
  usage: '[LOCATION]',
  about: 'Delete the breakpoints at a place; without one, here.',
  completes: ['location'],
  run: (context) => {
    const { session, text } = context;
    const where = inListedFile(text.trim(), context);
    const { frame } = where === '' ? session.selection() : { frame: undefined };
    const places = frame ? [{ address: frame.pc, position: frame.position }] : session.resolvePlaces(where);
    // A line is cleared of all that is set on it; what is named otherwise, of what is set there.
    const isLine = frame !== undefined || parseLocation(where, session.currentPlace()).kind === 'line';
    const found = session.breakpoints
      .all()
      .filter(({ locations }) =>
        locations.some(({ address, position: set }) =>
          places.some(
            ({ address: at, position }) =>
              at === address || (isLine && set !== undefined && set.line === position?.line && set.file.path === position.file.path),
          ),
        ),
      );
    if (found.length === 0)
      throw new DeetError('no-breakpoint', `No breakpoint at ${text.trim() || 'this line'}.`, 'Type "info breakpoints".');
    for (const { id } of found) session.breakpoints.delete(id);
    return message(`Deleted breakpoint${found.length > 1 ? 's' : ''} ${found.map(({ id }) => id).join(' ')}`);
  },
};

/** Enables or disables what a list names: `2`, `1-3`, `2.1` (a location). */
const switchAll = (context: CommandContext, enabled: boolean): void => {
  const { session, text } = context;
  if (text.trim() === '') {
    for (const { id } of session.breakpoints.all()) session.breakpoints.enable(id, enabled);
    return;
  }
  for (const word of withVariables(text, session)
    .trim()
    .split(/[\s,]+/)) {
    const location = /^(\d+)\.(\d+)$/.exec(word);
    if (location) session.breakpoints.enable(Number(location[1]), enabled, Number(location[2]));
    else for (const id of numberList(word, 'breakpoint')) session.breakpoints.enable(id, enabled);
  }
};

const switchDisplays = ({ displays, text }: CommandContext, enabled: boolean): void => {
  const chosen = text.trim() === '' ? displays.all() : numberList(text, 'display').map((id) => displays.get(id));
  for (const display of chosen) display.enabled = enabled;
};

const enableOnce = (context: CommandContext, disposition: Breakpoint['disposition']): void => {
  for (const { id } of named(context, context.text))
    context.session.breakpoints.update(id, { enabled: true, disposition, enableCount: undefined });
};

const enable: Command = {
  name: 'enable',
  aliases: ['en'],
  group: 'stop',
  usage: '[N...]',
  about: 'Enable breakpoints (all, or N, or one place of it: N.M).',
  completes: ['breakpoint'],
  run: (context) => switchAll(context, true),
  subcommands: [
    {
      name: 'once',
      group: 'stop',
      usage: 'N...',
      about: 'Enable for one hit.',
      completes: ['breakpoint'],
      run: (context) => enableOnce(context, 'disable'),
    },
    {
      name: 'delete',
      group: 'stop',
      usage: 'N...',
      about: 'Enable for one hit, then delete.',
      completes: ['breakpoint'],
      run: (context) => enableOnce(context, 'delete'),
    },
    {
      name: 'count',
      group: 'stop',
      usage: 'COUNT N...',
      about: 'Enable for that many hits.',
      completes: ['none', 'breakpoint'],
      run: (context) => {
        const match = /^(\d+)\s+(.+)$/.exec(context.text.trim());
        if (!match || match[1] === '0') throw new DeetError('usage', 'How often, and which?', 'enable count 3 0');
        for (const { id } of named(context, match[2]))
          context.session.breakpoints.update(id, { enabled: true, enableCount: Number(match[1]) });
      },
    },
    {
      name: 'display',
      group: 'stop',
      usage: '[N...]',
      about: 'Show displays again.',
      completes: ['none'],
      run: (context) => switchDisplays(context, true),
    },
  ],
};

const disable: Command = {
  name: 'disable',
  aliases: ['dis', 'disa'],
  group: 'stop',
  usage: '[N...]',
  about: 'Disable breakpoints without deleting them (all, or N, or one place of it: N.M).',
  completes: ['breakpoint'],
  run: (context) => switchAll(context, false),
  subcommands: [
    {
      name: 'display',
      group: 'stop',
      usage: '[N...]',
      about: 'Do not show displays for now.',
      completes: ['none'],
      run: (context) => switchDisplays(context, false),
    },
  ],
};

export const breakpointCommands: readonly Command[] = [break_, tbreak, hbreak, thbreak, delete_, clear, enable, disable];
