/**
 * Debug information in files of its own: where strip, dwz and -gsplit-dwarf put it, and where gdb finds it (gdb manual,
 * "Debugging Information in Separate Files"). Nothing is believed by its name alone: a debug file must carry the same
 * build-id, or the checksum that .gnu_debuglink names.
 */
import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { inWords, typing } from '../common/advice.js';
import { FormatError } from '../common/errors.js';
import { zlib } from '../common/lazy_modules.js';
import { Reader } from '../common/reader.js';
import type { ElfFile } from './file.js';

export interface DebugFileSearch {
  /** `set debug-file-directory`: by default /usr/lib/debug. */
  readonly directories: readonly string[];
  /** Opens a file; undefined when there is none that can be read as ELF. */
  open(path: string): ElfFile | undefined;
  /** The ELF file that is packed into a section by xz; undefined when it cannot be unpacked. */
  unpack(bytes: Uint8Array, name: string): ElfFile | undefined;
  /** What was looked for in vain, or does not fit: sentences for the user, added to as they come up. */
  readonly missing: string[];
}

/**
 * The separate debug file of a stripped file; undefined: the file has its own debug information, or there is none. Fedora packs a table of the
 * static functions into the stripped file itself (.gnu_debugdata, gdb manual, "MiniDebugInfo"): better than nothing.
 */
export const findDebugFile = (elf: ElfFile, search: DebugFileSearch): ElfFile | undefined => {
  if (elf.hasDebugInfo) return undefined;
  if (elf.section('.stab'))
    search.missing.push(`${elf.path}: its debug information is in stabs, which deet does not read. Compile it with gcc or clang, and -g.`);
  return byBuildId(elf.buildId, search) ?? byDebugLink(elf, search) ?? packedSymbols(elf, search);
};

const packedSymbols = (elf: ElfFile, search: DebugFileSearch): ElfFile | undefined => {
  const packed = elf.symtab ? undefined : elf.data('.gnu_debugdata');
  if (!packed) return undefined;
  const found = search.unpack(packed, `${elf.path} (.gnu_debugdata)`);
  if (!found)
    search.missing.push(
      `${elf.path}: xz could not unpack .gnu_debugdata; names of static functions are missing. Is xz installed (Debian: xz-utils)?`,
    );
  return found;
};

/** The file that dwz moved what several files share to (.gnu_debugaltlink); `elf` is the file with the DWARF. */
export const findSupplementaryFile = (elf: ElfFile, search: DebugFileSearch): ElfFile | undefined => {
  const link = elf.data('.gnu_debugaltlink');
  if (!link) return undefined;
  const read = attempt(elf, () => {
    const reader = new Reader(link, '.gnu_debugaltlink');
    return { path: reader.cstring(), buildId: Buffer.from(reader.slice(Math.min(reader.remaining, 64))).toString('hex') };
  });
  if (!read || read.path === '') return undefined;
  const { path, buildId } = read;
  for (const candidate of unique([resolve(directoryOf(elf.path), path), resolve(dirname(elf.path), path)])) {
    const file = search.open(candidate);
    if (file && file.buildId === buildId) return file;
  }
  const found = byBuildId(buildId, search);
  if (!found)
    search.missing.push(
      `${elf.path}: its debug information is not used, because the part that dwz moved to ${path} was not found. ${byItsBuildId(buildId)}`,
    );
  return found;
};

/** Where the .dwp of a program (all its .dwo in one package) may be. */
export const packagePaths = (elf: ElfFile): readonly string[] => unique([`${elf.path}.dwp`, `${realPath(elf.path)}.dwp`]);

/** Where a .dwo that a unit names (DW_AT_dwo_name, DW_AT_comp_dir) may be: also beside the program, or in a debug-file-directory, when the build moved. */
export const splitPaths = (elf: ElfFile, name: string, directory: string | undefined, search: DebugFileSearch): readonly string[] => {
  const beside = directoryOf(elf.path);
  const named = isAbsolute(name) ? [name] : [...(directory ? [resolve(directory, name)] : []), resolve(beside, name)];
  const elsewhere = search.directories.flatMap((folder) => [join(folder, name), join(folder, basename(name))]);
  return unique([...named, join(beside, basename(name)), ...elsewhere]);
};

/** What to do about a file that was not found. */
export const nameItsFolder = (): string => inWords(typing('set debug-file-directory FOLDER', 'if it is elsewhere'));

const byItsBuildId = (buildId: string): string =>
  inWords(typing('set debug-file-directory FOLDER', `if it is FOLDER/${inFolder(buildId)}`));

/** Where a debug file lies in a folder of them. */
const inFolder = (buildId: string): string => join('.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`);

const byBuildId = (buildId: string | undefined, search: DebugFileSearch): ElfFile | undefined => {
  if (buildId === undefined || buildId.length < 4) return undefined;
  for (const directory of search.directories) {
    const file = search.open(join(directory, inFolder(buildId)));
    if (file?.buildId === buildId) return file;
  }
  return undefined;
};

/** .gnu_debuglink: a file name without folder, zeros up to a multiple of four, the CRC-32 of the whole debug file. */
const byDebugLink = (elf: ElfFile, search: DebugFileSearch): ElfFile | undefined => {
  const bytes = elf.data('.gnu_debuglink');
  if (!bytes) return undefined;
  const link = attempt(elf, () => {
    const reader = new Reader(bytes, '.gnu_debuglink');
    const name = reader.cstring();
    reader.align(4);
    return { name, checksum: reader.u32() };
  });
  if (!link || link.name === '' || link.name.includes('/')) return undefined;
  const folders = unique([directoryOf(elf.path), dirname(resolve(elf.path))]);
  const candidates = folders.flatMap((folder) => [
    join(folder, link.name),
    join(folder, '.debug', link.name),
    ...search.directories.map((directory) => join(directory, folder, link.name)),
  ]);
  for (const candidate of unique(candidates)) {
    if (candidate === resolve(elf.path)) continue;
    const file = search.open(candidate);
    if (!file) continue;
    if (matches(file, elf, link.checksum)) return file;
    search.missing.push(
      `${candidate} is not the debug file of this build of ${elf.path} (checksum or build-id differ); it is not used. Put the one of this build in its place.`,
    );
  }
  return undefined;
};

/** The build-id says it without reading the file; files without one are summed. */
const matches = (file: ElfFile, elf: ElfFile, checksum: number): boolean =>
  file.buildId !== undefined && elf.buildId !== undefined ? file.buildId === elf.buildId : zlib().crc32(file.bytes) === checksum;

const attempt = <T>(elf: ElfFile, read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    elf.warn(error.message);
    return undefined;
  }
};

const realPath = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
};

const directoryOf = (path: string): string => dirname(realPath(path));

const unique = (paths: readonly string[]): string[] => [...new Set(paths)];
