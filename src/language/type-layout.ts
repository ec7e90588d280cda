/** The left column of `ptype/o`: offset, size, holes and padding, in bits where they are no whole bytes. */
import type { Member, StructType } from '../symbols/types.js';
import { sizeOf } from './types.js';

interface Level {
  /** First bit of the struct in the outermost one. */
  readonly start: number;
  /** First bit behind the last member, from the struct's start. */
  end: number;
}

export class LayoutColumn {
  static readonly width = 27;
  readonly #levels: Level[] = [];

  /** @param hexadecimal `ptype/ox` */
  constructor(private readonly hexadecimal = false) {}

  #start = 0;
  readonly #starts: number[] = [];

  /** Base classes come first, and are no hole. */
  open(type: StructType): void {
    const bases = type.members().filter((member) => member.isBase && !member.virtualBase);
    const end = bases.reduce((most, base) => Math.max(most, (base.offset + (sizeOf(base.type) ?? 0)) * 8), 0);
    this.#levels.push({ start: this.#start, end });
  }

  /** Before a member's own body; one that is only pointed to, or an element of an array, counts from its own beginning. */
  descend(type: StructType, member: Member, embedded: boolean): void {
    this.#starts.push(this.#start);
    if (!embedded) this.#start = 0;
    else if (type.kind !== 'union') this.#start += member.offset * 8;
  }

  ascend(): void {
    this.#start = this.#starts.pop() ?? 0;
  }

  /** The hole in front of a member, line by line, and last the member's own column. */
  member(type: StructType, member: Member): string[] {
    const level = this.#levels.at(-1);
    if (!level) return [];
    const size = sizeOf(member.type) ?? 0;
    if (type.kind === 'union') return [`/* ${this.#number(size, 21, 4)} */`];
    const bit = member.offset * 8 + (member.bitOffset ?? 0);
    // What comes first is behind a pointer to the virtual table, which is no hole.
    const lines = level.end === 0 ? [] : hole(bit - level.end, 'hole');
    level.end = bit + (member.bitSize ?? size * 8);
    const at = level.start + bit;
    const byte = this.#number(Math.floor(at / 8), 6, 4);
    const bits = this.hexadecimal ? ` 0x${(at % 8).toString(16)} ` : `${(at % 8).toString().padStart(2)}   `;
    const place = member.bitSize === undefined ? `${byte}      ` : `${byte}:${bits}`;
    return [...lines, `/* ${place}|${this.#number(size, 8, 4)} */`];
  }

  #number(value: number, width: number, digits: number): string {
    return (this.hexadecimal ? `0x${value.toString(16).padStart(digits, '0')}` : value.toString()).padStart(width);
  }

  /** Padding at the end, and the total; neither for what is written out only because it has no name (an array of such structs). */
  close(type: StructType, indent: number, isShown: boolean): string[] {
    const level = this.#levels.pop();
    if (!isShown) return [];
    const size = type.size ?? 0;
    const padding = level && type.kind !== 'union' ? hole(size * 8 - level.end, 'padding') : [];
    const empty = type.members().every((member) => member.staticVariable !== undefined);
    const total = `${' '.repeat(LayoutColumn.width + indent + 4)}/* total size (bytes): ${size.toString().padStart(4)} */`;
    return [...(empty ? [] : padding), '', total];
  }
}

function hole(bits: number, what: 'hole' | 'padding'): string[] {
  if (bits <= 0) return [];
  const lines: string[] = [];
  const name = what.padEnd(7);
  if (bits % 8 > 0) lines.push(`/* XXX ${(bits % 8).toString().padStart(2)}-bit ${name}    */`);
  if (bits >= 8)
    lines.push(
      `/* XXX ${Math.floor(bits / 8)
        .toString()
        .padStart(2)}-byte ${name}   */`,
    );
  return lines;
}
