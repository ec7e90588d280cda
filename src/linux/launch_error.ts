/**
 * Why a program did not start, in the user's words. The kernel gives one number for many causes (ENOENT: the file is missing, or its
 * loader is, or its script's interpreter is), so the file is looked at again, here and only after the failure.
 */
import { closeSync, constants as file, openSync, readFileSync, readSync, statSync, type Stats } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { DeetError } from '../common/errors.js';
import { whyNotElf, whyNotProgram } from '../elf/identify.js';
import type { LaunchPlan, LaunchResult } from '../native.js';

type Failure = Exclude<LaunchResult, { pid: number }>;

/** One sentence (without the errno's name, which is added) and what to do next. */
type Reason = readonly [what: string, hint?: string];

/** `ENOENT` and `no such file or directory`. Names come from the system's header, words from libuv, which lacks some (ENOEXEC). */
const describeErrno = (errno: number): readonly [name: string, text: string] => {
  const name = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
  return [name, getSystemErrorMap().get(-errno)?.[1] ?? 'refused'];
};

/** `program` is the user's name for `plan.path`. */
export const launchError = (plan: LaunchPlan, program: string, failure: Failure): DeetError => {
  const [name] = describeErrno(failure.errno);
  const [what, hint] = reasonOf(plan, program, failure);
  return new DeetError('launch', `Error starting subprocess: ${what} (${name}).`, hint);
};

const reasonOf = (plan: LaunchPlan, program: string, { step, errno, index }: Failure): Reason => {
  const [name, text] = describeErrno(errno);
  switch (step) {
    case 'exec':
      return whyNoExec(program, plan.path, name, text);
    case 'cwd':
      return [`cannot enter the working directory ${plan.cwd ?? ''}: ${text}`, 'Give another one: set cwd DIRECTORY'];
    case 'tty':
      return [
        `cannot make ${plan.tty ?? ''} the program's terminal: ${text}`,
        'Give the name that the command "tty" prints in the other terminal.',
      ];
    case 'redirect':
      return whyNoRedirection(plan, index ?? 0, name, text);
    case 'fork':
      return [
        `no new process could be made: ${text}`,
        name === 'EAGAIN' ? 'You may run no more processes: see "ulimit -u", or end some.' : undefined,
      ];
    case 'trace':
      return [`the kernel does not let deet trace a process: ${text}`, 'In a container, allow it: docker run --cap-add=SYS_PTRACE ...'];
    case 'group':
      return [`the program could not get a process group and the terminal: ${text}`];
    case 'personality':
      return [`address randomization could not be switched off: ${text}`, 'set disable-randomization off'];
  }
};

const whyNoRedirection = (plan: LaunchPlan, index: number, name: string, text: string): Reason => {
  const entry = plan.redirections[index];
  if (entry === undefined) return [`redirection ${index + 1}: ${text}`];
  if ('from' in entry) return [`descriptor ${entry.from} cannot be copied to ${entry.fd}: ${text}`];
  const writing = (entry.flags & (file.O_WRONLY | file.O_RDWR)) !== 0;
  const purpose = writing ? 'for output' : 'as input';
  if (name === 'ENXIO') return [`nobody reads from the named pipe ${entry.path}`, 'Open its other end first.'];
  return [`cannot open ${entry.path} ${purpose}: ${text}`, name === 'EISDIR' ? 'It is a directory; name a file.' : undefined];
};

const factsOf = (path: string): Stats | undefined => {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
};

/** The first bytes of a file; undefined when it cannot be read (or could block: only regular files are opened). */
const headOf = (path: string): Uint8Array | undefined => {
  let fd: number | undefined;
  try {
    if (!factsOf(path)?.isFile()) return undefined;
    fd = openSync(path, 'r');
    const bytes = new Uint8Array(64 * 1024);
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
};

interface Interpreter {
  readonly kind: 'script' | 'loader';
  readonly path: string;
}

const PT_INTERP = 3;

/** The file that the kernel runs in place of this one: a script's `#!` line (execve(2)), or PT_INTERP of a 64-bit ELF file (elf(5)). */
const interpreterOf = (head: Uint8Array): Interpreter | undefined => {
  const latin1 = (from: number, to: number): string => Buffer.from(head.subarray(from, to)).toString('latin1');
  if (latin1(0, 2) === '#!') {
    const line = latin1(2, 256).split('\n', 1)[0] ?? '';
    return { kind: 'script', path: line.replace(/^[ \t]+/, '').split(/[ \t]/, 1)[0] ?? '' };
  }
  if (latin1(0, 5) !== '\x7fELF\x02' || head.length < 64) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const table = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  for (let index = 0; index < count; index++) {
    const header = table + index * size;
    if (header + 56 > head.length) break;
    if (view.getUint32(header, true) !== PT_INTERP) continue;
    const offset = Number(view.getBigUint64(header + 8, true));
    const length = Number(view.getBigUint64(header + 32, true));
    return { kind: 'loader', path: latin1(offset, Math.min(offset + length, offset + 4096)).split('\0', 1)[0] ?? '' };
  }
  return undefined;
};

const whyNoExec = (program: string, path: string, name: string, text: string): Reason => {
  switch (name) {
    case 'ENOENT':
      return whyMissing(program, path);
    case 'EACCES':
    case 'EPERM':
      return whyForbidden(program, path, text);
    case 'ENOEXEC':
    case 'EINVAL':
      return whyNotRunnable(program, path, text);
    case 'ETXTBSY':
      return [`${program} is open for writing`, 'Wait until the compiler or copy that writes it has finished.'];
    case 'ELOOP':
      return [`${program} leads through too many symbolic links, perhaps in a circle`, `Look where it leads: ls -l ${program}`];
    case 'E2BIG':
      return ['the arguments and the environment are longer than the kernel allows', 'Pass long input in a file.'];
    case 'ENOTDIR':
      return [`a part of the path ${program} is a file, not a directory`];
    default:
      return [`${program}: ${text}`];
  }
};

const whyMissing = (program: string, path: string): Reason => {
  const head = headOf(path);
  if (head === undefined) return [`there is no file ${program}`, 'Check the path; if it is yet to be built, build it.'];
  const interpreter = interpreterOf(head);
  if (interpreter === undefined) return [`${program}, or a file that it needs to start, is missing`];
  if (interpreter.kind === 'loader')
    return [
      `${program} needs the loader ${interpreter.path}, and there is none`,
      'It was built for another system (or another C library): install that, or build the program here.',
    ];
  if (interpreter.path.endsWith('\r'))
    return [`the first line of the script ${program} ends in a carriage return`, `It has Windows line ends: sed -i 's/\\r$//' ${program}`];
  return [`the script ${program} asks for the interpreter "${interpreter.path}", and there is none`, 'Correct its first line.'];
};

const whyForbidden = (program: string, path: string, text: string): Reason => {
  const facts = factsOf(path);
  if (facts?.isDirectory()) return [`${program} is a directory`, `Name a program in it: deet ${program.replace(/\/*$/, '/')}PROGRAM`];
  if (facts !== undefined && !facts.isFile()) return [`${program} is not a regular file`];
  if (facts !== undefined && (facts.mode & 0o111) === 0) {
    const notElf = whyNotElf(headOf(path)?.subarray(0, 4096) ?? new Uint8Array(), program);
    return [
      `${program} is not executable`,
      notElf === undefined ? `If it is a program: chmod +x ${program}` : (notElf.hint ?? `It ${notElf.message.slice(program.length + 1)}`),
    ];
  }
  const mount = mountWithoutExec(path);
  if (mount !== undefined) return [`${program} lies on ${mount}, which is mounted noexec`, 'Copy it to another file system.'];
  const interpreter = interpreterOf(headOf(path) ?? new Uint8Array());
  if (interpreter !== undefined)
    return [`you may not execute ${program}, or its ${interpreter.kind === 'script' ? 'interpreter' : 'loader'} ${interpreter.path}`];
  return [`you may not execute ${program}: ${text}`, `See who may: ls -l ${program}; ls -ld ${dirname(program)}`];
};

/** The mount point on which `path` lies, when that is mounted noexec (proc(5), mountinfo: field 5 the place, field 6 the options). */
const mountWithoutExec = (path: string): string | undefined => {
  try {
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter((fields) => fields.length > 5 && (fields[4] === '/' || path.startsWith(`${fields[4]}/`)))
      .sort((a, b) => a[4].length - b[4].length);
    const last = mounts.at(-1);
    return last !== undefined && last[5].split(',').includes('noexec') ? last[4] : undefined;
  } catch {
    return undefined;
  }
};

const whyNotRunnable = (program: string, path: string, text: string): Reason => {
  const head = headOf(path);
  if (head === undefined) return [`${program}: ${text}`];
  const type = (head[16] ?? 0) | ((head[17] ?? 0) << 8);
  const error = whyNotElf(head, program) ?? whyNotProgram(type, program);
  if (error === undefined) return [`${program} is a damaged ELF file: the kernel cannot load it`, 'Build or copy it again.'];
  const isText = /text file/.test(error.message);
  return [
    error.message.replace(/\.$/, ''),
    error.hint ?? (isText ? 'If it is a script, its first line must name an interpreter, such as #!/bin/sh' : undefined),
  ];
};
