/**
 * What the arguments of the common system calls are (man 2 of each). One word an argument; syscall_format.ts knows what each means. A call that
 * is not listed is shown with its six words in hexadecimal.
 */

const table = `
read fd output size
write fd input size
open path flags:open mode
close fd
stat path pointer
fstat fd pointer
lstat path pointer
poll pollfds int int
lseek fd signed whence
mmap pointer size flags:prot flags:map fd hex
mprotect pointer size flags:prot
munmap pointer size
brk pointer
rt_sigaction signal pointer pointer size
rt_sigprocmask how sigset pointer size
rt_sigreturn
ioctl fd deviceControl pointer
pread64 fd output size signed
pwrite64 fd input size signed
readv fd pointer int
writev fd vector int
access path flags:access
pipe pair
select int fdset fdset fdset timeval
sched_yield
mremap pointer size size hex pointer
madvise pointer size advice
dup fd
dup2 fd fd
pause
nanosleep timespec pointer
alarm int
getpid
sendfile fd fd pointer size
socket family flags:socket int
connect fd address int
accept fd pointer pointer
sendto fd input size flags:message address int
recvfrom fd output size flags:message pointer pointer
sendmsg fd pointer flags:message
recvmsg fd pointer flags:message
shutdown fd shutdown
bind fd address int
listen fd int
getsockname fd pointer pointer
getpeername fd pointer pointer
socketpair family flags:socket int pair
setsockopt fd int int pointer int
getsockopt fd int int pointer pointer
clone cloneflags pointer pointer pointer pointer
fork
vfork
execve path strings pointer
exit int
wait4 int status flags:wait4 pointer
kill int signal
uname pointer
semop int pointer size
msgsnd int pointer size hex
msgrcv int pointer size signed hex
fcntl fd descriptorControl descriptorValue
flock fd flags:flock
fsync fd
fdatasync fd
truncate path signed
ftruncate fd signed
getcwd output size
chdir path
fchdir fd
rename path path
mkdir path mode
rmdir path
creat path mode
link path path
unlink path
symlink path path
readlink path output size
chmod path mode
fchmod fd mode
chown path int int
umask mode
gettimeofday pointer pointer
getrlimit resource pointer
getrusage int pointer
times pointer
ptrace int int pointer pointer
getuid
getgid
setuid int
setgid int
geteuid
getegid
setpgid int int
getppid
getpgrp
setsid
getpgid int
getsid int
rt_sigpending pointer size
rt_sigtimedwait sigset pointer timespec size
rt_sigqueueinfo int signal pointer
rt_sigsuspend sigset size
sigaltstack pointer pointer
arch_prctl archControl pointer
setrlimit resource pointer
gettid
tkill int signal
time pointer
futex pointer futex int pointer pointer hex
sched_setaffinity int size pointer
sched_getaffinity int size pointer
epoll_create int
getdents64 fd pointer size
set_tid_address pointer
restart_syscall
timer_settime int flags:timer pointer pointer
clock_gettime clock pointer
clock_getres clock pointer
clock_nanosleep clock flags:timer timespec pointer
exit_group int
epoll_wait fd pointer int int
epoll_ctl fd epollControl fd epollEvent
tgkill int int signal
waitid waitFor int pointer flags:wait pointer
openat directory path flags:open mode
mkdirat directory path mode
newfstatat directory path pointer flags:at
unlinkat directory path flags:at
renameat directory path directory path
linkat directory path directory path flags:at
symlinkat path directory path
readlinkat directory path output size
fchmodat directory path mode
faccessat directory path flags:access
faccessat2 directory path flags:access flags:at
pselect6 int fdset fdset fdset timespec pointer
ppoll pollfds int timespec sigset size
set_robust_list pointer size
splice fd pointer fd pointer size hex
utimensat directory path pointer flags:at
epoll_pwait fd pointer int int sigset size
timerfd_create clock flags:fd
eventfd int
timerfd_settime fd flags:timer pointer pointer
accept4 fd pointer pointer flags:socket
signalfd4 fd sigset size flags:fd
eventfd2 int flags:eventfd
epoll_create1 flags:epollCreate
dup3 fd fd flags:fd
pipe2 pair flags:fd
inotify_init1 flags:fd
prlimit64 int resource pointer pointer
kcmp int int int hex hex
getrandom output size flags:random
memfd_create path hex
execveat directory path strings pointer flags:at
statx directory path flags:at hex pointer
rseq pointer hex int hex
pidfd_send_signal fd signal pointer int
pidfd_open int int
clone3 cloneArguments size
close_range int int int
openat2 directory path pointer size
renameat2 directory path directory path int
process_vm_readv int pointer int pointer int int
`;

const signatures = new Map(
  table
    .trim()
    .split('\n')
    .map((line): [string, readonly string[]] => {
      const [name = '', ...kinds] = line.split(' ');
      return [name, kinds];
    }),
);

/** The kinds of a call's arguments; undefined: the call is not listed. */
export const signatureOf = (name: string): readonly string[] | undefined => signatures.get(name);
