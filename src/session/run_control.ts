/**
 * Run control: starts and ends the family, carries out steps, and turns the engine's halts into stops for the user. One command at a time: a second one while the
 * family runs is refused in the user's words.
 */
import { pauseIt } from '../common/advice.js';
import { DeetError } from '../common/errors.js';
import { Engine } from '../inferior/engine.js';
import type { TrapOwner } from '../inferior/debug_registers.js';
import type { EngineHooks, Halt } from '../inferior/engine_types.js';
import type { MappedImage } from '../inferior/images.js';
import type { Ending, Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { Signal } from '../linux/constants.js';
import { launchProgram, type LaunchOptions } from '../linux/launch.js';
import { readAncestors, readStatus } from '../linux/proc.js';
import { seizeLaunched } from '../linux/seize.js';
import { attachDescendants, attachTo, leftBehind } from './attaching.js';
import type { Breakpoint } from './breakpoint.js';
import type { Breakpoints } from './breakpoints.js';
import { finishedCall } from './calls.js';
import { exceptionOf } from './exceptions.js';
import { Guards } from './guards.js';
import { JobControl } from './job_control.js';
import { Locking, type KeptBack } from './locking.js';
import { isBeginning, watchLoader, type LoaderListener } from './loader.js';
import { PlantedLocation } from './planted.js';
import { missingRights } from './privileges.js';
import { Recording } from './recording.js';
import { SelfTracing } from './self_tracing.js';
import { imageOptions, type Settings } from './settings.js';
import { SignalArrivals, type SignalVerdict } from './signal_arrivals.js';
import type { SignalTable } from './signal_table.js';
import type { PlanBase } from './stepping.js';
import type { Target } from './target.js';
import { Terminal } from './terminal.js';
import type { Outcome, SessionEvent, Stop, StopReason } from './types.js';
import type { Catchpoints } from './catchpoints.js';
import { watchStop, type Watchpoints } from './watchpoints.js';
import type { ProgramWorld } from './world.js';

export interface RunControlParts {
  readonly settings: Settings;
  readonly signals: SignalTable;
  readonly breakpoints: Breakpoints;
  readonly world: ProgramWorld;
  readonly emit: (event: SessionEvent) => void;
  /** Nobody is there to answer: signals that the program handles itself do not stop it. */
  readonly batch: boolean;
  /** Hand the terminal to the program while it runs. */
  readonly terminal: boolean;
  readonly watchpoints: Watchpoints;
  readonly catchpoints: Catchpoints;
  readonly selected: () => Thread | undefined;
  /** Somebody keeps a record of the family (EngineHooks), and wants to look at processes that are about to end. */
  readonly recorded: () => boolean;
}

export class RunControl implements EngineHooks, LoaderListener, Target {
  readonly engine = new Engine(this);
  readonly #parts: RunControlParts;
  readonly #terminal: Terminal | undefined;
  #root: { readonly pid: number; ending: Ending | undefined } | undefined;
  readonly #caught: Breakpoint[] = [];
  #imageNews: NonNullable<Stop['images']> = { added: [], removed: [] };
  /** deet itself is ending the family: no news. */
  #killing = false;
  readonly #selfTracing: SelfTracing;
  readonly #recording: Recording;
  readonly #guards: Guards;
  /** Parents that are left behind: follow-fork-mode child. */
  readonly #left = new Set<Process>();
  readonly #jobs: JobControl;
  readonly #signals: SignalArrivals;
  readonly #locking: Locking;
  lastStop: Stop | undefined;

  constructor(parts: RunControlParts) {
    this.#parts = parts;
    const note = (text: string): void => this.#note(text);
    this.#guards = new Guards({
      settings: parts.settings,
      family: this.engine.family,
      standing: () => this.#locking.standing,
      note,
      stop: () => {
        this.pause();
      },
    });
    this.#jobs = new JobControl(parts.emit);
    this.#signals = new SignalArrivals(parts, this.#jobs, {
      threads: () => this.threads(),
      caught: (signal) => this.#catchIf(parts.catchpoints.signal(signal)),
    });
    this.#locking = new Locking(
      parts.settings,
      () => this.threads(),
      (text) => {
        note(text);
        this.pause();
      },
    );
    this.#selfTracing = new SelfTracing(this.engine, (process) => {
      parts.breakpoints.processForgotten(process);
      note(`[Process ${process.pid} is about to be traced by the program itself: deet lets it go]`);
    });
    this.#recording = new Recording({ emit: parts.emit, recorded: () => this.recorded && !this.#killing });
    this.#terminal = parts.terminal ? new Terminal(0) : undefined;
  }

  get alive(): boolean {
    return this.engine.family.size > 0;
  }

  get state(): Target['state'] {
    if (!this.alive) return 'none';
    return this.engine.running ? 'running' : 'stopped';
  }

  requireLive(): void {
    // it is, or it is no process at all, which whoever needs one says
  }

  /** Followed processes, oldest first. */
  processes(): Process[] {
    return [...this.engine.family.processes()].filter(({ muted }) => !muted);
  }

  threads(): Thread[] {
    return [...this.engine.family.threads()].filter(({ process }) => !process.muted);
  }

  /** Starts a program; it stands before its first instruction. @throws DeetError `launch`. */
  launch(options: LaunchOptions): Thread {
    this.#idle();
    this.engine.family.restartNumbers();
    this.engine.family.imageOptions = imageOptions(this.#parts.settings);
    const { pid } = launchProgram({ ...options, foreground: this.#terminal?.present ?? false });
    seizeLaunched(pid);
    this.#terminal?.started(pid);
    this.#terminal?.take(false);
    const thread = this.engine.family.begin(pid, 'launch');
    this.#root = { pid, ending: undefined };
    this.#parts.emit({ type: 'started', process: thread.process });
    this.#note(missingRights(thread.process));
    watchLoader(thread.process, this);
    return thread;
  }

  #note(text: string | undefined): void {
    if (text !== undefined) this.#parts.emit({ type: 'message', level: 'note', text });
  }

  /** A running process that descends from one that is debugged: attached to, it joins the family. */
  joins(pid: number): boolean {
    return [readStatus(pid)?.threadGroup ?? pid, ...readAncestors(pid)].some((each) => this.engine.family.process(each));
  }

  /** Takes over a running process with all its threads; `family`: with all that descend from it, too. @throws DeetError `attach`. */
  attach(pid: number, family: boolean): Thread {
    this.#idle();
    const first = !this.alive;
    if (first) {
      this.engine.family.restartNumbers();
      this.engine.family.imageOptions = imageOptions(this.#parts.settings);
    }
    const thread = attachTo(pid, this.engine, this.#attachListener);
    if (first) this.#root = { pid: thread.process.pid, ending: undefined };
    if (family) this.attachDescendants([thread.process]);
    else this.#note(leftBehind(thread.process));
    return thread;
  }

  /** Takes over what descends from these and was running before they were traced. */
  attachDescendants(processes: readonly Process[]): void {
    this.#idle();
    attachDescendants(processes, this.engine, this.#attachListener);
  }

  readonly #attachListener = {
    note: (text: string): void => this.#note(text),
    taken: (process: Process, text: string): void => {
      this.#parts.emit({ type: 'started', process });
      this.#note(text);
      // In memory that it shares (vfork) all is in place.
      if (process.parent && process.space.shared) this.#parts.breakpoints.forked(process.parent, process);
      else watchLoader(process, this);
      this.#jobs.attached(process);
    },
  };

  /** Lets a process go: no int3, no debug register and no stop of deet's is left in it. */
  detach(process: Process): void {
    this.#idle();
    this.#letGo(process);
  }

  #letGo(process: Process): void {
    this.#parts.breakpoints.processForgotten(process);
    this.#parts.watchpoints.processForgotten(process);
    this.engine.release(process);
    if (!this.alive) {
      this.#terminal?.take(true);
      this.lastStop = undefined;
    }
  }

  /** Ends one process; the others stand where they are. */
  killOne(process: Process): void {
    this.#idle();
    this.engine.killAll(process);
    if (!this.alive) this.#terminal?.take(true);
  }

  #idle(): void {
    if (this.engine.running) throw new DeetError('running', 'The program is running.', pauseIt);
  }

  /** Lets the family run, with a plan or freely, to the next reason to stop. */
  async resume(plan?: PlanBase): Promise<Outcome> {
    this.#idle();
    for (const thread of this.threads()) this.#parts.world.resumed(thread);
    if (this.processes().every(({ held }) => held)) throw new DeetError('held', 'Every process is held.', 'Let one go: release N');
    this.engine.plan = plan;
    const mover = plan?.thread ?? this.#parts.selected() ?? this.lastStop?.thread;
    this.#locking.begin(mover?.process.alive ? mover : undefined);
    const displaced = this.#parts.settings.text('displaced-stepping');
    this.engine.outOfLine = displaced === 'on' || displaced === 'off' ? displaced : 'auto';
    const evaluation = this.#parts.settings.text('breakpoint condition-evaluation');
    this.engine.probing.mode = evaluation === 'host' ? 'off' : evaluation === 'target' ? 'on' : 'auto';
    this.#parts.emit({ type: 'resumed' });
    this.#terminal?.give();
    this.#guards.begin();
    this.#jobs.wake();
    let halt: Halt;
    try {
      halt = await this.engine.run();
    } finally {
      this.#guards.end();
      this.#terminal?.take(!this.alive);
    }
    return this.#outcome(halt, plan);
  }

  /** The outcome of something that stops without the program having run, such as a step into an inlined call. */
  stopHere(thread: Thread, reason: StopReason, facts: Pick<Stop, 'unasked'> = {}): Outcome {
    return this.#stopped({ ...this.#stopOf(thread, reason), ...facts });
  }

  #outcome(halt: Halt, plan: PlanBase | undefined): Outcome {
    this.#parts.breakpoints.settle();
    if (halt.kind === 'ended') {
      this.lastStop = undefined;
      this.engine.killAll(); // muted processes do not outlive those that are followed
      const root = this.#root ?? { pid: 0, ending: undefined };
      return { kind: 'ended', pid: root.pid, ending: root.ending ?? { kind: 'killed', signal: Signal.SIGKILL, coreDumped: false } };
    }
    halt.thread.passed = halt.thread.pc;
    this.#showInlined(halt, plan);
    const call = finishedCall(halt.thread);
    if (call) return this.#stopped({ ...this.#stopOf(halt.thread, 'step'), call });
    return this.#stopped(this.#describe(halt, plan));
  }

  #stopped(stop: Stop): Outcome {
    this.lastStop = stop;
    this.#parts.emit({ type: 'stopped', stop });
    this.#parts.breakpoints.applyDispositions(stop.breakpoints);
    return { kind: 'stopped', stop };
  }

  #stopOf(thread: Thread, reason: StopReason): Stop {
    return { reason, process: thread.process, thread, breakpoints: [], newFrame: true, notes: [] };
  }

  /** A thread that stops before inlined calls is shown to be in those that it was to be stopped in. */
  #showInlined(halt: Exclude<Halt, { kind: 'ended' }>, plan: PlanBase | undefined): void {
    const hit = halt.kind === 'sites' ? halt.owners.filter((owner) => owner instanceof PlantedLocation) : [];
    const functions = hit.map(({ location }) => (location.opensFunction ? location.function : undefined));
    if (plan?.thread === halt.thread) functions.push(...plan.showsInlined());
    if (functions.length > 0) this.#parts.world.revealTo(halt.thread, functions);
  }

  #describe(halt: Exclude<Halt, { kind: 'ended' }>, plan: PlanBase | undefined): Stop {
    const { thread } = halt;
    switch (halt.kind) {
      case 'sites': {
        const hit = halt.owners.filter((owner) => owner instanceof PlantedLocation);
        const breakpoints = [...new Set(hit.map(({ breakpoint }) => breakpoint))].sort((a, b) => a.id - b.id);
        const notes = this.#parts.watchpoints
          .takeEnded()
          .map(({ breakpoint }) => `Watchpoint ${breakpoint.id} deleted: its frame has ended`);
        const exception = exceptionOf(breakpoints, thread);
        return { ...this.#stopOf(thread, exception ? 'exception' : 'breakpoint'), breakpoints, notes, ...(exception && { exception }) };
      }
      case 'step': {
        const ended = this.#parts.watchpoints.takeEnded();
        if (ended.length > 0)
          return { ...this.#stopOf(thread, 'watchpoint'), watch: ended, breakpoints: ended.map(({ breakpoint }) => breakpoint) };
        const caught = this.#takeCaught();
        if (caught.breakpoints.length > 0) return { ...this.#stopOf(thread, 'location'), ...caught, images: this.#imageNews };
        return { ...this.#stopOf(thread, 'step'), notes: plan?.notes ?? [] };
      }
      case 'signal':
        return { ...this.#stopOf(thread, 'signal'), ...this.#takeCaught(), signal: this.#signals.stopped(thread, halt.signal) };
      case 'event':
        return {
          ...this.#stopOf(thread, halt.event.kind),
          ...this.#takeCaught(),
          ...(halt.event.kind === 'exec' ? { program: halt.event.program } : { child: halt.event.child }),
          ...this.#guards.reached,
        };
      case 'trap':
        this.#parts.watchpoints.takeEnded();
        return { ...this.#stopOf(thread, 'watchpoint'), ...halt.detail };
      case 'pause':
        return {
          ...this.#stopOf(thread, this.#guards.hung ? 'hang' : 'pause'),
          ...this.#guards.reached,
          ...(this.#locking.hasStopped && { unasked: true }),
        };
    }
  }

  /** The catchpoint that is behind the halt which is being described. */
  #takeCaught(): { breakpoints: Breakpoint[] } {
    return { breakpoints: this.#caught.splice(0) };
  }

  #catchIf(breakpoint: Breakpoint | undefined): boolean {
    if (breakpoint) this.#caught.push(breakpoint);
    return breakpoint !== undefined;
  }

  /** Stops all; `resume` ends with reason `pause`. */
  pause(): void {
    if (this.engine.running) this.engine.requestPause();
  }

  /** Kills and reaps the whole family. Returns the pids that were alive. */
  kill(): number[] {
    const pids = [...this.engine.family.processes()].map(({ pid }) => pid);
    this.#selfTracing.endReleased();
    if (pids.length > 0) {
      this.#killing = true;
      this.engine.killAll();
      this.#killing = false;
      this.#terminal?.take(true);
      this.lastStop = undefined;
    }
    return pids;
  }

  dispose(): void {
    const attached = this.processes().filter((process) => process.wasAttached);
    if (attached.length > 0) this.engine.stopAll();
    for (const process of attached) this.#letGo(process);
    this.kill();
    this.engine.dispose();
  }

  // EngineHooks

  get recorded(): boolean {
    return this.#parts.recorded();
  }

  jobStopped(): boolean {
    if (this.#parts.batch) return false;
    this.#jobs.told(this.processes());
    return true;
  }

  signalArrived(thread: Thread, signal: number): SignalVerdict {
    this.#recording.arrived(thread, signal);
    return this.#signals.arrived(thread, signal);
  }

  adopt(child: Process, parent: Process): 'follow' | 'mute' {
    if (parent.muted) return 'mute';
    const { settings } = this.#parts;
    const mode = settings.text('follow-fork-mode');
    if (mode === 'both') return 'follow';
    // Who is not followed runs on unseen, or stands still until it is released, or runs as all others, if that was asked for.
    if (settings.flag('detach-on-fork')) {
      if (mode === 'parent') return 'mute';
      this.#left.add(parent);
    } else if (!settings.isAsked('schedule-multiple')) (mode === 'child' ? parent : child).held = true;
    return 'follow';
  }

  born(child: Process, thread: Thread): boolean {
    if (this.#killing) return false;
    if (!child.muted) this.#parts.breakpoints.forked(thread.process, child);
    this.#parts.watchpoints.forked(thread, child);
    for (const sites of [this.#selfTracing.sites, ...this.#recording.sites]) sites.born(child, thread.process);
    this.#recording.born(child);
    if (this.#left.delete(thread.process)) {
      this.#parts.breakpoints.processForgotten(thread.process);
      this.engine.family.mute(thread.process);
    }
    this.#parts.emit({ type: 'forked', parent: thread.process, child });
    const caught = this.#catchIf(this.#parts.catchpoints.family(child.origin === 'vfork' ? 'vfork' : 'fork'));
    return this.#guards.born(child, thread.process) || caught;
  }

  executed(process: Process): boolean {
    this.#parts.breakpoints.executed(process);
    this.#parts.watchpoints.processForgotten(process);
    if (!process.muted) watchLoader(process, this);
    this.#parts.emit({ type: 'executed', process });
    if (!process.muted) this.#note(missingRights(process));
    return this.#catchIf(this.#parts.catchpoints.family('exec'));
  }

  ended(process: Process): void {
    this.#parts.breakpoints.processForgotten(process);
    this.#parts.watchpoints.processForgotten(process);
    const { ending } = process;
    if (this.#root?.pid === process.pid) this.#root.ending = ending;
    if (ending && !this.#killing) this.#parts.emit({ type: 'exited', process, ending, last: !this.engine.family.anyAwaited() });
    const { mover } = this.#locking;
    if (mover?.process === process && !this.#killing) this.#locking.ended(mover);
  }

  threadBorn(thread: Thread): void {
    this.#parts.emit({ type: 'thread', thread, change: 'started' });
  }

  threadEnded(thread: Thread): void {
    if (!this.#killing) this.#forgetThread(thread);
    this.#parts.emit({ type: 'thread', thread, change: 'ended' });
    if (!this.#killing) this.#locking.ended(thread);
  }

  #forgetThread(thread: Thread): void {
    const { breakpoints, watchpoints } = this.#parts;
    watchpoints.threadEnded(thread);
    for (const id of breakpoints.threadEnded(thread)) {
      this.#note(`Thread-specific breakpoint ${id} deleted - thread ${thread.id} no longer in the thread list.`);
    }
  }

  trapped(thread: Thread, touched: readonly TrapOwner[]): object | undefined {
    const watch = this.#parts.watchpoints.check(thread, touched);
    return watch.length > 0 ? watchStop(watch) : undefined;
  }

  syscallStopped(thread: Thread): object | undefined {
    const watch = this.#parts.watchpoints.wantsSyscalls(thread.process) ? this.#parts.watchpoints.afterSyscall(thread) : [];
    if (watch.length > 0) return watchStop(watch);
    const caught = this.#parts.catchpoints.syscall(thread);
    return caught && { reason: 'syscall', syscall: caught.report, breakpoints: [caught.breakpoint] };
  }

  wantsSyscalls(thread: Thread): boolean {
    if (thread.process.muted) return false;
    return this.#parts.catchpoints.wantsSyscalls || this.#parts.watchpoints.wantsSyscalls(thread.process);
  }

  wantsSteps(thread: Thread): boolean {
    // What the dynamic linker writes at the start is no change for a watchpoint: a hundred thousand instructions less to step.
    return this.mayWantSteps(thread) && !isBeginning(thread.process);
  }

  mayWantSteps({ process }: Thread): boolean {
    return !process.muted && this.#parts.watchpoints.stepping(process);
  }

  exiting(thread: Thread): void {
    if (!this.#killing) this.#recording.exiting(thread);
  }

  beforeResume(thread: Thread): void {
    this.#recording.beforeResume(thread);
  }

  mayRun(thread: Thread): boolean {
    return this.#locking.mayRun(thread);
  }

  keptBack(thread: Thread): KeptBack | undefined {
    return this.#locking.keptBack(thread);
  }

  // LoaderListener

  imagesChanged(process: Process, added: readonly MappedImage[], removed: readonly MappedImage[]): boolean {
    this.#parts.breakpoints.imagesRemoved(process, removed);
    this.#parts.breakpoints.imagesAdded(process, added);
    this.#parts.watchpoints.imagesAdded(process);
    const paths = (images: readonly MappedImage[]): string[] => images.map(({ image }) => image.path);
    const news = { added: paths(added), removed: paths(removed) };
    this.#imageNews = news;
    this.#parts.emit({ type: 'images', process, ...news });
    if (added.length > 0) this.#catchIf(this.#parts.catchpoints.images('load', news.added));
    if (removed.length > 0) this.#catchIf(this.#parts.catchpoints.images('unload', news.removed));
    return this.#caught.length > 0;
  }
}
