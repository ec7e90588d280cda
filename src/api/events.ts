/** What happens while a program runs, as an async iterator: any number of listeners, each with a queue of its own. */
import type { Exit, Stop } from './stop.js';
import type { Process, Thread } from './thread.js';

export type Event =
  | { readonly type: 'stop'; readonly stop: Stop }
  /** One process has ended; `last`: nobody is left. */
  | ({ readonly type: 'exit'; readonly process: Process; readonly last: boolean } & Exit)
  | { readonly type: 'fork'; readonly parent: Process; readonly child: Process }
  | { readonly type: 'exec'; readonly process: Process }
  | { readonly type: 'thread'; readonly thread: Thread; readonly change: 'started' | 'ended' }
  /** What the program wrote, when the stream is a pipe. */
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly type: 'libraries'; readonly process: Process; readonly added: readonly string[]; readonly removed: readonly string[] }
  /** A signal that came without stopping the program. */
  | { readonly type: 'signal'; readonly thread: Thread; readonly signal: string }
  | { readonly type: 'message'; readonly text: string };

export class EventQueue implements AsyncIterableIterator<Event> {
  readonly #events: Event[] = [];
  readonly #waiting: ((result: IteratorResult<Event>) => void)[] = [];
  #ended = false;

  /** @param left called once when nobody listens any more */
  constructor(private readonly left: (queue: EventQueue) => void) {}

  push(event: Event): void {
    const waiter = this.#waiting.shift();
    if (waiter) waiter({ done: false, value: event });
    else this.#events.push(event);
  }

  /** The session has ended: what is queued is still delivered. */
  end(): void {
    this.#ended = true;
    for (const waiter of this.#waiting.splice(0)) waiter({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<Event>> {
    const event = this.#events.shift();
    if (event) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Event>> {
    this.#events.length = 0;
    this.end();
    this.left(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
