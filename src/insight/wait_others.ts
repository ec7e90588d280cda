/** Waits for children, locks, time and signals. */
import { readChildren, readStat, readStatus } from '../linux/proc.js';
import { signalByNumber, signalsInMask } from '../linux/signals.js';
import { listed, type FamilyMember } from './family.js';
import { futexWait, lockName, type FutexWait } from './futex.js';
import { bytesAt, int, secondsAt, type Scene, type WaitFact, type Waiter } from './wait_facts.js';

/** The children that wait4 or waitid was asked for; undefined: any. */
const askedFor = ({ member, call }: Waiter): { child?: number; group?: number } => {
  if (call.name === 'wait4') {
    const pid = int(call.args[0]);
    if (pid > 0) return { child: pid };
    return pid === -1 ? {} : { group: pid === 0 ? (readStat(member.pid)?.group ?? 0) : -pid };
  }
  // waitid: P_ALL 0, P_PID 1, P_PGID 2, P_PIDFD 3.
  const [type, id] = [int(call.args[0]), int(call.args[1])];
  if (type === 1) return { child: id };
  return type === 2 ? { group: id === 0 ? (readStat(member.pid)?.group ?? 0) : id } : {};
};

const childWait = (waiter: Waiter): WaitFact => {
  const { member, scene } = waiter;
  const { child, group } = askedFor(waiter);
  const known = scene.childrenOf(member.pid).map(({ pid }) => pid);
  const all = [...new Set([...known, ...readChildren(member.pid)])].filter((pid) => group === undefined || readStat(pid)?.group === group);
  const children = child === undefined ? all : [child];
  const only = children.length === 1 ? children[0] : undefined;
  const which =
    only !== undefined
      ? `${child === undefined ? 'its ' : ''}child ${only}`
      : children.length === 0
        ? 'children, and has none'
        : `any of its children${group === undefined ? '' : ` in process group ${group}`} (${listed(children)})`;
  const releasers = scene.threadsOf(children);
  return {
    on: { kind: 'child', children },
    text: `waits for ${which}`,
    ...(only === undefined ? {} : { clause: () => childState(scene, only), target: only }),
    ...(releasers && children.length > 0 ? { releasers } : {}),
  };
};

/** What a child does instead of ending, if it is not itself waiting. */
const childState = (scene: Scene, pid: number): string => {
  const child = scene.member(pid);
  const thread = child?.threads[0];
  if (thread?.state === 'group-stopped') return ', which a signal has stopped: SIGCONT would let it go on';
  if (thread?.state === 'running' && readStat(pid)?.state === 'R') return ', which is running';
  const place = thread?.state === 'stopped' ? thread.place?.() : undefined;
  return place ? `, which is at ${place.file}:${place.line}` : '';
};

/** CLONE_VFORK: the parent sleeps until the child calls exec or exits (clone(2)). */
const cloneVfork = 0x4000n;

const isVfork = ({ member, call }: Waiter): boolean => {
  if (call.name === 'vfork') return true;
  if (call.name === 'clone') return ((call.args[0] ?? 0n) & cloneVfork) !== 0n;
  return call.name === 'clone3' && ((bytesAt(member, call.args[0], 8)?.getBigUint64(0, true) ?? 0n) & cloneVfork) !== 0n;
};

const vforkWait = ({ member, scene }: Waiter): WaitFact => {
  const child = scene.childrenOf(member.pid).at(-1)?.pid ?? readChildren(member.pid).at(-1);
  const releasers = child === undefined ? undefined : scene.threadsOf([child]);
  return {
    on: { kind: 'vfork', ...(child === undefined ? {} : { children: [child] }) },
    text: `waits for child ${child ?? ''} to call exec or to end (vfork)`.replace('child  ', 'its child '),
    ...(releasers ? { releasers } : {}),
    ...(child === undefined ? {} : { target: child }),
  };
};

const nouns: Readonly<Record<FutexWait['kind'], string>> = {
  mutex: 'the mutex',
  condition: 'the condition variable',
  join: '',
  semaphore: 'the semaphore',
  rwlock: 'the read-write lock',
  barrier: 'the barrier',
  malloc: "malloc's lock",
  stdio: "stdio's lock",
  library: 'a lock of the C library',
  futex: 'the futex',
};

const internal = new Set<FutexWait['kind']>(['malloc', 'stdio', 'library']);

/** A signal handler that calls malloc or printf while the program is in the middle of it: the lock's holder is the waiter itself. */
const reentered = (waiter: Waiter): boolean => (waiter.thread.functions?.() ?? []).includes('<signal handler called>');

/** A thread that holds the lock but is none of this process's. */
const goneOwner = ({ member, scene }: Waiter, owner: number): string => {
  const home = scene.memberOfThread(owner);
  const elsewhere = home && home.pid !== member.pid;
  if (elsewhere)
    return `, held by ${scene.threadName(owner, member.pid)}, which does not exist in this process: fork() copied a locked lock`;
  // Thread numbers grow: a thread older than the process was one of its parent's. (They start again at pid_max, 4 million on 64-bit machines.)
  if (owner < member.pid) return `, held by a thread (${owner}) that does not exist in this process: fork() copied a locked lock`;
  return `, held by a thread (${owner}) that has ended without unlocking it`;
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
      clause: () => (wait.kind === 'mutex' ? ': it was locked a second time' : ''),
      releasers: [owner],
    };
  if (member.threads.some(({ tid }) => tid === owner))
    return { text: `waits for ${noun} held by ${scene.threadName(owner, member.pid)}`, releasers: [owner], target: owner };
  return { text: `waits for ${noun}`, clause: () => goneOwner(waiter, owner), releasers: [] };
};

/** A lock that does not say who holds it: whoever else there is could. */
const anonymousLock = (waiter: Waiter, wait: FutexWait, noun: string): Pick<WaitFact, 'text' | 'clause' | 'releasers'> => {
  const { member, thread } = waiter;
  const others = member.threads.map(({ tid }) => tid).filter((tid) => tid !== thread.tid);
  const text = `waits for ${noun}`;
  if (others.length > 0) return { text, releasers: others };
  if (!internal.has(wait.kind)) return { text, clause: () => '; there is no other thread that could release it', releasers: [] };
  const cause = reentered(waiter)
    ? ', which it holds itself: a signal handler called a function that is not safe there (signal-safety(7))'
    : ', held by a thread that does not exist in this process: fork() copied a locked lock';
  return { text, clause: () => cause, releasers: [] };
};

const futexPrivate = 0x80n;

const lockWait = (waiter: Waiter, wait: FutexWait): WaitFact => {
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
  const noun = internal.has(kind) ? nouns[kind] : `${nouns[kind]} ${lockName(wait)}`;
  const fact = owner === undefined ? anonymousLock(waiter, wait, noun) : ownedLock(waiter, wait, noun, owner);
  // A lock in shared memory may be released by any process that maps it; a wait with a limit ends by itself.
  const open = timed || (owner === undefined && kind !== 'join' && ((call.args[1] ?? 0n) & futexPrivate) === 0n);
  return open ? { on, text: fact.text, ...(timed ? { clause: () => ', for a limited time' } : {}) } : { on, ...fact };
};

const seconds = (value: number | undefined): string => (value === undefined ? 'for some time' : `for ${value} s`);

/** TIMER_ABSTIME of clock_nanosleep(2). */
const absoluteTime = 1;

const sleepWait = ({ member, call }: Waiter): WaitFact => {
  const clock = call.name === 'clock_nanosleep';
  if (clock && int(call.args[1]) & absoluteTime) return { on: { kind: 'timer' }, text: 'sleeps until a set time' };
  const time = secondsAt(member, call.args[clock ? 2 : 0]);
  return { on: { kind: 'timer', ...(time === undefined ? {} : { seconds: time }) }, text: `sleeps ${seconds(time)}` };
};

/** SIGCHLD of the last child has been and gone: the classic race of pause() with a handler. */
const nothingLeft = (member: FamilyMember, scene: Scene): string => {
  const chld = 1n << BigInt(17 - 1);
  const caught = ((readStatus(member.pid)?.caught ?? 0n) & chld) !== 0n;
  return caught && scene.childrenOf(member.pid).length === 0 && readChildren(member.pid).length === 0
    ? '; it handles SIGCHLD, but has no child left that could send one'
    : '';
};

const signalWait = ({ member, call, scene }: Waiter): WaitFact => {
  const mask = call.name === 'pause' ? undefined : bytesAt(member, call.args[0], 8)?.getBigUint64(0, true);
  const names = mask === undefined ? [] : signalsInMask(mask).map(({ name }) => name);
  const few = names.length > 0 && names.length <= 6;
  const text =
    call.name === 'rt_sigtimedwait'
      ? `waits for ${few ? listed(names, 'or') : 'a signal'} (sigwait)`
      : `waits for a signal${few && call.name === 'rt_sigsuspend' ? ` other than ${listed(names, 'or')}` : ''} (${call.name === 'pause' ? 'pause' : 'sigsuspend'})`;
  return { on: { kind: 'signal' }, text, clause: () => (call.name === 'rt_sigtimedwait' ? '' : nothingLeft(member, scene)) };
};

const systemV: Readonly<Record<string, string>> = {
  semop: 'the System V semaphore set',
  semtimedop: 'the System V semaphore set',
  msgrcv: 'a message in the System V queue',
  msgsnd: 'room in the System V queue',
};

/** A thread that job control has stopped (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU). */
export const stoppedWait = (signal?: number): WaitFact => ({
  on: { kind: 'stopped' },
  text: `is stopped by ${signal === undefined ? 'a signal' : (signalByNumber(signal)?.name ?? 'a signal')}`,
  clause: () => ': SIGCONT lets it go on',
});

/** Every call that descriptorWait does not know. */
export const otherWait = (waiter: Waiter): WaitFact => {
  const { member, thread, call } = waiter;
  const { name } = call;
  if (name === 'wait4' || name === 'waitid') return childWait(waiter);
  if (isVfork(waiter)) return vforkWait(waiter);
  if (name === 'futex') {
    const wait = futexWait(member, thread, call);
    if (wait) return lockWait(waiter, wait);
  }
  if (name === 'nanosleep' || name === 'clock_nanosleep') return sleepWait(waiter);
  if (name === 'pause' || name === 'rt_sigsuspend' || name === 'rt_sigtimedwait') return signalWait(waiter);
  const queue = systemV[name];
  if (queue !== undefined) return { on: { kind: 'ipc' }, text: `waits for ${queue} ${int(call.args[0])} (${name})` };
  if (name === 'open' || name === 'openat')
    return { on: { kind: 'fifo' }, text: `opens a file (${name}) and waits: for a FIFO, until the other end is opened` };
  return { on: { kind: 'other' }, text: `is in the system call ${name}` };
};
