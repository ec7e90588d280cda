/** A Debug Adapter Protocol client for tests: talks to a real adapter process over its stdin and stdout, and notes everything that came, in order. */
/* eslint-disable @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-return -- a message's body is what the test says it is */
import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { patience } from '../helpers/patience.js';
import { deet } from '../repl/cli.js';
import { faultsOf } from './schema.js';

export interface Message {
  readonly seq: number;
  readonly type: 'response' | 'event' | 'request';
  readonly event?: string;
  readonly command?: string;
  readonly request_seq?: number;
  readonly success?: boolean;
  readonly message?: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test states the shape that it expects
  readonly arguments?: any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test states the shape that it expects
  readonly body?: any;
}

const frame = (text: string): string => `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;

/** How an adapter is reached: arguments of a deet process of its own, the command of another, or the port of one that listens. */
export type Where = readonly string[] | { readonly port: number } | { readonly command: readonly [string, ...string[]] };

let usual: Where = [];

/** Where a client finds its adapter when it does not say. */
export const useAdapter = (where: Where): void => {
  usual = where;
};

export class Client implements AsyncDisposable {
  readonly messages: Message[] = [];
  /** What was on stdout that is no message. */
  garbage = '';
  stderr = '';
  /** What was against the protocol; a test that ends with one fails. */
  readonly faults: string[] = [];
  /** Requests without an answer so far. */
  readonly #open = new Map<number, string>();
  #lastSeq = 0;
  readonly #process: ChildProcess | undefined;
  readonly #write: (text: string) => void;
  readonly #close: () => void;
  #buffer = Buffer.alloc(0);
  #seq = 0;
  #wakers: (() => void)[] = [];
  /** Events before this one have been taken. */
  #taken = 0;
  readonly ended: Promise<number | null>;

  /** Another's adapter, or one whose speed is measured: what it says is not our concern. */
  readonly #stranger: boolean;

  constructor(where: Where = usual, environment: Readonly<Record<string, string>> = {}) {
    this.#stranger = 'command' in where;
    const received = (bytes: Buffer): void => {
      this.#buffer = Buffer.concat([this.#buffer, bytes]);
      this.#cut();
    };
    if ('port' in where) {
      const socket = connect(where.port, '127.0.0.1');
      socket.on('data', received);
      socket.on('error', () => undefined);
      this.#write = (text) => socket.write(text);
      this.#close = () => socket.end();
      this.ended = new Promise((resolve) => socket.on('close', () => resolve(0)));
    } else {
      const [command, ...args] = 'command' in where ? where.command : [process.execPath, deet(), 'dap', ...where];
      const child = spawn(command, args, { env: { ...process.env, ...environment } });
      child.stdout.on('data', received);
      child.stderr.on('data', (bytes: Buffer) => {
        this.stderr += bytes.toString();
        this.#wake();
      });
      child.stdin.on('error', () => undefined);
      this.#process = child;
      this.#write = (text) => child.stdin.write(text);
      this.#close = () => child.stdin.end();
      this.ended = new Promise((resolve) => child.on('close', (status) => resolve(status)));
    }
    void this.ended.then(() => {
      this.#hasEnded = true;
      this.#wake();
    });
  }

  #hasEnded = false;

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  #cut(): void {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end < 0) break;
      const head = this.#buffer.toString('latin1', 0, end);
      const length = Number(/Content-Length: (\d+)/.exec(head)?.[1]);
      if (!/^Content-Length: \d+$/.test(head)) this.garbage += head;
      if (this.#buffer.length < end + 4 + length) break;
      this.#take(JSON.parse(this.#buffer.toString('utf8', end + 4, end + 4 + length)) as Message);
      this.#buffer = this.#buffer.subarray(end + 4 + length);
    }
    this.#wake();
  }

  /** Every message of every test is held to the protocol: its shape, its number, and that it answers a request which is open. */
  #take(message: Message): void {
    this.messages.push(message);
    if (this.#stranger) return;
    this.faults.push(...faultsOf({ ...message }).map((fault) => `message ${message.seq}: ${fault}`));
    if (message.seq <= this.#lastSeq) this.faults.push(`message ${message.seq} came behind message ${this.#lastSeq}`);
    this.#lastSeq = message.seq;
    const { type, request_seq: request = 0, command = '' } = message;
    if (type !== 'response') return;
    if (this.#open.get(request) !== command)
      this.faults.push(`message ${message.seq} answers ${command} ${request}, which nobody asked for or was answered`);
    this.#open.delete(request);
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const waker of wakers) waker();
  }

  raw(text: string): void {
    this.#write(text);
  }

  end(): void {
    this.#close();
  }

  /** Waits until something has come; fails with what came instead. */
  async until<T>(find: () => T | undefined, what: string): Promise<T> {
    const deadline = performance.now() + patience;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0 || this.#hasEnded) {
        const last = this.messages.slice(-8).map((each) => JSON.stringify(each).slice(0, 300));
        throw new Error(`no ${what}; the last messages:\n${last.join('\n')}\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wakers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  send(command: string, args?: object): number {
    const seq = ++this.#seq;
    this.#open.set(seq, command);
    this.raw(frame(JSON.stringify({ seq, type: 'request', command, ...(args && { arguments: args }) })));
    return seq;
  }

  /** Sends something that is no proper request. */
  sendText(text: string): void {
    try {
      const { seq, type, command = '' } = JSON.parse(text) as Partial<Message>;
      if (type === 'request') this.#open.set(Number(seq), command);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    this.raw(frame(text));
  }

  respond(request: Message, body?: object): void {
    this.#respond(request, { success: true, body });
  }

  refuse(request: Message, message: string): void {
    this.#respond(request, { success: false, message });
  }

  #respond({ seq, command }: Message, content: object): void {
    this.raw(frame(JSON.stringify({ seq: ++this.#seq, type: 'response', request_seq: seq, command, ...content })));
  }

  answer(seq: number): Promise<Message> {
    return this.until(() => this.messages.find((each) => each.type === 'response' && each.request_seq === seq), `answer to request ${seq}`);
  }

  /** The body of the answer. @throws when the request was refused */
  async ask(command: string, args?: object): Promise<Message['body']> {
    const answer = await this.answer(this.send(command, args));
    if (!answer.success) throw new Error(`${command}: ${answer.message ?? ''}`);
    return answer.body;
  }

  /** Why a request was refused. */
  async refused(command: string, args?: object): Promise<string> {
    const answer = await this.answer(this.send(command, args));
    if (answer.success) throw new Error(`${command} was not refused: ${JSON.stringify(answer.body)}`);
    return answer.message ?? '';
  }

  /** The next event of one of these names; those before it are passed over. */
  async event(...names: string[]): Promise<Message> {
    return this.until(
      () => {
        for (let at = this.#taken; at < this.messages.length; at++) {
          const each = this.messages[at];
          if (each?.type === 'event' && names.includes(each.event ?? '')) {
            this.#taken = at + 1;
            return each;
          }
        }
        return undefined;
      },
      `event ${names.join('/')}`,
    );
  }

  /** The n-th request of the adapter's, from 0. */
  reverseRequest(command: string, index = 0): Promise<Message> {
    return this.until(
      () => this.messages.filter((each) => each.type === 'request' && each.command === command)[index],
      `request ${command}`,
    );
  }

  events(name: string): Message[] {
    return this.messages.filter((each) => each.type === 'event' && each.event === name);
  }

  output(category: string): string {
    return this.events('output')
      .filter(({ body }) => body.category === category)
      .map(({ body }) => body.output as string)
      .join('');
  }

  // What every session does

  async initialize(more: object = {}): Promise<P.Capabilities> {
    return (await this.ask('initialize', { adapterID: 'deet', ...more })) as P.Capabilities;
  }

  /** Up to configurationDone; `configure` runs between `initialized` and it. Returns the answer to `launch`. */
  async launch(attributes: object, configure?: () => Promise<unknown>, capabilities?: object): Promise<Message> {
    await this.initialize(capabilities);
    // Separate debug information of the machine's own libraries costs seconds and is nobody's business here.
    const launch = this.send('launch', { initCommands: ['set debug-file-directory /nonexistent'], ...attributes });
    await this.event('initialized');
    await configure?.();
    await this.ask('configurationDone');
    return this.answer(launch);
  }

  /** The same, for a process that runs already. */
  async attach(attributes: object, configure?: () => Promise<unknown>, capabilities?: object): Promise<Message> {
    await this.initialize(capabilities);
    const attach = this.send('attach', attributes);
    await this.event('initialized');
    await configure?.();
    await this.ask('configurationDone');
    return this.answer(attach);
  }

  /** Launches with a breakpoint on a function and waits until it is hit. Returns the body of `stopped`. */
  async stopAt(program: string, name: string, attributes: object = {}): Promise<Message['body']> {
    await this.launch({ program, ...attributes }, () => this.ask('setFunctionBreakpoints', { breakpoints: [{ name }] }));
    return (await this.event('stopped')).body;
  }

  async frames(threadId = 1): Promise<P.StackFrame[]> {
    return (await this.ask('stackTrace', { threadId })).stackFrames;
  }

  async top(threadId = 1): Promise<P.StackFrame> {
    const frame = (await this.frames(threadId))[0];
    if (!frame) throw new Error('no frames');
    return frame;
  }

  /** Variables of one scope, by name. */
  async scope(name: string, frameId?: number): Promise<Map<string, P.Variable>> {
    const { scopes } = (await this.ask('scopes', { frameId: frameId ?? (await this.top()).id })) as { scopes: P.Scope[] };
    const scope = scopes.find((each) => each.name === name);
    if (!scope) throw new Error(`no scope ${name} among ${scopes.map((each) => each.name).join(', ')}`);
    return this.children(scope.variablesReference);
  }

  async children(variablesReference: number, more: object = {}): Promise<Map<string, P.Variable>> {
    const { variables } = (await this.ask('variables', { variablesReference, ...more })) as { variables: P.Variable[] };
    return new Map(variables.map((each) => [each.name, each]));
  }

  async evaluate(expression: string, context = 'watch', frameId?: number): Promise<string> {
    return (await this.ask('evaluate', { expression, context, ...(frameId !== undefined && { frameId }) })).result;
  }

  /** Says goodbye and waits for the adapter to end. */
  async disconnect(args: object = {}): Promise<number | null> {
    await this.ask('disconnect', args);
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process?.kill('SIGKILL');
    this.#close();
    await this.ended;
    if (this.faults.length > 0 || this.garbage !== '') throw new Error(`against the protocol:\n${this.faults.join('\n')}\n${this.garbage}`);
  }
}
