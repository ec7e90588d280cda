/** Processes of the session as the family that explanations look at. */
import { basename } from 'node:path';
import type { Address } from '../common/addresses.js';
import { Stack } from '../inferior/frames.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { procText, readCommandLine, readStat } from '../linux/proc.js';
import { Word, type RegisterName } from '../linux/registers.js';
import { signalName } from '../linux/signals.js';
import { stackOf } from '../session/stacks.js';
import type { FamilyMember, FamilyThread, ProcessState, Biography } from './family.js';
import { givenFirst, nameOf } from './lock_names.js';
import { isSystemFile } from './own_code.js';
import { placeIn, symbolAt, symbolNamed, walkFrames } from './thread_scene.js';

/** Frames looked at for names. */
const fewFrames = 16;

/** What a thread does in the user's own code: where it stands in a library is not looked at. */
const ownStack = (thread: Thread): Stack => {
  const { space, images } = thread.process;
  return new Stack({ registers: thread.registers(), memory: space, images, leaveOut: isSystemFile, calls: thread.calls.slice() });
};

/** Who deet itself keeps standing. */
export type KeptBack = (thread: Thread) => FamilyThread['keptBack'];

const viewOfThread = (thread: Thread, keptBack: KeptBack | undefined): FamilyThread => {
  const name = procText(`${thread.process.pid}/task/${thread.tid}/comm`)?.trimEnd();
  const common = { tid: thread.tid, id: thread.id, ...(name === undefined ? {} : { name }) };
  if (!thread.stopped) return { ...common, state: 'running' };
  const kept = keptBack?.(thread);
  const stack = (): ReturnType<typeof stackOf> => stackOf(thread, 0);
  return {
    ...common,
    state: thread.groupStopped ? 'group-stopped' : 'stopped',
    ...(thread.groupStopped ? { stopSignal: thread.groupStop } : {}),
    ...(kept ? { keptBack: kept } : {}),
    register: (register) => (register in Word ? thread.registers()[Word[register as RegisterName]] : undefined),
    functions: () => Array.from(walkFrames(stack(), fewFrames), ({ functionName }) => functionName ?? '??'),
    nameOf: (address) => nameOf(thread, address),
    given: () => givenFirst(thread),
    place: () => placeIn(ownStack(thread)),
  };
};

/** A first thread that has ended (pthread_exit in main) stays as a zombie for as long as the others live. */
const isThere = (thread: Thread): boolean => thread.stopped || readStat(`${thread.process.pid}/task/${thread.tid}`)?.state !== 'Z';

const stateOf = (process: Process): ProcessState => {
  if (process.released) return (readStat(process.pid)?.state ?? 'Z') === 'Z' ? 'exited' : 'running';
  if (process.ending) {
    if (readStat(process.pid)?.state === 'Z') return 'zombie';
    return process.ending.kind === 'exited' ? 'exited' : 'signaled';
  }
  return [...process.threads.values()].some(({ stopped }) => stopped) ? 'stopped' : 'running';
};

/**
 * Servers write what each process does over its arguments (setproctitle(3bsd)): they are one string of words then, that is not the program's path. Else the kernel's name for the process
 * (proc(5), comm) says more than the program where that was started as something else (a script, a link to busybox) or has named itself (prctl(2), PR_SET_NAME).
 */
const titleOf = ({ pid, program, ending }: Process): { readonly title?: string } => {
  // The number of one that has ended may be another's by now.
  if (ending) return {};
  const name = basename(program);
  const [written = '', ...rest] = readCommandLine(pid) ?? [];
  if (/^[^/\s]+ \S/.test(written) && rest.every((text) => text === '') && basename(written) !== name) return { title: written.trimEnd() };
  const called = procText(`${pid}/comm`)?.trimEnd() ?? '';
  return name.startsWith(called) ? {} : { title: called };
};

/** What a chronicle notes of a life. */
export interface Life extends Biography {
  /** Milliseconds since the epoch. */
  readonly diedAt?: number;
}

/** The view of a process as it is now; `life`: what was noted of it before. */
export const viewOfProcess = (process: Process, { diedAt, ...life }: Life = {}, keptBack?: KeptBack): FamilyMember => {
  const { ending } = process;
  const state = stateOf(process);
  return {
    pid: process.pid,
    ppid: process.parent?.pid ?? readStat(process.pid)?.parent ?? 0,
    program: process.program,
    ...titleOf(process),
    state: life.reapedBy !== undefined && state !== 'zombie' ? 'reaped' : state,
    threads:
      ending || process.released ? [] : [...process.threads.values()].filter(isThere).map((thread) => viewOfThread(thread, keptBack)),
    ...(process.released ? { released: true } : {}),
    ...life,
    ...(state === 'zombie' && diedAt !== undefined ? { zombieSince: diedAt } : {}),
    ...(ending?.kind === 'exited' ? { status: ending.status } : {}),
    ...(ending?.kind === 'killed' ? { signal: signalName(ending.signal) } : {}),
    ...(ending || process.released
      ? {}
      : {
          memory: process.space,
          symbolAt: (address: Address) => symbolAt(process, address),
          symbolNamed: (name: string) => symbolNamed(process, name),
        }),
  };
};
