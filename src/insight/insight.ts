/**
 * Everything that deet explains, for one session: what the commands `explain`, `why`, `info tree`, `info fds` and the report at the end of a
 * run are made of. All answers are plain data in the shapes of the JSON interface.
 */
import { native } from '../native.js';
import type { Session } from '../session/session.js';
import type { Thread } from '../inferior/thread.js';
import { activityOf } from './activity.js';
import { Chronicle } from './chronicle.js';
import type { Explanation } from './crash.js';
import { descriptorChanges, descriptorTables, type DescriptorChange, type DescriptorTable } from './descriptors.js';
import { explain } from './explain.js';
import type { Report } from './report.js';
import { sceneOf } from './thread_scene.js';
import { processTree, type ProcessTree } from './tree.js';
import { why, type WhyReport } from './waits.js';

/** KCMP_FILE of kcmp(2). */
const compareFiles = 0;

export class Insight {
  readonly chronicle: Chronicle;
  #lastTables: readonly DescriptorTable[] = [];

  constructor(private readonly session: Session) {
    this.chronicle = new Chronicle(session);
  }

  dispose(): void {
    this.chronicle.dispose();
  }

  /** Why a thread stopped: by default the one of the last stop. @throws DeetError `no-process`, `running`. */
  explain(thread?: Thread): Explanation {
    const stop = this.session.lastStop;
    const chosen = thread ?? this.session.selection().thread;
    const info = stop?.thread === chosen ? stop.signal?.info : undefined;
    const family = this.#living();
    return explain(sceneOf(chosen, this.session.stack(chosen), { family, ...(info ? { signal: info } : {}) }));
  }

  /** What everybody waits for, at this moment; whether the family stands or runs. */
  why(): WhyReport {
    return why(this.chronicle.family());
  }

  tree(): ProcessTree {
    const current = this.session.selectedThread()?.process.pid;
    return processTree(this.chronicle.family(), current);
  }

  /** The descriptors of one process or of all that live. */
  descriptors(pid?: number): DescriptorTable[] {
    const tables = this.#tables();
    return pid === undefined ? tables : tables.filter((table) => table.pid === pid);
  }

  /** What became different since `remember` was last called: `info fds -changes`. */
  descriptorChanges(): DescriptorChange[] {
    return descriptorChanges(this.#lastTables, this.#tables());
  }

  /** Notes the descriptors of this moment, for `descriptorChanges`. */
  remember(): void {
    this.#lastTables = this.#tables();
  }

  report(): Report {
    return this.chronicle.report();
  }

  /** Equal at two moments: nobody has moved between them (`set hang-after`). Undefined: somebody is running. */
  activity(): string | undefined {
    return activityOf(this.#living());
  }

  #living(): number[] {
    return this.session.processes().map(({ pid }) => pid);
  }

  #tables(): DescriptorTable[] {
    return descriptorTables(this.#living(), {
      compare: (pid, fd, other, otherFd) => native.compare(pid, other, compareFiles, fd, otherFd),
    });
  }
}
