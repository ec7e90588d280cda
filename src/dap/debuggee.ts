/**
 * What is being debugged, for all handlers: the session, the interpreter behind the debug console, the program's output, and whether it runs. It is the one place that
 * lets the program run and reports how that ended.
 */
import { StringDecoder } from 'node:string_decoder';
import { Interpreter } from '../commands/interpreter.js';
import type { Result } from '../commands/results.js';
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Frame } from '../inferior/frame.js';
import type { Ending } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { plain } from '../render/style.js';
import { toText } from '../render/text.js';
import { OutputPipe } from '../session/output_pipe.js';
import type { Session } from '../session/session.js';
import type { Outcome, Stop } from '../session/types.js';
import type { Client } from './client.js';
import type { CommonAttributes } from './launch_attributes.js';
import { announce } from './family_events.js';
import { ClientTerminal } from './terminal.js';
import { Handles } from './handles.js';
import { ClientBreakpoints } from './breakpoints.js';
import { SourcePaths } from './paths.js';
import { stoppedBody } from './stops.js';

type ProgramRedirection = Session['redirections'][number];

/** Milliseconds after which a command of the console that runs the program shows as running. */
const moment = 100;

export class Debuggee {
  readonly interpreter: Interpreter;
  readonly paths: SourcePaths;
  readonly handles = new Handles();
  readonly breakpoints = new ClientBreakpoints();
  readonly #pipes = new Map<'stdout' | 'stderr', OutputPipe>();
  /** What every run is given; the interpreter has the same list. */
  readonly #streams: ProgramRedirection[] = [];
  #ended = false;
  #silent = false;
  /** How the first process ended. */
  #exitCode: number | undefined;
  #terminal: ClientTerminal | undefined;
  #busy = 0;
  /** While the debug console runs a command, its results are the answer and no events. */
  #listening: Result[] | undefined;
  #running: Promise<void> = Promise.resolve();
  /** The value of the last `stepOut`, shown in a scope of its own. */
  stop: Stop | undefined;

  constructor(
    readonly session: Session,
    readonly client: Client,
    readonly attributes: CommonAttributes,
  ) {
    this.paths = new SourcePaths(attributes.sourceMap, session);
    this.interpreter = new Interpreter(session, {
      frontEnd: { redirections: this.#streams },
      listener: (result) => {
        if (this.#listening) this.#listening.push(result);
        else this.output(result.type === 'error' ? 'stderr' : 'console', this.text(result));
      },
    });
    session.subscribe((event) => {
      if (event.type === 'exited' && event.process.parent === undefined) this.#exitCode = exitCodeOf(event.ending);
      if (event.type === 'started') this.#terminal?.belongsTo(event.process.pid);
      announce(event, this);
    });
  }

  output(category: 'console' | 'stdout' | 'stderr' | 'important', output: string): void {
    if (output !== '') this.client.event('output', { category, output });
  }

  text(result: Result): string {
    return toText(result, { style: plain, sources: this.interpreter.sources, surface: () => ({ boxes: true, columns: 100 }) });
  }

  /** What the program is given as stdin, stdout and stderr: the files named, else a terminal, else nothing to read and pipes that deet reads. */
  streams(stdio: readonly (string | undefined)[], terminal: string | undefined): Session['redirections'] {
    const streams = ([0, 1, 2] as const).map((fd): ProgramRedirection => {
      const path = stdio[fd] ?? terminal ?? (fd === 0 ? '/dev/null' : undefined);
      if (path === undefined) return { fd, from: this.#pipe(fd === 1 ? 'stdout' : 'stderr').writing };
      return { fd, path, access: fd === 0 ? 'read' : path === terminal ? 'append' : 'truncate' };
    });
    this.#streams.splice(0, Infinity, ...streams);
    return streams;
  }

  /** A pipe whose contents become output events; the same for all runs. */
  #pipe(category: 'stdout' | 'stderr'): OutputPipe {
    const known = this.#pipes.get(category);
    if (known) return known;
    const decoder = new StringDecoder('utf8');
    const pipe = new OutputPipe((bytes) => {
      this.output(category, decoder.write(Buffer.from(bytes)));
    });
    this.#pipes.set(category, pipe);
    return pipe;
  }

  /** The client's terminal; opened once, for all runs. @throws DeetError `terminal` or `client`. */
  async terminal(kind: 'integrated' | 'external', title: string, cwd: string): Promise<string> {
    const terminal = (this.#terminal ??= await ClientTerminal.open(this.client, kind, title, cwd));
    return terminal.path;
  }

  /** Runs a line of the prompt. Returns what it had to say. If it let the program run, the client hears where that ended. */
  async command(line: string): Promise<Result[]> {
    const results: Result[] = [];
    const before = this.#place();
    const running = setTimeout(() => {
      if (this.session.state === 'running')
        this.client.event('continued', { threadId: this.session.threads()[0]?.id ?? 0, allThreadsContinued: true });
    }, moment);
    this.#listening = results;
    try {
      await this.interruptible(() => this.interpreter.execute(line));
    } finally {
      clearTimeout(running);
      this.#listening = undefined;
    }
    this.client.afterwards(() => {
      this.#after(before, results);
    });
    return results;
  }

  /** Tells the client what a command has changed. */
  #after(before: string, results: readonly Result[]): void {
    const { session } = this;
    if (this.interpreter.left || (before !== '' && session.state === 'none')) {
      if (this.interpreter.left) session.kill();
      this.end(this.#exitCode ?? 137);
    } else if (
      session.state === 'stopped' &&
      session.lastStop &&
      (this.#place() !== before || results.some(({ type }) => type === 'stop'))
    ) {
      this.forget();
      this.report({ kind: 'stopped', stop: session.lastStop });
    } else if (session.state === 'stopped') this.changed();
  }

  /** Where the selected thread stands; empty without a program. */
  #place(): string {
    const thread = this.session.state === 'stopped' ? (this.session.selectedThread() ?? this.session.threads()[0]) : undefined;
    if (!thread) return this.session.state === 'none' ? '' : 'running';
    return thread.stopped ? `${thread.process.pid} ${thread.process.execs} ${thread.pc} ${thread.stackPointer}` : 'running';
  }

  /** An expression may call into the program, which may not come back: `interrupt` ends it. */
  async interruptible<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++;
    try {
      const done = work();
      if (this.client.interrupted) this.session.pause();
      return await done;
    } finally {
      this.#busy--;
    }
  }

  /** Ends what the client is waiting for, if anything. */
  interrupt(): void {
    if (this.#busy > 0) this.session.pause();
  }

  // Running

  get state(): Session['state'] {
    return this.session.state;
  }

  /** The thread with this number. @throws DeetError `no-thread`. */
  thread(id: number): Thread {
    const thread = this.session.threads().find((each) => each.id === id);
    if (!thread) throw new DeetError('no-thread', `There is no thread ${id}.`);
    return thread;
  }

  /** A thread to step or to look at. @throws DeetError `running` or `no-thread`. */
  stoppedThread(id: number): Thread {
    if (this.session.state === 'none') throw new DeetError('no-process', 'The program is not being run.');
    if (this.session.state === 'running') throw new DeetError('running', 'The program is running.', 'Pause it first.');
    return this.thread(id);
  }

  /** Lets the program run as soon as the request being handled has been answered. */
  resume(run: () => Promise<Outcome>): void {
    this.client.afterwards(() => {
      this.run(run);
    });
  }

  /** Lets the program run now; its stop or end is reported when it comes. */
  run(run: () => Promise<Outcome>): void {
    this.forget();
    this.#running = run().then(
      (outcome) => {
        this.report(outcome);
      },
      (error: unknown) => {
        this.output('stderr', `${error instanceof Error ? error.message : String(error)}\n`);
        this.afterFailure();
      },
    );
  }

  /** A run that failed to begin leaves the program where it was. */
  private afterFailure(): void {
    if (this.session.state === 'stopped' && this.session.lastStop) this.report({ kind: 'stopped', stop: this.session.lastStop });
    else if (this.session.state === 'none') this.end(undefined);
  }

  /** Resolves when the program does not run any more. */
  get settled(): Promise<void> {
    return this.#running;
  }

  /** Everything that was known of the last stop is void. */
  forget(): void {
    this.handles.forget();
    this.stop = undefined;
  }

  /** What ends now ends because it begins again: nothing is reported. */
  silence(): void {
    this.#silent = true;
  }

  report(outcome: Outcome): void {
    this.drain();
    if (this.#silent) return;
    if (outcome.kind === 'ended') {
      this.end(exitCodeOf(outcome.ending));
      return;
    }
    this.stop = outcome.stop;
    this.client.event('stopped', stoppedBody(outcome.stop, this));
  }

  drain(): void {
    for (const pipe of this.#pipes.values()) pipe.drain();
  }

  /** Nobody of the family is left. */
  end(exitCode: number | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.drain();
    if (exitCode !== undefined) this.client.event('exited', { exitCode });
    this.client.event('terminated');
  }

  /** The same program begins again. */
  restarted(): void {
    this.#ended = false;
    this.#silent = false;
    this.forget();
  }

  close(): void {
    this.#ended = true;
    this.interpreter.close();
    this.session.close();
    for (const pipe of this.#pipes.values()) pipe.close();
    this.#terminal?.close();
  }

  /** Something of the stopped program was changed: what the client shows of it may be wrong. */
  changed(address?: Address, count = 0): void {
    const { supportsInvalidatedEvent, supportsMemoryEvent } = this.client.capabilities;
    if (supportsMemoryEvent && address !== undefined) this.client.event('memory', { memoryReference: hex(address), offset: 0, count });
    if (supportsInvalidatedEvent) this.client.event('invalidated', { areas: ['variables'] });
  }

  // Frames

  /** The number of a frame; the same at every stop as long as the frame lives. */
  frameId(thread: Thread, frame: Frame): number {
    // Inlined calls share their function's activation, and several may begin at one address.
    const calls: number[] = [];
    for (let scope = frame.kind === 'inlined' ? frame.scope : undefined; scope; scope = scope.parent)
      if (scope.inlined) calls.push(scope.inlined.entry);
    const key = `frame ${thread.id} ${frame.cfa} ${frame.function?.entry ?? frame.pc} ${calls.join()} ${frame.kind}`;
    return this.handles.put(key, { kind: 'frame', thread, level: frame.level });
  }

  /** @throws DeetError `running` or `no-frame`. */
  frame(id: number): { readonly thread: Thread; readonly frame: Frame } {
    const entry = this.handles.get(id);
    if (this.session.state === 'running') throw new DeetError('running', 'The program is running.', 'Pause it first.');
    const frame = entry?.kind === 'frame' ? this.session.stack(entry.thread).frame(entry.level) : undefined;
    if (entry?.kind !== 'frame' || !frame) throw new DeetError('no-frame', `There is no frame ${id} any more.`);
    return { thread: entry.thread, frame };
  }

  /** Makes the session's idea of "here" that of the client. */
  select(thread: Thread, frame?: Frame): void {
    this.session.selectThread(thread);
    if (frame && frame.level > 0) this.session.selectFrame(frame.level);
  }
}

/** As a shell tells it: 128 and the number of the signal that killed. */
const exitCodeOf = (ending: Ending): number => (ending.kind === 'exited' ? ending.status : 128 + ending.signal);
