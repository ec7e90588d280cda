/** Processes of the session as the family that explanations look at; and where a fork was, unwound later from what was kept of it. */
import { fileAddress } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import type { MemoryReader } from '../common/memory.js';
import type { ImageMap } from '../inferior/frame.js';
import { Stack } from '../inferior/frames.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { procText, readStat } from '../linux/proc.js';
import { Word, type RegisterName } from '../linux/registers.js';
import { signalName } from '../linux/signals.js';
import { stackOf } from '../session/stacks.js';
import type { CrashFrame } from './crash.js';
import type { FamilyMember, FamilyThread, ProcessState, SourcePlace } from './family.js';
import { isOwnCode } from './own_code.js';
import { nameOf } from './lock_names.js';
import { symbolAt, walkFrames } from './thread_scene.js';

/** Frames looked at for names and places. */
const fewFrames = 16;

const ownFrame = (stack: Stack): CrashFrame | undefined => {
  for (const frame of walkFrames(stack, fewFrames)) if (isOwnCode(frame)) return frame;
  return undefined;
};

/** The place where a stack stands: in the user's own code, or else in the first that has lines. */
const placeIn = (stack: Stack): SourcePlace | undefined => {
  const own = ownFrame(stack);
  if (own) return own.place;
  for (const { place } of walkFrames(stack, fewFrames)) if (place) return place;
  return undefined;
};

/** The part of the stack that was kept; code is that of the files, which unwinders look at where call-frame information is missing. */
const keptMemory = (start: bigint, bytes: Uint8Array, images: ImageMap): MemoryReader => ({
  read(address, length) {
    const offset = address - start;
    if (offset >= 0n && offset + BigInt(length) <= BigInt(bytes.length)) return bytes.subarray(Number(offset), Number(offset) + length);
    const loaded = images.imageAt(address);
    const code = loaded?.image.bytesAt(fileAddress(Number(address - loaded.bias)), length);
    if (!code) throw new DeetError('memory', `Not kept: 0x${address.toString(16)}`);
    return code;
  },
  readAvailable(address, length) {
    const offset = Number(address - start);
    return offset < 0 ? new Uint8Array(0) : bytes.subarray(offset, offset + length);
  },
});

/** Where the fork was that made a process: undefined for the first, and where no frame had lines. */
export const forkPlace = ({ bornAt }: Process): SourcePlace | undefined => {
  if (!bornAt) return undefined;
  try {
    const { registers, stack, images } = bornAt;
    return placeIn(new Stack({ registers, memory: keptMemory(stack.address, stack.bytes, images), images }));
  } catch {
    return undefined;
  }
};

const viewOfThread = (thread: Thread): FamilyThread => {
  const name = procText(`${thread.process.pid}/task/${thread.tid}/comm`)?.trimEnd();
  const common = { tid: thread.tid, id: thread.id, ...(name === undefined ? {} : { name }) };
  if (!thread.stopped) return { ...common, state: 'running' };
  const stack = (): Stack => stackOf(thread, 0);
  return {
    ...common,
    state: thread.groupStopped ? 'group-stopped' : 'stopped',
    register: (register) => (register in Word ? thread.registers()[Word[register as RegisterName]] : undefined),
    functions: () => Array.from(walkFrames(stack(), fewFrames), ({ functionName }) => functionName ?? '??'),
    nameOf: (address) => nameOf(thread, address),
    place: () => placeIn(stack()),
  };
};

const stateOf = (process: Process): ProcessState => {
  if (process.ending) {
    if (readStat(process.pid)?.state === 'Z') return 'zombie';
    return process.ending.kind === 'exited' ? 'exited' : 'signaled';
  }
  return [...process.threads.values()].some(({ stopped }) => stopped) ? 'stopped' : 'running';
};

/** What is known of a process beyond the process itself. */
export interface Biography {
  readonly forkedAt?: SourcePlace;
  readonly zombieSince?: number;
  readonly reapedBy?: number;
  readonly orphaned?: boolean;
  readonly adoptedBy?: number;
}

/** The view of a process as it is now; `life`: what was noted of it before. */
export const viewOfProcess = (process: Process, life: Biography = {}): FamilyMember => {
  const { ending } = process;
  const state = stateOf(process);
  return {
    pid: process.pid,
    ppid: process.parent?.pid ?? readStat(process.pid)?.parent ?? 0,
    program: process.program,
    state: life.reapedBy !== undefined && state !== 'zombie' ? 'reaped' : state,
    threads: ending ? [] : [...process.threads.values()].map(viewOfThread),
    ...life,
    ...(ending?.kind === 'exited' ? { status: ending.status } : {}),
    ...(ending?.kind === 'killed' ? { signal: signalName(ending.signal) } : {}),
    ...(ending ? {} : { memory: process.space, symbolAt: (address) => symbolAt(process, address) }),
  };
};
