/** The descriptors of the family as they were when it was last let run: what `info fds -changes` compares with. */
import { readRecords, type DescriptorRecord } from '../linux/proc_files.js';
import type { SessionEvent } from '../session/types.js';
import { descriptorChanges, plainTable, type DescriptorChanges, type DescriptorTable } from './descriptors.js';

/** For more processes than this the look at every stop would be felt. */
const mostProcesses = 32;

interface Source {
  subscribe(listener: (event: SessionEvent) => void): () => void;
  processes(): readonly { readonly pid: number }[];
}

/** By process; only whoever asks for changes needs to understand them. */
type Records = ReadonlyMap<number, readonly DescriptorRecord[]>;

export class DescriptorHistory {
  #before: Records | undefined;
  readonly #unsubscribe: () => void;

  constructor(private readonly session: Source) {
    this.#unsubscribe = session.subscribe(({ type }) => {
      if (type === 'resumed') this.#before = this.#look();
    });
  }

  dispose(): void {
    this.#unsubscribe();
  }

  #look(): Records | undefined {
    const processes = this.session.processes();
    return processes.length > mostProcesses ? undefined : new Map(processes.map(({ pid }) => [pid, readRecords(pid)]));
  }

  /** Undefined: there is nothing to compare with, or too much. Processes that have ended are left out. */
  changes(): DescriptorChanges | undefined {
    const [before, now] = [this.#before, this.#look()];
    if (!before || !now) return undefined;
    const tables = (records: Records): DescriptorTable[] =>
      [...records].filter(([pid]) => now.has(pid)).map(([pid, each]) => plainTable(pid, each));
    return { type: 'descriptorChanges', changes: descriptorChanges(tables(before), tables(now)) };
  }
}
