/// <reference lib="esnext.disposable" preserve="true" />
/** A debugging session as a script drives it: everything that the prompt can do, as methods and plain values. */
import { speakTo } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { Interpreter } from '../commands/interpreter.js';
import type { Result } from '../commands/results.js';
import { signalName } from '../linux/signals.js';
import { Session as Engine } from '../session/session.js';
import type { Outcome, SessionEvent } from '../session/types.js';
import { Breakpoint } from './breakpoint.js';
import { EventQueue, type Event } from './events.js';
import { Value, type Frame, type JavaScriptValue } from './frame.js';
import {
  checkLaunch,
  type AttachOptions,
  type BreakOptions,
  type CommonOptions,
  type CoreOptions,
  type LaunchOptions,
  type WatchOptions,
} from './options.js';
import { exitOf, Stop, type Exit } from './stop.js';
import { Streams, type Input } from './streams.js';
import { Process, Thread } from './thread.js';

const watchKinds = { write: 'watch', read: 'rwatch', readWrite: 'awatch' } as const;

type ResultOf<T extends Result['type']> = Extract<Result, { type: T }>;

/** A core file that was opened. */
export interface CoreFacts {
  readonly file: string;
  /** The program and its arguments, as far as the kernel keeps them. */
  readonly command?: string;
  /** What it died of. */
  readonly signal?: string;
  /** Truncated, damaged, files that have changed since. */
  readonly warnings: readonly string[];
}

/** For the shell-like words of a command. */
const quoteWord = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

// Who imports this is a script.
speakTo('script');

const closed = (): DeetError => new DeetError('closed', 'This session has been closed.');

/** A step is of the thread that stopped last, or of this one. */
export interface StepOptions {
  readonly thread?: Thread;
  /** So many steps; fewer when something else stops the program first. */
  readonly count?: number;
}

export class Session implements AsyncDisposable, Disposable {
  readonly #engine: Engine;
  readonly #interpreter: Interpreter;
  readonly #queues = new Set<EventQueue>();
  readonly #streams: Streams | undefined;
  #exit: Exit | undefined;
  #closed = false;

  /** @internal */
  constructor(options: CommonOptions, streams?: LaunchOptions) {
    this.#engine = new Engine();
    this.#streams =
      streams &&
      new Streams(streams, (stream, text) => {
        this.#tell({ type: 'output', stream, text });
      });
    // A later "run" has the same.
    this.#interpreter = new Interpreter(this.#engine, { frontEnd: { redirections: this.#streams?.redirections ?? [] } });
    this.#engine.settings.set('follow-fork-mode', options.follow ?? 'both');
    for (const [name, value] of Object.entries(options.settings ?? {})) this.#engine.settings.set(name, value);
    this.#engine.subscribe((event) => {
      this.#heard(event);
    });
  }

  /** @internal Starts the program; it stands before its first instruction. */
  begin(program: string, options: LaunchOptions): void {
    const engine = this.#engine;
    engine.settings.set('disable-randomization', options.randomizeAddresses ? 'off' : 'on');
    if (options.cwd !== undefined) engine.settings.set('cwd', options.cwd);
    Object.assign(engine.environment, options.env);
    engine.programArguments = options.args ?? [];
    engine.limits = options.limits ?? {};
    engine.setProgram(program);
    engine.launch();
  }

  /** @internal */
  async take(pid: number, family: boolean | undefined): Promise<void> {
    await this.#engine.attach(pid, family);
  }

  /** @internal */
  look(file: string, program: string | undefined): void {
    if (program !== undefined) this.#engine.setProgram(program);
    this.#engine.cores.open(file);
  }

  // What there is

  /** `stopped`, `running`, or `ended`: nobody of the family is left. */
  get state(): 'stopped' | 'running' | 'ended' {
    const { state } = this.#engine;
    return state === 'none' ? 'ended' : state;
  }

  /** How the program ended, if it has. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** Living processes of the family, oldest first. */
  get processes(): Process[] {
    return this.#engine.processes().map((process) => new Process(process, this.#engine));
  }

  get threads(): Thread[] {
    return this.#engine.threads().map((thread) => new Thread(thread, this.#engine));
  }

  /** The thread that stopped last. @throws DeetError `no-process` or `running` */
  get thread(): Thread {
    return new Thread(this.#open.selection().thread, this.#engine);
  }

  /** Its innermost frame. @throws DeetError `no-process` or `running` */
  get frame(): Frame {
    return this.thread.frame;
  }

  /** What is known of the dead process as a whole, in a session that `openCore` made. */
  get core(): CoreFacts | undefined {
    const core = this.#engine.cores.current;
    if (!core) return undefined;
    const { path, commandLine, lastStop, warnings } = core;
    return {
      file: path,
      ...(commandLine !== undefined && { command: commandLine }),
      ...(lastStop?.signal && { signal: lastStop.signal.name }),
      warnings,
    };
  }

  get breakpoints(): Breakpoint[] {
    return this.#engine.breakpoints.all().map((each) => new Breakpoint(each, this.#engine));
  }

  /** What the program has written to its stdout so far (`stdout: 'pipe'`). */
  get stdout(): string {
    this.#streams?.drain();
    return this.#streams?.texts.stdout ?? '';
  }

  get stderr(): string {
    this.#streams?.drain();
    return this.#streams?.texts.stderr ?? '';
  }

  /** Its input. @throws DeetError `no-pipe` unless it was launched with `stdin: 'pipe'` */
  get stdin(): Input {
    const input = this.#streams?.input;
    if (!input) throw new DeetError('no-pipe', "The program's input is no pipe.", "Launch it with { stdin: 'pipe' }.");
    return input;
  }

  /** What happens from now on, until the session is closed. Any number of listeners may ask. */
  events(): AsyncIterableIterator<Event> {
    const queue = new EventQueue((left) => this.#queues.delete(left));
    if (this.#closed) queue.end();
    else this.#queues.add(queue);
    return queue;
  }

  // Breakpoints

  /** `main`, `list.c:12`, `*0x401136`. @throws DeetError `no-symbol`, `no-file`, `no-line`, `syntax` */
  async break(location: string, { thread, ...options }: BreakOptions = {}): Promise<Breakpoint> {
    const made = this.#open.break(location, { ...options, ...(thread && { threadId: thread.id }) });
    return Promise.resolve(new Breakpoint(made, this.#engine));
  }

  /** Stops when the value of an expression changes, or is read. @throws DeetError */
  async watch(expression: string, { access = 'write', ...options }: WatchOptions = {}): Promise<Breakpoint> {
    const made = this.#open.watchpoints.create(watchKinds[access], expression, options);
    return Promise.resolve(new Breakpoint(made, this.#engine));
  }

  /** As the prompt's `catch`: `fork`, `exec`, `syscall openat`, `signal SIGUSR1`, `throw`. @throws DeetError */
  async catch(what: string): Promise<Breakpoint> {
    return Promise.resolve(new Breakpoint(this.#open.catchpoints.create(what), this.#engine));
  }

  /** How a signal is treated, in the prompt's words: `handle('SIGUSR1 nostop noprint pass')`. @throws DeetError */
  handle(text: string): void {
    this.#open.signals.handle(text);
  }

  // Running

  /** Lets the program run to its next stop, or its end. @throws DeetError `no-process`, `running` */
  continue(): Promise<Stop> {
    return this.#run(() => this.#engine.continue());
  }

  /** Runs to the end, through all breakpoints. */
  async runToExit(): Promise<Exit> {
    for (const breakpoint of this.breakpoints) breakpoint.enabled = false;
    this.#engine.signals.handle('all nostop noprint pass');
    const stop = await this.continue();
    if (!stop.exit) throw new DeetError('stopped', `The program has not ended: it stopped (${stop.reason}).`);
    return stop.exit;
  }

  /** To the next source line, into functions. */
  step(options: StepOptions = {}): Promise<Stop> {
    return this.#step({ over: false, instruction: false }, options);
  }

  /** To the next source line, over calls. */
  next(options: StepOptions = {}): Promise<Stop> {
    return this.#step({ over: true, instruction: false }, options);
  }

  /** One machine instruction. */
  stepInstruction(options: StepOptions = {}): Promise<Stop> {
    return this.#step({ over: false, instruction: true }, options);
  }

  /** One machine instruction, with what it calls. */
  nextInstruction(options: StepOptions = {}): Promise<Stop> {
    return this.#step({ over: true, instruction: true }, options);
  }

  /** Until a frame returns: by default the innermost. The value returned is in `stop.returned`. */
  finish(frame?: Frame): Promise<Stop> {
    return this.#run(() => {
      if (frame && frame.level > 0) this.#engine.selectFrame(frame.level);
      return this.#engine.finish();
    });
  }

  /** To a place, or until the current function returns. */
  runTo(location: string): Promise<Stop> {
    return this.#run(() => this.#engine.until(location));
  }

  /** Goes on at another place. */
  jump(location: string): Promise<Stop> {
    return this.#run(() => this.#engine.jump(location));
  }

  /** Goes on with a signal, by number; 0: with none. */
  signal(number: number): Promise<Stop> {
    return this.#run(() => this.#engine.signalAndContinue(number));
  }

  /** Stops a running program; what let it run resolves with reason `pause`. */
  pause(): void {
    this.#engine.pause();
  }

  /** Kills and reaps the whole family. Returns the pids that were alive. */
  kill(): number[] {
    return this.#engine.kill();
  }

  /** Lets the program go; it runs on without a debugger. */
  detach(): void {
    for (const process of this.#engine.processes()) this.#engine.detach(process);
  }

  // Looking

  /** In the innermost frame of the thread that stopped last: see `Frame.evaluate`. While the program runs, globals have the values that they have just then. */
  async evaluate(expression: string): Promise<JavaScriptValue> {
    const engine = this.#open;
    if (engine.state !== 'running') return this.frame.evaluate(expression);
    return new Value(await engine.evaluate(expression), undefined, engine).js;
  }

  /** @throws DeetError `memory` */
  readMemory(address: bigint, length: number): Uint8Array {
    return this.thread.process.readMemory(address, length);
  }

  /** @throws DeetError `memory` */
  writeMemory(address: bigint, bytes: Uint8Array): void {
    this.thread.process.writeMemory(address, bytes);
  }

  /** Any command of the prompt; its results are those of `--json`. @throws DeetError when the command fails */
  async command(line: string): Promise<Result[]> {
    if (this.#closed) throw closed();
    const results = await this.#interpreter.execute(line);
    const failed = results.find((result): result is ResultOf<'error'> => result.type === 'error');
    if (failed) throw new DeetError(failed.code, failed.message, failed.hint);
    return results;
  }

  async #one<T extends Result['type']>(line: string, type: T): Promise<ResultOf<T>> {
    const found = (await this.command(line)).find((result): result is ResultOf<T> => result.type === type);
    if (!found) throw new DeetError('nothing', `"${line}" has nothing to tell.`);
    return found;
  }

  /** Why the program stopped or crashed. */
  explain(): Promise<ResultOf<'explanation'>> {
    return this.#one('explain', 'explanation');
  }

  /** What each process is blocked on, and who waits for whom in a circle. */
  why(): Promise<ResultOf<'why'>> {
    return this.#one('why', 'why');
  }

  /** The family since the run began, the dead included. */
  async tree(): Promise<ResultOf<'processes'>['processes']> {
    return (await this.#one('info tree', 'processes')).processes;
  }

  /** Open descriptors of every process, and who shares them. */
  async descriptors(): Promise<ResultOf<'descriptors'>[]> {
    return (await this.command('info fds')).filter((result): result is ResultOf<'descriptors'> => result.type === 'descriptors');
  }

  /** What the processes left undone: zombies, orphans, leaked descriptors. */
  async report(): Promise<ResultOf<'report'>['problems']> {
    return (await this.#one('info report', 'report')).problems;
  }

  /** Writes a core file of the stopped program, which lives on. @throws DeetError `core-file` */
  async saveCore(file: string): Promise<void> {
    await this.command(`generate-core-file ${quoteWord(file)}`);
  }

  // The end

  /** Kills and reaps everything that was launched, lets go of what was attached to. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#interpreter.close();
    this.#engine.close();
    this.#streams?.drain();
    this.#streams?.close();
    for (const queue of this.#queues) queue.end();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  // Within

  /** @throws DeetError `closed` */
  get #open(): Engine {
    if (this.#closed) throw closed();
    return this.#engine;
  }

  #step(how: { over: boolean; instruction: boolean }, { thread, count }: StepOptions): Promise<Stop> {
    return this.#run(() => {
      if (thread) this.#engine.selectThread(thread.inner);
      return this.#engine.step({ ...how, ...(count !== undefined && { count }) });
    });
  }

  async #run(run: () => Promise<Outcome>): Promise<Stop> {
    if (this.#closed) throw closed();
    const outcome = await run();
    this.#streams?.drain();
    if (outcome.kind === 'ended') this.#exit = exitOf(outcome.pid, outcome.ending, signalName);
    const stop = new Stop(outcome, this.#engine, outcome.kind === 'ended' ? this.#exit : undefined);
    if (outcome.kind === 'stopped') this.#tell({ type: 'stop', stop });
    return stop;
  }

  #tell(event: Event): void {
    for (const queue of [...this.#queues]) queue.push(event);
  }

  #heard(event: SessionEvent): void {
    const process = (inner: ConstructorParameters<typeof Process>[0]): Process => new Process(inner, this.#engine);
    const thread = (inner: ConstructorParameters<typeof Thread>[0]): Thread => new Thread(inner, this.#engine);
    switch (event.type) {
      case 'forked':
        this.#tell({ type: 'fork', parent: process(event.parent), child: process(event.child) });
        return;
      case 'executed':
        this.#tell({ type: 'exec', process: process(event.process) });
        return;
      case 'exited': {
        this.#streams?.drain();
        const exit = exitOf(event.process.pid, event.ending, signalName);
        this.#tell({ type: 'exit', process: process(event.process), last: event.last, ...exit });
        return;
      }
      case 'thread':
        this.#tell({ type: 'thread', thread: thread(event.thread), change: event.change });
        return;
      case 'images':
        this.#tell({ type: 'libraries', process: process(event.process), added: event.added, removed: event.removed });
        return;
      case 'signal':
        this.#tell({ type: 'signal', thread: thread(event.thread), signal: event.name });
        return;
      case 'message':
        this.#tell({ type: 'message', text: event.text });
        return;
      case 'started':
      case 'exec-failed':
      case 'odd-dup':
      case 'bad-descriptor':
      case 'interrupted':
      case 'called-again':
      case 'child-signal':
      case 'exit-called':
      case 'exiting':
      case 'resumed':
      case 'stopped':
      case 'breakpoint':
        return;
    }
  }
}

/** Starts a program, which then stands before its first instruction. @throws DeetError `launch` */
export const launch = async (program: string, options: LaunchOptions = {}): Promise<Session> => {
  checkLaunch(program, options);
  const session = new Session(options, options);
  try {
    session.begin(program, options);
  } catch (error) {
    session.close();
    throw error;
  }
  return Promise.resolve(session);
};

/**
 * Looks at a core file: everything that a stopped program has, and nothing that runs (`post-mortem` errors). @throws DeetError `no-file`, `not-a-core`, `bad-elf`
 */
export const openCore = async (file: string, options: CoreOptions = {}): Promise<Session> => {
  const session = new Session(options);
  try {
    session.look(file, options.program);
  } catch (error) {
    session.close();
    throw error;
  }
  return Promise.resolve(session);
};

/** Takes over a running process; it stands still then. Closing the session lets it go. @throws DeetError `attach` */
export const attach = async (pid: number, options: AttachOptions = {}): Promise<Session> => {
  const session = new Session(options);
  try {
    await session.take(pid, options.family);
  } catch (error) {
    session.close();
    throw error;
  }
  return session;
};
