/**
 * The one place that waits for tracees. ptrace and wait belong to the thread that launched; Node's own children (child_process) are waited for by
 * libuv, so a wait may never take just any child: `peekWaitable` looks without consuming, and only what is a tracee of deet
 * is then waited for by its own number.
 *
 * Waiting does not block the event loop: `next` looks for a moment, and when nothing is there `parked` sleeps until SIGCHLD, which the kernel
 * sends for every stop and death of a tracee. While somebody looks, the signals for stops are off: they would cost as much as
 * the stops. They are on again before the last look, and one that arrives between this and the sleep is not lost: libuv keeps it in
 * its pipe, and it wakes the promise made afterwards.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { native } from '../native.js';
import { WaitFlag } from './constants.js';
import { decodeStatus, type WaitEvent } from './status.js';

/** Who wants the events of a set of threads: one per session. */
export interface WaitClient {
  owns(tid: number): boolean;
}

const buffer = new Int32Array(2);

/** True for a thread that this process traces. */
const isOurTracee = (tid: number): boolean => {
  try {
    const status = readFileSync(`/proc/${tid}/status`, 'latin1');
    const tracer = Number(/^TracerPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    return tracer !== 0 && existsSync(`/proc/self/task/${tracer}`);
  } catch {
    return false;
  }
};

const takeEvent = (tid: number): WaitEvent | undefined => {
  const result = native.wait(tid, WaitFlag.noHang, buffer);
  return result > 0 ? decodeStatus(buffer[0], buffer[1]) : undefined;
};

class WaitHub {
  readonly #clients = new Set<WaitClient>();
  /** Events of threads that no session knows yet: a child may stop before its parent's fork event is read. */
  readonly #early = new Map<number, WaitEvent>();
  readonly #queues = new Map<WaitClient, WaitEvent[]>();
  readonly #wakers = new Set<() => void>();
  readonly #onChild = (): void => this.wake();
  #fallback: NodeJS.Timeout | undefined;
  #stopsAreSignalled = true;

  /** Starts to watch for a session. */
  add(client: WaitClient): void {
    if (this.#clients.size === 0) {
      if (isMainThread) process.on('SIGCHLD', this.#onChild);
      else this.#fallback = setInterval(this.#onChild, 2);
      this.#fallback?.unref();
    }
    this.#clients.add(client);
    this.#queues.set(client, []);
  }

  remove(client: WaitClient): void {
    this.#clients.delete(client);
    this.#queues.delete(client);
    if (this.#clients.size === 0) {
      process.off('SIGCHLD', this.#onChild);
      clearInterval(this.#fallback);
      this.#early.clear();
    }
  }

  /** An event of a thread that was unknown until now. */
  claim(tid: number): WaitEvent | undefined {
    const event = this.#early.get(tid);
    this.#early.delete(tid);
    return event;
  }

  /**
   * The next event for a client, or undefined when there is none for `patience` microseconds.
   * @param only the client's only thread: it is waited for by its number, which is one call instead of two
   * @param tids asked for only when the cheap look is blocked by a child that is not ours (a zombie of Node's own that libuv has not reaped yet)
   */
  next(client: WaitClient, patience: number, only: number | undefined, tids: () => Iterable<number>): WaitEvent | undefined {
    const queued = this.#queues.get(client)?.shift();
    if (queued) return queued;
    this.#signalStops(false);
    const event = only === undefined ? this.#look(client, patience, tids) : this.#waitFor(only, patience);
    if (event) return event;
    this.#signalStops(true);
    return this.#look(client, 0, tids);
  }

  /** A client that has called `next` does something else now, although there may be more. */
  paused(): void {
    this.#signalStops(true);
  }

  #signalStops(wanted: boolean): void {
    if (wanted === this.#stopsAreSignalled) return;
    this.#stopsAreSignalled = wanted;
    native.signalStops(wanted ? 1 : 0);
    // Nobody told the others of what happened to their threads meanwhile.
    if (wanted && this.#clients.size > 1) this.wake();
  }

  #look(client: WaitClient, patience: number, tids: () => Iterable<number>): WaitEvent | undefined {
    for (;;) {
      const tid = native.peekSpin(patience);
      if (tid <= 0) return undefined;
      if (client.owns(tid)) return takeEvent(tid) ?? this.#scan(tids());
      const other = [...this.#clients].find((each) => each !== client && each.owns(tid));
      if (!other && !isOurTracee(tid)) return this.#scan(tids());
      const event = takeEvent(tid);
      if (!event) return this.#scan(tids());
      if (other) {
        this.#queues.get(other)?.push(event);
        this.wake();
      } else {
        this.#early.set(tid, event);
      }
    }
  }

  #waitFor(tid: number, patience: number): WaitEvent | undefined {
    const result = native.waitSpin(tid, patience, buffer);
    return result > 0 ? decodeStatus(buffer[0], buffer[1]) : undefined;
  }

  /** Resolves at the next SIGCHLD or `wake`; keeps Node alive meanwhile. */
  parked(): Promise<void> {
    return new Promise((resolve) => {
      const keepAlive = setInterval(() => undefined, 1 << 30);
      const waker = (): void => {
        clearInterval(keepAlive);
        this.#wakers.delete(waker);
        resolve();
      };
      this.#wakers.add(waker);
    });
  }

  wake(): void {
    for (const waker of [...this.#wakers]) waker();
  }

  #scan(tids: Iterable<number>): WaitEvent | undefined {
    for (const tid of tids) {
      const event = takeEvent(tid);
      if (event) return event;
    }
    return undefined;
  }
}

/** One for all sessions of this JavaScript thread, because waiting is a matter of the kernel thread. */
export const waitHub = new WaitHub();
