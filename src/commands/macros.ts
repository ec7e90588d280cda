/** The program's macros (gcc -g3): what they say and what becomes of them. */
import { DeetError } from '../common/errors.js';
import { within } from '../language/errors.js';
import { expandedText } from '../language/macros.js';
import type { Command } from './command.js';
import { selectedFrame } from './frames.js';
import { message } from './results.js';
import { needed } from './stepping.js';

const expand: Command = {
  name: 'expand',
  aliases: ['exp'],
  group: 'look',
  usage: 'EXPRESSION',
  about: 'An expression with its macros expanded.',
  completes: ['expression'],
  run: ({ session, text }) => {
    const { names } = session.context(selectedFrame(session));
    const expression = needed(text.trim(), 'Which expression?', 'macro expand MAX(1, 2)');
    return message(`expands to: ${within(expression, () => expandedText(expression, (name) => names.macro?.(name)))}`);
  },
};

const macro: Command = {
  name: 'macro',
  group: 'look',
  about: "The program's macros (compiled with -g3).",
  subcommands: [expand],
};

export const infoMacro: Command = {
  name: 'macro',
  group: 'look',
  usage: 'NAME',
  about: 'The definition of a macro, as it stands at the selected frame.',
  completes: ['none'],
  run: ({ session, text }) => {
    const name = needed(text.trim(), 'Which macro?', 'info macro MAX');
    const found = session.context(selectedFrame(session)).names.macro?.(name);
    if (!found)
      throw new DeetError('no-symbol', `The symbol \`${name}' has no definition as a C/C++ preprocessor macro here.`, 'Compile with -g3.');
    const parameters = found.parameters ? `(${found.parameters.join(', ')})` : '';
    const { defined = [], body } = found;
    const places = defined.map(({ path, line }, index) => `${index === 0 ? 'Defined at' : '  included at'} ${path}:${line}`);
    const definition = defined[0]?.line === 0 ? `-D${name}${parameters}=${body}` : `#define ${name}${parameters} ${body}`;
    return message([...places, definition].join('\n'));
  },
};

export const macroCommands: readonly Command[] = [macro];
