/** Waits for descriptors: pipes, sockets, terminals, files with locks, and poll with its relatives. */
import { readDescriptor, readLocks, type Descriptor, type FileLock } from '../linux/proc_files.js';
import { listed } from './family.js';
import type { Holder } from './open_files.js';
import { socketAddressAt } from './wait_ipc.js';
import {
  bytesAt,
  heldIn,
  int,
  nounFor,
  secondsAt,
  secondsText,
  threadsOfHolders,
  type Scene,
  type WaitFact,
  type Waiter,
} from './wait_facts.js';
import { messageQueueWait, specialWait } from './wait_special.js';

/** What of a write is done already, when a stop came into the middle of it. */
const progress = ({ call }: Waiter): string =>
  call.done === undefined ? '' : ` (${call.done} of ${call.args[2] ?? 0n} bytes are through)`;

const pipeWait = (waiter: Waiter, descriptor: Descriptor, verb: 'read' | 'write'): WaitFact => {
  const { member, scene } = waiter;
  const other = verb === 'read' ? 'write' : 'read';
  const holders = scene.files.holders(descriptor, other);
  const reading = verb === 'read';
  return {
    on: { kind: descriptor.kind === 'fifo' ? 'fifo' : 'pipe', fd: descriptor.fd, holders },
    text: `${reading ? 'reads' : 'writes to'} ${nounFor(descriptor)} (fd ${descriptor.fd})${reading ? '' : `, which is full${progress(waiter)}`}`,
    clause: (stuck) => {
      // Only what the kernel itself still holds keeps such a wait from ending.
      if (holders.length === 0)
        return `; no process that deet may look at holds its ${other} end: it may be on its way in a message (SCM_RIGHTS) that nobody has received`;
      // A FIFO may be opened by others yet.
      const never = reading ? ': it will never see end of file' : descriptor.kind === 'fifo' ? '' : ': nobody will ever read it';
      return `; its ${other} end is ${reading ? 'still ' : ''}open ${heldIn(holders, member.pid)}${stuck ? never : ''}`;
    },
    ...threadsOfHolders(scene, holders),
    ...(descriptor.kind === 'fifo' ? { unless: `another program opens ${descriptor.target}` } : {}),
  };
};

/** `tcp socket 127.0.0.1:80 to 127.0.0.1:4711`, `listening tcp socket 0.0.0.0:80`, `socket 123`. */
const socketNoun = ({ member, scene }: Waiter, descriptor: Descriptor): string => {
  const socket = scene.files.socket(member.pid, descriptor);
  const where = socket?.remote ? `${socket.local} to ${socket.remote}` : socket?.local || `${descriptor.inode}`;
  const kind = socket && socket.protocol !== 'unix' ? `${socket.protocol} socket` : 'socket';
  return `${socket?.state === 'LISTEN' ? 'listening ' : ''}${kind} ${where}`;
};

const socketWait = (waiter: Waiter, descriptor: Descriptor, verb: 'read' | 'write'): WaitFact => {
  const { member, scene, call } = waiter;
  const peers = scene.files.peers(member.pid, descriptor);
  const queue = verb === 'read' && !peers ? scene.files.queue(member.pid, descriptor) : undefined;
  const holders = peers ?? queue;
  const verbs = { read: call.name.startsWith('recv') ? 'receives from' : 'reads', write: 'sends to' };
  const full = verb === 'write' ? `, whose buffer is full${progress(waiter)}` : '';
  return {
    on: { kind: 'socket', fd: descriptor.fd, ...(holders ? { holders } : {}) },
    text: `${verbs[verb]} ${socketNoun(waiter, descriptor)} (fd ${descriptor.fd})${full}`,
    clause: (stuck) => {
      if (queue && queue.length > 0) return `; nobody has accepted the connection yet (it is listened for ${heldIn(queue, member.pid)})`;
      if (!peers || peers.length === 0) return '';
      const never = verb === 'read' ? ': nothing will ever come, not even end of file' : ': nobody will ever read it';
      return `; its other end is open ${heldIn(peers, member.pid)}${stuck ? never : ''}`;
    },
    ...(holders && holders.length > 0 ? threadsOfHolders(scene, holders) : {}),
  };
};

/** connect(2): a Unix socket waits only where the queue of the listener is full; of a connection over a network the other side has not answered. */
const connectWait = ({ member, call }: Waiter, { fd }: Descriptor): WaitFact => {
  const to = socketAddressAt(member, call.args[1], Number(call.args[2] ?? 0n));
  const reason = to?.local ? ', whose queue of connections that wait to be accepted is full' : ', which has not answered yet';
  return { on: { kind: 'socket', fd }, text: to ? `connects to ${to.text} (fd ${fd})${reason}` : `connects (fd ${fd})` };
};

const acceptWait = ({ member, scene }: Waiter, descriptor: Descriptor): WaitFact => {
  const socket = scene.files.socket(member.pid, descriptor);
  const where = socket?.local ? ` on ${socket.local}` : '';
  return { on: { kind: 'socket', fd: descriptor.fd }, text: `waits for a client${where} (accept, fd ${descriptor.fd})` };
};

/** Calls whose first argument is the descriptor. */
const reading = new Set(['read', 'readv', 'pread64', 'preadv', 'preadv2', 'recvfrom', 'recvmsg', 'recvmmsg']);
const writing = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendto', 'sendmsg', 'sendmmsg']);
const accepting = new Set(['accept', 'accept4']);
const others = new Set([...accepting, 'connect', 'mq_timedreceive', 'mq_timedsend']);

const transferWait = (waiter: Waiter, descriptor: Descriptor, verb: 'read' | 'write'): WaitFact => {
  switch (descriptor.kind) {
    case 'pipe':
    case 'fifo':
      return pipeWait(waiter, descriptor, verb);
    case 'socket':
      return socketWait(waiter, descriptor, verb);
    default:
      return (
        specialWait(waiter, descriptor, verb) ?? {
          on: { kind: 'file', fd: descriptor.fd },
          text: `${verb === 'read' ? 'reads' : 'writes to'} ${nounFor(descriptor)} (fd ${descriptor.fd})`,
        }
      );
  }
};

/** Which arguments are the descriptors from and to which the kernel moves data by itself. */
const moving: Readonly<Record<string, readonly [from: number, to: number]>> = { splice: [0, 2], tee: [0, 1], sendfile: [1, 0] };

/** Either there is nothing to take, or no room; where both could be so, it is not known which. */
const moveWait = (waiter: Waiter, [from, to]: readonly [number, number]): WaitFact | undefined => {
  const { member, call, scene } = waiter;
  const [source, target] = [from, to].map((index) => scene.files.find(member.pid, int(call.args[index])));
  if (!source || !target) return undefined;
  const waits = ({ kind }: Descriptor): boolean => kind === 'pipe' || kind === 'fifo' || kind === 'socket';
  if (!waits(target)) return transferWait(waiter, source, 'read');
  if (!waits(source)) return transferWait(waiter, target, 'write');
  const fds = [source.fd, target.fd];
  const parts = [transferWait(waiter, source, 'read'), transferWait(waiter, target, 'write')];
  return {
    on: { kind: 'descriptors', fds },
    text: `moves data from ${nounFor(source)} (fd ${source.fd}) to ${nounFor(target)} (fd ${target.fd}) (${call.name}): the one is empty, or the other full`,
    clause: () => clauses(fds, parts, false),
  };
};

/** fcntl(2) F_SETLKW, F_OFD_SETLKW. */
const openFileLock = 38;
const waitForLock = new Set([7, openFileLock]);

/** A process's own POSIX locks never stand in its way; of flock(2) those of another open() do. */
const blocks = (lock: FileLock, pid: number): boolean => !lock.waiting && (lock.pid !== pid || lock.type !== 'POSIX');

/** Locks of flock(2) and open-file-description locks belong to who has the open file, whoever took them: a child that inherited it, too. */
const lockHolders = (scene: Scene, descriptor: Descriptor, blockers: readonly FileLock[]): Holder[] =>
  scene.files
    .holders(descriptor)
    .filter(({ pid, fd }) =>
      (scene.files.find(pid, fd) ?? readDescriptor(pid, fd))?.locks?.some(({ type, start, end }) =>
        blockers.some((lock) => lock.type === type && lock.start === start && lock.end === end),
      ),
    );

/** LOCK_SH of flock(2); F_RDLCK of fcntl(2). */
const shared = 1;
const readLock = 0;

/** Whether a lock stands in the way of the one that is asked for: a request that a stop has interrupted is not in the system's table. */
const conflicts = ({ member, call }: Waiter): ((lock: FileLock) => boolean) => {
  if (call.name === 'flock') return ({ mode }) => mode === 'write' || (int(call.args[1]) & shared) === 0;
  // struct flock: short l_type, l_whence; off_t l_start, l_len, where 0 is to the end of the file.
  const view = bytesAt(member, call.args[2], 24);
  if (!view) return () => true;
  const [start, length] = [Number(view.getBigInt64(8, true)), Number(view.getBigInt64(16, true))];
  const isFromStart = view.getInt16(2, true) === 0 && length >= 0;
  const isReader = view.getInt16(0, true) === readLock;
  return (lock) =>
    (lock.mode === 'write' || !isReader) &&
    (!isFromStart || ((length === 0 || lock.start < start + length) && (lock.end === undefined || lock.end >= start)));
};

const lockWait = (waiter: Waiter, descriptor: Descriptor): WaitFact => {
  const { member, scene, call } = waiter;
  const kind = call.name === 'flock' ? 'FLOCK' : int(call.args[1]) === openFileLock ? 'OFDLCK' : 'POSIX';
  const locks = readLocks().filter(({ inode, device }) => inode === descriptor.inode && device === descriptor.device);
  const ours = locks.find(({ waiting, pid }) => waiting && (pid === member.pid || pid === -1));
  const isInTheWay = conflicts(waiter);
  const blockers = locks.filter((lock) =>
    ours
      ? !lock.waiting && lock.id === ours.id
      : blocks(lock, member.pid) && (kind === 'FLOCK') === (lock.type === 'FLOCK') && isInTheWay(lock),
  );
  const byProcess = blockers.every(({ type }) => type === 'POSIX');
  const holders = byProcess ? [] : lockHolders(scene, descriptor, blockers);
  const owners = [...new Set((byProcess ? blockers : holders).map(({ pid }) => pid).filter((pid) => pid > 0))];
  const threads = owners.length > 0 && owners.every((pid) => scene.member(pid)?.threads.length) ? scene.threadsOf(owners) : undefined;
  const mode = ours ? `${ours.mode} lock` : 'lock';
  const names = byProcess
    ? owners.map((pid) => `pid ${pid}`)
    : holders.map(({ pid, fd }) => (pid === member.pid ? `itself, through fd ${fd}` : `pid ${pid} (fd ${fd})`));
  const only = owners.length === 1 && owners[0] !== member.pid ? owners[0] : undefined;
  return {
    on: { kind: 'file-lock', fd: descriptor.fd, ...(owners[0] === undefined ? {} : { owner: owners[0] }) },
    text: `waits for a ${mode} on ${nounFor(descriptor)} (${call.name}, fd ${descriptor.fd})${names.length > 0 ? `, held by ${listed(names)}` : ''}`,
    ...(threads ? { releasers: threads } : {}),
    ...(only === undefined ? {} : { target: only }),
  };
};

const longestPoll = 1024;

/** The C library's select, poll and epoll_wait are other calls of the kernel; a user knows those. */
const userName = (name: string): string =>
  name
    .replace('pselect6', 'select')
    .replace('ppoll', 'poll')
    .replace(/epoll_pwait2?/, 'epoll_wait');

/** `verb`: what is to become possible; for both it is the reading. */
interface Watched {
  readonly fd: number;
  readonly verb: 'read' | 'write';
  readonly edge?: boolean;
}

/** POLLOUT, POLLWRNORM and POLLWRBAND without POLLIN and its kin (poll(2)); epoll has the same bits. */
const verbOf = (events: number): Watched['verb'] => ((events & 0x304) !== 0 && (events & 0xc3) === 0 ? 'write' : 'read');

/** Descriptors that poll, select or epoll_wait watch, and the limit in seconds: undefined none. */
const watched = ({ member, call, scene }: Waiter): { watches: Watched[]; seconds: number | undefined } | undefined => {
  const { name, args } = call;
  if (name === 'poll' || name === 'ppoll') {
    const count = Math.min(Number(args[1] ?? 0n), longestPoll);
    // struct pollfd: int fd; short events, revents.
    const view = count > 0 ? bytesAt(member, args[0], count * 8) : undefined;
    const watches = Array.from({ length: view ? count : 0 }, (_, index): Watched => ({
      fd: view?.getInt32(index * 8, true) ?? -1,
      verb: verbOf(view?.getInt16(index * 8 + 4, true) ?? 0),
    })).filter(({ fd }) => fd >= 0);
    const milliseconds = int(args[2]);
    return { watches, seconds: name === 'ppoll' ? secondsAt(member, args[2]) : milliseconds < 0 ? undefined : milliseconds / 1000 };
  }
  if (name === 'select' || name === 'pselect6') {
    const count = Math.min(Math.max(int(args[0]), 0), longestPoll);
    const size = Math.ceil(count / 64) * 8;
    const sets = [args[1], args[2], args[3]].map((set) => (size > 0 ? bytesAt(member, set, size) : undefined));
    const isIn = (set: DataView | undefined, fd: number): boolean => set !== undefined && ((set.getUint8(fd >> 3) >> (fd & 7)) & 1) === 1;
    const watches = Array.from({ length: count }, (_, fd): Watched[] => {
      const [reads, writes, exceptions] = sets.map((set) => isIn(set, fd));
      return reads || writes || exceptions ? [{ fd, verb: reads || !writes ? 'read' : 'write' }] : [];
    }).flat();
    return { watches, seconds: secondsAt(member, args[4], name === 'select' ? 1e6 : 1e9) };
  }
  if (name.startsWith('epoll_')) {
    const epoll = scene.files.find(member.pid, int(args[0]));
    const milliseconds = int(args[3]);
    const seconds = name === 'epoll_pwait2' ? secondsAt(member, args[3]) : milliseconds < 0 ? undefined : milliseconds / 1000;
    return {
      watches: epoll?.watched?.map(({ fd, events }) => ({ fd, verb: verbOf(events), edge: ((events >>> 31) & 1) === 1 })) ?? [],
      seconds,
    };
  }
  return undefined;
};

const pollWait = (waiter: Waiter): WaitFact | undefined => {
  const set = watched(waiter);
  if (!set) return undefined;
  const { member, scene, call } = waiter;
  const { watches, seconds } = set;
  const fds = watches.map(({ fd }) => fd);
  const limit = seconds === undefined ? '' : `, for at most ${secondsText(seconds)} s`;
  if (fds.length === 0 && seconds !== undefined)
    return { on: { kind: 'timer', seconds }, text: `sleeps for ${secondsText(seconds)} s (${userName(call.name)})` };
  const names = watches.map(({ fd, verb }) => {
    const descriptor = scene.files.find(member.pid, fd);
    const room = verb === 'write' ? 'room in ' : '';
    if (!descriptor) return `${room}fd ${fd} (which is not open)`;
    return `${room}fd ${fd} (${descriptor.kind === 'socket' ? socketNoun(waiter, descriptor) : nounFor(descriptor)})`;
  });
  // It can be released by whoever could release a transfer on each of them; one that we cannot see is enough to hope for.
  const parts = watches.map(({ fd, verb }) => {
    const descriptor = scene.files.find(member.pid, fd);
    return descriptor && watchedWait(waiter, descriptor, verb);
  });
  const known = seconds === undefined && fds.length > 0 && parts.every((part) => part?.releasers !== undefined);
  return {
    on: { kind: 'descriptors', fds },
    text: `waits for ${names.length > 0 ? listed(names, 'or') : 'nothing'} (${userName(call.name)})${limit}`,
    clause: (stuck) => {
      const isEdge = watches.some(({ edge }) => edge);
      return isEdge ? `${clauses(fds, parts, false)}${edgeTriggered}` : clauses(fds, parts, stuck);
    },
    ...(known ? { releasers: parts.flatMap((part) => part?.releasers ?? []) } : {}),
  };
};

/** What waiting for a descriptor to become ready means: who could make it so. */
const watchedWait = (waiter: Waiter, descriptor: Descriptor, verb: Watched['verb']): WaitFact =>
  descriptor.kind === 'socket' && waiter.scene.files.socket(waiter.member.pid, descriptor)?.state === 'LISTEN'
    ? acceptWait(waiter, descriptor)
    : transferWait(waiter, descriptor, descriptor.access === 'read-write' ? verb : descriptor.access === 'write' ? 'write' : 'read');

/** What is unread does not show from outside; that it would not count does. */
const edgeTriggered = '; edge-triggered (EPOLLET): only what comes anew is told, not what was left unread after the last time';

const fewClauses = 4;

/** What is to say of each descriptor, the number in front where there are several. */
const clauses = (fds: readonly number[], parts: readonly (WaitFact | undefined)[], stuck: boolean): string => {
  if (fds.length === 1) return parts[0]?.clause?.(stuck) ?? '';
  if (fds.length > fewClauses) return '';
  return parts
    .map((part, index) => {
      const text = part?.clause?.(false) ?? '';
      return text.startsWith('; ') ? `; fd ${fds[index]}: ${text.slice(2)}` : '';
    })
    .join('');
};

/** Undefined: the call has nothing to do with descriptors. */
export const descriptorWait = (waiter: Waiter): WaitFact | undefined => {
  const { name, args } = waiter.call;
  const move = moving[name] && moveWait(waiter, moving[name]);
  if (move) return move;
  const isTransfer = reading.has(name) || writing.has(name);
  const isLock = name === 'flock' || (name === 'fcntl' && waitForLock.has(int(args[1])));
  if (!isTransfer && !isLock && !others.has(name)) return pollWait(waiter);
  const fd = int(args[0]);
  const descriptor = waiter.scene.files.find(waiter.member.pid, fd);
  if (!descriptor) return { on: { kind: 'other', fd }, text: `is in ${name} on fd ${fd}` };
  if (name === 'mq_timedreceive' || name === 'mq_timedsend') return messageQueueWait(waiter, descriptor);
  if (accepting.has(name)) return acceptWait(waiter, descriptor);
  if (name === 'connect') return connectWait(waiter, descriptor);
  return isLock ? lockWait(waiter, descriptor) : transferWait(waiter, descriptor, reading.has(name) ? 'read' : 'write');
};
