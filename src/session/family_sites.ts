/** Sites of deet's own in what a family has loaded, from a process's first fork on: single programs are spared, and children have them with their memory. */
import type { FileAddress } from '../common/addresses.js';
import type { AddressSpace } from '../inferior/address_space.js';
import type { Process } from '../inferior/process.js';
import type { SiteOwner } from '../inferior/sites.js';
import type { SymbolImage } from '../symbols/model.js';

export class FamilySites {
  /** An exec makes a new one. */
  readonly #planted = new WeakSet<AddressSpace>();
  readonly #places = new WeakMap<SymbolImage, { readonly at: FileAddress | undefined }>();

  /** @param placeIn where the site is in a file; undefined: nowhere */
  constructor(
    private readonly placeIn: (image: SymbolImage) => FileAddress | undefined,
    private readonly owner: SiteOwner,
  ) {}

  born(child: Process, parent: Process): void {
    if (this.#planted.has(parent.space)) this.#planted.add(child.space);
    else for (const process of [parent, child]) this.#plant(process);
  }

  #plant({ space, images }: Process): void {
    this.#planted.add(space);
    for (const { image, bias } of images.all()) {
      let place = this.#places.get(image);
      if (!place) this.#places.set(image, (place = { at: this.placeIn(image) }));
      if (place.at !== undefined) space.sites.add(BigInt(place.at) + bias, this.owner);
    }
  }
}
