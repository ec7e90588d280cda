/** `return`: out of the selected function at once. */
import type { Command } from './command.js';
import { describeFrame } from './frames.js';
import type { Result } from './results.js';

const leave: Command = {
  name: 'return',
  aliases: ['ret'],
  group: 'step',
  usage: '[VALUE]',
  about: 'Leave the selected function at once, as if it had returned (VALUE).',
  completes: ['expression'],
  run: async ({ session, text, frontEnd }): Promise<Result | undefined> => {
    const name = session.selection().frame.functionName ?? 'this function';
    if (!frontEnd.confirm(`Make ${name} return now?`)) return undefined;
    await session.returnNow(text.trim() === '' ? undefined : text);
    return { type: 'frame', frame: describeFrame(session.selection().frame, session) };
  },
};

export const leavingCommands: readonly Command[] = [leave];
