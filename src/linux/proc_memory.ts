/** The memory of a process in detail (proc(5)): what lies in each mapping, and what of it belongs into a core file. */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Address } from '../common/addresses.js';
import { parseMaps, procText, type Mapping } from './proc.js';

export interface MemoryArea extends Mapping {
  /** Bytes in memory or in swap. */
  readonly present: number;
  /** Bytes that are not, or no more, those of a file. */
  readonly anonymous: number;
  /** Two letters each: `dd` not for core files, `io` a device's, `ht` huge pages. */
  readonly flags: ReadonlySet<string>;
}

/** /proc/PID/smaps: a line as in maps, then one fact a line. */
export const parseAreas = (text: string): MemoryArea[] =>
  text.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((part) => {
    const end = part.indexOf('\n');
    const bytes = (name: string): number => 1024 * Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(part)?.[1] ?? 0);
    const flags = new Set((/^VmFlags: (.*)$/m.exec(part)?.[1] ?? '').trim().split(' '));
    // Pages of hugetlbfs are counted by themselves.
    const present = bytes('Rss') + bytes('Swap') + bytes('Private_Hugetlb') + bytes('Shared_Hugetlb');
    const anonymous = bytes('Anonymous') + bytes('Swap');
    return parseMaps(end < 0 ? part : part.slice(0, end)).map((mapping) => ({ ...mapping, present, anonymous, flags }));
  });

/** Empty when the process is gone. */
export const readAreas = (pid: number): MemoryArea[] => parseAreas(procText(`${pid}/smaps`) ?? '');

const pageSize = 4096n;
const presentBit = 1n << 63n;
const swappedBit = 1n << 62n;

/** Which pages of private memory without a file have ever been written: /proc/PID/pagemap, a word for each page. */
export class PageMap {
  readonly #descriptor: number | undefined;

  constructor(pid: number) {
    try {
      this.#descriptor = openSync(`/proc/${pid}/pagemap`, 'r');
    } catch {
      this.#descriptor = undefined; // a kernel without it: every page is read
    }
  }

  /** One flag for each page of a range: false, it has nothing but zeros. */
  touched(start: Address, pages: number): boolean[] {
    const words = new BigUint64Array(pages);
    if (this.#descriptor === undefined) return Array<boolean>(pages).fill(true);
    const bytes = new Uint8Array(words.buffer);
    const got = readSync(this.#descriptor, bytes, 0, bytes.length, Number((start / pageSize) * 8n));
    return Array.from(words, (word, index) => index * 8 >= got || (word & (presentBit | swappedBit)) !== 0n);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}

/** Bits of /proc/PID/coredump_filter (core(5)). */
const DumpFilter = {
  anonymousPrivate: 1,
  anonymousShared: 2,
  filePrivate: 4,
  fileShared: 8,
  elfHeaders: 16,
  hugePrivate: 32,
  hugeShared: 64,
} as const;

/** What the process itself, or whoever started it, wants in core files. The kernel's default when that cannot be read. */
export const readDumpFilter = (pid: number): number => {
  const value = Number.parseInt(procText(`${pid}/coredump_filter`) ?? '', 16);
  return Number.isNaN(value) ? 0x33 : value;
};

/** How much of a mapping the kernel would write into a core file: all, its first page (the header of an ELF file), or nothing. */
export const dumpOf = (area: MemoryArea, filter: number): 'all' | 'header' | 'nothing' => {
  const { flags, path, shared, inode, anonymous, offset, readable } = area;
  const wants = (bit: number): boolean => (filter & bit) !== 0;
  if (path === '[vdso]') return 'all';
  if (path === '[vsyscall]' || flags.has('io') || flags.has('dd')) return 'nothing';
  if (flags.has('ht')) return wants(shared ? DumpFilter.hugeShared : DumpFilter.hugePrivate) ? 'all' : 'nothing';
  if (shared) {
    // Shared memory without a name anywhere: /dev/zero, memfd, System V.
    const nameless = inode === 0 || path.endsWith(' (deleted)');
    return wants(nameless ? DumpFilter.anonymousShared : DumpFilter.fileShared) ? 'all' : 'nothing';
  }
  if (wants(DumpFilter.anonymousPrivate) && (inode === 0 || anonymous > 0)) return 'all';
  if (inode === 0) return 'nothing';
  if (wants(DumpFilter.filePrivate)) return 'all';
  return wants(DumpFilter.elfHeaders) && offset === 0 && readable ? 'header' : 'nothing';
};
