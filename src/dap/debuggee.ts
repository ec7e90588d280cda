/**
 * What one client sees of the program: some or all of its processes, their stops, numbers for what it unfolds, and the breakpoints that it has asked for. All handlers work on it.
 */
import type { Interpreter } from '../commands/interpreter.js';
import type { Result } from '../commands/results.js';
import { hex, type Address } from '../common/addresses.js';
import { pauseIt } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Frame } from '../inferior/frame.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import type { Session } from '../session/session.js';
import type { Outcome, Stop } from '../session/types.js';
import { ClientBreakpoints } from './breakpoints.js';
import type { Client } from './client.js';
import { Handles } from './handles.js';
import type { CommonAttributes } from './launch_attributes.js';
import { SourcePaths } from './paths.js';
import type { Program } from './program.js';
import { bystanderBody, stoppedBody } from './stops.js';

export class Debuggee {
  readonly paths: SourcePaths;
  readonly handles = new Handles();
  readonly breakpoints = new ClientBreakpoints();
  #ended = false;
  #busy = 0;
  /** The last stop, if it was one of this view's processes. */
  stop: Stop | undefined;

  constructor(
    readonly program: Program,
    readonly client: Client,
    readonly attributes: CommonAttributes,
  ) {
    this.paths = new SourcePaths(attributes.sourceMap, program.session);
    program.add(this);
  }

  get session(): Session {
    return this.program.session;
  }

  get interpreter(): Interpreter {
    return this.program.interpreter;
  }

  output(category: 'console' | 'stdout' | 'stderr' | 'important', output: string): void {
    if (output === '' || this.#ended) return;
    // What the program has written so far was written before.
    if (category !== 'stdout' && category !== 'stderr') this.program.streams.drain();
    this.client.event('output', { category, output });
  }

  text(result: Result): string {
    return this.program.text(result);
  }

  get ended(): boolean {
    return this.#ended;
  }

  // Processes and threads

  owns(process: Process): boolean {
    return this.program.viewOf(process) === this;
  }

  processes(): Process[] {
    return this.session.processes().filter((process) => this.owns(process));
  }

  threads(): Thread[] {
    return this.session.threads().filter(({ process }) => this.owns(process));
  }

  /** The thread with this number. @throws DeetError `no-thread`. */
  thread(id: number): Thread {
    const thread = this.threads().find((each) => each.id === id);
    if (!thread) throw new DeetError('no-thread', `There is no thread ${id}.`);
    return thread;
  }

  /** A thread to step or to look at. @throws DeetError `running` or `no-thread`. */
  stoppedThread(id: number): Thread {
    if (this.session.state === 'none') throw new DeetError('no-process', 'The program is not being run.');
    if (this.session.state === 'running') throw new DeetError('running', 'The program is running.', pauseIt);
    return this.thread(id);
  }

  /** Makes the session's idea of "here" that of the client. */
  select(thread: Thread, frame?: Frame): void {
    this.session.selectThread(thread);
    if (frame && frame.level > 0) this.session.selectFrame(frame.level);
  }

  /** What a request means that names neither thread nor frame: something of this client's. */
  focus(): void {
    const selected = this.session.selectedThread();
    if (selected && this.owns(selected.process)) return;
    const mine = this.stop?.thread ?? this.threads().find(({ stopped }) => stopped);
    if (mine) this.session.selectThread(mine);
  }

  // Expressions and commands

  /** Runs a line of the prompt for this client. */
  command(line: string): Promise<Result[]> {
    return this.interruptible(() => this.program.command(line, this));
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

  // Running and stopping

  /** Lets the program run as soon as the request being handled has been answered. */
  resume(run: () => Promise<Outcome>): void {
    this.client.afterwards(() => {
      this.program.run(run, this);
    });
  }

  /** Everything that was known of the last stop is void. */
  forget(): void {
    this.handles.forget();
    this.stop = undefined;
  }

  /** Somebody else let the program run. */
  continued(): void {
    const threadId = this.threads()[0]?.id;
    if (!this.#ended && threadId !== undefined) this.client.event('continued', { threadId, allThreadsContinued: true });
  }

  stopped(stop: Stop): void {
    if (this.#ended) return;
    if (this.owns(stop.process)) {
      this.stop = stop;
      this.client.event('stopped', stoppedBody(stop, this));
    } else {
      const body = bystanderBody(stop, this);
      if (body) this.client.event('stopped', body);
    }
  }

  /** Nobody of the view's processes is left. */
  end(exitCode: number | undefined): void {
    if (this.#ended) return;
    this.program.streams.drain();
    this.#ended = true;
    if (exitCode !== undefined) this.client.event('exited', { exitCode });
    this.client.event('terminated');
    // There may be no turn after this one: the connections end with the program.
    this.client.flush();
  }

  restarted(): void {
    this.#ended = false;
    this.forget();
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
    if (this.session.state === 'running') throw new DeetError('running', 'The program is running.', pauseIt);
    const frame = entry?.kind === 'frame' ? this.session.stack(entry.thread).frame(entry.level) : undefined;
    if (entry?.kind !== 'frame' || !frame) throw new DeetError('no-frame', `There is no frame ${id} any more.`);
    return { thread: entry.thread, frame };
  }
}
