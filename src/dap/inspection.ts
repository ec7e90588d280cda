/** threads, stackTrace, scopes, variables, and changing what they show. */
import type { DebugProtocol as P } from '@vscode/debugprotocol';
import { hex } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { describeFrame } from '../commands/frames.js';
import { frameLabel, type Frame } from '../inferior/frame.js';
import type { Thread } from '../inferior/thread.js';
import { parseExpression } from '../language/parser.js';
import { frameArguments } from '../render/frame.js';
import { plain } from '../render/style.js';
import { threadName } from '../session/thread_name.js';
import { toClientColumn, toClientLine } from './client.js';
import { present, presentValue, type Container, type Row } from './containers.js';
import type { Debuggee } from './debuggee.js';
import type { Handlers } from './protocol.js';
import { scopesFor } from './scopes.js';

/** Frames in one answer when the client names no number. */
const framesAtOnce = 1000;
/** Rows in one answer: an editor asks again for more. */
const rowsAtOnce = 10_000;

const titleOf = (thread: Thread, several: boolean): string => {
  const name = threadName(thread) ?? thread.process.program.slice(thread.process.program.lastIndexOf('/') + 1);
  return several ? `${name} (process ${thread.process.pid}, thread ${thread.tid})` : `${name} (${thread.tid})`;
};

export const inspectionHandlers = (target: () => Debuggee): Handlers => ({
  threads: () => {
    const debuggee = target();
    const threads = debuggee.threads();
    const several = debuggee.processes().length > 1;
    return { threads: threads.map((thread) => ({ id: thread.id, name: titleOf(thread, several) })) };
  },

  stackTrace: (args) => {
    const debuggee = target();
    const thread = debuggee.stoppedThread(args.threadId);
    const start = Math.max(0, args.startFrame ?? 0);
    const end = start + (args.levels || framesAtOnce);
    const stack = debuggee.session.stack(thread);
    const frames: P.StackFrame[] = [];
    let level = 0;
    let outermost = false;
    for (const frame of stack) {
      if (level >= end) break;
      if (level++ >= start) frames.push(stackFrame(frame, thread, debuggee, args.format));
      outermost = debuggee.session.endsAtMain(frame);
      if (outermost) break;
    }
    // Deep recursion is not walked to its end to count it: "there is more" is enough for the client to ask.
    const more = !outermost && level >= end && stack.frame(level) !== undefined;
    return { stackFrames: frames, totalFrames: more ? level + framesAtOnce : level };
  },

  scopes: (args) => ({ scopes: scopesFor(args.frameId, target()) }),

  variables: (args) => {
    const debuggee = target();
    const container = containerOf(args.variablesReference, debuggee);
    const { filter, format } = args;
    if ((filter === 'indexed' && container.indexed === 0) || (filter === 'named' && container.indexed > 0)) return { variables: [] };
    const count = Math.min(args.count || rowsAtOnce, rowsAtOnce);
    const rows = container.rows(Math.max(0, args.start ?? 0), count);
    return { variables: rows.map((row) => present(row, container, debuggee.handles, format)) };
  },

  setVariable: async (args) => {
    const debuggee = target();
    const container = containerOf(args.variablesReference, debuggee);
    const row = rowNamed(container, args.name);
    if (row?.expression === undefined) throw new DeetError('not-lvalue', `"${args.name}" cannot be changed here.`);
    return assign(row.expression, args.value, container.frameId, debuggee, args.format);
  },

  setExpression: (args) => assign(args.expression, args.value, args.frameId, target(), args.format),
});

/** @throws DeetError `stale`: the program has run since. */
export const containerOf = (reference: number, { handles }: Debuggee): Container => {
  const entry = handles.get(reference);
  if (entry?.kind !== 'container') throw new DeetError('stale', 'These variables are not known any more: the program has gone on.');
  return entry;
};

export const rowNamed = (container: Container, name: string): Row | undefined => {
  const index = /^\[(\d+)\]$/.exec(name)?.[1];
  if (container.indexed > 0 && index !== undefined) return container.rows(Number(index), 1)[0];
  return container.rows(0, rowsAtOnce).find((row) => row.name === name);
};

const assign = async (
  expression: string,
  text: string,
  frameId: number | undefined,
  debuggee: Debuggee,
  format: P.ValueFormat | undefined,
): Promise<P.SetVariableResponse['body'] & P.SetExpressionResponse['body']> => {
  const { session, handles } = debuggee;
  if (frameId === undefined) debuggee.focus();
  const { thread, frame } = frameId === undefined ? session.selection() : debuggee.frame(frameId);
  debuggee.select(thread, frame);
  const name = `set ${frameId ?? ''} ${expression}`;
  // An error in it is shown in it, and not in what it becomes part of.
  parseExpression(text, session.context(frame).names);
  await session.evaluate(`(${expression}) = (${text})`, frame);
  // A register has changed: the frame was unwound from the old one.
  const after = frameId === undefined ? session.selection().frame : debuggee.frame(frameId).frame;
  const now = await session.evaluate(expression, after);
  const { value, ...rest } = presentValue(now, { context: session.context(after), frameId }, name, expression, handles, format);
  // The value is seen by whatever shows the same memory.
  debuggee.changed(now.address, now.size);
  return { value, ...rest };
};

const stackFrame = (frame: Frame, thread: Thread, debuggee: Debuggee, format?: P.StackFrameFormat): P.StackFrame => {
  const { position, loaded } = frame;
  const { capabilities } = debuggee.client;
  const source = position && position.line > 0 ? debuggee.paths.source(position.file.path) : undefined;
  return {
    id: debuggee.frameId(thread, frame),
    name: nameOf(frame, debuggee, format),
    line: source && position ? toClientLine(position.line, capabilities) : 0,
    column: source ? toClientColumn(position?.column || 1, capabilities) : 0,
    ...(source && { source }),
    instructionPointerReference: hex(frame.pc),
    ...(loaded && { moduleId: loaded.image.path }),
    ...(frameLabel(frame) !== undefined ? { presentationHint: 'label' as const } : !source && { presentationHint: 'subtle' as const }),
  };
};

const nameOf = (frame: Frame, { session }: Debuggee, format: P.StackFrameFormat | undefined): string => {
  const label = frameLabel(frame);
  if (label !== undefined) return label;
  const name = frame.functionName ?? hex(frame.pc);
  return format?.parameters ? `${name}(${frameArguments(describeFrame(frame, session), plain)})` : name;
};
