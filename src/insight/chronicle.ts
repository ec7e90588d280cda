/**
 * What became of every process since the run began: the session forgets the dead, the chronicle does not. It listens to the session's
 * events, gives the family to `info tree` and `why`, and draws the report at the end of a run.
 */
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { readDescriptors } from '../linux/proc_files.js';
import { readStat } from '../linux/proc.js';
import { signalName } from '../linux/signals.js';
import type { SessionEvent } from '../session/types.js';
import { stackOf } from '../session/stacks.js';
import type { FamilyMember } from './family.js';
import { forkPlace, viewOfProcess, type Biography } from './family_view.js';
import { report, type FamilyEvent, type Report } from './report.js';
import { pendingOutput } from './stdio.js';
import { symbolNamed, walkFrames } from './thread_scene.js';

interface Entry {
  readonly process: Process;
  life: Biography;
  /** It was dead, and its parent went without having waited for it. */
  unwaited?: true;
  /** Place of the fork, found when first asked for. */
  forkedAt?: Biography['forkedAt'] | null;
}

/** The part of a session that the chronicle needs. */
export interface EventSource {
  subscribe(listener: (event: SessionEvent) => void): () => void;
}

/** Frames between exit(3) and the system call. */
const exitFrames = 12;

/** Who takes a dead child away: its parent, or with SIGCHLD ignored (0) the kernel itself. */
const reaperOf = (parent: Process): number => (parent.alive && parent.ignores(17) ? 0 : parent.pid);

export class Chronicle {
  #entries: Entry[] = [];
  #events: FamilyEvent[] = [];
  /** What was open when the program started: inherited from deet's own parent, and no leak of the program's. */
  #given = new Set<string>();
  readonly #unsubscribe: () => void;

  constructor(source: EventSource) {
    this.#unsubscribe = source.subscribe((event) => {
      this.#listen(event);
    });
  }

  dispose(): void {
    this.#unsubscribe();
  }

  /** All processes since the run began, in the order of birth. */
  family(): FamilyMember[] {
    for (const entry of this.#entries) this.#update(entry);
    return this.#entries.map((entry) => viewOfProcess(entry.process, { ...entry.life, ...this.#placed(entry) }));
  }

  report(): Report {
    for (const entry of this.#entries) this.#update(entry);
    return report(this.#events.map((event) => this.#complete(event)));
  }

  /** What only others see: an exec that failed. */
  note(event: FamilyEvent): void {
    this.#events.push(event);
  }

  /** deet ends the family, or `only` one of it, or lets it go: what remains undone is not the program's fault. */
  killing(only?: Process): void {
    for (const { process } of this.#entries)
      if (process.alive && (only === undefined || process === only)) this.#events.push({ kind: 'killed', pid: process.pid });
  }

  /**
   * A thread is about to end its process (PTRACE_EVENT_EXIT), and can still be looked at: did it come through exit(3)? And its dead children
   * are still its own: who is a zombie now was never waited for.
   */
  exiting(thread: Thread): void {
    const { process } = thread;
    const functions = Array.from(walkFrames(stackOf(thread, 0), exitFrames), ({ functionName }) => functionName ?? '');
    const byExit = functions.some((name) => /^(?:__GI_)?exit$|__run_exit_handlers/.test(name));
    const fromMain = byExit && functions.some((name) => name.startsWith('__libc_start_'));
    const stillInMain = functions.includes('main');
    this.#exits.set(process.pid, { byExit, fromMain: fromMain && !stillInMain });
    this.#lastLook(process);
  }

  /** The parent goes: of its dead children those that still lie about were never waited for. Afterwards init takes them away. */
  #lastLook(parent: Process): void {
    let by: number | undefined;
    for (const entry of this.#entries) {
      const { process, life } = entry;
      if (process.parent !== parent || life.reapedBy !== undefined || entry.unwaited) continue;
      // Deaths are not always reported in their order: a child that still counts as alive here may have died first.
      if (readStat(process.pid)?.state === 'Z') entry.unwaited = true;
      else if (!process.alive) this.#reaped(entry, (by ??= reaperOf(parent)));
    }
  }

  #reaped(entry: Entry, by: number): void {
    entry.life = { ...entry.life, reapedBy: by };
    this.#events.push({ kind: 'reaped', pid: entry.process.pid, by });
  }

  readonly #exits = new Map<number, { readonly byExit: boolean; readonly fromMain: boolean }>();

  #listen(event: SessionEvent): void {
    switch (event.type) {
      case 'started':
        this.#begin(event.process);
        break;
      case 'forked':
        this.#born(event.parent, event.child);
        break;
      case 'executed': {
        const { pid, program } = event.process;
        const descriptors = readDescriptors(pid).filter((each) => !each.closeOnExec && !this.#given.has(each.target));
        const views = descriptors.map(({ fd, target, kind, access }) => ({
          fd,
          target,
          ...((kind === 'pipe' || kind === 'fifo') && (access === 'read' || access === 'write') ? { end: access } : {}),
        }));
        this.#events.push({ kind: 'exec', pid, program, descriptors: views });
        break;
      }
      case 'exiting':
        this.exiting(event.thread);
        break;
      case 'exited':
        this.#died(event.process);
        break;
      default:
        break;
    }
  }

  #begin(process: Process): void {
    if (!this.#entries.some((entry) => entry.process.alive && entry.process !== process)) {
      this.#entries = [];
      this.#events = [];
      this.#exits.clear();
    }
    this.#given = new Set(readDescriptors(process.pid).map(({ target }) => target));
    this.#entries.push({ process, life: {} });
    this.#events.push({ kind: 'start', pid: process.pid, program: process.program });
  }

  #born(parent: Process, child: Process): void {
    this.#entries.push({ process: child, life: {} });
    this.#events.push({ kind: 'fork', pid: parent.pid, child: child.pid, ...(child.origin === 'vfork' ? { vfork: true } : {}) });
    if (child.origin !== 'fork') return;
    const variable = symbolNamed(child, 'stdout');
    if (variable === undefined) return;
    try {
      const bytes = parent.space.read(variable, 8);
      const stream = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
      const pending = pendingOutput(parent.space, stream);
      if (pending) this.#events.push({ kind: 'unflushed', pid: parent.pid, child: child.pid, ...pending });
    } catch {
      // Not mapped yet, or gone: then nothing is known of its output.
    }
  }

  #died(process: Process): void {
    const { pid, ending } = process;
    const how = this.#exits.get(pid);
    this.#events.push({
      kind: 'exit',
      pid,
      ...(ending?.kind === 'exited' ? { status: ending.status } : {}),
      ...(ending?.kind === 'killed' ? { signal: signalName(ending.signal) } : {}),
      ...how,
    });
    this.#exits.delete(pid);
    this.#lastLook(process);
    for (const entry of this.#entries) {
      if (entry.process === process && readStat(pid)?.state === 'Z') entry.life = { ...entry.life, zombieSince: Date.now() };
      if (entry.process.parent === process && entry.process.alive && !entry.unwaited) entry.life = { ...entry.life, orphaned: true };
    }
  }

  /** Looks whether a dead child has been waited for, and who has taken over an orphan. */
  #update(entry: Entry): void {
    const { process, life } = entry;
    const stat = readStat(process.pid);
    if (life.orphaned && life.adoptedBy === undefined && stat) entry.life = { ...life, adoptedBy: stat.parent };
    const { parent } = process;
    if (process.alive || life.reapedBy !== undefined || entry.unwaited || !parent?.alive) return;
    // Gone while its parent lived: nobody else could have waited for it. Of those that outlived their parents init takes care.
    if (stat?.state !== 'Z') this.#reaped(entry, reaperOf(parent));
  }

  #placed(entry: Entry): Pick<Biography, 'forkedAt'> {
    entry.forkedAt ??= forkPlace(entry.process) ?? null;
    return entry.forkedAt ? { forkedAt: entry.forkedAt } : {};
  }

  /** Events are noted without places: unwinding takes its time, and most runs end without problems. */
  #complete(event: FamilyEvent): FamilyEvent {
    if ((event.kind !== 'fork' && event.kind !== 'unflushed') || event.place) return event;
    const entry = this.#entries.find(({ process }) => process.pid === event.child);
    const { forkedAt } = entry ? this.#placed(entry) : {};
    return forkedAt ? { ...event, place: forkedAt } : event;
  }
}
