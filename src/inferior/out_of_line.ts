/**
 * Makes slots (slots.ts): finds room for a page near the code, lets the program map it, and writes the copy of an instruction and the jump back there.
 * Only code of mapped files is copied: what a program writes itself it may rewrite, behind the back of a copy.
 */
import type { Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { Signal } from '../linux/constants.js';
import { readMaps } from '../linux/proc.js';
import { signalInfoSize } from '../linux/siginfo.js';
import { native } from '../native.js';
import { longestInstruction } from './disassemble.js';
import { failed, injectSyscall, type Injected } from './inject.js';
import { jumpTo, relocated } from './relocate.js';
import { pageSize, slotSize, type Slot } from './slots.js';
import type { Thread } from './thread.js';

const mmapNumber = 9;
const munmapNumber = 11;
/** PROT_READ | PROT_EXEC; MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE (mmap(2)). */
const protection = 5n;
const flags = 0x100022n;
const noFile = -1n;
/** si_addr: the third word of siginfo_t. */
const faultAddress = 2;

/** A relative jump reaches 2 GB; what an instruction addresses lies in its own file, on the far side perhaps. */
const reach = 1n << 30n;
/** Lower addresses are refused (/proc/sys/vm/mmap_min_addr). */
const lowestPage = 0x10000n;
/** Distances from the file at which room is looked for: far enough not to be in the way of what the program will map next to it. */
const distances = [1n << 28n, 1n << 26n, 1n << 24n, 1n << 20n, 1n << 16n];

const isNear = (a: Address, b: Address): boolean => (a > b ? a - b : b - a) < reach;

/** A free page near a file; not right below the stack, which grows. */
const roomNear = (pid: number, low: Address, high: Address): Address | undefined => {
  const maps = readMaps(pid) ?? [];
  const page = BigInt(pageSize);
  const isFree = (at: Address): boolean =>
    at >= lowestPage && isNear(at, low) && isNear(at, high) && !maps.some(({ start, end }) => start < at + page && end > at);
  const candidates = distances.flatMap((distance) => [low - distance, high + distance]).map((at) => at - (at % page));
  return candidates.find(isFree);
};

/** Why there is no slot now: `none` - never for this instruction or not now; or the thread died of making room. */
export type NoSlot = 'none' | Exclude<Injected, { readonly result: bigint } | 'refused'>;

const makePage = (thread: Thread, low: Address, high: Address): NoSlot | undefined => {
  const { space, pid } = thread.process;
  const at = roomNear(pid, low, high);
  if (at === undefined) return 'none';
  const made = injectSyscall(thread, mmapNumber, [at, BigInt(pageSize), protection, flags, noFile, 0n]);
  if (made === 'refused') return 'none';
  if ('ended' in made) return made;
  // A kernel before 4.17 knows no MAP_FIXED_NOREPLACE and may choose another place.
  const place = BigInt.asUintN(64, made.result);
  if (failed(made.result) || !isNear(place, low)) return 'none';
  space.slots.addPage(place);
  return undefined;
};

/** The slot of the instruction at which a stopped thread stands, made when there is none yet. */
export const slotOf = (thread: Thread): Slot | NoSlot => {
  const { pc: original, process } = thread;
  const { space } = process;
  const known = space.slots.of(original);
  if (known) return known === 'impossible' ? 'none' : known;
  const image = process.images.imageAt(original);
  if (!image) return 'none';
  const near = (place: Address): boolean => isNear(place, image.low) && isNear(place, image.high);
  // Whether it can be moved at all is asked first: a page is for good.
  const bytes = space.readAvailable(original, longestInstruction);
  if (!relocated(bytes, original, original)) {
    space.slots.refuse(original);
    return 'none';
  }
  const trouble = space.slots.free(near) === undefined ? makePage(thread, image.low, image.high) : undefined;
  const address = space.slots.free(near);
  if (trouble !== undefined || address === undefined) {
    space.slots.refuse(original);
    return trouble ?? 'none';
  }
  const moved = relocated(bytes, original, address);
  const back = moved?.leaves ? new Uint8Array(0) : moved && jumpTo(address + BigInt(moved.bytes.length), original + BigInt(moved.length));
  if (!moved || !back || moved.bytes.length + back.length > slotSize) {
    space.slots.refuse(original);
    return 'none';
  }
  try {
    space.writeRaw(address, Uint8Array.of(...moved.bytes, ...back));
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
    return 'none';
  }
  const slot = { address, original, length: moved.length, copied: moved.bytes.length };
  space.slots.add(slot);
  return slot;
};

/** A fault of a copied instruction names the copy's address (siginfo_t, si_addr); a handler must read the original's. */
export const correctSignalInfo = ({ tid, process }: Thread, signal: number): void => {
  if (signal !== Signal.SIGILL && signal !== Signal.SIGFPE) return;
  const info = new BigUint64Array(signalInfoSize / 8);
  const bytes = new Uint8Array(info.buffer);
  if (native.getSignalInfo(tid, bytes) < 0) return;
  const { slots, probes } = process.space;
  const original = slots.original(info[faultAddress])?.pc ?? probes.original(info[faultAddress]);
  if (original === undefined) return;
  info[faultAddress] = original;
  native.setSignalInfo(tid, bytes);
};

/** Takes the pages out of a program that is let go; one of its threads, all of which stand outside of them, does it. */
export const removePages = (thread: Thread): void => {
  const { slots, probes, counters } = thread.process.space;
  const ranges = [...slots.pages.map((low) => ({ low, high: low + BigInt(pageSize) })), ...probes.pages, ...(counters ? [counters] : [])];
  for (const { low, high } of ranges) {
    const done = injectSyscall(thread, munmapNumber, [low, high - low]);
    if (done === 'refused' || 'ended' in done) return;
  }
};
