/** Names of the numbers that system calls take, as in the headers and in strace's output (uapi/asm-generic and uapi/linux). */

/** Flags that are OR-ed together; `base`: a field in the low bits whose values exclude each other. */
export interface FlagSet {
  readonly base?: { readonly mask: number; readonly names: readonly string[] };
  readonly bits: readonly (readonly [number, string])[];
}

/** `0x1 A 0x2 B`, whitespace between. */
const pairs = (text: string): (readonly [number, string])[] => {
  const words = text.trim().split(/\s+/);
  return Array.from({ length: words.length / 2 }, (_, index) => [Number(words[2 * index]), words[2 * index + 1] ?? ''] as const);
};

export const flagSets = {
  // O_SYNC and O_TMPFILE contain O_DSYNC and O_DIRECTORY: the larger come first.
  open: {
    base: { mask: 3, names: ['O_RDONLY', 'O_WRONLY', 'O_RDWR', '0x3'] },
    bits: pairs(`0o100 O_CREAT 0o200 O_EXCL 0o400 O_NOCTTY 0o1000 O_TRUNC 0o2000 O_APPEND 0o4000 O_NONBLOCK 0o4010000 O_SYNC 0o10000 O_DSYNC
      0o20200000 O_TMPFILE 0o200000 O_DIRECTORY 0o40000 O_DIRECT 0o100000 O_LARGEFILE 0o400000 O_NOFOLLOW 0o1000000 O_NOATIME 0o2000000 O_CLOEXEC 0o10000000 O_PATH`),
  },
  fd: { bits: pairs('0o4000 O_NONBLOCK 0o2000000 O_CLOEXEC 0o40000 O_DIRECT') },
  at: { bits: pairs('0x100 AT_SYMLINK_NOFOLLOW 0x200 AT_REMOVEDIR 0x400 AT_SYMLINK_FOLLOW 0x800 AT_NO_AUTOMOUNT 0x1000 AT_EMPTY_PATH') },
  access: { base: { mask: 7, names: ['F_OK', 'X_OK', 'W_OK', 'W_OK|X_OK', 'R_OK', 'R_OK|X_OK', 'R_OK|W_OK', 'R_OK|W_OK|X_OK'] }, bits: [] },
  prot: { base: { mask: 0, names: ['PROT_NONE'] }, bits: pairs('0x1 PROT_READ 0x2 PROT_WRITE 0x4 PROT_EXEC 0x1000000 PROT_GROWSDOWN') },
  map: {
    base: { mask: 3, names: ['0', 'MAP_SHARED', 'MAP_PRIVATE', 'MAP_SHARED_VALIDATE'] },
    bits: pairs(`0x10 MAP_FIXED 0x20 MAP_ANONYMOUS 0x40 MAP_32BIT 0x100 MAP_GROWSDOWN 0x800 MAP_DENYWRITE 0x2000 MAP_LOCKED 0x4000 MAP_NORESERVE
      0x8000 MAP_POPULATE 0x10000 MAP_NONBLOCK 0x20000 MAP_STACK 0x40000 MAP_HUGETLB 0x100000 MAP_FIXED_NOREPLACE`),
  },
  clone: {
    bits: pairs(`0x100 CLONE_VM 0x200 CLONE_FS 0x400 CLONE_FILES 0x800 CLONE_SIGHAND 0x1000 CLONE_PIDFD 0x2000 CLONE_PTRACE 0x4000 CLONE_VFORK
      0x8000 CLONE_PARENT 0x10000 CLONE_THREAD 0x20000 CLONE_NEWNS 0x40000 CLONE_SYSVSEM 0x80000 CLONE_SETTLS 0x100000 CLONE_PARENT_SETTID
      0x200000 CLONE_CHILD_CLEARTID 0x400000 CLONE_DETACHED 0x800000 CLONE_UNTRACED 0x1000000 CLONE_CHILD_SETTID`),
  },
  wait: {
    bits: pairs(
      '0x1 WNOHANG 0x2 WSTOPPED 0x4 WEXITED 0x8 WCONTINUED 0x1000000 WNOWAIT 0x20000000 __WNOTHREAD 0x40000000 __WALL 0x80000000 __WCLONE',
    ),
  },
  wait4: { bits: pairs('0x1 WNOHANG 0x2 WUNTRACED 0x8 WCONTINUED 0x20000000 __WNOTHREAD 0x40000000 __WALL 0x80000000 __WCLONE') },
  message: {
    bits: pairs(
      '0x1 MSG_OOB 0x2 MSG_PEEK 0x4 MSG_DONTROUTE 0x20 MSG_TRUNC 0x40 MSG_DONTWAIT 0x100 MSG_WAITALL 0x4000 MSG_NOSIGNAL 0x8000 MSG_MORE',
    ),
  },
  socket: {
    base: { mask: 15, names: ['0', 'SOCK_STREAM', 'SOCK_DGRAM', 'SOCK_RAW', 'SOCK_RDM', 'SOCK_SEQPACKET'] },
    bits: pairs('0o4000 SOCK_NONBLOCK 0o2000000 SOCK_CLOEXEC'),
  },
  epoll: {
    bits: pairs(
      '0x1 EPOLLIN 0x2 EPOLLPRI 0x4 EPOLLOUT 0x8 EPOLLERR 0x10 EPOLLHUP 0x2000 EPOLLRDHUP 0x40000000 EPOLLONESHOT 0x80000000 EPOLLET',
    ),
  },
  poll: { bits: pairs('0x1 POLLIN 0x2 POLLPRI 0x4 POLLOUT 0x8 POLLERR 0x10 POLLHUP 0x20 POLLNVAL 0x2000 POLLRDHUP') },
  epollCreate: { bits: pairs('0o2000000 EPOLL_CLOEXEC') },
  eventfd: { bits: pairs('1 EFD_SEMAPHORE 0o4000 EFD_NONBLOCK 0o2000000 EFD_CLOEXEC') },
  random: { bits: pairs('1 GRND_NONBLOCK 2 GRND_RANDOM') },
  flock: { bits: pairs('1 LOCK_SH 2 LOCK_EX 4 LOCK_NB 8 LOCK_UN') },
  timer: { bits: pairs('1 TIMER_ABSTIME') },
} satisfies Record<string, FlagSet>;

/** Numbers that stand for one thing each. */
export const enumerations = {
  whence: pairs('0 SEEK_SET 1 SEEK_CUR 2 SEEK_END 3 SEEK_DATA 4 SEEK_HOLE'),
  how: pairs('0 SIG_BLOCK 1 SIG_UNBLOCK 2 SIG_SETMASK'),
  clock: pairs(
    '0 CLOCK_REALTIME 1 CLOCK_MONOTONIC 2 CLOCK_PROCESS_CPUTIME_ID 3 CLOCK_THREAD_CPUTIME_ID 4 CLOCK_MONOTONIC_RAW 7 CLOCK_BOOTTIME',
  ),
  family: pairs('0 AF_UNSPEC 1 AF_UNIX 2 AF_INET 10 AF_INET6 16 AF_NETLINK 17 AF_PACKET'),
  shutdown: pairs('0 SHUT_RD 1 SHUT_WR 2 SHUT_RDWR'),
  epollControl: pairs('1 EPOLL_CTL_ADD 2 EPOLL_CTL_DEL 3 EPOLL_CTL_MOD'),
  descriptorControl:
    pairs(`0 F_DUPFD 1 F_GETFD 2 F_SETFD 3 F_GETFL 4 F_SETFL 5 F_GETLK 6 F_SETLK 7 F_SETLKW 8 F_SETOWN 9 F_GETOWN 1030 F_DUPFD_CLOEXEC
    1031 F_SETPIPE_SZ 1032 F_GETPIPE_SZ 36 F_OFD_GETLK 37 F_OFD_SETLK 38 F_OFD_SETLKW`),
  deviceControl: pairs(
    '0x5401 TCGETS 0x5402 TCSETS 0x5403 TCSETSW 0x5404 TCSETSF 0x540f TIOCGPGRP 0x5410 TIOCSPGRP 0x5413 TIOCGWINSZ 0x541b FIONREAD 0x5421 FIONBIO',
  ),
  resource: pairs(
    `0 RLIMIT_CPU 1 RLIMIT_FSIZE 2 RLIMIT_DATA 3 RLIMIT_STACK 4 RLIMIT_CORE 5 RLIMIT_RSS 6 RLIMIT_NPROC 7 RLIMIT_NOFILE 8 RLIMIT_MEMLOCK 9 RLIMIT_AS`,
  ),
  archControl: pairs('0x1001 ARCH_SET_GS 0x1002 ARCH_SET_FS 0x1003 ARCH_GET_FS 0x1004 ARCH_GET_GS'),
  advice: pairs(
    '0 MADV_NORMAL 1 MADV_RANDOM 2 MADV_SEQUENTIAL 3 MADV_WILLNEED 4 MADV_DONTNEED 8 MADV_FREE 14 MADV_HUGEPAGE 15 MADV_NOHUGEPAGE',
  ),
  waitFor: pairs('0 P_ALL 1 P_PID 2 P_PGID 3 P_PIDFD'),
  futex:
    pairs(`0 FUTEX_WAIT 1 FUTEX_WAKE 3 FUTEX_REQUEUE 4 FUTEX_CMP_REQUEUE 5 FUTEX_WAKE_OP 6 FUTEX_LOCK_PI 7 FUTEX_UNLOCK_PI 8 FUTEX_TRYLOCK_PI
    9 FUTEX_WAIT_BITSET 10 FUTEX_WAKE_BITSET 11 FUTEX_WAIT_REQUEUE_PI 12 FUTEX_CMP_REQUEUE_PI 13 FUTEX_LOCK_PI2`),
} satisfies Record<string, readonly (readonly [number, string])[]>;

/** `O_RDWR|O_CLOEXEC`, with what has no name in hexadecimal; `0` for nothing. */
export const flagNames = ({ base, bits }: FlagSet, value: number): string => {
  const names: string[] = [];
  let rest = value >>> 0;
  if (base) {
    const name = base.names[rest & base.mask];
    if (base.mask !== 0 && name !== undefined && name !== '0') names.push(name);
    if (base.mask === 0 && rest === 0) return base.names[0] ?? '0';
    rest = (rest & ~base.mask) >>> 0;
  }
  for (const [bit, name] of bits)
    if ((rest & bit) >>> 0 === bit) {
      names.push(name);
      rest = (rest & ~bit) >>> 0;
    }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.length === 0 ? '0' : names.join('|');
};

export const enumerationName = (table: readonly (readonly [number, string])[], value: number): string | undefined =>
  table.find(([number]) => number === value)?.[1];
