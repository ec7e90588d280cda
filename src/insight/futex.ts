/**
 * What a futex word is (futex(2)): the kernel knows an address and a value, the C library gave them a meaning. Told apart by the
 * functions on the stack where there are symbols, by the variable's type where there is debug information, and else by the words
 * themselves, as glibc lays them out (sysdeps/x86/nptl/bits/struct_mutex.h, thread-shared-types.h).
 */
import { readdirSync, statSync } from 'node:fs';
import type { Address } from '../common/addresses.js';
import { hex } from '../common/addresses.js';
import { readMaps } from '../linux/proc.js';
import type { BlockedIn } from './blocked.js';
import type { FamilyMember, FamilyThread, NamedAddress } from './family.js';
import { muslJoined, muslMutexOwner, muslReaders, usesMusl } from './futex_musl.js';

export type FutexKind =
  | 'mutex'
  | 'condition'
  | 'join'
  | 'semaphore'
  | 'rwlock'
  | 'barrier'
  | 'latch'
  | 'phase'
  | 'atomic'
  | 'future'
  | 'once'
  | 'malloc'
  | 'stdio'
  | 'library'
  | 'futex';

export interface FutexWait {
  readonly kind: FutexKind;
  readonly address: Address;
  /** The variable: `lock`, `queue+40`. */
  readonly symbol?: string;
  /** The name is that of one call (NamedAddress.words). */
  readonly words?: true;
  /** The word is not in the variable that the user knows: musl waits on the waiter's own stack, a std::barrier in a pool of the library's. */
  readonly elsewhere?: true;
  /** The name of a named semaphore: `/queue` (sem_overview(7)). */
  readonly file?: string;
  /** The thread that holds the mutex, or that is joined; it may not exist any more. */
  readonly owner?: number;
  /** `, which 3 of 4 threads have reached`. */
  readonly detail?: string;
  readonly timed: boolean;
}

const operation = { wait: 0, lock: 6, waitBitset: 9, waitRequeue: 11, lock2: 13 } as const;
/** FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME are flags on top of the command. */
const commandMask = 0x7fn;
const privateFlag = 0x80n;
/** FUTEX_TID_MASK: the word of a robust or priority-inheriting lock is its owner's tid with two flags. */
const tidMask = 0x3fffffff;

/** C++20: what the user has called is one of these, whatever is between (bits/atomic_wait.h). `phase`: of a std::barrier. */
const byUser: readonly [RegExp, FutexKind][] = [
  [/^std::latch::/, 'latch'],
  [/^std::barrier\b|__tree_barrier/, 'phase'],
  [/__atomic_semaphore|^std::counting_semaphore|__platform_semaphore/, 'semaphore'],
  [/^std::(?:__future_base|__atomic_futex_unsigned)/, 'future'],
];

const byFunction: readonly [RegExp, FutexKind][] = [
  [/^std::(?:__future_base|__atomic_futex_unsigned|__basic_future|promise<|future<|shared_future<)/, 'future'],
  [/^_*pthread_once|^call_once$|^__cxa_guard_acquire$/, 'once'],
  [/^(?:__)?(?:GI_)?(?:pthread_cond_|___?pthread_cond_|cnd_)/, 'condition'],
  [/pthread_(?:clock|timed|try)?join|^thrd_join|^__pthread_clockjoin_ex/, 'join'],
  [/^(?:__new_)?sem_(?:timed|clock)?wait|^__new_sem_wait|^std::(?:counting_semaphore|__(?:atomic|platform)_semaphore)/, 'semaphore'],
  [/pthread_rwlock_/, 'rwlock'],
  [/pthread_barrier_wait/, 'barrier'],
  [/pthread_mutex_|^mtx_(?:timed)?lock|^__gthread_mutex/, 'mutex'],
  [/^(?:__libc_|__GI___libc_|_int_|__)?(?:malloc|calloc|realloc|free|memalign)$|^arena_get|^tcache_init|^_int_/, 'malloc'],
  [/^std::(?:__detail::__platform_wait|__atomic_)/, 'atomic'],
  [/^_IO_|^f?puts$|^v?f?printf$|^put(?:char|c)|^fput|^fwrite|^fflush|^fget|^fread|^getc|^getline|^getdelim|^f?lockfile/, 'stdio'],
];

/** Variables of the C library's own. */
const bySymbol: readonly [RegExp, FutexKind][] = [
  [/^main_arena$|^free_list_lock$|^list_lock$/, 'malloc'],
  [/^_IO_stdfile_\d_lock$|^_IO_list|^list_all_lock$/, 'stdio'],
];

const byType: readonly [RegExp, FutexKind][] = [
  [/pthread_mutex_t|^mtx_t$|std::(?:recursive_)?mutex/, 'mutex'],
  [/pthread_cond_t|^cnd_t$|condition_variable/, 'condition'],
  [/^sem_t$/, 'semaphore'],
  [/pthread_rwlock_t|shared_mutex/, 'rwlock'],
  [/pthread_barrier_t/, 'barrier'],
];

const firstMatch = (table: readonly [RegExp, FutexKind][], text: string | undefined): FutexKind | undefined =>
  text === undefined ? undefined : table.find(([pattern]) => pattern.test(text))?.[1];

/** How many frames may lie between the system call and the function that the user called. */
const searchedFrames = 10;

const words = (member: FamilyMember, address: Address, count: number): Int32Array | undefined => {
  try {
    const bytes = member.memory?.read(address, count * 4);
    return bytes && new Int32Array(new Uint8Array(bytes).buffer, 0, count);
  } catch {
    return undefined;
  }
};

/** pthread_mutex_t: __lock at 0, __owner at 8, __nusers at 12, __kind at 16 (types below 4, flags up to 0x3ff). */
const mutexOwner = (member: FamilyMember, address: Address): number | undefined => {
  const mutex = words(member, address, 5);
  if (!mutex) return undefined;
  const [lock = 0, , owner = 0, users = 0, kind = -1] = mutex;
  if (kind < 0 || kind > 0x3ff || lock === 0 || owner <= 0 || users < 0) return undefined;
  return owner;
};

/** _IO_lock_t: { int lock; int cnt; void *owner }, the owner being a thread's control block, which fs points to. */
const stdioOwner = (member: FamilyMember, address: Address): number | undefined => {
  const lock = words(member, address, 4);
  if (!lock) return undefined;
  const owner = new BigUint64Array(lock.buffer, 8, 1)[0];
  return member.threads.find((thread) => thread.register?.('fs_base') === owner)?.tid;
};

/** The largest arena but the main one lies in a block of this size and alignment (HEAP_MAX_SIZE in glibc's malloc/arena.c). */
const arenaBlock = ~0x3ffffffn;

/**
 * Whether a lock is the first word of glibc's struct malloc_state: { int mutex, flags, have_fastchunks; ten bins; chunk *top }, with `top` at 96, and
 * at 8 from 2.43 on, which has no such bins; it points into the heap that the arena manages. For a C library without symbols, which is what most machines have.
 */
const isArena = (member: FamilyMember, address: Address): boolean => {
  const state = words(member, address, 26);
  const heap = readMaps(member.pid)?.find(({ path }) => path === '[heap]');
  return [8, 96].some((offset) => {
    const top = state && new BigUint64Array(state.buffer, offset, 1)[0];
    if (!top) return false;
    if (heap && top >= heap.start && top <= heap.end) return true;
    return (top & arenaBlock) === (address & arenaBlock) && top > address && (address & 0xfffn) < 0x100n;
  });
};

/** The locks of the C library are smaller than this. */
const largestLock = 56;

const isLibrary = (symbol: NamedAddress | undefined): boolean => symbol !== undefined && /(?:^|\/)libc[.-]|(?:^|\/)ld-/.test(symbol.image);

/** struct pthread of glibc, to which fs points: it begins with `void *tcb, *dtv, *self`, and no member lies behind this size. */
const controlBlockSize = 0x900;
const selfAt = 16n;
/** Where glibc for x86-64 has the member `tid`. */
const tidAt = 0x2d0n;

/** The control block of a thread that an address lies in: it points to itself. */
const controlBlockAround = (member: FamilyMember, address: Address): Address | undefined => {
  const start = address - (address % 8n) - BigInt(controlBlockSize);
  const bytes = words(member, start, controlBlockSize / 4);
  const pointers = bytes && new BigUint64Array(bytes.buffer);
  const at = pointers?.findLastIndex((word, index) => {
    const block = start + BigInt(8 * index);
    return word === block && pointers[index + Number(selfAt / 8n)] === block;
  });
  return at === undefined || at < 0 ? undefined : start + BigInt(8 * at);
};

/**
 * Whom pthread_join waits for. Up to glibc 2.41 for the word that the kernel clears when the thread ends (set_tid_address(2)): shared, and the value is the tid. From
 * then on for another word of the thread's control block.
 */
const joined = (member: FamilyMember, address: Address, value: bigint): number | undefined => {
  const byTid = (tid: number | undefined): number | undefined => member.threads.find((thread) => thread.tid === tid)?.tid;
  const told = byTid(Number(value));
  if (told !== undefined) return told;
  const block = controlBlockAround(member, address);
  return block === undefined ? undefined : byTid(words(member, block + tidAt, 1)?.[0]);
};

const kindOf = (member: FamilyMember, thread: FamilyThread, call: BlockedIn, symbol: NamedAddress | undefined): FutexKind => {
  const [address = 0n, op = 0n, value = 0n] = call.args;
  const functions = (thread.functions?.() ?? []).slice(0, searchedFrames);
  for (const table of [byUser, byFunction])
    for (const name of functions) {
      const kind = firstMatch(table, name);
      if (kind) return kind;
    }
  const named = firstMatch(bySymbol, symbol?.name) ?? firstMatch(byType, symbol?.type);
  if (named) return named;
  if ((op & privateFlag) === 0n && joined(member, address, value) !== undefined) return 'join';
  if ((isLibrary(symbol) || symbol === undefined) && isArena(member, address)) return 'malloc';
  if (isLibrary(symbol)) return 'library';
  const word = words(member, address, 1)?.[0];
  // lll_lock: 0 free, 1 taken, 2 taken and awaited.
  if (value === 2n && word === 2 && mutexOwner(member, address) !== undefined) return 'mutex';
  return 'futex';
};

const ownerOf = (member: FamilyMember, kind: FutexKind, call: BlockedIn): number | undefined => {
  const [address = 0n, , value = 0n] = call.args;
  if (usesMusl(member)) return muslOwner(member, kind, address);
  switch (kind) {
    case 'join':
      return joined(member, address, value);
    case 'mutex':
      return mutexOwner(member, address);
    case 'stdio':
      return stdioOwner(member, address);
    case 'rwlock': {
      // struct __pthread_rwlock_arch_t: the thread waits on the word at 8 or at 12; __cur_writer is at 24.
      for (const offset of [8n, 12n]) {
        const writer = words(member, address - offset + 24n, 1)?.[0];
        if (writer !== undefined && member.threads.some(({ tid }) => tid === writer)) return writer;
      }
      return undefined;
    }
    default:
      return undefined;
  }
};

const muslOwner = (member: FamilyMember, kind: FutexKind, address: Address): number | undefined => {
  if (kind === 'join') return muslJoined(member, address);
  return kind === 'mutex' ? muslMutexOwner(member, words(member, address, 1)?.[0] ?? 0) : undefined;
};

/** Undefined: the call waits for no word (FUTEX_WAKE and such). */
export const futexWait = (member: FamilyMember, thread: FamilyThread, call: BlockedIn): FutexWait | undefined => {
  const [address = 0n, op = 0n, , timeout = 0n] = call.args;
  const command = Number(op & commandMask);
  const timed = timeout !== 0n;
  if (command === operation.lock || command === operation.lock2) {
    const word = words(member, address, 1)?.[0];
    const symbol = symbolText(member.symbolAt?.(address));
    return { kind: 'mutex', address, ...(symbol ? { symbol } : {}), ...(word ? { owner: word & tidMask } : {}), timed };
  }
  if (command !== operation.wait && command !== operation.waitBitset && command !== operation.waitRequeue) return undefined;
  const named = member.symbolAt?.(address) ?? thread.nameOf?.(address);
  const kind = kindOf(member, thread, call, named);
  const owner = ownerOf(member, kind, call);
  // A condition variable, semaphore or lock is awaited at a word inside it: the user knows its beginning.
  const inside =
    kind === 'condition' || kind === 'rwlock' || kind === 'barrier' || kind === 'semaphore' || (kind === 'mutex' && usesMusl(member));
  const symbol = symbolText(named && inside && named.offset < largestLock ? { ...named, offset: 0 } : named);
  // Of musl's the thread knows no more than what it called.
  const called = symbol === undefined && (kind === 'condition' || kind === 'barrier') && usesMusl(member) ? thread.given?.() : undefined;
  const isElsewhere =
    kind === 'phase' ||
    (kind === 'atomic' && /__waiter_pool/.test(symbol ?? '')) ||
    (symbol === undefined && called === undefined && (kind === 'condition' || kind === 'barrier') && usesMusl(member));
  const file = kind === 'semaphore' ? namedSemaphore(member, address) : undefined;
  const detail = detailOf(member, thread, kind, address, named);
  return {
    kind,
    address,
    ...((symbol ?? called) && kind !== 'join' && !isElsewhere ? { symbol: symbol ?? called } : {}),
    ...(isElsewhere ? { elsewhere: true as const } : {}),
    ...(file === undefined ? {} : { file }),
    ...(named?.words ? { words: named.words } : {}),
    ...(owner === undefined ? {} : { owner }),
    ...(detail === undefined ? {} : { detail }),
    timed,
  };
};

const semaphoreFolder = '/dev/shm';

/** sem_open(3) maps a file for each, made under another name and then linked: it is known by its number. */
const namedSemaphore = (member: FamilyMember, address: Address): string | undefined => {
  const mapping = readMaps(member.pid)?.find(({ start, end }) => address >= start && address < end);
  if (!mapping?.path.startsWith(`${semaphoreFolder}/sem.`)) return undefined;
  try {
    const files = readdirSync(semaphoreFolder).filter((name) => name.startsWith('sem.'));
    const found = files.find((name) => statSync(`${semaphoreFolder}/${name}`).ino === mapping.inode);
    return found === undefined ? undefined : `/${found.slice('sem.'.length)}`;
  } catch {
    return undefined;
  }
};

/** How full a barrier is, and how many read a lock that has no writer. */
const detailOf = (
  member: FamilyMember,
  thread: FamilyThread,
  kind: FutexKind,
  address: Address,
  named: NamedAddress | undefined,
): string | undefined => {
  if (kind === 'latch') {
    const left = words(member, address, 1)?.[0] ?? 0;
    return left > 0 ? `, which is still to be counted down ${left === 1 ? 'once' : `${left} times`}` : undefined;
  }
  if (usesMusl(member)) return kind === 'rwlock' ? muslReaders(words(member, address, 1)?.[0] ?? 0) : undefined;
  if (kind === 'barrier') {
    // sysdeps/nptl/internaltypes.h: { in, current_round, count, shared, out }; waited for is current_round.
    const [come = 0, round = 0, wanted = 0] = words(member, address - 4n, 3) ?? [];
    const waiting = come - round;
    return wanted > 0 && waiting > 0 && waiting < wanted ? `, which ${waiting} of ${wanted} threads have reached` : undefined;
  }
  if (kind === 'rwlock' && named && named.offset < largestLock) {
    // struct __pthread_rwlock_arch_t: __readers, counted from bit 3, at 0, bit 1: a writer has it or is the next; __cur_writer at 24.
    const lock = words(member, address - BigInt(named.offset), 7);
    const readers = (lock?.[0] ?? 0) >>> 3;
    const reads = thread.functions?.().some((name) => /rwlock_(?:timed|clock)?rdlock/.test(name)) === true;
    const before = reads && ((lock?.[0] ?? 0) & 2) !== 0 ? ', and a writer waits before it' : '';
    if (lock?.[6] === 0 && readers > 0) return `, locked for reading ${readers === 1 ? 'once' : `${readers} times`}${before}`;
  }
  return undefined;
};

/** Reserved names are parts that the C++ library made: the user knows what they are parts of. */
const symbolText = (symbol: NamedAddress | undefined): string | undefined => {
  if (!symbol) return undefined;
  const { name, offset } = symbol;
  const own = name.replace(/\.(?:_M_|__).*$/, '');
  return offset === 0 || own !== name ? own : `${own}+${offset}`;
};

/** `` `lock` `` or `at 0x404060`, behind the word for the kind. */
export const lockName = ({ symbol, words: calls, address, file }: FutexWait): string => {
  if (file !== undefined) return symbol === undefined ? file : `\`${symbol}\` (${file})`;
  return symbol === undefined ? `at ${hex(address)}` : `\`${symbol}\`${calls ? ` (${hex(address)})` : ''}`;
};
