/** Sites of deet's own in what a family has loaded, from a process's first fork on: single programs are spared, and children have them with their memory. */
import type { FileAddress } from '../common/addresses.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { ElfSymbol, SymbolImage } from '../symbols/model.js';

/** The C library's function of that name: what it is called by is no matter. */
export const functionSymbol = (image: SymbolImage, name: string): ElfSymbol | undefined =>
  image.symbolsNamed(name).find(({ type, address }) => type === 'function' && address !== 0);

/** Where it begins. */
export const functionNamed =
  (name: string) =>
  (image: SymbolImage): FileAddress | undefined =>
    functionSymbol(image, name)?.address;

export class FamilySites {
  readonly #places = new WeakMap<SymbolImage, readonly FileAddress[]>();

  /** @param placesIn where the sites are in a file; undefined: nowhere */
  constructor(
    private readonly placesIn: (image: SymbolImage) => FileAddress | readonly FileAddress[] | undefined,
    private readonly owner: SiteOwner,
  ) {}

  born(child: Process, parent: Process): void {
    this.#plant(parent);
    this.#plant(child);
  }

  /** There is such a place in what the process has loaded. */
  reach({ images }: Process): boolean {
    return images.all().some(({ image }) => (this.#places.get(image)?.length ?? 0) > 0);
  }

  #plant({ space, images }: Process): void {
    if (space.planters.includes(this)) return;
    space.planters = [...space.planters, this];
    for (const { image, bias } of images.all()) {
      let places = this.#places.get(image);
      if (!places) this.#places.set(image, (places = [this.placesIn(image) ?? []].flat()));
      for (const place of places) space.sites.add(BigInt(place) + bias, this.owner);
    }
  }

  /** The process is not to come by any more. */
  leave({ space, images }: Process): void {
    for (const { image, bias } of images.all())
      for (const place of this.#places.get(image) ?? []) space.sites.remove(BigInt(place) + bias, this.owner);
  }
}
