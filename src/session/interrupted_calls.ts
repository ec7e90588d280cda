/**
 * read and accept that SIGCHLD has interrupted (EINTR): neither the end of the file nor an error. Who knows that calls again, so from then on the function's
 * beginning is looked at, until somebody comes by for the same descriptor.
 */
import type { Address } from '../common/addresses.js';
import type { AddressSpace } from '../inferior/address_space.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import { Signal } from '../linux/constants.js';
import { readDescriptor, type Descriptor } from '../linux/proc_files.js';
import { Word } from '../linux/registers.js';
import { functionNamed } from './family_sites.js';

export type InterruptibleCall = 'read' | 'accept';

export interface InterruptedCall {
  readonly call: InterruptibleCall;
  readonly fd: number;
  /** What it was open on, while that is known. */
  readonly open?: Descriptor;
}

interface Waiting {
  readonly thread: Thread;
  readonly fd: number;
  readonly sites: readonly Address[];
  /** Calls for other descriptors since. */
  others: number;
}

/** Who reads so much else is not to pay for it, and has not taken the interruption for an end. */
const mostOthers = 16;

const descriptorOf = (thread: Thread): number => Number(BigInt.asIntN(32, thread.registers()[Word.rdi]));

export class InterruptedCalls {
  /** The signal that was last delivered to a thread: its handler has run when the call returns. */
  readonly #delivered = new WeakMap<Thread, number>();
  readonly #waiting = new WeakMap<AddressSpace, Waiting>();
  readonly #owner: SiteOwner;

  /**
   * @param begun told of the thread whose call was interrupted, at its failure
   * @param again told of the same thread when its process has called again, or is not looked at any more
   */
  constructor(
    readonly call: InterruptibleCall,
    private readonly begun: (thread: Thread, interrupted: InterruptedCall) => void,
    private readonly again: (thread: Thread) => void,
  ) {
    this.#owner = {
      kind: 'internal',
      arrived: (thread) => {
        this.#arrived(thread);
        return 'pass';
      },
    };
  }

  /** A signal is about to be delivered. */
  delivered(thread: Thread, signal: number): void {
    this.#delivered.set(thread, signal);
  }

  /** The call has failed with EINTR. The end of other signals' waits may be what they were sent for. */
  interrupted(thread: Thread): void {
    const { space, images, pid } = thread.process;
    if (this.#delivered.get(thread) !== Signal.SIGCHLD || this.#waiting.has(space)) return;
    const sites = images.all().flatMap(({ image, bias }) => {
      const start = functionNamed(this.call)(image);
      return start === undefined ? [] : [BigInt(start) + bias];
    });
    for (const site of sites) space.sites.add(site, this.#owner);
    const fd = descriptorOf(thread);
    this.#waiting.set(space, { thread, fd, sites, others: 0 });
    const open = readDescriptor(pid, fd);
    this.begun(thread, { call: this.call, fd, ...(open && { open }) });
  }

  #arrived(thread: Thread): void {
    const { space } = thread.process;
    const waiting = this.#waiting.get(space);
    if (waiting && descriptorOf(thread) !== waiting.fd && ++waiting.others < mostOthers) return;
    // A child that was forked meanwhile has the site with its parent's memory, and waits for nothing.
    space.sites.remove(thread.pc, this.#owner);
    if (!waiting) return;
    for (const site of waiting.sites) space.sites.remove(site, this.#owner);
    this.#waiting.delete(space);
    this.again(waiting.thread);
  }
}
