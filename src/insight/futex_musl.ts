/** The locks of the other C library, musl (src/internal/pthread_impl.h): other words, in other places, that say less of who holds them. */
import type { Address } from '../common/addresses.js';
import { readMaps } from '../linux/proc.js';
import type { FamilyMember } from './family.js';

/** A function that no other library has (src/env/__libc_start_main.c), by which a static program is known. */
export const muslsOwn = '__init_libc';

/** Its loader and its library are one file. */
export const usesMusl = ({ pid, symbolNamed }: FamilyMember): boolean =>
  symbolNamed?.(muslsOwn) !== undefined || (readMaps(pid)?.some(({ path }) => /\/ld-musl-|-linux-musl\/|\/libc\.musl/.test(path)) ?? false);

/** struct pthread, to which fs points, is smaller; pthread_join waits for detach_state in it. */
const controlBlock = 0x200n;

/** The thread that is joined: the word is in its control block. */
export const muslJoined = ({ threads }: FamilyMember, address: Address): number | undefined =>
  threads.find((thread) => {
    const block = thread.register?.('fs_base');
    return block !== undefined && address >= block && address < block + controlBlock;
  })?.tid;

/** _m_lock: the owner's tid with two flags, but of plain mutexes EBUSY. */
export const muslMutexOwner = ({ threads }: FamilyMember, word: number): number | undefined => {
  const owner = word & 0x3fffffff;
  return threads.some(({ tid }) => tid === owner) ? owner : undefined;
};

const written = 0x7fffffff;

/** _rw_lock: how many read, or all ones; the uppermost bit says that somebody waits. */
export const muslReaders = (word: number): string | undefined => {
  const readers = word & written;
  if (readers === written) return ', locked for writing';
  return readers === 0 ? undefined : `, locked for reading ${readers === 1 ? 'once' : `${readers} times`}`;
};
