/** The end of a local's watchpoint: a site at the return address of its frame tells, in each process that has the frame. */
import type { Address } from '../common/addresses.js';
import type { Frame } from '../inferior/frame.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import type { Session } from './session.js';

export class WatchScope {
  /** Whose frame it is; a fork's child has a copy. */
  readonly #threads = new Map<Process, Thread>();
  readonly #site: { readonly address: Address; readonly owner: SiteOwner } | undefined;

  /** @param ended is asked when the frame has been left; true: the program is to stop. */
  constructor(
    private readonly session: Session,
    thread: Thread,
    private readonly frame: Frame,
    ended: (thread: Thread) => boolean,
  ) {
    this.#threads.set(thread.process, thread);
    const caller = this.#caller(thread);
    if (!caller) return;
    const owner: SiteOwner = {
      kind: 'internal',
      arrived: (at) => (this.hasLeft(at) && ended(at) ? 'stop' : 'pass'),
    };
    this.#site = { address: caller.pc, owner };
    thread.process.space.sites.add(caller.pc, owner);
  }

  #caller(thread: Thread): Frame | undefined {
    const stack = this.session.stack(thread);
    let level = this.frame.level + 1;
    while (stack.frame(level)?.kind === 'inlined') level++;
    return stack.frame(level);
  }

  threadIn(process: Process): Thread | undefined {
    return this.#threads.get(process);
  }

  /** In how many processes the frame still lives. */
  get size(): number {
    return this.#threads.size;
  }

  /** The frame's own thread stands further out than the frame. */
  hasLeft(thread: Thread): boolean {
    return this.#threads.get(thread.process) === thread && thread.stackPointer >= this.frame.cfa;
  }

  /** The frame as it is now in a process; undefined: it is there no more (a longjmp or an exception went past it). */
  find(process: Process): Frame | undefined {
    const thread = this.#threads.get(process);
    // Another thread has come to it meanwhile.
    if (thread && !thread.stopped) return this.frame;
    const stack = thread && this.session.stack(thread);
    for (let level = 0; stack && level < 100_000; level++) {
      const frame = stack.frame(level);
      if (!frame) return undefined;
      if (frame.cfa === this.frame.cfa && frame.function === this.frame.function) return frame;
    }
    return undefined;
  }

  /** The memory and its sites have been copied; the frame too, if its own thread has forked. True: it has. */
  forked(parent: Thread, child: Process): boolean {
    const [thread] = child.threads.values();
    const copied = this.#threads.get(parent.process) === parent;
    if (copied) this.#threads.set(child, thread);
    else if (this.#site) child.space.sites.remove(this.#site.address, this.#site.owner);
    return copied;
  }

  /** The frame has ended in this process, or the process has. */
  leave(process: Process): void {
    if (this.#threads.delete(process) && this.#site && process.alive) process.space.sites.remove(this.#site.address, this.#site.owner);
  }

  dispose(): void {
    for (const process of [...this.#threads.keys()]) this.leave(process);
  }
}
