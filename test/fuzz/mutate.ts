/** Seeded damage to ELF files: each seed is a file that can be made again. */

export type Random = (below: number) => number;

/** mulberry32: numbers from 0 to below `below`, the same for the same seed. */
export const seededRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
};

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)];

/** Values at which parsers go wrong. */
const extremes = (size: number, random: Random): bigint =>
  pick(random, [
    0n,
    1n,
    2n,
    7n,
    0x7fn,
    0x80n,
    0xffffn,
    0xffff_ffffn,
    1n << 31n,
    1n << 53n,
    1n << 63n,
    (1n << 64n) - 1n,
    BigInt(size),
    BigInt(size - 1),
    BigInt(random(size)),
    (BigInt(random(2 ** 31)) << 33n) | BigInt(random(2 ** 31)),
  ]);

const write = (bytes: Buffer, at: number, width: 1 | 2 | 4 | 8, value: bigint): void => {
  if (at + width > bytes.length) return;
  for (let i = 0; i < width; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
};

interface Table {
  readonly at: number;
  readonly count: number;
}

/** Where the tables of an undamaged file are. */
const tables = (bytes: Buffer): { programs: Table; sections: Table } => ({
  programs: { at: Number(bytes.readBigUInt64LE(32)), count: bytes.readUInt16LE(56) },
  sections: { at: Number(bytes.readBigUInt64LE(40)), count: bytes.readUInt16LE(60) },
});

/** Offset and width of the fields of a section header and of a program header. */
const SECTION_FIELDS = [[0, 4], [4, 4], [8, 8], [16, 8], [24, 8], [32, 8], [40, 4], [44, 4], [48, 8], [56, 8]] as const; // prettier-ignore
const PROGRAM_FIELDS = [[0, 4], [4, 4], [8, 8], [16, 8], [24, 8], [32, 8], [40, 8], [48, 8]] as const; // prettier-ignore

type Mutation = (bytes: Buffer, random: Random) => Buffer;

const mutations: readonly Mutation[] = [
  // The file header, behind what identifies it.
  (bytes, random) => {
    for (let n = 1 + random(3); n > 0; n--) bytes[6 + random(58)] = pick(random, [0, 1, 0x7f, 0x80, 0xff, random(256)]);
    return bytes;
  },
  // A field of a section header; twice as often as others.
  ...Array<Mutation>(2).fill((bytes, random) => {
    const { sections } = tables(bytes);
    for (let n = 1 + random(3); n > 0 && sections.count > 0; n--) {
      const [field, width] = pick(random, SECTION_FIELDS);
      write(bytes, sections.at + random(sections.count) * 64 + field, width, extremes(bytes.length, random));
    }
    return bytes;
  }),
  // A field of a program header.
  (bytes, random) => {
    const { programs } = tables(bytes);
    for (let n = 1 + random(3); n > 0 && programs.count > 0; n--) {
      const [field, width] = pick(random, PROGRAM_FIELDS);
      write(bytes, programs.at + random(programs.count) * 56 + field, width, extremes(bytes.length, random));
    }
    return bytes;
  },
  // The contents of a section: numbers set to extremes, or noise.
  ...Array<Mutation>(3).fill((bytes, random) => {
    const { sections } = tables(bytes);
    if (sections.count === 0) return bytes;
    const header = sections.at + random(sections.count) * 64;
    const [offset, size] = [Number(bytes.readBigUInt64LE(header + 24)), Number(bytes.readBigUInt64LE(header + 32))];
    if (size < 1 || offset + size > bytes.length) return bytes;
    for (let n = 1 + random(12); n > 0; n--) {
      const at = offset + random(random(2) === 0 ? Math.min(64, size) : size);
      if (random(2) === 0) bytes[at] = random(256);
      else write(bytes, at, pick(random, [1, 2, 4, 8]), extremes(bytes.length, random));
    }
    return bytes;
  }),
  // Anywhere.
  (bytes, random) => {
    for (let n = 1 + random(20); n > 0; n--) bytes[random(bytes.length)] = random(256);
    return bytes;
  },
  // Cut off.
  (bytes, random) =>
    bytes.subarray(0, pick(random, [random(bytes.length), random(300), bytes.length - random(Math.min(2000, bytes.length))])),
  // No section headers, and then more.
  (bytes, random) => {
    bytes.fill(0, 40, 48);
    bytes.fill(0, 60, 64);
    const { programs } = tables(bytes);
    const [field, width] = pick(random, PROGRAM_FIELDS);
    write(bytes, programs.at + random(programs.count) * 56 + field, width, extremes(bytes.length, random));
    return bytes;
  },
];

/** A damaged copy of an ELF file. */
export const damage = (file: Uint8Array, random: Random): Buffer => {
  const bytes = Buffer.from(file);
  return pick(random, mutations)(bytes, random);
};

/** Milliseconds that this process has computed: what others do on the machine does not count. */
export const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
