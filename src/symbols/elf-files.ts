/** Opens ELF files by mapping them: the one place of the symbol side that asks the system for a file. */
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { DeetError } from '../common/errors.js';
import { childProcess } from '../common/lazy_modules.js';
import { parseElf, type ElfFile } from '../elf/file.js';
import { whyNotProgram } from '../elf/identify.js';
import type { DebugFileSearch } from '../elf/separate.js';
import { native } from '../native.js';

/** Where Debian, Fedora and others install debug files. */
const DEFAULT_DEBUG_DIRECTORIES: readonly string[] = ['/usr/lib/debug'];

/**
 * Any ELF file of this machine: a program, library, debug file, core file.
 * @throws DeetError `no-file`, `not-elf` or `bad-elf`, in the user's words
 */
export const openElf = (path: string): ElfFile => {
  try {
    const status = statSync(path);
    if (status.isDirectory()) throw new DeetError('not-elf', `${path} is a folder, not a program.`, 'Name the program inside it.');
    if (!status.isFile()) throw new DeetError('not-elf', `${path} is not a regular file.`);
  } catch (error) {
    if (error instanceof DeetError) throw error;
    throw cannotRead(path, errnoOf(error));
  }
  const bytes = mapFile(path);
  if (typeof bytes === 'number') throw cannotRead(path, bytes);
  return parseElf(bytes, path);
};

/** The bytes of a file, of which those that are looked at come into memory; -errno: it cannot be read. */
export const mapFile = (path: string): Uint8Array | number => {
  const mapping = native.mapFile(path);
  return typeof mapping === 'number' ? mapping : new Uint8Array(mapping);
};

/** When a file was written last, in milliseconds since 1970. Undefined: it is gone. */
export const modifiedAt = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs;

/** As openElf, for a file that is to be run or attached to. @throws DeetError also `not-a-program` */
export const openProgram = (path: string): ElfFile => {
  const elf = openElf(path);
  const fault = whyNotProgram(elf.header.type, path);
  if (fault) throw fault;
  return elf;
};

/** What was read of a mapped file leaves memory; it comes back when it is read again. */
export const releasePages = (bytes: Uint8Array): void => void native.releasePages(bytes);

/** More than any table of symbols; a damaged or hostile section is given up there. */
const MAX_UNPACKED = 256 * 2 ** 20;

/** No decoder of xz for JavaScript is well kept, but where programs have such a section the system has xz itself. */
const unpackXz = (bytes: Uint8Array): Uint8Array | undefined => {
  const { status, stdout } = childProcess().spawnSync('xz', ['--decompress', '--stdout', '--memlimit-decompress=256MiB'], {
    input: bytes,
    maxBuffer: MAX_UNPACKED,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  return status === 0 ? new Uint8Array(stdout) : undefined;
};

/** How separate debug files are found, for elf/separate.ts. */
export const debugFileSearch = (directories: readonly string[] = DEFAULT_DEBUG_DIRECTORIES): DebugFileSearch => ({
  directories,
  missing: [],
  open: (path) => unlessDamaged(() => openElf(path)),
  unpack: (bytes, name) =>
    unlessDamaged(() => {
      const unpacked = unpackXz(bytes);
      return unpacked && parseElf(unpacked, name);
    }),
});

const unlessDamaged = <T>(open: () => T): T | undefined => {
  try {
    return open();
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
};

/** A path with a zero byte is refused by Node itself, without a number: no file has such a name. */
const errnoOf = (error: unknown): number =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : -constants.errno.ENOENT;

/** @param errno negative, as system calls of the addon and of Node give it */
const cannotRead = (path: string, errno: number): DeetError => {
  const [code, text] = getSystemErrorMap().get(errno) ?? [`error ${-errno}`, 'unknown error'];
  if (code === 'ENOENT' || code === 'ENOTDIR') return new DeetError('no-file', `${path}: there is no such file.`);
  return new DeetError('no-file', `${path} cannot be read: ${text} (${code}).`);
};
