/** Searching sections for bytes, also where damaged offsets say to look. */
import { expect, it } from 'vitest';
import { AnyOf } from '../../src/symbols/byte-search.js';

const bytes = Buffer.from('main.c\0main.h\0');
const wanted = new AnyOf([Buffer.from('main.h\0'), Buffer.from('other.h\0')]);

it.each([
  [0, bytes.length, true],
  [7, bytes.length, true],
  [0, bytes.length - 1, false],
  [8, bytes.length, false],
  [0, 2 ** 53 - 1, true],
  [bytes.length, 2 ** 53 - 1, false],
  [2 ** 31, bytes.length, false],
  [2 ** 32 + 7, 2 ** 40, false],
])('of bytes from %d up to %d', (from, end, found) => expect(wanted.standsIn(bytes, from, end)).toBe(found));
