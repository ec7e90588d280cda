/** A dead process, as its core file shows it (core(5)). */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { Core, type CoreThread } from '../elf/core.js';
import { coreHead, type FileBytes } from '../elf/core_head.js';
import { parseElf } from '../elf/file.js';
import type { Mapping } from '../linux/proc.js';
import type { SymbolImage } from '../symbols/model.js';
import { openImageBytes } from '../symbols/open_bytes.js';
import { CoreFiles, type CoreFilesOptions } from './core_files.js';
import { fileMappingAt, mapsOfCore, mapsText } from './core_maps.js';
import { sharedImage } from './shared_images.js';
import type { MemoryPort, ProcessFact, ProcessSource } from './source.js';

const pageSize = 4096;
/** It has two pages; more than this is damage. */
const largestVdso = 1n << 20n;

/** Nothing in a core file can run or be changed. */
export const postMortem = (): DeetError =>
  new DeetError('post-mortem', 'This is a core file: the program is dead, and can neither run nor be changed.', {
    prompt: 'Type "run" to start it anew.',
    script: 'Start it anew with launch().',
    editor: 'Launch it anew.',
  });

/** A file read where it is, because its memory may be larger than a JavaScript buffer. */
class CoreFileBytes implements FileBytes {
  readonly size: number;

  constructor(private descriptor: number) {
    this.size = fstatSync(descriptor).size;
  }

  readAt(offset: number, into: Uint8Array): number {
    if (this.descriptor < 0 || !(offset >= 0 && offset < this.size)) return 0;
    try {
      return readSync(this.descriptor, into, 0, into.length, offset);
    } catch {
      return 0; // a bad disk, or the file is no more what it was
    }
  }

  /** Values that were read from it may be asked again: then there is nothing. */
  close(): void {
    if (this.descriptor >= 0) closeSync(this.descriptor);
    this.descriptor = -1;
  }
}

class CoreMemory implements MemoryPort {
  constructor(private readonly source: CoreSource) {}

  readAt(address: Address, into: Uint8Array): number {
    const { core } = this.source;
    let done = 0;
    while (done < into.length) {
      const at = address + BigInt(done);
      const rest = into.subarray(done);
      const got = core.wrote(at) ? core.readAvailable(at, rest) : this.#fromFile(at, rest);
      if (got <= 0) break;
      done += got;
    }
    return done;
  }

  /** A page that was not written had not been changed: it is what the mapped file has there. */
  #fromFile(address: Address, into: Uint8Array): number {
    const { core, files } = this.source;
    const mapping = fileMappingAt(core, address);
    if (!mapping) return 0;
    // Up to where something was written, or the mapping ends.
    const next = core.elf.loads.find(({ address: start, fileSize }) => fileSize > 0 && BigInt(start) > address);
    const end = next && BigInt(next.address) < mapping.end ? BigInt(next.address) : mapping.end;
    const wanted = into.subarray(0, Number(end - address < BigInt(into.length) ? end - address : BigInt(into.length)));
    const got = files.readFile(mapping.path, Number(mapping.offset + (address - mapping.start)), wanted);
    if (got <= 0 || got === wanted.length) return got;
    // The kernel fills the last page of a file with zeros.
    const pageEnd = pageSize - (Number((address + BigInt(got)) % BigInt(pageSize)) || pageSize);
    wanted.fill(0, got, got + pageEnd);
    return Math.min(wanted.length, got + pageEnd);
  }

  writeAt(): number {
    throw postMortem();
  }

  whyNot(address: Address): string | undefined {
    const { core, files } = this.source;
    if (core.wrote(address)) return 'the core file is cut off before it';
    const mapping = fileMappingAt(core, address);
    if (mapping)
      return files.path(mapping.path) === undefined ? `it belongs to ${mapping.path}, which is not here` : 'its file is shorter now';
    return core.segmentAt(address) && 'it was not written to the core file';
  }

  close(): void {
    // the source's files stay open for it
  }
}

export class CoreSource implements ProcessSource {
  readonly live = false;
  readonly core: Core;
  readonly files: CoreFiles;
  readonly #file: CoreFileBytes;
  readonly #threads: ReadonlyMap<number, CoreThread>;
  #maps: readonly Mapping[] | undefined;
  #vdso: SymbolImage | undefined;

  /** @throws DeetError `no-file`, `not-elf`, `bad-elf` or `not-a-core` */
  constructor(
    readonly path: string,
    private readonly options: CoreFilesOptions,
  ) {
    this.#file = new CoreFileBytes(opened(path));
    try {
      this.core = new Core(parseElf(coreHead(this.#file), path), this.#file);
    } catch (error) {
      this.#file.close();
      throw error;
    }
    this.files = new CoreFiles(this.core, options);
    this.#threads = new Map(this.core.threads.map((thread) => [thread.tid, thread]));
  }

  close(): void {
    this.files.close();
    this.#file.close();
  }

  get warnings(): string[] {
    return [...this.core.elf.warnings, ...this.files.warnings];
  }

  /** Where the program's file is now; empty: not known. */
  get program(): string {
    const { programPath } = this.files;
    return (programPath === undefined ? this.options.program : this.files.path(programPath)) ?? '';
  }

  openMemory(): MemoryPort {
    return new CoreMemory(this);
  }

  maps(): readonly Mapping[] {
    return (this.#maps ??= this.core.mappings.length > 0 ? mapsOfCore(this.core) : [...this.#programAlone(), ...mapsOfCore(this.core)]);
  }

  /** Without NT_FILE (a damaged or very old core file) the program's place follows from its entry point. */
  #programAlone(): Mapping[] {
    const { program } = this.options;
    const image = program === undefined ? undefined : sharedImage(program, this.options);
    const entry = this.core.auxiliary.get(9);
    if (program === undefined || !image || (image.relocatable && entry === undefined)) return [];
    const bias = image.relocatable ? (entry ?? 0n) - BigInt(image.entryPoint) : 0n;
    const low = image.span.low - (image.span.low % pageSize);
    const flags = { readable: true, writable: false, executable: true, shared: false, device: '00:00' };
    return [{ ...flags, start: BigInt(low) + bias, end: BigInt(image.span.high) + bias, offset: 0, inode: 1, path: program }];
  }

  openFile({ path, start, end }: Mapping): SymbolImage | undefined {
    if (path === '[vdso]') return (this.#vdso ??= this.#readVdso(start, end));
    return this.core.mappings.length === 0 ? sharedImage(path, this.options) : this.files.image(path);
  }

  #readVdso(start: Address, end: Address): SymbolImage | undefined {
    if (end - start > largestVdso) return undefined;
    const bytes = this.core.read(start, Number(end - start));
    try {
      return bytes && openImageBytes(bytes, '[vdso]');
    } catch {
      return undefined;
    }
  }

  auxiliaryVector(): Map<number, bigint> {
    return new Map(this.core.auxiliary);
  }

  signalMask(): bigint {
    return 0n;
  }

  fact(name: ProcessFact): string | undefined {
    const { process } = this.core;
    switch (name) {
      case 'cmdline':
        return process?.commandLine;
      case 'exe':
        return this.files.programPath ?? (this.program || undefined);
      case 'maps':
        return mapsText(this.maps());
      case 'status':
      case 'stat':
        return (
          process &&
          Object.entries({
            Name: process.name,
            State: process.state,
            Pid: process.pid,
            PPid: process.ppid,
            Uid: process.uid,
            Gid: process.gid,
          })
            .map(([field, value]) => `${field}:\t${value}`)
            .join('\n')
        );
      case 'cwd':
        return undefined;
    }
  }

  readRegisters(tid: number, into: BigUint64Array): boolean {
    const thread = this.#threads.get(tid);
    if (thread) into.set(thread.registers);
    return thread !== undefined;
  }

  writeRegisters(): void {
    throw postMortem();
  }

  readExtendedState(tid: number): Uint8Array | undefined {
    const thread = this.#threads.get(tid);
    return (thread?.extendedState ?? thread?.floatingPoint)?.slice();
  }

  writeExtendedState(): void {
    throw postMortem();
  }

  signalInfo(tid: number): Uint8Array | undefined {
    return this.#threads.get(tid)?.signalInfo;
  }

  writeSignalInfo(): never {
    throw postMortem();
  }

  mayChange(): void {
    throw postMortem();
  }
}

/** @throws DeetError `no-file` */
const opened = (path: string): number => {
  try {
    const descriptor = openSync(path, 'r');
    if (fstatSync(descriptor).isFile()) return descriptor;
    closeSync(descriptor);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DeetError(
      'no-file',
      code === 'ENOENT' ? `${path}: there is no such file.` : `${path} cannot be read (${code ?? 'unknown error'}).`,
    );
  }
  throw new DeetError('not-a-core', `${path} is not a regular file.`);
};
