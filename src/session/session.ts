/**
 * A session: what a user drives; every front end (prompt, JSON, Debug Adapter, scripts) is a view of it. What lets the program run is asynchronous.
 */
import { resolve } from 'node:path';
import type { Address } from '../common/addresses.js';
import { nameProgram, pauseIt, startIt, typing } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import type { Frame, LoadedImage } from '../inferior/frame.js';
import type { Stack } from '../inferior/frames.js';
import { sharedImage } from '../inferior/shared_images.js';
import type { Process } from '../inferior/process.js';
import { wasKilled } from '../inferior/standstill.js';
import type { Thread } from '../inferior/thread.js';
import type { CallRequest, EvaluationContext } from '../language/context.js';
import type { Memory } from '../language/place.js';
import type { Value } from '../language/value.js';
import { resolveProgram, type ProgramLimits, type ProgramRedirection } from '../linux/launch.js';
import { openImage } from '../symbols/open.js';
import type { Breakpoint } from './breakpoint.js';
import { Breakpoints, type BreakOptions } from './breakpoints.js';
import { placeOfMain, type CurrentPlace, type FoundPlace } from './locations.js';
import { placesNamed } from './places_named.js';
import { Rebuilds } from './rebuilds.js';
import { RunControl } from './run_control.js';
import { imageOptions, Settings } from './settings.js';
import { giveSignal } from './signal_delivery.js';
import { SignalTable } from './signal_table.js';
import { leaveFrame } from './pop_frame.js';
import { Skips } from './skips.js';
import { LineStep } from './line_step.js';
import { InstructionStep } from './stepping.js';
import { finishFrame, moveTo, runToPlace } from './run_until.js';
import { callFunction, type WhenStopped } from './calls.js';
import { Cores } from './cores.js';
import type { Target } from './target.js';
import type { Outcome, Selection, SessionEvent, StepOptions, Stop } from './types.js';
import { Values } from './values.js';
import { arrivalAt } from './arrivals.js';
import { Catchpoints } from './catchpoints.js';
import { Watchpoints } from './watchpoints.js';
import { ProgramWorld } from './world.js';

export interface SessionOptions {
  readonly arguments?: readonly string[];
  readonly cwd?: string;
  /** Added to (or, when undefined as a value, taken from) deet's own environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly tty?: string;
  /** Hand the terminal to the program while it runs. */
  readonly terminal?: boolean;
  /** Nobody answers: signals that the program handles itself do not stop it. */
  readonly batch?: boolean;
}

export class Session {
  readonly settings = new Settings();
  readonly signals = new SignalTable();
  readonly breakpoints: Breakpoints;
  readonly values: Values;
  readonly world: ProgramWorld;
  readonly control: RunControl;
  readonly skips = new Skips();
  readonly watchpoints = new Watchpoints(this);
  readonly catchpoints = new Catchpoints(this);
  readonly cores = new Cores(this);
  /** Absolute path; undefined: none yet. */
  program: string | undefined;
  programArguments: readonly string[];
  redirections: readonly ProgramRedirection[] = [];
  limits: ProgramLimits = {};
  environment: Record<string, string | undefined>;
  readonly #options: SessionOptions;
  readonly #listeners = new Set<(event: SessionEvent) => void>();
  readonly #rebuilds = new Rebuilds();
  #records = 0;
  #selected: { readonly thread: Thread; level: number } | undefined;
  #closed = false;

  constructor(program?: string, options: SessionOptions = {}) {
    this.#options = options;
    this.programArguments = options.arguments ?? [];
    this.environment = { ...process.env, ...options.environment };
    this.world = new ProgramWorld(this.settings, (name, file) => this.skips.covers(name, file));
    this.values = new Values(this);
    this.breakpoints = new Breakpoints({
      programImage: () => this.programImage(),
      processes: () => this.control.processes(),
      currentPlace: () => this.currentPlace(),
      evaluateAddress: (expression) => this.values.address(expression),
      hit: (breakpoint, thread) => arrivalAt(breakpoint, thread, this),
      inProgram: (breakpoint, address, { images }) => this.values.inProgram(breakpoint, address, images.imageAt(address)),
      checksAtStops: () => this.settings.text('breakpoint condition-evaluation') === 'host',
      checkCondition: (condition, locations) => {
        this.values.check(
          condition,
          locations.flatMap(({ image, address }) => {
            const loaded = this.images().find((each) => each.image.path === image);
            return loaded ? [{ loaded, address }] : [];
          }),
        );
      },
      changed: (breakpoint, change) => {
        if (change === 'removed') this.watchpoints.removed(breakpoint.id);
        else if (change === 'changed') this.watchpoints.changed(breakpoint.id);
        this.#emit({ type: 'breakpoint', breakpoint, change });
      },
      warn: (text) => {
        this.announce(text, 'warning');
      },
    });
    this.control = new RunControl({
      settings: this.settings,
      signals: this.signals,
      breakpoints: this.breakpoints,
      world: this.world,
      emit: (event) => {
        if (event.type === 'executed' && !event.process.parent && this.settings.text('follow-exec-mode') === 'same')
          this.program = event.process.program;
        this.#emit(event);
      },
      batch: options.batch ?? false,
      terminal: options.terminal ?? false,
      watchpoints: this.watchpoints,
      catchpoints: this.catchpoints,
      selected: () => this.selectedThread(),
      recorded: () => this.#records > 0,
    });
    if (options.tty !== undefined) this.settings.set('inferior-tty', options.tty);
    if (program !== undefined) this.setProgram(program);
  }

  /** @param records keeps a record of the family: `exiting` is told, which costs a stop for each process, and where each was forked. @returns what ends the subscription. */
  subscribe(listener: (event: SessionEvent) => void, records = false): () => void {
    this.#listeners.add(listener);
    if (records) this.#records++;
    return () => {
      if (this.#listeners.delete(listener) && records) this.#records--;
    };
  }

  #emit(event: SessionEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  // The program

  /** Chooses the program to debug. @throws DeetError when it is no program; then nothing has changed. */
  setProgram(path: string): void {
    const found = resolve(resolveProgram(path));
    openImage(found, imageOptions(this.settings)).close();
    this.program = found;
    this.cores.reopen();
  }

  /** The living family, or the dead process that is looked at instead. */
  get #target(): Target {
    return this.cores.current ?? this.control;
  }

  requireLive(): void {
    this.#target.requireLive();
  }

  /** The program as a file, whether it runs or not. Read again when it has been rebuilt. */
  programImage(): LoadedImage | undefined {
    const image = this.program === undefined ? undefined : sharedImage(this.program, imageOptions(this.settings));
    this.#rebuilds.saw(image);
    return image && { image, bias: 0n };
  }

  /** The selected thread's, or else any that lives, whether it runs or not. */
  get currentProcess(): Process | undefined {
    const chosen = this.#selected?.thread.process;
    return chosen?.alive ? chosen : this.processes().find(({ alive }) => alive);
  }

  /** Images to look names up in: those of the current process, or the file before a run. */
  images(): readonly LoadedImage[] {
    const current = this.currentProcess;
    if (current) return current.images.all();
    const program = this.programImage();
    return program ? [program] : [];
  }

  // State and selection

  get state(): 'none' | 'stopped' | 'running' {
    return this.#target.state;
  }

  get lastStop(): Stop | undefined {
    return this.#target.lastStop;
  }

  processes(): Process[] {
    return this.#target.processes();
  }

  threads(): Thread[] {
    return this.#target.threads();
  }

  selectedThread(): Thread | undefined {
    const thread = this.#selected?.thread;
    return thread?.stopped && thread.process.alive ? thread : undefined;
  }

  /** Exists, whatever has become of it. @throws DeetError `no-process` or `running`. */
  chosenThread(): Thread {
    if (this.state === 'none') throw new DeetError('no-process', 'The program is not being run.', startIt);
    if (this.state === 'running') throw new DeetError('running', 'The program is running.', pauseIt);
    const thread = this.selectedThread();
    if (!thread) throw new DeetError('no-thread', 'No thread is selected.', typing('info threads', 'and choose one with "thread N"'));
    return thread;
  }

  /** @throws DeetError `no-process`, `running`; `killed`: only `continue` is left. */
  selection(): Selection {
    const thread = this.chosenThread();
    const { process } = thread;
    if (wasKilled(thread))
      throw new DeetError('killed', `Process ${process.pid} has been killed meanwhile.`, typing('continue', 'to see its end'));
    const stack = this.stack(thread);
    const frame = stack.frame(this.#selected?.level ?? 0) ?? stack.frame(0);
    if (!frame) throw new DeetError('no-frame', 'No stack.');
    return { process, thread, frame };
  }

  /** What is selected, to let it run or change. @throws DeetError also `post-mortem` */
  liveSelection(): Selection {
    this.requireLive();
    return this.selection();
  }

  selectThread(thread: Thread): void {
    this.#selected = { thread, level: 0 };
  }

  /** @throws DeetError `no-frame`. */
  selectFrame(level: number): Frame {
    const { thread } = this.selection();
    const frame = this.stack(thread).frame(level);
    if (!frame)
      throw new DeetError('no-frame', level < 0 ? 'Bottom (innermost) frame selected; you cannot go down.' : `No frame at level ${level}.`);
    this.#selected = { thread, level };
    return frame;
  }

  stack(thread = this.selection().thread): Stack {
    return this.world.stack(thread);
  }

  /** Where relative places count from: the selected frame, or before a run the file of main. */
  currentPlace(): CurrentPlace {
    if (this.state === 'stopped' && this.selectedThread()) {
      const { position, pc: address } = this.selection().frame;
      return { ...(position ? { file: position.file.path, line: position.line } : placeOfMain(this.programImage()?.image)), address };
    }
    return placeOfMain(this.programImage()?.image);
  }

  // Run control

  /** Starts the program from its beginning; a live family is killed and reaped first. */
  async run(): Promise<Outcome> {
    this.launch();
    return this.#ran(() => this.control.resume());
  }

  /** Runs to main, or stops at the very first instruction. */
  async start(where: 'main' | 'first-instruction'): Promise<Outcome> {
    if (where === 'main') {
      this.breakpoints.create('main', { temporary: true });
      return this.run();
    }
    const thread = this.launch();
    return this.#settle(this.control.stopHere(thread, 'entry'));
  }

  /** Starts the program and leaves it before its first instruction. */
  launch(): Thread {
    if (this.program === undefined) throw new DeetError('no-program', 'No program to run.', nameProgram);
    this.kill();
    this.breakpoints.countAnew();
    const rebuilt = this.#rebuilds.running(this.programImage()?.image);
    if (rebuilt !== undefined) this.announce(rebuilt, 'note');
    const tty = this.settings.text('inferior-tty');
    const cwd = this.settings.text('cwd') || this.#options.cwd;
    const thread = this.control.launch({
      program: this.program,
      arguments: this.programArguments,
      environment: this.environment,
      redirections: this.redirections,
      limits: this.limits,
      disableRandomization: this.settings.flag('disable-randomization'),
      ...(cwd && { cwd }),
      ...(tty && { tty }),
    });
    this.selectThread(thread);
    return thread;
  }

  /**
   * Takes over a running process, with `family` all that descend from it, too; it stands still afterwards. One that descends from a process that is being debugged joins it;
   * else what was debugged before is killed. @throws DeetError `attach`.
   */
  async attach(pid: number, family = false): Promise<Outcome> {
    if (!this.control.joins(pid)) this.kill();
    const thread = this.control.attach(pid, family);
    this.program ??= thread.process.program;
    return Promise.resolve(this.#settle(this.control.stopHere(thread, 'pause', { unasked: true })));
  }

  /** Lets a process (by default the current one) go on without deet. */
  detach(process = this.selection().process): void {
    this.requireLive();
    this.control.detach(process);
    const next = this.threads().find(({ stopped }) => stopped);
    this.#selected = next && { thread: next, level: 0 };
  }

  /** @param ignore passes the current breakpoint so many times without stopping, as `continue N` does with N - 1. */
  async continue(ignore = 0): Promise<Outcome> {
    this.requireLive();
    this.chosenThread();
    const here = this.lastStop?.breakpoints[0];
    if (ignore > 0 && here) this.breakpoints.update(here.id, { ignoreCount: ignore });
    return this.#ran(() => this.control.resume());
  }

  /** step, next, stepi, nexti; with a count they end early at anything but a completed step. */
  async step({ over, instruction, count = 1, into }: StepOptions): Promise<Outcome> {
    return this.#ran(async () => {
      const { thread } = this.liveSelection();
      if (instruction && count > 0) return this.#carryOut(new InstructionStep(this.world, thread, over, count));
      let outcome: Outcome | undefined;
      for (let done = 0; done < count; done++) {
        outcome = await this.#carryOut(new LineStep(this.world, thread, { over, ...(into !== undefined && { into }) }));
        if (outcome.kind === 'ended' || outcome.stop.reason !== 'step') break;
      }
      return outcome ?? this.control.stopHere(thread, 'step');
    });
  }

  /** A step of one thread, which the others may have to wait for. */
  #carryOut(plan: LineStep | InstructionStep, isStep = true): Promise<Outcome> {
    plan.locksOthers = isStep && this.settings.text('scheduler-locking') === 'step';
    if ('immediate' in plan && plan.immediate) return Promise.resolve(this.control.stopHere(plan.thread, 'step'));
    return this.control.resume(plan);
  }

  /** Runs until the selected frame returns. `begins`: it can. */
  async finish(begins?: () => void): Promise<Outcome> {
    return this.#ran(() => {
      const { frame, thread } = this.liveSelection();
      const inFrame = frame.kind === 'inlined' ? this.stack(thread).frame(frame.level + 1) : undefined;
      if (!inFrame) return finishFrame(this, begins);
      // An inlined call has no return address: its caller's line is stepped on until the call is over.
      begins?.();
      return this.#carryOut(new LineStep(this.world, thread, { over: true, inFrame }), false);
    });
  }

  /** Behind main there is only the C library (`set backtrace past-main on` shows it). */
  endsAtMain(frame: Frame): boolean {
    const isMain = frame.functionName === 'main' || frame.function?.isMain === true;
    return isMain && frame.kind !== 'inlined' && !this.settings.flag('backtrace past-main');
  }

  /** Without a place: like next, but does not go back in a loop. With a place: runs there in the same frame, or to the caller. */
  async until(place?: string): Promise<Outcome> {
    return this.#ran(() => {
      if (place !== undefined) return runToPlace(this, place, true);
      const { thread } = this.liveSelection();
      return this.#carryOut(new LineStep(this.world, thread, { over: true, notBackward: true }), false);
    });
  }

  /** Runs to a place in whatever frame, or to the caller. */
  async advance(place: string): Promise<Outcome> {
    return this.#ran(() => runToPlace(this, place, false));
  }

  /** Leaves the selected function, and all that it called, at once; with a value, as its result. */
  async returnNow(value?: string): Promise<void> {
    await leaveFrame(this, value);
  }

  /** Goes on at another place. `leaves`: may it be in another function, whose frame there is none of? */
  async jump(place: string, leaves: (target: FoundPlace) => boolean = () => true): Promise<Outcome> {
    return this.#ran(() => {
      moveTo(this, place, leaves);
      return this.control.resume();
    });
  }

  /** Goes on with a signal of the user's choice; 0: with none. */
  async signalAndContinue(signal: number): Promise<Outcome> {
    return this.#ran(() => {
      this.queueSignal(signal);
      return this.control.resume();
    });
  }

  /** The selected thread gets this signal when it goes on; 0: none. */
  queueSignal(signal: number): void {
    giveSignal(this.liveSelection().thread, signal);
  }

  pause(): void {
    this.control.pause();
  }

  /** Kills and reaps everything. Returns the pids. */
  kill(): number[] {
    this.#selected = undefined;
    this.cores.close();
    const killed = this.control.kill();
    this.breakpoints.resetToFile();
    return killed;
  }

  /** Kills and reaps one process of the family. */
  killOne(process: Process): void {
    this.control.killOne(process);
    if (this.#selected && !this.#selected.thread.process.alive) {
      const next = this.threads().find(({ stopped }) => stopped);
      this.#selected = next && { thread: next, level: 0 };
    }
  }

  /** Ends the session: nothing of the family is left. Idempotent, synchronous. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.cores.close();
    this.control.dispose();
  }

  /** What makes the program run. Where that cannot even begin because it was killed while it stood, its end is the outcome. */
  async #ran(run: () => Promise<Outcome>): Promise<Outcome> {
    const standing = this.selectedThread();
    try {
      return this.#settle(await run());
    } catch (error) {
      if (!standing || !wasKilled(standing)) throw error;
      return this.#settle(await this.control.resume());
    }
  }

  /** Selects what stopped. */
  #settle(outcome: Outcome): Outcome {
    const value = outcome.kind === 'stopped' ? outcome.stop.call?.value : undefined;
    if (value && outcome.kind === 'stopped')
      outcome = { kind: 'stopped', stop: { ...outcome.stop, returned: { value, number: this.values.record(value) } } };
    this.#selected = outcome.kind === 'stopped' ? { thread: outcome.stop.thread, level: 0 } : undefined;
    if (outcome.kind === 'ended') this.values.ended(outcome.ending);
    return outcome;
  }

  // Breakpoints

  /** @throws DeetError `no-symbol`, `no-file`, `no-line`, `memory`, `bad-location`. */
  break(spec: string, options: BreakOptions = {}): Breakpoint {
    return this.breakpoints.create(spec, options);
  }

  /** The places of a specification, for list, info line, until, jump. @throws DeetError when there is none. */
  resolvePlaces(text: string): FoundPlace[] {
    return placesNamed(text, this);
  }

  imageAt(address: Address): LoadedImage | undefined {
    const current = this.#selected?.thread.process;
    if (current?.alive) return current.images.imageAt(address);
    const program = this.programImage();
    return program && address >= BigInt(program.image.span.low) && address < BigInt(program.image.span.high) ? program : undefined;
  }

  /** A sentence for the user, outside of any command's result. */
  announce(text: string, level: 'note' | 'warning' | 'log'): void {
    this.#emit({ type: 'message', text, level });
  }

  /** Carries out a call into the program that an expression asks for. */
  call(request: CallRequest, whenStopped: WhenStopped = 'give-up'): Promise<Value> {
    return callFunction(this, this.liveSelection().thread, request, whenStopped);
  }

  /** The world of expressions as a frame sees it; without one, that of the program's globals. */
  context(frame?: Frame, memory?: (real: Memory) => Memory): EvaluationContext {
    return this.values.context(frame, undefined, memory);
  }

  /** @throws DeetError in the user's words. */
  async evaluate(text: string, frame?: Frame): Promise<Value> {
    return this.values.evaluate(text, frame);
  }
}
