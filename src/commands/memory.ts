/** `find`, `dump` and `restore`: memory in bulk. */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import * as c from '../language/c-types.js';
import type { EvaluationContext } from '../language/context.js';
import { symbolicAddress } from '../language/format-letter.js';
import type { Memory } from '../language/place.js';
import { asArray, strip } from '../language/types.js';
import { Value } from '../language/value.js';
import { kernelError } from '../linux/errors.js';
import type { Session } from '../session/session.js';
import { splitCommas, Words } from './arguments.js';
import type { Command } from './command.js';
import { message, type Result } from './results.js';

/** Read at a time while searching. */
const block = 1 << 20;
const unitSizes: Readonly<Record<string, number>> = { b: 1, h: 2, w: 4, g: 8 };

const littleEndian = (value: bigint, size: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes.slice(0, size);
};

/** The bytes that an expression stands for: a string with its final NUL, as in gdb; a number in the size asked for or its type's. */
const patternOf = (session: Session, text: string, unit: number | undefined): Uint8Array => {
  const value = session.values.now(text);
  const bytes = value.bytes();
  // Without a type of one's own a number is as wide as an int (a character: a byte).
  if (asArray(strip(value.type)) || unit === undefined) return bytes;
  const padded = new Uint8Array(8);
  padded.set(bytes.subarray(0, 8));
  return littleEndian(new DataView(padded.buffer).getBigUint64(0, true), unit);
};

const indexOf = (bytes: Uint8Array, pattern: Uint8Array, from: number): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(pattern, from);

/** Addresses in [start, start + length) where the pattern begins. */
function* search(session: Session, start: Address, length: number, pattern: Uint8Array): Generator<Address> {
  const { memory } = session.context();
  for (let at = 0; at + pattern.length <= length; at += block) {
    const size = Math.min(block + pattern.length - 1, length - at);
    const { bytes, all } = readable(memory, start + BigInt(at), size);
    if (!all) session.announce(`Unable to access ${size} bytes of target memory at ${hex(start + BigInt(at))}, halting search.`, 'warning');
    for (let index = indexOf(bytes, pattern, 0); index >= 0 && index < block; index = indexOf(bytes, pattern, index + 1))
      yield start + BigInt(at + index);
    if (!all) return;
  }
}

/** As much from the start of a range as can be read. */
const readable = (memory: Memory, start: Address, length: number): { readonly bytes: Uint8Array; readonly all: boolean } => {
  const attempt = (from: number, wanted: number): Uint8Array | undefined => {
    try {
      return memory.read(start + BigInt(from), wanted);
    } catch (error) {
      if (error instanceof DeetError) return undefined;
      throw error;
    }
  };
  const whole = attempt(0, length);
  if (whole) return { bytes: whole, all: true };
  const pages: Uint8Array[] = [];
  for (let done = 0; done < length;) {
    const page = attempt(done, Math.min(4096 - Number((start + BigInt(done)) & 0xfffn), length - done));
    if (!page) break;
    pages.push(page);
    done += page.length;
  }
  return { bytes: Buffer.concat(pages), all: false };
};

const find: Command = {
  name: 'find',
  group: 'look',
  usage: '[/SIZE][MAX] START, +LENGTH | END, VALUE...',
  about: 'Search memory for a sequence of values; the last place found is $_.',
  completes: ['expression'],
  run: ({ session, text }): Result => {
    const options = /^\/(\w+)\s+/.exec(text);
    const letters = options?.[1] ?? '';
    const unit = Array.from(letters)
      .map((letter) => unitSizes[letter])
      .find((size) => size !== undefined);
    const most = Number(/\d+/.exec(letters)?.[0] ?? Infinity);
    const [from = '', to = '', ...values] = splitCommas(text.slice(options?.[0].length ?? 0)).map((part) => part.trim());
    if (values.length === 0) throw new DeetError('usage', 'find needs a start, a length or end, and values.', 'find &buffer, +100, "text"');
    const start = session.values.address(from);
    if (to === '') throw new DeetError('usage', 'Missing search parameters.', 'find &buffer, +100, "text"');
    const length = to.startsWith('+') ? Number(session.values.address(to.slice(1))) : Number(session.values.address(to) - start) + 1;
    const parts = values.map((value) => patternOf(session, value, unit));
    const pattern = Uint8Array.from(parts.flatMap((part) => [...part]));
    const found: Address[] = [];
    for (const address of search(session, start, length, pattern)) {
      found.push(address);
      if (found.length >= most) break;
    }
    const { variables } = session.values;
    variables.set('numfound', Value.integer(c.INT, BigInt(found.length)));
    const last = found.at(-1);
    if (last === undefined) return message('Pattern not found.');
    variables.set('_', Value.integer(c.VOID_POINTER, last));
    const context = session.context();
    return message(
      [...found.map((address) => symbolicAddress(address, context)), `${found.length} pattern${found.length === 1 ? '' : 's'} found.`].join(
        '\n',
      ),
    );
  },
};

const reasonOf = (error: Error & { code?: unknown }): string =>
  kernelError(Math.abs(Number('errno' in error ? error.errno : 0)))?.text ?? String(error.code);

/** @throws DeetError with the system's reason */
const withFile = <T>(path: string, use: () => T): T => {
  try {
    return use();
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'syscall' in error) throw new DeetError('file', `${path}: ${reasonOf(error)}.`);
    throw error;
  }
};

/** Only bytes as they are: gdb's other formats are for flashing boards. @throws DeetError `unsupported` */
const takeFormat = (words: Words): void => {
  for (const name of ['ihex', 'srec', 'tekhex', 'verilog'])
    if (words.take(name, 3))
      throw new DeetError(
        'unsupported',
        `The format ${name} is not supported.`,
        'Write it as "binary" and convert it: objcopy -I binary -O ihex IN OUT',
      );
  words.take('binary', 3);
};

/** Block by block: what is written may be larger than our memory. @throws DeetError */
const writeBlocks = (path: string, flags: 'w' | 'a', { memory }: EvaluationContext, start: Address, length: number): void => {
  // Nothing is made of what cannot be read at all.
  memory.read(start, Math.min(length, 1));
  withFile(path, () => {
    const file = openSync(path, flags);
    try {
      for (let at = 0; at < length; at += block) writeWhole(file, memory.read(start + BigInt(at), Math.min(block, length - at)));
    } finally {
      closeSync(file);
    }
  });
};

const writeWhole = (file: number, bytes: Uint8Array): void => {
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
};

const writing = (name: 'dump' | 'append', flags: 'w' | 'a'): Command => ({
  name,
  group: 'look',
  usage: '[binary] memory FILE START END | value FILE EXPRESSION',
  about: name === 'dump' ? 'Write memory, or a value, to a file as it is.' : 'As dump, to the end of a file.',
  completes: ['file', 'expression'],
  run: ({ session, text }): Result | undefined => {
    const words = new Words(text);
    takeFormat(words);
    const what = words.next();
    const file = words.next();
    const context = session.context();
    if (what === 'value') {
      const value = session.values.now(words.rest);
      if (value.address !== undefined && !value.bits) writeBlocks(file, flags, context, value.address, value.size);
      else writeBytes(file, flags, value.bytes());
      return undefined;
    }
    const [start = '', end = ''] = words.rest.trim().split(/[\s,]+/);
    if (what !== 'memory' || end === '') throw new DeetError('usage', `What shall be written?`, `${name} memory FILE START END`);
    const from = session.values.address(start);
    const length = Number(session.values.address(end) - from);
    if (length < 0) throw new DeetError('usage', 'The end lies before the start.');
    writeBlocks(file, flags, context, from, length);
    return undefined;
  },
});

const writeBytes = (path: string, flag: 'w' | 'a', bytes: Uint8Array): void => {
  withFile(path, () => {
    writeFileSync(path, bytes, { flag });
  });
};

const dump = writing('dump', 'w');
const append = writing('append', 'a');

const restore: Command = {
  name: 'restore',
  group: 'look',
  usage: 'FILE binary ADDRESS [FROM [TO]]',
  about: 'Read memory from a file that dump has written; FROM and TO are offsets in the file.',
  completes: ['file', 'expression'],
  run: ({ session, text }): Result => {
    const words = new Words(text);
    const file = words.next();
    takeFormat(words);
    const [target = '', from, to] = words.rest.trim().split(/[\s,]+/);
    if (file === '' || target === '') throw new DeetError('usage', 'From which file, and where to?', 'restore FILE binary ADDRESS');
    const all = withFile(file, () => readFileSync(file));
    const number = (each: string | undefined, otherwise: number): number =>
      each === undefined ? otherwise : Number(session.values.address(each));
    const bytes = all.subarray(number(from, 0), number(to, all.length));
    // As in gdb: what comes from further on in the file goes further on in memory, too.
    const address = session.values.address(target) + BigInt(number(from, 0));
    session.context().memory.write(address, bytes);
    return message(`${bytes.length} bytes written at ${hex(address)}.`);
  },
};

export const memoryCommands: readonly Command[] = [find, dump, append, restore];
