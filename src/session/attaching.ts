/** Running processes that are taken over: one, or those too that descend from it. */
import { inWords } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Engine } from '../inferior/engine.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import {
  isGone,
  isZombie,
  procNumbers,
  readAncestors,
  readChildren,
  readDescendants,
  readStat,
  readStatus,
  readThreads,
} from '../linux/proc.js';
import { seizeRunning } from '../linux/seize.js';

interface Listener {
  /** It stands still; nobody has heard of it. `text` tells the user. */
  readonly taken: (process: Process, text: string) => void;
  readonly note: (text: string) => void;
}

const isAlive = (pid: number): boolean => !isGone(pid) && !isZombie(pid);

/**
 * Those that were orphaned and may once have descended from a process: they are of its process group, and nobody in their session is their parent. Of a process that
 * has its own parent in the group they may as well be brothers: none.
 */
const orphansOf = (pid: number): number[] => {
  const own = readStat(pid);
  if (!own || readStat(own.parent)?.group === own.group) return [];
  const besides = new Set([pid, process.pid, ...readAncestors(process.pid)]);
  return procNumbers('').filter((each) => {
    const stat = besides.has(each) ? undefined : readStat(each);
    return stat?.group === own.group && stat.session === own.session && readStat(stat.parent)?.session !== own.session;
  });
};

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
 * Takes over all that descend from these, and orphans that may have. Nobody is missed: who stands makes no children any more, and who is born to one that is traced already is traced
 * from birth. One that cannot be taken is noted, and so left.
 */
export const attachDescendants = (processes: readonly Process[], engine: Engine, listener: Listener): void => {
  const refused = new Set<number>();
  const pids = processes.map(({ pid }) => pid);
  const take = (pid: number): void => {
    try {
      attachTo(pid, engine, listener);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      refused.add(pid);
      if (isAlive(pid)) listener.note(error.message);
    }
  };
  const takeAll = (found: () => readonly number[]): void => {
    for (;;) {
      const next = found().find((pid) => !engine.family.process(pid) && !refused.has(pid) && isAlive(pid));
      if (next === undefined) break;
      take(next);
    }
    pids.push(...found().filter((pid) => engine.family.process(pid) && !pids.includes(pid)));
  };
  for (const pid of pids) {
    takeAll(() => readChildren(pid));
    takeAll(() => orphansOf(pid));
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
