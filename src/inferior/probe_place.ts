/** Where a probe can be: which instructions its jump replaces, and where in memory its code goes so that the jump's distance is harmless in itself. */
import { fileAddress, type Address } from '../common/addresses.js';
import { readMaps, type Mapping } from '../linux/proc.js';
import { jumpDistance } from './assembler.js';
import { decodeInstruction, directTargets, longestInstruction } from './disassemble.js';
import type { MappedImage } from './images.js';
import { jumpSize, type ProbePage } from './probes.js';
import type { Process } from './process.js';
import { movedCall, relocated, type Moved } from './relocate.js';

/** Larger functions are not searched for jumps. */
const largestFunction = 1 << 18;

export interface Replaced {
  readonly bytes: Uint8Array;
  /** Where its instructions begin, from 0. */
  readonly offsets: readonly number[];
  /** The function's own code jumps to one of the others. */
  readonly entered: boolean;
}

/** A single `ret` does the same wherever it stands, but nothing may follow it. */
const isReturn = (bytes: Uint8Array): boolean => bytes[0] === 0xc3;

/** One instruction of a probe's copies. */
export const copied = (bytes: Uint8Array, from: Address, to: Address): Moved | undefined =>
  isReturn(bytes) ? { bytes: bytes.slice(0, 1), length: 1, leaves: true } : (movedCall(bytes, from, to) ?? relocated(bytes, from, to));

/** The function's code around an address, as it is in the file; empty when it is not known where it begins and ends. */
const functionRanges = ({ image, bias }: MappedImage, address: Address): readonly { readonly low: number; readonly high: number }[] => {
  const at = fileAddress(Number(address - bias));
  const fn = image.functionAt(at);
  if (fn) return fn.ranges;
  const symbol = image.symbolAt(at);
  return symbol && symbol.size > 0 ? [{ low: symbol.address, high: symbol.address + symbol.size }] : [];
};

/** The instructions that a jump at the address replaces, or why it cannot, in words. */
export const replacedAt = (process: Process, loaded: MappedImage, address: Address): Replaced | string => {
  const { space } = process;
  const ranges = functionRanges(loaded, address);
  const end = ranges.map(({ high }) => BigInt(high) + loaded.bias).find((high) => high > address) ?? 0n;
  const size = ranges.reduce((sum, { low, high }) => sum + high - low, 0);
  if (size === 0) return 'the bounds of its function are not known';
  if (size > largestFunction) return 'its function is too large to be searched for jumps';
  const bytes = space.readAvailable(address, jumpSize + longestInstruction);
  const offsets: number[] = [];
  let length = 0;
  while (length < jumpSize) {
    const at = address + BigInt(length);
    const instruction = decodeInstruction(bytes.subarray(length), at);
    const moved = instruction && copied(bytes.subarray(length), at, at);
    if (!moved) return 'an instruction there cannot be moved';
    offsets.push(length);
    length += moved.length;
    if (moved.leaves && length < jumpSize) return 'there are too few bytes before its code goes elsewhere';
  }
  if (address + BigInt(length) > end) return 'its function ends too soon behind it';
  for (const site of space.sites.all())
    if (site.address > address && site.address < address + BigInt(length)) return 'another breakpoint stands right behind it';
  const middle = ranges.flatMap(({ low, high }) => {
    const from = BigInt(low) + loaded.bias;
    const targets = directTargets(space.readAvailable(from, high - low), from);
    return targets.map((target) => Number(target - address)).filter((offset) => offset > 0 && offset < jumpSize);
  });
  if (middle.some((offset) => !offsets.includes(offset))) return 'a jump leads into the middle of an instruction';
  return { bytes: bytes.slice(0, length), offsets, entered: middle.length > 0 };
};

/** Bytes that are no instruction in 64-bit mode (Intel SDM volume 2, appendix A): SIGILL. */
const invalid = [0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x82, 0xce, 0xd6];
/** What an executed byte of a distance may be; int3 first. */
export const trapBytes: readonly number[] = [0xcc, ...invalid];

const lowestAddress = 0x10000n;
const highestAddress = 0x7fff_0000_0000n;
/** Room that is left to mappings on either side, and to a stack above. */
const margin = 1n << 16n;
const stackRoom = 1n << 27n;

/** Top bytes of distances, far ones first: 256 MB, 512 MB, 64 MB, 1 GB, 16 MB. */
const farBytes = [0xf0, 0x10, 0xe0, 0x20, 0xfc, 0x04, 0xc0, 0x3f, 0xd0, 0x30, 0xff, 0x01];
const someBytes = [0x00, 0x40, 0x80, 0xc0, 0x20, 0x60, 0xa0, 0xe0];

export interface Place {
  readonly address: Address;
  /** Has to be mapped first. */
  readonly page: ProbePage | undefined;
}

const overlaps = (low: Address, high: Address, other: { readonly low: Address; readonly high: Address }): boolean =>
  low < other.high && high > other.low;

const pageSize = 4096n;

/** Whether new pages can be there. */
const isFree = (maps: readonly Mapping[], low: Address, high: Address): boolean =>
  low >= lowestAddress &&
  high <= highestAddress &&
  !maps.some(({ start, end, path }) => overlaps(low, high, { low: start - (path === '[stack]' ? stackRoom : margin), high: end + margin }));

/**
 * Places for code of a size, such that the jump there has a trap where another replaced instruction begins.
 * @param taken ranges of probes that are there
 */
export function* placesFor(
  pid: number,
  from: Address,
  { offsets }: Replaced,
  size: number,
  pages: readonly ProbePage[],
  taken: readonly ProbePage[],
): Generator<Place> {
  const maps = readMaps(pid) ?? [];
  const choices = [0, 1, 2, 3].map((index) =>
    offsets.includes(index + 1) ? trapBytes : index === 3 ? farBytes : index === 2 ? someBytes : [0x00],
  );
  const own = (low: Address, high: Address): boolean => pages.some((page) => low >= page.low && high <= page.high);
  for (const top of choices[3]) {
    for (const third of choices[2]) {
      for (const second of choices[1]) {
        for (const first of choices[0]) {
          const distance = BigInt(new Int32Array([first | (second << 8) | (third << 16) | (top << 24)])[0]);
          const base = from + BigInt(jumpSize) + distance;
          // A free lowest byte puts it anywhere in the page, beside others.
          for (const address of offsets.includes(1) ? [base] : [base, ...steps(base, offsets.includes(2))]) {
            const high = address + BigInt(size);
            if (jumpDistance(from, address) === undefined || taken.some((range) => overlaps(address, high, range))) continue;
            if (own(address, high)) yield { address, page: undefined };
            else {
              const page = { low: address - (address % pageSize), high: high + ((pageSize - (high % pageSize)) % pageSize) };
              if (!isFree(maps, page.low, page.high)) continue;
              yield { address, page };
              break;
            }
          }
        }
      }
    }
  }
}

/** Other addresses with the same upper bytes of the distance: within 256 bytes, or 4096. */
const steps = (base: Address, narrow: boolean): Address[] =>
  Array.from({ length: narrow ? 7 : 15 }, (_, index) => base + BigInt((index + 1) * (narrow ? 32 : 256)));
