/** `xray on`: deet shows its own calls. */
import { DeetError } from '../common/errors.js';
import { xray } from '../insight/xray.js';
import type { Command } from './command.js';
import { message, type Result } from './results.js';

let end: (() => void) | undefined;

const xrayCommand: Command = {
  name: 'xray',
  group: 'understand',
  usage: 'on | off',
  about: 'Every ptrace, wait and memory call that deet makes, as it makes it.',
  completes: [['on', 'off']],
  run: ({ session, text }): Result => {
    const word = text.trim();
    if (word !== 'on' && word !== 'off') throw new DeetError('usage', 'xray is on or off.', 'xray on');
    end?.();
    end = undefined;
    if (word === 'on') {
      end = xray((line) => {
        session.announce(line, 'log');
      });
    }
    return message(word === 'on' ? 'From now on every kernel call of deet is shown.' : 'Kernel calls are no longer shown.');
  },
};

export const xrayCommands: readonly Command[] = [xrayCommand];
