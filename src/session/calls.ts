/**
 * Calls into the program (`print f(1, "s")`, `call f()`): the return address is the program's entry point, where a site of deet's own waits, and afterwards
 * every register is as it was, the vector ones included. A call that something stops - a breakpoint, a signal - is given up, or stays on the stack, as
 * whoever made it wants; there it shows as `<function called from deet>`, and when the function returns at last the thread is put back as ever.
 */
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { OwnCall } from '../inferior/own_call.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { Thread } from '../inferior/thread.js';
import type { CallRequest } from '../language/context.js';
import { Value } from '../language/value.js';
import { signalInfoSize } from '../linux/siginfo.js';
import { native } from '../native.js';
import type { CType } from '../symbols/types.js';
import { enterFunction } from './call_arguments.js';
import { returnedValue } from './returned.js';
import { describeAddress } from './locations.js';
import type { Session } from './session.js';
import { forgetStack } from './stacks.js';
import { identityOf, RunTo } from './stepping.js';
import type { FinishedCall, Outcome, Stop } from './types.js';

/** AT_ENTRY of the auxiliary vector. */
const entryOfProgram = 9;

/** What becomes of a call that is stopped before its end: the thread is put back, or stands where it was stopped. */
export type WhenStopped = 'give-up' | 'stay';

/** A call has been stopped, and stays on the stack: the program stands elsewhere now. */
export class CallStopped extends DeetError {
  constructor(
    readonly outcome: Outcome,
    message: string,
  ) {
    super('call-stopped', message, 'Go on in it: "finish" or "continue" to its end, "return" to give it up.');
  }
}

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

/** A call that has not come back yet; also the site at its return address. */
class PendingCall implements OwnCall, SiteOwner {
  readonly kind = 'internal';
  readonly registers: BigUint64Array;
  readonly #putBack: (of: Thread) => void;
  readonly #showAgain: () => void;
  stackPointer: Address;
  /** The function has returned to here. */
  over = false;

  constructor(
    session: Session,
    private readonly caller: Thread,
    readonly name: string,
    readonly returns: CType,
    readonly returnTo: Address,
  ) {
    this.registers = caller.saveRegisters();
    this.stackPointer = caller.stackPointer;
    this.#putBack = remember(caller);
    this.#showAgain = session.world.keepShown(session.threads());
  }

  arrived(thread: Thread): 'pass' | 'stop' {
    if (thread.calls.at(-1) !== this || thread.stackPointer !== this.stackPointer) return 'pass';
    if (thread.process === this.caller.process) {
      this.over = true;
      return 'stop';
    }
    // A child that the function forked comes back from it, too: it goes on where the call was made, as the program's own child.
    this.end(thread);
    return 'pass';
  }

  /** The thread stands again where the call was made. */
  end(thread: Thread): void {
    this.#putBack(thread);
    this.leave(thread);
    this.#showAgain();
  }

  /** Its frame is no more. */
  leave(thread: Thread): void {
    thread.calls.splice(thread.calls.indexOf(this));
    thread.process.space.sites.remove(this.returnTo, this);
  }
}

const reasonOf = (stop: Stop): string => {
  if (stop.signal) return `received ${stop.signal.name} (${stop.signal.description})`;
  // The end of the plan, and not where the function returns to.
  if (stop.reason === 'step') return 'was left by a longjmp or an exception';
  return stop.reason === 'breakpoint'
    ? `met breakpoint ${stop.breakpoints.map(({ id }) => id).join(', ')}`
    : `was stopped (${stop.reason})`;
};

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

const nameOf = (session: Session, address: Address): string => {
  const loaded = session.imageAt(address);
  return (loaded && describeAddress(loaded, address).function) ?? `at ${hex(address)}`;
};

const pendingOf = (thread: Thread): PendingCall[] => thread.calls.filter((call) => call instanceof PendingCall);

/** The innermost call of a thread, when it has just come back: the thread is put back. */
export const finishedCall = (thread: Thread): FinishedCall | undefined => {
  const call = pendingOf(thread).at(-1);
  if (!call?.over) return undefined;
  const result = returnedValue(thread, call.returns);
  // It may lie on the stack of the call.
  const value = result && Value.of(result.type, result.bytes().slice());
  call.end(thread);
  return { call, name: call.name, value };
};

/** `return`: so many calls, from the innermost, are left. With `back` the thread stands where the last of them was made. */
export const leaveCalls = (thread: Thread, count: number, back: boolean): void => {
  const calls = pendingOf(thread).slice(-count);
  if (count === 0 || calls.length === 0) return;
  for (const call of calls.slice(1)) call.leave(thread);
  if (back) calls[0].end(thread);
  else calls[0].leave(thread);
};

/** @throws DeetError `call` when the function does not come back; `CallStopped` when it has not yet. */
export const callFunction = async (session: Session, thread: Thread, request: CallRequest, whenStopped: WhenStopped): Promise<Value> => {
  const returnTo = thread.process.auxiliaryVector().get(entryOfProgram);
  if (returnTo === undefined) throw new DeetError('call', 'This program cannot be called into: its entry point is not known.');
  const stack = session.stack(thread);
  const innermost = stack.frame(0);
  if (!innermost) throw new DeetError('no-frame', 'No stack.');
  const from = identityOf(innermost, (level) => stack.frame(level));
  const { lastStop } = session;
  const name = nameOf(session, request.function);
  const call = new PendingCall(session, thread, name, request.type.returns, returnTo);
  thread.calls.push(call);
  try {
    call.stackPointer = enterFunction(thread, request, returnTo) + 8n;
    thread.process.space.sites.add(returnTo, call);
  } catch (error) {
    call.end(thread);
    throw error;
  }
  forgetStack(thread);
  thread.passed = undefined;
  thread.signal = 0;
  const outcome = await session.control.resume(new RunTo(session.world, thread, [], from));
  if (outcome.kind === 'ended' || !thread.process.alive || !thread.stopped)
    throw new DeetError('call', 'The program ended while the function ran.');
  const { stop } = outcome;
  if (stop.call?.call === call) {
    session.control.lastStop = lastStop;
    return stop.call.value ?? Value.abstract(request.type.returns);
  }
  const who = stop.thread === thread ? `The function ${name}` : `While the function ${name} ran, thread ${stop.thread.id}`;
  const what = `${who} ${reasonOf(stop)}`;
  // A longjmp or an exception has left it: there is nothing to go on with.
  const stays = whenStopped === 'stay' && stop.reason !== 'step' && !(stop.signal && session.settings.flag('unwindonsignal'));
  if (stays) {
    session.selectThread(stop.thread);
    throw new CallStopped(outcome, `${what}; the expression is abandoned, the call is not.`);
  }
  session.control.lastStop = lastStop;
  call.end(thread);
  if (stop.thread !== thread) tellLater(stop);
  throw new DeetError('call', `${what}; the call was given up.`, 'The program stands again where it was before the call.');
};
