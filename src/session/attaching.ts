/** Running processes that are taken over: one, or those too that descend from it. */
import { inWords } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Engine } from '../inferior/engine.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { isGone, isZombie, readChildren, readDescendants, readStat, readStatus, readThreads } from '../linux/proc.js';
import { seizeRunning } from '../linux/seize.js';

interface Listener {
  /** It stands still; nobody has heard of it. `text` tells the user. */
  readonly taken: (process: Process, text: string) => void;
  readonly note: (text: string) => void;
}

const isAlive = (pid: number): boolean => !isGone(pid) && !isZombie(pid);

/** Those of a process's line that deet does not trace. */
const left = (pid: number): number[] => readDescendants(pid).filter((each) => isAlive(each) && readStatus(each)?.tracer !== process.pid);

/** Takes one process over. The number of a thread means its process. @throws DeetError `attach` */
export const attachTo = (number: number, engine: Engine, { taken }: Listener): Thread => {
  const { family } = engine;
  const pid = readStatus(number)?.threadGroup ?? number;
  if (family.process(pid)) throw new DeetError('attach', `Process ${pid} is being debugged already.`);
  const stat = readStat(pid);
  const tids = seizeRunning(pid, () => readThreads(pid));
  const thread = family.beginRunning(pid, tids, family.process(stat?.parent ?? 0));
  engine.stopAll();
  taken(thread.process, `Attached to process ${pid}${number === pid ? '' : `, of which ${number} is a thread`}`);
  return thread;
};

/**
 * Takes over all that descend from these. Nobody is missed: who stands makes no children any more, and who is born to one that is traced already is traced
 * from birth. One that cannot be taken is noted, and so left.
 */
export const attachDescendants = (processes: readonly Process[], engine: Engine, listener: Listener): void => {
  const refused = new Set<number>();
  const pids = processes.map(({ pid }) => pid);
  for (const pid of pids)
    for (;;) {
      const next = readChildren(pid).find((child) => !engine.family.process(child) && !refused.has(child) && isAlive(child));
      if (next === undefined) {
        pids.push(...readChildren(pid).filter((child) => engine.family.process(child) && !pids.includes(child)));
        break;
      }
      try {
        attachTo(next, engine, listener);
      } catch (error) {
        if (!(error instanceof DeetError)) throw error;
        refused.add(next);
        if (isAlive(next)) listener.note(error.message);
      }
    }
};

/** What to do about those that descend from a process, and that deet has not taken; undefined: there are none. */
export const leftBehind = ({ pid }: Process): string | undefined => {
  const count = left(pid).length;
  if (count === 0) return undefined;
  const how = inWords({
    prompt: '"attach -family" takes',
    script: `attach(${pid}, { family: true }) takes`,
    editor: '"family": true in the configuration, or "attach -family" in the debug console, takes',
  });
  return `[Process ${pid} has ${count === 1 ? 'a descendant' : `${count} descendants`} that deet does not trace: ${how} ${count === 1 ? 'it' : 'them'}, too]`;
};
