/**
 * `why`: what each blocked thread of a family waits for, in the user's words, and which of them wait for each other in a circle. The facts come
 * from the system call's number and arguments, /proc and the program's memory; no privileges, and nothing in the program is touched.
 */
import { basename } from 'node:path';
import { readStat, readStatus } from '../linux/proc.js';
import { blockedIn } from './blocked.js';
import { busyWait, busyWaitText } from './busy_wait.js';
import { deadlocks, reachable, stuckThreads, type WaitGraph } from './deadlock.js';
import { failedCall } from './failed_call.js';
import { isAlive, listed, type FamilyMember, type FamilyThread } from './family.js';
import { OpenFiles } from './open_files.js';
import { descriptorWait } from './wait_descriptors.js';
import { Scene, type WaitFact, type WaitObject } from './wait_facts.js';
import { keptWait, otherWait, stoppedWait } from './wait_others.js';

export interface Wait {
  readonly pid: number;
  readonly tid: number;
  /** The number that the user knows the thread by, where its process has several. */
  readonly thread?: number;
  /** The kernel's name of the call; absent for a thread that a signal has stopped. */
  readonly call?: string;
  readonly on: WaitObject;
  /** A sentence without its subject: `waits for child 72, which sleeps for 10 s`. */
  readonly text: string;
  /** Nothing that deet knows of will end it; only a signal could. */
  readonly forever?: true;
}

/** A thread that waits for nothing. */
export interface Busy {
  readonly pid: number;
  readonly tid: number;
  readonly thread?: number;
  /** A sentence without its subject: `is not blocked; it is in work at a.c:12`. */
  readonly text: string;
  /** A system call that has just failed, as a sentence without its end. */
  readonly failed?: string;
}

/** The JSON object `why`. */
export interface WhyReport {
  readonly type: 'why';
  readonly waits: readonly Wait[];
  /** Those that are not blocked, if any. */
  readonly busy?: readonly Busy[];
  /** Groups of threads that wait for each other; a single-threaded process is its pid. */
  readonly deadlocks: readonly (readonly number[])[];
  /** One sentence for each of `deadlocks`. */
  readonly deadlockTexts: readonly string[];
}

interface Found {
  readonly member: FamilyMember;
  readonly thread: FamilyThread;
  readonly call?: string;
  readonly fact: WaitFact;
}

const find = (scene: Scene, member: FamilyMember, thread: FamilyThread): Found[] => {
  const groupStopped = thread.state === 'group-stopped' || (thread.state === 'running' && readStat(thread.tid)?.state === 'T');
  if (groupStopped) return [{ member, thread, fact: stoppedWait(thread.stopSignal) }];
  if (thread.keptBack) return [{ member, thread, fact: keptWait(thread.keptBack) }];
  const call = blockedIn(member, thread);
  if (!call) return [];
  const waiter = { member, thread, call, scene };
  return [{ member, thread, call: call.name, fact: descriptorWait(waiter) ?? otherWait(waiter) }];
};

const few = 3;

/** What a thread does that is in no system call. */
const busyText = (member: FamilyMember, thread: FamilyThread, failed: string | undefined): string => {
  if (thread.state === 'running') {
    const path = `${member.pid}/task/${thread.tid}` as const;
    const state = readStat(path)?.state;
    const tracer = state === 't' ? readStatus(path)?.tracer : undefined;
    // deet itself stops threads for a moment while they run.
    if (tracer !== undefined && tracer > 0 && tracer !== process.pid) return `is stopped by process ${tracer}, which traces it (ptrace)`;
    return state === 'R' ? 'is not blocked: it runs' : 'sleeps; deet may not see what it waits for';
  }
  const spins =
    thread
      .functions?.()
      .slice(0, few)
      .some((name) => /pthread_spin_lock$/.test(name)) === true;
  const lock = spins ? member.symbolAt?.(thread.register?.('rdi') ?? 0n) : undefined;
  const place = thread.place?.();
  const where = place
    ? `${place.function === undefined ? '' : `in ${place.function} `}at ${basename(place.file)}:${place.line}`
    : 'somewhere without source lines';
  if (spins) return `spins until the spin lock${lock ? ` \`${lock.name}\`` : ''} is free, ${where}`;
  if (failed !== undefined) return `is not blocked: it is ${where}, where ${failed}`;
  const wait = busyWait(member, thread);
  return wait ? `is not blocked, it spins ${where}: ${busyWaitText(wait, member.threads.length > 1)}` : `is not blocked: it is ${where}`;
};

const numbered = (member: FamilyMember, thread: FamilyThread): { thread?: number } =>
  (member.threads.length > 1 || thread.tid !== member.pid) && thread.id !== undefined ? { thread: thread.id } : {};

/** How many `which` a sentence bears. */
const longestChain = 3;

/** `, which waits for child 73, which sleeps for 10 s`: the reason behind the reason. */
const chain = (found: ReadonlyMap<number, Found>, first: Found): string => {
  const seen = new Set([first.thread.tid]);
  let text = '';
  let current: Found = first;
  for (let length = 0; length < longestChain; length++) {
    const target: number | undefined = current.fact.target;
    const next: Found | undefined = target === undefined ? undefined : found.get(target);
    if (!next) return text;
    if (seen.has(next.thread.tid)) return `${text}: a circle`;
    seen.add(next.thread.tid);
    text += `, which ${next.fact.text}`;
    current = next;
  }
  return text;
};

/** Who waits, and for whom. */
interface Waits {
  readonly found: ReadonlyMap<number, Found>;
  readonly graph: WaitGraph;
  /** Who can never go on, as far as is to be expected. */
  readonly stuck: ReadonlySet<number>;
  /** And for whom, and for those whom it waits for, there is no `unless` either. */
  readonly certain: ReadonlySet<number>;
}

const waitsOf = (list: readonly Found[]): Waits => {
  const graph = new Map(list.map((each) => [each.thread.tid, each.fact.releasers]));
  const hopeless = list.map(({ thread, fact }) => [thread.tid, fact.unless === undefined ? fact.releasers : undefined] as const);
  return {
    found: new Map(list.map((each) => [each.thread.tid, each])),
    graph,
    stuck: stuckThreads(graph),
    certain: stuckThreads(new Map(hopeless)),
  };
};

/** What is said of those who could end a wait must be true whatever else ends it. */
const areOthersStuck = ({ graph, stuck, certain }: Waits, tid: number): boolean =>
  stuck.has(tid) && (graph.get(tid) ?? []).every((releaser) => releaser === tid || certain.has(releaser));

const sentence = (waits: Waits, each: Found): string => {
  const behind = chain(waits.found, each);
  // Where the other waits too, that says more than that it has not ended.
  const clause = behind !== '' ? '' : (each.fact.clause?.(areOthersStuck(waits, each.thread.tid)) ?? '');
  return each.fact.text + clause + behind;
};

/** Who is in a deadlock, together and one by one: threads of one process need not say each time whose they are. */
const namesOf = (scene: Scene, group: readonly number[]): { readonly all: string; readonly each: readonly string[] } => {
  const members = group.map((tid) => scene.memberOfThread(tid));
  const [first] = members;
  if (first && first.threads.length > 1 && members.every((member) => member === first)) {
    const each = group.map((tid) => scene.threadName(tid, first.pid));
    const numbers = each.map((name) => /^thread (\d+)$/.exec(name)?.[1]);
    const together = numbers.every((number) => number !== undefined) && each.length > 1 ? `threads ${listed(numbers)}` : listed(each);
    return { all: `${together} of process ${first.pid}`, each };
  }
  const each = group.map((tid, index) => (members[index]?.threads.length === 1 ? `process ${tid}` : scene.threadName(tid, -1)));
  return { all: listed(each), each };
};

/** Whoever is waited for by one of the group may, against expectation, go on, too, though it does not wait for the group. */
const deadlockText = (scene: Scene, { found, graph, stuck }: Waits, group: readonly number[]): string => {
  const { all, each } = namesOf(scene, group);
  const behind = [...reachable(graph, stuck, group[0] ?? 0)];
  const exceptions = [...new Set([...group, ...behind].flatMap((tid) => found.get(tid)?.fact.unless ?? []))];
  // `another program opens a or opens b`
  const unless = exceptions.length > 0 ? `, unless ${listed(exceptions, 'or').replace(/(another program .*)another program /, '$1')}` : '';
  if (group.length === 1)
    return `${all.replace(/^p/, 'P').replace(/^t/, 'T')} waits for itself${unless}: it ${found.get(group[0] ?? 0)?.fact.text}.`;
  const parts = group.map((tid, index) => {
    const fact = found.get(tid)?.fact;
    return `${each[index]} ${fact?.text}${fact?.target === undefined ? (fact?.clause?.(false) ?? '').replace(/^; its/, ', whose').replace(/^; it is/, ', and which is') : ''}`;
  });
  return `Deadlock of ${all}${unless}: ${parts.join('; ')}.`;
};

/** Looks at the whole family at this moment. */
export const why = (family: readonly FamilyMember[]): WhyReport => {
  const alive = family.filter(isAlive);
  const scene = new Scene(family, new OpenFiles(alive.map(({ pid }) => pid)));
  const list = alive.flatMap((member) => member.threads.flatMap((thread) => find(scene, member, thread)));
  const waits = waitsOf(list);
  const groups = deadlocks(waits.graph);
  const busy = alive.flatMap((member) =>
    member.threads
      .filter(({ tid }) => !waits.found.has(tid))
      .map((thread): Busy => {
        const failed = failedCall(member, thread, family);
        const text = busyText(member, thread, failed);
        return { pid: member.pid, tid: thread.tid, ...numbered(member, thread), text, ...(failed === undefined ? {} : { failed }) };
      }),
  );
  return {
    type: 'why',
    waits: list.map((each) => ({
      pid: each.member.pid,
      tid: each.thread.tid,
      ...numbered(each.member, each.thread),
      ...(each.call === undefined ? {} : { call: each.call }),
      on: each.fact.on,
      text: sentence(waits, each),
      ...(waits.certain.has(each.thread.tid) ? { forever: true as const } : {}),
    })),
    ...(busy.length > 0 ? { busy } : {}),
    deadlocks: groups,
    deadlockTexts: groups.map((group) => deadlockText(scene, waits, group)),
  };
};
