/** `signal` and `queue-signal`: what the program gets when it goes on. */
import { DeetError } from '../common/errors.js';
import { signalNamed } from '../linux/signals.js';
import type { Command } from './command.js';
import { message } from './results.js';

/** 0: none. @throws DeetError `no-signal` */
const numberOf = (text: string): number => {
  const word = text.trim();
  const number = word === '0' ? 0 : signalNamed(word)?.number;
  if (number === undefined)
    throw new DeetError('no-signal', word === '' ? 'Which signal?' : `There is no signal "${word}".`, 'Type "info signals".');
  return number;
};

const signal: Command = {
  name: 'signal',
  aliases: ['sig'],
  group: 'step',
  usage: 'SIGNAL|0',
  about: 'Continue, delivering this signal to the program (0: none, not even the one that stopped it).',
  completes: ['signal'],
  run: async ({ session, text, conclude }) => {
    const number = numberOf(text);
    session.chosenThread();
    conclude(await session.signalAndContinue(number));
  },
};

const queueSignal: Command = {
  name: 'queue-signal',
  group: 'step',
  usage: 'SIGNAL|0',
  about: 'The selected thread gets this signal when it goes on (0: none, not even the one that stopped it).',
  completes: ['signal'],
  run: ({ session, text }) => {
    const number = numberOf(text);
    session.selection();
    if (number !== 0 && !session.signals.treatment(number).pass)
      throw new DeetError(
        'no-signal',
        'Signal handling set to not pass this signal to the program.',
        `Change that: handle ${text.trim()} pass`,
      );
    session.queueSignal(number);
    return message(number === 0 ? 'The program will go on with no signal.' : `The thread gets ${text.trim()} when it goes on.`);
  },
};

export const signalCommands: readonly Command[] = [signal, queueSignal];
