/** What an explanation may ask of a stopped thread, and what it answers. The session implements `CrashScene`; tests do too. */
import type { Address } from '../common/addresses.js';
import type { MemoryReader } from '../common/memory.js';
import type { Location } from '../dwarf/location.js';
import type { Mapping } from '../linux/proc.js';
import type { SignalInfo } from '../linux/siginfo.js';
import type { CType } from '../symbols/types.js';
import type { NamedAddress, SourcePlace } from './family.js';
import type { Holder } from './open_files.js';

/** A variable that is visible in a frame, where it is at this moment. */
export interface LocatedVariable {
  readonly name: string;
  readonly type: CType;
  readonly location: Location;
}

export interface CrashFrame {
  readonly pc: Address;
  /** Innermost: pc; outer frames: an address inside the call. */
  readonly lookup: Address;
  readonly functionName: string | undefined;
  /** First instruction of the function. */
  readonly functionStart: Address | undefined;
  readonly place: SourcePlace | undefined;
  /** Path of the file that its code lies in. */
  readonly image: string | undefined;
  readonly cfa: Address;
  readonly inlined: boolean;
  /** A 64-bit general register by name, as it is in this frame; undefined: not known here. */
  register(name: string): bigint | undefined;
  /** Innermost scope first. */
  variables(): readonly LocatedVariable[];
}

export interface CrashScene {
  readonly pid: number;
  readonly program: string;
  /** What siginfo says, when the thread stopped for a signal. */
  readonly signal: SignalInfo | undefined;
  readonly memory: MemoryReader;
  /** Of the innermost frame, `orig_rax` and `fs_base` included. */
  register(name: string): bigint | undefined;
  /** Innermost first, at most `limit`. */
  frames(limit: number): readonly CrashFrame[];
  maps(): readonly Mapping[];
  symbolAt(address: Address): NamedAddress | undefined;
  /** A global variable that covers an address. */
  variableAt?(address: Address): LocatedVariable | undefined;
  /** The address of a symbol of any image: `__abort_msg`. */
  symbolNamed(name: string): Address | undefined;
  /** Descriptors of the process and who holds the other ends. */
  descriptor?(fd: number): { readonly noun: string; readonly peers?: readonly Holder[] } | undefined;
  /** A limit on resources as /proc/PID/limits names it (`Max file size`); undefined: there is none, or it is not known. */
  limit?(name: string): number | undefined;
  /** The parent that it was born of, if that has ended. */
  readonly lostParent?: number | undefined;
  /** The name of a process, for signals that it sent. */
  processName?(pid: number): string | undefined;
}

export type Cause =
  | 'null-pointer'
  | 'wild-pointer'
  | 'out-of-bounds'
  | 'stack-overflow'
  | 'use-after-return'
  | 'use-after-free'
  | 'abort'
  | 'assertion'
  | 'exception'
  | 'division'
  | 'bad-free'
  | 'heap-corruption'
  | 'stack-smashed'
  | 'execute-data'
  | 'read-only'
  | 'no-access'
  | 'misaligned'
  | 'past-end-of-file'
  | 'illegal-instruction'
  | 'pipe-closed'
  | 'limit'
  | 'sent'
  | 'syscall-refused'
  | 'signal'
  | 'ended'
  | 'stop';

/** The JSON object `explanation`. */
export interface Explanation {
  readonly type: 'explanation';
  readonly cause: Cause;
  /** The source expression at fault. */
  readonly expression?: string;
  /** The address accessed, in hexadecimal. */
  readonly address?: string;
  readonly access?: 'read' | 'write' | 'execute';
  /** Bytes accessed. */
  readonly size?: number;
  readonly place?: SourcePlace;
  /** One or more sentences. */
  readonly text: string;
}
