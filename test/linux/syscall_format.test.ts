import { describe, expect, it } from 'vitest';
import { DeetError } from '../../src/common/errors.js';
import type { MemoryReader } from '../../src/common/memory.js';
import { formatSyscall, formatSyscallResult, isError } from '../../src/linux/syscall_format.js';
import { signatureOf } from '../../src/linux/syscall_signatures.js';
import { syscallNames, syscallNumber } from '../../src/linux/syscalls.js';

/** A program's memory: strings and little-endian words at addresses from 0x1000 on. */
const base = 0x1000;
const memory = (bytes: readonly number[]): MemoryReader => ({
  read(address, length) {
    const offset = Number(address) - base;
    if (offset < 0 || offset + length > bytes.length) throw new DeetError('memory', 'Cannot access memory.');
    return Uint8Array.from(bytes.slice(offset, offset + length));
  },
});
const text = (string: string): number[] => [...Buffer.from(`${string}\0`, 'latin1')];
const words = (...values: number[]): number[] => values.flatMap((value) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff));
const longs = (...values: number[]): number[] => values.flatMap((value) => words(value, 0));
const padded = (bytes: number[]): number[] => [...bytes, ...Array<number>(128).fill(0)];

const call = (name: string, args: (number | bigint)[], bytes: number[] = [], result?: number): string => {
  const all = Array.from({ length: 6 }, (_, index) => BigInt.asUintN(64, BigInt(args[index] ?? 0)));
  const common = { number: syscallNumber(name) ?? -1, args: all, memory: memory(padded(bytes)) };
  return formatSyscall(result === undefined ? common : { ...common, result: BigInt.asUintN(64, BigInt(result)) });
};

describe('system calls as strace writes them', () => {
  it.each<[string, string]>([
    [call('openat', [-100, base, 0o2000000], text('/etc/ld.so.cache')), 'openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC)'],
    [call('openat', [3, base, 0o1102, 0o644], text('a"b\n')), 'openat(3, "a\\"b\\n", O_RDWR|O_CREAT|O_TRUNC, 0644)'],
    [call('open', [0, 1]), 'open(NULL, O_WRONLY)'],
    [call('mmap', [0, 8192, 3, 0x22, -1, 0]), 'mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)'],
    [call('mprotect', [0x7f00, 4096, 0]), 'mprotect(0x7f00, 4096, PROT_NONE)'],
    [call('write', [1, base, 6], text('hello\n')), 'write(1, "hello\\n", 6)'],
    [
      call('write', [1, base, 40], [...text('0123456789012345678901234567890123456789')]),
      'write(1, "01234567890123456789012345678901"..., 40)',
    ],
    [call('read', [3, base, 832], [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0x33]), 'read(3, 0x1000, 832)'],
    [call('read', [3, base, 832], [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0x33], 8), 'read(3, "\\177ELF\\2\\1\\0013", 832)'],
    [call('read', [3, base, 832], [], -9), 'read(3, 0x1000, 832)'],
    [call('access', [base, 4], text('/etc')), 'access("/etc", R_OK)'],
    [call('clone', [0x1200011, 0, 0, 0x7f]), 'clone(CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, NULL, NULL, 0x7f, NULL)'],
    [call('wait4', [-1, base, 1, 0], words(0x300), 72), 'wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], WNOHANG, NULL)'],
    [
      call('wait4', [-1, base, 2, 0], words(0x8b), 72),
      'wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], WUNTRACED, NULL)',
    ],
    [call('wait4', [-1, base, 0, 0], words(0x300), -10), 'wait4(-1, 0x1000, 0, NULL)'],
    [call('pipe2', [base, 0o2000000], words(3, 4), 0), 'pipe2([3, 4], O_CLOEXEC)'],
    [call('pipe2', [base, 0]), 'pipe2(0x1000, 0)'],
    [call('kill', [29121, 10]), 'kill(29121, SIGUSR1)'],
    [call('futex', [0x4040, 128, 2, 0]), 'futex(0x4040, FUTEX_WAIT_PRIVATE, 2, NULL)'],
    [call('futex', [0x4040, 129, 1]), 'futex(0x4040, FUTEX_WAKE_PRIVATE, 1)'],
    [call('socket', [2, 0o2000001, 0]), 'socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0)'],
    [
      call('bind', [5, base, 16], [2, 0, 0x1f, 0x90, 127, 0, 0, 1]),
      'bind(5, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16)',
    ],
    [call('connect', [5, base, 110], [1, 0, ...text('/run/x')]), 'connect(5, {sa_family=AF_UNIX, sun_path="/run/x"}, 110)'],
    [call('poll', [base, 2, -1], [...words(3, 1), ...words(4, 4)]), 'poll([{fd=3, events=POLLIN}, {fd=4, events=POLLOUT}], 2, -1)'],
    [call('select', [5, base, 0, 0, 0], longs(0b11000)), 'select(5, [3 4], NULL, NULL, NULL)'],
    [
      call('clock_nanosleep', [1, 1, base, 0], longs(6, 500)),
      'clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=6, tv_nsec=500}, NULL)',
    ],
    [call('rt_sigprocmask', [2, base, 0, 8], longs(0x402)), 'rt_sigprocmask(SIG_SETMASK, [INT SEGV], NULL, 8)'],
    [
      call(
        'execve',
        [base, base + 8, 0x7f],
        [...text('/bin/ls'), ...longs(base + 32, base + 35), ...longs(0), ...text('ls'), ...text('-l')],
      ),
      'execve("/bin/ls", ["ls", "-l"], 0x7f)',
    ],
    [call('writev', [1, base, 1], [...longs(base + 16, 2), ...text('ab')]), 'writev(1, [{iov_base="ab", iov_len=2}], 1)'],
    [call('fcntl', [3, 1]), 'fcntl(3, F_GETFD)'],
    [call('fcntl', [3, 2, 1]), 'fcntl(3, F_SETFD, FD_CLOEXEC)'],
    [call('lseek', [3, -5, 1]), 'lseek(3, -5, SEEK_CUR)'],
    [call('exit_group', [0]), 'exit_group(0)'],
    [call('getpid', []), 'getpid()'],
    [call('epoll_ctl', [6, 1, 3, base], [...words(1), ...longs(3)]), 'epoll_ctl(6, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data=0x3})'],
    [call('swapon', [1, 2]), 'swapon(0x1, 0x2, 0, 0, 0, 0)'],
    [formatSyscall({ number: 9999, args: [1n] }), 'syscall_9999(0x1, 0, 0, 0, 0, 0)'],
  ])('%s', (ours, wanted) => {
    expect(ours).toBe(wanted);
  });

  it('say what came back', () => {
    const results = [3n, -2n, 0xfffffffffffffffen, -512n, -4096n, -9999n].map((result) => formatSyscallResult(0, result));
    expect(results).toEqual([
      '3',
      '-1 ENOENT (No such file or directory)',
      '-1 ENOENT (No such file or directory)',
      '? ERESTARTSYS (To be restarted if SA_RESTART is set)',
      '-4096',
      '-9999',
    ]);
    expect(formatSyscallResult(9, 0x7ffff7fc1000n)).toBe('0x7ffff7fc1000');
    expect([isError(-1n), isError(-4095n), isError(-4096n), isError(0n)]).toEqual([true, true, false, false]);
  });

  it('are formatted for any number and any words, without memory', () => {
    for (const name of syscallNames()) {
      const args = Array.from({ length: 6 }, () => 0xffffffffffffffffn);
      expect(formatSyscall({ number: syscallNumber(name) ?? 0, args, result: 5n })).toMatch(new RegExp(`^${name}\\(`));
    }
    expect(signatureOf('no_such_call')).toBeUndefined();
  });
});
