/**
 * Watchpoints: expressions whose memory - the object's, and that of what leads to it - is watched by the debug registers, or, when these do not suffice or the value lies
 * in a register, by stepping and comparing. One on a local ends with its frame; the others last as long as deet: each process, and each
 * run, has a value of its own.
 */
import { DeetError } from '../common/errors.js';
import type { AddressSpace } from '../inferior/address_space.js';
import type { DebugRegisters, TrapOwner } from '../inferior/debug_registers.js';
import type { Frame } from '../inferior/frame.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { parseExpression } from '../language/parser.js';
import { readStat } from '../linux/proc.js';
import type { Breakpoint } from './breakpoint.js';
import type { BreakOptions } from './breakpoints.js';
import type { Session } from './session.js';
import type { Stop, WatchReport } from './types.js';
import { lookAt, frameOfLocals, type Look, type Subject } from './watch_places.js';
import { WatchScope } from './watch_scope.js';

type WatchKind = 'watch' | 'rwatch' | 'awatch';

export interface WatchOptions extends Pick<BreakOptions, 'condition' | 'onHit' | 'threadId'> {
  /** `-l`: the object that the expression means now, wherever the program goes. */
  readonly location?: boolean;
}

/** A watchpoint in one memory. */
interface Watched {
  look: Look;
  /** Why no debug register watches it, as a sentence; undefined: one does. */
  readonly software: string | undefined;
}

interface Watch {
  readonly breakpoint: Breakpoint;
  readonly subject: Subject;
  /** Where its names have their meaning: where it was made, for elsewhere other variables may have these names. What is in registers changes with the thread. */
  readonly origin: Frame | 'program' | 'thread';
  /** Of a local: its frame. */
  readonly scope: WatchScope | undefined;
  readonly trapOwner: TrapOwner;
  readonly watched: Map<AddressSpace, Watched>;
  /** Whether it was enabled when last looked at. */
  enabled: boolean;
}

const same = (a: Look['value'], b: Look['value']): boolean =>
  a === undefined || b === undefined
    ? a === b
    : a.bytes.length === b.bytes.length && a.bytes.every((byte, index) => byte === b.bytes[index]);

/** What a stop is, that watchpoints have made. */
export const watchStop = (watch: readonly WatchReport[]): Partial<Stop> => ({
  reason: 'watchpoint',
  watch,
  breakpoints: watch.map(({ breakpoint }) => breakpoint),
});

const trapKind = ({ kind }: Breakpoint): 'write' | 'access' => (kind === 'watch' ? 'write' : 'access');

export class Watchpoints {
  readonly #watches = new Map<number, Watch>();
  readonly #ended: WatchReport[] = [];

  constructor(private readonly session: Session) {}

  /** @throws DeetError. */
  create(kind: WatchKind, text: string, options: WatchOptions = {}): Breakpoint {
    const { session } = this;
    const here = session.selectedThread() ? session.liveSelection() : undefined;
    const context = session.context(here?.frame);
    const subject = options.location ? this.#objectOf(text) : parseExpression(text, context.names);
    const access = kind === 'watch' ? 'write' : 'access';
    const look = lookAt(subject, access, (memory) => session.values.context(here?.frame, here?.thread, memory));
    if (look.traps.length === 0 && !look.registers) throw new DeetError('constant', `Cannot watch constant value \`${text}'.`);
    const id = session.breakpoints.nextId;
    const trapOwner: TrapOwner = { title: `${kind === 'watch' ? 'watchpoint' : `${kind} watchpoint`} ${id} (${text})` };
    const traps = here?.process.space.traps ?? session.breakpoints.fileTraps;
    const software = this.#inSoftware(traps, look, trapOwner);
    if (software !== undefined && kind !== 'watch')
      throw new DeetError('no-registers', `Expression cannot be implemented with read/access watchpoint. ${software}`);
    const local =
      here && !options.location ? frameOfLocals(subject, here.frame, (from) => session.values.outward(here.thread, from)) : undefined;
    const breakpoint = session.breakpoints.createWithoutPlace(kind, options.location ? `-location ${text}` : text, options);
    if (software !== undefined) breakpoint.software = software;
    const watch: Watch = {
      breakpoint,
      subject,
      origin: look.registers ? 'thread' : (here?.frame ?? 'program'),
      scope: here && local ? new WatchScope(session, here.thread, local, (thread) => this.#leaves(watch, thread)) : undefined,
      trapOwner,
      watched: new Map(),
      enabled: true,
    };
    this.#watches.set(id, watch);
    if (here) watch.watched.set(here.process.space, { look, software });
    if (!local) for (const process of session.processes()) this.#establish(watch, process);
    return breakpoint;
  }

  /** Undefined when debug registers do it; else why they do not. */
  #inSoftware(traps: DebugRegisters, look: Look, owner: TrapOwner): string | undefined {
    if (look.registers) return 'Its value depends on registers.';
    if (this.session.settings.number('can-use-hw-watchpoints') === 0) return '"set can-use-hw-watchpoints 0" forbids debug registers.';
    return traps.add(look.traps, owner) ? undefined : traps.shortage.message;
  }

  #objectOf(text: string): Subject {
    const value = this.session.values.now(text);
    if (value.address === undefined) throw new DeetError('not-lvalue', `"${text}" has no address to watch.`);
    return { kind: 'object', type: value.type, address: value.address };
  }

  // The life of processes

  /** Files have come into a process: what could not be found there before may be there now. */
  imagesAdded(process: Process): void {
    if (process.muted) return;
    for (const watch of this.#watches.values()) if (!watch.scope) this.#establish(watch, process);
  }

  forked(parent: Thread, child: Process): void {
    if (child.space === parent.process.space) return;
    for (const watch of this.#watches.values()) {
      const watched = watch.watched.get(parent.process.space);
      const copied = watch.scope?.forked(parent, child) ?? true;
      if (watched && copied && !child.muted) watch.watched.set(child.space, { ...watched });
      else child.space.traps.remove(watch.trapOwner);
    }
  }

  /** Its memory is gone: execve, or its end. */
  processForgotten(process: Process): void {
    if (this.#watches.size === 0) return;
    const live = new Set(this.session.processes().map(({ space }) => space));
    for (const watch of [...this.#watches.values()]) {
      for (const space of watch.watched.keys()) if (!live.has(space)) watch.watched.delete(space);
      watch.scope?.leave(process);
      if (watch.scope?.size === 0) this.session.breakpoints.delete(watch.breakpoint.id);
    }
  }

  /** Its frames have ended with the thread. */
  threadEnded(thread: Thread): void {
    for (const watch of [...this.#watches.values()]) {
      if (watch.scope?.threadIn(thread.process) !== thread || !this.#leaves(watch, thread)) continue;
      this.#ended.pop();
      this.session.announce(`Watchpoint ${watch.breakpoint.id} deleted: its frame has ended`, 'note');
      this.session.breakpoints.delete(watch.breakpoint.id);
    }
  }

  /** Begins to watch in a process, if the expression means something there. */
  #establish(watch: Watch, process: Process): void {
    const { space } = process;
    const [thread] = process.threads.values();
    if (watch.watched.has(space) || !watch.enabled || !thread.stopped) return;
    try {
      this.#watch(watch, space, this.#look(watch, thread));
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
    }
  }

  #look(watch: Watch, thread: Thread, frame?: Frame): Look {
    const { values } = this.session;
    const { origin } = watch;
    const isThere = ({ loaded }: Frame): boolean => thread.process.images.all().some((each) => each === loaded);
    const means = origin === 'thread' ? undefined : origin !== 'program' && isThere(origin) ? origin : 'program';
    return lookAt(watch.subject, trapKind(watch.breakpoint), (memory) => values.context(frame ?? means, thread, memory));
  }

  #watch(watch: Watch, space: AddressSpace, look: Look): void {
    const { breakpoint, trapOwner } = watch;
    space.traps.remove(trapOwner);
    watch.watched.set(space, { look, software: this.#inSoftware(space.traps, look, trapOwner) });
    const why = [...watch.watched.values()].find(({ software }) => software !== undefined)?.software;
    if (why !== undefined && breakpoint.software === undefined)
      this.session.announce(`Watchpoint ${breakpoint.id} is done by stepping now, which is slow. ${why}`, 'warning');
    breakpoint.software = why;
  }

  // The life of breakpoints

  /** Disabled, it leaves its registers to others; enabled again, it begins with the value of that moment. */
  changed(id: number): void {
    const watch = this.#watches.get(id);
    if (!watch || watch.enabled === watch.breakpoint.enabled) return;
    watch.enabled = watch.breakpoint.enabled;
    if (!watch.enabled) this.#release(watch);
    else if (watch.scope) for (const process of this.session.processes()) this.#resumeLocal(watch, process);
    else for (const process of this.session.processes()) this.#establish(watch, process);
  }

  #resumeLocal(watch: Watch, process: Process): void {
    const thread = watch.scope?.threadIn(process);
    const frame = watch.scope?.find(process);
    if (thread && frame) this.#watch(watch, process.space, this.#look(watch, thread, frame));
  }

  #release({ watched, trapOwner }: Watch): void {
    for (const space of watched.keys()) space.traps.remove(trapOwner);
    this.session.breakpoints.fileTraps.remove(trapOwner);
    watched.clear();
  }

  /** A breakpoint is gone: if it was a watchpoint, its registers are free. */
  removed(id: number): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.scope?.dispose();
    this.#release(watch);
    this.#watches.delete(id);
  }

  // Stops

  /** True while every instruction of a process must be looked at. */
  stepping(process: Process): boolean {
    for (const { watched } of this.#watches.values()) if (watched.get(process.space)?.software !== undefined) return true;
    return false;
  }

  /** Scopes that ended at the arrival that has just stopped the program; their watchpoints are deleted. */
  takeEnded(): WatchReport[] {
    const ended = this.#ended.splice(0);
    for (const { breakpoint } of ended) if (this.#watches.has(breakpoint.id)) this.session.breakpoints.delete(breakpoint.id);
    return ended;
  }

  /** A thread has left the frame. False: it lives on in other processes, and this one is only forgotten. */
  #leaves({ breakpoint, scope, watched, trapOwner }: Watch, { process }: Thread): boolean {
    scope?.leave(process);
    process.space.traps.remove(trapOwner);
    watched.delete(process.space);
    if (scope && scope.size > 0) return false;
    this.#ended.push({ breakpoint, expression: breakpoint.spec, scopeEnded: true });
    return true;
  }

  /** A thread has trapped: which watchpoints have something to say? */
  check(thread: Thread, touched: readonly TrapOwner[]): WatchReport[] {
    if (this.#watches.size === 0) return [];
    const reports: WatchReport[] = [];
    for (const watch of this.#watches.values()) {
      const watched = watch.watched.get(thread.process.space);
      if (!watched || (watched.software === undefined && !touched.includes(watch.trapOwner))) continue;
      const report = this.#compare(watch, watched, thread);
      if (report) reports.push(report);
    }
    return reports;
  }

  /**
   * The debug registers do not see what the kernel writes (read(2) into a variable): it is looked for at system calls. Of several threads another may have written, and
   * be about to tell: then it is not.
   */
  wantsSyscalls(process: Process): boolean {
    if (process.threads.size > 1) return false;
    for (const watch of this.#watches.values()) if (writtenTo(watch) && isInHardware(watch.watched.get(process.space))) return true;
    return false;
  }

  /** A thread is about to begin a system call, or has made it: what has changed without a trap? */
  afterSyscall(thread: Thread): WatchReport[] {
    const { space } = thread.process;
    const reports: WatchReport[] = [];
    for (const watch of this.#watches.values()) {
      const watched = watch.watched.get(space);
      if (!watched || watched.software !== undefined || !writtenTo(watch) || this.#isUntouched(watched.look, thread)) continue;
      const report = this.#compare(watch, watched, thread);
      if (report?.old !== undefined) reports.push(report);
    }
    return reports;
  }

  #compare(watch: Watch, watched: Watched, thread: Thread): WatchReport | undefined {
    const { breakpoint, scope } = watch;
    // Stepping reaches the return before the site behind the call does.
    if (scope?.hasLeft(thread)) return this.#leaves(watch, thread) ? this.#ended.at(-1) : undefined;
    if (watched.software !== undefined && !watched.look.registers && this.#isUntouched(watched.look, thread)) return undefined;
    // In a callee the local's own frame is further out.
    const frame = scope?.find(thread.process);
    const owner = scope ? scope.threadIn(thread.process) : thread;
    if (!owner || (scope && !frame)) return this.#leaves(watch, thread) ? this.#ended.at(-1) : undefined;
    // Of several threads that are stepped the first that looks need not be the one that wrote; a local's own mostly is, and looks next.
    if (watched.software !== undefined && owner !== thread && readStat(owner.tid)?.state !== 'S') return undefined;
    const old = watched.look.value;
    const now = this.#lookAgain(watch, watched, owner, frame);
    const changed = !same(old, now);
    if (breakpoint.kind === 'watch' && !changed) return undefined;
    // A read watchpoint on x86 traps writes too: a changed value is the sign of one.
    if (breakpoint.kind === 'rwatch' && changed) return undefined;
    if (breakpoint.threadId !== undefined && breakpoint.threadId !== thread.id) return undefined;
    // What the dynamic linker writes, when it relocates a variable, is part of its initial value.
    if (changed && isLoader(thread)) return undefined;
    if (breakpoint.accepts?.(thread) === false) return undefined;
    if (breakpoint.condition !== undefined && !this.session.values.holds(breakpoint, thread, frame)) return undefined;
    breakpoint.hits++;
    if (breakpoint.ignoreCount > 0) {
      breakpoint.ignoreCount--;
      return undefined;
    }
    if (breakpoint.onHit?.(thread, breakpoint.hits) === 'pass') return undefined;
    const by = this.session.world.lineAt(thread, thread.pc - 1n);
    return {
      breakpoint,
      expression: breakpoint.spec,
      ...(changed && { old: old?.text ?? '<unreadable>' }),
      new: now?.text ?? '<unreadable>',
      ...(by && { by: { file: by.file, line: by.line } }),
    };
  }

  #isUntouched({ traps, contents }: Look, { process: { space } }: Thread): boolean {
    return traps.every(({ address, length }, index) => {
      const now = space.readAvailable(address, length);
      return now.length === contents[index].length && now.every((byte, at) => byte === contents[index][at]);
    });
  }

  /** What leads to the object may have changed: then other memory is watched from now on. */
  #lookAgain(watch: Watch, watched: Watched, thread: Thread, frame: Frame | undefined): Look['value'] {
    try {
      const look = this.#look(watch, thread, frame);
      const moved = JSON.stringify(look.traps, numbers) !== JSON.stringify(watched.look.traps, numbers);
      watched.look = look;
      if (moved) this.#watch(watch, thread.process.space, look);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      watched.look = { ...watched.look, value: undefined };
    }
    return watched.look.value;
  }
}

const numbers = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);

const isInHardware = (watched: Watched | undefined): boolean => watched !== undefined && watched.software === undefined;

const writtenTo = ({ breakpoint }: Watch): boolean => breakpoint.kind !== 'rwatch';

const isLoader = ({ process, pc }: Thread): boolean => {
  const loaded = process.images.imageAt(pc);
  return loaded !== undefined && loaded !== process.images.main && loaded.bias === process.loaderBase;
};
