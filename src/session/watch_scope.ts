/**
 * The end of a local's watchpoint: a site at the return address of its frame tells, in each process that has the frame. Stack pointers alone do not: a handler on an alternate
 * stack (sigaltstack(2)) and other coroutines (makecontext(3)) may stand anywhere in memory while the frame waits.
 */
import type { Address } from '../common/addresses.js';
import { wordAt } from '../common/memory.js';
import type { Frame } from '../inferior/frame.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import type { Session } from './session.js';

/** Frames of an endless recursion beyond these are not looked at. */
const mostFrames = 100_000;

export class WatchScope {
  /** Whose frame it is; a fork's child has a copy. */
  readonly #threads = new Map<Process, Thread>();
  readonly #site: { readonly address: Address; readonly owner: SiteOwner } | undefined;
  /** The CFAs of the frames further out: who is back in one of them has left the frame. */
  readonly #outer = new Set<Address>();

  /** @param ended is asked when the frame has been left; true: the program is to stop. */
  constructor(
    private readonly session: Session,
    thread: Thread,
    private readonly frame: Frame,
    ended: (thread: Thread) => boolean,
  ) {
    this.#threads.set(thread.process, thread);
    const stack = session.stack(thread);
    let caller: Frame | undefined;
    for (let level = frame.level + 1; level < mostFrames; level++) {
      const outer = stack.frame(level);
      if (!outer) break;
      if (outer.cfa === frame.cfa) continue;
      caller ??= outer;
      this.#outer.add(outer.cfa);
    }
    if (!caller) return;
    const owner: SiteOwner = {
      kind: 'internal',
      arrived: (at) => (this.hasLeft(at) && ended(at) ? 'stop' : 'pass'),
    };
    this.#site = { address: caller.pc, owner };
    thread.process.space.sites.add(caller.pc, owner);
  }

  threadIn(process: Process): Thread | undefined {
    return this.#threads.get(process);
  }

  /** In how many processes the frame still lives. */
  get size(): number {
    return this.#threads.size;
  }

  /** The frame's own thread has returned from the frame, or is further out by another way. */
  hasLeft(thread: Thread): boolean {
    const { cfa } = this.frame;
    if (this.#threads.get(thread.process) !== thread || thread.stackPointer < cfa) return false;
    const returned = thread.stackPointer === cfa && thread.pc === this.#site?.address;
    return returned || this.find(thread.process) === undefined;
  }

  /** The frame as it is now in a process; undefined: it is there no more (a longjmp or an exception went past it). */
  find(process: Process): Frame | undefined {
    const thread = this.#threads.get(process);
    // Another thread has come to it meanwhile.
    if (thread && !thread.stopped) return this.frame;
    const stack = thread && this.session.stack(thread);
    for (let level = 0; stack && level < mostFrames; level++) {
      const frame = stack.frame(level);
      // The thread is on another stack: the frame is there for as long as its return address is.
      if (!frame) return this.#keepsReturnAddress(process) ? this.frame : undefined;
      if (frame.cfa === this.frame.cfa && frame.function === this.frame.function) return frame;
      if (this.#outer.has(frame.cfa)) return undefined;
    }
    return undefined;
  }

  #keepsReturnAddress({ space }: Process): boolean {
    return this.#site === undefined || wordAt(space, this.frame.cfa - 8n) === this.#site.address;
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
