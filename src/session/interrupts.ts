/** Ctrl-C for a command that computes: while the program runs it means the program. */
import { hearInterrupts } from '../common/interrupt.js';
import { native } from '../native.js';
import type { Session } from './session.js';

/** @param alone is told of a Ctrl-C when the event loop turns and the program does not run */
export const onInterrupt = (session: Session, alone: () => void): void => {
  process.on('SIGINT', () => {
    if (session.state !== 'running') alone();
    else {
      native.takeInterrupt();
      session.pause();
    }
  });
  native.noteInterrupts();
  hearInterrupts(() => session.state !== 'running' && native.takeInterrupt() !== 0);
};

/** What the user asked for before a command is not about it. */
export const forgetInterrupt = (): void => {
  native.takeInterrupt();
};
