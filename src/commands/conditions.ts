/** The group "stop": what a breakpoint does besides stopping - conditions, counts, commands. And writing them all to a file. */
import { writeFileSync } from 'node:fs';
import { DeetError } from '../common/errors.js';
import type { Breakpoint } from '../session/breakpoint.js';
import type { Session } from '../session/session.js';
import { numberList } from './arguments.js';
import { withVariables } from './variables.js';
import { describeBreakpoint } from './breakpoint-text.js';
import type { Command } from './command.js';
import { message } from './results.js';
import { countOf } from './run.js';

/** The first word may be a variable: `ignore $bpnum 3`. */
const withNumber = (text: string, session: Session): string => text.trim().replace(/^\S+/, (word) => withVariables(word, session));

/** `N REST` taken apart. @throws DeetError `usage`, `no-breakpoint` */
const numbered = (text: string, session: Session, example: string): { readonly breakpoint: Breakpoint; readonly rest: string } => {
  const match = /^(\d+)(?:\s+([\s\S]*))?$/.exec(withNumber(text, session));
  if (!match) throw new DeetError('usage', 'The number of a breakpoint is needed.', example);
  return { breakpoint: session.breakpoints.get(Number(match[1])), rest: (match[2] ?? '').trim() };
};

const condition: Command = {
  name: 'condition',
  aliases: ['cond'],
  group: 'stop',
  usage: 'N [EXPRESSION]',
  about: 'Stop at breakpoint N only if the expression is true; without one, always.',
  completes: ['breakpoint', 'expression'],
  run: ({ session, text }) => {
    const { breakpoint, rest } = numbered(text, session, 'condition 0 i > 3');
    session.breakpoints.setCondition(breakpoint.id, rest === '' ? undefined : rest);
    return rest === '' ? message(`Breakpoint ${breakpoint.id} now unconditional.`) : [];
  },
};

const ignore: Command = {
  name: 'ignore',
  group: 'stop',
  usage: 'N COUNT',
  about: 'Pass breakpoint N that many times before stopping.',
  completes: ['breakpoint', 'none'],
  run: async ({ session, text }) => {
    const { breakpoint, rest } = numbered(text, session, 'ignore 0 10');
    const count = Math.max(0, (await countOf(rest, session)) ?? 0);
    session.breakpoints.update(breakpoint.id, { ignoreCount: count });
    if (count === 0) return message(`Will stop next time breakpoint ${breakpoint.id} is reached.`);
    return message(`Will ignore next ${count === 1 ? 'crossing' : `${count} crossings`} of breakpoint ${breakpoint.id}.`);
  },
};

const commands: Command = {
  name: 'commands',
  group: 'stop',
  usage: '[N...]   then lines, then: end',
  about: 'Commands to run at each stop of breakpoint N (of the last one set). "silent" as the first: without showing the stop.',
  completes: ['breakpoint'],
  block: 'commands',
  run: ({ session, text, collect }) => {
    const last = session.breakpoints.all().at(-1);
    const ids = text.trim() === '' ? (last ? [last.id] : []) : numberList(withVariables(text, session), 'breakpoint');
    if (ids.length === 0) throw new DeetError('no-breakpoint', 'No breakpoints specified.', 'Set one first: break LOCATION');
    for (const id of ids) session.breakpoints.get(id);
    collect((lines) => {
      const list = lines.map((line) => line.trim()).filter((line) => line !== '');
      for (const id of ids) session.breakpoints.update(id, { commands: list });
    });
  },
};

const save: Command = {
  name: 'save',
  group: 'stop',
  about: 'Write something to a file.',
  subcommands: [
    {
      name: 'breakpoints',
      aliases: ['b', 'br'],
      group: 'stop',
      usage: 'FILE',
      about: 'Write all breakpoints to a file that "source" reads.',
      completes: ['file'],
      run: ({ session, text }) => {
        const path = text.trim();
        if (path === '') throw new DeetError('usage', 'To which file?', 'save breakpoints mine.deet');
        const all = session.breakpoints.all();
        if (all.length === 0) return message('Nothing to save.');
        try {
          writeFileSync(path, all.map(asCommands).join(''));
        } catch (error) {
          throw new DeetError('file', `Cannot write ${path}: ${error instanceof Error ? error.message : String(error)}.`);
        }
        return message(`Saved to file '${path}'.`);
      },
    },
  ],
};

const commandOf = (breakpoint: Breakpoint): string => {
  if (breakpoint.kind === 'dprintf') return `dprintf ${breakpoint.spec},${breakpoint.format ?? ''}`;
  if (breakpoint.kind === 'hardware') return `${breakpoint.temporary ? 'th' : 'h'}break ${breakpoint.spec}`;
  if (breakpoint.kind === 'breakpoint') return `${breakpoint.temporary ? 't' : ''}break ${breakpoint.spec}`;
  return `${breakpoint.kind} ${breakpoint.spec}`;
};

/** `$bpnum` is the number of the last breakpoint set: the file need not know numbers. */
const asCommands = (breakpoint: Breakpoint): string => {
  const { condition: when, ignore: count, commands: list, enabled, thread } = describeBreakpoint(breakpoint);
  const lines = [`${commandOf(breakpoint)}${thread === undefined ? '' : ` thread ${thread}`}${when === undefined ? '' : ` if ${when}`}`];
  if (count !== undefined) lines.push(`ignore $bpnum ${count}`);
  if (list) lines.push('commands', ...list.map((line) => `  ${line}`), 'end');
  if (!enabled) lines.push('disable $bpnum');
  return `${lines.join('\n')}\n`;
};

export const conditionCommands: readonly Command[] = [condition, ignore, commands, save];
