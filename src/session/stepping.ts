/**
 * step and next by source lines, with gdb's meaning (the rules are those of its process_event_stop_test): the thread makes single steps while it is in the code of the
 * line, runs over calls to a site at their return address, goes into functions that have lines and stops behind their prologue, treats an
 * inlined call as a call, and, when a function returns into the middle of the caller's line, finishes that line.
 */
import type { Address } from '../common/addresses.js';
import type { Frame } from '../inferior/frame.js';
import type { PlanMode, StepPlan } from '../inferior/plan.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';

/** A line's code around an address: one row of the line table. */
export interface LineSpan {
  readonly start: Address;
  /** First address after it. */
  readonly end: Address;
  readonly file: string;
  readonly line: number;
  readonly isStatement: boolean;
}

/** What a plan needs to know of the program; the session answers. */
export interface StepWorld {
  lineAt(thread: Thread, pc: Address): LineSpan | undefined;
  /** Bounds of the function (by debug information or symbol) around an address. */
  functionAt(
    thread: Thread,
    pc: Address,
  ): { readonly name: string | undefined; readonly start: Address; readonly end: Address } | undefined;
  /** Where a breakpoint on the function that starts here goes, when it has lines; undefined: no line information, or to be skipped (`skip`). */
  stepInto(thread: Thread, entry: Address): Address | undefined;
  /** The function that a PLT slot or another trampoline at this address leads to. */
  trampolineTarget(thread: Thread, pc: Address): Address | undefined;
  /** Code of the dynamic linker or a PLT: on the way to somewhere else. */
  isLinkage(thread: Thread, pc: Address): boolean;
  /** The innermost frame now, with inlined calls that begin exactly here hidden; and how many are hidden. */
  innermost(thread: Thread): { readonly frame: Frame; readonly hidden: number; readonly outer: (level: number) => Frame | undefined };
  /** Shows one hidden inlined call: what `step` into an inlined function does. */
  reveal(thread: Thread): void;
  /** Where longjmp and C++ throw lead is known only when they happen: plants at the places that tell. */
  plant(thread: Thread, address: Address, owner: SiteOwner): () => void;
  /** Called through a plan's site when the program longjmps or unwinds: where it goes. */
  jumpSites(thread: Thread, arrived: (target: Address, stackPointer: Address) => void): () => void;
  readonly stepMode: boolean;
}

export interface FrameIdentity {
  readonly cfa: Address;
  /** Start of the function. */
  readonly entry: Address | undefined;
  /** How many inlined calls deep. */
  readonly inlineDepth: number;
}

export const identityOf = (frame: Frame, outer: (level: number) => Frame | undefined): FrameIdentity => {
  let inlineDepth = 0;
  let physical: Frame | undefined = frame;
  while (physical?.kind === 'inlined') {
    inlineDepth++;
    physical = outer(physical.level + 1);
  }
  const { function: fn, loaded } = physical ?? frame;
  return { cfa: frame.cfa, entry: fn && loaded ? BigInt(fn.entry) + loaded.bias : undefined, inlineDepth };
};

export const sameStackFrame = (a: FrameIdentity, b: FrameIdentity): boolean => a.cfa === b.cfa && a.entry === b.entry;
export const sameFrame = (a: FrameIdentity, b: FrameIdentity): boolean => sameStackFrame(a, b) && a.inlineDepth === b.inlineDepth;

/** A site of a plan: for one thread, at or above a stack pointer. */
class PlanSite implements SiteOwner {
  readonly kind = 'internal';
  constructor(
    private readonly thread: Thread,
    private readonly lowestStackPointer: Address,
    private readonly reached: () => PlanMode,
  ) {}

  arrived(thread: Thread): 'pass' | 'stop' {
    if (thread !== this.thread || thread.stackPointer < this.lowestStackPointer) return 'pass';
    return this.reached() === 'done' ? 'stop' : 'pass';
  }
}

/** What all plans share: their sites, the wait for a signal handler, and the way over a call. */
export abstract class PlanBase implements StepPlan {
  mode: PlanMode = 'step';
  readonly locksOthers: boolean = false;
  readonly notes: string[] = [];
  #cleanups: (() => void)[] = [];
  /** Sites that wait for one thing only and go when it has come. */
  #resumeCleanup: (() => void)[] = [];

  constructor(
    protected readonly world: StepWorld,
    readonly thread: Thread,
  ) {}

  abstract stepped(): PlanMode;

  /** A handler runs to its end; the step goes on when it has returned to where the thread is now. */
  entersHandler(): PlanMode {
    return this.runTo(this.thread.pc, this.thread.stackPointer, () => 'step');
  }

  dispose(): void {
    for (const cleanup of [...this.#cleanups, ...this.#resumeCleanup]) cleanup();
    this.#cleanups = [];
    this.#resumeCleanup = [];
  }

  protected plant(address: Address, lowestStackPointer: Address, reached: () => PlanMode): void {
    const owner = new PlanSite(this.thread, lowestStackPointer, () => (this.mode = reached()));
    this.#cleanups.push(this.world.plant(this.thread, address, owner));
  }

  /** Runs freely to an address (with the stack at or above a limit), then does what `then` says. A longjmp or throw past it ends the run too. */
  protected runTo(address: Address, lowestStackPointer: Address, then: () => PlanMode): PlanMode {
    const arrive = (next: () => PlanMode): PlanMode => {
      for (const cleanup of this.#resumeCleanup) cleanup();
      this.#resumeCleanup = [];
      return (this.mode = next());
    };
    const owner = new PlanSite(this.thread, lowestStackPointer, () => arrive(then));
    this.#resumeCleanup.push(this.world.plant(this.thread, address, owner));
    this.#resumeCleanup.push(
      this.world.jumpSites(this.thread, (target, stackPointer) => {
        if (stackPointer < lowestStackPointer) return;
        const landing = new PlanSite(this.thread, stackPointer, () => arrive(() => this.landed()));
        this.#resumeCleanup.push(this.world.plant(this.thread, target, landing));
      }),
    );
    return (this.mode = 'run');
  }

  /** A longjmp or an exception has left the callee that the plan was waiting for. */
  protected landed(): PlanMode {
    return 'step';
  }
}

/** True when the instruction just executed was a call: the return address on the stack lies right behind it. */
export const madeCall = (thread: Thread, before: { pc: Address; stackPointer: Address }): Address | undefined => {
  const { stackPointer } = thread;
  if (stackPointer !== before.stackPointer - 8n) return undefined;
  try {
    const bytes = thread.process.space.read(stackPointer, 8);
    const returnAddress = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
    return returnAddress > before.pc && returnAddress <= before.pc + 15n && thread.pc !== returnAddress ? returnAddress : undefined;
  } catch {
    return undefined;
  }
};

export interface LineStepOptions {
  /** next: calls are stepped over. */
  readonly over: boolean;
  /** until: the range begins at the function's start, so that a loop's jump back does not stop. */
  readonly notBackward?: boolean;
}

export class LineStep extends PlanBase {
  #start: Address = 0n;
  #end: Address = 0n;
  #line = 0;
  #file = '';
  #frame!: FrameIdentity;
  #before: { pc: Address; stackPointer: Address };
  /** True: the step was complete without running (a step into an inlined call). */
  readonly immediate: boolean = false;

  constructor(
    world: StepWorld,
    thread: Thread,
    private readonly options: LineStepOptions,
  ) {
    super(world, thread);
    this.#before = { pc: thread.pc, stackPointer: thread.stackPointer };
    const { frame, hidden, outer } = world.innermost(thread);
    this.#frame = identityOf(frame, outer);
    if (!options.over && hidden > 0) {
      world.reveal(thread);
      this.immediate = true;
      this.mode = 'done';
      return;
    }
    const span = world.lineAt(thread, thread.pc);
    const bounds = world.functionAt(thread, thread.pc);
    if (span) {
      this.#take(span);
      // Standing at a hidden inlined call, the line is the caller's, not the one that the table has for the callee's code.
      if (hidden > 0 && frame.position) this.#line = frame.position.line;
      if (options.notBackward && bounds) this.#start = bounds.start;
    } else if (bounds && !world.stepMode) {
      this.#start = bounds.start;
      this.#end = bounds.end;
      this.notes.push(`Single stepping until exit from function ${bounds.name ?? '??'},\nwhich has no line number information.`);
    }
  }

  #take(span: LineSpan): void {
    this.#start = span.start;
    this.#end = span.end;
    this.#line = span.line;
    this.#file = span.file;
  }

  stepped(): PlanMode {
    const { thread, world } = this;
    const { pc } = thread;
    const before = this.#before;
    this.#before = { pc, stackPointer: thread.stackPointer };
    const returnAddress = madeCall(thread, before);
    if (returnAddress !== undefined) return (this.mode = this.#called(returnAddress));
    if (pc >= this.#start && pc < this.#end) return (this.mode = 'step');
    return (this.mode = this.#leftRange(pc, world));
  }

  /** The thread stands at the first instruction of a callee. */
  #called(returnAddress: Address): PlanMode {
    const { thread, world } = this;
    const limit = thread.stackPointer + 8n;
    const overIt = (): PlanMode =>
      this.runTo(returnAddress, limit, () => {
        this.#before = { pc: thread.pc, stackPointer: thread.stackPointer };
        return thread.pc >= this.#start && thread.pc < this.#end ? 'step' : this.#leftRange(thread.pc, world);
      });
    if (this.options.over) return overIt();
    const entry = world.trampolineTarget(thread, thread.pc) ?? thread.pc;
    const target = world.stepInto(thread, entry);
    if (target === undefined) return world.stepMode ? 'done' : overIt();
    if (target === thread.pc) return 'done';
    const mode = this.runTo(target, 0n, () => 'done');
    // The callee may return without reaching the target (a jump over it, an early exit before the prologue's end).
    this.plant(returnAddress, limit, () => (this.mode === 'run' ? 'step' : this.mode));
    return mode;
  }

  #leftRange(pc: Address, world: StepWorld): PlanMode {
    const { thread } = this;
    if (world.isLinkage(thread, pc)) {
      const target = world.trampolineTarget(thread, pc);
      return target === undefined ? 'step' : this.runTo(target, 0n, () => this.#leftRange(thread.pc, world));
    }
    const { frame, hidden, outer } = world.innermost(thread);
    if (frame.kind === 'signal') return 'step';
    const here = identityOf(frame, outer);
    const span = world.lineAt(thread, pc);
    if (!span || span.line === 0) return this.#withoutLine(frame);
    if (hidden > 0 && sameFrame(here, this.#frame)) {
      const atSameLine = frame.position?.line === this.#line && frame.position.file.path === this.#file;
      if (this.options.over) return atSameLine ? this.#stay(span) : 'done';
      if (atSameLine) world.reveal(thread);
      return 'done';
    }
    if (frame.kind === 'inlined' && !sameFrame(here, this.#frame) && this.#inlinedFrom(here)) return this.options.over ? 'step' : 'done';
    let refresh = true;
    if (pc === span.start && (span.line !== this.#line || span.file !== this.#file)) {
      if (span.isStatement) return 'done';
      if (sameFrame(here, this.#frame)) refresh = false;
    }
    if (refresh) {
      this.#take(span);
      this.#frame = here;
    }
    return 'step';
  }

  /** Stepping over an inlined call that begins on the step's own line: its code counts as the line's. */
  #stay(span: LineSpan): PlanMode {
    this.#start = span.start;
    this.#end = span.end;
    return 'step';
  }

  /** Was this inlined frame called (through inlined calls only) from the frame that the step began in? */
  #inlinedFrom(here: FrameIdentity): boolean {
    return sameStackFrame(here, this.#frame) && here.inlineDepth > this.#frame.inlineDepth;
  }

  #withoutLine(frame: Frame): PlanMode {
    const bounds = this.world.functionAt(this.thread, this.thread.pc);
    if (!this.options.over && !bounds && !this.world.stepMode) {
      // A function without even a name: out of it by its return address.
      const caller = this.world.innermost(this.thread).outer(frame.level + 1);
      if (caller && frame.cfa !== 0n) return this.runTo(caller.pc, frame.cfa, () => this.#leftRange(this.thread.pc, this.world));
    }
    return 'done';
  }

  protected override landed(): PlanMode {
    this.#before = { pc: this.thread.pc, stackPointer: this.thread.stackPointer };
    return this.#leftRange(this.thread.pc, this.world);
  }
}

/** stepi and nexti: one instruction, or one instruction with what it calls. */
export class InstructionStep extends PlanBase {
  #before: { pc: Address; stackPointer: Address };

  constructor(
    world: StepWorld,
    thread: Thread,
    private readonly over: boolean,
  ) {
    super(world, thread);
    this.#before = { pc: thread.pc, stackPointer: thread.stackPointer };
  }

  stepped(): PlanMode {
    const returnAddress = this.over ? madeCall(this.thread, this.#before) : undefined;
    if (returnAddress !== undefined) return this.runTo(returnAddress, this.thread.stackPointer + 8n, () => 'done');
    return (this.mode = 'done');
  }

  /** stepi goes into a handler: the kernel stops the thread at its first instruction. */
  override entersHandler(): PlanMode {
    return this.over ? super.entersHandler() : 'step';
  }

  protected override landed(): PlanMode {
    return 'done';
  }
}

/** finish, until LOCATION, advance, and the return from a call made by deet: run to one of some addresses. */
export class RunTo extends PlanBase {
  /** The target that was reached, by its index; -1: left by longjmp or an exception. */
  reached: number | undefined;

  constructor(world: StepWorld, thread: Thread, targets: readonly { readonly address: Address; readonly lowestStackPointer: Address }[]) {
    super(world, thread);
    this.mode = 'run';
    targets.forEach(({ address, lowestStackPointer }, index) => {
      this.plant(address, lowestStackPointer, () => {
        this.reached = index;
        return 'done';
      });
    });
  }

  stepped(): PlanMode {
    return this.mode;
  }

  override entersHandler(): PlanMode {
    return this.mode;
  }
}

/** finish out of an inlined call: steps, over calls, until its frame is gone. */
export class FinishInlined extends PlanBase {
  readonly #frame: FrameIdentity;
  #before: { pc: Address; stackPointer: Address };

  constructor(world: StepWorld, thread: Thread) {
    super(world, thread);
    const { frame, outer } = world.innermost(thread);
    this.#frame = identityOf(frame, outer);
    this.#before = { pc: thread.pc, stackPointer: thread.stackPointer };
  }

  stepped(): PlanMode {
    const { thread } = this;
    const returnAddress = madeCall(thread, this.#before);
    this.#before = { pc: thread.pc, stackPointer: thread.stackPointer };
    if (returnAddress !== undefined) return this.runTo(returnAddress, thread.stackPointer + 8n, () => this.stepped());
    const { frame, outer } = this.world.innermost(thread);
    const here = identityOf(frame, outer);
    const inside = sameStackFrame(here, this.#frame) && here.inlineDepth >= this.#frame.inlineDepth;
    return (this.mode = inside ? 'step' : 'done');
  }
}
