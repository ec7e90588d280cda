/**
 * A system call in strace's words: `openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC)`, and its result, `3` or
 * `-1 ENOENT (No such file or directory)`. What the kernel writes into the program's memory is shown after the call only.
 */
import { hex } from '../common/addresses.js';
import type { MemoryReader } from '../common/memory.js';
import { kernelError } from './errors.js';
import { signalByNumber, signalsInMask } from './signals.js';
import { enumerationName, enumerations, flagNames, flagSets } from './syscall_flags.js';
import { signatureOf } from './syscall_signatures.js';
import { syscallName } from './syscalls.js';

export interface SyscallView {
  readonly number: number;
  /** Six words. */
  readonly args: readonly bigint[];
  /** Without it pointers stay pointers. */
  readonly memory?: MemoryReader;
  /** rax after the call; absent: it has not returned. */
  readonly result?: bigint;
}

/** Bytes of a string or buffer that are shown, as strace does. */
const shownBytes = 32;
const longestPath = 4096;
const shownItems = 16;

const int = (word: bigint): number => Number(BigInt.asIntN(32, word));
const uint = (word: bigint): number => Number(BigInt.asUintN(32, word));
const pointer = (word: bigint): string => (word === 0n ? 'NULL' : hex(word));

const escapes = new Map([
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0b, '\\v'],
  [0x0c, '\\f'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
]);

/** In quotes, with octal escapes that are as short as the next byte allows. */
const quoted = (bytes: Uint8Array, complete: boolean): string => {
  let text = '';
  bytes.forEach((byte, index) => {
    const next = bytes[index + 1] ?? 0;
    const octal = byte.toString(8);
    const digitFollows = next >= 0x30 && next <= 0x39;
    text +=
      escapes.get(byte) ?? (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${digitFollows ? octal.padStart(3, '0') : octal}`);
  });
  return `"${text}"${complete ? '' : '...'}`;
};

/** Reads a call's arguments; every method answers with text. */
class Reader {
  constructor(private readonly view: SyscallView) {}

  get returned(): boolean {
    return this.view.result !== undefined;
  }

  /** The result as a count: 0 for errors. */
  get count(): number {
    const result = BigInt.asIntN(64, this.view.result ?? 0n);
    return result > 0n ? Number(result) : 0;
  }

  get failed(): boolean {
    return isError(this.view.result ?? 0n);
  }

  data(address: bigint, length: number): DataView | undefined {
    if (address === 0n || length <= 0) return undefined;
    try {
      const bytes = this.view.memory?.read(address, length);
      return bytes && new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch {
      return undefined;
    }
  }

  buffer(address: bigint, length: number): string {
    if (length === 0 && address !== 0n) return '""';
    const shown = this.data(address, Math.min(length, shownBytes));
    return shown ? quoted(new Uint8Array(shown.buffer, shown.byteOffset, shown.byteLength), length <= shownBytes) : pointer(address);
  }

  /** Up to its terminating zero; page by page, because it may end just before memory does. */
  string(address: bigint, limit = longestPath): string {
    const bytes: number[] = [];
    for (let at = address; address !== 0n && bytes.length < limit;) {
      const room = 64 - Number(at % 64n);
      const view = this.data(at, room);
      if (!view) break;
      for (let index = 0; index < room && bytes.length < limit; index++) {
        const byte = view.getUint8(index);
        if (byte === 0) return quoted(Uint8Array.from(bytes), true);
        bytes.push(byte);
      }
      at += BigInt(room);
    }
    return bytes.length === 0 ? pointer(address) : quoted(Uint8Array.from(bytes), false);
  }

  strings(address: bigint): string {
    const list: string[] = [];
    for (let index = 0; index < shownItems; index++) {
      const entry = this.data(address + BigInt(8 * index), 8)?.getBigUint64(0, true);
      if (entry === undefined) return pointer(address);
      if (entry === 0n) return `[${list.join(', ')}]`;
      list.push(this.string(entry, shownBytes));
    }
    return `[${list.join(', ')}, ...]`;
  }

  time(address: bigint, fraction: 'tv_nsec' | 'tv_usec'): string {
    const view = this.data(address, 16);
    return view ? `{tv_sec=${view.getBigInt64(0, true)}, ${fraction}=${view.getBigInt64(8, true)}}` : pointer(address);
  }

  sigset(address: bigint): string {
    const view = this.data(address, 8);
    return view
      ? `[${signalsInMask(view.getBigUint64(0, true))
          .map(({ name }) => name.slice(3))
          .join(' ')}]`
      : pointer(address);
  }

  fdset(address: bigint, limit: number): string {
    const view = this.data(address, Math.ceil(Math.min(limit, 1024) / 64) * 8);
    if (!view) return pointer(address);
    const fds = Array.from({ length: limit }, (_, fd) => fd).filter((fd) => (view.getUint8(fd >> 3) >> (fd & 7)) & 1);
    return `[${fds.join(' ')}]`;
  }

  pollfds(address: bigint, count: number): string {
    const shown = Math.min(count, shownItems);
    const view = this.data(address, shown * 8);
    if (!view) return pointer(address);
    const list = Array.from(
      { length: shown },
      (_, index) => `{fd=${view.getInt32(index * 8, true)}, events=${flagNames(flagSets.poll, view.getUint16(index * 8 + 4, true))}}`,
    );
    return `[${list.join(', ')}${count > shown ? ', ...' : ''}]`;
  }

  vector(address: bigint, count: number): string {
    const shown = Math.min(count, shownItems);
    const view = this.data(address, shown * 16);
    if (!view) return pointer(address);
    const list = Array.from({ length: shown }, (_, index) => {
      const length = Number(view.getBigUint64(index * 16 + 8, true));
      return `{iov_base=${this.buffer(view.getBigUint64(index * 16, true), length)}, iov_len=${length}}`;
    });
    return `[${list.join(', ')}${count > shown ? ', ...' : ''}]`;
  }

  /** struct sockaddr: the family, and for the internet port and address (ip(7), unix(7)). */
  address(address: bigint, length: number): string {
    const view = this.data(address, Math.min(Math.max(length, 2), 128));
    if (!view) return pointer(address);
    const family = view.getUint16(0, true);
    const name = enumerationName(enumerations.family, family) ?? String(family);
    if (name === 'AF_INET' && view.byteLength >= 8) {
      const ip = [4, 5, 6, 7].map((at) => view.getUint8(at)).join('.');
      return `{sa_family=AF_INET, sin_port=htons(${view.getUint16(2)}), sin_addr=inet_addr("${ip}")}`;
    }
    if (name === 'AF_UNIX' && length > 2) {
      const path = new Uint8Array(view.buffer, view.byteOffset + 2, Math.min(length, view.byteLength) - 2);
      const end = path.indexOf(0);
      return `{sa_family=AF_UNIX, sun_path=${quoted(end > 0 ? path.subarray(0, end) : path, true)}}`;
    }
    return `{sa_family=${name}${length > 2 ? ', ...' : ''}}`;
  }

  /** The number that wait4 writes (wait(2)). */
  status(address: bigint): string {
    const value = this.returned && !this.failed && this.count > 0 ? this.data(address, 4)?.getInt32(0, true) : undefined;
    if (value === undefined) return pointer(address);
    const signal = value & 0x7f;
    if (signal === 0) return `[{WIFEXITED(s) && WEXITSTATUS(s) == ${(value >> 8) & 0xff}}]`;
    if ((value & 0xff) === 0x7f) return `[{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalWord((value >> 8) & 0x7f)}}]`;
    return `[{WIFSIGNALED(s) && WTERMSIG(s) == ${signalWord(signal)}${value & 0x80 ? ' && WCOREDUMP(s)' : ''}}]`;
  }

  pair(address: bigint): string {
    const view = this.returned && !this.failed ? this.data(address, 8) : undefined;
    return view ? `[${view.getInt32(0, true)}, ${view.getInt32(4, true)}]` : pointer(address);
  }

  /** struct clone_args (clone(2)): flags at 0, exit_signal at 32. */
  cloneArguments(address: bigint): string {
    const view = this.data(address, 40);
    if (!view) return pointer(address);
    return `{flags=${flagNames(flagSets.clone, Number(view.getBigUint64(0, true)))}, exit_signal=${signalWord(Number(view.getBigUint64(32, true)))}, ...}`;
  }

  epollEvent(address: bigint): string {
    const view = this.data(address, 12);
    return view
      ? `{events=${flagNames(flagSets.epoll, view.getUint32(0, true))}, data=${hex(view.getBigUint64(4, true))}}`
      : pointer(address);
  }
}

const signalWord = (number: number): string => signalByNumber(number)?.name ?? String(number);

const futexWord = (value: number): string => {
  const name = enumerationName(enumerations.futex, value & 0x7f) ?? String(value & 0x7f);
  return `${name}${value & 0x80 ? '_PRIVATE' : ''}${value & 0x100 ? '|FUTEX_CLOCK_REALTIME' : ''}`;
};

/** AT_FDCWD of openat(2). */
const currentDirectory = -100;

/** F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL and F_DUPFD_CLOEXEC of fcntl(2). */
const control = { dup: 0, getFlags: 1, setFlags: 2, getStatus: 3, setStatus: 4, dupCloseOnExec: 1030 } as const;

const descriptorValue = (command: number, word: bigint): string => {
  switch (command) {
    case control.dup:
    case control.dupCloseOnExec:
      return String(int(word));
    case control.setFlags:
    case control.getFlags:
      return uint(word) === 1 ? 'FD_CLOEXEC' : hex(word);
    case control.setStatus:
    case control.getStatus:
      return flagNames(flagSets.open, uint(word));
    default:
      return word === 0n ? '0' : hex(word);
  }
};

const formatters: Readonly<Record<string, (word: bigint, reader: Reader, args: readonly bigint[], index: number) => string>> = {
  fd: (word) => String(int(word)),
  directory: (word) => (int(word) === currentDirectory ? 'AT_FDCWD' : String(int(word))),
  int: (word) => String(int(word)),
  size: (word) => word.toString(),
  signed: (word) => BigInt.asIntN(64, word).toString(),
  hex: (word) => (word === 0n ? '0' : hex(word)),
  mode: (word) => (uint(word) === 0 ? '000' : `0${uint(word).toString(8)}`),
  pointer,
  path: (word, reader) => reader.string(word),
  input: (word, reader, args, index) => reader.buffer(word, Number(args[index + 1] ?? 0n)),
  output: (word, reader) => (reader.returned && !reader.failed ? reader.buffer(word, reader.count) : pointer(word)),
  strings: (word, reader) => reader.strings(word),
  timespec: (word, reader) => reader.time(word, 'tv_nsec'),
  timeval: (word, reader) => reader.time(word, 'tv_usec'),
  sigset: (word, reader) => reader.sigset(word),
  fdset: (word, reader, args) => reader.fdset(word, int(args[0] ?? 0n)),
  pollfds: (word, reader, args) => reader.pollfds(word, int(args[1] ?? 0n)),
  vector: (word, reader, args) => reader.vector(word, int(args[2] ?? 0n)),
  address: (word, reader, args, index) => reader.address(word, int(args[index + 1] ?? 0n)),
  status: (word, reader) => reader.status(word),
  pair: (word, reader) => reader.pair(word),
  epollEvent: (word, reader) => reader.epollEvent(word),
  cloneArguments: (word, reader) => reader.cloneArguments(word),
  signal: (word) => signalWord(int(word)),
  futex: (word) => futexWord(uint(word)),
  descriptorValue: (word, _reader, args) => descriptorValue(int(args[1] ?? 0n), word),
  cloneflags: (word) => {
    const [flags, signal] = [uint(word) & ~0xff, uint(word) & 0xff];
    const names = flags === 0 ? [] : [flagNames(flagSets.clone, flags)];
    return [...names, ...(signal === 0 ? [] : [signalWord(signal)])].join('|') || '0';
  },
};

const formatArgument = (kind: string, word: bigint, reader: Reader, args: readonly bigint[], index: number): string => {
  const formatter = formatters[kind];
  if (formatter) return formatter(word, reader, args, index);
  if (kind.startsWith('flags:')) {
    const set = kind.slice('flags:'.length);
    return set in flagSets ? flagNames(flagSets[set as keyof typeof flagSets], uint(word)) : hex(word);
  }
  const table = kind in enumerations ? enumerations[kind as keyof typeof enumerations] : [];
  return enumerationName(table, int(word)) ?? String(int(word));
};

/** Calls whose last argument means something only with certain flags. */
const meaningful = (name: string, args: readonly bigint[], count: number): number => {
  const creates = 0o100 | 0o20000000;
  if (name === 'open') return uint(args[1] ?? 0n) & creates ? count : 2;
  if (name === 'openat') return uint(args[2] ?? 0n) & creates ? count : 3;
  // F_GETFD and F_GETFL take no argument.
  if (name === 'fcntl') return [control.getFlags, control.getStatus].some((each) => each === int(args[1] ?? 0n)) ? 2 : count;
  // Waits have a timeout, FUTEX_WAIT nothing behind it; wakes have neither.
  if (name === 'futex') {
    const command = uint(args[1] ?? 0n) & 0x7f;
    return command === 0 ? 4 : command === 1 ? 3 : count;
  }
  return count;
};

/** `name(arguments)`. */
export const formatSyscall = (view: SyscallView): string => {
  const name = syscallName(view.number) ?? `syscall_${view.number}`;
  const reader = new Reader(view);
  const kinds = signatureOf(name) ?? Array.from({ length: 6 }, () => 'hex');
  const shown = kinds.slice(0, meaningful(name, view.args, kinds.length));
  return `${name}(${shown.map((kind, index) => formatArgument(kind, view.args[index] ?? 0n, reader, view.args, index)).join(', ')})`;
};

/** Results between -4095 and -1 are errors, all others are results (syscall(2)). */
export const isError = (result: bigint): boolean => {
  const value = BigInt.asIntN(64, result);
  return value < 0n && value >= -4095n;
};

/** Calls whose result is an address. */
const returnsAddress = new Set(['mmap', 'mremap', 'brk', 'shmat']);

/** `3`, `0x7ffff7fc1000`, `-1 ENOENT (No such file or directory)`, `? ERESTARTSYS (To be restarted if SA_RESTART is set)`. */
export const formatSyscallResult = (number: number, result: bigint, args: readonly bigint[] = []): string => {
  const value = BigInt.asIntN(64, result);
  if (isError(result)) {
    const error = kernelError(Number(-value));
    const words = error ? `${error.name} (${error.text})` : `(errno ${-value})`;
    return value <= -512n ? `? ${words}` : `-1 ${words}`;
  }
  const command = syscallName(number) === 'fcntl' ? int(args[1] ?? 0n) : undefined;
  if (value !== 0n && (command === control.getFlags || command === control.getStatus))
    return `${hex(value)} (flags ${descriptorValue(command, value)})`;
  return returnsAddress.has(syscallName(number) ?? '') ? hex(BigInt.asUintN(64, result)) : value.toString();
};
