/** The program as a step in progress sees it: lines, functions, trampolines and frames by load address. */
import type { Address } from '../common/addresses.js';
import { fileAddress } from '../common/addresses.js';
import type { Frame, LoadedImage } from '../inferior/frame.js';
import type { Stack } from '../inferior/frames.js';
import { inlinedCallsStartingAt } from '../inferior/frames.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import { jumpHooks, type JumpTarget } from './jumps.js';
import { behindThunk, slotTarget } from './linkage.js';
import type { Settings } from './settings.js';
import type { LineSpan, StepWorld } from './stepping.js';
import type { Scope } from '../symbols/model.js';
import { stackOf } from './stacks.js';

/** Decides whether `step` passes over a function (skip function, skip file). */
export type SkipRule = (name: string | undefined, file: string | undefined) => boolean;

const located = (thread: Thread, pc: Address): { loaded: LoadedImage; at: ReturnType<typeof fileAddress> } | undefined => {
  const loaded = thread.process.images.imageAt(pc);
  return loaded && { loaded, at: fileAddress(Number(pc - loaded.bias)) };
};

export class ProgramWorld implements StepWorld {
  /** Inlined calls hidden at each thread's innermost frame: it stands before their first instruction. */
  readonly #hidden = new WeakMap<Thread, number>();

  constructor(
    private readonly settings: Settings,
    private readonly skipRule: SkipRule,
  ) {}

  get stepMode(): boolean {
    return this.settings.flag('step-mode');
  }

  lineAt(thread: Thread, pc: Address): LineSpan | undefined {
    const place = located(thread, pc);
    const row = place?.loaded.image.lineAt(place.at);
    if (!place || !row || row.line === 0) return undefined;
    const { bias } = place.loaded;
    return {
      start: BigInt(row.address) + bias,
      end: BigInt(row.end) + bias,
      file: row.file.path,
      line: row.line,
      isStatement: row.isStatement,
    };
  }

  functionAt(thread: Thread, pc: Address): ReturnType<StepWorld['functionAt']> {
    const place = located(thread, pc);
    if (!place) return undefined;
    const { bias, image } = place.loaded;
    const fn = image.functionAt(place.at);
    const range = fn?.ranges.find(({ low, high }) => place.at >= low && place.at < high);
    if (fn && range) return { name: fn.qualifiedName, start: BigInt(range.low) + bias, end: BigInt(range.high) + bias };
    const symbol = image.symbolAt(place.at);
    return (
      symbol && { name: symbol.name, start: BigInt(symbol.address) + bias, end: BigInt(symbol.address + Math.max(symbol.size, 1)) + bias }
    );
  }

  stepInto(thread: Thread, entry: Address): Address | undefined {
    const place = located(thread, entry);
    const fn = place?.loaded.image.functionAt(place.at);
    if (!place || !fn) return undefined;
    const { image, bias } = place.loaded;
    const line = image.lineAt(place.at);
    if (!line || line.line === 0 || this.skipRule(fn.qualifiedName, line.file.path)) return undefined;
    const target = fn.entry === place.at ? (image.stepTarget?.(fn) ?? image.afterPrologue(fn)) : place.at;
    return BigInt(target) + bias;
  }

  skips(frame: Frame): boolean {
    return this.skipRule(frame.functionName, frame.position?.file.path);
  }

  /** Once the slot has been filled it tells the truth, whatever the names say (versions, interposition, indirect functions). */
  boundTarget(thread: Thread, pc: Address): Address | undefined {
    const place = located(thread, pc);
    const symbol = place?.loaded.image.symbolAt(place.at);
    return place && symbol?.name.endsWith('@plt')
      ? slotTarget(thread.process.space, BigInt(symbol.address) + place.loaded.bias)
      : undefined;
  }

  trampolineTarget(thread: Thread, pc: Address): Address | undefined {
    const place = located(thread, pc);
    const symbol = place?.loaded.image.symbolAt(place.at);
    const method = place && symbol && behindThunk(thread.process.space, place.loaded, symbol);
    if (method !== undefined) return method;
    if (!place || !symbol?.name.endsWith('@plt')) return undefined;
    const slot = this.boundTarget(thread, pc);
    if (slot !== undefined) return slot;
    const wanted = symbol.name.slice(0, -4);
    for (const { image, bias } of thread.process.images.all()) {
      const found = image.symbolsNamed(wanted).find((each) => each.type === 'function' && each.address !== 0 && each.binding !== 'local');
      if (found) return BigInt(found.address) + bias;
    }
    return undefined;
  }

  isLinkage(thread: Thread, pc: Address): boolean {
    const place = located(thread, pc);
    if (!place) return false;
    if (place.loaded.image.isLinkage(place.at)) return true;
    const base = thread.process.loaderBase;
    return base !== undefined && place.loaded.bias === base && place.loaded !== thread.process.images.main;
  }

  innermost(thread: Thread): ReturnType<StepWorld['innermost']> {
    const stack = this.stack(thread);
    const frame = stack.frame(0);
    if (!frame) throw new Error('a stack without an innermost frame');
    return { frame, hidden: this.hidden(thread), outer: (level) => stack.frame(level) };
  }

  /** How many inlined calls are hidden; found once for each place where the thread stops. */
  hidden(thread: Thread): number {
    const known = this.#hidden.get(thread);
    if (known !== undefined && this.#placeOf.get(thread) === thread.pc) return known;
    const count = this.#startingAt(thread).length;
    this.#setHidden(thread, count);
    return count;
  }

  readonly #placeOf = new WeakMap<Thread, Address>();

  #setHidden(thread: Thread, count: number): void {
    this.#hidden.set(thread, count);
    this.#placeOf.set(thread, thread.pc);
  }

  reveal(thread: Thread): void {
    this.#setHidden(thread, Math.max(0, this.hidden(thread) - 1));
  }

  /**
   * A thread that was to be stopped in one of these functions, inlined here, shows it, the innermost of them; `undefined` stands for a line or an address, which
   * is wherever its code is.
   */
  revealTo(thread: Thread, functions: readonly (string | undefined)[]): void {
    const calls = this.#startingAt(thread).map(({ inlined }) => inlined?.qualifiedName);
    const opened = this.#openedAt(thread);
    // Of a function that is inlined into itself the outer call; at its own beginning (g++: a deleting destructor into which the plain one is inlined) none.
    const depths = functions.map((wanted) => (wanted === undefined ? 0 : wanted === opened ? calls.length : calls.lastIndexOf(wanted)));
    this.#setHidden(thread, Math.min(calls.length, ...depths.filter((depth) => depth >= 0)));
  }

  hiddenCallEnd(thread: Thread): Address | undefined {
    const loaded = thread.process.images.imageAt(thread.pc);
    const call = this.#startingAt(thread).at(this.hidden(thread) - 1);
    return this.hidden(thread) > 0 && loaded && call ? BigInt(Math.max(...call.ranges.map(({ high }) => high))) + loaded.bias : undefined;
  }

  /** The function, not an inlined call, that begins where the thread stands, with or without its prologue. */
  #openedAt(thread: Thread): string | undefined {
    const place = located(thread, thread.pc);
    const fn = place?.loaded.image.functionAt(place.at);
    return place && fn && (place.at === fn.entry || place.at === place.loaded.image.afterPrologue(fn)) ? fn.qualifiedName : undefined;
  }

  /** Inlined calls that begin where the thread stands, innermost first. */
  #startingAt(thread: Thread): Scope[] {
    const place = located(thread, thread.pc);
    if (!place) return [];
    const calls = place.loaded.image.scopesAt(place.at).filter(({ inlined }) => inlined);
    return calls.slice(0, inlinedCallsStartingAt(place.loaded.image, place.at));
  }

  /** Threads run and come back to where they are: what each shows of inlined calls is put back by the function that this returns. */
  keepShown(threads: readonly Thread[]): () => void {
    const shown = threads.filter(({ stopped }) => stopped).map((thread) => ({ thread, hidden: this.hidden(thread), pc: thread.pc }));
    return () => {
      for (const { thread, hidden, pc } of shown) if (thread.stopped && thread.pc === pc) this.#setHidden(thread, hidden);
    };
  }

  /** Forgets what was hidden: the thread is about to run. */
  resumed(thread: Thread): void {
    this.#hidden.delete(thread);
  }

  stack(thread: Thread): Stack {
    return stackOf(thread, this.hidden(thread), this.settings.flag('backtrace past-main'));
  }

  plant(thread: Thread, address: Address, owner: SiteOwner): () => void {
    const { space } = thread.process;
    space.sites.add(address, owner);
    return () => {
      space.sites.remove(address, owner);
    };
  }

  jumpSites(thread: Thread, jumps: (target: JumpTarget) => void): () => void {
    if (!this.settings.flag('stop-at-landing')) return () => undefined;
    const cleanups = jumpHooks(thread.process).map(({ address, target }) =>
      this.plant(thread, address, {
        kind: 'internal',
        arrived: (arriving) => {
          const where = arriving === thread ? target(thread) : undefined;
          if (where && thread.process.images.imageAt(where.address)) jumps(where);
          return 'pass';
        },
      }),
    );
    return () => {
      for (const cleanup of cleanups) cleanup();
    };
  }
}
