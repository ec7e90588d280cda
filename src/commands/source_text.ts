/** The text of a source file, of which only the lines that somebody asks for become strings: a generated file may have 250,000. */

const newline = 0x0a;
const carriageReturn = 0x0d;

/** Where each line begins, and where one behind the last would. */
const lineStarts = (bytes: Uint8Array): Uint32Array => {
  let count = 1;
  for (const byte of bytes) if (byte === newline) count++;
  const endsOpen = bytes.length > 0 && bytes.at(-1) !== newline;
  const starts = new Uint32Array(count + (endsOpen ? 1 : 0));
  let line = 1;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === newline) starts[line++] = at + 1;
  if (endsOpen) starts[line] = bytes.length + 1;
  return starts;
};

export class SourceText {
  readonly #starts: Uint32Array;

  /** @param bytes UTF-8; lines end as those of Unix or of DOS */
  constructor(private readonly bytes: Buffer) {
    this.#starts = lineStarts(bytes);
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
    const ofDos = end > start && end < this.bytes.length && this.bytes[end - 1] === carriageReturn;
    return this.bytes.toString('utf8', start, ofDos ? end - 1 : end);
  }

  /** Of two numbers from 1, both included, as far as there are such lines. */
  lines(first = 1, last = this.length): string[] {
    const from = Math.max(1, first);
    return Array.from({ length: Math.max(0, Math.min(last, this.length) - from + 1) }, (_, index) => this.line(from + index) ?? '');
  }
}
