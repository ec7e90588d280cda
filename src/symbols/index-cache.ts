/**
 * The indexes of a big file, of its names and of its source files, kept from one run to the next in $XDG_CACHE_HOME/deet (else ~/.cache/deet) under the file's build-id. A
 * cache can only save time: an entry that is damaged, of another version of deet or of another file counts as missing, and a folder that cannot
 * be read or written is no error. Entries are written beside their place and renamed into it, so that two writers, or a reader and a writer,
 * never see half of one; the oldest go when the folder grows too big.
 */
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { zlib } from '../common/lazy_modules.js';
import { version } from '../common/version.js';
import { mapFile } from './elf-files.js';
import { NameUnits, type IndexKind, type IndexStore } from './name-units.js';

/** To be raised when the meaning of what is kept changes: keys, the numbering of units. */
const FORMAT = 8;

const MAGIC = 'deet index\n\0';
/**
 * Magic, CRC-32 of all that follows up to the keys, length of the identity, crossing, number of blocks, then the identity, the CRC-32 of each block of keys, and zeros up to
 * a multiple of eight.
 */
const HEADER = 28;

/** Keys are checked in blocks of so many bytes, each when it is first looked at: a look-up touches ten of hundreds. */
const BLOCK = 32 * 1024;

/** Bytes of all entries together. */
const MAX_TOTAL = 256 * 2 ** 20;

/** What a writer that died left behind may go after this time. */
const STALE_MS = 60 * 60 * 1000;

/** Smaller debug information is indexed sooner than an entry is found: 1 MiB takes the addon 5 ms, and as long if it comes out of 100 KiB that must be decompressed first. */
const WORTH_KEEPING = 2 ** 20;
const WORTH_KEEPING_PACKED = 100 * 2 ** 10;

const folder = (): string => {
  const given = process.env['XDG_CACHE_HOME'];
  // "If an implementation encounters a relative path it should consider the path invalid" (XDG Base Directory Specification).
  return join(given && isAbsolute(given) ? given : join(homedir(), '.cache'), 'deet');
};

/** How the names of entries end. */
const ENDINGS: Readonly<Record<IndexKind, string>> = { names: 'index', files: 'files' };

/**
 * @param sizes of the sections that the index is made of, as they lie in the file: a stripped file and its debug file have one build-id
 * @param packed true where they must be decompressed
 */
export const indexStore = (
  kind: IndexKind,
  buildId: string | undefined,
  sizes: readonly number[],
  packed: boolean,
): IndexStore | undefined => {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (
    process.env['DEET_INDEX_CACHE'] === 'off' ||
    total < (packed ? WORTH_KEEPING_PACKED : WORTH_KEEPING) ||
    !buildId ||
    !/^[0-9a-f]{8,128}$/.test(buildId)
  )
    return undefined;
  const identity = Buffer.from(`${version} ${FORMAT} ${kind} ${buildId} ${sizes.join(' ')}`);
  const path = join(folder(), `${buildId}.${ENDINGS[kind]}`);
  return {
    load: () => attempt(() => read(path, identity)),
    save: (index) =>
      attempt(() => {
        write(path, identity, index);
        prune();
      }),
  };
};

/** Whatever the file system says: then there is no cache. */
const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

/** Where the keys begin. */
const keysAt = (identity: Buffer, blocks: number): number => Math.ceil((HEADER + identity.length + 4 * blocks) / 8) * 8;

const blocksIn = (keys: Uint8Array): number => Math.ceil(keys.length / BLOCK);

const blockOf = (keys: Uint8Array, block: number): Uint8Array => keys.subarray(block * BLOCK, (block + 1) * BLOCK);

const read = (path: string, identity: Buffer): NameUnits | undefined => {
  if (statSync(path).size > MAX_TOTAL) return undefined;
  const mapped = mapFile(path);
  if (typeof mapped === 'number') return undefined;
  const bytes = Buffer.from(mapped.buffer, mapped.byteOffset, mapped.length);
  if (bytes.length < HEADER || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || bytes.readUInt32LE(16) !== identity.length)
    return undefined;
  const blocks = bytes.readUInt32LE(24);
  const start = keysAt(identity, blocks);
  const keys = bytes.subarray(start);
  if (start > bytes.length || keys.length % 8 !== 0 || blocksIn(keys) !== blocks) return undefined;
  const sums = HEADER + identity.length;
  if (!bytes.subarray(HEADER, sums).equals(identity)) return undefined;
  const { crc32 } = zlib();
  if (bytes.readUInt32LE(12) !== crc32(bytes.subarray(16, start))) return undefined;
  // The eldest by this time go first.
  const now = new Date();
  attempt(() => utimesSync(path, now, now));
  const checked = new Set<number>();
  const isGood = (block: number): boolean => {
    if (checked.has(block)) return true;
    const isAsWritten = crc32(blockOf(keys, block)) === bytes.readUInt32LE(sums + 4 * block);
    if (isAsWritten) checked.add(block);
    return isAsWritten;
  };
  // A key lies in one block.
  return new NameUnits(keys, bytes.readUInt32LE(20) !== 0, (offset) => isGood(Math.floor(offset / BLOCK)));
};

const write = (path: string, identity: Buffer, index: NameUnits): void => {
  const { keys } = index;
  const { crc32 } = zlib();
  const blocks = blocksIn(keys);
  const start = keysAt(identity, blocks);
  const head = Buffer.alloc(start);
  if (start + keys.length > MAX_TOTAL) return;
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(identity.length, 16);
  head.writeUInt32LE(index.crossing ? 1 : 0, 20);
  head.writeUInt32LE(blocks, 24);
  identity.copy(head, HEADER);
  for (let block = 0; block < blocks; block++) head.writeUInt32LE(crc32(blockOf(keys, block)), HEADER + identity.length + 4 * block);
  head.writeUInt32LE(crc32(head.subarray(16)), 12);
  makeFolder(folder());
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}.new`;
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(file, head);
      writeFileSync(file, keys);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
};

/** With what is missing above it. Node's own recursive mkdir never ends where a folder cannot be made in one that is there, as below /proc. */
const makeFolder = (path: string): void => {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another writer may have been faster.
    if (!existsSync(path)) throw error;
  }
};

/** Keeps the folder within its size. Another process may do the same at the same time. */
const prune = (): void => {
  const entries = readdirSync(folder())
    .filter((name) => /\.(index|files)(\.\d+\.[0-9a-f]+\.new)?$/.test(name))
    .flatMap((name) => {
      const path = join(folder(), name);
      const status = attempt(() => statSync(path));
      return status ? [{ path, size: status.size, used: status.mtimeMs }] : [];
    })
    .sort((a, b) => b.used - a.used);
  let total = 0;
  for (const { path, size, used } of entries) {
    total += size;
    const leftBehind = path.endsWith('.new') && Date.now() - used > STALE_MS;
    if (total > MAX_TOTAL || leftBehind) attempt(() => rmSync(path, { force: true }));
  }
};
