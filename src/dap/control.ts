/** Letting the program run, and stopping it. Every one of these is answered before anything that it causes is reported. */
import { DeetError } from '../common/errors.js';
import type { Debuggee } from './debuggee.js';
import type { Handlers } from './protocol.js';

export const controlHandlers = (anyTarget: () => Debuggee): Handlers => {
  /** @throws DeetError `post-mortem` */
  const target = (): Debuggee => {
    const debuggee = anyTarget();
    debuggee.session.requireLive();
    return debuggee;
  };
  const step = (threadId: number, over: boolean, granularity: string | undefined): undefined => {
    const debuggee = target();
    debuggee.select(debuggee.stoppedThread(threadId));
    debuggee.resume(() => debuggee.session.step({ over, instruction: granularity === 'instruction' }));
  };
  return {
    continue: (args) => {
      const debuggee = target();
      debuggee.select(debuggee.stoppedThread(args.threadId));
      debuggee.resume(() => debuggee.session.continue());
      return { allThreadsContinued: true };
    },
    next: (args) => step(args.threadId, true, args.granularity),
    stepIn: (args) => step(args.threadId, false, args.granularity),
    stepOut: (args) => {
      const debuggee = target();
      const thread = debuggee.stoppedThread(args.threadId);
      if (!debuggee.session.stack(thread).frame(1))
        throw new DeetError('no-frame', 'This function was called by nobody: there is nothing to step out to.');
      debuggee.select(thread);
      debuggee.resume(() => debuggee.session.finish());
    },
    pause: () => {
      const { session } = target();
      if (session.state === 'none') throw new DeetError('no-process', 'The program is not being run.');
      session.pause();
      return undefined;
    },
  };
};
