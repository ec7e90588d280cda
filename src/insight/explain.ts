/**
 * `explain`: why a thread stopped, from its registers, siginfo, the instruction at fault, the memory map and the debug information. What
 * cannot be known is not guessed: then the explanation says what happened, and no more.
 */
import { hex } from '../common/addresses.js';
import { signalByNumber } from '../linux/signals.js';
import { syscallName } from '../linux/syscalls.js';
import { calledFrom } from './called.js';
import type { CrashFrame, CrashScene, Explanation } from './crash.js';
import { explainAbort } from './explain_abort.js';
import { explainAccess } from './explain_access.js';
import { explainDivision, explainIllegal, explainJump, explainPrivileged } from './explain_code.js';
import { explainLimit } from './explain_limits.js';
import { Fault } from './fault_scene.js';
import { listed } from './family.js';
import { userName } from './library_names.js';

/** -EPIPE as a system call's result. */
const brokenPipe = -32n;

const explainPipe = (fault: Fault): Explanation => {
  const { scene } = fault;
  const wrote =
    BigInt.asIntN(64, scene.register('rax') ?? 0n) === brokenPipe && (syscallName(Number(scene.register('orig_rax') ?? -1n)) ?? '');
  const fd = Number(BigInt.asIntN(32, scene.register('rdi') ?? -1n));
  const descriptor = wrote === false || fd < 0 ? undefined : scene.descriptor?.(fd);
  const user = fault.subject(fault.userFrame);
  if (wrote === false || !descriptor)
    return fault.explanation(
      'pipe-closed',
      `${user} writes to a pipe or socket that nobody reads any more. Who wants an error instead ignores SIGPIPE: write then fails with EPIPE.`,
    );
  const end = descriptor.noun.startsWith('socket') ? 'whose other end is closed' : 'whose read end nobody holds any more';
  const still =
    descriptor.peers && descriptor.peers.length > 0 ? ` (held now by pid ${listed(descriptor.peers.map(({ pid }) => pid))})` : '';
  const text = `${user} writes (${wrote}) to ${descriptor.noun} (fd ${fd}), ${end}${still}. Who wants an error instead ignores SIGPIPE: write then fails with EPIPE.`;
  return fault.explanation('pipe-closed', text);
};

const inFunction = (frame: CrashFrame | undefined): string =>
  frame?.functionName === undefined ? '' : ` in ${userName(frame.functionName)}`;

/** Some process sent the signal: kill, a terminal's Ctrl-C is not among these. */
const explainSent = (fault: Fault): Explanation | undefined => {
  const { signal, pid } = fault.scene;
  if (!signal || signal.fromKernel || signal.pid === undefined) return undefined;
  const name = signal.signalName;
  if (signal.pid === pid)
    return fault.explanation('sent', `The program sent itself ${name}${inFunction(fault.userFrame)} (raise, kill or abort).`);
  if (signal.pid === fault.scene.lostParent)
    return fault.explanation(
      'sent',
      `${name} came from process ${signal.pid}, the parent, which has ended: it sent it before, or the kernel did at its end (prctl with PR_SET_PDEATHSIG asks for that).`,
    );
  const sender = fault.scene.processName?.(signal.pid);
  const who =
    signal.pid === 0 ? 'a process outside its PID namespace' : `process ${signal.pid}${sender === undefined ? '' : ` (${sender})`}`;
  return fault.explanation('sent', `${name} was sent by ${who}; the program itself did nothing wrong here.`);
};

/** `work at a.c:7, which had called read`: where the user's own code is. */
const whereabouts = (fault: Fault): string => {
  const { userFrame, frames } = fault;
  const place = userFrame?.place;
  const name = userFrame && calledFrom(fault.scene, frames, userFrame);
  return `${userFrame?.functionName ?? 'code without a name'}${place ? ` at ${place.file}:${place.line}` : ''}${name === undefined ? '' : `, which had called ${name}`}`;
};

/** What a terminal's keys send (termios(3)). */
const keys: Readonly<Record<string, string>> = { SIGINT: 'Ctrl-C', SIGQUIT: 'Ctrl-\\', SIGTSTP: 'Ctrl-Z' };

/** Nothing went wrong: somebody wanted to look. */
const explainKey = (fault: Fault): Explanation | undefined => {
  const { signal } = fault.scene;
  const key = signal?.fromKernel ? keys[signal.signalName] : undefined;
  if (key === undefined || !signal) return undefined;
  const where = fault.userFrame?.functionName === undefined ? '' : `; the program was in ${whereabouts(fault)}`;
  const text = `${key} was pressed (${signal.signalName})${where}.`;
  return fault.explanation('signal', text);
};

const faults = new Set(['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL']);

const explainSignal = (fault: Fault): Explanation => {
  const { signal } = fault.scene;
  const name = signal?.signalName ?? '';
  const limit = explainLimit(fault);
  if (limit) return limit;
  const sent = explainSent(fault);
  switch (name) {
    case 'SIGABRT':
      return sent && signal?.pid !== fault.scene.pid ? sent : explainAbort(fault);
    case 'SIGPIPE':
      return explainPipe(fault);
    case 'SIGSYS': {
      const call = signal?.syscall && (syscallName(signal.syscall.number) ?? String(signal.syscall.number));
      return fault.explanation(
        'syscall-refused',
        `${fault.subject(fault.userFrame)} made the system call ${call ?? ''} that a seccomp filter forbids.`,
      );
    }
    default:
      break;
  }
  if (sent) return sent;
  const key = explainKey(fault);
  if (key) return key;
  if (faults.has(name)) {
    const found =
      name === 'SIGFPE'
        ? explainDivision(fault)
        : (explainJump(fault) ?? (name === 'SIGILL' ? explainIllegal(fault) : (explainPrivileged(fault) ?? explainAccess(fault))));
    if (found) return found;
  }
  if (name === 'SIGHUP' && signal?.fromKernel)
    return fault.explanation(
      'signal',
      'The kernel sent SIGHUP: the terminal was closed, or the last parent outside of the process group has ended while one of the group was stopped (SIGSTOP, Ctrl-Z), whom nobody would wake any more.',
    );
  const known = signal && signalByNumber(signal.signal);
  const address = signal?.address === undefined ? {} : { address: hex(signal.address) };
  return fault.explanation(
    'signal',
    `The program got ${name} (${known?.description ?? 'a signal'})${inFunction(fault.frames[0])}.`,
    address,
  );
};

/** The reason of a thread's stop; `because`: a sentence, where it was no signal. */
export const explain = (scene: CrashScene, because = 'No signal stopped the program.'): Explanation => {
  const fault = new Fault(scene);
  if (scene.signal) return explainSignal(fault);
  return fault.explanation('stop', `${because} It is in ${whereabouts(fault)}.`);
};
