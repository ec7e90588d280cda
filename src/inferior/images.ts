/**
 * Which files lie where in a process. The list is that of /proc/PID/maps (or of a core file): what the kernel mapped is true for the program, its loader, every
 * library however it was loaded, static programs and other C libraries alike; the loader's own list (r_debug) only tells when to look.
 */
import type { Address } from '../common/addresses.js';
import { fileAddress } from '../common/addresses.js';
import type { Mapping } from '../linux/proc.js';
import type { OpenOptions } from '../symbols/open.js';
import type { ImageMap, LoadedImage } from './frame.js';
import type { ProcessSource } from './source.js';

/** Of the auxiliary vector (getauxval(3)): where the program itself begins. */
const AT_ENTRY = 9;

/** A loaded image with the addresses that it covers. */
export interface MappedImage extends LoadedImage {
  readonly low: Address;
  /** First address after its last mapping. */
  readonly high: Address;
}

const pageOf = (address: number): number => address - (address % 4096);

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
  #images: readonly MappedImage[] = [];
  #sorted: readonly MappedImage[] = [];

  constructor(
    private readonly source: ProcessSource,
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
    for (const group of groupByFile(this.source.maps())) {
      const image = this.source.openFile(group[0], this.options);
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
    this.#images = this.#programFirst(now);
    this.#sorted = [...now].sort((a, b) => (a.low < b.low ? -1 : 1));
    return { added, removed: [...before.values()] };
  }

  /** The program is mapped below everything else, unless it is static and position-independent: then the vDSO may lie below it. */
  #programFirst(images: readonly MappedImage[]): readonly MappedImage[] {
    const entry = this.source.auxiliaryVector().get(AT_ENTRY);
    const program = entry === undefined ? undefined : images.find(({ low, high }) => low <= entry && entry < high);
    return program === undefined || program === images[0] ? images : [program, ...images.filter((each) => each !== program)];
  }

  /** The child of a fork has the same files at the same places. */
  copyFor(source: ProcessSource): ImageTable {
    const copy = new ImageTable(source, this.options);
    copy.#images = this.#images;
    copy.#sorted = this.#sorted;
    return copy;
  }
}

/** A load address as an address of the image's file. */
export const toFile = (loaded: LoadedImage, address: Address): ReturnType<typeof fileAddress> => fileAddress(Number(address - loaded.bias));
export const toLoad = (loaded: LoadedImage, address: number): Address => BigInt(address) + loaded.bias;
