/**
 * What call sites in the debug information (DW_TAG_call_site; DWARF 5, 3.4) tell of a stack: functions that ended in a jump
 * to another (tail calls) and left no frame, and the values that parameters had at entry.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import type { FrameContext } from '../dwarf/location.js';
import { evaluateNumber } from '../dwarf/machine.js';
import type { CallSite, FunctionSymbol, SymbolImage } from '../symbols/model.js';
import { symbolsOf } from './frames_symbols.js';
import type { Activation, Unwinder } from './unwinder.js';
import type { CodePlace } from './unwinder_code.js';

/** A function on the way from a call to the callee that returned nothing of itself on the stack. */
export interface TailCall {
  readonly function: FunctionSymbol;
  /** Where it jumps away. */
  readonly site: CallSite;
}

/** Steps of a search before a chain of tail calls counts as unknown. */
const LARGEST_SEARCH = 1000;
const NONE: readonly TailCall[] = [];

/** Call sites of a function by return address; deep stacks ask for the same ones again and again. */
const sitesByFunction = new WeakMap<FunctionSymbol, ReadonlyMap<number, CallSite>>();

const callSiteAt = (function_: FunctionSymbol, returnAddress: number): CallSite | undefined => {
  let sites = sitesByFunction.get(function_);
  if (sites === undefined) {
    sites = new Map(function_.callSites().map((site) => [site.returnAddress, site]));
    sitesByFunction.set(function_, sites);
  }
  return sites.get(returnAddress);
};

const functionStartingAt = (image: SymbolImage, entry: FileAddress): FunctionSymbol | undefined => {
  const found = image.functionAt(entry);
  return found?.entry === entry ? found : undefined;
};

/**
 * The only chain of tail calls from one function to another, outermost first: undefined when there is none, more than one, or
 * one of the functions on the way jumps to an unknown place.
 */
const onlyChain = (from: FunctionSymbol, to: FunctionSymbol): readonly TailCall[] | undefined => {
  let steps = 0;
  let found: readonly TailCall[] | undefined;
  // Depth first with a stack of its own: chains may be longer than JavaScript's.
  const work: { function: FunctionSymbol; chain: readonly TailCall[] }[] = [{ function: from, chain: NONE }];
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    const { function: current, chain } = item;
    if (current.entry === to.entry) {
      if (found !== undefined) return undefined;
      found = chain;
      continue;
    }
    if (chain.some((call) => call.function.entry === current.entry)) continue;
    if (++steps > LARGEST_SEARCH) return undefined;
    for (const site of current.callSites()) {
      if (!site.tailCall) continue;
      if (site.target === undefined) return undefined;
      const target = functionStartingAt(current.image, site.target);
      if (target === undefined) return undefined;
      work.push({ function: target, chain: [...chain, { function: current, site }] });
    }
  }
  return found;
};

const reliable = new WeakMap<FunctionSymbol, boolean>();

/**
 * Whether a call site's arguments are those of the activation that runs now: not where the function may have come back to itself by tail calls, as two functions
 * that recurse by way of each other do, nor where it jumps to code of which that is not known.
 */
export const enteredByCall = (function_: FunctionSymbol): boolean => {
  let answer = reliable.get(function_);
  if (answer === undefined) reliable.set(function_, (answer = neverJumpsToItself(function_)));
  return answer;
};

const neverJumpsToItself = (function_: FunctionSymbol): boolean => {
  const seen = new Set<FileAddress>();
  const work = [function_];
  for (let current = work.pop(); current !== undefined; current = work.pop()) {
    for (const { tailCall, target } of current.callSites()) {
      if (!tailCall) continue;
      const next = target === undefined ? undefined : functionStartingAt(current.image, target);
      if (next === undefined || next.entry === function_.entry || seen.size > LARGEST_SEARCH) return false;
      if (seen.has(next.entry)) continue;
      seen.add(next.entry);
      work.push(next);
    }
  }
  return true;
};

/** Finds tail calls between an activation and its caller. */
export class CallChains {
  /** By the caller's place and the callee's function. */
  private readonly known = new WeakMap<CodePlace, Map<FunctionSymbol, readonly TailCall[]>>();

  constructor(private readonly unwinder: Unwinder) {}

  /** The call in `caller` that led to `callee`, where debug information has it. */
  siteOf(caller: Activation): CallSite | undefined {
    const { function: function_ } = symbolsOf(caller.place);
    if (function_ === undefined || caller.kind !== 'normal' || caller.interrupted) return undefined;
    return callSiteAt(function_, caller.pc - Number(caller.place.loaded?.bias ?? 0n));
  }

  /** The functions that left by a jump between the call in `caller` and `callee`, innermost first; none when that is not certain. */
  between(callee: Activation, caller: Activation): readonly TailCall[] {
    if (callee.kind === 'signal' || caller.kind !== 'normal' || caller.interrupted) return NONE;
    const to = symbolsOf(callee.place).function;
    if (to === undefined) return NONE;
    let chains = this.known.get(caller.place);
    if (chains === undefined) this.known.set(caller.place, (chains = new Map<FunctionSymbol, readonly TailCall[]>()));
    let chain = chains.get(to);
    if (chain === undefined) chains.set(to, (chain = this.find(to, callee, caller)));
    return chain;
  }

  private find(to: FunctionSymbol, callee: Activation, caller: Activation): readonly TailCall[] {
    const site = this.siteOf(caller);
    const from = site && this.directCallee(site, caller, callee, to);
    return from === undefined || from.entry === to.entry ? NONE : (onlyChain(from, to)?.toReversed() ?? NONE);
  }

  /**
   * The function that a direct call went to: by its call site, else (a call into another file, by way of its procedure linkage table or
   * global offset table) by the instruction. Undefined also when it lies in another file than the callee, from where no jumps are followed.
   */
  private directCallee(site: CallSite, caller: Activation, callee: Activation, to: FunctionSymbol): FunctionSymbol | undefined {
    const { loaded } = callee.place;
    if (loaded === undefined) return undefined;
    if (site.target !== undefined) return loaded === caller.place.loaded ? functionStartingAt(to.image, site.target) : undefined;
    const { calls } = this.unwinder.fallback;
    const target = calls.target(caller.pc);
    if (target === undefined) return undefined;
    const name = calls.slotName(target);
    const entry =
      name === undefined ? target - Number(loaded.bias) : to.image.symbolsNamed(name).find(({ type }) => type === 'function')?.address;
    return entry === undefined ? undefined : functionStartingAt(to.image, fileAddress(entry));
  }

  /**
   * Whether a call certainly went to this function (and not to one that jumped here): by the value that an indirect call went through, else
   * as `directCallee` has it.
   * @param context the caller's frame
   */
  goesTo(site: CallSite, caller: Activation, context: FrameContext, callee: Activation, function_: FunctionSymbol): boolean {
    if (site.targetValue === undefined) return this.directCallee(site, caller, callee, function_)?.entry === function_.entry;
    const entry = BigInt(function_.entry) + (callee.place.loaded?.bias ?? 0n);
    return evaluateNumber(site.targetValue, site.unit, context) === entry;
  }
}
