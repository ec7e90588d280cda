/**
 * Writes a core file of a stopped process: what the kernel would write if it died now, so that gdb and deet can open it. Memory is copied piece by
 * piece; what holds only zeros becomes a hole in the file.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { DeetError } from '../common/errors.js';
import type { CoreContents, CoreSegment } from '../elf/core_writer.js';
import { layOut } from '../elf/core_writer.js';
import { readCommandLine, readStat, readStatus } from '../linux/proc.js';
import { dumpOf, PageMap, readAreas, readDumpFilter, type MemoryArea } from '../linux/proc_memory.js';
import { native } from '../native.js';
import type { Process } from './process.js';
import type { Thread } from './thread.js';

type CoreThread = CoreContents['threads'][number];

const pageSize = 4096;
const pagesAtOnce = 256;
const notePrfpreg = 2;
const floatingPointSize = 512;
/** Pieces between two looks at other work. */
const breath = 16;

export interface WrittenCore {
  readonly path: string;
  /** Apparent size; holes take no room on the disk. */
  readonly size: number;
  /** Threads that could not be asked for their registers: in a vfork, or ending. */
  readonly left: readonly number[];
}

const describeThread = (thread: Thread, signal: number): CoreThread => {
  const status = readStatus(`${thread.process.pid}/task/${thread.tid}`);
  const buffer = new Uint8Array(floatingPointSize);
  const floatingPoint = native.getRegisterSet(thread.tid, notePrfpreg, buffer) === floatingPointSize ? buffer : undefined;
  const extendedState = thread.extendedState()?.bytes;
  const signalInfo = signal === 0 ? undefined : thread.process.source.signalInfo(thread.tid);
  return {
    tid: thread.tid,
    signal,
    registers: thread.saveRegisters(),
    pendingSignals: status?.pending ?? 0n,
    blockedSignals: status?.blocked ?? 0n,
    ...(floatingPoint && { floatingPoint }),
    ...(extendedState && { extendedState }),
    ...(signalInfo && { signalInfo }),
  };
};

const describeProcess = ({ pid }: Process): CoreContents['process'] => {
  const stat = readStat(pid);
  const user = readStatus(pid)?.user ?? 0;
  return {
    pid,
    ppid: stat?.parent ?? 0,
    pgrp: stat?.group ?? 0,
    sid: stat?.session ?? 0,
    uid: user,
    gid: readStatus(pid)?.group ?? 0,
    // Stopped by the debugger is not what it does.
    state: 'R',
    name: stat?.name ?? '',
    commandLine: (readCommandLine(pid) ?? []).join(' '),
  };
};

const segmentOf = (area: MemoryArea, filter: number, process: Process): CoreSegment => {
  const { start, end, readable, writable, executable } = area;
  const memorySize = Number(end - start);
  const dump = dumpOf(area, filter);
  const header = dump === 'header' && Buffer.from(process.space.readAvailable(start, 4)).toString('latin1') === '\x7fELF';
  const fileSize = dump === 'all' ? memorySize : header ? Math.min(pageSize, memorySize) : 0;
  return { address: start, memorySize, fileSize, readable, writable, executable };
};

const zeros = Buffer.alloc(pageSize);

/** Copies the memory of one segment into its place. What cannot be read stays zero, as the kernel has it. */
const copySegment = async (
  process: Process,
  segment: CoreSegment,
  area: MemoryArea,
  pages: PageMap,
  write: (bytes: Uint8Array, at: number) => void,
): Promise<void> => {
  // A page that nobody wrote to is zero, if no file is behind it.
  const nameless = area.inode === 0 && !area.shared && area.path !== '[vdso]';
  if (nameless && area.present === 0) return;
  let pieces = 0;
  for (let done = 0; done < segment.fileSize; done += pagesAtOnce * pageSize) {
    const length = Math.min(pagesAtOnce * pageSize, segment.fileSize - done);
    const address = segment.address + BigInt(done);
    const count = Math.ceil(length / pageSize);
    const touched = nameless ? pages.touched(address, count) : Array<boolean>(count).fill(true);
    for (let first = 0; first < count; first++) {
      if (!touched[first]) continue;
      let last = first;
      while (last + 1 < count && touched[last + 1]) last++;
      copyPages(process, address + BigInt(first * pageSize), last - first + 1, (bytes, at) => {
        write(bytes, done + first * pageSize + at);
      });
      first = last;
    }
    if (++pieces % breath === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
};

const copyPages = ({ space }: Process, start: bigint, count: number, write: (bytes: Uint8Array, at: number) => void): void => {
  for (let page = 0; page < count;) {
    const bytes = Buffer.from(space.readAvailable(start + BigInt(page * pageSize), (count - page) * pageSize));
    for (let at = 0; at < bytes.length; at += pageSize) {
      let end = at;
      // Neighbours that have something in them go out together.
      while (end < bytes.length && !bytes.subarray(end, end + pageSize).equals(zeros)) end += pageSize;
      if (end > at) write(bytes.subarray(at, end), page * pageSize + at);
      at = Math.max(at, end - pageSize);
    }
    page += Math.max(1, Math.ceil(bytes.length / pageSize));
  }
};

const writeAll = (descriptor: number, bytes: Uint8Array, position: number): void => {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
};

/** @throws DeetError `core-file` */
const create = (path: string): number => {
  try {
    const descriptor = openSync(path, 'w', 0o600);
    if (statSync(path).isFile()) return descriptor;
    closeSync(descriptor);
  } catch (error) {
    throw new DeetError('core-file', `${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}.`);
  }
  throw new DeetError('core-file', `${path} is not a regular file.`);
};

/**
 * @param first the thread that stopped
 * @param signal what it stopped for; 0: no signal
 * @throws DeetError `core-file`; then nothing is left of the file
 */
export const writeCore = async (process: Process, path: string, first: Thread, signal: number): Promise<WrittenCore> => {
  const { pid } = process;
  const asked = [first, ...[...process.threads.values()].filter((thread) => thread !== first)];
  const threads = asked.filter(({ stopped }) => stopped);
  const filter = readDumpFilter(pid);
  const areas = readAreas(pid);
  const segments = areas.map((area) => segmentOf(area, filter, process));
  const layout = layOut({
    process: describeProcess(process),
    threads: threads.map((thread) => describeThread(thread, thread === first ? signal : 0)),
    mappings: areas
      .filter(({ inode }) => inode !== 0)
      .map(({ start, end, offset, path: name }) => ({ start, end, offset: BigInt(offset), path: name })),
    auxiliary: readFileSync(`/proc/${pid}/auxv`),
    segments,
  });
  const descriptor = create(path);
  const pages = new PageMap(pid);
  try {
    ftruncateSync(descriptor, layout.size);
    writeAll(descriptor, layout.head, 0);
    for (const [index, segment] of segments.entries())
      await copySegment(process, segment, areas[index], pages, (bytes, at) => {
        writeAll(descriptor, bytes, layout.offsets[index] + at);
      });
    writeAll(descriptor, layout.tail, layout.size - layout.tail.length);
  } catch (error) {
    unlinkSync(path);
    if (error instanceof DeetError) throw error;
    throw new DeetError('core-file', `${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  } finally {
    pages.close();
    closeSync(descriptor);
  }
  return { path, size: layout.size, left: asked.filter((thread) => !threads.includes(thread)).map(({ tid }) => tid) };
};
