/**
 * Lines that belong together: the body of `commands`, `define`, `document`, `if` and `while`, up to the `end` that matches. Inner blocks stay
 * as they are in the body; whoever runs the body meets them again.
 */

/** Commands that are followed by a body. `text`: the body is no commands, so nothing in it opens another block. */
export type Block = 'commands' | 'text';

type Done = (lines: readonly string[]) => void | Promise<void>;

export class Blocks {
  #done: Done | undefined;
  #kind: Block = 'commands';
  #lines: string[] = [];
  #depth = 0;

  constructor(private readonly opens: (line: string) => Block | undefined) {}

  get open(): boolean {
    return this.#done !== undefined;
  }

  /** 1 inside a block, 2 inside a block of that... */
  get depth(): number {
    return this.#depth;
  }

  collect(done: Done, kind: Block = 'commands'): void {
    this.#done = done;
    this.#kind = kind;
    this.#lines = [];
    this.#depth = 1;
  }

  abandon(): void {
    this.#done = undefined;
    this.#lines = [];
    this.#depth = 0;
  }

  /** The next line of an open block; the last one runs what waits for the body. */
  async feed(line: string): Promise<void> {
    const text = line.trim();
    if (text === 'end') this.#depth--;
    else if (this.#kind === 'commands' && this.opens(text) !== undefined) this.#depth++;
    if (this.#depth > 0) {
      this.#lines.push(line);
      return;
    }
    const [done, lines] = [this.#done, this.#lines];
    this.abandon();
    await done?.(lines);
  }

  /** A body cut into single commands, each with the block that follows it. */
  static split(lines: readonly string[], opens: (line: string) => Block | undefined): string[][] {
    const groups: string[][] = [];
    let depth = 0;
    for (const line of lines) {
      if (depth === 0) groups.push([]);
      groups.at(-1)?.push(line);
      if (line.trim() === 'end') depth = Math.max(0, depth - 1);
      else if (opens(line) !== undefined) depth++;
    }
    return groups;
  }
}
