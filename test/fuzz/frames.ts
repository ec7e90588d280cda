/** Damaged call-frame information and expressions: every question the unwinder asks of them must be answered, and soon. */
import { fileAddress } from '../../src/common/addresses.js';
import { DeetError } from '../../src/common/errors.js';
import { CallFrames } from '../../src/dwarf/cfi.js';
import { FrameEntries, type FrameEntry } from '../../src/dwarf/cfi-entries.js';
import { visitRows } from '../../src/dwarf/cfi-program.js';
import type { CallFrameSource, FrameContext, UnitContext } from '../../src/dwarf/location.js';
import { evaluate } from '../../src/dwarf/machine.js';
import { processorTime, seededRandom, type Random } from './mutate.js';

/** Memory of every address and registers with every value, as a damaged program would have them. */
const contextOf = (random: Random): FrameContext => ({
  memory: {
    read: (_, length) => {
      if (random(4) === 0) throw new DeetError('memory', 'Cannot access memory');
      return Uint8Array.from({ length }, () => random(256));
    },
  },
  register: (number) => (number > 16 ? undefined : BigInt(random(2 ** 31)) << BigInt(random(34))),
  wideRegister: () => Uint8Array.from({ length: 16 }, () => random(256)),
  bias: 0x5555_5555_4000n,
  listAddress: 0x1000,
  frameBase: () => 0x7fff_ffff_0000n,
  cfa: () => 0x7fff_ffff_0000n,
  tlsAddress: (offset) => offset,
  entryValue: (expression) => (expression.length > 1 ? undefined : 1n),
  objectAddress: 1n,
});

/** A unit whose expressions call themselves. */
const unitOf = (expression: Uint8Array): UnitContext => ({
  addressSize: 8,
  version: 5,
  offsetSize: 4,
  addressAt: fileAddress,
  baseType: (offset) => ({ name: 'T', size: offset % 20, encoding: (['signed', 'unsigned', 'float'] as const)[offset % 3] }),
  objectAt: () => undefined,
  expressionOf: () => expression,
  locationList: () => [],
});

const damageSome = (bytes: Uint8Array, random: Random): Uint8Array => {
  const damaged = bytes.slice(0, random(8) === 0 ? random(bytes.length) : bytes.length);
  for (let n = random(40); n > 0 && damaged.length > 0; n--)
    damaged[random(damaged.length)] = [0, 0xff, 0x7f, 0x80, random(256), random(256)][random(6)];
  return damaged;
};

const rows = (entry: FrameEntry, random: Random): void => {
  try {
    visitRows(entry, ({ cfa, registers }) => {
      for (const rule of [cfa, ...registers.values()])
        if ('expression' in rule) evaluate(damageSome(rule.expression, random), undefined, contextOf(random), [8n]);
      return true;
    });
  } catch (error) {
    if (!(error instanceof DeetError)) throw error;
  }
};

/** Of computing, for one file's worth of damage. */
const LIMIT_MS = 5000;

/** Damages the tables of `source` as `seed` says and asks for everything. @throws Error that names the seed */
export const attackFrames = (source: CallFrameSource, seed: number): void => {
  const random = seededRandom(seed);
  const start = processorTime();
  const placed = <T extends { readonly bytes: Uint8Array }>(part: T | undefined): T | undefined =>
    part && { ...part, bytes: random(3) === 0 ? part.bytes : damageSome(part.bytes, random) };
  const damaged: CallFrameSource = {
    ...source,
    ehFrame: placed(source.ehFrame),
    ehFrameHeader: random(4) === 0 ? undefined : placed(source.ehFrameHeader),
    debugFrame: placed(source.debugFrame),
  };
  try {
    const frames = new CallFrames(damaged);
    for (const entries of FrameEntries.of(damaged))
      for (const entry of entries.frames()) {
        rows(entry, random);
        for (const address of [entry.low, entry.high - 1, entry.high]) frames.rowAt(address);
      }
    const expression = Uint8Array.from({ length: random(60) }, () => (random(3) === 0 ? random(256) : 0x03 + random(0xa7)));
    evaluate(expression, unitOf(expression), contextOf(random));
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, { cause: error });
  }
  const spent = processorTime() - start;
  if (spent > LIMIT_MS) throw new Error(`seed ${seed}: took ${Math.round(spent)} ms`);
};
