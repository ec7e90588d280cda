/** Waits for descriptors: pipes, sockets, terminals, files with locks, and poll with its relatives. */
import { readLocks } from '../linux/proc_files.js';
import { readStat } from '../linux/proc.js';
import type { Descriptor } from '../linux/proc_files.js';
import { listed } from './family.js';
import type { Holder } from './open_files.js';
import { bytesAt, int, nounFor, secondsAt, type Scene, type WaitFact, type Waiter } from './wait_facts.js';

/** ` in pid 71 fd 4 and in itself, fd 4`: others first, because there a user looks first. */
const heldIn = (holders: readonly Holder[], self: number): string =>
  listed(
    [...holders]
      .sort((a, b) => Number(a.pid === self) - Number(b.pid === self))
      .map(({ pid, fd, outside }) => {
        if (pid === self) return `in itself, fd ${fd}`;
        const name = outside ? ` (${readStat(pid)?.name ?? 'unknown'}, not of this family)` : '';
        return `in pid ${pid}${name} fd ${fd}`;
      }),
  );

/** Threads of all holders; undefined if one is a stranger. */
const threadsOfHolders = (scene: Scene, holders: readonly Holder[]): { releasers?: number[] } => {
  const threads = scene.threadsOf([...new Set(holders.map(({ pid }) => pid))]);
  return threads ? { releasers: threads } : {};
};

const pipeWait = ({ member, scene }: Waiter, descriptor: Descriptor, verb: 'read' | 'write'): WaitFact => {
  const other = verb === 'read' ? 'write' : 'read';
  const holders = scene.files.holders(descriptor, other);
  const reading = verb === 'read';
  return {
    on: { kind: descriptor.kind === 'fifo' ? 'fifo' : 'pipe', fd: descriptor.fd, holders },
    text: `${reading ? 'reads' : 'writes to'} ${nounFor(descriptor)} (fd ${descriptor.fd})${reading ? '' : ', which is full'}`,
    clause: (stuck) => {
      if (holders.length === 0) return `; nobody holds its ${other} end`;
      const never = reading ? ': it will never see end of file' : ': nobody will ever read it';
      return `; its ${other} end is ${reading ? 'still ' : ''}open ${heldIn(holders, member.pid)}${stuck ? never : ''}`;
    },
    ...threadsOfHolders(scene, holders),
  };
};

const socketWait = ({ member, scene, call }: Waiter, descriptor: Descriptor, verb: 'read' | 'write' | 'connect'): WaitFact => {
  const socket = scene.files.socket(member.pid, descriptor);
  const peers = verb === 'connect' ? undefined : scene.files.peers(member.pid, descriptor);
  const where = socket?.remote ? `${socket.local} to ${socket.remote}` : socket?.local || `${descriptor.inode}`;
  const kind = socket && socket.protocol !== 'unix' ? `${socket.protocol} socket` : 'socket';
  const verbs = { read: call.name.startsWith('recv') ? 'receives from' : 'reads', write: 'sends to', connect: 'connects' };
  return {
    on: { kind: 'socket', fd: descriptor.fd, ...(peers ? { holders: peers } : {}) },
    text: `${verbs[verb]} ${kind} ${where} (fd ${descriptor.fd})${verb === 'write' ? ', whose buffer is full' : ''}`,
    clause: () => (peers && peers.length > 0 ? `; its other end is open ${heldIn(peers, member.pid)}` : ''),
    ...(peers && peers.length > 0 ? threadsOfHolders(scene, peers) : {}),
  };
};

const acceptWait = ({ member, scene }: Waiter, descriptor: Descriptor): WaitFact => {
  const socket = scene.files.socket(member.pid, descriptor);
  const where = socket?.local ? ` on ${socket.local}` : '';
  return { on: { kind: 'socket', fd: descriptor.fd }, text: `waits for a client${where} (accept, fd ${descriptor.fd})` };
};

const terminalWait = ({ member }: Waiter, descriptor: Descriptor, verb: 'read' | 'write'): WaitFact => {
  const stat = readStat(member.pid);
  const background = stat !== undefined && stat.foregroundGroup > 0 && stat.foregroundGroup !== stat.group;
  const reads = `reads ${nounFor(descriptor)} (fd ${descriptor.fd}): waits for input${background ? ', from the background' : ''}`;
  return {
    on: { kind: 'terminal', fd: descriptor.fd },
    text: verb === 'read' ? reads : `writes to ${nounFor(descriptor)} (fd ${descriptor.fd}), whose output is held back`,
  };
};

/** Calls whose first argument is the descriptor. */
const reading = new Set(['read', 'readv', 'pread64', 'preadv', 'preadv2', 'recvfrom', 'recvmsg', 'recvmmsg']);
const writing = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendto', 'sendmsg', 'sendmmsg']);
const accepting = new Set(['accept', 'accept4']);

const transferWait = (waiter: Waiter, descriptor: Descriptor, verb: 'read' | 'write'): WaitFact => {
  switch (descriptor.kind) {
    case 'pipe':
    case 'fifo':
      return pipeWait(waiter, descriptor, verb);
    case 'socket':
      return socketWait(waiter, descriptor, verb);
    case 'terminal':
      return terminalWait(waiter, descriptor, verb);
    case 'eventfd':
      return {
        on: { kind: 'other', fd: descriptor.fd },
        text: `${verb}s an eventfd (fd ${descriptor.fd}), whose count is ${descriptor.count ?? 'unknown'}`,
      };
    case 'timerfd':
      return { on: { kind: 'timer', fd: descriptor.fd }, text: `waits for a timer (timerfd, fd ${descriptor.fd})` };
    case 'signalfd':
      return { on: { kind: 'signal', fd: descriptor.fd }, text: `waits for a signal (signalfd, fd ${descriptor.fd})` };
    default:
      return { on: { kind: 'file', fd: descriptor.fd }, text: `${verb}s ${nounFor(descriptor)} (fd ${descriptor.fd})` };
  }
};

/** fcntl(2) F_SETLKW, F_OFD_SETLKW. */
const waitForLock = new Set([7, 38]);

const lockWait = ({ member, scene, call }: Waiter, descriptor: Descriptor): WaitFact => {
  const locks = readLocks().filter(({ inode, device }) => inode === descriptor.inode && device === descriptor.device);
  const ours = locks.find(({ waiting, pid }) => waiting && (pid === member.pid || pid === -1));
  const blockers = locks.filter(({ waiting, id, pid }) => !waiting && (ours ? id === ours.id : pid !== member.pid));
  const owners = [...new Set(blockers.map(({ pid }) => pid).filter((pid) => pid > 0))];
  const threads = owners.length > 0 ? scene.threadsOf(owners) : undefined;
  const mode = ours ? `${ours.mode} lock` : 'lock';
  return {
    on: { kind: 'file-lock', fd: descriptor.fd, ...(owners[0] === undefined ? {} : { owner: owners[0] }) },
    text: `waits for a ${mode} on ${nounFor(descriptor)} (${call.name}, fd ${descriptor.fd})${owners.length > 0 ? `, held by pid ${listed(owners)}` : ''}`,
    ...(threads ? { releasers: threads } : {}),
    ...(owners.length === 1 && owners[0] !== undefined ? { target: owners[0] } : {}),
  };
};

const longestPoll = 1024;

/** The C library's select, poll and epoll_wait are other calls of the kernel; a user knows those. */
const userName = (name: string): string =>
  name
    .replace('pselect6', 'select')
    .replace('ppoll', 'poll')
    .replace(/epoll_pwait2?/, 'epoll_wait');

/** Descriptors that poll, select or epoll_wait watch, and the limit in seconds: undefined none. */
const watched = ({ member, call, scene }: Waiter): { fds: number[]; seconds: number | undefined } | undefined => {
  const { name, args } = call;
  if (name === 'poll' || name === 'ppoll') {
    const count = Math.min(Number(args[1] ?? 0n), longestPoll);
    // struct pollfd: int fd; short events, revents.
    const view = count > 0 ? bytesAt(member, args[0], count * 8) : undefined;
    const fds = Array.from({ length: view ? count : 0 }, (_, index) => view?.getInt32(index * 8, true) ?? -1).filter((fd) => fd >= 0);
    const milliseconds = int(args[2]);
    return { fds, seconds: name === 'ppoll' ? secondsAt(member, args[2]) : milliseconds < 0 ? undefined : milliseconds / 1000 };
  }
  if (name === 'select' || name === 'pselect6') {
    const count = Math.min(Math.max(int(args[0]), 0), longestPoll);
    const size = Math.ceil(count / 64) * 8;
    const sets = [args[1], args[2], args[3]].map((set) => (size > 0 ? bytesAt(member, set, size) : undefined));
    const fds = Array.from({ length: count }, (_, fd) => fd).filter((fd) =>
      sets.some((set) => set && (set.getUint8(fd >> 3) >> (fd & 7)) & 1),
    );
    return { fds, seconds: secondsAt(member, args[4], name === 'select' ? 1e6 : 1e9) };
  }
  if (name.startsWith('epoll_')) {
    const epoll = scene.files.find(member.pid, int(args[0]));
    const milliseconds = int(args[3]);
    const seconds = name === 'epoll_pwait2' ? secondsAt(member, args[3]) : milliseconds < 0 ? undefined : milliseconds / 1000;
    return { fds: epoll?.watched?.map(({ fd }) => fd) ?? [], seconds };
  }
  return undefined;
};

const pollWait = (waiter: Waiter): WaitFact | undefined => {
  const set = watched(waiter);
  if (!set) return undefined;
  const { member, scene, call } = waiter;
  const { fds, seconds } = set;
  const limit = seconds === undefined ? '' : `, for at most ${seconds} s`;
  if (fds.length === 0 && seconds !== undefined)
    return { on: { kind: 'timer', seconds }, text: `sleeps for ${seconds} s (${userName(call.name)})` };
  const names = fds.map((fd) => {
    const descriptor = scene.files.find(member.pid, fd);
    return `fd ${fd}${descriptor ? ` (${nounFor(descriptor)})` : ' (which is not open)'}`;
  });
  // It can be released by whoever could release a transfer on each of them; one that we cannot see is enough to hope for.
  const parts = fds.map((fd) => {
    const descriptor = scene.files.find(member.pid, fd);
    return descriptor ? transferWait(waiter, descriptor, descriptor.access === 'write' ? 'write' : 'read').releasers : undefined;
  });
  const known = seconds === undefined && fds.length > 0 && parts.every((part) => part !== undefined);
  return {
    on: { kind: 'descriptors', fds },
    text: `waits for ${names.length > 0 ? listed(names, 'or') : 'nothing'} (${userName(call.name)})${limit}`,
    ...(known ? { releasers: parts.flatMap((part) => part ?? []) } : {}),
  };
};

/** Undefined: the call has nothing to do with descriptors. */
export const descriptorWait = (waiter: Waiter): WaitFact | undefined => {
  const { name, args } = waiter.call;
  const isTransfer = reading.has(name) || writing.has(name);
  const isLock = name === 'flock' || (name === 'fcntl' && waitForLock.has(int(args[1])));
  if (!isTransfer && !isLock && !accepting.has(name) && name !== 'connect') return pollWait(waiter);
  const fd = int(args[0]);
  const descriptor = waiter.scene.files.find(waiter.member.pid, fd);
  if (!descriptor) return { on: { kind: 'other', fd }, text: `is in ${name} on fd ${fd}` };
  if (accepting.has(name)) return acceptWait(waiter, descriptor);
  if (name === 'connect') return socketWait(waiter, descriptor, 'connect');
  return isLock ? lockWait(waiter, descriptor) : transferWait(waiter, descriptor, reading.has(name) ? 'read' : 'write');
};
