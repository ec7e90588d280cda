/**
 * Core files: the notes in which the kernel describes a dead process (core(5); linux/elfcore.h, sys/procfs.h) and its memory
 * (PT_LOAD segments). Plain data, decoded for x86-64; what a signal meant is told by whoever knows signals.
 */
import type { Address } from '../common/addresses.js';
import { FormatError } from '../common/errors.js';
import { Reader, decodeText } from '../common/reader.js';
import { bytesAsFile, type FileBytes } from './core_head.js';
import { PT } from './constants.js';
import type { Segment } from './container.js';
import type { ElfFile } from './file.js';
import { whyNotCore } from './identify.js';
import { readNotes, type Note } from './notes.js';

const NT = { PRSTATUS: 1, FPREGSET: 2, PRPSINFO: 3, AUXV: 6, X86_XSTATE: 0x202, FILE: 0x46494c45, SIGINFO: 0x53494749 } as const;

const REGISTER_COUNT = 27;

export interface CoreThread {
  readonly tid: number;
  /** The signal it had at the end; 0: none of its own. */
  readonly signal: number;
  /** struct user_regs_struct: 27 words in the order of sys/user.h. */
  readonly registers: BigUint64Array;
  /** struct user_fpregs_struct, 512 bytes (FXSAVE). */
  readonly floatingPoint?: Uint8Array;
  /** The XSAVE area. */
  readonly extendedState?: Uint8Array;
  /** siginfo_t, 128 bytes. */
  readonly signalInfo?: Uint8Array;
  readonly pendingSignals: bigint;
  readonly blockedSignals: bigint;
}

export interface CoreProcess {
  readonly pid: number;
  readonly ppid: number;
  readonly pgrp: number;
  readonly sid: number;
  readonly uid: number;
  readonly gid: number;
  /** One letter as in ps(1): R, S, D, T, Z. */
  readonly state: string;
  /** At most 15 bytes of the program's name. */
  readonly name: string;
  /** At most 79 bytes of its arguments, blanks between. */
  readonly commandLine: string;
}

/** A file that was mapped (NT_FILE). Its contents are often not in the core file: read them from the file itself. */
export interface CoreMapping {
  readonly start: Address;
  readonly end: Address;
  /** Offset in the file, in bytes. */
  readonly offset: bigint;
  readonly path: string;
}

export class Core {
  readonly threads: readonly CoreThread[];
  readonly process: CoreProcess | undefined;
  readonly mappings: readonly CoreMapping[];
  /** Pairs of the auxiliary vector (getauxval(3)), AT_NULL left out. */
  readonly auxiliary: ReadonlyMap<number, bigint>;

  /**
   * @param elf the whole file, or its head (core_head.ts)
   * @param file the whole file
   * @throws DeetError `not-a-core`
   */
  constructor(
    readonly elf: ElfFile,
    private readonly file: FileBytes = bytesAsFile(elf.bytes),
  ) {
    const fault = whyNotCore(elf.header.type, elf.path);
    if (fault) throw fault;
    const notes = decodeNotes(elf);
    this.threads = notes.threads;
    this.process = notes.process;
    this.mappings = notes.mappings;
    this.auxiliary = notes.auxiliary;
    if (this.threads.length === 0) elf.warn(`${elf.path} says nothing of any thread`);
    const missing = this.missingBytes;
    if (missing > 0)
      elf.warn(`${elf.path} is truncated: the last ${missing} bytes are missing ("ulimit -c unlimited" before the run keeps all)`);
  }

  /** How many bytes of its memory a truncated file lacks. */
  private get missingBytes(): number {
    const ends = this.elf.loads.filter(({ fileSize }) => fileSize > 0).map(({ offset, fileSize }) => offset + fileSize);
    return Math.max(0, ends.reduce((most, end) => Math.max(most, end), 0) - this.file.size);
  }

  /** The thread that got the fatal signal: the kernel writes it first. */
  get current(): CoreThread | undefined {
    return this.threads[0];
  }

  /**
   * Memory that the core file holds, also across neighbouring segments; undefined when a byte of it was not written (the
   * kernel leaves out code and other unchanged pages of files: see `mappings`).
   */
  read(address: Address, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    return this.readAvailable(address, bytes) === length ? bytes : undefined;
  }

  /** As many bytes as the file holds from the start of the range, perhaps none. */
  readAvailable(address: Address, into: Uint8Array): number {
    let done = 0;
    while (done < into.length) {
      const segment = this.segmentAt(address + BigInt(done));
      if (!segment) break;
      const start = Number(address + BigInt(done) - BigInt(segment.address));
      const length = Math.min(into.length - done, segment.fileSize - start);
      if (length <= 0) break;
      const got = this.file.readAt(segment.offset + start, into.subarray(done, done + length));
      done += Math.max(0, got);
      if (got < length) break;
    }
    return done;
  }

  /** Whether this byte was written when the file was made, be it cut off now. */
  wrote(address: Address): boolean {
    const segment = this.segmentAt(address);
    return segment !== undefined && Number(address - BigInt(segment.address)) < segment.fileSize;
  }

  /** The segment that holds an address, written or not. */
  segmentAt(address: Address): Segment | undefined {
    const { loads } = this.elf;
    const near = Number(address);
    let low = 0;
    let high = loads.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (loads[middle].address <= near) low = middle + 1;
      else high = middle;
    }
    const segment = loads.at(low - 1);
    if (low === 0 || !segment) return undefined;
    // Segments begin at pages, whose addresses are exact in a double; the address itself may not be.
    const offset = address - BigInt(segment.address);
    return offset >= 0n && offset < BigInt(segment.memorySize) ? segment : undefined;
  }
}

interface Decoded {
  threads: CoreThread[];
  process: CoreProcess | undefined;
  mappings: CoreMapping[];
  auxiliary: Map<number, bigint>;
}

/** Each NT_PRSTATUS begins a thread; the register notes behind it are that thread's. */
const decodeNotes = (elf: ElfFile): Decoded => {
  const result: Decoded = { threads: [], process: undefined, mappings: [], auxiliary: new Map() };
  let thread: { -readonly [K in keyof CoreThread]: CoreThread[K] } | undefined;
  const decode = ({ type, data }: Note): void => {
    switch (type) {
      case NT.PRSTATUS:
        result.threads.push((thread = readStatus(new Reader(data, 'NT_PRSTATUS'))));
        break;
      case NT.PRPSINFO:
        result.process = readProcess(new Reader(data, 'NT_PRPSINFO'));
        break;
      case NT.AUXV:
        result.auxiliary = readAuxiliary(new Reader(data, 'NT_AUXV'));
        break;
      case NT.FILE:
        result.mappings = readMappings(new Reader(data, 'NT_FILE'));
        break;
      case NT.SIGINFO:
        if (thread) thread.signalInfo = data;
        break;
      case NT.FPREGSET:
        if (thread) thread.floatingPoint = data;
        break;
      case NT.X86_XSTATE:
        if (thread) thread.extendedState = data;
        break;
      default:
    }
  };
  for (const segment of elf.segments.filter((s) => s.type === PT.NOTE))
    for (const note of readNotes(elf.segmentBytes(segment), segment.align)) {
      if (note.owner !== 'CORE' && note.owner !== 'LINUX') continue;
      try {
        decode(note);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        elf.warn(error.message);
      }
    }
  return result;
};

/** struct elf_prstatus: siginfo (12 bytes), cursig, pending, held, pid and relatives, four times, the registers. */
const readStatus = (reader: Reader): CoreThread => {
  reader.seek(12);
  const signal = reader.u16();
  reader.seek(16);
  const pendingSignals = reader.u64Big();
  const blockedSignals = reader.u64Big();
  const tid = reader.i32();
  reader.seek(112);
  const registers = new BigUint64Array(REGISTER_COUNT);
  for (let i = 0; i < REGISTER_COUNT; i++) registers[i] = reader.u64Big();
  return { tid, signal, registers, pendingSignals, blockedSignals };
};

/** struct elf_prpsinfo: state, its letter, zombie, nice, flags, ids, name (16 bytes), arguments (80). */
const readProcess = (reader: Reader): CoreProcess => {
  reader.skip(1);
  const state = String.fromCharCode(reader.u8());
  reader.seek(16);
  const [uid, gid] = [reader.u32(), reader.u32()];
  const [pid, ppid, pgrp, sid] = [reader.i32(), reader.i32(), reader.i32(), reader.i32()];
  return { pid, ppid, pgrp, sid, uid, gid, state, name: fixedText(reader.slice(16)), commandLine: fixedText(reader.slice(80)).trimEnd() };
};

const fixedText = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return decodeText(bytes, 0, end < 0 ? bytes.length : end);
};

const readAuxiliary = (reader: Reader): Map<number, bigint> => {
  const vector = new Map<number, bigint>();
  while (reader.remaining >= 16) {
    const type = reader.u64Clamped();
    if (type === 0) break;
    vector.set(type, reader.u64Big());
  }
  return vector;
};

/** Count and page size, then as many triples of start, end and offset in pages, then as many names. */
const readMappings = (reader: Reader): CoreMapping[] => {
  const count = reader.u64();
  const pageSize = reader.u64Big();
  if (count > reader.remaining / 25) reader.fail(`claims ${count} mappings, more than there is room for`);
  const names = reader.at(reader.offset + count * 24);
  return Array.from({ length: count }, () => {
    const [start, end, page] = [reader.u64Big(), reader.u64Big(), reader.u64Big()];
    return { start, end, offset: BigInt.asUintN(64, page * pageSize), path: names.cstring() };
  });
};
