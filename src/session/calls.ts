/**
 * Calls into the program (`print f(1, "s")`, `call f()`): the arguments go where the ABI wants them (System V ABI, AMD64 supplement, 3.2.3), the return
 * address is the program's entry point, where a site of deet's own waits, and afterwards every register is as it was, the vector ones
 * included. A call that meets a signal or a breakpoint is given up: the thread stands again where it stood before.
 */
import { hex, u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import { travelOf, type RegisterPart } from '../language/abi.js';
import type { CallRequest } from '../language/context.js';
import { alignOf, asArray, asInteger, isSigned, sizeOf } from '../language/types.js';
import { integerBytes, integerOf, Value } from '../language/value.js';
import { Word } from '../linux/registers.js';
import { signalInfoSize } from '../linux/siginfo.js';
import { native } from '../native.js';
import { returnedValue } from './returned.js';
import type { Session } from './session.js';
import { forgetStack } from './stacks.js';
import { identityOf, RunTo } from './stepping.js';
import type { Stop } from './types.js';

/** AT_ENTRY of the auxiliary vector. */
const entryOfProgram = 9;
/** Bytes below the stack pointer that a leaf function uses without moving it (3.2.2). */
const redZone = 128n;
const integerRegisters = [Word.rdi, Word.rsi, Word.rdx, Word.rcx, Word.r8, Word.r9];
const vectorRegisters = 8;
/** Of a ymm register in memory; the ABI wants 16 at every call. */
const largestAlignment = 32n;

const alignDown = (address: Address, to: bigint): Address => address - (address % to);

/** Where everything goes, found before anything but the contents of strings is written. */
class Layout {
  readonly integers: bigint[] = [];
  readonly vectors: Uint8Array[] = [];
  /** Arguments in memory, by their distance from the first. */
  readonly onStack: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  stackSize = 0;
  /** Strings and results, above the arguments. */
  top: Address;

  constructor(
    private readonly thread: Thread,
    stackPointer: Address,
  ) {
    this.top = alignDown(stackPointer - redZone, largestAlignment);
  }

  /** Room for an object of the call's own. */
  reserve(size: number): Address {
    this.top = alignDown(this.top - BigInt(size), largestAlignment);
    return this.top;
  }

  add(argument: Value): void {
    const array = asArray(argument.type);
    // A string literal lives in deet until it is passed: it goes on the program's stack.
    if (array && !array.vector) this.#addInteger(argument.address ?? this.#store(argument.bytes(), 1));
    else {
      const travel = travelOf(argument.type);
      if (travel.by === 'reference') this.#addInteger(argument.address ?? this.#store(argument.bytes()));
      else this.#addValue(argument, travel.by === 'registers' ? travel.parts : undefined);
    }
  }

  /** In registers, if there are enough for the whole of it. */
  #addValue(argument: Value, parts: readonly RegisterPart[] | undefined): void {
    const count = (bank: RegisterPart['bank']): number => parts?.filter((part) => part.bank === bank).length ?? 0;
    const fits =
      parts !== undefined &&
      count('x87') === 0 &&
      this.integers.length + count('general') <= integerRegisters.length &&
      this.vectors.length + count('vector') <= vectorRegisters;
    const bytes = argument.bytes();
    if (!fits) {
      this.#addToStack(bytes, alignOf(argument.type));
      return;
    }
    // Compilers rely on callers that extend what is narrower than int.
    const integer = asInteger(argument.type);
    const signed = integer !== undefined && isSigned(integer);
    for (const { bank, offset, size } of parts) {
      const part = bytes.subarray(offset, offset + size);
      if (bank === 'vector') this.vectors.push(part);
      else this.integers.push(integerOf(part, signed));
    }
  }

  #addInteger(value: bigint): void {
    if (this.integers.length < integerRegisters.length) this.integers.push(value);
    else this.#addToStack(integerBytes(value, 8), 8);
  }

  #addToStack(bytes: Uint8Array, alignment: number): void {
    const step = Math.max(8, alignment);
    const offset = Math.ceil(this.stackSize / step) * step;
    this.onStack.push({ offset, bytes });
    this.stackSize = Math.ceil((offset + bytes.length) / 8) * 8;
  }

  #store(bytes: Uint8Array, terminator = 0): Address {
    const address = this.reserve(bytes.length + terminator);
    this.thread.process.space.write(address, Uint8Array.of(...bytes, ...new Uint8Array(terminator)));
    return address;
  }
}

const enter = (thread: Thread, request: CallRequest, returnTo: Address): Address => {
  const layout = new Layout(thread, thread.stackPointer);
  const { returns } = request.type;
  if (travelOf(returns).by !== 'registers') layout.integers.push(layout.reserve(sizeOf(returns) ?? 0));
  for (const argument of request.arguments) layout.add(argument);
  const first = alignDown(layout.top - BigInt(layout.stackSize), largestAlignment);
  for (const { offset, bytes } of layout.onStack) thread.process.space.write(first + BigInt(offset), bytes);
  const stackPointer = first - 8n;
  thread.process.space.write(stackPointer, integerBytes(returnTo, 8));
  layout.integers.forEach((value, index) => {
    thread.setRegister(integerRegisters[index], u64(value));
  });
  const state = thread.extendedState();
  if (state && layout.vectors.length > 0) {
    layout.vectors.forEach((bytes, index) => {
      state.setVector(index, bytes);
    });
    thread.writeExtendedState(state);
  }
  thread.setRegister(Word.rax, BigInt(layout.vectors.length));
  thread.setRegister(Word.rsp, stackPointer);
  thread.setRegister(Word.rip, request.function);
  // The kernel must not take the change for the end of a system call that it should restart.
  thread.setRegister(Word.orig_rax, 0xffff_ffff_ffff_ffffn);
  return stackPointer;
};

const reasonOf = (stop: Stop): string => {
  if (stop.signal) return `received ${stop.signal.name} (${stop.signal.description})`;
  // The end of the plan, and not where the function returns to.
  if (stop.reason === 'step') return 'was left by a longjmp or an exception';
  return stop.reason === 'breakpoint'
    ? `met breakpoint ${stop.breakpoints.map(({ id }) => id).join(', ')}`
    : `was stopped (${stop.reason})`;
};

/** Everything of a thread that a call changes; puts it back. */
const remember = (thread: Thread): ((of: Thread) => void) => {
  const registers = thread.saveRegisters();
  const vectors = thread.extendedState();
  const { passed, signal } = thread;
  const info = new Uint8Array(signalInfoSize);
  const hasInfo = native.getSignalInfo(thread.tid, info) === 0;
  return (of) => {
    of.restoreRegisters(registers);
    if (vectors) of.writeExtendedState(vectors);
    of.flush();
    of.passed = passed;
    if (of === thread) {
      of.signal = signal;
      // The kernel would make up another origin for a signal that is not the one that the thread stands at.
      if (hasInfo && signal !== 0) native.setSignalInfo(of.tid, info);
    }
    forgetStack(of);
  };
};

/** A child that the function forked comes back from it, too: it goes on where the call was made, as the program's own child. */
class ReturnInChild implements SiteOwner {
  readonly kind = 'internal';

  constructor(
    private readonly caller: Thread,
    private readonly address: Address,
    private readonly putBack: (of: Thread) => void,
  ) {}

  arrived(thread: Thread): 'pass' {
    if (thread.process === this.caller.process) return 'pass';
    thread.process.space.sites.remove(this.address, this);
    this.putBack(thread);
    return 'pass';
  }
}

/** Another thread had something to tell: it tells it again when the program goes on. */
const tellLater = ({ thread, reason, signal, breakpoints }: Stop): void => {
  if (signal) {
    thread.signal = 0;
    thread.pending.unshift({ kind: 'signal', tid: thread.tid, signal: signal.number });
  } else if (reason === 'breakpoint') {
    thread.passed = undefined;
    for (const breakpoint of breakpoints) breakpoint.hits--;
  }
};

/** @throws DeetError `call` when the function does not come back. */
export const callFunction = async (session: Session, thread: Thread, request: CallRequest): Promise<Value> => {
  const returnTo = thread.process.auxiliaryVector().get(entryOfProgram);
  if (returnTo === undefined) throw new DeetError('call', 'This program cannot be called into: its entry point is not known.');
  const stack = session.stack(thread);
  const innermost = stack.frame(0);
  if (!innermost) throw new DeetError('no-frame', 'No stack.');
  const from = identityOf(innermost, (level) => stack.frame(level));
  const putBack = remember(thread);
  const showAgain = session.world.keepShown(session.threads());
  const { space } = thread.process;
  const inChild = new ReturnInChild(thread, returnTo, putBack);
  let stackPointer: Address;
  try {
    stackPointer = enter(thread, request, returnTo);
    space.sites.add(returnTo, inChild);
  } catch (error) {
    putBack(thread);
    throw error;
  }
  forgetStack(thread);
  thread.passed = undefined;
  thread.signal = 0;
  const returned = { address: returnTo, counts: () => thread.stackPointer >= stackPointer + 8n };
  const plan = new RunTo(session.world, thread, [returned], from);
  const outcome = await session.control.resumeWithin(plan);
  if (thread.process.alive) space.sites.remove(returnTo, inChild);
  if (outcome.kind === 'ended' || !thread.process.alive || !thread.stopped)
    throw new DeetError('call', 'The program ended while the function ran.');
  const { stop } = outcome;
  const completed = stop.reason === 'step' && stop.thread === thread && plan.reached === 0;
  const result = completed ? returnedValue(thread, request.type.returns) : undefined;
  const kept = result && Value.of(result.type, result.bytes().slice());
  putBack(thread);
  showAgain();
  if (completed) return kept ?? Value.abstract(request.type.returns);
  if (stop.thread !== thread) tellLater(stop);
  const who = stop.thread === thread ? `The function at ${hex(request.function)}` : `While the function ran, thread ${stop.thread.id}`;
  throw new DeetError('call', `${who} ${reasonOf(stop)}; the call was given up.`, 'The program stands again where it was before the call.');
};
