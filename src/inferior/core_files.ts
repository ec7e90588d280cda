/**
 * The files of a dead process as they are here and now. They may have moved, gone, or been built again since: a file is used only when its build-id is
 * the one that the core file shows in memory, or when neither says one.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import type { Address } from '../common/addresses.js';
import type { Core } from '../elf/core.js';
import { memoryHeader, rebuiltFile } from '../elf/memory_image.js';
import type { SymbolImage } from '../symbols/model.js';
import type { OpenOptions } from '../symbols/open.js';
import { openImageBytes } from '../symbols/open_bytes.js';
import { programPathOf } from './core_maps.js';
import { sharedImage } from './shared_images.js';

export interface CoreFilesOptions extends OpenOptions {
  /** The program's file, when the user names it. */
  readonly program?: string | undefined;
  /** Where the files of the machine that it died on are, when that is not this one. */
  readonly sysroot?: string | undefined;
}

/** Most names that one warning lists. */
const mostNames = 8;

const listed = (names: readonly string[]): string =>
  names.length <= mostNames ? names.join(', ') : `${names.slice(0, mostNames).join(', ')} and ${names.length - mostNames} more`;

const withoutMark = (path: string): string => path.replace(/ \(deleted\)$/, '');

export class CoreFiles {
  /** The program's name in the core file. */
  readonly programPath: string | undefined;
  readonly #found = new Map<string, string | undefined>();
  readonly #images = new Map<string, SymbolImage | undefined>();
  readonly #descriptors = new Map<string, number>();
  readonly #missing: string[] = [];
  readonly #changed: string[] = [];
  readonly #notes: string[] = [];

  constructor(
    private readonly core: Core,
    private readonly options: CoreFilesOptions,
  ) {
    this.programPath = programPathOf(core);
  }

  /** Sentences for the user. */
  get warnings(): string[] {
    const said = [...this.#notes];
    if (this.#missing.length > 0)
      said.push(`These files of the program are not here; what the core file itself holds of them is used: ${listed(this.#missing)}`);
    if (this.#changed.length > 0)
      said.push(`These files have been built again since the core file was written, and are not used: ${listed(this.#changed)}`);
    return said;
  }

  readonly #read = (address: Address, into: Uint8Array): number => this.core.readAvailable(address, into);

  #startOf(path: string): Address | undefined {
    return this.core.mappings.find((each) => each.path === path && each.offset === 0n)?.start;
  }

  /** The build-id of a file as the process had it. */
  #buildIdInCore(path: string): string | undefined {
    const start = this.#startOf(path);
    return start === undefined ? undefined : memoryHeader(this.#read, start, path)?.buildId;
  }

  #candidates(path: string, buildId: string | undefined): string[] {
    const { sysroot, debugDirectories } = this.options;
    const name = withoutMark(path);
    const byId =
      buildId === undefined ? [] : (debugDirectories ?? []).map((each) => `${each}/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}`);
    return [...(sysroot ? [`${sysroot}${name}`] : []), name, ...byId];
  }

  /** Where a file of the process is now; undefined: gone or changed. */
  path(name: string): string | undefined {
    if (!this.#found.has(name)) this.#found.set(name, this.#find(name));
    return this.#found.get(name);
  }

  #find(name: string): string | undefined {
    const wanted = this.#buildIdInCore(name);
    const given = name === this.programPath ? this.options.program : undefined;
    if (given !== undefined && this.#isThis(given, name, wanted)) return given;
    const present = this.#candidates(name, wanted).filter((path) => existsSync(path));
    const right = present.find((path) => wanted === undefined || sharedImage(path, this.options)?.buildId === wanted);
    if (right !== undefined || given !== undefined) return right;
    if (wanted !== undefined) (present.length > 0 ? this.#changed : this.#missing).push(withoutMark(name));
    else if (!/^(?:\/dev\/|\/memfd:|\/SYSV|anon_inode:)/.test(name)) this.#missing.push(withoutMark(name));
    return undefined;
  }

  /** Whether what the user names is what ran; if not, its symbols are used in spite of that, but not its bytes. */
  #isThis(path: string, name: string, wanted: string | undefined): boolean {
    const id = sharedImage(path, this.options)?.buildId;
    if (wanted !== undefined && id !== wanted)
      this.#notes.push(
        `${path} is not the program that the core file was made by (build-id ${id ?? 'missing'}, not ${wanted}): names and lines may be wrong.`,
      );
    else if (wanted === undefined && basename(path) !== basename(withoutMark(name)))
      this.#notes.push(`The core file was made by ${withoutMark(name)}, which is perhaps not ${path}.`);
    return wanted === undefined || id === wanted;
  }

  /** The symbols of a file: its own, or of what the core file has of it. */
  image(name: string): SymbolImage | undefined {
    if (!this.#images.has(name)) this.#images.set(name, this.#open(name));
    return this.#images.get(name);
  }

  #open(name: string): SymbolImage | undefined {
    const found = this.path(name);
    const path = (name === this.programPath ? this.options.program : undefined) ?? found;
    if (path !== undefined) return sharedImage(path, this.options);
    const start = this.#startOf(name);
    const bytes = start === undefined ? undefined : rebuiltFile(this.#read, start, name);
    return bytes && openImageBytes(bytes, withoutMark(name));
  }

  /** Bytes of a file as it is now, for pages that were not changed and therefore not written to the core file. */
  readFile(name: string, offset: number, into: Uint8Array): number {
    const path = this.path(name);
    if (path === undefined) return 0;
    let descriptor = this.#descriptors.get(path);
    try {
      if (descriptor === undefined) this.#descriptors.set(path, (descriptor = openSync(path, 'r')));
      return readSync(descriptor, into, 0, into.length, offset);
    } catch {
      return 0;
    }
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) closeSync(descriptor);
    this.#descriptors.clear();
  }
}
