/**
 * The program being debugged, with all its processes: one engine, one interpreter, one place that lets it run. What clients see of it are views (debuggee.ts): one, or with
 * `childSessions` one for each process. As everywhere in deet a stop of one process stops all of them, and they go on together.
 */
import { Interpreter } from '../commands/interpreter.js';
import type { Result } from '../commands/results.js';
import { DeetError } from '../common/errors.js';
import type { Ending, Process } from '../inferior/process.js';
import { plain } from '../render/style.js';
import { toText } from '../render/text.js';
import type { Session } from '../session/session.js';
import type { Outcome } from '../session/types.js';
import type { ChildSessions } from './children.js';
import type { Debuggee } from './debuggee.js';
import { announce } from './family_events.js';
import { ReadingProgress } from './progress.js';
import { ProgramStreams } from './streams.js';

/** Milliseconds after which a command of the console that runs the program shows as running. */
const moment = 100;

export class Program {
  readonly interpreter: Interpreter;
  readonly streams: ProgramStreams;
  readonly #reading: ReadingProgress;
  /** The first is the client that launched or attached. */
  readonly views: Debuggee[] = [];
  /** With `childSessions`. */
  children: ChildSessions | undefined;
  /** Processes that have a view of their own, or are about to get one. Others belong to their parent's. */
  readonly #owners = new Map<Process, Debuggee>();
  #silent = false;
  /** Who wants to hear of the end of this run instead of the clients. */
  #instead: ((outcome: Outcome | undefined) => void) | undefined;
  /** How the first process ended. */
  #exitCode: number | undefined;
  /** While the debug console runs a command, its results are the answer and no events. */
  #listening: Result[] | undefined;
  #running: Promise<void> = Promise.resolve();
  /** A run has begun whose end has not been told. */
  #active = false;
  /** What uses the interpreter now: one command, or the commands of breakpoints, after another. */
  #interpreting: Promise<unknown> = Promise.resolve();

  constructor(readonly session: Session) {
    this.#reading = new ReadingProgress(session, () => (this.first?.ended ? undefined : this.first?.client));
    this.streams = new ProgramStreams((category, text) => {
      this.first?.output(category, text);
    });
    this.interpreter = new Interpreter(session, {
      frontEnd: { redirections: this.streams.redirections, asText: (result) => this.text(result) },
      listener: (result) => {
        if (this.#listening) this.#listening.push(result);
        else this.first?.output(result.type === 'error' ? 'stderr' : 'console', this.text(result));
      },
    });
    session.subscribe((event) => {
      if (event.type === 'exited' && event.process.parent === undefined) this.#exitCode = exitCodeOf(event.ending);
      if (event.type === 'started') this.streams.belongsTo(event.process.pid);
      announce(event, this);
      if (event.type === 'exited') this.#processEnded(event.process, event.ending);
    });
  }

  get first(): Debuggee | undefined {
    return this.views[0];
  }

  text(result: Result): string {
    return toText(result, { style: plain, sources: this.interpreter.sources, surface: () => ({ boxes: true, columns: 100 }) });
  }

  // Views

  /** Whose client shows this process. */
  viewOf(process: Process): Debuggee | undefined {
    return this.#owners.get(process) ?? (process.parent ? this.viewOf(process.parent) : this.first);
  }

  /** @param view undefined: its parent's */
  give(process: Process, view: Debuggee | undefined): void {
    if (view) this.#owners.set(process, view);
    else this.#owners.delete(process);
  }

  add(view: Debuggee): void {
    this.views.push(view);
  }

  /** A view without a client. Its processes are shown by their parents' from now on. */
  remove(view: Debuggee): void {
    if (view === this.first) return;
    this.views.splice(this.views.indexOf(view), 1);
    for (const [process, owner] of this.#owners) if (owner === view) this.#owners.delete(process);
  }

  /** The last process of a child session has ended; the first session lasts as long as the family. */
  #processEnded(process: Process, ending: Ending): void {
    const view = this.viewOf(process);
    if (view && view !== this.first && view.processes().every((each) => each === process || !each.alive)) view.end(exitCodeOf(ending));
  }

  // The debug console

  /** Runs a line of the prompt. Returns what it had to say. If it let the program run, the clients hear where that ended. */
  async command(line: string, view: Debuggee): Promise<Result[]> {
    await this.#interpreting;
    const results: Result[] = [];
    const before = this.#place();
    const running = setTimeout(() => {
      if (this.session.state === 'running') for (const each of this.views) each.continued();
    }, moment);
    this.#listening = results;
    const done = this.interpreter.execute(line);
    this.#interpreting = done;
    try {
      await done;
    } finally {
      clearTimeout(running);
      this.#listening = undefined;
    }
    view.client.afterwards(() => {
      this.#after(before, results);
    });
    return results;
  }

  /** Tells the clients what a command has changed. */
  #after(before: string, results: readonly Result[]): void {
    const { session } = this;
    if (this.interpreter.left || (before !== '' && session.state === 'none')) {
      if (this.interpreter.left) this.kill();
      this.#end(this.#exitCode ?? killed);
    } else if (this.#active) return;
    else if (session.state === 'stopped' && session.lastStop && (this.#place() !== before || results.some(({ type }) => type === 'stop'))) {
      this.#forget();
      this.#report({ kind: 'stopped', stop: session.lastStop });
    } else if (session.state === 'stopped') for (const view of this.views) view.changed();
  }

  /** Where the selected thread stands; empty without a program. */
  #place(): string {
    const thread = this.session.state === 'stopped' ? (this.session.selectedThread() ?? this.session.threads()[0]) : undefined;
    if (!thread) return this.session.state === 'none' ? '' : 'running';
    return thread.stopped ? `${thread.process.pid} ${thread.process.execs} ${thread.pc} ${thread.stackPointer}` : 'running';
  }

  // Running

  /** Lets the program run now; its stop or end is reported when it comes. */
  run(run: () => Promise<Outcome>, by: Debuggee | undefined = this.first): void {
    this.#forget();
    for (const view of this.views) if (view !== by) view.continued();
    this.#go(run, by);
  }

  #go(run: () => Promise<Outcome>, by: Debuggee | undefined): void {
    this.#active = true;
    this.#running = run().then(
      (outcome) => (this.#instead ? this.#instead(outcome) : this.#conclude(outcome)),
      (error: unknown) => {
        this.#active = false;
        by?.output('stderr', `${error instanceof Error ? error.message : String(error)}\n`);
        this.#afterFailure();
      },
    );
  }

  /** A run that failed to begin leaves the program where it was. */
  #afterFailure(): void {
    if (this.session.state === 'stopped' && this.session.lastStop) this.#report({ kind: 'stopped', stop: this.session.lastStop });
    else if (this.session.state === 'none') this.#end(undefined);
  }

  /** Resolves when the program does not run any more. */
  get settled(): Promise<void> {
    return this.#running;
  }

  /** The program has stopped or ended behind a request: the commands of the breakpoints that it met run first, and may let it run again. */
  async #conclude(outcome: Outcome): Promise<void> {
    this.streams.drain();
    const { session } = this;
    if (this.#silent || outcome.kind === 'ended') {
      this.#active = false;
      this.#report(outcome);
      return;
    }
    const before = session.lastStop;
    this.#interpreting = this.interpreter.stopped(outcome.stop);
    await this.#interpreting;
    this.#active = false;
    if (this.interpreter.left) this.kill();
    if (session.state === 'none') this.#end(this.#exitCode ?? killed);
    else if (session.state === 'stopped')
      this.#report(session.lastStop && session.lastStop !== before ? { kind: 'stopped', stop: session.lastStop } : outcome);
  }

  #report(outcome: Outcome): void {
    this.streams.drain();
    if (this.#silent) return;
    if (outcome.kind === 'ended') this.#end(exitCodeOf(outcome.ending));
    else for (const view of this.views) view.stopped(outcome.stop);
  }

  /** Everything that was known of the last stop is void. */
  #forget(): void {
    for (const view of this.views) view.forget();
  }

  #end(exitCode: number | undefined): void {
    for (const view of this.views) view.end(exitCode);
  }

  /** Kills and reaps the whole family, and says so. */
  async terminate(): Promise<void> {
    const dead = this.session.cores.current !== undefined;
    this.kill();
    await this.settled;
    this.#end(dead ? undefined : killed);
  }

  kill(): void {
    this.session.kill();
    for (const view of this.views) if (view !== this.first) view.end(killed);
  }

  /** What ends now ends because it begins again, or is let go: nothing is reported. */
  silence(): void {
    this.#silent = true;
  }

  /** The same program begins again. */
  restarted(): void {
    this.#silent = false;
    this.first?.restarted();
  }

  /** Lets processes go on without deet; the others as they were. */
  async detach(processes: readonly Process[]): Promise<void> {
    const { session } = this;
    const living = processes.filter(({ alive }) => alive);
    if (living.length === 0) return;
    const outcome = session.state === 'running' ? await this.#interlude() : undefined;
    for (const process of living) if (process.alive) session.detach(process);
    if (!outcome || session.state === 'none') return;
    const over = outcome.kind === 'ended' || (outcome.stop.reason !== 'pause' && !living.includes(outcome.stop.process));
    if (over) this.#running = this.#conclude(outcome);
    else this.#go(() => session.continue(), this.first);
  }

  /** Stops the program without a word. Resolves with what stopped it, which may be something else. */
  async #interlude(): Promise<Outcome | undefined> {
    const outcome = new Promise<Outcome | undefined>((resolve) => {
      this.#instead = resolve;
    });
    this.session.pause();
    await this.#running;
    this.#active = false;
    this.#instead?.(undefined);
    this.#instead = undefined;
    return outcome;
  }

  close(): void {
    for (const view of this.views) view.end(view === this.first ? undefined : killed);
    this.#reading.close();
    this.children?.close();
    this.interpreter.close();
    this.session.close();
    this.streams.close();
  }

  /** Ends what a client is waiting for: `pause` ends every run. @throws DeetError `no-process` */
  pause(): void {
    if (this.session.state === 'none') throw new DeetError('no-process', 'The program is not being run.');
    this.interpreter.abandonCommands();
    this.session.pause();
  }
}

/** SIGKILL's. */
const killed = 137;

/** As a shell tells it: 128 and the number of the signal that killed. */
const exitCodeOf = (ending: Ending): number => (ending.kind === 'exited' ? ending.status : 128 + ending.signal);
