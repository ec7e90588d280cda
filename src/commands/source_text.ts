/** The text of a source file, of which only the lines that somebody asks for become strings: a generated file may have 250,000. */

const newline = 0x0a;
const carriageReturn = 0x0d;

export class SourceText {
  /** Where each line begins, and where the text ends. */
  readonly #starts: readonly number[];

  /** @param bytes UTF-8; lines end as those of Unix or of DOS */
  constructor(private readonly bytes: Buffer) {
    const starts = [0];
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) starts.push(at + 1);
    if (starts.at(-1) !== bytes.length) starts.push(bytes.length + 1);
    this.#starts = starts;
  }

  /** Lines. */
  get length(): number {
    return this.#starts.length - 1;
  }

  /** In bytes. */
  get size(): number {
    return this.bytes.length;
  }

  /** @param number from 1 */
  line(number: number): string | undefined {
    const start = this.#starts[number - 1];
    const next = this.#starts[number];
    if (start === undefined || next === undefined) return undefined;
    const end = next - 1;
    return this.bytes.toString('utf8', start, end > start && this.bytes[end - 1] === carriageReturn ? end - 1 : end);
  }

  /** Of two numbers from 1, both included, as far as there are such lines. */
  lines(first = 1, last = this.length): string[] {
    const from = Math.max(1, first);
    return Array.from({ length: Math.max(0, Math.min(last, this.length) - from + 1) }, (_, index) => this.line(from + index) ?? '');
  }
}
