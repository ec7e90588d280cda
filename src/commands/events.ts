/** What happens while the program runs, as results. Stops are reported by the command that let it run. */
import type { Ending } from '../inferior/process.js';
import { signalName } from '../linux/signals.js';
import type { SessionEvent } from '../session/types.js';
import { message, type ExitResult, type Result } from './results.js';

const describeExit = (pid: number, ending: Ending, child: boolean): ExitResult => ({
  type: 'exit',
  pid,
  ...(ending.kind === 'exited' ? { status: ending.status } : { signal: signalName(ending.signal), coreDumped: ending.coreDumped }),
  ...(child && { child: true }),
});

export const describeEvent = (event: SessionEvent): Result[] => {
  switch (event.type) {
    case 'exited':
      return [describeExit(event.process.pid, event.ending, event.process.parent !== undefined)];
    case 'forked':
      return [message(`[Process ${event.parent.pid} made process ${event.child.pid}]`, 'note')];
    case 'executed':
      return [message(`[Process ${event.process.pid} is executing new program: ${event.process.program}]`, 'note')];
    case 'signal':
      return [message(`Child received signal ${event.name}, ${event.description}.`, 'note')];
    case 'message':
      return [message(event.text, event.level)];
    case 'started':
    case 'exec-failed':
    case 'odd-dup':
    case 'bad-descriptor':
    case 'interrupted':
    case 'called-again':
    case 'child-signal':
    case 'exit-called':
    case 'exiting':
    case 'thread':
    case 'resumed':
    case 'stopped':
    case 'breakpoint':
    case 'images':
      return [];
  }
};
