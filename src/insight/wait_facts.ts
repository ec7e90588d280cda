/** What a blocked thread waits for: the shared vocabulary of the files that read system calls and of the one that draws conclusions. */
import { readAncestors, readStat, readStatus } from '../linux/proc.js';
import type { Descriptor } from '../linux/proc_files.js';
import type { BlockedIn } from './blocked.js';
import type { FutexKind } from './futex.js';
import { isAlive, listed, type FamilyMember, type FamilyThread } from './family.js';
import type { Holder, OpenFiles } from './open_files.js';

/** The JSON field `on`. */
export interface WaitObject {
  readonly kind:
    | 'pipe'
    | 'fifo'
    | 'socket'
    | 'terminal'
    | 'file'
    | 'file-lock'
    | 'descriptors'
    | 'child'
    | 'vfork'
    | FutexKind
    | 'eventfd'
    | 'timer'
    | 'signal'
    | 'ipc'
    | 'stopped'
    | 'other';
  readonly fd?: number;
  /** Of the pipe's other end; for sockets the peers. */
  readonly holders?: readonly Holder[];
  /** The variable that is the lock. */
  readonly symbol?: string;
  readonly address?: string;
  /** Thread that holds the lock or is joined. */
  readonly owner?: number;
  readonly children?: readonly number[];
  readonly seconds?: number;
  /** poll, select, epoll. */
  readonly fds?: readonly number[];
}

export interface WaitFact {
  readonly on: WaitObject;
  /** `reads pipe 123 (fd 3)`: a verb and its object, to be put behind a name or behind `which`. */
  readonly text: string;
  /** What else is to say, with its comma or semicolon; `stuck`: nothing that deet knows of can end the wait. */
  readonly clause?: (stuck: boolean) => string;
  /** Threads that could end the wait; undefined: others could too, or time. */
  readonly releasers?: readonly number[];
  /** What else could, against expectation: `another program opens /queue`. */
  readonly unless?: string;
  /** The one thread whose own wait explains this one. */
  readonly target?: number;
}

/** A question in the course of one `why`. */
export interface Waiter {
  readonly member: FamilyMember;
  readonly thread: FamilyThread;
  readonly call: BlockedIn;
  readonly scene: Scene;
}

/** The whole family, with what is looked up once. */
export class Scene {
  constructor(
    readonly family: readonly FamilyMember[],
    readonly files: OpenFiles,
  ) {}

  member(pid: number): FamilyMember | undefined {
    return this.family.find((member) => member.pid === pid);
  }

  /** The process that a thread belongs to. */
  memberOfThread(tid: number): FamilyMember | undefined {
    return this.family.find((member) => member.threads.some((thread) => thread.tid === tid));
  }

  /** Threads of these processes; undefined if one is not of the family: then nobody knows what it will do. */
  threadsOf(pids: readonly number[]): number[] | undefined {
    const members = pids.map((pid) => this.member(pid));
    if (members.some((member) => !member)) return undefined;
    return members.flatMap((member) => member?.threads.map(({ tid }) => tid) ?? []);
  }

  /** Children that a process could wait for: living and zombies. */
  childrenOf(pid: number): FamilyMember[] {
    return this.family.filter((member) => this.parentOf(member) === pid && (isAlive(member) || member.state === 'zombie'));
  }

  /** The parent that it has now. */
  parentOf(member: FamilyMember): number {
    return member.orphaned ? (member.adoptedBy ?? readStatus(member.pid)?.parent ?? 1) : member.ppid;
  }

  /** `thread 2`, and of which process if that is not the speaker's. */
  threadName(tid: number, speaker: number): string {
    const member = this.memberOfThread(tid);
    const thread = member?.threads.find((each) => each.tid === tid);
    const name = thread?.id !== undefined ? `thread ${thread.id}` : member && member.pid === tid ? 'the main thread' : `thread ${tid}`;
    return member && member.pid !== speaker ? `${name} of process ${member.pid}` : name;
  }
}

/** An argument as the C type int. */
export const int = (word: bigint | undefined): number => Number(BigInt.asIntN(32, word ?? 0n));

/** Bytes of the waiter's memory, or undefined. */
export const bytesAt = (member: FamilyMember, address: bigint | undefined, length: number): DataView | undefined => {
  if (!address) return undefined;
  try {
    const bytes = member.memory?.read(address, length);
    return bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch {
    return undefined;
  }
};

/** struct timespec or timeval (`unit` parts a second) in seconds; undefined: a null pointer, that is no limit, or unreadable. */
export const secondsAt = (member: FamilyMember, address: bigint | undefined, unit = 1e9): number | undefined => {
  const view = bytesAt(member, address, 16);
  return view && Number(view.getBigInt64(0, true)) + Number(view.getBigInt64(8, true)) / unit;
};

/** `pipe 123`, `/etc/passwd`, `eventfd`: a descriptor's object as a noun. */
export const nounFor = (descriptor: Descriptor): string => {
  const { kind, target, inode } = descriptor;
  if (kind === 'pipe') return `pipe ${inode}`;
  if (kind === 'fifo') return `FIFO ${target}`;
  if (kind === 'socket') return `socket ${inode}`;
  if (kind === 'terminal') return `the terminal ${target}`;
  return target.startsWith('anon_inode:') ? kind : target;
};

/** What a process that the family has not is to one of it. deet may have been attached to a child: its parent and brothers are of its family. */
export const relation = (pid: number, self: number): string => {
  const own = new Set([process.pid, ...readAncestors(process.pid)]);
  const elders = new Set(readAncestors(self).filter((each) => !own.has(each)));
  return [pid, ...readAncestors(pid)].some((each) => elders.has(each)) ? 'not traced' : 'not of this family';
};

/** Of more holders than this only the number is said. */
const mostHolders = 8;

/** ` in pid 71 fd 4 and in itself, fd 4`: others first, because there a user looks first. */
export const heldIn = (holders: readonly Holder[], self: number): string => {
  const sorted = [...holders].sort((a, b) => Number(a.pid === self) - Number(b.pid === self));
  const shown = sorted.length > mostHolders ? sorted.slice(0, mostHolders - 1) : sorted;
  const names = shown.map(({ pid, fd, outside }) => {
    if (pid === self) return `in itself, fd ${fd}`;
    const name = outside ? ` (${readStat(pid)?.name ?? 'unknown'}, ${relation(pid, self)})` : '';
    return `in pid ${pid}${name} fd ${fd}`;
  });
  return listed(shown.length < sorted.length ? [...names, `${sorted.length - shown.length} more`] : names);
};

/** Threads of all holders; undefined if one is a stranger. */
export const threadsOfHolders = (scene: Scene, holders: readonly Holder[]): { releasers?: number[] } => {
  const threads = scene.threadsOf([...new Set(holders.map(({ pid }) => pid))]);
  return threads ? { releasers: threads } : {};
};

/** All threads of the family but the waiter: who could use what has a name, or a number, that all may know. */
export const othersOf = ({ scene, thread }: Waiter): { readonly releasers?: number[] } => {
  // What deet let go runs on unseen.
  if (scene.family.some(({ released }) => released)) return {};
  return { releasers: scene.family.flatMap(({ threads }) => threads.map(({ tid }) => tid)).filter((tid) => tid !== thread.tid) };
};

/** Three digits are enough for a reader, or tenths. */
export const secondsText = (seconds: number): string => String(Number(seconds >= 100 ? seconds.toFixed(1) : seconds.toPrecision(3)));
