/** Waits for locks: mutexes, condition variables, semaphores and their kin, whose meaning futex.ts has found. */
import { existsSync } from 'node:fs';
import { readStatus } from '../linux/proc.js';
import { listed } from './family.js';
import { lockName, type FutexWait } from './futex.js';
import { isSharedMemory, sharersOf, type Sharers } from './shared_memory.js';
import { relation, type WaitFact, type Waiter } from './wait_facts.js';
import { signalList, waitable } from './wait_special.js';

const nouns: Readonly<Record<FutexWait['kind'], string>> = {
  mutex: 'the mutex',
  condition: 'the condition variable',
  join: '',
  semaphore: 'the semaphore',
  rwlock: 'the read-write lock',
  barrier: 'the barrier',
  latch: 'the std::latch',
  phase: 'the other threads of a std::barrier',
  atomic: 'a change of the std::atomic',
  malloc: "malloc's lock",
  stdio: "stdio's lock",
  library: 'a lock of the C library',
  future: 'the result of a std::future (std::promise, std::async)',
  once: 'an initialisation that another thread has begun (pthread_once, call_once)',
  futex: 'the futex',
};

const internal = new Set<FutexWait['kind']>(['malloc', 'stdio', 'library']);

/** Kinds that need no name, and have none that a user knows. */
const nameless = new Set<FutexWait['kind']>([...internal, 'future', 'once', 'phase']);

/** What ends a wait, where that is not the release of a lock. */
const actions: Partial<Readonly<Record<FutexWait['kind'], string>>> = {
  condition: 'signal it',
  semaphore: 'post it',
  barrier: 'come to it',
  latch: 'count it down',
  phase: 'come to it',
  atomic: 'change it and notify',
  future: 'set it',
  once: 'finish it',
  futex: 'wake it',
};

/** The same as what the lock is the object of. */
const verbs: typeof actions = { condition: 'signal', semaphore: 'post', latch: 'count down', atomic: 'change', mutex: 'unlock' };

/** A wait but for the object. */
type Ending = Omit<WaitFact, 'on'>;

/** A signal handler that calls malloc or printf while the program is in the middle of it: the lock's holder is the waiter itself. */
const reentered = (waiter: Waiter): boolean => (waiter.thread.functions?.() ?? []).includes('<signal handler called>');

/** A thread that holds the lock but is none of this process's, in memory of the process's own. */
const goneOwner = ({ member, scene }: Waiter, owner: number): string => {
  const home = scene.memberOfThread(owner);
  const elsewhere = home && home.pid !== member.pid;
  if (elsewhere)
    return `, held by ${scene.threadName(owner, member.pid)}, which does not exist in this process: fork() copied a locked lock`;
  // Thread numbers grow: a thread older than the process was one of its parent's. (They start again at pid_max, 4 million on 64-bit machines.)
  if (owner < member.pid) return `, held by a thread (${owner}) that does not exist in this process: fork() copied a locked lock`;
  return `, held by a thread (${owner}) that has ended without unlocking it`;
};

/** A lock in memory that several processes share: its owner may be a thread of any of them. */
const sharedLock = ({ member, scene }: Waiter, noun: string, owner: number): Ending => {
  const text = `waits for ${noun}`;
  const home = scene.memberOfThread(owner);
  if (home) {
    const holder = home.threads.length === 1 ? `process ${home.pid}` : scene.threadName(owner, member.pid);
    return { text: `${text} held by ${holder}`, releasers: [owner], target: owner };
  }
  if (existsSync(`/proc/${owner}`)) return { text: `${text} held by ${owner}, which is ${relation(owner, member.pid)}` };
  const dead = scene.member(owner);
  const who = dead ? `process ${owner}` : `a thread (${owner})`;
  return { text: `${text}, held by ${who}${dead ? ', which' : ' that'} has ended without unlocking it`, releasers: [] };
};

const secondTime = (waiter: Waiter, { kind }: FutexWait): string => {
  if (kind !== 'mutex' && kind !== 'rwlock') return '';
  return reentered(waiter) ? ': a signal handler wants what the code holds that it has interrupted' : ': it was locked a second time';
};

const ownedLock = (waiter: Waiter, wait: FutexWait, noun: string, owner: number): Ending => {
  const { member, thread, scene } = waiter;
  if (owner === thread.tid)
    return {
      text: `waits for ${noun}, which it holds itself`,
      clause: () => secondTime(waiter, wait),
      releasers: [owner],
    };
  if (member.threads.some(({ tid }) => tid === owner))
    return { text: `waits for ${noun} held by ${scene.threadName(owner, member.pid)}`, releasers: [owner], target: owner };
  if (isSharedMemory(member, wait.address)) return sharedLock(waiter, noun, owner);
  return { text: `waits for ${noun}${goneOwner(waiter, owner)}`, releasers: [] };
};

/** Of more than this nobody wants a list. */
const fewOthers = 3;

/** `, which only thread 2 could post`. */
const byWhom = ({ kind }: FutexWait, others: readonly string[], stuck: boolean): string => {
  const verb = verbs[kind];
  if (verb === undefined) return '';
  if (others.length > fewOthers) return stuck ? `; all who could ${actions[kind] ?? 'release it'} wait, too` : '';
  return `, which only ${listed(others, 'or')} could ${verb}${stuck ? lostSignal(kind) : ''}`;
};

/** A condition variable remembers nothing (pthread_cond_signal(3)). */
const lostSignal = (kind: FutexWait['kind']): string => (kind === 'condition' ? '; what was signalled before the wait began is lost' : '');

/** Of all these sem_post alone may be called in a signal handler (signal-safety(7)), and futex(2) itself, by a program that makes its locks of that. */
const byHandler = ({ member }: Waiter, { kind }: FutexWait): string | undefined => {
  const caught = kind === 'semaphore' || kind === 'futex' ? (readStatus(member.pid)?.caught ?? 0n) & waitable : 0n;
  if (caught === 0n) return undefined;
  const names = signalList(caught);
  return `a signal handler${names === undefined ? '' : ` (${names})`} ${kind === 'semaphore' ? 'posts a semaphore' : 'wakes who waits for a futex'}`;
};

/** A lock that does not say who holds it: whoever else there is could. */
const anonymousLock = (waiter: Waiter, wait: FutexWait, noun: string): Ending => {
  const { member, thread, scene } = waiter;
  const others = member.threads.map(({ tid }) => tid).filter((tid) => tid !== thread.tid);
  const text = `waits for ${noun}${wait.detail ?? ''}`;
  const unless = byHandler(waiter, wait);
  const caveat = unless === undefined ? {} : { unless };
  const names = others.map((tid) => scene.threadName(tid, member.pid));
  if (others.length > 0) return { text, clause: (stuck) => byWhom(wait, names, stuck), releasers: others, ...caveat };
  if (wait.kind === 'once')
    return {
      text: 'waits for an initialisation that it has begun itself (pthread_once, call_once): what initialises needs itself',
      releasers: [],
    };
  if (!internal.has(wait.kind)) return { text, clause: () => nobodyElse(waiter, wait), releasers: [], ...caveat };
  const cause = reentered(waiter)
    ? ', which it holds itself: a signal handler called a function that is not safe there (signal-safety(7))'
    : ', held by a thread that does not exist in this process: fork() copied a locked lock';
  return { text: text + cause, releasers: [] };
};

const nobodyElse = ({ member, thread }: Waiter, { kind, detail }: FutexWait): string => {
  // musl's locks do not say who holds them.
  const copied = kind === 'mutex' && member.forkedAt ? ': fork() copies locks as they are, but not the threads that hold them' : '';
  const writes = detail !== undefined && (thread.functions?.() ?? []).some((name) => /rwlock_(?:timed|clock)?wrlock/.test(name));
  const upgrade = writes ? ': who has it for reading must unlock it before it asks for writing' : '';
  return `; there is no other thread that could ${actions[kind] ?? 'release it'}${copied}${upgrade}${lostSignal(kind).replace(';', ':')}`;
};

/** One in memory that several processes have: whoever else has it could, or may come to have it. */
const anonymousShared = (waiter: Waiter, wait: FutexWait, noun: string, sharers: Sharers): Ending => {
  const { member, thread } = waiter;
  const text = `waits for ${noun}${wait.detail ?? ''}`;
  const [stranger] = sharers.outside;
  if (stranger !== undefined)
    return { text, clause: () => `; process ${stranger}, which is ${relation(stranger, member.pid)}, has it too` };
  const others = sharers.family.filter(({ pid, threads }) => pid !== member.pid || threads.length > 1);
  const names = others.map(({ pid }) => (pid === member.pid ? 'another thread of its own process' : `process ${pid}`));
  const wayIn = wait.file === undefined ? sharers.openTo : `opens ${wait.file}`;
  const all = [...names, ...(wayIn === undefined ? [] : [`another program that ${wayIn}`])];
  const unless = [...(wayIn === undefined ? [] : [`another program ${wayIn}`]), byHandler(waiter, wait) ?? []].flat();
  return {
    text,
    clause: (stuck) =>
      names.length > 0
        ? byWhom(wait, all, stuck)
        : `; nobody else has it${wayIn === undefined ? '' : ' now'} that could ${actions[wait.kind] ?? 'release it'}`,
    releasers: others.flatMap(({ threads }) => threads.map(({ tid }) => tid)).filter((tid) => tid !== thread.tid),
    ...(unless.length > 0 ? { unless: listed(unless, 'or') } : {}),
  };
};

/** Kinds that are made either for the threads of one process or for several processes, and how they are made for several. */
const madeShared: Partial<Readonly<Record<FutexWait['kind'], string>>> = {
  mutex: 'PTHREAD_PROCESS_SHARED',
  condition: 'PTHREAD_PROCESS_SHARED',
  rwlock: 'PTHREAD_PROCESS_SHARED',
  barrier: 'PTHREAD_PROCESS_SHARED',
  semaphore: "sem_init's second argument",
};

/** Shared memory alone does not make a lock that processes share, nor does the attribute without shared memory. */
const misfit = ({ scene }: Waiter, { kind }: FutexWait, isPrivate: boolean, sharers: Sharers | undefined): string => {
  const how = madeShared[kind];
  if (how === undefined) return '';
  if (isPrivate)
    return sharers && sharers.family.length + sharers.outside.length > 1
      ? `; it lies in shared memory, but was made for the threads of one process (${how}): other processes cannot wake who waits for it`
      : '';
  // A robust mutex is always waited for as if it were shared.
  return !sharers && kind !== 'mutex' && scene.family.length > 1
    ? `; it was made for several processes (${how}), but does not lie in shared memory (mmap with MAP_SHARED): after a fork each has its own`
    : '';
};

/** FUTEX_PRIVATE_FLAG (futex(2)). */
const futexPrivate = 0x80n;

export const lockWait = (waiter: Waiter, wait: FutexWait): WaitFact => {
  const { member, call, scene } = waiter;
  const { kind, symbol, owner, address, timed } = wait;
  const isPrivate = ((call.args[1] ?? 0n) & futexPrivate) !== 0n;
  const on = {
    kind,
    address: `0x${address.toString(16)}`,
    ...(symbol === undefined ? {} : { symbol }),
    ...(owner === undefined ? {} : { owner }),
  };
  if (kind === 'join' && owner !== undefined) {
    const text = `waits for ${scene.threadName(owner, member.pid)} to end (pthread_join)`;
    return { on, text, target: owner, ...(timed ? {} : { releasers: [owner] }) };
  }
  const noun = nameless.has(kind) ? nouns[kind] : wait.elsewhere ? nouns[kind].replace(/^the /, 'a ') : `${nouns[kind]} ${lockName(wait)}`;
  const sharers = madeShared[kind] === undefined && isPrivate ? undefined : sharersOf(scene, member, address);
  const fact =
    owner !== undefined
      ? ownedLock(waiter, wait, noun, owner)
      : sharers && !isPrivate
        ? anonymousShared(waiter, wait, noun, sharers)
        : anonymousLock(waiter, wait, noun);
  // A wait with a limit ends by itself.
  if (timed) return { on, text: fact.text, clause: () => ', for a limited time' };
  const odd = misfit(waiter, wait, isPrivate, sharers);
  return odd === '' ? { on, ...fact } : { on, ...fact, clause: (stuck) => (fact.clause?.(stuck) ?? '') + odd };
};
