/**
 * The ELF container: file header, program header table, section header table (elf(5); System V ABI, chapters 4 and 5).
 *
 * elfy reads the tables; this file stands guard around it. elfy trusts every number, so each table is checked against
 * the size of the file first; elfy refuses files without sections, so its table parsers are called one by one, with the
 * numbers of extended numbering (PN_XNUM, SHN_XINDEX) already put in; and it reads 64-bit sh_addralign and sh_entsize two
 * bytes early, drops types and flags that it does not know and lends .bss bytes of the file: those are read here. It
 * works on views of the mapped file; nothing is copied.
 */
import elfy from 'elfy';
import { DeetError } from '../common/errors.js';
import { decodeText } from '../common/reader.js';
import { PN_XNUM, SHN, SHT } from './constants.js';

/** More table entries than any real file has; a damaged count must not cost gigabytes. */
const MAX_ENTRIES = 1 << 18;

const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const SECTION_HEADER_SIZE = 64;
const MAX_SECTION_NAME = 1024;

export interface ElfHeader {
  /** ET_ number: what kind of file this is. */
  readonly type: number;
  readonly entry: number;
}

/** One entry of the program header table: what the kernel maps. */
export interface Segment {
  /** PT_ number. */
  readonly type: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly offset: number;
  /** p_vaddr. Page-aligned addresses are exact in a double over all 64 bits (core files reach up to the vsyscall page). */
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** One entry of the section header table: what the linker, the debugger and readelf see. */
export interface Section {
  readonly index: number;
  readonly name: string;
  /** SHT_ number. */
  readonly type: number;
  /** SHF_ bits (the low 32: no others are in use). */
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  /** In the file; for SHT_NOBITS in memory only. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entrySize: number;
}

export interface Container {
  readonly header: ElfHeader;
  readonly segments: readonly Segment[];
  /**
   * Reads the section header table: to launch a program nobody needs it. Empty when the file has none or a damaged one; the first entry is the
   * null section.
   */
  readSections(): Section[];
}

/**
 * Reads header and tables. The caller has made sure that this is ELF, 64-bit and little-endian (identify.ts).
 * @param warn is told, in one sentence, of each part that has to be left out
 * @throws DeetError `bad-elf` when there is nothing to work with: a truncated header, a damaged program header table.
 */
export const readContainer = (bytes: Uint8Array, path: string, warn: (text: string) => void): Container => {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < HEADER_SIZE)
    throw damaged(path, `the file is truncated: it has ${file.length} bytes, its header alone needs ${HEADER_SIZE}`);
  const parser = new elfy.Parser();
  const header = parser.parseHeader(file.subarray(0, HEADER_SIZE));
  const sectionTable = checkSectionTable(file, header, warn);
  // Extended numbering: section 0 holds what did not fit into 16 bits of the header.
  const zero = sectionTable > 0 ? file.subarray(header.shoff, header.shoff + SECTION_HEADER_SIZE) : undefined;
  if (header.phnum === PN_XNUM && zero) header.phnum = zero.readUInt32LE(44);
  if (header.shstrndx === SHN.XINDEX && zero) header.shstrndx = zero.readUInt32LE(40);

  checkProgramTable(file, header, path);
  const rows = guarded(path, () => parser.parsePrograms(file, header));
  const segments = rows.map((row, i): Segment => {
    const type = file.readUInt32LE(header.phoff + i * PROGRAM_HEADER_SIZE);
    const { r, w, x } = row.flags;
    return {
      type,
      readable: r === true,
      writable: w === true,
      executable: x === true,
      offset: row.offset,
      address: row.vaddr,
      fileSize: row.filesz,
      memorySize: row.memsz,
      align: row.align,
    };
  });

  header.shnum = sectionTable;
  return {
    header: { type: file.readUInt16LE(16), entry: header.entry },
    segments,
    readSections: () => (sectionTable > 0 ? readSections(file, header, parser, path, warn) : []),
  };
};

/** The number of sections that can be read: 0 when there are none or the table is damaged, which is no reason to give up. */
const checkSectionTable = (file: Buffer, header: elfy.Header, warn: (text: string) => void): number => {
  if (header.shoff === 0) return 0;
  const reject = (why: string): number => {
    warn(`the section header table is ignored: ${why}`);
    return 0;
  };
  if (header.shentsize !== SECTION_HEADER_SIZE)
    return header.shnum === 0 ? 0 : reject(`entries of ${header.shentsize} bytes instead of 64`);
  if (header.shoff + SECTION_HEADER_SIZE > file.length) return reject('it lies behind the end of the file');
  const count = header.shnum === 0 ? file.readUInt32LE(header.shoff + 32) + file.readUInt32LE(header.shoff + 36) * 2 ** 32 : header.shnum;
  if (count > MAX_ENTRIES) return reject(`${count} sections`);
  if (header.shoff + count * SECTION_HEADER_SIZE > file.length) return reject('it reaches behind the end of the file');
  return count;
};

const checkProgramTable = (file: Buffer, header: elfy.Header, path: string): void => {
  if (header.phnum === 0 || header.phoff === 0) return;
  if (header.phentsize !== PROGRAM_HEADER_SIZE) throw damaged(path, `program headers of ${header.phentsize} bytes instead of 56`);
  if (header.phnum > MAX_ENTRIES) throw damaged(path, `${header.phnum} program headers`);
  if (header.phoff + header.phnum * PROGRAM_HEADER_SIZE > file.length)
    throw damaged(path, 'the file is truncated: its program header table reaches behind its end');
};

const readSections = (file: Buffer, header: elfy.Header, parser: elfy.Parser, path: string, warn: (text: string) => void): Section[] => {
  const rows = guarded(path, () => parser.parseSections(file, header));
  const names = rows[header.shstrndx];
  const at = (index: number): number => header.shoff + index * SECTION_HEADER_SIZE;
  const namesEnd = names ? Math.min(file.length, names.off + names.size) : 0;
  const nameAt = (offset: number): string => {
    if (!names || offset >= namesEnd - names.off) return '';
    const start = names.off + offset;
    const limit = Math.min(namesEnd, start + MAX_SECTION_NAME);
    let end = start;
    while (end < limit && file[end] !== 0) end++;
    return decodeText(file, start, end);
  };
  // A core file with many segments has section 0 alone, for the number of these.
  if (rows.length > 1 && (!names || file.readUInt32LE(at(header.shstrndx) + 4) !== SHT.STRTAB))
    warn('the sections have no names: their string table is missing');
  return rows.map((row, index): Section => {
    const fields = at(index);
    return {
      index,
      name: nameAt(row.name),
      type: file.readUInt32LE(fields + 4),
      flags: file.readUInt32LE(fields + 8),
      address: row.addr,
      offset: row.off,
      size: row.size,
      link: row.link,
      info: row.info,
      align: unsigned64(file, fields + 48),
      entrySize: unsigned64(file, fields + 56),
    };
  });
};

/** A double: exact below 2^53; above it the number is damage and only has to stay big. */
const unsigned64 = (file: Buffer, at: number): number => file.readUInt32LE(at) + file.readUInt32LE(at + 4) * 2 ** 32;

/** All tables were checked, so elfy has no reason to throw; should it find one, that is the file's fault, said in deet's words. */
const guarded = <T>(path: string, parse: () => T): T => {
  try {
    return parse();
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message : String(error));
  }
};

const damaged = (path: string, what: string): DeetError =>
  new DeetError('bad-elf', `${path} is a damaged ELF file: ${what}.`, 'Build or copy it again.');
