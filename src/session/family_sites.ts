/** Sites of deet's own in what a family has loaded, from a process's first fork on: single programs are spared, and children have them with their memory. */
import type { FileAddress } from '../common/addresses.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { SymbolImage } from '../symbols/model.js';

/** Where the C library's function of that name begins: what it is called by is no matter. */
export const functionNamed =
  (name: string) =>
  (image: SymbolImage): FileAddress | undefined =>
    image.symbolsNamed(name).find(({ type, address }) => type === 'function' && address !== 0)?.address;

export class FamilySites {
  readonly #places = new WeakMap<SymbolImage, { readonly at: FileAddress | undefined }>();

  /** @param placeIn where the site is in a file; undefined: nowhere */
  constructor(
    private readonly placeIn: (image: SymbolImage) => FileAddress | undefined,
    private readonly owner: SiteOwner,
  ) {}

  born(child: Process, parent: Process): void {
    this.#plant(parent);
    this.#plant(child);
  }

  /** There is such a place in what the process has loaded. */
  reach({ images }: Process): boolean {
    return images.all().some(({ image }) => this.#places.get(image)?.at !== undefined);
  }

  #plant({ space, images }: Process): void {
    if (space.planters.includes(this)) return;
    space.planters = [...space.planters, this];
    for (const { image, bias } of images.all()) {
      let place = this.#places.get(image);
      if (!place) this.#places.set(image, (place = { at: this.placeIn(image) }));
      if (place.at !== undefined) space.sites.add(BigInt(place.at) + bias, this.owner);
    }
  }
}
