/**
 * Which files lie where in a process. The list is read from /proc/PID/maps: what the kernel mapped is true for the program, its loader, every
 * library however it was loaded, static programs and other C libraries alike; the loader's own list (r_debug) only tells when to look.
 */
import { statSync } from 'node:fs';
import type { Address } from '../common/addresses.js';
import { fileAddress } from '../common/addresses.js';
import { readMaps, type Mapping } from '../linux/proc.js';
import type { SymbolImage } from '../symbols/model.js';
import { openImage, type OpenOptions } from '../symbols/open.js';
import { openImageBytes } from '../symbols/open_bytes.js';
import type { AddressSpace } from './address_space.js';
import type { ImageMap, LoadedImage } from './frame.js';

/** A loaded image with the addresses that it covers. */
export interface MappedImage extends LoadedImage {
  readonly low: Address;
  /** First address after its last mapping. */
  readonly high: Address;
}

const pageOf = (address: number): number => address - (address % 4096);

/** Images opened so far, by file identity: a file rebuilt between runs is another file. Shared by all processes and runs. */
const opened = new Map<string, SymbolImage | undefined>();

const identity = (path: string, options: OpenOptions): string | undefined => {
  try {
    const { dev, ino, size, mtimeMs } = statSync(path);
    return `${path}|${dev}|${ino}|${size}|${mtimeMs}|${(options.debugDirectories ?? []).join(':')}`;
  } catch {
    return undefined;
  }
};

/** Opens a file's symbols once. Undefined: it cannot be read or is no ELF file. */
export const sharedImage = (path: string, options: OpenOptions): SymbolImage | undefined => {
  const key = identity(path, options);
  if (key === undefined) return undefined;
  if (!opened.has(key)) {
    let image: SymbolImage | undefined;
    try {
      image = openImage(path, options);
    } catch {
      image = undefined;
    }
    opened.set(key, image);
  }
  return opened.get(key);
};

/** A mapped file by path and inode: two files may have had one name. */
const groupByFile = (mappings: readonly Mapping[]): Mapping[][] => {
  const groups = new Map<string, Mapping[]>();
  for (const mapping of mappings) {
    if (!mapping.path || (mapping.inode === 0 && mapping.path !== '[vdso]')) continue;
    const key = `${mapping.path}|${mapping.inode}`;
    const group = groups.get(key);
    if (group) group.push(mapping);
    else groups.set(key, [mapping]);
  }
  return [...groups.values()].filter((group) => group.some((mapping) => mapping.executable));
};

export class ImageTable implements ImageMap {
  #images: MappedImage[] = [];
  #sorted: MappedImage[] = [];

  constructor(
    private readonly pid: number,
    private readonly space: AddressSpace,
    private readonly options: OpenOptions,
  ) {}

  all(): readonly MappedImage[] {
    return this.#images;
  }

  /** The program itself. */
  get main(): MappedImage | undefined {
    return this.#images[0];
  }

  imageAt(address: Address): MappedImage | undefined {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle].low <= address) low = middle + 1;
      else high = middle;
    }
    const candidate = this.#sorted[low - 1] as MappedImage | undefined;
    return candidate && address < candidate.high ? candidate : undefined;
  }

  /** Looks again. Returns what came and what went since the last look. */
  refresh(): { added: MappedImage[]; removed: MappedImage[] } {
    const before = new Map(this.#images.map((each) => [`${each.image.path}|${each.bias}`, each]));
    const now: MappedImage[] = [];
    const added: MappedImage[] = [];
    const program = `/proc/${this.pid}/exe`;
    for (const group of groupByFile(readMaps(this.pid) ?? [])) {
      const image = this.#open(group[0], program);
      if (!image) continue;
      const low = group[0].start;
      const bias = image.relocatable ? low - BigInt(pageOf(image.span.low)) : 0n;
      const high = bias + BigInt(image.span.high);
      const known = before.get(`${image.path}|${bias}`);
      const entry = known ?? { image, bias, low, high };
      if (known) before.delete(`${image.path}|${bias}`);
      else added.push(entry);
      now.push(entry);
    }
    this.#images = now;
    this.#sorted = [...now].sort((a, b) => (a.low < b.low ? -1 : 1));
    return { added, removed: [...before.values()] };
  }

  /** The child of a fork has the same files at the same places. */
  copyFor(pid: number, space: AddressSpace): ImageTable {
    const copy = new ImageTable(pid, space, this.options);
    copy.#images = [...this.#images];
    copy.#sorted = [...this.#sorted];
    return copy;
  }

  #open(mapping: Mapping, program: string): SymbolImage | undefined {
    if (mapping.path === '[vdso]') return this.#vdso(mapping);
    const deleted = mapping.path.endsWith(' (deleted)');
    const candidates = deleted ? [program] : [mapping.path, `/proc/${this.pid}/root${mapping.path}`];
    for (const path of candidates) {
      try {
        if (statSync(path).ino === mapping.inode) return sharedImage(path, this.options);
      } catch {
        // not reachable by that name; try the next
      }
    }
    return undefined;
  }

  /** The vDSO is a library without a file: the kernel maps it, and its bytes are read from memory. */
  #vdso(mapping: Mapping): SymbolImage | undefined {
    const known = opened.get('[vdso]');
    if (known) return known;
    try {
      const image = openImageBytes(this.space.read(mapping.start, Number(mapping.end - mapping.start)), '[vdso]');
      opened.set('[vdso]', image);
      return image;
    } catch {
      return undefined;
    }
  }
}

/** A load address as an address of the image's file. */
export const toFile = (loaded: LoadedImage, address: Address): ReturnType<typeof fileAddress> => fileAddress(Number(address - loaded.bias));
export const toLoad = (loaded: LoadedImage, address: number): Address => BigInt(address) + loaded.bias;
