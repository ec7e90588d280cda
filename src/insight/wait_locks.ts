/** Waits for locks: mutexes, condition variables, semaphores and their kin, whose meaning futex.ts has found. */
import { existsSync } from 'node:fs';
import { isSharedMemory, lockName, type FutexWait } from './futex.js';
import type { WaitFact, Waiter } from './wait_facts.js';

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
const sharedLock = ({ member, scene }: Waiter, noun: string, owner: number): Pick<WaitFact, 'text' | 'clause' | 'releasers' | 'target'> => {
  const text = `waits for ${noun}`;
  const home = scene.memberOfThread(owner);
  if (home) {
    const holder = home.threads.length === 1 ? `process ${home.pid}` : scene.threadName(owner, member.pid);
    return { text: `${text} held by ${holder}`, releasers: [owner], target: owner };
  }
  if (existsSync(`/proc/${owner}`)) return { text: `${text} held by ${owner}, which is not of this family` };
  const dead = scene.member(owner);
  const who = dead ? `process ${owner}` : `a thread (${owner})`;
  return {
    text,
    clause: () => `, held by ${who} that has ended without unlocking it`.replace(/(process \d+) that/, '$1, which'),
    releasers: [],
  };
};

const secondTime = (waiter: Waiter, { kind }: FutexWait): string => {
  if (kind !== 'mutex' && kind !== 'rwlock') return '';
  return reentered(waiter) ? ': a signal handler wants what the code holds that it has interrupted' : ': it was locked a second time';
};

const ownedLock = (
  waiter: Waiter,
  wait: FutexWait,
  noun: string,
  owner: number,
): Pick<WaitFact, 'text' | 'clause' | 'releasers' | 'target'> => {
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
  return { text: `waits for ${noun}`, clause: () => goneOwner(waiter, owner), releasers: [] };
};

/** A lock that does not say who holds it: whoever else there is could. */
const anonymousLock = (waiter: Waiter, wait: FutexWait, noun: string): Pick<WaitFact, 'text' | 'clause' | 'releasers'> => {
  const { member, thread } = waiter;
  const others = member.threads.map(({ tid }) => tid).filter((tid) => tid !== thread.tid);
  const text = `waits for ${noun}${wait.detail ?? ''}`;
  if (others.length > 0) return { text, releasers: others };
  if (wait.kind === 'once')
    return {
      text: 'waits for an initialisation that it has begun itself (pthread_once, call_once): what initialises needs itself',
      releasers: [],
    };
  if (!internal.has(wait.kind)) {
    // musl's locks do not say who holds them.
    const copied = wait.kind === 'mutex' && member.forkedAt ? ': fork() copies locks as they are, but not the threads that hold them' : '';
    return { text, clause: () => `; there is no other thread that could ${actions[wait.kind] ?? 'release it'}${copied}`, releasers: [] };
  }
  const cause = reentered(waiter)
    ? ', which it holds itself: a signal handler called a function that is not safe there (signal-safety(7))'
    : ', held by a thread that does not exist in this process: fork() copied a locked lock';
  return { text, clause: () => cause, releasers: [] };
};

/** FUTEX_PRIVATE_FLAG (futex(2)). */
const futexPrivate = 0x80n;

export const lockWait = (waiter: Waiter, wait: FutexWait): WaitFact => {
  const { member, call, scene } = waiter;
  const { kind, symbol, owner, address, timed } = wait;
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
  const fact = owner === undefined ? anonymousLock(waiter, wait, noun) : ownedLock(waiter, wait, noun, owner);
  // A lock in shared memory may be released by any process that maps it; a wait with a limit ends by itself.
  const anybody = owner === undefined && ((call.args[1] ?? 0n) & futexPrivate) === 0n && isSharedMemory(member, address);
  const open = timed || anybody;
  return open ? { on, text: fact.text, ...(timed ? { clause: () => ', for a limited time' } : {}) } : { on, ...fact };
};
