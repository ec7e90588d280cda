/**
 * The stack of a stopped thread as people see it: every activation that the unwinder finds, the calls inlined in it, and
 * the tail calls around it, numbered from the innermost. Frames are made when asked for. Of a deep stack only every 64th
 * activation is kept; those between are found again from there.
 */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { MemoryReader } from '../common/memory.js';
import type { Frame, ImageMap, LoadedImage } from './frame.js';
import { CallChains, enteredByCall, type TailCall } from './frames_calls.js';
import { ActivationContext, type ThreadContext } from './frames_context.js';
import { EntryValues, sameBytes, type EntryDescription, type EntryOwner } from './frames_entry.js';
import { StackFrame, TailFrame } from './frames_frame.js';
import { symbolsOf } from './frames_symbols.js';
import type { OwnCall } from './own_call.js';
import { isEnd, Unwinder, type Activation, type StackEnd } from './unwinder.js';
import { CALLER_SAVED, RIP, RSP } from './unwinder_registers.js';

export { inlinedCallsStartingAt } from './frames_symbols.js';

export interface StackOptions {
  /** struct user_regs_struct (sys/user.h): 27 words. Copied. */
  readonly registers: BigUint64Array;
  /** Registers wider than 64 bits by DWARF number: 17-32 xmm, 33-40 st. */
  readonly wide?: (number: number) => Uint8Array | undefined;
  /** Read as long as the stack is used, which is one stop at most. */
  readonly memory: MemoryReader;
  readonly images: ImageMap;
  /** The address of the thread's copy of a thread-local variable at `offset` in the TLS block of a file. */
  readonly tls?: (image: LoadedImage, offset: bigint) => Address | undefined;
  /** Inlined calls to hide at the innermost activation: the thread stands before their first instruction (`inlinedCallsStartingAt`). */
  readonly skipInlinedAtStart?: number;
  /** The innermost activations in such files are left out, without a look at their debug information. */
  readonly leaveOut?: (file: string) => boolean;
  /** The program's own address of an instruction that the thread executes out of line; undefined: pc is no such copy. */
  readonly originalPc?: (pc: Address) => Address | undefined;
  /** Calls that deet has made and that have not come back. */
  readonly calls?: readonly OwnCall[];
  /** What called main is the C library's start-up code: only if this is set, its call sites are read for the values that main had at entry. */
  readonly pastMain?: boolean;
}

const NO_TAILS: readonly TailCall[] = [];
const SPACING = 64;
/** Runs of activations kept in full beside the spaced ones. */
const KEPT_RUNS = 16;

/** Where a run of activations begins. */
interface Start {
  readonly activation: Activation;
  /** Counted without inlined and tail calls. */
  readonly index: number;
  /** Level of its innermost frame. */
  readonly level: number;
  /** Inlined calls that are not shown. */
  readonly hidden: number;
}

/** An activation with its place among the frames; its caller is looked for when it is asked for. A class, because millions are made. */
class Step implements Start {
  /** Its own context and those of the tail calls around it, as far as they were asked for. */
  readonly contexts: ActivationContext[] = [];
  private outer: Activation | StackEnd | undefined;
  private jumps: readonly TailCall[] | undefined;

  constructor(
    readonly activation: Activation,
    readonly index: number,
    readonly level: number,
    readonly hidden: number,
    private readonly unwinder: Unwinder,
    private readonly chains: CallChains,
  ) {}

  get caller(): Activation | StackEnd {
    return (this.outer ??= this.unwinder.caller(this.activation));
  }

  /** Between it and its caller, innermost first. */
  get tails(): readonly TailCall[] {
    return (this.jumps ??= isEnd(this.caller) ? NO_TAILS : this.chains.between(this.activation, this.caller));
  }

  /** Its own frames: inlined calls, and itself. */
  get own(): number {
    return symbolsOf(this.activation.place).frames.length - this.hidden;
  }

  /** The level behind its own frames and the tail calls. */
  get nextLevel(): number {
    return this.level + this.own + this.tails.length;
  }
}

/**
 * Memory as a function sees it that has left by a jump: where its frame was, the frame of the function that it jumped to is now. gcc describes arguments
 * of such calls by what lay there.
 */
const withoutLeft = (memory: MemoryReader, from: bigint | undefined, to: bigint): MemoryReader => ({
  read: (address, length) => {
    if (from !== undefined && address >= from && address < to) throw new DeetError('memory', 'The frame has been left.');
    return memory.read(address, length);
  },
});

export class Stack implements Iterable<Frame> {
  private readonly unwinder: Unwinder;
  private readonly thread: ThreadContext;
  private readonly chains: CallChains;
  private readonly pastMain: boolean;
  private readonly entries = new EntryValues((owner, expression) => this.describeEntry(owner, expression));
  /** Activations 0, 64, 128, ... as far as they are known. */
  private readonly spaced: Start[];
  /** From one of them up to the next, as far as they were asked for. */
  private readonly runs = new Map<number, Step[]>();
  private last: Step | undefined;

  constructor({ registers, wide, memory, images, tls, skipInlinedAtStart, leaveOut, originalPc, calls, pastMain }: StackOptions) {
    this.pastMain = pastMain ?? false;
    this.thread = { user: registers.slice(), memory, wide: wide ?? (() => undefined), tls: tls ?? (() => undefined) };
    this.unwinder = new Unwinder(images, memory, originalPc, calls);
    this.chains = new CallChains(this.unwinder);
    const innermost = this.first(leaveOut ?? (() => false));
    const hidden = Math.min(skipInlinedAtStart ?? 0, symbolsOf(innermost.place).frames.length - 1);
    this.spaced = [{ activation: innermost, index: 0, level: 0, hidden }];
  }

  private first(leaveOut: (file: string) => boolean): Activation {
    let activation = this.unwinder.innermost(this.thread.user);
    while (leaveOut(activation.place.loaded?.image.path ?? '')) {
      const caller = this.unwinder.caller(activation);
      if (isEnd(caller)) break;
      activation = caller;
    }
    return activation;
  }

  /** A frame by level; undefined behind the outermost. Costs as much as the stack is deep up to there, once. */
  frame(level: number): Frame | undefined {
    const step = level >= 0 ? this.stepOfLevel(level) : undefined;
    return step && this.frameOf(step, level - step.level);
  }

  /** The innermost frames, at most `limit`. For deep stacks iterate instead: each frame holds its registers. */
  frames(limit = Infinity): Frame[] {
    const frames: Frame[] = [];
    for (const frame of this) {
      if (frames.length >= limit) break;
      frames.push(frame);
    }
    return frames;
  }

  *[Symbol.iterator](): Generator<Frame> {
    for (let index = 0; ; index++) {
      const step = this.at(index);
      if (step === undefined) return;
      for (let i = 0; i < step.own; i++) yield this.frameOf(step, i);
      for (let i = 0; i < step.tails.length; i++) yield this.frameOf(step, step.own + i);
    }
  }

  /** The number of frames: walks to the end of the stack, in constant memory for a frame. */
  get depth(): number {
    return this.outermost().nextLevel;
  }

  /** Why the stack ends, in gdb's words ("Backtrace stopped: ..."); undefined when it ends as it should. Walks to the end. */
  get endReason(): string | undefined {
    const { caller } = this.outermost();
    return isEnd(caller) ? caller.reason : undefined;
  }

  private outermost(): Step {
    for (;;) {
      if (this.last !== undefined) return this.last;
      this.complete(this.spaced.length - 1);
    }
  }

  /** What is known of the activations from one of the spaced ones up to the next. */
  private run(number: number): Step[] {
    let run = this.runs.get(number);
    if (run === undefined) {
      run = [this.step(this.spaced[number])];
      if (this.runs.size >= KEPT_RUNS) this.runs.delete(this.runs.keys().next().value ?? 0);
      this.runs.set(number, run);
    }
    return run;
  }

  private step({ activation, index, level, hidden }: Start): Step {
    return new Step(activation, index, level, hidden, this.unwinder, this.chains);
  }

  /** Adds one activation to a run. False: the run is complete; the next one begins, or the stack ends. */
  private grow(number: number, run: Step[]): boolean {
    const step = run[run.length - 1];
    const { caller, nextLevel } = step;
    if (isEnd(caller)) {
      this.last = step;
      return false;
    }
    const next = { activation: caller, index: step.index + 1, level: nextLevel, hidden: 0 };
    if (run.length < SPACING) {
      run.push(this.step(next));
      return true;
    }
    if (this.spaced.length === number + 1) this.spaced.push({ ...next, activation: { ...caller, registers: caller.registers.copy() } });
    return false;
  }

  private at(index: number): Step | undefined {
    const number = Math.floor(index / SPACING);
    while (this.spaced.length <= number && this.last === undefined) this.complete(this.spaced.length - 1);
    if (number >= this.spaced.length) return undefined;
    const run = this.run(number);
    while (run.length <= index % SPACING && this.grow(number, run));
    return run[index % SPACING];
  }

  private complete(number: number): void {
    const run = this.run(number);
    while (this.grow(number, run));
  }

  private stepOfLevel(level: number): Step | undefined {
    for (;;) {
      let low = 0;
      let high = this.spaced.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (this.spaced[middle].level <= level) low = middle + 1;
        else high = middle;
      }
      const number = low - 1;
      const run = this.run(number);
      do {
        const step = run[run.length - 1];
        // The caller, and with it the tail calls, only if the level is not one of the step's own.
        if (level < step.level + step.own || level < step.nextLevel) return run.findLast((each) => each.level <= level);
      } while (this.grow(number, run));
      if (number === this.spaced.length - 1) return undefined;
    }
  }

  private frameOf(step: Step, offset: number): Frame {
    const { activation, hidden, level, own } = step;
    const { loaded } = activation.place;
    if (offset < own || loaded === undefined)
      return new StackFrame(level + offset, activation, hidden + offset, () => this.context(step, 0));
    const tail = step.tails[offset - own];
    return new TailFrame(level + offset, tail, BigInt(activation.cfa), loaded, this.context(step, offset - own + 1));
  }

  /** @param tail 0: the activation itself; n: the n-th tail call around it */
  private context(step: Step, tail: number): ActivationContext {
    return (step.contexts[tail] ??= this.makeContext(step, tail));
  }

  private makeContext(step: Step, tail: number): ActivationContext {
    const { activation, index } = step;
    const { place, cfa } = activation;
    const entry = (expression: Uint8Array): bigint | undefined => this.entries.value({ index, tail }, expression);
    const call = tail === 0 ? undefined : step.tails[tail - 1];
    if (call === undefined || isEnd(step.caller))
      return new ActivationContext(this.thread, activation.registers, cfa, place.loaded, place.inFile, symbolsOf(place).function, entry);
    // When it jumped it had taken its frame down: callee-saved registers were its caller's again, the others are lost.
    const registers = step.caller.registers.copy();
    for (const register of CALLER_SAVED) registers.forget(register);
    registers.setNumber(RSP, cfa - 8);
    registers.setNumber(RIP, call.site.returnAddress + Number(place.loaded?.bias ?? 0n));
    const thread = { ...this.thread, memory: withoutLeft(this.thread.memory, activation.registers.value(RSP), BigInt(cfa - 8)) };
    return new ActivationContext(thread, registers, cfa, place.loaded, call.site.returnAddress - 1, call.function, entry);
  }

  /** The call site's expression for a value that the function of `owner` had at entry. */
  private describeEntry({ index, tail }: EntryOwner, expression: Uint8Array): EntryDescription | undefined {
    const step = this.at(index);
    if (step === undefined || isEnd(step.caller)) return undefined;
    const callee = tail === 0 ? symbolsOf(step.activation.place).function : step.tails[tail - 1]?.function;
    if (callee?.isMain && !this.pastMain) return undefined;
    const jump = step.tails[tail];
    const outer = jump === undefined ? this.at(index + 1) : step;
    const site = jump?.site ?? this.chains.siteOf(step.caller);
    if (outer === undefined || site === undefined) return undefined;
    const context = this.context(outer, jump === undefined ? 0 : tail + 1);
    // A jump was followed to its target when the chain was found.
    if (jump === undefined && !(callee && this.chains.goesTo(site, step.caller, context, step.activation, callee))) return undefined;
    if (callee && !enteredByCall(callee)) return undefined;
    const value = site.parameters.find(({ location }) => sameBytes(location, expression))?.value;
    return value && { value, unit: site.unit, caller: context };
  }
}
