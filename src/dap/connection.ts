/**
 * One client: numbers what is sent, answers every request exactly once, and handles requests one after another, so that a `stackTrace` that was sent behind a
 * `continue` never sees the moment in between. Two things cannot wait for their turn: `pause` and `cancel` interrupt what the queue is busy with.
 */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { asSentence } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { hearInterrupts, Interrupted } from '../common/interrupt.js';
import type { Arrived } from './arrived.js';
import { Deframer, encode } from './framing.js';
import { Relay } from './relay.js';
import { checkArguments, Later, type Command, type Handlers } from './protocol.js';

export interface Wire {
  write(text: string): void;
  /** Nothing more will be understood or sent. */
  end(): void;
  readonly arrived: Arrived;
}

/** What a connection needs of whoever answers. */
export interface Answerer {
  readonly handlers: Handlers;
  /** Called as soon as a request arrives that cannot wait for its turn: whatever blocks the queue shall end soon. */
  interrupt(): void;
  /** Requests are about a program that runs: that is what `interrupt` ends. */
  readonly running: boolean;
}

const interrupting = new Set(['pause', 'cancel', 'disconnect', 'terminate', 'restart']);

/** Whoever asks for one of these no longer wants what is being computed. */
const leaving = new Set(['disconnect', 'terminate', 'restart']);

/** Milliseconds between two looks at what has arrived while something is computed. */
const attention = 20;

/** What a user has asked for with a key or a button: there is no place of its own where the answer would be seen. Others show what failed where they asked. */
const acting = new Set(['continue', 'next', 'stepIn', 'stepOut', 'pause', 'goto', 'restart', 'terminate', 'disconnect']);

/** A failed request: a message for people in `message`, as clients show it. */
const failure = (error: unknown, command: string): { message: string; body: { error: P.Message } } => {
  const known = error instanceof DeetError;
  const text = known
    ? `${error.message}${error.hint === undefined ? '' : ` ${asSentence(error.hint)}`}`
    : `A fault in deet itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  // Braces would be taken for the names of variables.
  const format = text.replaceAll('{', '(').replaceAll('}', ')');
  return { message: text, body: { error: { id: known ? 1 : 2, format, ...((!known || acting.has(command)) && { showUser: true }) } } };
};

/** A computation, or a command of the debug console, that was given up half-way. */
const isInterruption = (error: unknown): boolean =>
  error instanceof Interrupted || (error instanceof DeetError && error.code === 'interrupted');

/** The protocol's own word: the client has asked for it, and shows nothing. */
const cancellation = { message: 'cancelled', body: {} };

const childSessionOf = (args: unknown): string | undefined => {
  const path = typeof args === 'object' && args !== null ? (args as { readonly childSession?: unknown }).childSession : undefined;
  return typeof path === 'string' ? path : undefined;
};

/** Connections whose request is being handled; of several the one that began last computes, the others wait for the program. */
const handling = new Set<Connection>();

hearInterrupts(() => [...handling].at(-1)?.unwanted ?? false);

type Settle = (response: P.Response) => void;

export class Connection {
  readonly #deframer = new Deframer();
  readonly #pending = new Map<number, Settle>();
  /** Requests that wait for their turn, by number, unless they have been cancelled meanwhile. */
  readonly #waiting = new Set<number>();
  #seq = 0;
  #outgoing: string[] = [];
  #queue: Promise<void> = Promise.resolve();
  #afterwards: (() => void)[] = [];
  #closed = false;
  /** The client's `initialize`. */
  #introduction: object | undefined;
  /** Another adapter answers from now on. */
  #relay: Promise<Relay | undefined> | undefined;

  constructor(
    private readonly wire: Wire,
    private readonly answerer: Answerer,
    /** Sessions of children are another adapter's, where everything goes then. */
    private readonly relays = true,
  ) {}

  received(bytes: Buffer): void {
    for (const incoming of this.#deframer.push(bytes)) {
      if ('json' in incoming) this.#message(incoming.json);
      else {
        this.event('output', { category: 'stderr', output: `deet: the client sent ${incoming.damage}\n` });
        if (incoming.fatal) this.close();
      }
    }
  }

  event(event: string, body?: object): void {
    this.#send({ type: 'event', event, ...(body && { body }) });
  }

  /** A request to the client. @throws DeetError `client` when it refuses. */
  async request(command: string, args: object): Promise<unknown> {
    const response = await new Promise<P.Response>((resolve) => {
      this.#pending.set(this.#send({ type: 'request', command, arguments: args }), resolve);
    });
    if (!response.success) throw new DeetError('client', `The client refused ${command}: ${response.message ?? 'no reason given'}.`);
    return response.body;
  }

  /** Runs something as soon as the request being handled has been answered. */
  afterwards(action: () => void): void {
    this.#afterwards.push(action);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#relay?.then((relay) => {
      relay?.close();
    });
    this.flush();
    for (const settle of this.#pending.values())
      settle({ seq: 0, type: 'response', request_seq: 0, command: '', success: false, message: 'the connection has ended' });
    this.wire.end();
  }

  #send(message: object): number {
    const seq = ++this.#seq;
    if (this.#closed) return seq;
    if (this.#outgoing.length === 0)
      process.nextTick(() => {
        this.flush();
      });
    this.#outgoing.push(encode({ seq, ...message }));
    return seq;
  }

  /** What was said in one turn goes out in one piece: each piece wakes the client. A step that is over at once is answered and reported together. */
  flush(): void {
    const outgoing = this.#outgoing;
    if (outgoing.length === 0) return;
    this.#outgoing = [];
    this.wire.write(outgoing.join(''));
  }

  #message(json: unknown): void {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      this.event('output', { category: 'stderr', output: 'deet: the client sent a message that is not an object\n' });
      return;
    }
    const message = json as Partial<P.Request & P.Response>;
    if (this.#relay) {
      void this.#relay.then((relay) => {
        if (relay) relay.send(json);
        else this.#message(json);
      });
    } else if (message.type === 'response' && typeof message.request_seq === 'number') {
      this.#pending.get(message.request_seq)?.(message as P.Response);
      this.#pending.delete(message.request_seq);
    } else if (message.type === 'request' && typeof message.seq === 'number' && typeof message.command === 'string') {
      if (message.command === 'initialize') this.#introduction = json;
      const elsewhere = message.command === 'attach' ? childSessionOf(message.arguments) : undefined;
      if (elsewhere !== undefined && this.relays) {
        this.#handOver(elsewhere, message as P.Request);
        return;
      }
      this.#enqueue(message.seq, message.command, message.arguments);
    } else if (message.type !== 'event') {
      const { seq, command } = message;
      // Without a number nobody can tell what the answer is to, but there is one: a client that waits for it sees why.
      const fault = typeof seq === 'number' ? 'This is no request.' : 'A message needs a number, "seq".';
      this.#answer(
        typeof seq === 'number' ? seq : 0,
        typeof command === 'string' ? command : '',
        failure(new DeetError('protocol', fault), ''),
      );
    }
  }

  /** From this `attach` on another adapter answers. If there is none, that is the answer. */
  #handOver(path: string, attach: P.Request): void {
    const introduction = this.#introduction ?? {};
    const open = async (): Promise<Relay | undefined> => {
      await this.#queue;
      try {
        const relay = await Relay.open(path, introduction, {
          write: (text) => {
            if (!this.#closed) this.wire.write(text);
          },
          end: () => {
            this.close();
          },
        });
        relay.send(attach);
        return relay;
      } catch (error) {
        this.#relay = undefined;
        this.#answer(attach.seq, attach.command, failure(error, attach.command));
        return undefined;
      }
    };
    this.#relay = open();
  }

  #enqueue(seq: number, command: string, args: unknown): void {
    const cancelled = command === 'cancel' && typeof args === 'object' && args !== null ? (args as P.CancelArguments).requestId : undefined;
    if (cancelled !== undefined && this.#waiting.delete(cancelled)) this.#answer(cancelled, '', cancellation);
    // To cancel one request must not end another that is being handled.
    const ofCurrent = cancelled !== undefined && cancelled === this.#current;
    if (ofCurrent) this.#givenUp = cancelled;
    if (interrupting.has(command) && (command !== 'cancel' || ofCurrent)) {
      this.#urgent.add(seq);
      this.answerer.interrupt();
    }
    this.#waiting.add(seq);
    this.#commands.set(seq, command);
    this.#queue = this.#queue.then(() => this.#handle(seq, command, args));
  }

  /** The request that is being handled. */
  #current: number | undefined;
  /** A request that the client has cancelled while it was being handled. */
  #givenUp: number | undefined;
  readonly #commands = new Map<number, string>();
  /** Requests that wait for their turn although they should not. */
  readonly #urgent = new Set<number>();

  /** Something that is about to take long should not. */
  get interrupted(): boolean {
    return this.#urgent.size > 0;
  }

  #begin(seq: number): void {
    this.#current = seq;
    this.#listened = performance.now();
    handling.add(this);
  }

  #finish(): void {
    this.#current = undefined;
    handling.delete(this);
  }

  /** When what has arrived was last looked at. */
  #listened = 0;
  #gone = false;

  /** Does the client no longer want what it has asked for, as far as it has said so by now? */
  get unwanted(): boolean {
    const now = performance.now();
    if (now - this.#listened < attention || this.answerer.running) return false;
    const bytes = this.wire.arrived();
    this.#listened = performance.now();
    if (!bytes) this.#gone = true;
    else if (bytes.length > 0) this.received(bytes);
    return this.#gone || this.#givenUp === this.#current || [...this.#urgent].some((seq) => leaving.has(this.#commands.get(seq) ?? ''));
  }

  async #handle(seq: number, command: string, args: unknown): Promise<void> {
    this.#urgent.delete(seq);
    if (!this.#waiting.delete(seq)) return;
    this.#begin(seq);
    let answered: object;
    try {
      if (args !== undefined && args !== null && (typeof args !== 'object' || Array.isArray(args)))
        throw new DeetError('protocol', `${command}: the arguments must be an object.`);
      const handler = this.#handlerOf(command);
      const given = (args ?? {}) as Record<string, unknown>;
      checkArguments(command as Command, given);
      const body = await handler(given);
      if (body instanceof Later) {
        body.answer.then(
          () => {
            this.#answer(seq, command, { success: true });
          },
          (error: unknown) => {
            this.#answer(seq, command, failure(error, command));
          },
        );
        this.#act();
        return;
      }
      answered = { success: true, ...(body !== undefined && { body }) };
    } catch (error) {
      answered = this.#givenUp === seq || isInterruption(error) ? cancellation : failure(error, command);
    } finally {
      this.#finish();
    }
    this.#answer(seq, command, answered);
    this.#act();
  }

  #act(): void {
    const actions = this.#afterwards;
    this.#afterwards = [];
    for (const action of actions) action();
  }

  /** @throws DeetError `unsupported`. */
  #handlerOf(command: string): (args: object) => unknown {
    const { handlers } = this.answerer;
    const handler = Object.hasOwn(handlers, command) ? handlers[command as Command] : undefined;
    if (!handler) throw new DeetError('unsupported', `deet does not support the request "${command}".`);
    return handler as (args: object) => unknown;
  }

  #answer(seq: number, command: string, content: object): void {
    const name = command || (this.#commands.get(seq) ?? '');
    this.#commands.delete(seq);
    this.#send({ type: 'response', request_seq: seq, command: name, success: false, ...content });
  }
}
