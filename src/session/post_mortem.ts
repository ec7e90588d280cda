/** A dead process and its threads, made from a core file: everything that can be looked at, and nothing that runs. */
import { CoreSource, postMortem } from '../inferior/core_source.js';
import type { CoreFilesOptions } from '../inferior/core_files.js';
import { Process } from '../inferior/process.js';
import { Thread } from '../inferior/thread.js';
import { signalByNumber, signalName } from '../linux/signals.js';
import type { Target } from './target.js';
import type { Stop } from './types.js';

export class PostMortem implements Target {
  readonly state = 'stopped';
  readonly process: Process;
  readonly lastStop: Stop | undefined;
  readonly #source: CoreSource;

  /** @throws DeetError when the file is no core file that can be read */
  constructor(
    readonly path: string,
    options: CoreFilesOptions,
  ) {
    const source = new CoreSource(path, options);
    const { core } = source;
    const pid = core.process?.pid ?? core.current?.tid ?? 0;
    this.#source = source;
    this.process = new Process(source, pid, 1, 'core', undefined, options, undefined, false);
    for (const { tid } of core.threads) {
      if (this.process.threads.has(tid)) continue; // damage
      const thread = new Thread(tid, this.process.threads.size + 1, this.process);
      thread.actual = 'stopped';
      this.process.threads.set(tid, thread);
    }
    this.process.images.refresh();
    const first = this.threads()[0] as Thread | undefined;
    this.lastStop = first && stopOf(first, core.current?.signal ?? 0);
  }

  /** What the user should know of the file: truncated, damaged, built from another program. */
  get warnings(): string[] {
    return this.#source.warnings;
  }

  /** The program's file here and now; undefined: not found. */
  get program(): string | undefined {
    return this.#source.program || undefined;
  }

  /** The program and its arguments, as far as the kernel keeps them (79 bytes). */
  get commandLine(): string | undefined {
    return this.#source.core.process?.commandLine || this.#source.core.process?.name || undefined;
  }

  processes(): Process[] {
    return [this.process];
  }

  threads(): Thread[] {
    return [...this.process.threads.values()];
  }

  requireLive(): never {
    throw postMortem();
  }

  close(): void {
    this.process.release();
  }
}

const stopOf = (thread: Thread, number: number): Stop => {
  const common = { process: thread.process, thread, breakpoints: [], newFrame: true, notes: [] };
  if (number === 0) return { ...common, reason: 'pause' };
  const description = signalByNumber(number)?.description ?? `Signal ${number}`;
  return { ...common, reason: 'signal', signal: { number, name: signalName(number), description, info: thread.signalInfo() } };
};
