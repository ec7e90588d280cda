/**
 * Steps: what they have in common, and the simple ones. A plan (inferior/plan.ts) decides after each instruction, or at sites of its own, how its thread goes
 * on; frames are told apart by their canonical frame address and function, never by depth, so that recursion does not confuse a step.
 */
import type { Address } from '../common/addresses.js';
import type { Frame } from '../inferior/frame.js';
import type { PlanMode, StepPlan } from '../inferior/plan.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import type { JumpTarget } from './jumps.js';
import type { Scope } from '../symbols/model.js';

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
  /** To be stepped over although it has lines (`skip`). */
  skips(frame: Frame): boolean;
  /** The function that a PLT slot or another trampoline at this address leads to. */
  trampolineTarget(thread: Thread, pc: Address): Address | undefined;
  /** The same where it is certain: the slot has been filled. */
  boundTarget(thread: Thread, pc: Address): Address | undefined;
  /** Code of the dynamic linker or a PLT: on the way to somewhere else. */
  isLinkage(thread: Thread, pc: Address): boolean;
  /** The innermost frame now, with inlined calls that begin exactly here hidden; and how many are hidden. */
  innermost(thread: Thread): { readonly frame: Frame; readonly hidden: number; readonly outer: (level: number) => Frame | undefined };
  /** Where the code of the outermost hidden inlined call ends. */
  hiddenCallEnd(thread: Thread): Address | undefined;
  /** Shows one hidden inlined call: what `step` into an inlined function does. */
  reveal(thread: Thread): void;
  plant(thread: Thread, address: Address, owner: SiteOwner): () => void;
  /**
   * Where longjmp and C++ throw lead is known only when they happen: plants at the places that tell. `jumps` is called when the thread is about
   * to go to `target`.
   * @returns what removes the sites
   */
  jumpSites(thread: Thread, jumps: (target: JumpTarget) => void): () => void;
  readonly stepMode: boolean;
}

export interface FrameIdentity {
  readonly cfa: Address;
  /** Start of the function. */
  readonly entry: Address | undefined;
  /** How many inlined calls deep. */
  readonly inlineDepth: number;
  /** Of an inlined frame: its call. */
  readonly inlined: Scope | undefined;
}

type Outer = (level: number) => Frame | undefined;

const inlinedScope = (frame: Frame): Scope | undefined => {
  let scope = frame.kind === 'inlined' ? frame.scope : undefined;
  while (scope?.kind === 'block') scope = scope.parent;
  return scope;
};

/** The frame's own activation: an inlined frame lives in its owner's. */
const activationOf = (frame: Frame, outer: Outer): Frame => {
  let physical: Frame = frame;
  while (physical.kind === 'inlined') {
    const next = outer(physical.level + 1);
    if (!next) break;
    physical = next;
  }
  return physical;
};

export const identityOf = (frame: Frame, outer: Outer): FrameIdentity => {
  const physical = activationOf(frame, outer);
  const { function: fn, loaded } = physical;
  return {
    cfa: frame.cfa,
    entry: fn && loaded ? BigInt(fn.entry) + loaded.bias : undefined,
    inlineDepth: physical.level - frame.level,
    inlined: inlinedScope(frame),
  };
};

/** The frame that will run on when this one's function returns: the next with an activation of its own. */
export const callerOf = (frame: Frame, outer: Outer): Frame | undefined => {
  let next = outer(activationOf(frame, outer).level + 1);
  while (next && (next.kind === 'inlined' || next.kind === 'tail-call')) next = outer(next.level + 1);
  return next;
};

/** The same activation of the same function. */
export const sameStackFrame = (a: FrameIdentity, b: FrameIdentity): boolean => a.cfa === b.cfa && a.entry === b.entry;
export const sameFrame = (a: FrameIdentity, b: FrameIdentity): boolean =>
  sameStackFrame(a, b) && a.inlineDepth === b.inlineDepth && a.inlined === b.inlined;

/** A site of a plan: for one thread, and only when it arrives as the plan wants it. */
class PlanSite implements SiteOwner {
  readonly kind = 'internal';
  constructor(
    private readonly thread: Thread,
    private readonly counts: () => boolean,
    private readonly reached: () => PlanMode,
  ) {}

  arrived(thread: Thread): 'pass' | 'stop' {
    if (thread !== this.thread || !this.counts()) return 'pass';
    return this.reached() === 'done' ? 'stop' : 'pass';
  }
}

/** What all plans share: their sites, the wait for a signal handler, the way over a call, and jumps out of it. */
export abstract class PlanBase implements StepPlan {
  mode: PlanMode = 'step';
  /** set scheduler-locking step. */
  locksOthers = false;
  readonly notes: string[] = [];
  /** The frame that the command began in; a longjmp or throw that lands in it, or further out, ends the step. */
  protected abstract readonly initiating: FrameIdentity;
  #cleanups: (() => void)[] = [];
  /** Sites that wait for one thing only and go when it has come. */
  #waiting: (() => void)[] = [];

  constructor(
    protected readonly world: StepWorld,
    readonly thread: Thread,
  ) {}

  abstract stepped(): PlanMode;

  /**
   * The thread has stopped, where the plan wanted it or on the way there, perhaps before inlined calls that begin here: those that the user is shown to be in,
   * by name; undefined stands for all.
   */
  showsInlined(): readonly (string | undefined)[] {
    return [];
  }

  /** A handler runs to its end; the step goes on when it has returned to where the thread is now. */
  entersHandler(): PlanMode {
    return this.runTo(this.thread.pc, this.standingAt(this.thread.stackPointer), () => 'step');
  }

  dispose(): void {
    this.#stopWaiting();
    for (const cleanup of this.#cleanups) cleanup();
    this.#cleanups = [];
  }

  #stopWaiting(): void {
    for (const cleanup of this.#waiting) cleanup();
    this.#waiting = [];
  }

  /**
   * With the stack pointer that belongs to one activation, and at that place to no other: behind a call it is the callee's CFA. Not in a deeper activation, not on
   * another stack (a coroutine's, a signal handler's), and not in the function that begins behind a call that never returns.
   */
  protected standingAt(stackPointer: Address): () => boolean {
    return () => this.thread.stackPointer === stackPointer;
  }

  /** A site for as long as the plan lives. */
  protected plant(address: Address, counts: () => boolean, reached: () => PlanMode): void {
    const owner = new PlanSite(this.thread, counts, () => (this.mode = reached()));
    this.#cleanups.push(this.world.plant(this.thread, address, owner));
  }

  /** Runs freely to an address, then does what `then` says. A longjmp or throw past it ends the run too. */
  protected runTo(address: Address, counts: () => boolean, then: () => PlanMode): PlanMode {
    this.#stopWaiting();
    const owner = new PlanSite(this.thread, counts, () => {
      this.#stopWaiting();
      return (this.mode = then());
    });
    this.#waiting.push(this.world.plant(this.thread, address, owner));
    this.#waiting.push(
      this.watchJumps(() => {
        this.#stopWaiting();
      }),
    );
    return (this.mode = 'run');
  }

  /** Ends the step where a longjmp or an exception lands, unless it stays within what the step runs over. */
  protected watchJumps(landed: () => void): () => void {
    const landings: (() => void)[] = [];
    const removeSites = this.world.jumpSites(this.thread, ({ address, inFrame }) => {
      const cfa = this.#frameFurtherOut(inFrame);
      if (cfa === undefined) return;
      const landing = new PlanSite(
        this.thread,
        () => this.#hasLanded(cfa),
        () => {
          landed();
          return (this.mode = 'done');
        },
      );
      landings.push(this.world.plant(this.thread, address, landing));
    });
    return () => {
      removeSites();
      for (const remove of landings) remove();
    };
  }

  /**
   * The CFA of the frame around an address of the stack, if it is the step's own or one further out. Otherwise the jump stays within what the step runs over; or it
   * changes stacks, as coroutines do that are made with longjmp, and the step's frame waits for its return.
   */
  #frameFurtherOut(address: Address): Address | undefined {
    const { frame, outer } = this.world.innermost(this.thread);
    let passed = false;
    for (let next: Frame | undefined = frame; next; next = outer(next.level + 1)) {
      passed ||= next.cfa === this.initiating.cfa;
      if (next.cfa > address) return passed ? next.cfa : undefined;
    }
    return undefined;
  }

  /** In that frame, and not in a call that is inlined into the step's: that one goes on. */
  #hasLanded(cfa: Address): boolean {
    const { frame, outer } = this.world.innermost(this.thread);
    if (frame.cfa !== cfa) return false;
    for (let next: Frame | undefined = frame; next?.kind === 'inlined';) {
      next = outer(next.level + 1);
      if (next && sameFrame(identityOf(next, outer), this.initiating)) return false;
    }
    return true;
  }
}

/** No instruction of x86-64 has more bytes (Intel SDM, volume 2, 2.3.11). */
const LONGEST = 15;

/** Legacy prefixes (2.1.1) and REX (2.2.1). */
const isPrefix = (byte: number): boolean =>
  (byte >= 0x40 && byte <= 0x4f) || [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3].includes(byte);

/** CALL: E8, and FF with 2 or 3 in the middle of its next byte. */
const isCall = (bytes: Uint8Array): boolean => {
  const at = bytes.findIndex((byte) => !isPrefix(byte));
  return bytes[at] === 0xe8 || (bytes[at] === 0xff && [2, 3].includes((bytes[at + 1] >> 3) & 7));
};

/** True when the instruction just executed was a call: the return address on the stack lies right behind it. */
export const madeCall = (thread: Thread, before: { pc: Address; stackPointer: Address }): Address | undefined => {
  const { stackPointer } = thread;
  if (stackPointer !== before.stackPointer - 8n) return undefined;
  try {
    const bytes = thread.process.space.read(stackPointer, 8);
    const returnAddress = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
    const isBehind = returnAddress > before.pc && returnAddress <= before.pc + BigInt(LONGEST) && thread.pc !== returnAddress;
    // A register that is pushed may hold the address of code that is near: main's own in rax, by which it was called.
    return isBehind && isCall(thread.process.space.readAvailable(before.pc, LONGEST)) ? returnAddress : undefined;
  } catch {
    return undefined;
  }
};

/** stepi and nexti: one instruction, or one instruction with what it calls. */
export class InstructionStep extends PlanBase {
  #before: { pc: Address; stackPointer: Address };
  #initiating: FrameIdentity | undefined;

  /** @param remaining how many instructions to step */
  constructor(
    world: StepWorld,
    thread: Thread,
    private readonly over: boolean,
    private remaining = 1,
  ) {
    super(world, thread);
    this.#before = this.#begin();
  }

  /** Only what leaves the instruction's frame asks for it; steps that do not are spared the unwinding. */
  protected get initiating(): FrameIdentity {
    return (this.#initiating ??= this.#identity());
  }

  #identity(): FrameIdentity {
    const { frame, outer } = this.world.innermost(this.thread);
    return identityOf(frame, outer);
  }

  #begin(): { pc: Address; stackPointer: Address } {
    this.#initiating = this.over ? this.#identity() : undefined;
    return { pc: this.thread.pc, stackPointer: this.thread.stackPointer };
  }

  stepped(): PlanMode {
    const returnAddress = this.over ? madeCall(this.thread, this.#before) : undefined;
    if (returnAddress !== undefined)
      return this.runTo(returnAddress, this.standingAt(this.thread.stackPointer + 8n), () => this.#complete());
    return (this.mode = this.#complete());
  }

  /** Who steps by instructions wants to see the innermost code, not a call that is about to begin. */
  override showsInlined(): readonly undefined[] {
    return [undefined];
  }

  #complete(): PlanMode {
    if (--this.remaining <= 0) return 'done';
    this.#before = this.#begin();
    return 'step';
  }

  /** The signal may have come before the instruction, or with its end (a system call that sent it). */
  override entersHandler(): PlanMode {
    const { pc, stackPointer } = this.thread;
    const executed = pc !== this.#before.pc;
    this.#initiating ??= this.#identity();
    return this.runTo(pc, this.standingAt(stackPointer), () => (executed ? this.#complete() : 'step'));
  }
}

export interface Target {
  readonly address: Address;
  /** Stops only when this holds there. */
  readonly counts: () => boolean;
  /** Of inlined calls that begin there this one, and what is outside of it, is shown; absent: none. Undefined: all. */
  readonly shows?: string | undefined;
}

/** finish, until LOCATION, advance, and the return from a call made by deet: run to one of some addresses. */
export class RunTo extends PlanBase {
  /** The target that was reached, by its index; undefined: none. */
  reached: number | undefined;

  /** @param initiating a longjmp or throw that lands in this frame, or further out, ends the run. */
  constructor(
    world: StepWorld,
    thread: Thread,
    private readonly targets: readonly Target[],
    protected readonly initiating: FrameIdentity,
  ) {
    super(world, thread);
    this.mode = 'run';
    targets.forEach(({ address, counts }, index) => {
      this.plant(address, counts, () => {
        this.reached ??= index;
        return 'done';
      });
    });
    this.#removeJumpSites = this.watchJumps(() => undefined);
  }

  readonly #removeJumpSites: () => void;

  override showsInlined(): readonly (string | undefined)[] {
    const target = this.reached === undefined ? undefined : this.targets[this.reached];
    return target && 'shows' in target ? [target.shows] : [];
  }

  stepped(): PlanMode {
    return this.mode;
  }

  override entersHandler(): PlanMode {
    return this.mode;
  }

  override dispose(): void {
    this.#removeJumpSites();
    super.dispose();
  }
}
