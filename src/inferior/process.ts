/** A process being debugged: its threads, its memory and files, and how it came to be. */
import type { Address } from '../common/addresses.js';
import type { OpenOptions } from '../symbols/open.js';
import { AddressSpace } from './address_space.js';
import { ImageTable } from './images.js';
import type { Moment } from './moment.js';
import type { ProcessSource, SignalMask } from './source.js';
import type { Thread } from './thread.js';

export type Ending =
  { readonly kind: 'exited'; readonly status: number } | { readonly kind: 'killed'; readonly signal: number; readonly coreDumped: boolean };

/** How a process came into the family. */
export type Origin = 'launch' | 'attach' | 'fork' | 'vfork' | 'clone' | 'core';

export class Process {
  readonly threads = new Map<number, Thread>();
  space: AddressSpace;
  images: ImageTable;
  /** The program's path as the kernel knows it. */
  program: string;
  ending: Ending | undefined;
  /** Followed silently: no breakpoints, no stops (set follow-fork-mode parent or child); still killed and reaped with the family. */
  muted = false;
  /** Runs on without deet: what becomes of it nobody tells us. */
  released = false;
  /** `hold`: stays stopped while others run. */
  held = false;
  /** It has a child, or had one. */
  hasChildren = false;
  /** Its handler of SIGTRAP, where a site of the family has seen it set (session/recording.ts). */
  trapHandler: Address | undefined;
  /** One of its threads was seen to block SIGTRAP. */
  blocksTraps = false;
  /** Number of execs seen. */
  execs = 0;
  #loaderBase: bigint | undefined;

  constructor(
    readonly source: ProcessSource,
    readonly pid: number,
    /** 1, 2, ... within the session, as gdb numbers inferiors. */
    readonly id: number,
    readonly origin: Origin,
    readonly parent: Process | undefined,
    private readonly imageOptions: OpenOptions,
    readonly bornAt: Moment | undefined,
    sharesMemory: boolean,
  ) {
    if (parent && (origin !== 'attach' || sharesMemory)) {
      this.space = sharesMemory ? parent.space.share() : new AddressSpace(pid, source.openMemory(true));
      if (!sharesMemory) parent.space.copyTo(this.space);
      this.images = parent.images.copyFor(source);
      this.program = parent.program;
      this.trapHandler = parent.trapHandler;
      this.blocksTraps = parent.blocksTraps;
    } else {
      this.space = new AddressSpace(pid, source.openMemory());
      this.images = new ImageTable(source, imageOptions);
      this.program = source.program;
    }
  }

  get alive(): boolean {
    return this.ending === undefined;
  }

  /** Was running before deet came, or descends from such a process: it is let go in the end, not killed. */
  get wasAttached(): boolean {
    return this.origin === 'attach' || (this.parent?.wasAttached ?? false);
  }

  /** Load bias of the dynamic linker (AT_BASE); undefined in a static program. */
  get loaderBase(): bigint | undefined {
    this.#loaderBase ??= this.auxiliaryVector().get(7) ?? 0n;
    return this.#loaderBase === 0n ? undefined : this.#loaderBase;
  }

  /** The first thread; its tid is the pid. */
  get leader(): Thread | undefined {
    return this.threads.get(this.pid);
  }

  /** execve: new memory, no sites, new files. */
  replaceImage(): void {
    this.space.release();
    this.space = new AddressSpace(this.pid, this.source.openMemory());
    this.images = new ImageTable(this.source, this.imageOptions);
    this.program = this.source.program;
    this.execs++;
    this.trapHandler = undefined;
    this.#loaderBase = undefined;
  }

  /** It has ended, or is let go: what was opened to look at it is closed. */
  release(): void {
    this.space.release();
    this.source.close();
  }

  /** The auxiliary vector (getauxval(3)): type -> value. Empty when the process is gone. */
  auxiliaryVector(): Map<number, bigint> {
    return this.source.auxiliaryVector();
  }

  /** Signals that the program handles itself: SigCgt of /proc/PID/status. */
  catches(signal: number): boolean {
    return this.#maskHas('SigCgt', signal);
  }

  ignores(signal: number): boolean {
    return this.#maskHas('SigIgn', signal);
  }

  /** Sent, but not delivered yet, to the process as a whole. */
  hasPending(signal: number): boolean {
    return this.#maskHas('ShdPnd', signal);
  }

  #maskHas(field: SignalMask, signal: number): boolean {
    return ((this.source.signalMask(field) >> BigInt(signal - 1)) & 1n) === 1n;
  }
}
