/**
 * What became of every process since the run began: the session forgets the dead, the chronicle does not. It listens to the session's
 * events, gives the family to `info tree` and `why`, and draws the report at the end of a run.
 *
 * It looks at each birth and death while the program waits: what can be found out later is.
 */
import { basename } from 'node:path';
import type { Address } from '../common/addresses.js';
import type { ImageTable } from '../inferior/images.js';
import { momentOf, type Moment } from '../inferior/moment.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { Signal } from '../linux/constants.js';
import { readDescriptors, type Descriptor } from '../linux/proc_files.js';
import { isGone, isZombie, readStat } from '../linux/proc.js';
import { Word } from '../linux/registers.js';
import { signalName } from '../linux/signals.js';
import type { BadDescriptor } from '../session/bad_descriptors.js';
import type { OddDup } from '../session/failed_calls.js';
import type { InterruptedCall } from '../session/interrupted_calls.js';
import type { SessionEvent } from '../session/types.js';
import type { SymbolImage } from '../symbols/model.js';
import type { FailedExec, FamilyMember, SourcePlace } from './family.js';
import { exitHandlers, handlerListIn } from './exit_handlers.js';
import { viewOfProcess, type KeptBack, type Life } from './family_view.js';
import { usedUp, writerTo } from './last_look.js';
import { isOwnFunction } from './own_code.js';
import { forkThen, placeThen, wayOut } from './past.js';
import { report, type FamilyEvent, type Report } from './report.js';
import { pendingOutput } from './stdio.js';
import { symbolAt, symbolNamed } from './thread_scene.js';
import { withUntraced } from './untraced.js';

/** A question that is asked once. */
const once = <T>(find: () => T): (() => T) => {
  let answer: { readonly found: T } | undefined;
  return () => (answer ??= { found: find() }).found;
};

/** `pipe:[123], read end` */
const namedEnd = ({ kind, target, access }: Descriptor): string =>
  kind === 'pipe' && access !== 'path' ? `${target}, ${access} end` : target;

/** Where a thread is now, found when it is asked for. */
const placeOf = (thread: Thread): (() => SourcePlace | undefined) => {
  const moment = momentOf(thread);
  return once(() => placeThen(moment));
};

/** Where one of the files has what is sought. */
const inOneOf = (images: ImageTable, find: (image: SymbolImage) => Address | undefined): Address | undefined => {
  for (const { image, bias } of images.all()) {
    const found = find(image);
    if (found !== undefined) return found + bias;
  }
  return undefined;
};

/** One process's life. */
interface Entry {
  readonly process: Process;
  readonly forkedAt: () => SourcePlace | undefined;
  life: Life;
  /** Children of which it is not known yet that somebody has waited for them. */
  readonly open: Set<Entry>;
  /** Where its parent was when SIGCHLD came of its end, and found a handler. */
  toldAt?: () => SourcePlace | undefined;
  /** Its last exec, if that failed. */
  stayed?: Omit<FailedExec, 'place'> & { readonly place: () => SourcePlace | undefined };
  /** It was dead, and its parent went without having waited for it. */
  unwaited?: boolean;
  /** Who could wait for it: its parent, or of an orphan who has inherited it, if that is one of the family (PR_SET_CHILD_SUBREAPER). */
  keeper: Entry | undefined;
  /** Its call that SIGCHLD has interrupted, and that it has not made again. */
  interrupted?: InterruptedCall & { readonly place: () => SourcePlace | undefined };
  /** When it called exit(3). */
  leaving?: Moment | undefined;
  /** It is in its exit, and its children are its own no longer than that. */
  waitsNoMore?: boolean;
}

/** The part of a session that the chronicle needs. */
export interface EventSource {
  subscribe(listener: (event: SessionEvent) => void, records: boolean): () => void;
  readonly control?: { readonly keptBack: KeptBack };
}

/** exit(2), which ends one thread; exit_group(2) ends all. */
const threadExit = 60n;

/** Who takes a dead child away: its parent, or with SIGCHLD ignored (0) the kernel itself. */
const reaperOf = (parent: Process): number => (parent.alive && parent.ignores(Signal.SIGCHLD) ? 0 : parent.pid);

export class Chronicle {
  /** In the order of birth. */
  #entries = new Map<Process, Entry>();
  #events: FamilyEvent[] = [];
  /** What was open when the program started: inherited from deet's own parent, and no leak of the program's. */
  #given = new Set<string>();
  /** The variable stdout, by the files that a process has loaded. */
  readonly #stdout = new WeakMap<ImageTable, Address>();
  /** The variable with what exit(3) is to run, likewise. */
  readonly #handlerList = new WeakMap<ImageTable, Address>();
  readonly #unsubscribe: () => void;

  constructor(private readonly source: EventSource) {
    this.#unsubscribe = source.subscribe((event) => {
      this.#listen(event);
    }, true);
  }

  dispose(): void {
    this.#unsubscribe();
  }

  /** All processes since the run began, in the order of birth. */
  family(): FamilyMember[] {
    const entries = [...this.#entries.values()];
    for (const entry of entries) this.#update(entry);
    const members = entries.map(({ process, life, forkedAt, toldAt, stayed }) => {
      const [born, told, refused] = [forkedAt(), toldAt?.(), stayed?.place()];
      const biography = {
        ...life,
        ...(born ? { forkedAt: born } : {}),
        ...(told ? { toldAt: told } : {}),
        ...(stayed ? { failedExec: { program: stayed.program, error: stayed.error, ...(refused ? { place: refused } : {}) } } : {}),
      };
      return viewOfProcess(process, biography, (thread) => this.source.control?.keptBack(thread));
    });
    return withUntraced(members);
  }

  report(): Report {
    for (const entry of this.#entries.values()) this.#update(entry);
    return report(this.#events);
  }

  /** deet ends the family, or `only` one of it, or lets it go: what remains undone is not the program's fault. */
  killing(only?: Process): void {
    for (const process of this.#entries.keys())
      if (process.alive && (only === undefined || process === only)) this.#events.push({ kind: 'killed', pid: process.pid });
  }

  #listen(event: SessionEvent): void {
    switch (event.type) {
      case 'started':
        this.#begin(event.process);
        break;
      case 'forked':
        this.#born(event.parent, event.child);
        break;
      case 'executed':
        this.#executed(event.process);
        break;
      case 'exec-failed':
        this.#stayed(event.thread, event.program, event.error);
        break;
      case 'odd-dup':
        this.#notDuplicated(event.thread, event.dup);
        break;
      case 'bad-descriptor':
        this.#misused(event.thread, event.misused);
        break;
      case 'interrupted': {
        const entry = this.#entries.get(event.thread.process);
        if (entry) entry.interrupted = { ...event.interrupted, place: placeOf(event.thread) };
        break;
      }
      case 'called-again':
        delete this.#entries.get(event.thread.process)?.interrupted;
        break;
      case 'child-signal':
        this.#told(event.thread);
        break;
      case 'exit-called':
        this.#goingOut(event.thread);
        break;
      case 'exiting':
        this.#leaving(event.thread);
        break;
      case 'exited':
        this.#died(event.process);
        break;
      default:
        break;
    }
  }

  #begin(process: Process): void {
    if (![...this.#entries.keys()].some((other) => other.alive && other !== process)) {
      this.#entries = new Map();
      this.#events = [];
      this.#given = new Set();
    }
    for (const { target } of readDescriptors(process.pid)) this.#given.add(target);
    const entry = this.#enter(process);
    entry.keeper?.open.add(entry);
    this.#events.push({ kind: 'start', pid: process.pid, program: process.program });
  }

  #enter(process: Process): Entry {
    const keeper = process.parent && this.#entries.get(process.parent);
    const entry: Entry = { process, keeper, life: {}, open: new Set(), forkedAt: once(() => placeThen(process.bornAt)) };
    this.#entries.set(process, entry);
    return entry;
  }

  #born(parent: Process, child: Process): void {
    const entry = this.#enter(child);
    this.#entries.get(parent)?.open.add(entry);
    const instruction = once(() => forkThen(child.bornAt));
    this.#events.push({ kind: 'fork', pid: parent.pid, child: child.pid, place: entry.forkedAt, instruction });
    const stream = child.origin === 'fork' ? this.#streamOf(parent) : undefined;
    const pending = stream === undefined ? undefined : pendingOutput(parent.space, stream);
    if (pending) this.#events.push({ kind: 'unflushed', pid: parent.pid, child: child.pid, ...pending });
    const names = child.origin === 'fork' ? this.#handlersOf(child) : [];
    if (names.length > 0) this.#events.push({ kind: 'handlers', pid: parent.pid, child: child.pid, names });
  }

  /** What exit(3) would run of the program's own. It has just been forked, so that this is its parent's. */
  #handlersOf({ images, space, bornAt }: Process): string[] {
    const list = this.#handlerList.get(images) ?? inOneOf(images, handlerListIn);
    if (list === undefined || !bornAt) return [];
    this.#handlerList.set(images, list);
    const handlers = exitHandlers(space, list, bornAt.registers[Word.fs_base]);
    const own = handlers.filter((address) => isOwnFunction(images, address));
    // Names in __ are the implementation's ([lex.name]): the compiler's own functions destroy arrays (gcc: __tcf_0).
    return own.flatMap((address) => symbolAt({ images }, address)?.name ?? []).filter((each) => !each.startsWith('__'));
  }

  /** The value of `stdout`. Undefined: there is no such library, or it is not mapped yet. */
  #streamOf(process: Process): Address | undefined {
    const { images, space } = process;
    const variable = this.#stdout.get(images) ?? symbolNamed(process, 'stdout');
    if (variable === undefined) return undefined;
    this.#stdout.set(images, variable);
    try {
      return space.readNumber(variable, 8);
    } catch {
      return undefined;
    }
  }

  #executed(process: Process): void {
    const { pid, program } = process;
    const entry = this.#entries.get(process);
    delete entry?.stayed;
    delete entry?.interrupted;
    const descriptors = readDescriptors(pid).filter((each) => !each.closeOnExec && !this.#given.has(each.target));
    const views = descriptors.map(({ fd, target, kind, access }) => ({
      fd,
      target,
      ...((kind === 'pipe' || kind === 'fifo') && (access === 'read' || access === 'write') ? { end: access } : {}),
    }));
    this.#events.push({ kind: 'exec', pid, program, descriptors: views });
  }

  /** An exec that failed. execvp tries one directory after the other: the last failure is the one that counts. */
  #stayed(thread: Thread, program: string, error: string): void {
    const { pid } = thread.process;
    // Others may have done something meanwhile.
    const index = this.#events.findLastIndex((event) => event.pid === pid);
    const last = this.#events[index];
    const again = last?.kind === 'exec-failed';
    if (again) this.#events.splice(index, 1);
    // The user knows it by the name that all of them end with.
    const sought = again && basename(last.program) === basename(program) ? basename(program) : program;
    const place = placeOf(thread);
    this.#events.push({ kind: 'exec-failed', pid, program: sought, error, place });
    const entry = this.#entries.get(thread.process);
    if (entry) entry.stayed = { program: sought, error, place };
  }

  /** The same again and again is said once. */
  #notDuplicated(thread: Thread, { from, to, lost }: OddDup): void {
    const { pid } = thread.process;
    const last = this.#events.at(-1);
    if (last?.kind === 'odd-dup' && last.pid === pid && last.from === from && last.to === to) return;
    const was = lost && namedEnd(lost);
    this.#events.push({ kind: 'odd-dup', pid, from, to, ...(was !== undefined && { lost: was }), place: placeOf(thread) });
  }

  #misused(thread: Thread, { call, fd, open }: BadDescriptor): void {
    const { pid } = thread.process;
    const last = this.#events.at(-1);
    if (last?.kind === 'bad-descriptor' && last.pid === pid && last.call === call && last.fd === fd) return;
    const is = open && namedEnd(open);
    this.#events.push({ kind: 'bad-descriptor', pid, call, fd, ...(is !== undefined && { open: is }), place: placeOf(thread) });
  }

  /** SIGCHLD comes for a child, or once for several: signals of one kind are not counted. */
  #told(thread: Thread): void {
    const open = this.#entries.get(thread.process)?.open ?? [];
    const dead = [...open].filter((entry) => entry.toldAt === undefined && isZombie(entry.process.pid));
    if (dead.length === 0) return;
    const place = placeOf(thread);
    for (const entry of dead) entry.toldAt = place;
    this.#events.push({ kind: 'told', pid: thread.process.pid, children: dead.map(({ process }) => process.pid), place });
  }

  /** exit(3) flushes what stdio has kept, and may have been reached through the end of main: both mean something in a child that was forked. */
  #goingOut(thread: Thread): void {
    const { process } = thread;
    const entry = this.#entries.get(process);
    if (entry && process.parent && process.origin !== 'attach' && process.execs === 0) entry.leaving ??= momentOf(thread);
  }

  /** A process is about to end (PTRACE_EVENT_EXIT). Its dead children are still its own: who is a zombie now was never waited for. */
  #leaving(thread: Thread): void {
    const entry = this.#entries.get(thread.process);
    // A first thread that ends by itself leaves the others behind (pthread_exit in main).
    const isAlone = thread.process.threads.size === 1 || thread.registers()[Word.orig_rax] !== threadExit;
    if (!entry || !isAlone) return;
    this.#lastLook(entry);
    entry.waitsNoMore = true;
    this.#lastDescriptors(entry);
  }

  /** What it may have ended for: it gave up reading, or could open nothing more. */
  #lastDescriptors({ process, interrupted }: Entry): void {
    const { pid } = process;
    if (interrupted) {
      const { call, fd, open, place } = interrupted;
      const others = [...this.#entries.keys()].filter((each) => each.alive && each !== process).map((each) => each.pid);
      const writer = writerTo(open, others);
      this.#events.push({ kind: 'interrupted', pid, call, fd, place, ...(writer !== undefined && { writer }) });
    }
    const full = usedUp(pid);
    if (full) this.#events.push({ kind: 'used-up', pid, ...full });
  }

  /** The parent goes: of its dead children those that still lie about were never waited for. Afterwards somebody else takes them away. */
  #lastLook(parent: Entry): void {
    let by: number | undefined;
    for (const entry of parent.open) {
      const { process } = entry;
      if (entry.unwaited) continue;
      // Deaths are not always reported in their order: a child that still counts as alive here may have died first.
      if (isZombie(process.pid)) {
        entry.unwaited = true;
        this.#events.push({ kind: 'unwaited', pid: process.pid });
      } else if (!process.alive) this.#reaped(entry, (by ??= reaperOf(parent.process)));
    }
  }

  #reaped(entry: Entry, by: number): void {
    const { pid } = entry.process;
    entry.life = { ...entry.life, reapedBy: by };
    entry.keeper?.open.delete(entry);
    this.#events.push({ kind: 'reaped', pid, by });
  }

  /** A death is told when the kernel has found new parents for the children (exit_notify in kernel/exit.c). */
  #inherited(child: Entry): void {
    const { process } = child;
    const adoptedBy = readStat(process.pid)?.parent;
    if (process.alive) child.life = { ...child.life, orphaned: true, ...(adoptedBy === undefined ? {} : { adoptedBy }) };
    child.keeper = [...this.#entries.values()].find((entry) => entry.process.alive && entry.process.pid === adoptedBy);
    if (!child.keeper) return;
    child.unwaited = false;
    child.keeper.open.add(child);
  }

  #died(process: Process): void {
    const entry = this.#entries.get(process);
    const { pid, ending } = process;
    if (!entry) return;
    const { leaving, keeper } = entry;
    this.#lastLook(entry);
    // Of parent and child that end at once either may be reported first.
    const outlives = keeper?.waitsNoMore === true && keeper.process.alive && !entry.unwaited;
    // Of who was let go it is not known whether it lives.
    for (const child of entry.open) if (child.process.released) this.#events.push({ kind: 'killed', pid: child.process.pid });
    this.#events.push({
      kind: 'exit',
      pid,
      ...(ending?.kind === 'exited' ? { status: ending.status, way: once(() => wayOut(leaving)) } : {}),
      ...(ending?.kind === 'killed' ? { signal: signalName(ending.signal) } : {}),
      ...(outlives ? { outlivedParent: true } : {}),
    });
    entry.life = { ...entry.life, diedAt: Date.now(), ...(outlives ? { orphaned: true } : {}) };
    if (outlives) {
      keeper.open.delete(entry);
      entry.keeper = undefined;
    } else if (keeper?.process.alive && isGone(pid)) {
      // Who ignores SIGCHLD now may not ignore it when somebody asks.
      this.#reaped(entry, reaperOf(keeper.process));
    }
    for (const child of entry.open) if (!child.process.released) this.#inherited(child);
  }

  /** Looks whether a dead child has been waited for, and who has taken over an orphan. */
  #update(entry: Entry): void {
    const { process, life } = entry;
    if (life.reapedBy !== undefined) return;
    const orphaned = life.orphaned === true && life.adoptedBy === undefined;
    const keeper = !process.alive && !entry.unwaited && entry.keeper?.process.alive === true ? entry.keeper.process : undefined;
    const stat = orphaned || keeper ? readStat(process.pid) : undefined;
    if (orphaned && stat) entry.life = { ...life, adoptedBy: stat.parent };
    // Gone while its parent lived: nobody else could have waited for it. Of most that outlived their parents init takes care.
    if (keeper && stat?.state !== 'Z') this.#reaped(entry, reaperOf(keeper));
  }
}
