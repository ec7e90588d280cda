/** Waits at descriptors that the kernel made up: eventfd, timerfd, signalfd, inotify, message queues and pseudo-terminals. */
import { Signal } from '../linux/constants.js';
import { readChildren, readStat, readStatus } from '../linux/proc.js';
import type { Descriptor } from '../linux/proc_files.js';
import { signalsInMask } from '../linux/signals.js';
import { listed, type FamilyMember } from './family.js';
import type { Holder } from './open_files.js';
import { heldIn, nounFor, secondsText, threadsOfHolders, type Scene, type WaitFact, type Waiter } from './wait_facts.js';

type Verb = 'read' | 'write';

const fewSignals = 6;

/** Signals that a program can wait for: not those that nobody can block or catch, nor the C library's own two. */
export const waitable = ((1n << 64n) - 1n) & ~[9, 19, 32, 33].reduce((mask, signal) => mask | (1n << BigInt(signal - 1)), 0n);

/** `SIGINT or SIGTERM`; undefined: too many to be listed, or none. */
export const signalList = (mask: bigint): string | undefined => {
  const names = signalsInMask(mask).map(({ name }) => name);
  return names.length > 0 && names.length <= fewSignals ? listed(names, 'or') : undefined;
};

const eventWait = ({ member, scene }: Waiter, descriptor: Descriptor, verb: Verb): WaitFact => {
  const { fd, count, inode } = descriptor;
  const holders = inode === undefined ? undefined : scene.files.holders(descriptor);
  return {
    on: { kind: 'eventfd', fd, ...(holders ? { holders } : {}) },
    text: `${verb === 'read' ? 'reads' : 'writes to'} an eventfd (fd ${fd}), whose count is ${count ?? 'unknown'}`,
    ...(holders ? { clause: () => `; it is open ${heldIn(holders, member.pid)}` } : {}),
    // A ring's requests are carried out by the kernel: it writes to eventfds, too (io_uring_register(2)).
    ...(holders && !hasRing(scene, holders) ? threadsOfHolders(scene, holders) : {}),
  };
};

const hasRing = ({ files }: Scene, holders: readonly Holder[]): boolean =>
  holders.some(({ pid, outside }) => outside ?? files.of(pid).some(({ target }) => target.includes('io_uring')));

const timerWait = ({ fd, expires }: Descriptor): WaitFact => ({
  on: { kind: 'timer', fd, ...(expires === undefined ? {} : { seconds: expires }) },
  text: `waits for a timer (timerfd, fd ${fd})`,
  clause: () =>
    expires === undefined ? '' : expires === 0 ? ', which is not set (timerfd_settime)' : `, which expires in ${secondsText(expires)} s`,
});

/** A signal that is not blocked is delivered, and never comes to the signalfd (signalfd(2)). */
const notBlocked = ({ member, thread }: Waiter, signals: bigint): string => {
  const blocked = member.threads.length === 1 ? readStatus(`${member.pid}/task/${thread.tid}`)?.blocked : undefined;
  const open = blocked === undefined ? [] : signalsInMask(signals & ~blocked).map(({ name }) => name);
  if (open.length === 0) return '';
  const [is, it] = open.length === 1 ? ['is', 'it is'] : ['are', 'they are'];
  return `; but ${listed(open)} ${is} not blocked: ${it} delivered as ever, and never read here (sigprocmask comes first)`;
};

/** The bit of SIGCHLD. */
export const childSignal = 1n << BigInt(Signal.SIGCHLD - 1);

/** Why no child will send SIGCHLD any more; undefined: one may. */
export const noChildToCome = ({ pid }: FamilyMember, scene: Scene): string | undefined => {
  const children = [...new Set([...scene.childrenOf(pid).map((child) => child.pid), ...readChildren(pid)])];
  if (children.length === 0) return 'it has no child left that could send one';
  if (children.some((child) => readStat(child)?.state !== 'Z')) return undefined;
  return `all its children (${listed(children)}) have ended already, and their signals have been and gone`;
};

/** SIGCHLD is taken by reading or by sigwait: one that has come for several children is taken once. */
export const childSignalSpent = ({ member, scene }: Waiter, signals: bigint): string => {
  const status = signals === childSignal ? readStatus(member.pid) : undefined;
  if (!status || ((status.pending | status.sharedPending) & childSignal) !== 0n) return '';
  const why = noChildToCome(member, scene);
  return why === undefined ? '' : `; but ${why}`;
};

const signalDescriptorWait = (waiter: Waiter, { fd, signals = 0n }: Descriptor): WaitFact => ({
  on: { kind: 'signal', fd },
  text: `waits for ${signalList(signals) ?? 'a signal'} (signalfd, fd ${fd})`,
  clause: () => notBlocked(waiter, signals) || childSignalSpent(waiter, signals),
});

/** The numbers of pseudo-terminals are those of /dev/pts. */
const slaveOf = ({ terminalIndex }: Descriptor): string | undefined =>
  terminalIndex === undefined ? undefined : `/dev/pts/${terminalIndex}`;

/** Descriptors of the family that fit. */
const inFamily = ({ scene }: Waiter, fits: (descriptor: Descriptor) => boolean): Holder[] =>
  scene.files.family.flatMap((pid) =>
    scene.files
      .of(pid)
      .filter(fits)
      .map(({ fd }) => ({ pid, fd })),
  );

const terminalWait = (waiter: Waiter, descriptor: Descriptor, verb: Verb): WaitFact => {
  const { member } = waiter;
  const { fd, target } = descriptor;
  const slave = slaveOf(descriptor);
  const other = inFamily(waiter, (each) => (slave === undefined ? slaveOf(each) === target : each.target === slave));
  const noun = slave === undefined ? nounFor(descriptor) : `the master side of the terminal ${slave}`;
  const stat = readStat(member.pid);
  // While deet talks to the user it has the terminal itself: who had it before does not show.
  const foreground = stat?.foregroundGroup === readStat(process.pid)?.group ? undefined : stat?.foregroundGroup;
  const background =
    slave === undefined && stat !== undefined && foreground !== undefined && foreground > 0 && foreground !== stat.group
      ? ', from the background'
      : '';
  const side = slave === undefined ? 'master side' : 'other side';
  return {
    on: { kind: 'terminal', fd, ...(other.length > 0 ? { holders: other } : {}) },
    text:
      verb === 'read'
        ? `reads ${noun} (fd ${fd})${slave === undefined ? `: waits for input${background}` : ''}`
        : `writes to ${noun} (fd ${fd}), whose output is held back`,
    clause: () => (other.length > 0 ? `; its ${side} is open ${heldIn(other, member.pid)}` : ''),
  };
};

/** Undefined: no such descriptor. */
export const specialWait = (waiter: Waiter, descriptor: Descriptor, verb: Verb): WaitFact | undefined => {
  const { fd, watches, terminalIndex } = descriptor;
  if (terminalIndex !== undefined) return terminalWait(waiter, descriptor, verb);
  switch (descriptor.kind) {
    case 'terminal':
      return terminalWait(waiter, descriptor, verb);
    case 'eventfd':
      return eventWait(waiter, descriptor, verb);
    case 'timerfd':
      return timerWait(descriptor);
    case 'signalfd':
      return signalDescriptorWait(waiter, descriptor);
    case 'inotify': {
      const what =
        watches === undefined ? 'files' : watches === 0 ? 'files, and watches none' : `${watches} file${watches === 1 ? '' : 's'}`;
      return { on: { kind: 'file', fd }, text: `waits for changes of ${what} (inotify, fd ${fd})` };
    }
    default:
      return undefined;
  }
};

/** mq_receive and mq_send: a queue with room and messages makes nobody wait (mq_overview(7)). */
export const messageQueueWait = (waiter: Waiter, descriptor: Descriptor): WaitFact => {
  const { call, member, scene } = waiter;
  const { fd, target } = descriptor;
  const sends = call.name === 'mq_timedsend';
  const text = sends
    ? `waits for room in the message queue ${target} (mq_send, fd ${fd}), which is full`
    : `waits for a message in the queue ${target} (mq_receive, fd ${fd}), which is empty`;
  const holders = scene.files.holders(descriptor, sends ? 'read' : 'write');
  const on = { kind: 'ipc', fd, holders } as const;
  // With a time it is one that has a limit.
  if (call.args[4] !== 0n) return { on, text, clause: () => ', for a limited time' };
  const unlinked = target.endsWith(' (deleted)');
  return {
    on,
    text,
    clause: () => (holders.length > 0 ? `; it is open for ${sends ? 'reading' : 'writing'} ${heldIn(holders, member.pid)}` : ''),
    ...threadsOfHolders(scene, holders),
    ...(unlinked ? {} : { unless: `another program opens ${target}` }),
  };
};
