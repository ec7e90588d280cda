/** `info tree`: the whole family since the run began, the dead included, as a forest in the order of birth. */
import { signalName } from '../linux/signals.js';
import { blockedIn } from './blocked.js';
import type { Biography, FamilyMember, ProcessState, SourcePlace } from './family.js';

export interface ProcessNode extends Biography {
  readonly pid: number;
  readonly ppid: number;
  readonly state: ProcessState;
  readonly program: string;
  readonly title?: string;
  /** How many threads, if more than one. */
  readonly threads?: number;
  /** Where it is stopped. */
  readonly place?: SourcePlace;
  /** The signal of job control that has stopped it: SIGCONT would let it go on. */
  readonly stopSignal?: string;
  /** The system call that it is blocked in: its first thread's. */
  readonly call?: string;
  readonly status?: number;
  readonly signal?: string;
  readonly zombieSince?: number;
  /** deet let it go: whether it still runs is known, but not how it ends. */
  readonly released?: true;
  /** deet does not trace it. */
  readonly untraced?: true;
  readonly current?: true;
  readonly children: readonly ProcessNode[];
}

/** The JSON object `processes`. */
export interface ProcessTree {
  readonly type: 'processes';
  readonly processes: readonly ProcessNode[];
}

type Growing = ProcessNode & { readonly children: ProcessNode[] };

const present = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };

const nodeOf = (member: FamilyMember, current: number | undefined): Growing => {
  const first = member.threads[0];
  const call = first && blockedIn(member, first)?.name;
  // A process that nobody holds and that sleeps in a call is blocked, whatever the session last noted.
  const state = member.state === 'running' && call !== undefined ? 'blocked' : member.state;
  const stopped = member.state === 'stopped';
  return {
    pid: member.pid,
    ppid: member.ppid,
    state,
    program: member.program,
    ...present('title', member.title),
    ...present('threads', member.threads.length > 1 ? member.threads.length : undefined),
    ...present('place', stopped ? first?.place?.() : undefined),
    ...present('stopSignal', first?.stopSignal === undefined ? undefined : signalName(first.stopSignal)),
    ...present('call', call),
    ...present('forkedAt', member.forkedAt),
    ...present('toldAt', member.toldAt),
    ...present('failedExec', member.failedExec),
    ...present('status', member.status),
    ...present('signal', member.signal),
    ...present('zombieSince', member.zombieSince),
    ...present('reapedBy', member.reapedBy),
    ...present('orphaned', member.orphaned),
    ...present('adoptedBy', member.adoptedBy),
    ...present('released', member.released),
    ...present('untraced', member.untraced),
    ...present('current', member.pid === current ? true : undefined),
    children: [],
  };
};

/**
 * `family` must be in the order of birth. Children hang where they were born, orphans too: `adoptedBy` says whose they are now. A
 * number that the kernel used twice is two processes: a child belongs to the last one born before it.
 */
export const processTree = (family: readonly FamilyMember[], current?: number): ProcessTree => {
  const latest = new Map<number, Growing>();
  const roots: ProcessNode[] = [];
  for (const member of family) {
    const node = nodeOf(member, current);
    (latest.get(member.ppid)?.children ?? roots).push(node);
    latest.set(member.pid, node);
  }
  return { type: 'processes', processes: roots };
};
