/** Waits for System V queues and semaphores (sysvipc(7)), and at the opening of a FIFO (fifo(7)). */
import { readlinkSync, statSync } from 'node:fs';
import { procText } from '../linux/proc.js';
import { listed, type FamilyMember } from './family.js';
import { bytesAt, int, othersOf, type WaitFact, type Waiter } from './wait_facts.js';

/** A row of /proc/sysvipc/msg: key, msqid, perms, cbytes, qnum... */
const queueState = (id: number): { bytes: number; messages: number } | undefined => {
  for (const row of (procText('sysvipc/msg') ?? '').split('\n')) {
    const [, number, , bytes, messages] = row.trim().split(/\s+/);
    if (Number(number) === id && row.trim() !== '') return { bytes: Number(bytes), messages: Number(messages) };
  }
  return undefined;
};

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

const messageWait = (waiter: Waiter): WaitFact => {
  const { call } = waiter;
  const id = int(call.args[0]);
  // Whoever knows its number may use it.
  const others = { ...othersOf(waiter), unless: `another program uses the System V queue ${id}` };
  const state = queueState(id);
  if (call.name === 'msgsnd') {
    const holds = state ? `, which holds ${count(state.messages, 'message')} (${count(state.bytes, 'byte')})` : '';
    return { on: { kind: 'ipc' }, text: `waits for room in the System V queue ${id} (msgsnd)${holds}`, ...others };
  }
  // msgrcv(2): 0 takes any, a positive number that type (or with MSG_EXCEPT any other), a negative one types up to it.
  const type = BigInt.asIntN(64, call.args[3] ?? 0n);
  const except = (int(call.args[4]) & 0o20000) !== 0;
  const which = type === 0n ? '' : type < 0n ? ` of a type up to ${-type}` : ` of ${except ? 'another type than' : 'type'} ${type}`;
  const holds = !state
    ? ''
    : state.messages === 0
      ? ', which is empty'
      : `, which holds ${count(state.messages, 'message')}, none of them such`;
  return { on: { kind: 'ipc' }, text: `waits for a message${which} in the System V queue ${id} (msgrcv)${holds}`, ...others };
};

const mostOperations = 64;
/** struct sembuf: unsigned short sem_num; short sem_op, sem_flg. */
const operationSize = 6;

const semaphoreWait = (waiter: Waiter): WaitFact => {
  const { member, call } = waiter;
  const id = int(call.args[0]);
  const length = Math.min(Number(call.args[2] ?? 0n), mostOperations);
  const view = bytesAt(member, call.args[1], length * operationSize);
  const wanted = Array.from({ length: view ? length : 0 }, (_, index) => {
    const change = view?.getInt16(index * operationSize + 2, true) ?? 0;
    const name = `semaphore ${view?.getUint16(index * operationSize, true) ?? 0}`;
    return change > 0 ? [] : [`${name} is ${change === 0 ? '0' : `at least ${-change}`}`];
  }).flat();
  const until = wanted.length > 0 ? `until ${listed(wanted)}, in` : 'for';
  const text = `waits ${until} the System V semaphore set ${id} (semop)`;
  // semtimedop(2) with a limit ends by itself.
  if (call.name === 'semtimedop' && call.args[3] !== 0n) return { on: { kind: 'ipc' }, text, clause: () => ', for a limited time' };
  return { on: { kind: 'ipc' }, text, ...othersOf(waiter), unless: `another program uses the System V semaphore set ${id}` };
};

const longestPath = 4096;

const stringAt = (member: FamilyMember, address: bigint): string | undefined => {
  const bytes: number[] = [];
  // Piece by piece: the page behind the string may not be mapped.
  for (let at = address; bytes.length < longestPath; at = (at | 15n) + 1n) {
    const view = bytesAt(member, at, 16 - Number(at & 15n));
    if (!view) return undefined;
    for (let index = 0; index < view.byteLength; index++) {
      const byte = view.getUint8(index);
      if (byte === 0) return new TextDecoder().decode(Uint8Array.from(bytes));
      bytes.push(byte);
    }
  }
  return undefined;
};

/** struct sockaddr (unix(7), ip(7), ipv6(7)); undefined: another family, or unreadable. */
export const socketAddressAt = (
  member: FamilyMember,
  address: bigint | undefined,
  length: number,
): { readonly text: string; readonly local: boolean } | undefined => {
  const view = length >= 2 && length <= 128 ? bytesAt(member, address, length) : undefined;
  const bytes = view && Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  const kind = bytes?.readUInt16LE(0);
  // An abstract name begins with a zero byte, and is as long as it is said to be.
  if (bytes && kind === 1)
    return { text: bytes[2] === 0 ? `@${bytes.toString('utf8', 3)}` : bytes.toString('utf8', 2).replace(/\0.*$/s, ''), local: true };
  if (bytes && kind === 2 && length >= 8) return { text: `${[...bytes.subarray(4, 8)].join('.')}:${bytes.readUInt16BE(2)}`, local: false };
  if (bytes && kind === 10 && length >= 24) {
    const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(8 + 2 * index).toString(16)).join(':');
    return { text: `[${groups}]:${bytes.readUInt16BE(2)}`, local: false };
  }
  return undefined;
};

/** AT_FDCWD of openat(2). */
const workingDirectory = -100;

const resolved = (pid: number, directory: number, path: string): string | undefined => {
  if (path.startsWith('/')) return path;
  try {
    return `${readlinkSync(`/proc/${pid}/${directory === workingDirectory ? 'cwd' : `fd/${directory}`}`)}/${path}`;
  } catch {
    return undefined;
  }
};

const isFifo = (path: string): boolean => {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
};

/** open(2) waits for the other end of a FIFO; elsewhere (slow file systems, leases, modems) not for long. */
const openWait = (waiter: Waiter): WaitFact => {
  const { member, call } = waiter;
  const [directory, name, flags] = call.name === 'openat' ? call.args : [BigInt(workingDirectory), ...call.args];
  const given = name === undefined ? undefined : stringAt(member, name);
  const path = given === undefined ? undefined : resolved(member.pid, int(directory), given);
  if (path === undefined)
    return { on: { kind: 'other' }, text: `opens a file (${call.name}) and waits: for a FIFO, until the other end is opened` };
  if (!isFifo(path)) return { on: { kind: 'file' }, text: `opens ${path} (${call.name})` };
  const [mode, other] = (int(flags) & 3) === 0 ? ['reading', 'writing'] : ['writing', 'reading'];
  const text = `opens the FIFO ${path} for ${mode}, and waits until somebody opens it for ${other}`;
  return { on: { kind: 'fifo' }, text, ...othersOf(waiter), unless: `another program opens ${path}` };
};

/** Undefined: another call. */
export const ipcWait = (waiter: Waiter): WaitFact | undefined => {
  switch (waiter.call.name) {
    case 'msgrcv':
    case 'msgsnd':
      return messageWait(waiter);
    case 'semop':
    case 'semtimedop':
      return semaphoreWait(waiter);
    case 'open':
    case 'openat':
      return openWait(waiter);
    default:
      return undefined;
  }
};
