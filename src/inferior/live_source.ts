/** A living process, as ptrace and /proc show it. */
import { closeSync, openSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { errno } from '../linux/constants.js';
import { readAuxv, readMaps, type Mapping } from '../linux/proc.js';
import { signalInfoSize } from '../linux/siginfo.js';
import { noteXstate, largestState } from '../linux/xstate.js';
import { native } from '../native.js';
import type { SymbolImage } from '../symbols/model.js';
import type { OpenOptions } from '../symbols/open.js';
import { openImageBytes } from '../symbols/open_bytes.js';
import { sharedImage } from './shared_images.js';
import type { MemoryPort, ProcessFact, ProcessSource, SignalMask } from './source.js';

/** /proc/PID/mem: reads what is not readable by mapping, and writes read-only code too. */
class LiveMemory implements MemoryPort {
  #opened: number | undefined;

  /** @param later opened when it is first needed: most children of a fork are gone before */
  constructor(
    private readonly pid: number,
    later: boolean,
  ) {
    if (!later && this.#descriptor < 0) throw new DeetError('process-gone', `Process ${pid} cannot be read: it has ended.`);
  }

  get #descriptor(): number {
    return (this.#opened ??= native.openMemory(this.pid));
  }

  readAt(address: Address, into: Uint8Array): number {
    return native.readAt(this.#descriptor, address, into);
  }

  /** Without a descriptor that most children of a fork would need but once: two calls less. */
  peekAt(address: Address, into: Uint8Array): number {
    const count = this.#opened === undefined ? native.readMemory(this.pid, address, into) : 0;
    return count > 0 ? count : this.readAt(address, into);
  }

  writeAt(address: Address, from: Uint8Array): number {
    return native.writeAt(this.#descriptor, address, from);
  }

  close(): void {
    if (this.#opened !== undefined && this.#opened >= 0) native.closeDescriptor(this.#opened);
    this.#opened = -1;
  }
}

/** Larger than any /proc/PID/status (proc(5)). */
const statusText = Buffer.alloc(8192);
const maskDigits = 16;

/** The same in every process of one boot. */
let vdso: SymbolImage | undefined;

export class LiveSource implements ProcessSource {
  readonly live = true;
  /** /proc/PID/status, asked at every signal that arrives: to open it each time costs more than to read it. -1: it cannot be opened, or no more. */
  #status: number | undefined;

  constructor(private readonly pid: number) {}

  get program(): string {
    return this.#link('exe') ?? `process ${this.pid}`;
  }

  openMemory(later = false): MemoryPort {
    return new LiveMemory(this.pid, later);
  }

  maps(): readonly Mapping[] {
    return readMaps(this.pid) ?? [];
  }

  openFile(mapping: Mapping, options: OpenOptions): SymbolImage | undefined {
    if (mapping.path === '[vdso]') return (vdso ??= this.#readVdso(mapping));
    const candidates = mapping.path.endsWith(' (deleted)')
      ? [`/proc/${this.pid}/exe`]
      : [mapping.path, `/proc/${this.pid}/root${mapping.path}`];
    for (const path of candidates) {
      try {
        if (statSync(path).ino === mapping.inode) return sharedImage(path, options);
      } catch {
        // not reachable by that name; try the next
      }
    }
    return undefined;
  }

  /** The vDSO is a library without a file: the kernel maps it, and its bytes are read from memory. */
  #readVdso({ start, end }: Mapping): SymbolImage | undefined {
    try {
      const memory = this.openMemory();
      try {
        const bytes = new Uint8Array(Number(end - start));
        return memory.readAt(start, bytes) === bytes.length ? openImageBytes(bytes, '[vdso]') : undefined;
      } finally {
        memory.close();
      }
    } catch {
      return undefined;
    }
  }

  auxiliaryVector(): Map<number, bigint> {
    return readAuxv(this.pid) ?? new Map<number, bigint>();
  }

  signalMask(mask: SignalMask): bigint {
    try {
      this.#status ??= openSync(`/proc/${this.pid}/status`, 'r');
      const text = statusText.subarray(0, readSync(this.#status, statusText, 0, statusText.length, 0));
      const at = text.indexOf(`\n${mask}:\t`) + mask.length + 3;
      return BigInt(`0x${text.toString('latin1', at, at + maskDigits)}`);
    } catch {
      return 0n;
    }
  }

  close(): void {
    if (this.#status !== undefined && this.#status >= 0) closeSync(this.#status);
    this.#status = -1;
  }

  fact(name: ProcessFact): string | undefined {
    if (name === 'cwd' || name === 'exe') return this.#link(name);
    const text = this.#text(name);
    return name === 'cmdline' ? text?.replaceAll('\0', ' ').trim() : text;
  }

  #text(name: string): string | undefined {
    try {
      return readFileSync(`/proc/${this.pid}/${name}`, 'utf8');
    } catch {
      return undefined;
    }
  }

  #link(name: string): string | undefined {
    try {
      return readlinkSync(`/proc/${this.pid}/${name}`);
    } catch {
      return undefined;
    }
  }

  readRegisters(tid: number, into: BigUint64Array): boolean {
    return native.getRegisters(tid, into) >= 0;
  }

  writeRegisters(tid: number, from: BigUint64Array): void {
    native.setRegisters(tid, from);
  }

  readExtendedState(tid: number): Uint8Array | undefined {
    const buffer = new Uint8Array(largestState);
    const size = native.getRegisterSet(tid, noteXstate, buffer);
    return size > 0 ? buffer.slice(0, size) : undefined;
  }

  writeExtendedState(tid: number, bytes: Uint8Array): void {
    const result = native.setRegisterSet(tid, noteXstate, bytes);
    // The processor has bits in mxcsr that must be zero (SDM 1, 10.2.3).
    const why = -result === errno.EINVAL ? 'the processor reserves a bit that is set' : `errno ${-result}`;
    if (result < 0) throw new DeetError('registers', `The vector registers of thread ${tid} cannot be written (${why}).`);
  }

  signalInfo(tid: number): Uint8Array | undefined {
    const bytes = new Uint8Array(signalInfoSize);
    return native.getSignalInfo(tid, bytes) === 0 ? bytes : undefined;
  }

  writeSignalInfo(tid: number, bytes: Uint8Array): void {
    native.setSignalInfo(tid, bytes);
  }

  mayChange(): void {
    // always
  }
}
