/**
 * The one place that waits for tracees. ptrace and wait belong to the thread that launched; Node's own children (child_process) are waited for by
 * libuv, so a wait may never take just any child: `peekWaitable` looks without consuming, and only what is a tracee of deet
 * is then waited for by its own number.
 *
 * Waiting does not block the event loop for longer than a moment: `next` waits in the kernel for five milliseconds at most, and when nothing has come
 * `parked` waits for SIGCHLD, which the kernel sends for every stop and death of a tracee. While somebody waits in the kernel, the signals for stops
 * are off: they would cost as much as the stops. They are on again before the last look, and one that arrives between this and `parked` is not
 * lost: libuv keeps it in its pipe, and it wakes the promise made afterwards.
 */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { native } from '../native.js';
import { WaitFlag } from './constants.js';
import { decodeStatus, type WaitEvent } from './status.js';

/** Who wants the events of a set of threads: one per session. */
export interface WaitClient {
  owns(tid: number): boolean;
}

/** Microseconds after which a wait in the kernel ends although nothing has happened. */
const patience = 2500;

const buffer = new Int32Array(2);

/** Node tells only its main thread of signals. (node:worker_threads would say the same, and takes 1 ms to load.) */
const inMainThread = (): boolean => readlinkSync('/proc/thread-self').endsWith(`/task/${readlinkSync('/proc/self')}`);

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
  /** Children that were let go: when they end, nobody else waits for them. */
  readonly #free = new Set<number>();
  readonly #onChild = (): void => {
    for (const pid of this.#free) if (native.wait(pid, WaitFlag.noHang, buffer) !== 0) this.#free.delete(pid);
    this.#listenNoMore();
    this.wake();
  };
  #listening = false;
  #fallback: NodeJS.Timeout | undefined;
  #attending = false;

  /** Starts to watch for a session. */
  add(client: WaitClient): void {
    this.#listen();
    this.#clients.add(client);
    this.#queues.set(client, []);
  }

  remove(client: WaitClient): void {
    this.#clients.delete(client);
    this.#queues.delete(client);
    if (this.#clients.size === 0) this.#early.clear();
    this.#listenNoMore();
  }

  /** A child of this process that no session traces any more is still to be reaped when it ends. */
  letGo(pid: number): void {
    this.#listen();
    this.#free.add(pid);
    this.#onChild();
  }

  /** A child of this process that deet has launched, and detached from. */
  hasLetGo(pid: number): boolean {
    return this.#free.has(pid);
  }

  /** Who traces it waits for it. */
  takeBack(pid: number): void {
    this.#free.delete(pid);
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    if (inMainThread()) process.on('SIGCHLD', this.#onChild);
    else this.#fallback = setInterval(this.#onChild, 2);
    this.#fallback?.unref();
  }

  #listenNoMore(): void {
    if (!this.#listening || this.#clients.size > 0 || this.#free.size > 0) return;
    this.#listening = false;
    process.off('SIGCHLD', this.#onChild);
    clearInterval(this.#fallback);
  }

  /** An event of a thread that was unknown until now. */
  claim(tid: number): WaitEvent | undefined {
    const event = this.#early.get(tid);
    this.#early.delete(tid);
    return event;
  }

  /** Somebody has taken an event of a thread who cannot deal with it. */
  putBack(event: WaitEvent): void {
    for (const client of this.#clients) if (client.owns(event.tid)) this.#queues.get(client)?.push(event);
  }

  /** From now until `rest` this thread waits in the kernel for what comes. */
  attend(): void {
    if (this.#attending) return;
    this.#attending = true;
    native.signalStops(0);
    native.ticks(patience);
  }

  /** Something else is done now, or nothing: SIGCHLD tells of stops again. */
  rest(): void {
    if (!this.#attending) return;
    this.#relax();
    // Nobody told the other clients of what happened to their threads meanwhile.
    if (this.#clients.size > 1) this.wake();
  }

  #relax(): void {
    this.#attending = false;
    native.ticks(0);
    native.signalStops(1);
  }

  /**
   * The next event for a client, or undefined when there is none for a moment; then this thread rests.
   * @param only the client's only thread: it is waited for by its number, which is one call instead of two
   * @param tids asked for only when the cheap look is blocked by a child that is not ours (a zombie of Node's own that libuv has not reaped yet)
   */
  next(client: WaitClient, only: number | undefined, tids: () => Iterable<number>): WaitEvent | undefined {
    const queued = this.#queues.get(client)?.shift();
    if (queued) return queued;
    this.attend();
    const wait = (): WaitEvent | undefined => (only === undefined ? this.#look(client, native.peekTick, tids) : this.waitFor(client, only));
    // A tick may fall right behind the beginning of a wait: only when a second one ends it, nothing has happened for as long as that.
    const event = wait() ?? wait();
    if (event) return event;
    this.#relax();
    const late = this.#look(client, native.peekWaitable, tids);
    // The last look has told the others, unless it ended early. To wake them in any case would have two clients wake each other for ever.
    if (late && this.#clients.size > 1) this.wake();
    return late;
  }

  #look(client: WaitClient, peek: () => number, tids: () => Iterable<number>): WaitEvent | undefined {
    for (;;) {
      const tid = peek();
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

  /** Waits for one thread of a client, for a moment. */
  waitFor(client: WaitClient, tid: number): WaitEvent | undefined {
    const queued = this.#queued(client, tid);
    if (queued) return queued;
    this.attend();
    const result = native.waitTick(tid, buffer);
    return result > 0 ? decodeStatus(buffer[0], buffer[1]) : undefined;
  }

  /** The same for whoever knows that it will not be long. `gone`: there is no such child any more. */
  waitBriefly(client: WaitClient, tid: number, microseconds: number): WaitEvent | 'gone' | undefined {
    const queued = this.#queued(client, tid);
    if (queued) return queued;
    const result = native.waitSpin(tid, microseconds, buffer);
    return result > 0 ? decodeStatus(buffer[0], buffer[1]) : result < 0 ? 'gone' : undefined;
  }

  /** Taken on behalf of this client while another looked: the kernel will not tell it again. */
  #queued(client: WaitClient, tid: number): WaitEvent | undefined {
    const queue = this.#queues.get(client) ?? [];
    const at = queue.findIndex((event) => event.tid === tid);
    return at < 0 ? undefined : queue.splice(at, 1)[0];
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
