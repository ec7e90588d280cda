/**
 * The seam between what deet shows of a process and where it comes from: the kernel, for a living process (live_source.ts), or a core file, for a
 * dead one (core_source.ts). Everything above - frames, values, expressions, explanations - reads through this, and knows no difference.
 */
import type { Address } from '../common/addresses.js';
import type { Mapping } from '../linux/proc.js';
import type { SymbolImage } from '../symbols/model.js';
import type { OpenOptions } from '../symbols/open.js';

/** The bytes of one address space. A count of 0 or less: none could be read or written there. */
export interface MemoryPort {
  readAt(address: Address, into: Uint8Array): number;
  /** A cheaper way to what the program itself may read, for once; it may end before. */
  peekAt?(address: Address, into: Uint8Array): number;
  /** @throws DeetError `post-mortem` where nothing can ever be written */
  writeAt(address: Address, from: Uint8Array): number;
  /** Why an address cannot be read, when more is known than that. */
  whyNot?(address: Address): string | undefined;
  close(): void;
}

/** Masks of signals, named as in /proc/PID/status (proc(5)). */
export type SignalMask = 'SigCgt' | 'SigIgn' | 'ShdPnd';

/** Files of /proc/PID that people ask for, or what a core file has in their place. */
export type ProcessFact = 'cmdline' | 'cwd' | 'exe' | 'maps' | 'stat' | 'status';

export interface ProcessSource {
  /** Whether the process can run, be changed, and be looked at in /proc. */
  readonly live: boolean;
  /** The program's path. */
  readonly program: string;
  /** @param later opened when it is first needed, if then it still can be. @throws DeetError `process-gone` */
  openMemory(later?: boolean): MemoryPort;
  maps(): readonly Mapping[];
  /** The symbols of a mapped file; undefined: it cannot be found, or is no ELF file. */
  openFile(mapping: Mapping, options: OpenOptions): SymbolImage | undefined;
  /** The auxiliary vector (getauxval(3)): type -> value. Empty when nothing is known of it. */
  auxiliaryVector(): Map<number, bigint>;
  /** No signals when the process is gone. */
  signalMask(mask: SignalMask): bigint;
  fact(name: ProcessFact): string | undefined;

  /** The general registers of a stopped thread. False: it has ended. */
  readRegisters(tid: number, into: BigUint64Array): boolean;
  writeRegisters(tid: number, from: BigUint64Array): void;
  /** The XSAVE area, or as much of it as is known: the 512 bytes of FXSAVE. */
  readExtendedState(tid: number): Uint8Array | undefined;
  writeExtendedState(tid: number, bytes: Uint8Array): void;
  /** siginfo_t of the signal that it stopped or died of. */
  signalInfo(tid: number): Uint8Array | undefined;
  writeSignalInfo(tid: number, bytes: Uint8Array): void;
  /** Refuses what would change the process. @throws DeetError `post-mortem` */
  mayChange(): void;
  /** Nobody will ask any more. */
  close(): void;
}
