/** The descriptors of the family as they were when it was last let run: what `info fds -changes` compares with. */
import type { SessionEvent } from '../session/types.js';
import { descriptorChanges, plainTables, type DescriptorChanges, type DescriptorTable } from './descriptors.js';

/** For more processes than this the look at every stop would be felt. */
const mostProcesses = 32;

interface Source {
  subscribe(listener: (event: SessionEvent) => void): () => void;
  processes(): readonly { readonly pid: number }[];
}

export class DescriptorHistory {
  #before: readonly DescriptorTable[] | undefined;
  readonly #unsubscribe: () => void;

  constructor(private readonly session: Source) {
    this.#unsubscribe = session.subscribe(({ type }) => {
      if (type === 'resumed') this.#before = this.#look();
    });
  }

  dispose(): void {
    this.#unsubscribe();
  }

  #look(): DescriptorTable[] | undefined {
    const pids = this.session.processes().map(({ pid }) => pid);
    return pids.length > mostProcesses ? undefined : plainTables(pids);
  }

  /** Undefined: there is nothing to compare with, or too much. Processes that have ended are left out. */
  changes(): DescriptorChanges | undefined {
    const now = this.#look();
    if (!this.#before || !now) return undefined;
    const alive = new Set(now.map(({ pid }) => pid));
    const before = this.#before.filter(({ pid }) => alive.has(pid));
    return { type: 'descriptorChanges', changes: descriptorChanges(before, now) };
  }
}
