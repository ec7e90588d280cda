/** Names for locks that no symbol covers: on the heap or on the stack, in the words of the code that waits for them. */
import type { Address } from '../common/addresses.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { asPointer, sizeOf } from '../language/types.js';
import { readMaps } from '../linux/proc.js';
import { Word } from '../linux/registers.js';
import { stackOf } from '../session/stacks.js';
import type { CrashFrame, LocatedVariable } from './crash.js';
import type { NamedAddress } from './family.js';
import { Naming, type SymbolSource } from './naming.js';
import { OperandTrace } from './operand.js';
import { isOwnCode } from './own_code.js';
import { memberAt, symbolAt, variableAt, walkFrames } from './thread_scene.js';

/** Frames looked at for the call, and for variables. */
const fewFrames = 24;

/** System V ABI, 3.2.3. */
const argumentRegisters = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'];

/** The locks of the C library are smaller than this. */
const largestLock = 56n;

const named = (name: string, offset: number, type?: string): NamedAddress => ({
  name,
  offset,
  image: '',
  ...(type === undefined ? {} : { type }),
});

const inWords = (name: string, offset: number, type?: string): NamedAddress => ({ ...named(name, offset, type), words: true });

/** Values in a frame's code, and the words for them. */
const wordsIn = (frame: CrashFrame, process: Process): { trace: OperandTrace; naming: Naming } | undefined => {
  const trace = OperandTrace.of(frame, process.space);
  if (!trace) return undefined;
  const symbols: SymbolSource = { symbolAt: (at) => symbolAt(process, at), variableAt: (at) => variableAt(process, at) };
  return { trace, naming: new Naming(symbols, frame.variables(), trace) };
};

/** An argument that is the address, or that points to what the address is a part of. */
const givenAt = (frame: CrashFrame, process: Process, address: Address): NamedAddress | undefined => {
  const words = wordsIn(frame, process);
  if (!words) return undefined;
  const { trace, naming } = words;
  for (const register of argumentRegisters) {
    const sum = trace.register(register);
    const value = trace.evaluate(sum);
    const given = value !== undefined && value <= address ? naming.value(sum) : undefined;
    if (!given || value === undefined) continue;
    const offset = address - value;
    const target = given.type && asPointer(given.type)?.target;
    if (given.text.startsWith('&') && offset < largestLock) return inWords(given.text.slice(1), Number(offset));
    const size = BigInt((target && sizeOf(target)) ?? 0);
    const member = target && offset < size ? memberAt(target, Number(offset)) : undefined;
    if (member && /^[\w.>[\]-]+$/.test(given.text)) {
      const name = member.suffix.startsWith('.') ? `${given.text}->${member.suffix.slice(1)}` : `${given.text}${member.suffix}`;
      return inWords(name, member.rest, member.typeName);
    }
    if (offset < largestLock && size === 0n) return inWords(given.text, Number(offset));
  }
  return undefined;
};

/** A local variable that the address lies in. */
const localAt = (variables: readonly LocatedVariable[], address: Address): NamedAddress | undefined => {
  for (const { name, type, location } of variables) {
    if (location.kind !== 'memory') continue;
    const offset = address - location.address;
    if (offset < 0n || offset >= BigInt(sizeOf(type) ?? 0)) continue;
    const member = memberAt(type, Number(offset));
    return member && named(name + member.suffix, member.rest, member.typeName);
  }
  return undefined;
};

/** The user's own code that has called what the thread is in. */
const ownFrame = (thread: Thread): CrashFrame | undefined => {
  for (const frame of walkFrames(stackOf(thread, 0), fewFrames)) if (isOwnCode(frame)) return frame;
  return undefined;
};

/** In the words of the call that the user's own code is in. */
const inCall = (thread: Thread, address: Address): NamedAddress | undefined => {
  const frame = ownFrame(thread);
  return frame && givenAt(frame, thread.process, address);
};

/** FamilyThread.given. */
export const givenFirst = (thread: Thread): string | undefined => {
  const frame = ownFrame(thread);
  const words = frame && wordsIn(frame, thread.process);
  const text = words?.naming.value(words.trace.register('rdi'))?.text;
  return text?.startsWith('&') ? text.slice(1) : text === undefined ? undefined : `*${text}`;
};

/** The threads on whose stack an address lies: in the mapping of their stack pointer, not below it. */
const onStackOf = (process: Process, address: Address): Thread[] => {
  const maps = readMaps(process.pid) ?? [];
  const mapping = maps.find(({ start, end }) => address >= start && address < end);
  return [...process.threads.values()].filter((thread) => {
    const pointer = thread.stopped ? thread.registers()[Word.rsp] : undefined;
    return mapping && pointer !== undefined && pointer >= mapping.start && pointer <= address;
  });
};

/** A variable on the stack of any thread. */
const onStacks = (process: Process, address: Address): NamedAddress | undefined => {
  for (const thread of onStackOf(process, address))
    for (const frame of walkFrames(stackOf(thread, 0), fewFrames)) {
      const local = isOwnCode(frame) ? localAt(frame.variables(), address) : undefined;
      if (local) return local;
    }
  return undefined;
};

/** A variable has one name for all; `this->lock` or `to->lock` is another one in each call, and so shows its address too. */
export const nameOf = (thread: Thread, address: Address): NamedAddress | undefined =>
  onStacks(thread.process, address) ?? inCall(thread, address);
