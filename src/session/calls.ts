/**
 * Calls into the program (`print f(1, "s")`, `call f()`): the arguments go where the ABI wants them (System V ABI, AMD64 supplement, 3.2.3), the return
 * address is the program's entry point, where a site of deet's own waits, and afterwards every register is as it was, the vector ones
 * included. A call that meets a signal or a breakpoint is given up: the thread stands again where it stood before.
 */
import { hex, u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import { classify } from '../language/abi.js';
import type { CallRequest } from '../language/context.js';
import { asArray, sizeOf, strip } from '../language/types.js';
import { Value } from '../language/value.js';
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

const alignDown = (address: Address, to: bigint): Address => address - (address % to);

/** Where everything goes, found before anything is written. */
class Layout {
  readonly integers: bigint[] = [];
  readonly vectors: Uint8Array[] = [];
  readonly onStack: Uint8Array[] = [];
  /** Strings and results, above the arguments. */
  top: Address;

  constructor(
    private readonly thread: Thread,
    stackPointer: Address,
  ) {
    this.top = alignDown(stackPointer - redZone, 16n);
  }

  /** Room for an object of the call's own. */
  reserve(size: number): Address {
    this.top = alignDown(this.top - BigInt(size), 16n);
    return this.top;
  }

  add(argument: Value): void {
    const array = asArray(strip(argument.type));
    if (array && !array.vector) {
      this.integers.push(argument.address ?? this.#store(argument.bytes()));
      this.#spillIntegers();
      return;
    }
    const bytes = argument.bytes();
    const classes = classify(argument.type);
    const needs = (kind: string): number => classes.filter((each) => each === kind).length;
    const wholeVector = classes.length === 2 && strip(argument.type).kind === 'base' && classes[0] === 'sse';
    const fits =
      !classes.some((each) => each === 'memory' || each === 'x87') &&
      this.integers.length + needs('integer') <= integerRegisters.length &&
      this.vectors.length + (wholeVector ? 1 : needs('sse')) <= vectorRegisters;
    if (!fits) {
      const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
      padded.set(bytes);
      this.onStack.push(padded);
      return;
    }
    if (wholeVector) {
      this.vectors.push(bytes);
      return;
    }
    classes.forEach((kind, index) => {
      const part = new Uint8Array(8);
      part.set(bytes.subarray(index * 8, index * 8 + 8));
      if (kind === 'sse') this.vectors.push(part);
      else this.integers.push(new DataView(part.buffer).getBigUint64(0, true));
    });
  }

  #spillIntegers(): void {
    if (this.integers.length <= integerRegisters.length) return;
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, this.integers.pop() ?? 0n, true);
    this.onStack.push(bytes);
  }

  /** A string literal lives in deet until it is passed: it goes on the program's stack. */
  #store(bytes: Uint8Array): Address {
    const address = this.reserve(bytes.length + 1);
    this.thread.process.space.write(address, Uint8Array.of(...bytes, 0));
    return address;
  }
}

const enter = (thread: Thread, request: CallRequest, returnTo: Address): Address => {
  const layout = new Layout(thread, thread.stackPointer);
  const inMemory = classify(request.type.returns)[0] === 'memory';
  if (inMemory) layout.integers.push(layout.reserve(sizeOf(strip(request.type.returns)) ?? 0));
  for (const argument of request.arguments) layout.add(argument);
  const size = layout.onStack.reduce((total, each) => total + each.length, 0);
  let at = alignDown(layout.top - BigInt(size), 16n);
  const stackPointer = at - 8n;
  for (const bytes of layout.onStack) {
    thread.process.space.write(at, bytes);
    at += BigInt(bytes.length);
  }
  const address = new Uint8Array(8);
  new DataView(address.buffer).setBigUint64(0, returnTo, true);
  thread.process.space.write(stackPointer, address);
  layout.integers.forEach((value, index) => {
    thread.setRegister(integerRegisters[index], u64(value));
  });
  const state = thread.extendedState();
  if (state && layout.vectors.length > 0) {
    layout.vectors.forEach((bytes, index) => {
      state.xmm(index).fill(0);
      state.xmm(index).set(bytes);
    });
    state.bytes[512] |= 2;
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
