/** `skip`: functions and files that `step` passes over. */
import { DeetError } from '../common/errors.js';
import type { Session } from '../session/session.js';
import type { SkipRule } from '../session/skips.js';
import { numberList, Words } from './arguments.js';
import type { Command } from './command.js';
import { regularExpression } from './regular_expression.js';
import { message, type Result } from './results.js';

/** The function, or file, that the program stands in: what `skip` without a name means. */
const here = (session: Session): { name: string; path: string } => {
  const { frame } = session.selection();
  return { name: frame.functionName ?? '??', path: frame.position?.file.path ?? '' };
};

/** In gdb's words. */
const add = (session: Session, what: SkipRule): Result => {
  session.skips.add(what);
  const file = what.file === undefined ? '' : `${what.fileKind === 'glob' ? 'File(s)' : 'File'} ${what.file}`;
  const named = `${what.functionKind === undefined || what.functionKind === 'name' ? 'Function' : 'Function(s)'} ${what.function ?? ''}`;
  const name = what.function === undefined ? file : `${named}${file === '' ? '' : ` in ${file.toLowerCase().slice(0, 4)}${file.slice(4)}`}`;
  return message(`${name} will be skipped when stepping.`);
};

/** The words of gdb's options, and what they say. */
const options: Readonly<Record<string, (name: string) => SkipRule>> = {
  fi: (file) => ({ file }),
  gfi: (file) => ({ file, fileKind: 'glob' }),
  fu: (name) => ({ function: name }),
  gfu: (name) => ({ function: name, functionKind: 'glob' }),
  rfu: (name) => ({ function: regularExpression(name).source, functionKind: 'regex' }),
};

const optionNamed = (word: string): ((name: string) => SkipRule) | undefined => {
  const short = /^-([gr]?f[iu])(?:le|nction)?$/.exec(word)?.[1];
  return short === undefined || !Object.hasOwn(options, short) ? undefined : options[short];
};

const each = (session: Session, text: string, change: (id: number) => void): void => {
  const ids = text.trim() === '' ? session.skips.all().map(({ id }) => id) : numberList(text, 'skip');
  for (const id of ids) change(id);
};

const skip: Command = {
  name: 'skip',
  group: 'step',
  usage: '[FUNCTION] | function NAME | file NAME | -fu NAME | -rfu REGEX | -gfu GLOB | -fi FILE | -gfi GLOB | delete/enable/disable [N...]',
  about: 'Let step pass over a function or a file.',
  completes: ['function'],
  run: ({ session, text }): Result | undefined => {
    const words = new Words(text);
    if (words.peek() === '') return add(session, { function: here(session).name });
    switch (words.peek()) {
      case 'function':
        words.next();
        return add(session, { function: words.rest.trim() || here(session).name });
      case 'file':
        words.next();
        return add(session, { file: words.rest.trim() || here(session).path });
      case 'delete':
        words.next();
        each(session, words.rest, (id) => {
          session.skips.delete(id);
        });
        return undefined;
      case 'enable':
      case 'disable': {
        const enabled = words.next() === 'enable';
        each(session, words.rest, (id) => {
          session.skips.get(id).enabled = enabled;
        });
        return undefined;
      }
    }
    let what: SkipRule = {};
    while (words.peek().startsWith('-')) {
      const option = words.next();
      const rule = optionNamed(option);
      if (!rule)
        throw new DeetError('usage', `Invalid skip option: ${option}`, 'One of: -file, -gfile, -function, -gfunction, -rfunction.');
      const name = words.next();
      if (name === '') throw new DeetError('usage', `Missing value for ${option} option.`, 'skip -rfunction ^std::');
      what = { ...what, ...rule(name) };
    }
    return add(session, Object.keys(what).length > 0 ? what : { function: words.rest.trim() });
  },
};

export const skipInfo: Command = {
  name: 'skip',
  group: 'step',
  about: 'What step passes over.',
  run: ({ session }): Result => {
    const skips = session.skips.all();
    if (skips.length === 0) return message('Not skipping any files or functions.');
    const rows = skips.map(({ id, enabled, file, fileKind, function: name, functionKind }) =>
      [
        String(id).padEnd(5),
        (enabled ? 'y' : 'n').padStart(3),
        (fileKind === 'glob' ? 'y' : 'n').padStart(4),
        (file ?? '<none>').padStart(20),
        (functionKind === undefined || functionKind === 'name' ? 'n' : functionKind === 'glob' ? 'g' : 'y').padStart(2),
        name ?? '<none>',
      ].join(' '),
    );
    return message(['Num   Enb Glob                 File RE Function', ...rows].join('\n'));
  },
};

export const skipCommands: readonly Command[] = [skip];
