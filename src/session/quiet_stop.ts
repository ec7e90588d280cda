/**
 * A stop that nobody sees. Most changes need none: an int3 is one byte, written whole, and a thread either meets it or does not. But debug registers can only be
 * written to a stopped thread (ptrace(2), PTRACE_POKEUSER), and expressions want registers.
 */
import type { Session } from './session.js';

/** Does something as if the program were stopped where it happens to be; a running program goes on afterwards. The work must not let it run itself. */
export const whileStopped = <T>(session: Session, work: () => T): T => session.control.engine.whileStopped(work);
