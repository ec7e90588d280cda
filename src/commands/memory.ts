/** `find`, `dump` and `restore`: memory in bulk. */
import { readFileSync, writeFileSync } from 'node:fs';
import { hex, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { asArray, strip } from '../language/types.js';
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

/** The bytes that an expression stands for; a string without its final NUL, a number in the size asked for or its type's. */
const patternOf = (session: Session, text: string, unit: number | undefined): Uint8Array => {
  const value = session.values.now(text);
  const bytes = value.bytes();
  if (asArray(strip(value.type)) && text.trim().startsWith('"')) return bytes.slice(0, bytes.length - 1);
  if (unit === undefined) return bytes;
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
    const bytes = memory.read(start + BigInt(at), size);
    for (let index = indexOf(bytes, pattern, 0); index >= 0 && index < block; index = indexOf(bytes, pattern, index + 1))
      yield start + BigInt(at + index);
  }
}

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
    const length = to.startsWith('+') ? Number(session.values.address(to.slice(1))) : Number(session.values.address(to) - start) + 1;
    const parts = values.map((value) => patternOf(session, value, unit));
    const pattern = Uint8Array.from(parts.flatMap((part) => [...part]));
    const found: Address[] = [];
    for (const address of search(session, start, length, pattern)) {
      found.push(address);
      if (found.length >= most) break;
    }
    if (found.length === 0) return message('Pattern not found.');
    return message([...found.map(hex), `${found.length} pattern${found.length === 1 ? '' : 's'} found.`].join('\n'));
  },
};

const dump: Command = {
  name: 'dump',
  group: 'look',
  usage: '[binary] memory FILE START END | value FILE EXPRESSION',
  about: 'Write memory, or a value, to a file as it is.',
  completes: ['file', 'expression'],
  run: ({ session, text }): Result | undefined => {
    const words = new Words(text);
    words.take('binary', 3);
    const what = words.next();
    const file = words.next();
    if (what === 'value') {
      const value = session.values.now(words.rest);
      writeFileSync(file, value.bytes());
      return undefined;
    }
    const [start = '', end = ''] = words.rest.trim().split(/[\s,]+/);
    if (what !== 'memory' || end === '') throw new DeetError('usage', 'What shall be written?', 'dump memory FILE START END');
    const from = session.values.address(start);
    const length = Number(session.values.address(end) - from);
    if (length < 0) throw new DeetError('usage', 'The end lies before the start.');
    writeFileSync(file, session.context().memory.read(from, length));
    return undefined;
  },
};

const restore: Command = {
  name: 'restore',
  group: 'look',
  usage: 'FILE binary ADDRESS',
  about: 'Read memory from a file that dump has written.',
  completes: ['file', 'expression'],
  run: ({ session, text }): Result => {
    const words = new Words(text);
    const file = words.next();
    words.take('binary', 3);
    const target = words.rest.trim();
    if (file === '' || target === '') throw new DeetError('usage', 'From which file, and where to?', 'restore FILE binary ADDRESS');
    const bytes = readFileSync(file);
    const address = session.values.address(target);
    session.context().memory.write(address, bytes);
    return message(`${bytes.length} bytes written at ${hex(address)}.`);
  },
};

export const memoryCommands: readonly Command[] = [find, dump, restore];
