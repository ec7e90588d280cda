/** Convenience variables: what the user has set, and what deet itself knows (`$_thread`, `$_siginfo`; gdb, "Convenience Vars"). */
import { DeetError } from '../common/errors.js';
import * as c from '../language/c-types.js';
import type { ConvenienceVariables } from '../language/context.js';
import { variableStore } from '../language/frame-context.js';
import { SIGNAL_INFO } from '../language/signal-info-type.js';
import { Value } from '../language/value.js';
import { signalInfoSize } from '../linux/siginfo.js';
import { native } from '../native.js';
import type { Session } from './session.js';

const VOID = Value.of(c.VOID, new Uint8Array(0));
const number = (value: number): Value => Value.integer(c.INT, BigInt(value));

/** What the signal that stopped the thread says (PTRACE_GETSIGINFO). @throws DeetError when there was none */
const signalInfo = (session: Session): Value => {
  const thread = session.selectedThread();
  const bytes = new Uint8Array(signalInfoSize);
  if (!thread || native.getSignalInfo(thread.tid, bytes) !== 0) throw new DeetError('no-signal', 'The thread was not stopped by a signal.');
  return Value.of(SIGNAL_INFO, bytes);
};

const known: Readonly<Record<string, (session: Session) => Value>> = {
  _thread: (session) => number(session.selectedThread()?.id ?? 0),
  _gthread: (session) => number(session.selectedThread()?.id ?? 0),
  _inferior: (session) => number(session.selectedThread()?.process.id ?? 1),
  _inferior_thread_count: (session) => number(session.selectedThread()?.process.threads.size ?? 0),
  _siginfo: signalInfo,
  /** The last breakpoint that was set. */
  bpnum: (session) => {
    const last = session.breakpoints.all().at(-1);
    return last ? number(last.id) : VOID;
  },
};

export const convenienceVariables = (session: Session): ConvenienceVariables & { names(): Iterable<string> } => {
  const own = variableStore();
  return {
    names: () => [...(own.names?.() ?? []), ...Object.keys(known)],
    get: (name) => known[name]?.(session) ?? own.get(name),
    set: (name, value) => {
      if (name in known) throw new DeetError('not-lvalue', `$${name} cannot be changed.`);
      own.set(name, value);
    },
  };
};
