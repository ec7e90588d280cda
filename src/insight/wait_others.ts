/** Waits for children, locks, time and signals. */
import { inWords } from '../common/advice.js';
import { readChildren, readStat, readStatus } from '../linux/proc.js';
import { Signal } from '../linux/constants.js';
import { signalByNumber } from '../linux/signals.js';
import { listed, type FamilyMember, type FamilyThread } from './family.js';
import { futexWait } from './futex.js';
import { bytesAt, int, secondsAt, secondsText, type Scene, type WaitFact, type Waiter } from './wait_facts.js';
import { ipcWait } from './wait_ipc.js';
import { lockWait } from './wait_locks.js';
import { childSignal, childSignalSpent, noChildToCome, signalList, waitable } from './wait_special.js';

/** The children that wait4 or waitid was asked for; undefined: any. */
const askedFor = ({ member, call, scene }: Waiter): { child?: number; group?: number } => {
  if (call.name === 'wait4') {
    const pid = int(call.args[0]);
    if (pid > 0) return { child: pid };
    return pid === -1 ? {} : { group: pid === 0 ? (readStat(member.pid)?.group ?? 0) : -pid };
  }
  // waitid: P_ALL 0, P_PID 1, P_PGID 2, P_PIDFD 3.
  const [type, id] = [int(call.args[0]), int(call.args[1])];
  if (type === 1) return { child: id };
  if (type === 3) {
    const child = scene.files.find(member.pid, id)?.process;
    return child === undefined ? {} : { child };
  }
  return type === 2 ? { group: id === 0 ? (readStat(member.pid)?.group ?? 0) : id } : {};
};

const childWait = (waiter: Waiter): WaitFact => {
  const { member, scene } = waiter;
  const { child, group } = askedFor(waiter);
  const known = scene.childrenOf(member.pid).map(({ pid }) => pid);
  const all = [...new Set([...known, ...readChildren(member.pid)])];
  const wanted = all.filter((pid) => group === undefined || readStat(pid)?.group === group);
  const children = child === undefined ? wanted : [child];
  const only = children.length === 1 ? children[0] : undefined;
  const which =
    only !== undefined
      ? `${child === undefined ? 'its ' : ''}child ${only}`
      : children.length === 0
        ? `children${group === undefined ? '' : ` in process group ${group}`}, and has none`
        : `any of its children${group === undefined ? '' : ` in process group ${group}`} (${listed(children)})`;
  const others = group === undefined ? '' : notAskedFor(all.filter((pid) => !wanted.includes(pid)));
  const releasers = scene.threadsOf(children);
  return {
    on: { kind: 'child', children },
    text: `waits for ${which}`,
    ...(only === undefined ? { clause: () => others } : { clause: () => childState(scene, only) + others, target: only }),
    ...(releasers && children.length > 0 ? { releasers } : {}),
  };
};

/** Children in another process group than the one that is waited for. */
const notAskedFor = (children: readonly number[]): string => {
  const others = children.flatMap((pid) => {
    const stat = readStat(pid);
    return stat ? [`${pid} (in group ${stat.group}${stat.state === 'Z' ? ', has ended' : ''})`] : [];
  });
  return others.length > 0 ? `; not for its ${others.length === 1 ? 'child' : 'children'} ${listed(others)}` : '';
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

const seconds = (value: number | undefined): string => (value === undefined ? 'for some time' : `for ${secondsText(value)} s`);

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
  const status = readStatus(member.pid);
  // One that is blocked may be pending.
  if (((status?.caught ?? 0n) & childSignal) === 0n || ((status?.blocked ?? 0n) & childSignal) !== 0n) return '';
  const why = noChildToCome(member, scene);
  return why === undefined ? '' : `; it handles SIGCHLD, but ${why}`;
};

/** Any other signal is ignored, or the end of the program. */
const handled = ({ pid }: FamilyMember): string => {
  const status = readStatus(pid);
  if (!status) return '';
  const names = signalList(status.caught & ~status.blocked & waitable);
  return names === undefined ? '' : `; it handles ${names.replace(/ or /, ' and ')}`;
};

/** A signal that has a handler and has come, but that the mask holds back: sent before the wait, or left out of sigsuspend's mask by mistake. */
const heldBack = ({ thread, call }: Waiter): string => {
  const status = readStatus(thread.tid);
  const names = status && signalList((status.pending | status.sharedPending) & status.blocked & status.caught & waitable);
  if (names === undefined) return '';
  const [verb, why] = names.includes(' or ') ? ['have come already, but are', 'they do'] : ['has come already, but is', 'it does'];
  const by = call.name === 'pause' ? 'blocked (sigprocmask)' : 'blocked by the mask that sigsuspend was given';
  return `; ${names.replace(/ or /, ' and ')} ${verb} ${by}, so ${why} not end the wait`;
};

const signalWait = (waiter: Waiter): WaitFact => {
  const { member, call, scene } = waiter;
  const on = { kind: 'signal' } as const;
  const clause = (): string => heldBack(waiter) || nothingLeft(member, scene);
  if (call.name === 'pause') return { on, text: 'waits for a signal (pause)', clause: () => clause() || handled(member) };
  const mask = bytesAt(member, call.args[0], 8)?.getBigUint64(0, true);
  if (call.name === 'rt_sigtimedwait')
    return {
      on,
      text: `waits for ${(mask && signalList(mask)) ?? 'a signal'} (sigwait)`,
      clause: () => childSignalSpent(waiter, mask ?? 0n),
    };
  const open = mask === undefined ? undefined : signalList(waitable & ~mask);
  if (open !== undefined) return { on, text: `waits for ${open} (sigsuspend, which holds all others back)`, clause };
  const blocked = mask === undefined ? undefined : signalList(mask);
  return { on, text: `waits for a signal${blocked === undefined ? '' : ` other than ${blocked}`} (sigsuspend)`, clause };
};

/** What the kernel sends these two for (termios(3), TOSTOP; tcsetpgrp(3)). */
const backgroundUse: Readonly<Partial<Record<number, string>>> = { [Signal.SIGTTIN]: 'reads', [Signal.SIGTTOU]: 'writes to or sets' };

/** A thread that job control has stopped (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU). */
export const stoppedWait = (signal?: number): WaitFact => ({
  on: { kind: 'stopped' },
  text: `is stopped by ${signal === undefined ? 'a signal' : (signalByNumber(signal)?.name ?? 'a signal')}`,
  clause: () => {
    const use = signal === undefined ? undefined : backgroundUse[signal];
    return use === undefined
      ? ': SIGCONT lets it go on'
      : `, which comes to who ${use} the terminal from the background: SIGCONT lets it go on for good when it has been given the foreground (tcsetpgrp)`;
  },
});

/** A thread that deet itself does not let run with the others. */
export const keptWait = ({ setting, command }: NonNullable<FamilyThread['keptBack']>): WaitFact => ({
  on: { kind: 'stopped' },
  text: setting === undefined ? 'is held by deet' : `is kept back by deet (${setting})`,
  clause: () =>
    `: ${inWords({
      prompt: `"${command}" lets it run`,
      script: `session.command('${command}') lets it run`,
      editor: `"${command}" in the debug console lets it run`,
    })}`,
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
  return ipcWait(waiter) ?? { on: { kind: 'other' }, text: `is in the system call ${name}` };
};
