/** Which of a structure's links to its own kind lead on, and which lead back: asked of the names, and of where they lead in this program. */
import type { Address } from '../common/addresses.js';
import type { StructType } from '../symbols/types.js';
import { childAndSibling, leadsBack, type Link, type Shape } from './diagram-shape.js';
import type { Memory } from './place.js';
import { asStruct } from './types.js';
import { Value } from './value.js';

export interface LinkRoles {
  readonly forward: readonly Link[];
  readonly back: readonly Link[];
  /** First child and next sibling. */
  readonly tree?: { readonly child: Link; readonly sibling: Link };
}

/** Nodes that are looked at to find out what their links mean. */
const SAMPLES = 16;

export class Roles {
  readonly #known = new WeakMap<StructType, LinkRoles>();

  /** @param follow where a link of an object leads; undefined: unreadable */
  constructor(
    private readonly memory: Memory,
    private readonly follow: (object: Value, link: Link) => Address | undefined,
  ) {}

  /** As found at the first object of the type that was met. */
  of(object: Value, shape: Shape): LinkRoles {
    const struct = asStruct(object.type);
    const known = struct && this.#known.get(struct);
    if (known) return known;
    const found = this.#find(object, shape);
    if (struct) this.#known.set(struct, found);
    return found;
  }

  #find(object: Value, shape: Shape): LinkRoles {
    const own = shape.links.filter((link) => link.own && link.kind === 'one');
    const named = own.filter(({ name }) => leadsBack(name));
    const several = own.length > 1 || shape.links.some((link) => link.own && link.kind === 'pointers');
    let back = several && named.length < own.length + (own.length === 1 ? 1 : 0) ? named : [];
    if (back.length === 0 && own.length > 1)
      back = [...own]
        .reverse()
        .filter((link) => this.#isInverse(object, link, own))
        .slice(0, 1);
    const forward = own.filter((link) => !back.includes(link));
    const tree = childAndSibling(forward);
    return { forward, back, ...(tree && { tree }) };
  }

  /** Does it lead back from wherever the other links lead? */
  #isInverse(start: Value, back: Link, own: readonly Link[]): boolean {
    const queue = [start];
    let agreed = 0;
    for (let i = 0; i < queue.length && i < SAMPLES; i++) {
      const from = queue[i];
      for (const link of own) {
        if (link === back) continue;
        const target = this.follow(from, link);
        if (target === undefined || target === 0n || from.address === undefined) continue;
        const next = Value.at(link.target, this.memory, target);
        if (this.follow(next, back) !== from.address) return false;
        agreed++;
        queue.push(next);
      }
    }
    return agreed > 0;
  }
}
