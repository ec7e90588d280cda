/** `skip`: functions and files that `step` passes over. */
import type { Session } from '../session/session.js';
import { numberList, Words } from './arguments.js';
import type { Command } from './command.js';
import { message, type Result } from './results.js';

/** The function, or file, that the program stands in: what `skip` without a name means. */
const here = (session: Session): { name: string; path: string } => {
  const { frame } = session.selection();
  return { name: frame.functionName ?? '??', path: frame.position?.file.path ?? '' };
};

const add = (session: Session, what: { function?: string; file?: string }): Result => {
  session.skips.add(what);
  const name = what.function === undefined ? `File ${what.file ?? ''}` : `Function ${what.function}`;
  return message(`${name} will be skipped when stepping.`);
};

const each = (session: Session, text: string, change: (id: number) => void): void => {
  const ids = text.trim() === '' ? session.skips.all().map(({ id }) => id) : numberList(text, 'skip');
  for (const id of ids) change(id);
};

const skip: Command = {
  name: 'skip',
  group: 'step',
  usage: '[FUNCTION] | function NAME | file NAME | -gfu PATTERN | -gfi PATTERN | delete/enable/disable [N...]',
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
    const what: { function?: string; file?: string } = {};
    while (/^-(fu|fi|gfu|gfi|function|file|gfunction|gfile)$/.test(words.peek())) {
      if (/^-g?fu/.test(words.next())) what.function = words.next();
      else what.file = words.next();
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
    const rows = skips.map(
      ({ id, enabled, file, function: name }) =>
        `${String(id).padEnd(5)} ${enabled ? 'y' : 'n'}    ${(file ?? '<none>').padEnd(24)} ${name ?? '<none>'}`,
    );
    return message(['Num   Enb  File                     Function', ...rows].join('\n'));
  },
};

export const skipCommands: readonly Command[] = [skip];
