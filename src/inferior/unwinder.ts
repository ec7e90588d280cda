/**
 * From one activation of a function to its caller's: by call-frame information where there is some (DWARF 5, 6.4), else by
 * what unwinder_fallback.ts finds. Symbols and inlined calls are no business of this file; frames.ts adds them.
 */
import { fileAddress, type Address } from '../common/addresses.js';
import type { MemoryReader } from '../common/memory.js';
import type { RegisterRule } from '../dwarf/cfi.js';
import type { FrameContext } from '../dwarf/location.js';
import { evaluate, numberAt } from '../dwarf/machine.js';
import type { ImageMap } from './frame.js';
import type { OwnCall } from './own_call.js';
import { CodeMap, type CodePlace, type UnwindRow } from './unwinder_code.js';
import { Fallback, type FallbackPlan } from './unwinder_fallback.js';
import { cannotAccess, StackMemory } from './unwinder_memory.js';
import { RBP, RegisterArena, RegisterFile, REGISTERS, RIP, RSP } from './unwinder_registers.js';

/** One call of one function, with the registers as they are (or will be when its callee returns). */
export interface Activation {
  readonly registers: RegisterFile;
  readonly pc: number;
  readonly place: CodePlace;
  /** `signal`: a trampoline. `call`: a call that deet has made. The others: how it was found, see Frame.kind. */
  readonly kind: 'normal' | 'signal' | 'call' | 'frame-pointer' | 'guess';
  /** It did not call: the innermost, or interrupted by a signal or a call of deet's. */
  readonly interrupted: boolean;
  /** Canonical frame address; NaN when it cannot be found, and `trouble` says why. */
  readonly cfa: number;
  readonly trouble: string | undefined;
  readonly plan: FallbackPlan | undefined;
  /** The signal frames inside of it. */
  readonly crossed: CrossedSignal | undefined;
}

/** Across a signal frame the stack may be another one, so loops are found by meeting the same signal frame again. */
interface CrossedSignal {
  readonly stackPointer: number;
  readonly count: number;
  readonly inner: CrossedSignal | undefined;
}

/** There is no caller. `reason` is for the user; undefined: it is the outermost frame. */
export interface StackEnd {
  readonly reason: string | undefined;
}

export const isEnd = (result: Activation | StackEnd): result is StackEnd => 'reason' in result;

const IDENTICAL = 'previous frame identical to this frame (corrupt stack?)';
const INNER = 'previous frame inner to this frame (corrupt stack?)';
/** Handlers interrupted by handlers; each needs a kilobyte of stack. */
const MOST_SIGNALS = 1000;
const NOTHING_FOUND = 'no call-frame information here, and nothing on the stack looks like a caller';

/** Offsets of registers 0-16 in the ucontext_t that rt_sigreturn(2) reads (sys/ucontext.h): uc_mcontext.gregs begins at 40. */
const UCONTEXT = [144, 136, 152, 128, 112, 104, 120, 160, 40, 48, 56, 64, 72, 80, 88, 96, 168];

/** What expressions of call-frame information may use: registers and memory (DWARF 5, 6.4.2). */
class CfiContext implements FrameContext {
  readonly bias: bigint;
  readonly listAddress: number;
  constructor(
    readonly memory: MemoryReader,
    private readonly registers: RegisterFile,
    place: CodePlace,
  ) {
    this.bias = place.loaded?.bias ?? 0n;
    this.listAddress = place.inFile;
  }
  register(number: number): bigint | undefined {
    return this.registers.knows(number) ? this.registers.value(number) : undefined;
  }
  wideRegister(): undefined {}
  frameBase(): undefined {}
  cfa(): undefined {}
  tlsAddress(): undefined {}
  entryValue(): undefined {}
}

/** The signal frames inside of the caller of an activation. */
const crossedBy = (callee: Activation | undefined): CrossedSignal | undefined => {
  if (callee?.kind !== 'signal') return callee?.crossed;
  const { crossed } = callee;
  return { stackPointer: callee.registers.number(RSP), count: (crossed?.count ?? 0) + 1, inner: crossed };
};

/** Whether a signal frame was met before, or too many were. */
const endOfSignals = ({ registers, crossed }: Activation): StackEnd | undefined => {
  const stackPointer = registers.number(RSP);
  for (let seen = crossed; seen !== undefined; seen = seen.inner) if (seen.stackPointer === stackPointer) return { reason: IDENTICAL };
  return (crossed?.count ?? 0) < MOST_SIGNALS ? undefined : { reason: `more than ${MOST_SIGNALS} signal handlers (corrupt stack?)` };
};

/** How far the code at a file's entry point reaches where no symbol tells (ld.so's has none). */
const ENTRY_SIZE = 64;

/** The first code of a program or of the loader: it has no caller, and what lies on its stack is argc. */
const isEntryCode = ({ loaded, inFile }: CodePlace): boolean => {
  const entry = loaded?.image.entryPoint;
  if (loaded === undefined || entry === undefined || entry === 0) return false;
  const symbol = loaded.image.symbolAt(inFile);
  return symbol === undefined ? inFile >= entry && inFile < entry + ENTRY_SIZE : symbol.address === entry;
};

type NumberOrTrouble = number | { readonly trouble: string };

export class Unwinder {
  readonly memory: StackMemory;
  readonly code: CodeMap;
  readonly fallback: Fallback;
  private readonly arena = new RegisterArena();

  constructor(
    readonly images: ImageMap,
    memory: MemoryReader,
    /** The program's own address of a copied instruction that a thread executes out of line. */
    private readonly originalPc: (pc: Address) => Address | undefined = () => undefined,
    private readonly calls: readonly OwnCall[] = [],
  ) {
    this.memory = new StackMemory(memory);
    this.fallback = new Fallback(images, this.memory);
    this.code = new CodeMap(images, this.memory, this.fallback.calls);
  }

  /** The innermost activation of a thread with these registers (struct user_regs_struct). */
  innermost(user: BigUint64Array): Activation {
    return this.interrupted(RegisterFile.fromUser(user), undefined);
  }

  /** @param by the signal frame, or the call of deet's, that interrupted it; undefined: the thread's stop did */
  private interrupted(registers: RegisterFile, by: Activation | undefined): Activation {
    const original = this.originalPc(registers.value(RIP));
    if (original !== undefined) registers.setValue(RIP, original);
    const place = this.code.at(registers.number(RIP));
    return this.activation(registers, place, place.signal ? 'signal' : 'normal', by);
  }

  private activation(registers: RegisterFile, place: CodePlace, kind: Activation['kind'], callee: Activation | undefined): Activation {
    const pc = registers.number(RIP);
    const { row } = place;
    const interrupted = callee === undefined || callee.kind === 'signal' || callee.kind === 'call';
    let cfa = NaN;
    let trouble: string | undefined;
    let plan: FallbackPlan | undefined;
    if (row !== undefined) {
      const found = this.cfaBy(row, registers, place);
      if (typeof found === 'number') cfa = found;
      else trouble = found.trouble;
      const identical = cfa === callee?.cfa && pc === callee.pc;
      if (kind !== 'signal' && !identical && !this.believable(row, cfa, registers, kind, interrupted)) {
        plan = this.fallback.rescue(place, registers);
        if (plan !== undefined) [cfa, trouble] = [plan.cfa, undefined];
        else if (cfa < registers.number(RSP) + 8) trouble = INNER;
      }
    } else if (kind === 'signal') {
      const at = this.ucontextAt(registers) + UCONTEXT[RSP];
      cfa = this.memory.word(at) ?? NaN;
      if (Number.isNaN(cfa)) trouble = cannotAccess(at);
    } else if (pc !== 0 || interrupted) {
      plan = this.fallback.plan(place, pc, registers);
      cfa = plan?.cfa ?? NaN;
    }
    return { registers, pc, place, kind, interrupted, cfa, trouble, plan, crossed: crossedBy(callee) };
  }

  /**
   * Whether a frame ends above what lies below it, at something that can be a return address. Of frames that were guessed it must be one:
   * their registers are as doubtful as they are. Where the thread itself stands the return address may be in a register, and nothing on the stack.
   */
  private believable(row: UnwindRow, cfa: number, registers: RegisterFile, kind: Activation['kind'], interrupted: boolean): boolean {
    if (row.outermost) return true;
    const least = interrupted && row.returnAt === undefined ? 0 : 8;
    if (!(cfa >= registers.number(RSP) + least)) return false;
    if (row.returnAt === undefined || (kind === 'normal' && row.cfaRegister === RSP)) return true;
    const address = this.memory.word(cfa + row.returnAt);
    return kind === 'normal' ? address !== undefined : this.fallback.calls.isReturnAddress(address);
  }

  /** The handler's return popped the restorer's address off struct rt_sigframe, so rsp is at its ucontext. */
  private ucontextAt(registers: RegisterFile): number {
    return registers.number(RSP);
  }

  private cfaBy(row: UnwindRow, registers: RegisterFile, place: CodePlace): NumberOrTrouble {
    if (row.cfaExpression === undefined) {
      if (!registers.knows(row.cfaRegister)) return { trouble: 'the register that frames are counted from is not known' };
      const cfa = registers.number(row.cfaRegister) + row.cfaOffset;
      if (cfa >= 0 && cfa <= Number.MAX_SAFE_INTEGER) return cfa;
      return { trouble: cannotAccess(registers.value(row.cfaRegister) + BigInt(row.cfaOffset)) };
    }
    const value = this.evaluate(row.cfaExpression, registers, place, []);
    if (typeof value !== 'bigint') return value;
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : { trouble: cannotAccess(value) };
  }

  private evaluate(expression: Uint8Array, registers: RegisterFile, place: CodePlace, initial: bigint[]): bigint | { trouble: string } {
    const context = new CfiContext(this.memory.memory, registers, place);
    const location = evaluate(expression, undefined, context, initial);
    const value = numberAt(location, context);
    return (
      value ?? { trouble: location.kind === 'unavailable' ? location.reason : 'an expression of call-frame information yields no number' }
    );
  }

  /** The caller of an activation. */
  caller(of: Activation): Activation | StackEnd {
    const { row } = of.place;
    if (of.trouble !== undefined) return { reason: of.trouble };
    const made = of.kind === 'call' ? this.callAt(of.registers) : undefined;
    if (made) return this.interrupted(RegisterFile.fromUser(made.registers), of);
    let next: RegisterFile | StackEnd;
    if (row !== undefined) next = this.byRow(row, of);
    else if (of.kind === 'signal') next = this.bySignalFrame(of);
    else next = this.byPlan(of);
    if (!(next instanceof RegisterFile)) return next;
    if (of.kind === 'signal') return endOfSignals(of) ?? this.interrupted(next, of);
    if (this.callAt(next)) return this.madeByDeet(next, of);
    const place = this.code.behindCall(next.number(RIP));
    const caller = this.activation(next, place, place.signal ? 'signal' : (of.plan?.method ?? 'normal'), of);
    if (caller.cfa === of.cfa && caller.pc === of.pc) return { reason: IDENTICAL };
    // Whatever call-frame information says, a caller lies above its callee and on a stack that is there: else there might be no end.
    const stackPointer = next.number(RSP);
    const own = of.registers.number(RSP);
    const isEmpty = of.interrupted && row !== undefined && row.returnAt === undefined;
    if (stackPointer < own || (stackPointer === own && !isEmpty)) return { reason: INNER };
    const touched = row === undefined || row.returnAt !== undefined || this.memory.word(stackPointer - 8) !== undefined;
    return touched ? caller : { reason: cannotAccess(stackPointer - 8) };
  }

  private callAt(registers: RegisterFile): OwnCall | undefined {
    return this.calls.find(({ returnTo, stackPointer }) => returnTo === registers.value(RIP) && stackPointer === registers.value(RSP));
  }

  /** Between the function and the place of the call there is nobody's code. */
  private madeByDeet(registers: RegisterFile, callee: Activation): Activation {
    const [pc, cfa] = [registers.number(RIP), registers.number(RSP)];
    const place: CodePlace = { lookup: pc, loaded: undefined, inFile: fileAddress(0), row: undefined, signal: false };
    return { registers, pc, place, kind: 'call', interrupted: false, cfa, trouble: undefined, plan: undefined, crossed: crossedBy(callee) };
  }

  private byRow(row: UnwindRow, of: Activation): RegisterFile | StackEnd {
    if (row.outermost) return { reason: undefined };
    const { registers, cfa, place } = of;
    const next = registers.copy(this.arena);
    if (!row.ownStackPointer) next.setNumber(RSP, cfa);
    const { saved } = row;
    for (let i = 0; i < saved.length; i += 2) {
      const register = saved[i];
      const at = cfa + saved[i + 1];
      if (!next.load(register, this.memory, at) && register === RIP) return { reason: cannotAccess(at) };
    }
    for (const [register, rule] of row.others) {
      const trouble = this.apply(next, register, rule, registers, cfa, place);
      if (trouble !== undefined && register === RIP) return { reason: trouble };
    }
    return next.knows(RIP) ? next : { reason: 'the return address is not known' };
  }

  /** DWARF 5, 6.4.1: the rules. Returns what went wrong; the register is then not known. */
  private apply(
    next: RegisterFile,
    register: number,
    rule: RegisterRule,
    from: RegisterFile,
    cfa: number,
    place: CodePlace,
  ): string | undefined {
    switch (rule.kind) {
      case 'same':
        return undefined;
      case 'undefined':
        next.forget(register);
        return undefined;
      case 'offset':
        return next.load(register, this.memory, cfa + rule.offset) ? undefined : cannotAccess(cfa + rule.offset);
      case 'value-offset':
        next.setNumber(register, cfa + rule.offset);
        return undefined;
      case 'register':
        if (rule.register < REGISTERS) next.take(register, from, rule.register);
        else next.forget(register);
        return undefined;
      case 'expression':
      case 'value-expression': {
        const value = this.evaluate(rule.expression, from, place, [BigInt(cfa)]);
        if (typeof value !== 'bigint') {
          next.forget(register);
          return value.trouble;
        }
        if (rule.kind === 'value-expression') next.setValue(register, value);
        else if (!next.load(register, this.memory, Number(value))) return cannotAccess(value);
        return undefined;
      }
    }
  }

  private bySignalFrame(of: Activation): RegisterFile | StackEnd {
    const next = of.registers.copy(this.arena);
    const base = this.ucontextAt(of.registers);
    for (let register = 0; register < REGISTERS; register++) next.load(register, this.memory, base + UCONTEXT[register]);
    return next.knows(RIP) && next.knows(RSP) ? next : { reason: cannotAccess(base) };
  }

  private byPlan(of: Activation): RegisterFile | StackEnd {
    const { plan, place, pc } = of;
    // A zero return address ends the stacks of threads and of code without call-frame information.
    if (pc === 0 && !of.interrupted) return { reason: undefined };
    if (isEntryCode(place)) return { reason: undefined };
    if (plan === undefined) return { reason: NOTHING_FOUND };
    const next = of.registers.copy(this.arena);
    next.setNumber(RSP, plan.cfa);
    if (plan.savedRbp !== undefined) next.load(RBP, this.memory, plan.savedRbp);
    return next.load(RIP, this.memory, plan.cfa - 8) ? next : { reason: cannotAccess(plan.cfa - 8) };
  }
}
