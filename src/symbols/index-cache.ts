/**
 * The index of names of a big file, kept from one run to the next in $XDG_CACHE_HOME/deet (else ~/.cache/deet) under the file's build-id. A
 * cache can only save time: an entry that is damaged, of another version of deet or of another file counts as missing, and a folder that cannot
 * be read or written is no error. Entries are written beside their place and renamed into it, so that two writers, or a reader and a writer,
 * never see half of one; the oldest go when the folder grows too big.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { zlib } from '../common/lazy_modules.js';
import { version } from '../common/version.js';
import { NameUnits } from './name-units.js';
import type { IndexStore } from './names.js';

/** To be raised when the meaning of what is kept changes: keys, the numbering of units. */
const FORMAT = 6;

const MAGIC = 'deet index\n';
/** Magic, CRC-32 of all that follows, length of the identity, crossing, then the identity and zeros up to a multiple of eight. */
const HEADER = 24;

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

/**
 * @param sizes of the sections that the index is made of, as they lie in the file: a stripped file and its debug file have one build-id
 * @param packed true where they must be decompressed
 */
export const indexStore = (buildId: string | undefined, sizes: readonly number[], packed: boolean): IndexStore | undefined => {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (
    process.env['DEET_INDEX_CACHE'] === 'off' ||
    total < (packed ? WORTH_KEEPING_PACKED : WORTH_KEEPING) ||
    !buildId ||
    !/^[0-9a-f]{8,128}$/.test(buildId)
  )
    return undefined;
  const identity = Buffer.from(`${version} ${FORMAT} ${buildId} ${sizes.join(' ')}`);
  const path = join(folder(), `${buildId}.index`);
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

const keysAt = (identity: Buffer): number => Math.ceil((HEADER + identity.length) / 8) * 8;

const read = (path: string, identity: Buffer): NameUnits | undefined => {
  if (statSync(path).size > MAX_TOTAL) return undefined;
  const bytes = readFileSync(path);
  const start = keysAt(identity);
  if (bytes.length < start || (bytes.length - start) % 8 !== 0) return undefined;
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || bytes.readUInt32LE(16) !== identity.length) return undefined;
  if (!bytes.subarray(HEADER, HEADER + identity.length).equals(identity)) return undefined;
  if (bytes.readUInt32LE(12) !== zlib().crc32(bytes.subarray(16))) return undefined;
  // The eldest by this time go first.
  const now = new Date();
  attempt(() => utimesSync(path, now, now));
  // A view of words must begin at a multiple of its word's size.
  const keys = bytes.subarray(start);
  return new NameUnits(keys.byteOffset % 8 === 0 ? keys : Uint8Array.from(keys), bytes.readUInt32LE(20) !== 0);
};

const write = (path: string, identity: Buffer, index: NameUnits): void => {
  const start = keysAt(identity);
  const bytes = Buffer.alloc(start + index.keys.length);
  if (bytes.length > MAX_TOTAL) return;
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt32LE(identity.length, 16);
  bytes.writeUInt32LE(index.crossing ? 1 : 0, 20);
  identity.copy(bytes, HEADER);
  bytes.set(index.keys, start);
  bytes.writeUInt32LE(zlib().crc32(bytes.subarray(16)), 12);
  makeFolder(folder());
  const temporary = `${path}.${process.pid}.${process.hrtime.bigint()}.new`;
  try {
    writeFileSync(temporary, bytes, { mode: 0o600, flag: 'wx' });
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
    .filter((name) => /\.index(\.\d+\.[0-9a-f]+\.new)?$/.test(name))
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
