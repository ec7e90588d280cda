/** Births, execs and deaths of a family of processes: who is there, by the kernel's reports. No policy. */
import { readFileSync } from 'node:fs';
import { PtraceEvent } from '../linux/constants.js';
import { readStat } from '../linux/proc.js';
import { isGroupStop, type WaitEvent } from '../linux/status.js';
import { waitHub } from '../linux/wait.js';
import { native } from '../native.js';
import type { OpenOptions } from '../symbols/open.js';
import type { EngineHooks, FamilyEvent } from './engine_types.js';
import { keepWaiting } from './interrupted_waits.js';
import { LiveSource } from './live_source.js';
import { momentOf } from './moment.js';
import { Process, type Origin } from './process.js';
import { Thread } from './thread.js';

/** The process that a thread belongs to. */
const threadGroupOf = (tid: number): number | undefined => {
  try {
    return Number(/^Tgid:\s+(\d+)/m.exec(readFileSync(`/proc/${tid}/status`, 'latin1'))?.[1]);
  } catch {
    return undefined;
  }
};

/** kcmp(2), KCMP_VM: vfork, or clone with CLONE_VM. */
const sharesMemory = (pid: number, other: number): boolean => native.compare(pid, other, 1, 0, 0) === 0;

export class Family {
  readonly #processes = new Map<number, Process>();
  readonly #threads = new Map<number, Thread>();
  /** Fork and exec events whose news the user asked to stop for, by thread, until the engine decides on them. */
  readonly #news = new Map<Thread, FamilyEvent>();
  readonly #earlyBorn: Thread[] = [];
  /** Threads born since the engine last emptied this. */
  readonly newborns: Thread[] = [];
  imageOptions: OpenOptions = {};
  #nextProcess = 1;
  #nextThread = 1;

  constructor(private readonly hooks: EngineHooks) {}

  thread(tid: number): Thread | undefined {
    return this.#threads.get(tid);
  }

  threads(): Iterable<Thread> {
    return this.#threads.values();
  }

  process(pid: number): Process | undefined {
    return this.#processes.get(pid);
  }

  processes(): Iterable<Process> {
    return this.#processes.values();
  }

  get size(): number {
    return this.#processes.size;
  }

  /** The tid of a family of one thread. */
  get onlyTid(): number | undefined {
    if (this.#threads.size !== 1) return undefined;
    for (const tid of this.#threads.keys()) return tid;
    return undefined;
  }

  *runningTids(): Iterable<number> {
    for (const thread of this.#threads.values()) if (thread.actual !== 'stopped') yield thread.tid;
  }

  /** Somebody whose end the user waits for: a followed process, or the first one, which goes on unseen when its child is followed. */
  anyAwaited(): boolean {
    for (const process of this.#processes.values()) if (!process.muted || process.parent === undefined) return true;
    return false;
  }

  /** Job control has stopped everybody, and nobody is left to send SIGCONT: a thread of those. */
  groupStopped(): Thread | undefined {
    const threads = [...this.#threads.values()];
    return threads.every((thread) => thread.groupStopped && thread.actual === 'running') ? threads[0] : undefined;
  }

  anyThread(): Thread | undefined {
    for (const thread of this.#threads.values()) if (thread.stopped && !thread.process.muted) return thread;
    return undefined;
  }

  /** A new run numbers its processes and threads from 1 again. */
  restartNumbers(): void {
    this.#nextProcess = 1;
    this.#nextThread = 1;
  }

  /** A process that deet itself started or attached to, stopped now. `parent`: its own, if that is one of the family. */
  begin(pid: number, origin: Origin, parent?: Process): Thread {
    const shares = parent !== undefined && sharesMemory(parent.pid, pid);
    const process = new Process(new LiveSource(pid), pid, this.#nextProcess++, origin, parent, this.imageOptions, undefined, shares);
    if (parent) parent.hasChildren = true;
    this.#processes.set(pid, process);
    const thread = this.addThread(pid, process);
    thread.awaitsFirstStop = false;
    thread.markStopped();
    return thread;
  }

  /** A running process that was seized: its threads have been asked to stop, and the engine will see them do so. */
  beginRunning(pid: number, tids: readonly number[], parent?: Process): Thread {
    const leader = this.begin(pid, 'attach', parent);
    leader.actual = 'running';
    leader.interrupted = true;
    for (const tid of tids) {
      if (tid === pid) continue;
      const thread = this.addThread(tid, leader.process);
      thread.awaitsFirstStop = false;
      thread.interrupted = true;
    }
    return leader;
  }

  addThread(tid: number, process: Process): Thread {
    const thread = new Thread(tid, this.#nextThread++, process);
    thread.awaitsFirstStop = true;
    this.#threads.set(tid, thread);
    process.threads.set(tid, thread);
    return thread;
  }

  /**
   * Writes down what an event changes in the family. Returns the thread when it is stopped and still there; undefined when it is gone or unknown.
   */
  record(event: WaitEvent): Thread | undefined {
    const thread = this.#threads.get(event.tid);
    if (!thread) return undefined;
    if (event.kind === 'exited' || event.kind === 'killed') {
      this.#died(thread, event);
      return undefined;
    }
    thread.markStopped();
    keepWaiting(thread, event);
    if (event.kind === 'event') {
      if (event.event === PtraceEvent.exec) return this.#executed(thread);
      if (event.event === PtraceEvent.fork || event.event === PtraceEvent.vfork || event.event === PtraceEvent.clone)
        this.#gaveBirth(thread, event.event);
      if (event.event === PtraceEvent.stop) thread.groupStop = isGroupStop(event) ? event.signal : 0;
    }
    return thread;
  }

  /** Fork or exec news of a thread that the user wants to stop for; once. */
  takeNews(thread: Thread): FamilyEvent | undefined {
    const news = this.#news.get(thread);
    this.#news.delete(thread);
    return news;
  }

  /**
   * True when a thread that was asked to stop cannot: asleep in vfork (D), a zombie leader, already gone, or asleep on its way out. The first process of a pid
   * namespace waits there until all others have been waited for, which is for their tracer to do (pid_namespaces(7)).
   */
  cannotStop(thread: Thread): boolean {
    const stat = readStat(thread.tid);
    if (!stat || stat.state === 'D' || stat.state === 'Z' || stat.state === 'X') return true;
    return stat.isExiting && stat.state === 'S';
  }

  /** True for a thread that runs, or would if there was a processor for it, or the page that it needs (state D of proc(5)). */
  isRunnable(thread: Thread): boolean {
    const state = readStat(thread.tid)?.state;
    return state === 'R' || state === 'D';
  }

  /** wait says that there is no such child: somebody else's, or reaped before. */
  vanished(thread: Thread): void {
    this.#removeThread(thread);
    if (thread.process.threads.size === 0) this.#endProcess(thread.process, { kind: 'killed', signal: 9, coreDumped: false });
  }

  /** Takes a process out of the family without ending it (detach). */
  forgetProcess(process: Process): void {
    for (const thread of process.threads.values()) this.#threads.delete(thread.tid);
    this.#processes.delete(process.pid);
    process.released = true;
    process.release();
  }

  #removeThread(thread: Thread): void {
    thread.actual = 'gone';
    this.#threads.delete(thread.tid);
    this.#news.delete(thread);
    thread.process.threads.delete(thread.tid);
  }

  #died(thread: Thread, event: WaitEvent & { kind: 'exited' | 'killed' }): void {
    const { process } = thread;
    this.#removeThread(thread);
    if (thread.tid !== process.pid) {
      this.hooks.threadEnded(thread);
      return;
    }
    // The kernel reports the leader last: the process has ended with it. Threads whose own report was lost (execve, SIGKILL) go with it.
    for (const other of [...process.threads.values()]) this.#removeThread(other);
    const ending =
      event.kind === 'exited'
        ? ({ kind: 'exited', status: event.code } as const)
        : ({ kind: 'killed', signal: event.signal, coreDumped: event.coreDumped } as const);
    this.#endProcess(process, ending);
  }

  #endProcess(process: Process, ending: Process['ending']): void {
    process.ending = ending;
    this.#processes.delete(process.pid);
    process.release();
    this.hooks.ended(process);
  }

  /** execve by any thread: the others are gone, and the survivor has the process's number (ptrace(2), "execve under ptrace"). */
  #executed(thread: Thread): Thread {
    const { process } = thread;
    for (const other of [...process.threads.values()]) if (other !== thread) this.#removeThread(other);
    thread.passed = undefined;
    thread.returnsTo = undefined;
    thread.pending.length = 0;
    thread.calls.length = 0;
    process.replaceImage();
    if (this.hooks.executed(process)) this.#news.set(thread, { kind: 'exec', program: process.program });
    return thread;
  }

  #gaveBirth(thread: Thread, event: number): void {
    const tid = native.eventMessage(thread.tid);
    if (tid <= 0) return;
    if (event === PtraceEvent.clone && threadGroupOf(tid) === thread.process.pid) {
      const newborn = this.addThread(tid, thread.process);
      this.newborns.push(newborn);
      this.#takeEarly(newborn);
      this.hooks.threadBorn(newborn);
      return;
    }
    const origin: Origin = event === PtraceEvent.fork ? 'fork' : event === PtraceEvent.vfork ? 'vfork' : 'clone';
    const shares = sharesMemory(thread.process.pid, tid);
    let child: Process;
    try {
      child = new Process(
        new LiveSource(tid),
        tid,
        this.#nextProcess++,
        origin,
        thread.process,
        this.imageOptions,
        this.hooks.recorded ? momentOf(thread) : undefined,
        shares,
      );
    } catch {
      return; // killed before we could look at it
    }
    this.#processes.set(tid, child);
    const newborn = this.addThread(tid, child);
    newborn.calls.push(...thread.calls);
    thread.process.hasChildren = true;
    newborn.announcesExit = thread.announcesExit; // the kernel gives it the options of who forked
    if (this.hooks.adopt(child, thread.process) === 'mute') this.mute(child);
    else if (!shares) child.space.sites.insertAll(); // one may have been lifted while the parent forked
    this.#takeEarly(newborn);
    if (this.hooks.born(child, thread)) this.#news.set(thread, { kind: origin === 'vfork' ? 'vfork' : 'fork', child });
  }

  /** A muted process runs without breakpoints. In memory that it shares with its parent they must stay; the engine passes it over them. */
  mute(process: Process): void {
    process.muted = true;
    if (process.space.shared) {
      process.space.sites.stopCounting(); // its passages are none
      return;
    }
    process.space.sites.liftAll();
    process.space.sites.forget();
  }

  /** Newborns whose first stop was reported before their parent's event: they stand, and wait to be resumed. */
  takeEarlyBorn(): Thread[] {
    return this.#earlyBorn.splice(0);
  }

  #takeEarly(newborn: Thread): void {
    const early = waitHub.claim(newborn.tid);
    if (!early || !this.record(early)) return;
    newborn.awaitsFirstStop = false;
    this.#earlyBorn.push(newborn);
  }
}
