/** Groups of system calls as `catch syscall group:NAME` takes them: gdb's names, which are those of strace's -e trace=%NAME (strace(1)). */
import { signatureOf } from './syscall_signatures.js';
import { syscallName, syscallNumber } from './syscalls.js';

const lists = {
  network: `sendfile socket connect accept sendto recvfrom sendmsg recvmsg shutdown bind listen getsockname getpeername socketpair setsockopt
    getsockopt getpmsg putpmsg accept4 recvmmsg sendmmsg`,
  process: `clone fork vfork execve exit wait4 kill rt_sigqueueinfo tkill exit_group tgkill waitid rt_tgsigqueueinfo execveat
    pidfd_send_signal clone3`,
  signal: `rt_sigaction rt_sigprocmask rt_sigreturn pause kill rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend sigaltstack tkill
    tgkill signalfd signalfd4 rt_tgsigqueueinfo pidfd_send_signal`,
  ipc: 'shmget shmat shmctl semget semop semctl shmdt msgget msgsnd msgrcv msgctl semtimedop',
  memory: `mmap mprotect munmap brk mremap msync mincore madvise shmat shmdt mlock munlock mlockall munlockall remap_file_pages mbind
    set_mempolicy get_mempolicy migrate_pages move_pages mlock2 pkey_mprotect`,
  file: `uselib statfs chroot acct mount umount2 swapon swapoff quotactl utime mknod setxattr lsetxattr getxattr lgetxattr listxattr llistxattr
    removexattr lremovexattr lchown utimes inotify_add_watch mkdirat mknodat fchownat futimesat linkat symlinkat fchmodat pivot_root
    fanotify_mark name_to_handle_at execve execveat getcwd`,
  descriptor: `select getdents getdents64 fchown fstatfs readahead fsetxattr fgetxattr flistxattr fremovexattr epoll_create epoll_wait epoll_ctl
    inotify_init inotify_add_watch inotify_rm_watch openat mkdirat mknodat fchownat futimesat newfstatat unlinkat renameat linkat symlinkat
    readlinkat fchmodat faccessat pselect6 ppoll splice tee sync_file_range vmsplice utimensat epoll_pwait signalfd timerfd_create eventfd
    fallocate timerfd_settime timerfd_gettime signalfd4 eventfd2 epoll_create1 pipe pipe2 preadv pwritev perf_event_open fanotify_init
    fanotify_mark name_to_handle_at open_by_handle_at syncfs setns finit_module renameat2 memfd_create bpf execveat preadv2 pwritev2 statx
    copy_file_range fadvise64 open creat poll mmap socket socketpair accept4 recvmmsg sendmmsg`,
};

const fromLists = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.split(/\s+/)]));

/** What takes a path is a call about files, what takes a descriptor one about descriptors. */
const bySignature: Readonly<Record<string, RegExp>> = { file: /^path$/, descriptor: /^fd$/ };

const aliases: Readonly<Record<string, string>> = { desc: 'descriptor', net: 'network' };

export const syscallGroups: readonly string[] = Object.keys(lists);

/** The numbers of a group; undefined: there is no such group. */
export const syscallsInGroup = (group: string): number[] | undefined => {
  const name = aliases[group] ?? group;
  if (!Object.hasOwn(fromLists, name)) return undefined;
  const numbers = new Set(fromLists[name].flatMap((each) => syscallNumber(each) ?? []));
  const kind = bySignature[name];
  for (let number = 0; number < 500; number++) {
    const kinds = signatureOf(syscallName(number) ?? '');
    if (kind && kinds?.some((each) => kind.test(each))) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
};
