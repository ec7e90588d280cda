/** Letting the program run, and stopping it. Every one of these is answered before anything that it causes is reported. */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Debuggee } from './debuggee.js';
import { stepTargets } from '../session/step_targets.js';
import type { Handlers } from './protocol.js';

export const controlHandlers = (target: () => Debuggee): Handlers => {
  /** Functions of `stepInTargets`, by the number that `stepIn` names. */
  const callees: Address[] = [];

  const step = (threadId: number, over: boolean, granularity: string | undefined, into?: Address): undefined => {
    const debuggee = target();
    debuggee.select(debuggee.stoppedThread(threadId));
    debuggee.resume(() => debuggee.session.step({ over, instruction: granularity === 'instruction', ...(into !== undefined && { into }) }));
  };
  return {
    continue: (args) => {
      const debuggee = target();
      debuggee.select(debuggee.stoppedThread(args.threadId));
      debuggee.resume(() => debuggee.session.continue());
      return { allThreadsContinued: true };
    },
    next: (args) => step(args.threadId, true, args.granularity),
    stepIn: (args) => {
      const into = args.targetId === undefined ? undefined : callees[args.targetId];
      if (args.targetId !== undefined && into === undefined)
        throw new DeetError('no-target', 'This function is not known: ask for the targets again.');
      step(args.threadId, false, args.granularity, into);
    },
    stepInTargets: (args) => {
      const debuggee = target();
      const { thread, frame } = debuggee.frame(args.frameId);
      // Of an outer frame one call is being made already.
      const found = frame.level === 0 ? stepTargets(debuggee.session.world, thread) : [];
      return {
        targets: found.map(({ entry, name }) => {
          const known = callees.indexOf(entry);
          return { id: known >= 0 ? known : callees.push(entry) - 1, label: name };
        }),
      };
    },
    stepOut: (args) => {
      const debuggee = target();
      const thread = debuggee.stoppedThread(args.threadId);
      if (!debuggee.session.stack(thread).frame(1))
        throw new DeetError('no-frame', 'This function was called by nobody: there is nothing to step out to.');
      debuggee.select(thread);
      debuggee.resume(() => debuggee.session.finish());
    },
    pause: () => {
      target().program.pause();
      return undefined;
    },
  };
};
