/**
 * The stack of a stopped thread as people see it: every activation that the unwinder finds, the calls inlined in it, and
 * the tail calls around it, numbered from the innermost. Frames are made when asked for. Of a deep stack only every 64th
 * activation is kept; those between are found again from there.
 */
import type { Address } from '../common/addresses.js';
import type { MemoryReader } from '../common/memory.js';
import type { Frame, ImageMap, LoadedImage } from './frame.js';
import { CallChains, type TailCall } from './frames_calls.js';
import { ActivationContext, type ThreadContext } from './frames_context.js';
import { EntryValues, type EntryDescription, type EntryOwner } from './frames_entry.js';
import { StackFrame, TailFrame } from './frames_frame.js';
import { symbolsOf } from './frames_symbols.js';
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
  /** The program's own address of an instruction that the thread executes out of line; undefined: pc is no such copy. */
  readonly originalPc?: (pc: Address) => Address | undefined;
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

/** An activation with its place among the frames. A class, because millions are made. */
class Step implements Start {
  /** Its own context and those of the tail calls around it, as far as they were asked for. */
  readonly contexts: ActivationContext[] = [];
  /** Its frames: inlined calls and itself, then the tail calls. */
  readonly width: number;

  constructor(
    readonly activation: Activation,
    readonly index: number,
    readonly level: number,
    readonly hidden: number,
    readonly caller: Activation | StackEnd,
    /** Between it and its caller, innermost first. */
    readonly tails: readonly TailCall[],
  ) {
    this.width = symbolsOf(activation.place).frames.length - hidden + tails.length;
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export class Stack implements Iterable<Frame> {
  private readonly unwinder: Unwinder;
  private readonly thread: ThreadContext;
  private readonly chains: CallChains;
  private readonly entries = new EntryValues((owner, expression) => this.describeEntry(owner, expression));
  /** Activations 0, 64, 128, ... as far as they are known. */
  private readonly spaced: Start[];
  private readonly runs = new Map<number, readonly Step[]>();
  private last: Step | undefined;

  constructor({ registers, wide, memory, images, tls, skipInlinedAtStart, originalPc }: StackOptions) {
    this.thread = { user: registers.slice(), memory, wide: wide ?? (() => undefined), tls: tls ?? (() => undefined) };
    this.unwinder = new Unwinder(images, memory, originalPc);
    this.chains = new CallChains(this.unwinder);
    const innermost = this.unwinder.innermost(this.thread.user);
    const hidden = Math.min(skipInlinedAtStart ?? 0, symbolsOf(innermost.place).frames.length - 1);
    this.spaced = [{ activation: innermost, index: 0, level: 0, hidden }];
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
      for (let i = 0; i < step.width; i++) yield this.frameOf(step, i);
    }
  }

  /** The number of frames: walks to the end of the stack, in constant memory for a frame. */
  get depth(): number {
    const last = this.outermost();
    return last.level + last.width;
  }

  /** Why the stack ends, in gdb's words ("Backtrace stopped: ..."); undefined when it ends as it should. Walks to the end. */
  get endReason(): string | undefined {
    const { caller } = this.outermost();
    return isEnd(caller) ? caller.reason : undefined;
  }

  private outermost(): Step {
    let run = this.spaced.length - 1;
    for (;;) {
      if (this.last !== undefined) return this.last;
      this.run(run++);
    }
  }

  private step(activation: Activation, index: number, level: number, hidden: number): Step {
    const caller = this.unwinder.caller(activation);
    return new Step(activation, index, level, hidden, caller, isEnd(caller) ? NO_TAILS : this.chains.between(activation, caller));
  }

  /** The activations from one of the spaced ones up to the next; its start must be known. */
  private run(number: number): readonly Step[] {
    const known = this.runs.get(number);
    if (known !== undefined) return known;
    const { activation, index, level, hidden } = this.spaced[number];
    let step = this.step(activation, index, level, hidden);
    const steps = [step];
    while (!isEnd(step.caller) && steps.length < SPACING) {
      step = this.step(step.caller, step.index + 1, step.level + step.width, 0);
      steps.push(step);
    }
    const { caller } = step;
    if (isEnd(caller)) this.last = step;
    else if (this.spaced.length === number + 1) {
      const alone = { ...caller, registers: caller.registers.copy() };
      this.spaced.push({ activation: alone, index: step.index + 1, level: step.level + step.width, hidden: 0 });
    }
    if (this.runs.size >= KEPT_RUNS) this.runs.delete(this.runs.keys().next().value ?? 0);
    this.runs.set(number, steps);
    return steps;
  }

  private at(index: number): Step | undefined {
    const number = Math.floor(index / SPACING);
    while (this.spaced.length <= number && this.last === undefined) this.run(this.spaced.length - 1);
    return number < this.spaced.length ? this.run(number)[index % SPACING] : undefined;
  }

  private stepOfLevel(level: number): Step | undefined {
    while ((this.spaced.at(-1)?.level ?? 0) <= level && this.last === undefined) this.run(this.spaced.length - 1);
    let low = 0;
    let high = this.spaced.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.spaced[middle]?.level ?? 0) <= level) low = middle + 1;
      else high = middle;
    }
    return this.run(low - 1).find((step) => level < step.level + step.width);
  }

  private frameOf(step: Step, offset: number): Frame {
    const { activation, hidden, tails, level } = step;
    const own = step.width - tails.length;
    const tail = tails[offset - own];
    const { loaded } = activation.place;
    if (tail === undefined || loaded === undefined)
      return new StackFrame(level + offset, activation, hidden + offset, () => this.context(step, 0));
    return new TailFrame(level + offset, tail, BigInt(activation.cfa), loaded, this.context(step, offset - own + 1));
  }

  /** @param tail 0: the activation itself; n: the n-th tail call around it */
  private context(step: Step, tail: number): ActivationContext {
    return (step.contexts[tail] ??= this.makeContext(step, tail));
  }

  private makeContext({ activation, index, tails, caller }: Step, tail: number): ActivationContext {
    const { place, cfa } = activation;
    const entry = (expression: Uint8Array): bigint | undefined => this.entries.value({ index, tail }, expression);
    const call = tails[tail - 1];
    if (call === undefined || isEnd(caller))
      return new ActivationContext(this.thread, activation.registers, cfa, place.loaded, place.inFile, symbolsOf(place).function, entry);
    // When it jumped it had taken its frame down: callee-saved registers were its caller's again, the others are lost.
    const registers = caller.registers.copy();
    for (const register of CALLER_SAVED) registers.forget(register);
    registers.setNumber(RSP, cfa - 8);
    registers.setNumber(RIP, call.site.returnAddress + Number(place.loaded?.bias ?? 0n));
    return new ActivationContext(this.thread, registers, cfa, place.loaded, call.site.returnAddress - 1, call.function, entry);
  }

  /** The call site's expression for a value that the function of `owner` had at entry. */
  private describeEntry({ index, tail }: EntryOwner, expression: Uint8Array): EntryDescription | undefined {
    const step = this.at(index);
    if (step === undefined || isEnd(step.caller)) return undefined;
    const jump = step.tails[tail];
    const outer = jump === undefined ? this.at(index + 1) : step;
    const site = jump?.site ?? this.chains.siteOf(step.caller);
    if (outer === undefined || site === undefined) return undefined;
    const context = this.context(outer, jump === undefined ? 0 : tail + 1);
    const callee = tail === 0 ? symbolsOf(step.activation.place).function : step.tails[tail - 1]?.function;
    // A jump was followed to its target when the chain was found.
    if (jump === undefined && !(callee && this.chains.goesTo(site, step.caller, context, step.activation, callee))) return undefined;
    const value = site.parameters.find(({ location }) => sameBytes(location, expression))?.value;
    return value && { value, unit: site.unit, caller: context };
  }
}
