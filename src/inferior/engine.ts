/**
 * The engine: lets threads run, takes what the kernel reports of them, and decides - in one place, `#decide` - whether that is a reason to stop.
 * All-stop: when one thread has a reason, all stand still before anybody hears of it (standstill.ts). Events that other threads had at the same moment are
 * decided upon at the next resumption, each once.
 */
import { PtraceEvent, Signal, TrapCode } from '../linux/constants.js';
import type { WaitEvent } from '../linux/status.js';
import { waitHub, type WaitClient } from '../linux/wait.js';
import { trapCode } from './blocked_trap.js';
import type { EngineHooks, FamilyEvent, Halt } from './engine_types.js';
import { Family } from './family.js';
import { killFamily, releaseStopped } from './family_end.js';
import { isBeginning, isStanding, leavesStanding } from './newborns.js';
import type { StepPlan } from './plan.js';
import { Probing } from './probing.js';
import { correctSignalInfo, slotOf } from './out_of_line.js';
import type { Process } from './process.js';
import { int3, type Site, type SiteOwner } from './sites.js';
import { quiesce, shows, stash, stopThose, unlessKilled } from './standstill.js';
import { hasComeBack, hasNotStepped, hasOwnInt3, isFault, isOwnTrap, untoldSite, willRestart } from './stop_facts.js';
import type { Thread } from './thread.js';
import { mindTrapFlag } from './trap_flag.js';

/** Seconds of uninterrupted work before other things in this JavaScript thread (Ctrl-C, a test's own client) get their turn. */
const breath = 0.01;

export class Engine implements WaitClient {
  readonly family: Family;
  plan: StepPlan | undefined;
  /** Whether threads pass sites by slots: always, when it pays, never. Where there can be no slot they are stepped over. */
  outOfLine: 'on' | 'auto' | 'off' = 'auto';
  readonly probing = new Probing();
  #pauseWanted = false;
  #running = false;
  /** A reason to stop that was found outside of `run`'s own loop. */
  #haltMeanwhile: Halt | undefined;

  constructor(private readonly hooks: EngineHooks) {
    this.family = new Family(hooks);
    waitHub.add(this);
  }

  dispose(): void {
    waitHub.remove(this);
  }

  owns(tid: number): boolean {
    return this.family.thread(tid) !== undefined;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Makes `run` end soon with a halt of kind `pause`. */
  requestPause(): void {
    this.#pauseWanted = true;
    waitHub.wake();
  }

  /** Lets the family run until there is a reason to stop, or nobody is left. */
  async run(): Promise<Halt> {
    this.#running = true;
    try {
      // Before anybody runs: else a signal tells of the first stop as well.
      waitHub.attend();
      let halt = this.#begin();
      for (;;) {
        halt ??= await this.#nextHalt();
        this.stopAll();
        if (halt.kind === 'ended' || shows(halt.thread)) return halt;
        halt = this.#resumeAll();
      }
    } finally {
      waitHub.rest();
      this.#running = false;
      this.#haltMeanwhile = undefined;
      this.#pauseWanted = false;
      this.plan?.dispose();
      this.plan = undefined;
    }
  }

  async #nextHalt(): Promise<Halt> {
    for (;;) {
      const early = this.#haltMeanwhile;
      this.#haltMeanwhile = undefined;
      const { found, busy } = early ? { found: early, busy: false } : this.#drain();
      const halt = found ?? this.#endOrPause();
      if (halt) return halt;
      if (busy) await new Promise<void>((resolve) => setImmediate(resolve));
      else await waitHub.parked();
    }
  }

  /**
   * Does something with everybody standing still, and lets them go on, within one turn of the event loop: nobody hears of it. What threads reported meanwhile
   * is decided upon as always.
   */
  whileStopped<T>(work: () => T): T {
    if (!this.#running) return work();
    this.stopAll();
    this.#running = false;
    try {
      return work();
    } finally {
      this.#running = true;
      this.#haltMeanwhile ??= this.#begin();
      waitHub.wake();
    }
  }

  /** Everybody stands, and whatever was changed meanwhile takes effect. */
  #begin(): Halt | undefined {
    this.family.newborns.length = 0;
    const everyInstruction = [...this.family.threads()].some((thread) => this.hooks.mayWantSteps(thread));
    this.probing.prepare(this.family.processes(), this.plan, everyInstruction);
    return this.#resumeAll();
  }

  /** Sites become probes, or cease to be. */
  #carryOut(): Halt | undefined {
    this.stopAll();
    this.probing.carryOut();
    return this.#resumeAll();
  }

  /** The stepping thread has news, and a thread that it has made has not (newborns.ts). */
  #newbornsFirst(event: WaitEvent): boolean {
    return this.family.newborns.length > 0 && event.tid === this.plan?.thread.tid && leavesStanding(event);
  }

  /** Keeps the news until the newborns have had their chance; one may stop first. */
  #afterNewborns(event: WaitEvent): Halt | undefined {
    const { newborns } = this.family;
    const thread = this.family.thread(event.tid);
    stash(this.family, event);
    for (const newborn of newborns)
      while (thread && isStanding(thread) && isBeginning(newborn)) {
        const own = waitHub.waitFor(this, newborn.tid);
        const found = own && this.#take(own);
        if (found) return found;
      }
    newborns.length = 0;
    // Killed where it stood, or overtaken by an exec, the thread has other news than what it had.
    const later = waitHub.waitBriefly(this, event.tid, 0);
    if (later !== undefined && later !== 'gone') return this.#take(later);
    return thread && isStanding(thread) ? this.#takeUp(thread) : undefined;
  }

  /** A thread that stands, with news or without, goes on if it may. */
  #takeUp(thread: Thread): Halt | undefined {
    while (thread.stopped && thread.pending.length > 0) {
      const event = thread.pending.shift();
      const halt = event && this.#decide(thread, event);
      if (halt) return halt;
    }
    return this.#go(thread);
  }

  #endOrPause(): Halt | undefined {
    if (!this.family.anyAwaited()) return { kind: 'ended' };
    if (!this.#pauseWanted) return this.#jobControl();
    this.stopAll();
    const thread = this.family.anyThread();
    return thread ? { kind: 'pause', thread } : { kind: 'ended' };
  }

  /** A shell takes the terminal back when its job stops; so does a debugger, or its user could not even interrupt the program. */
  #jobControl(): Halt | undefined {
    const thread = this.family.groupStopped();
    const signal = thread?.groupStop ?? 0;
    if (!thread || !this.hooks.jobStopped()) return undefined;
    this.stopAll();
    return { kind: 'signal', thread, signal };
  }

  /** Takes events as long as there are any, within a breath. */
  #drain(): { found?: Halt; busy: boolean } {
    const end = process.uptime() + breath;
    const tids = (): Iterable<number> => this.family.runningTids();
    try {
      for (;;) {
        const event = waitHub.next(this, this.family.onlyTid, tids);
        if (!event) return { busy: false };
        const found = this.#newbornsFirst(event) ? this.#afterNewborns(event) : this.#take(event);
        if (found) return { found, busy: false };
        if (this.#pauseWanted || !this.family.anyAwaited()) return { busy: false };
        if (process.uptime() > end) return { busy: true };
      }
    } finally {
      waitHub.rest();
    }
  }

  /** One event: bookkeeping, decision, and if it is no reason to stop the thread goes on. */
  #take(event: WaitEvent): Halt | undefined {
    const thread = this.family.record(event);
    if (!thread) return undefined;
    const halt = this.#decide(thread, event);
    if (halt) return halt;
    if (this.probing.wants) return this.#carryOut();
    for (const newborn of this.family.takeEarlyBorn()) this.#go(newborn);
    return this.#go(thread);
  }

  /** Resumes everybody who may run. What was already reported by the kernel is decided upon first. */
  #resumeAll(): Halt | undefined {
    for (const thread of this.family.threads()) {
      while (thread.stopped && thread.pending.length > 0 && this.#mayRun(thread)) {
        const event = thread.pending.shift();
        const halt = event && this.#decide(thread, event);
        if (halt) return halt;
      }
    }
    // The stepping thread first: it may have to be taken over a site while the others still stand.
    const order = [...this.family.threads()];
    if (this.plan) order.sort((a, b) => Number(b === this.plan?.thread) - Number(a === this.plan?.thread));
    for (const thread of order) {
      const halt = this.#go(thread);
      if (halt) return halt;
    }
    return undefined;
  }

  #mayRun(thread: Thread): boolean {
    if (thread.process.held) return false;
    if (this.plan?.locksOthers && thread !== this.plan.thread) return false;
    return this.hooks.mayRun(thread);
  }

  #go(thread: Thread): Halt | undefined {
    return thread.stopped && this.#mayRun(thread) ? unlessKilled(thread, () => this.#letRun(thread)) : undefined;
  }

  /** Resumes one stopped thread as it is wanted: over its site, by one instruction, or freely. */
  #letRun(thread: Thread): Halt | undefined {
    if (thread.groupStopped) {
      thread.listen();
      return undefined;
    }
    this.hooks.beforeResume(thread);
    const { space } = thread.process;
    space.traps.apply(thread, thread.passed !== undefined && thread.passed === thread.pc);
    // The handler of a signal must see where the program was, not where its copied instruction lies.
    if (thread.signal !== 0 && space.hasCopies) thread.registers();
    const halt = space.probes.isEmpty ? undefined : this.#comeToProbe(thread);
    if (halt) return halt;
    if (thread.passed !== undefined) {
      const site = space.sites.at(thread.passed);
      if (site?.inserted && thread.pc === site.address) {
        const handled = thread.signal !== 0 && thread.process.catches(thread.signal);
        if (handled) {
          space.sites.disarm(site);
          thread.returnsTo = { address: site.address, stackPointer: thread.stackPointer, because: 'handler' };
        } else if (!this.#enterSlot(thread, site)) return this.#stepOver(thread, site);
        else if (!thread.stopped) return undefined;
      }
      thread.passed = undefined;
    }
    thread.resume(this.#isStepping(thread) ? 'step' : this.hooks.wantsSyscalls(thread) ? 'syscall' : 'run');
    return undefined;
  }

  #isStepping(thread: Thread): boolean {
    return (this.plan?.thread === thread && this.plan.mode === 'step') || this.hooks.wantsSteps(thread);
  }

  /** A thread that steps arrives at the jump of a probe now; one that stands in the middle of a jump goes on in the copies. */
  #comeToProbe(thread: Thread): Halt | undefined {
    if (thread.signal !== 0 || thread.passed !== undefined) return undefined;
    const site = this.#isStepping(thread) ? thread.process.space.sites.at(thread.pc) : undefined;
    if (site?.armed) return this.#arrive(thread, site);
    this.probing.detour(thread, this.#isStepping(thread));
    return undefined;
  }

  /**
   * Puts a thread that stands at a site into the slot of the instruction there (slots.ts), from which it goes on as it is wanted. False: there is no slot.
   * A slot is made when it pays: it takes milliseconds, and the decoder as much as a thousand steps to load.
   */
  #enterSlot(thread: Thread, site: Site): boolean {
    const patience = thread.process.threads.size > 1 ? 4 : 100;
    if (this.probing.enter(thread, site, this.#isStepping(thread))) return true;
    if (thread.signal !== 0 || thread.heldTrap || this.outOfLine === 'off' || (this.outOfLine === 'auto' && ++site.passes <= patience))
      return false;
    const slot = slotOf(thread);
    if (slot === 'none') return false;
    if ('ended' in slot) this.family.record(slot.ended);
    else thread.pc = slot.address;
    return true;
  }

  /**
   * Takes a thread over the instruction under a site: the program's byte is put back, the thread makes one step, the int3 returns. Nobody else
   * may run in this memory meanwhile, or it would miss the breakpoint.
   *
   * If the instruction is a system call that sleeps, the step does not end. Then the int3 goes back although the step is not over - the processor
   * has fetched the instruction already - and the others run. Should the kernel restart the call, the thread meets the int3 a second time;
   * `returnsTo` says that this is no new arrival.
   */
  #stepOver(thread: Thread, site: Site): Halt | undefined {
    const { space } = thread.process;
    const others = [...this.family.threads()].filter(
      (each) => each !== thread && each.actual === 'running' && each.process.space === space,
    );
    const { stackPointer } = thread;
    quiesce(this.family, this, others);
    thread.passed = undefined;
    space.sites.lift(site);
    thread.resume('step');
    const event = this.#waitForStep(thread);
    // Before the int3 returns: a child that is born here has copied memory without it, and must know.
    const recorded = event && this.family.record(event);
    if (thread.process.space === space && space.sites.at(site.address) === site && thread.process.alive)
      this.#reinsert(thread.process, site);
    let halt: Halt | undefined;
    if (recorded) {
      halt = unlessKilled(thread, () => {
        // It is no new arrival.
        if (thread.pc === site.address && hasNotStepped(thread, event)) thread.passed = site.address;
        return this.#decide(thread, event, true) ?? this.#go(thread);
      });
    } else if (!event) {
      thread.returnsTo = { address: site.address, stackPointer, because: 'sleep' };
    }
    for (const other of others) halt ??= this.#takeUp(other);
    return halt;
  }

  /** Undefined: the thread sleeps in its step. One that waits for a processor or for a page has perhaps not begun with it. */
  #waitForStep(thread: Thread): WaitEvent | undefined {
    for (;;) {
      const event = waitHub.waitFor(this, thread.tid);
      if (event) return event;
      // Stopped or asleep: between the two looks it may have made its step.
      if (!this.family.isRunnable(thread)) return waitHub.waitFor(this, thread.tid);
    }
  }

  #reinsert(process: Process, site: Site): void {
    try {
      process.space.sites.insert(site);
    } catch {
      // The process has died or unmapped this; its exit is about to be reported.
    }
  }

  /**
   * Why did this thread stop, and is that a reason to stop for the user? By elimination, from the wait status, siginfo, and what we know of the
   * thread - never from pc - 1 alone: a SIGINT that arrives just behind a breakpoint is not a hit.
   */
  #decide(thread: Thread, event: WaitEvent, overSite = false): Halt | undefined {
    return unlessKilled(thread, () => this.#reasonToStop(thread, event, overSite));
  }

  #reasonToStop(thread: Thread, event: WaitEvent, overSite: boolean): Halt | undefined {
    if (event.kind === 'event') return this.#decideEvent(thread, event);
    if (event.kind === 'syscall') {
      thread.inSyscall = !thread.inSyscall;
      const detail = this.hooks.syscallStopped(thread);
      return detail && { kind: 'trap', thread, detail };
    }
    if (event.kind !== 'signal') return undefined;
    if (event.signal !== Signal.SIGTRAP) {
      // The kernel reports what an instruction has done before what somebody sent (dequeue_synchronous_signal).
      thread.owesStep = false;
      const own = thread.process.space.probes.isEmpty ? undefined : this.#decideFault(thread, event.signal);
      return own ? own.halt : this.#decideSignal(thread, event.signal);
    }
    const code = trapCode(thread);
    if (code === 'waits') return undefined;
    if (code === TrapCode.kernel) return this.#decideInt3(thread, overSite);
    if (isOwnTrap(thread, code)) return this.#decideSignal(thread, event.signal);
    thread.owesStep = false;
    if (code === TrapCode.trace || code === TrapCode.hardware || code === TrapCode.breakpoint || code === TrapCode.handler) {
      if (thread.returnsTo?.because === 'sleep' && !willRestart(thread)) thread.returnsTo = undefined;
      if (code === TrapCode.trace && thread.stepStart) mindTrapFlag(thread, thread.stepStart);
      const touched = thread.process.space.traps.triggered(thread);
      const detail = this.hooks.trapped(thread, touched);
      if (detail) return { kind: 'trap', thread, detail };
      if (code === TrapCode.hardware) {
        // A debug register names the instruction that comes next; none has been executed since.
        const here = touched.length > 0 ? untoldSite(thread) : undefined;
        return here && this.#arrive(thread, here);
      }
      if (this.plan?.thread === thread && (this.plan.mode === 'step' || overSite)) return this.#afterStep(thread);
      return undefined;
    }
    return this.#decideSignal(thread, event.signal);
  }

  /** A fault that is deet's: a condition in the program has met bad memory, or a thread has come into the middle of a jump. */
  #decideFault(thread: Thread, signal: number): { readonly halt: Halt | undefined } | undefined {
    if (!isFault(thread, signal)) return undefined;
    const { pc, owesFault } = thread;
    thread.owesFault = false;
    const site = thread.leftCheck || owesFault ? thread.process.space.sites.at(pc) : undefined;
    if (!site?.inserted) return signal === Signal.SIGILL && this.probing.isStray(thread, pc) ? { halt: undefined } : undefined;
    if (!site.armed?.counter) return { halt: this.#arrive(thread, site) };
    this.probing.mustDisarm(thread, site);
    return { halt: undefined };
  }

  #decideInt3(thread: Thread, overSite: boolean): Halt | undefined {
    const address = thread.pc - 1n;
    const { sites } = thread.process.space;
    const site = sites.at(address);
    // Taken over a site, the thread has met an int3 of the program's own under it.
    const isOwn = overSite && site?.saved === int3;
    if (site?.inserted && !isOwn) {
      thread.pc = address;
      // It had met the int3 before the probe was armed, and comes again: the program counts.
      if (site.armed?.counter && site.armed.counter.read() > 0n) return undefined;
      if (hasComeBack(thread, address)) {
        thread.returnsTo = undefined;
        thread.passed = address;
        return this.plan?.thread === thread ? this.#arrive(thread, site, true) : undefined;
      }
      return this.#arrive(thread, site);
    }
    const isStray = !isOwn && this.probing.isStray(thread, address);
    if (isStray || (!isOwn && !hasOwnInt3(thread, address))) {
      // The site was removed between the thread's trap and now: it shall execute the instruction that stands there again.
      thread.pc = address;
      return undefined;
    }
    return this.#decideSignal(thread, Signal.SIGTRAP);
  }

  /** A thread stands at a site: ask its owners. `internalOnly`: the arrival was counted before. */
  #arrive(thread: Thread, site: Site, internalOnly = false): Halt | undefined {
    thread.passed = site.address;
    const quiet = internalOnly || thread.process.muted;
    const stopping: SiteOwner[] = [];
    for (const owner of [...site.owners]) {
      if (quiet && owner.kind === 'user') continue;
      if (owner.arrived(thread) === 'stop') stopping.push(owner);
    }
    if (stopping.some((owner) => owner.kind === 'user')) return { kind: 'sites', thread, owners: stopping };
    if (stopping.length > 0 || (this.plan?.thread === thread && this.plan.mode === 'done')) return { kind: 'step', thread };
    this.probing.passed(thread, site);
    return undefined;
  }

  /** The stepping thread has executed an instruction. A breakpoint where it stands now is hit although its int3 was not executed. */
  #afterStep(thread: Thread): Halt | undefined {
    const site = untoldSite(thread);
    const halt = site && this.#arrive(thread, site);
    if (halt) return halt;
    return this.plan?.thread === thread && this.plan.mode === 'step' && this.plan.stepped() === 'done'
      ? { kind: 'step', thread }
      : undefined;
  }

  #decideSignal(thread: Thread, signal: number): Halt | undefined {
    if (thread.process.space.hasCopies) correctSignalInfo(thread, signal);
    const promised = signal === thread.promised;
    if (promised) thread.promised = 0;
    const verdict = promised || thread.process.muted ? 'pass' : this.hooks.signalArrived(thread, signal);
    thread.signal = verdict === 'discard' ? 0 : signal;
    if (verdict === 'stop') return { kind: 'signal', thread, signal };
    if (verdict === 'pass' && this.plan?.thread === thread && this.plan.mode === 'step' && thread.process.catches(signal))
      this.plan.entersHandler();
    return undefined;
  }

  #decideEvent(thread: Thread, event: WaitEvent & { kind: 'event' }): Halt | undefined {
    if (event.event === PtraceEvent.stop) {
      thread.awaitsFirstStop = false;
      return undefined;
    }
    if (event.event === PtraceEvent.exit) this.hooks.exiting(thread);
    if (event.event === PtraceEvent.exec && this.plan?.thread.process === thread.process) {
      // The step's code is gone; the new program runs.
      this.plan.dispose();
      this.plan = undefined;
    }
    const wanted = this.family.takeNews(thread);
    return wanted && !thread.process.muted ? { kind: 'event', thread, event: wanted satisfies FamilyEvent } : undefined;
  }

  /** Makes every thread of the followed family stand still. */
  stopAll(): void {
    stopThose(this.family, this, ({ process: { muted } }) => !muted);
  }

  /** Lets a process go untraced; its threads are stopped first. Serves detach, and programs that trace their own children. */
  release(process: Process): void {
    stopThose(this.family, this, (thread) => thread.process === process);
    if (process.alive) releaseStopped(this.family, this, process);
  }

  /** SIGKILL to everybody, or to `only` one, and every one waited for. */
  killAll(only?: Process): void {
    killFamily(this.family, this, only);
  }
}
