/**
 * A core file as the kernel lays it out (core(5); fs/binfmt_elf.c): header, program headers, notes, then memory from a page boundary on. This
 * makes everything in front of the memory; what the notes say is given as plain data.
 */
import { EM_X86_64, ET, PN_XNUM, PT } from './constants.js';
import { NT, type CoreMapping, type CoreProcess, type CoreThread } from './core.js';

export interface CoreSegment {
  readonly address: bigint;
  readonly memorySize: number;
  /** How much of it is written, from its beginning. */
  readonly fileSize: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
}

export interface CoreContents {
  readonly process: CoreProcess;
  /** The one that got the signal first. */
  readonly threads: readonly CoreThread[];
  readonly mappings: readonly CoreMapping[];
  /** /proc/PID/auxv as it is. */
  readonly auxiliary: Uint8Array;
  readonly segments: readonly CoreSegment[];
}

export interface CoreLayout {
  readonly head: Uint8Array;
  /** Where the memory of each segment belongs in the file. */
  readonly offsets: readonly number[];
  readonly size: number;
  /** Behind everything, when there are more segments than 16 bits can count. */
  readonly tail: Uint8Array;
}

const pageSize = 4096;
const headerSize = 64;
const programHeaderSize = 56;
const sectionHeaderSize = 64;
const statusSize = 336;
const processSize = 136;

const padded = (length: number, to: number): number => Math.ceil(length / to) * to;

const words = (...values: readonly bigint[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt.asUintN(64, value), index * 8));
  return bytes;
};

const note = (owner: string, type: number, data: Uint8Array): Buffer => {
  const nameEnd = 12 + padded(owner.length + 1, 4);
  const bytes = Buffer.alloc(nameEnd + padded(data.length, 4));
  bytes.writeUInt32LE(owner.length + 1, 0);
  bytes.writeUInt32LE(data.length, 4);
  bytes.writeUInt32LE(type, 8);
  bytes.write(owner, 12, 'latin1');
  bytes.set(data, nameEnd);
  return bytes;
};

/** struct elf_prstatus: see readStatus in core.ts. */
const status = (thread: CoreThread, { ppid, pgrp, sid }: CoreProcess): Buffer => {
  const bytes = Buffer.alloc(statusSize);
  bytes.writeInt32LE(thread.signal, 0);
  bytes.writeUInt16LE(thread.signal, 12);
  bytes.writeBigUInt64LE(thread.pendingSignals, 16);
  bytes.writeBigUInt64LE(thread.blockedSignals, 24);
  [thread.tid, ppid, pgrp, sid].forEach((number, index) => bytes.writeInt32LE(number, 32 + index * 4));
  thread.registers.forEach((word, index) => bytes.writeBigUInt64LE(word, 112 + index * 8));
  bytes.writeInt32LE(thread.floatingPoint ? 1 : 0, 328);
  return bytes;
};

/** struct elf_prpsinfo: see readProcess in core.ts. */
const processInfo = (process: CoreProcess): Buffer => {
  const bytes = Buffer.alloc(processSize);
  bytes.writeUInt8(Math.max(0, 'RSDTZW'.indexOf(process.state)), 0);
  bytes.write(process.state, 1, 1, 'latin1');
  [process.uid, process.gid].forEach((number, index) => bytes.writeUInt32LE(number, 16 + index * 4));
  [process.pid, process.ppid, process.pgrp, process.sid].forEach((number, index) => bytes.writeInt32LE(number, 24 + index * 4));
  bytes.set(Buffer.from(process.name).subarray(0, 15), 40);
  bytes.set(Buffer.from(process.commandLine).subarray(0, 79), 56);
  return bytes;
};

const fileNote = (mappings: readonly CoreMapping[]): Buffer =>
  Buffer.concat([
    words(BigInt(mappings.length), BigInt(pageSize)),
    ...mappings.map(({ start, end, offset }) => words(start, end, offset / BigInt(pageSize))),
    ...mappings.map(({ path }) => Buffer.from(`${path}\0`)),
  ]);

const notesOf = ({ process, threads, mappings, auxiliary }: CoreContents): Buffer =>
  Buffer.concat(
    threads.flatMap((thread, index) => [
      note('CORE', NT.PRSTATUS, status(thread, process)),
      // What is the process's follows its first thread.
      ...(index === 0 ? [note('CORE', NT.PRPSINFO, processInfo(process))] : []),
      ...(thread.signalInfo ? [note('CORE', NT.SIGINFO, thread.signalInfo)] : []),
      ...(index === 0 ? [note('CORE', NT.AUXV, auxiliary), note('CORE', NT.FILE, fileNote(mappings))] : []),
      ...(thread.floatingPoint ? [note('CORE', NT.FPREGSET, thread.floatingPoint)] : []),
      ...(thread.extendedState ? [note('LINUX', NT.X86_XSTATE, thread.extendedState)] : []),
    ]),
  );

const programHeader = (type: number, flags: number, fields: readonly bigint[]): Buffer => {
  const bytes = Buffer.alloc(programHeaderSize);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(flags, 4);
  bytes.set(words(...fields), 8);
  return bytes;
};

export const layOut = (contents: CoreContents): CoreLayout => {
  const { segments } = contents;
  const notes = notesOf(contents);
  const count = segments.length + 1;
  const notesAt = headerSize + count * programHeaderSize;
  let end = padded(notesAt + notes.length, pageSize);
  const offsets = segments.map(({ fileSize }) => {
    const at = end;
    end += padded(fileSize, pageSize);
    return at;
  });
  const many = count >= PN_XNUM;
  const header = Buffer.alloc(headerSize);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  [ET.CORE, EM_X86_64].forEach((number, index) => header.writeUInt16LE(number, 16 + index * 2));
  header.writeUInt32LE(1, 20);
  header.set(words(0n, BigInt(headerSize), many ? BigInt(end) : 0n), 24);
  [headerSize, programHeaderSize, many ? PN_XNUM : count, many ? sectionHeaderSize : 0, many ? 1 : 0, 0].forEach((number, index) =>
    header.writeUInt16LE(number, 52 + index * 2),
  );
  const tail = Buffer.alloc(many ? sectionHeaderSize : 0);
  if (many) {
    tail.writeBigUInt64LE(1n, 32); // sh_size: one section, this one
    tail.writeUInt32LE(count, 44); // sh_info: segments
  }
  const rows = segments.map(({ address, memorySize, fileSize, readable, writable, executable }, index) =>
    programHeader(PT.LOAD, (readable ? 4 : 0) | (writable ? 2 : 0) | (executable ? 1 : 0), [
      BigInt(offsets[index]), address, 0n, BigInt(fileSize), BigInt(memorySize), BigInt(pageSize),
    ]),
  ); // prettier-ignore
  const size = BigInt(notes.length);
  const head = Buffer.concat([header, programHeader(PT.NOTE, 4, [BigInt(notesAt), 0n, 0n, size, 0n, 4n]), ...rows, notes]);
  return { head, offsets, size: end + tail.length, tail };
};
