/** Stops as results. */
import { hex } from '../common/addresses.js';
import type { Chronicle } from '../insight/chronicle.js';
import { processTree } from '../insight/tree.js';
import { why } from '../insight/waits.js';
import type { Session } from '../session/session.js';
import type { Stop, WatchReport } from '../session/types.js';
import { instructionsAt } from './disassembly.js';
import { describeFrame, programCaller } from './frames.js';
import type { Result, StopResult, SyscallResult, WatchResult } from './results.js';
import { describeValue, shown } from './values.js';

export const describeStop = (stop: Stop, session: Session): StopResult => {
  const { process, thread, breakpoints, signal, watch, returned } = stop;
  const [first] = breakpoints;
  const stack = session.stack(thread);
  const frame = stack.frame(0);
  const caller = programCaller(stack, session);
  const processes = session.processes().length;
  const threads = session.threads().length;
  const address = signal?.info?.address;
  const watches = watch?.map(describeWatch) ?? [];
  return {
    type: 'stop',
    reason: stop.reason,
    pid: process.pid,
    tid: thread.tid,
    ...(first && { breakpoint: first.id, hits: first.hits }),
    ...(breakpoints.length > 1 && { breakpoints: breakpoints.map(({ id }) => id) }),
    ...(first?.temporary && { temporary: true }),
    ...(signal && { signal: signal.name, description: signal.description }),
    ...(address !== undefined && { address: hex(address) }),
    ...(watches[0] && { watch: watches[0] }),
    ...(watches.length > 1 && { watches }),
    ...(stop.child && { child: stop.child.pid }),
    ...(stop.program !== undefined && { program: stop.program }),
    ...(stop.limit !== undefined && { limit: stop.limit }),
    ...(stop.unasked && { unasked: true }),
    ...(stop.syscall && { syscall: describeSyscall(stop.syscall) }),
    ...(stop.exception && {
      exception: { kind: stop.exception.what, ...(stop.exception.type !== undefined && { type: stop.exception.type }) },
    }),
    ...(stop.images && stop.images.added.length > 0 && { loaded: stop.images.added }),
    ...(stop.images && stop.images.removed.length > 0 && { unloaded: stop.images.removed }),
    ...(returned && {
      returned: describeValue(`$${returned.number}`, returned.value, session.context(frame)),
      returnedNumber: returned.number,
      returnedText: shown(returned.value, session.context(frame)),
    }),
    ...(frame && { frame: describeFrame(frame, session) }),
    ...(caller && { calledFrom: describeFrame(caller, session) }),
    ...((processes > 1 || threads > 1) && {
      thread: { id: thread.id, ...(thread.name !== undefined && { name: thread.name }), process: process.id, processes, threads },
    }),
    ...(stop.call && { notes: [`The call of ${stop.call.name} has come back.`] }),
    ...(stop.notes.length > 0 && { notes: stop.notes }),
    ...(!stop.newFrame && { sameFrame: true }),
  };
};

/** `set disassemble-next-line`. */
const nextInstruction = ({ thread }: Stop, session: Session): Result[] => {
  const wanted = session.settings.text('disassemble-next-line');
  const frame = wanted === 'off' ? undefined : session.stack(thread).frame(0);
  if (!frame || (wanted === 'auto' && frame.position)) return [];
  const { instructions } = instructionsAt(session, frame.pc, 1);
  return instructions.length > 0 ? [{ type: 'disassembly', instructions, mode: 'x' }] : [];
};

/** Rows of a tree that is shown unasked. */
const mostRows = 30;

/** What is to be seen at a stop, whoever asks: why nothing moves, the next instruction if that is wanted, and a family that has grown too large. */
export const sightOf = (stop: Stop, chronicle: Chronicle, session: Session): Result[] => {
  if (stop.reason === 'hang') return [why(chronicle.family())];
  const next = nextInstruction(stop, session);
  return stop.limit === undefined ? next : [...next, { ...processTree(chronicle.family(), stop.process.pid), most: mostRows }];
};

const describeWatch = ({ breakpoint, expression, old, new: now, scopeEnded, by }: WatchReport): WatchResult => ({
  expression,
  id: breakpoint.id,
  ...(old !== undefined && { old }),
  ...(now !== undefined && { new: now }),
  ...(scopeEnded && { scopeEnded: true }),
  ...by,
});

const describeSyscall = ({ name, phase, number, arguments: words, result, text }: NonNullable<Stop['syscall']>): SyscallResult => ({
  name,
  phase,
  number,
  ...(words.length > 0 && { arguments: words.map(hex) }),
  ...(result !== undefined && { result: hex(BigInt.asUintN(64, result)) }),
  text,
});
