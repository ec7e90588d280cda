/** Makes a probe (probes.ts): chooses a place, lets the program map it, and writes the check, the copies and the jump back there. */
import { DeetError } from '../common/errors.js';
import type { Address } from '../common/addresses.js';
import { jumpDistance } from './assembler.js';
import { CounterPage } from './counters.js';
import { failed, injectSyscall } from './inject.js';
import { assembleCheck, type CheckCode, type ProbeCondition } from './probe_code.js';
import { copied, placesFor, replacedAt, trapBytes, type Place, type Replaced } from './probe_place.js';
import { jumpSize, type Counter, type Probe, type ProbeTest } from './probes.js';
import { jumpTo } from './relocate.js';
import type { Thread } from './thread.js';

const mmapNumber = 9;
/** PROT_READ | PROT_EXEC; MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE (mmap(2)). */
const protection = 5n;
const flags = 0x100022n;
const noFile = -1n;
/** A moved instruction is longer than the original by at most this. */
const growth = 13;
/** Places that the kernel may refuse before this is given up. */
const mostAttempts = 8;

/** `forever`: it will be no better another time. */
export interface NoProbe {
  readonly why: string;
  readonly forever: boolean;
}

interface Moved {
  readonly bytes: readonly number[];
  readonly copies: Probe['copies'];
}

/** The replaced instructions as they are at another address, and the jump back. Undefined: something is out of reach. */
const movedTo = (from: Address, { bytes, offsets }: Replaced, to: Address): Moved | undefined => {
  const all: number[] = [];
  const copies: Probe['copies'][number][] = [];
  for (const offset of offsets) {
    const address = to + BigInt(all.length);
    const moved = copied(bytes.subarray(offset), from + BigInt(offset), address);
    if (!moved) return undefined;
    const original = from + BigInt(offset);
    copies.push({ original, address });
    for (const at of moved.pushed ?? []) copies.push({ original, address: address + BigInt(at), pushed: true });
    all.push(...moved.bytes);
  }
  const back = jumpTo(to + BigInt(all.length), from + BigInt(bytes.length));
  return back && { bytes: [...all, ...back], copies };
};

const makeProbe = (
  from: Address,
  replaced: Replaced,
  check: CheckCode,
  at: Address,
  rest: Pick<Probe, 'conditions' | 'counter' | 'tally'>,
) => {
  const moved = movedTo(from, replaced, at + BigInt(check.bytes.length));
  const jump = jumpTo(from, at);
  if (!moved || !jump || jumpDistance(from, at) === undefined) return undefined;
  const isHarmless = replaced.offsets.every((offset) => offset === 0 || offset >= jumpSize || trapBytes.includes(jump[offset]));
  if (!isHarmless) return undefined;
  const code = Uint8Array.of(...check.bytes, ...moved.bytes);
  const high = at + BigInt(code.length);
  const end = high - BigInt(jumpSize);
  const probe: Probe = { address: from, original: replaced.bytes, jump, low: at, high, check, copies: moved.copies, end, ...rest };
  return { probe, code };
};

const map = (thread: Thread, { page }: Place): boolean => {
  if (!page) return true;
  const made = injectSyscall(thread, mmapNumber, [page.low, page.high - page.low, protection, flags, noFile, 0n]);
  if (made === 'refused' || 'ended' in made || failed(made.result)) return false;
  const low = BigInt.asUintN(64, made.result);
  thread.process.space.probes.pages.push({ low, high: low + page.high - page.low });
  // A kernel before 4.17 knows no MAP_FIXED_NOREPLACE and may choose another place.
  return low === page.low;
};

const conditionsOf = (tests: readonly ProbeTest[]): ProbeCondition[] | undefined => {
  const conditions = tests.flatMap(({ condition }) => (condition ? [condition] : []));
  return conditions.length === tests.length ? conditions : undefined;
};

const newCounter = (thread: Thread): Counter | undefined => {
  const { space } = thread.process;
  space.counters ??= CounterPage.make(thread);
  return space.counters?.next();
};

const counterFor = (thread: Thread, address: Address): Counter | undefined => {
  const { space } = thread.process;
  const known = space.probes.at(address)?.counter;
  return known ?? newCounter(thread);
};

/**
 * @param thread does for deet what only the program can do; all threads of its memory stand
 * @param tests of the site's owners
 */
export const buildProbe = (thread: Thread, address: Address, tests: readonly ProbeTest[]): Probe | NoProbe => {
  const { process } = thread;
  const { space } = process;
  const loaded = process.images.imageAt(address);
  if (!loaded) return { why: 'its code belongs to no file', forever: true };
  const replaced = replacedAt(process, loaded, address);
  if (typeof replaced === 'string') return { why: replaced, forever: true };
  const tally = replaced.entered ? (space.probes.at(address)?.tally ?? newCounter(thread)) : undefined;
  if (replaced.entered && !tally) return { why: 'a jump leads right behind it', forever: true };
  const counts = tests.some(({ ignore }) => ignore > 0);
  const counter = counts ? counterFor(thread, address) : undefined;
  if (counts && !counter) return { why: 'the program cannot be given memory for it', forever: true };
  // One that always matters makes the others' conditions idle.
  const check = assembleCheck(address, conditionsOf(tests) ?? [], counter?.cell, tally?.cell);
  const size = check.bytes.length + replaced.bytes.length + replaced.offsets.length * growth + jumpSize;
  const old = space.probes.at(address);
  if (old) space.probes.retire(old);
  const taken = [...space.probes.all()];
  let attempts = 0;
  for (const place of placesFor(process.pid, address, replaced, size, space.probes.pages, taken)) {
    const conditions = tests.map(({ condition }) => condition);
    const made = makeProbe(address, replaced, check, place.address, { conditions, counter, tally });
    if (!made) continue;
    if (++attempts > mostAttempts) break;
    if (!map(thread, place)) continue;
    try {
      space.writeRaw(place.address, made.code);
    } catch (error) {
      if (!(error instanceof DeetError)) throw error;
      continue;
    }
    space.probes.add(made.probe);
    return made.probe;
  }
  return { why: 'there is no room for it near its code', forever: true };
};
