/** Frames, places and threads of the program as results. */
import { basename } from 'node:path';
import { hex } from '../common/addresses.js';
import { checkInterrupt } from '../common/interrupt.js';
import { frameLabel, type Frame, type LoadedImage } from '../inferior/frame.js';
import type { Stack } from '../inferior/frames.js';
import { toFile } from '../inferior/images.js';
import { valueAtEntry } from '../language/entry-values.js';
import { isSystemHeader } from '../insight/own_code.js';
import { formatMember } from '../language/format.js';
import { asReference } from '../language/types.js';
import type { Memory } from '../language/place.js';
import type { Thread } from '../inferior/thread.js';
import type { Session } from '../session/session.js';
import type { Scope, Variable } from '../symbols/model.js';
import type { FrameResult, ThreadResult, VariableResult } from './results.js';
import { briefText, describeVariable } from './values.js';

/** Deep recursion is walked this far to find its outermost frames, or how many frames there are. */
export const mostWalked = 2_000_000;

/** Frames as a backtrace counts them: they end at main. */
export function* framesOf(session: Session): Generator<Frame> {
  const limit = session.settings.number('backtrace limit') || mostWalked;
  let count = 0;
  for (const frame of session.stack()) {
    if (count++ >= limit) return;
    checkInterrupt();
    yield frame;
    if (session.endsAtMain(frame)) return;
  }
}

/** Parameters of the function (or of the inlined call) that a frame belongs to. */
export const parametersOf = (frame: Frame): readonly Variable[] => {
  let scope = frame.scope;
  while (scope?.kind === 'block') scope = scope.parent;
  return scope?.variables().filter(({ role }) => role === 'parameter') ?? [];
};

/** Scopes from the innermost outwards, as far as the frame's own function or inlined call. */
export function* scopesOf(frame: Frame): Generator<Scope> {
  for (let scope = frame.scope; scope; scope = scope.parent) {
    yield scope;
    if (scope.kind !== 'block') return;
  }
}

/** What the program's memory is read through. */
export type Through = (real: Memory) => Memory;

export const describeVariables = (variables: readonly Variable[], frame: Frame, session: Session, through?: Through): VariableResult[] => {
  if (variables.length === 0) return [];
  const context = session.context(frame, through);
  return variables.map((variable) => describeVariable(variable, context, frame));
};

/** Arguments as the line of a frame has them: structures and arrays, or all of them, only as `...` (set print frame-arguments). */
const describeArguments = (frame: Frame, session: Session, through: Through | undefined): VariableResult[] => {
  const context = session.context(frame, through);
  const shown = session.settings.text('print frame-arguments');
  // Added to the object: a copy would read the children, which nobody may want.
  if (shown === 'none')
    return parametersOf(frame).map((variable) => Object.assign(describeVariable(variable, context, frame), { brief: '...' }));
  const briefly = shown === 'scalars';
  // As in gdb: what called main is not looked at.
  const entries = session.settings.text('print entry-values') === 'default' && !session.endsAtMain(frame);
  return parametersOf(frame).map((variable) => {
    const described = describeVariable(variable, context, frame);
    const value = entries ? valueAtEntry(variable, frame) : undefined;
    const entry = value && formatMember(value, context);
    // A reference leads to the same object from the beginning to the end.
    const tells = entry !== undefined && !(entry === described.value && asReference(variable.type));
    const brief = briefly ? briefText(variable, frame, context) : undefined;
    return Object.assign(described, tells && { entry }, brief !== undefined && { brief });
  });
};

/** What stands before and behind each `=` in the line of a frame. One that still is what the caller passed is named once: `x=x@entry=1`. */
export const argumentWords = (args: readonly VariableResult[]): readonly (readonly [names: readonly string[], value: string])[] =>
  args.flatMap(({ name, value, brief, entry }): (readonly [readonly string[], string])[] => {
    const atEntry = `${name}@entry`;
    if (entry === value) return [[[name, atEntry], value]];
    return [[[name], brief ?? value], ...(entry === undefined ? [] : [[[atEntry], entry] as const])];
  });

/** A frame with its arguments. */
export const describeFrame = (frame: Frame, session: Session, through?: Through): FrameResult => {
  const { position, functionName, loaded } = frame;
  const known = position !== undefined && position.line > 0;
  return {
    level: frame.level,
    ...(functionName !== undefined && { function: functionName }),
    ...(known && { file: position.file.path, line: position.line }),
    address: hex(frame.pc),
    args: frameLabel(frame) ? [] : describeArguments(frame, session, through),
    ...(session.settings.text('print frame-arguments') === 'presence' && { presenceOnly: true as const }),
    inlined: frame.kind === 'inlined',
    ...(loaded && !isProgram(loaded, session) && { image: basename(loaded.image.path) }),
    ...(frame.kind === 'signal' && { signalHandler: true }),
    ...(frame.kind === 'call' && { ownCall: true }),
    ...(known && !startsLine(frame) && { middle: true }),
  };
};

const isProgram = (loaded: LoadedImage, session: Session): boolean =>
  loaded.image.path === session.program || session.processes().some((process) => process.images.main === loaded);

/** Frames that are looked at for one of the program's own: calls within a library are not nested deeper, except in endless recursion. */
const libraryDepth = 64;

/**
 * The innermost frame in the program's own code with a line, when that is not the innermost of all. Templates of the C++ library are compiled
 * into the program, but what a user wants to see is who called them.
 */
export const programCaller = (stack: Stack, session: Session): Frame | undefined => {
  let inHeader: Frame | undefined;
  for (let level = 0; level < libraryDepth; level++) {
    const frame = stack.frame(level);
    if (!frame) break;
    if (!frame.loaded || !isProgram(frame.loaded, session) || !frame.position || frame.position.line <= 0) continue;
    if (level === 0) return undefined;
    if (!isSystemHeader(frame.position.file.path)) return frame;
    inHeader ??= frame;
  }
  return inHeader;
};

/** gdb shows the address of a frame that does not stand at the beginning of a line; callers never do. */
const startsLine = (frame: Frame): boolean => {
  if (frame.lookup !== frame.pc) return false;
  if (!frame.loaded) return true;
  const row = frame.loaded.image.lineAt(toFile(frame.loaded, frame.pc));
  return row === undefined || BigInt(row.address) + frame.loaded.bias === frame.pc;
};

/** The frame that commands mean; undefined when nothing is stopped. */
export const selectedFrame = (session: Session): Frame | undefined =>
  session.state === 'stopped' && session.selectedThread() ? session.selection().frame : undefined;

export const describeThread = (thread: Thread, session: Session): ThreadResult => {
  const frame = thread.stopped ? session.stack(thread).frame(0) : undefined;
  return {
    id: thread.id,
    pid: thread.process.pid,
    tid: thread.tid,
    ...(thread.name !== undefined && { name: thread.name }),
    state: thread.stopped ? 'stopped' : 'running',
    current: session.selectedThread() === thread,
    ...(frame && { frame: describeFrame(frame, session) }),
  };
};
