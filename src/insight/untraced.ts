/** Processes that descend from those of the session and that deet does not trace (it was attached to one of their ancestors), as far as /proc shows them. */
import { basename } from 'node:path';
import { ImageTable } from '../inferior/images.js';
import { LiveSource } from '../inferior/live_source.js';
import { DeetError } from '../common/errors.js';
import type { MemoryReader } from '../common/memory.js';
import { procText, readChildren, readExecutable, readStat, readStatus, readThreads } from '../linux/proc.js';
import { signalName } from '../linux/signals.js';
import { native } from '../native.js';
import type { FamilyMember, FamilyThread, ProcessState } from './family.js';
import { symbolAt, symbolNamed } from './thread_scene.js';

const memoryOf = (pid: number): MemoryReader => ({
  read: (address, length) => {
    const bytes = new Uint8Array(length);
    if (native.readMemory(pid, address, bytes) !== length) throw new DeetError('memory', `Process ${pid} cannot be read there.`);
    return bytes;
  },
});

const viewOfThread = (pid: number, tid: number): FamilyThread => {
  const name = procText(`${pid}/task/${tid}/comm`)?.trimEnd();
  return { tid, ...(name === undefined ? {} : { name }), state: 'running' };
};

const stateOf = (letter: string): ProcessState => (letter === 'Z' ? 'zombie' : letter === 'T' || letter === 't' ? 'stopped' : 'running');

/** As waitpid would give it. */
const endOf = (status: number): Pick<FamilyMember, 'status' | 'signal'> =>
  (status & 0x7f) === 0 ? { status: status >> 8 } : { signal: signalName(status & 0x7f) };

const viewOf = (pid: number): FamilyMember | undefined => {
  const stat = readStat(pid);
  // One that deet traces and does not know yet is about to be told of.
  if (!stat || stat.state === 'X' || readStatus(pid)?.tracer === process.pid) return undefined;
  const state = stateOf(stat.state);
  let table: ImageTable | undefined;
  const images = (): ImageTable => {
    if (!table) (table = new ImageTable(new LiveSource(pid), {})).refresh();
    return table;
  };
  const program = readExecutable(pid);
  return {
    pid,
    ppid: stat.parent,
    program: program ?? stat.name,
    ...(program === undefined || basename(program).startsWith(stat.name) ? {} : { title: stat.name }),
    state,
    ...(state === 'zombie' ? endOf(stat.exitStatus) : { untraced: true }),
    threads: state === 'zombie' ? [] : readThreads(pid).map((tid) => viewOfThread(pid, tid)),
    memory: memoryOf(pid),
    symbolAt: (address) => symbolAt({ images: images() }, address),
    symbolNamed: (name) => symbolNamed({ images: images() }, name),
  };
};

/** The family with those whom it has besides, each behind its parent. */
export const withUntraced = (family: readonly FamilyMember[]): FamilyMember[] => {
  const known = new Set(family.filter(({ state }) => state !== 'reaped').map(({ pid }) => pid));
  const behind = (member: FamilyMember): FamilyMember[] => {
    if (member.threads.length === 0) return [member];
    const others = readChildren(member.pid).filter((pid) => !known.has(pid));
    for (const pid of others) known.add(pid);
    return [member, ...others.flatMap((pid) => viewOf(pid) ?? []).flatMap(behind)];
  };
  return family.flatMap(behind);
};
