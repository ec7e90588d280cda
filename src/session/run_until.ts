/** finish, until LOCATION and advance: running to a place, or until the selected frame has returned. And jumping to one. */
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { Frame } from '../inferior/frame.js';
import { parseLocation, type FoundPlace } from './locations.js';
import { strip } from '../language/types.js';
import { returnedValue } from './returned.js';
import { giveSignal } from './signal_delivery.js';
import type { Session } from './session.js';
import { callerOf, identityOf, RunTo, sameStackFrame, type Target } from './stepping.js';
import type { Outcome } from './types.js';

/** Runs until the selected frame, which is no inlined call, returns; with what it returned. @param begins it can */
export const finishFrame = async (session: Session, begins?: () => void): Promise<Outcome> => {
  const { thread, frame } = session.liveSelection();
  const stack = session.stack(thread);
  const outer = (level: number): Frame | undefined => stack.frame(level);
  const caller = session.endsAtMain(frame) ? undefined : callerOf(frame, outer);
  if (!caller)
    throw new DeetError('no-frame', '"finish" not meaningful in the outermost frame.', '"continue" runs the program to its end.');
  begins?.();
  const back = { address: caller.pc, counts: () => thread.stackPointer === frame.cfa };
  const plan = new RunTo(session.world, thread, [back], identityOf(caller, outer));
  const outcome = await session.control.resume(plan);
  if (outcome.kind === 'ended' || outcome.stop.call || plan.reached !== 0) return outcome;
  const type = frame.function?.type.returns;
  // As in gdb the value is of the type behind the function's typedef.
  const value = type && returnedValue(thread, type)?.as(strip(type));
  return { kind: 'stopped', stop: { ...outcome.stop, ...(value && { returned: { value, number: session.values.record(value) } }) } };
};

/** @param sameFrameOnly `until`: elsewhere than in the selected frame the place does not count; `advance`: it does. */
export const runToPlace = async (session: Session, place: string, sameFrameOnly: boolean): Promise<Outcome> => {
  const { thread, frame } = session.liveSelection();
  const stack = session.stack(thread);
  const outer = (level: number): Frame | undefined => stack.frame(level);
  const own = identityOf(frame, outer);
  const inFrame = (): boolean => {
    const { frame: now, outer: around } = session.world.innermost(thread);
    return sameStackFrame(identityOf(now, around), own);
  };
  const isFunction = parseLocation(place, session.currentPlace()).kind === 'function';
  const targets: Target[] = session.resolvePlaces(place).map(({ address, function: name, isMoved }) => ({
    address,
    counts: sameFrameOnly ? inFrame : () => true,
    shows: isFunction || isMoved ? name : undefined,
  }));
  const caller = callerOf(frame, outer);
  if (caller) targets.push({ address: caller.pc, counts: () => thread.stackPointer === frame.cfa, shows: undefined });
  return session.control.resume(new RunTo(session.world, thread, targets, own));
};

/** The one place that a jump to `text` means: of several that in the selected function. @throws DeetError `ambiguous` */
const jumpTarget = (session: Session, text: string, here: string | undefined): FoundPlace => {
  const places = session.resolvePlaces(text);
  const own = places.filter((place) => place.function === here);
  const [target, other] = own.length > 0 ? own : places;
  if (other)
    throw new DeetError(
      'ambiguous',
      `"${text}" means ${places.length} places: a jump goes to one.`,
      `Say which: jump *${hex(target.address)}`,
    );
  return target;
};

/** Sets the selected thread to a place, where it shall go on. `leaves`: may that be in another function, whose frame there is none of? */
export const moveTo = (session: Session, place: string, leaves: (target: FoundPlace) => boolean): void => {
  const { thread, frame } = session.liveSelection();
  const here = frame.function?.qualifiedName;
  const target = jumpTarget(session, place, here);
  if (target.function !== here && !leaves(target)) throw new DeetError('not-confirmed', 'Not confirmed.');
  thread.pc = target.address;
  thread.passed = undefined;
  // What stopped it there belongs there.
  giveSignal(thread, 0);
};
