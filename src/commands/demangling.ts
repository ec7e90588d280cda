/** `demangle`: what a linker's name means. */
import { DeetError } from '../common/errors.js';
import { demangle } from '../symbols/demangle.js';
import { Words } from './arguments.js';
import type { Command } from './command.js';
import { message } from './results.js';

const demangleCommand: Command = {
  name: 'demangle',
  group: 'look',
  usage: 'NAME',
  about: 'What the name of a C++ symbol means (demangle _Z3addii).',
  completes: ['none'],
  run: ({ text }) => {
    const words = new Words(text);
    words.take('--', 2);
    const name = words.next();
    if (name === '') throw new DeetError('usage', 'Which name?', 'demangle _Z3addii');
    const meant = demangle(name);
    if (meant === undefined) throw new DeetError('no-symbol', `Can't demangle "${name}".`);
    return message(meant);
  },
};

export const demanglingCommands: readonly Command[] = [demangleCommand];
