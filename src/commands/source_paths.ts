/** Where source files are that are not where the compiler saw them: `directory`, `set substitute-path`. */
import { resolve } from 'node:path';
import { DeetError } from '../common/errors.js';
import { Words } from './arguments.js';
import type { Command, CommandContext } from './command.js';
import { message, type Result } from './results.js';
import type { Sources } from './sources.js';

/** Paths with spaces are quoted. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) => double ?? single ?? plain);

const searched = (sources: Sources): Result =>
  message(`Source directories searched: ${[...sources.directories, '$cdir', '$cwd'].join(':')}`);

export const directory: Command = {
  name: 'directory',
  aliases: ['dir'],
  group: 'look',
  usage: '[FOLDER...]',
  about: 'Look for source files in these folders too; without one, forget them all.',
  completes: ['file'],
  run: ({ text, sources }) => {
    const words = pathsIn(new Words(text).rest).flatMap((each) => each.split(':').filter((part) => part !== ''));
    sources.directories = words.length === 0 ? [] : [...words.map((each) => resolve(each)), ...sources.directories];
    sources.forget();
    return searched(sources);
  },
};

const name = { name: 'substitute-path', group: 'shell' } as const;

const replaceRules = ({ sources }: CommandContext, rules: Sources['substitutions']): void => {
  sources.substitutions = rules;
  sources.forget();
};

/** `/` at the end says nothing more; alone it is a folder. */
const folder = (path: string): string => path.replace(/(?<=.)\/+$/, '');

export const setSubstitution: Command = {
  ...name,
  usage: 'FROM TO',
  about: 'Sources that were compiled below FROM are looked for below TO.',
  completes: ['file'],
  run: (context) => {
    const [from, to, ...rest] = pathsIn(context.text).map(folder);
    if (!from || !to || rest.length > 0) throw new DeetError('usage', 'Two folders are needed.', 'set substitute-path FROM TO');
    replaceRules(context, [...context.sources.substitutions.filter((rule) => rule.from !== from), { from, to }]);
  },
};

export const unsetSubstitution: Command = {
  ...name,
  usage: '[FROM]',
  about: 'Forget the rule for sources below FROM; without it, all such rules.',
  completes: ['file'],
  run: (context) => {
    const [from] = pathsIn(context.text).map(folder);
    const { substitutions } = context.sources;
    if (from !== undefined && !substitutions.some((rule) => rule.from === from))
      throw new DeetError('usage', `There is no rule for ${from}.`, 'Type "show substitute-path" for the list.');
    if (from !== undefined || substitutions.length === 0 || context.frontEnd.confirm('Delete all source path substitution rules?'))
      replaceRules(context, from === undefined ? [] : substitutions.filter((rule) => rule.from !== from));
  },
};

export const showSubstitutions: Command = {
  ...name,
  about: 'Where sources that were compiled elsewhere are looked for.',
  run: ({ sources }) =>
    message(
      ['List of all source path substitution rules:', ...sources.substitutions.map(({ from, to }) => `  ${from} -> ${to}`)].join('\n'),
    ),
};

export const showDirectories: Command = {
  name: 'directories',
  group: 'shell',
  about: 'The folders that source files are looked for in.',
  run: ({ sources }) => searched(sources),
};
