/** The Debug Adapter Protocol on the wire: `Content-Length: N`, an empty line, N bytes of JSON (the specification's "Base Protocol"). */

/** No message of any client is larger; a length beyond it is damage. */
const largest = 64 * 1024 * 1024;
const longestHeader = 64 * 1024;

const separator = Buffer.from('\r\n\r\n');

/** A message as it came, or what was wrong with it. */
export type Incoming = { readonly json: unknown } | { readonly damage: string; readonly fatal: boolean };

export const encode = (message: object): string => {
  const body = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
};

/** Cuts a stream of bytes, however it arrives, into messages. */
export class Deframer {
  #chunks: Buffer[] = [];
  #size = 0;
  /** Of the message whose header has been read. */
  #length: number | undefined;

  *push(bytes: Buffer): Generator<Incoming> {
    this.#chunks.push(bytes);
    this.#size += bytes.length;
    for (;;) {
      if (this.#length === undefined) {
        const found = this.#header();
        if (found === undefined) return;
        if (typeof found === 'number') this.#length = found;
        else {
          yield found;
          if (found.fatal) return;
          this.#length = found.length;
          continue;
        }
      }
      if (this.#size < this.#length) return;
      const body = this.#take(this.#length);
      this.#length = undefined;
      yield parse(body);
    }
  }

  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  #take(count: number): Buffer {
    const all = this.#joined();
    this.#chunks = [all.subarray(count)];
    this.#size = all.length - count;
    return all.subarray(0, count);
  }

  /** The length that a header gives; what is wrong with it, and the length that it gives even so; or undefined while it is not complete. */
  #header(): number | (Extract<Incoming, { damage: string }> & { readonly length?: number }) | undefined {
    const end = this.#joined().indexOf(separator);
    if (end < 0) return this.#size > longestHeader ? { damage: 'a header without an end', fatal: true } : undefined;
    const text = this.#take(end + separator.length).toString('latin1', 0, end);
    const length = /(?:^|\r\n)content-length[ \t]*:[ \t]*(\d+)[ \t]*(?:\r\n|$)/i.exec(text)?.[1];
    if (length === undefined) {
      // A message that was longer than it said ends in front of the next one's header.
      const behind = /content-length[ \t]*:[ \t]*(\d+)[ \t]*$/i.exec(text)?.[1];
      if (behind === undefined || Number(behind) > largest) return { damage: 'a header without Content-Length', fatal: false };
      return { damage: 'more than it said', fatal: false, length: Number(behind) };
    }
    return Number(length) > largest ? { damage: `a message of ${length} bytes`, fatal: true } : Number(length);
  }
}

const parse = (body: Buffer): Incoming => {
  try {
    return { json: JSON.parse(body.toString('utf8')) as unknown };
  } catch (error) {
    return { damage: `a message that is not JSON: ${error instanceof Error ? error.message : ''}`, fatal: false };
  }
};
