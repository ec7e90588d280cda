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

const SPACING = 64;
/** Runs of activations kept in full beside the spaced ones. */
const KEPT_RUNS = 16;

/** An activation with its place among the frames. */
interface Step {
  readonly activation: Activation;
  readonly index: number;
  /** Level of its innermost frame. */
  readonly level: number;
  /** Inlined calls that are not shown. */
  readonly hidden: number;
  /** Its frames: inlined calls and itself, then the tail calls between it and its caller. */
  readonly width: number;
  /** Innermost first. */
  readonly tails: readonly TailCall[];
  readonly caller: Activation | StackEnd;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export class Stack implements Iterable<Frame> {
  private readonly unwinder: Unwinder;
  private readonly thread: ThreadContext;
  private readonly chains: CallChains;
  private readonly entries = new EntryValues((owner, expression) => this.describeEntry(owner, expression));
  /** Steps 0, 64, 128, ... as far as they are known. */
  private readonly spaced: Step[];
  private readonly runs = new Map<number, readonly Step[]>();
  private readonly contexts = new WeakMap<Step, Map<number, ActivationContext>>();
  private last: Step | undefined;

  constructor({ registers, wide, memory, images, tls, skipInlinedAtStart, originalPc }: StackOptions) {
    this.thread = { user: registers.slice(), memory, wide: wide ?? (() => undefined), tls: tls ?? (() => undefined) };
    this.unwinder = new Unwinder(images, memory, originalPc);
    this.chains = new CallChains(this.unwinder);
    const innermost = this.unwinder.innermost(this.thread.user);
    const hidden = Math.min(skipInlinedAtStart ?? 0, symbolsOf(innermost.place).frames.length - 1);
    this.spaced = [this.step(innermost, 0, 0, hidden)];
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
    const tails = isEnd(caller) ? [] : this.chains.between(activation, caller);
    const width = symbolsOf(activation.place).frames.length - hidden + tails.length;
    return { activation, index, level, hidden, width, tails, caller };
  }

  private after({ caller, index, level, width }: Step): Step | undefined {
    return isEnd(caller) ? undefined : this.step(caller, index + 1, level + width, 0);
  }

  /** The steps from one spaced step up to the next; its start must be known. */
  private run(number: number): readonly Step[] {
    const known = this.runs.get(number);
    if (known !== undefined) return known;
    const steps: Step[] = [];
    let step: Step | undefined = this.spaced[number];
    while (step !== undefined && steps.length < SPACING) {
      steps.push(step);
      const next = this.after(step);
      if (next === undefined) this.last = step;
      step = next;
    }
    if (step !== undefined && this.spaced.length === number + 1) this.spaced.push(step);
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
      return new StackFrame(level + offset, activation, hidden + offset, this.context(step, 0));
    const cfa = BigInt(activation.cfa);
    return new TailFrame(level + offset, tail, cfa, loaded, this.context(step, offset - own + 1));
  }

  /** @param tail 0: the activation itself; n: the n-th tail call around it */
  private context(step: Step, tail: number): ActivationContext {
    let contexts = this.contexts.get(step);
    if (contexts === undefined) this.contexts.set(step, (contexts = new Map<number, ActivationContext>()));
    let context = contexts.get(tail);
    if (context === undefined) contexts.set(tail, (context = this.makeContext(step, tail)));
    return context;
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
