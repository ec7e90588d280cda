/**
 * Where the arguments of a call go (System V ABI, AMD64 supplement, 3.2.3): integers and pointers in registers, floating-point numbers in vector registers,
 * what is large or left over on the stack.
 */
import { u64, type Address } from '../common/addresses.js';
import type { Thread } from '../inferior/thread.js';
import { classify } from '../language/abi.js';
import type { CallRequest } from '../language/context.js';
import { asArray, sizeOf, strip } from '../language/types.js';
import type { Value } from '../language/value.js';
import { Word } from '../linux/registers.js';

/** Bytes below the stack pointer that a leaf function uses without moving it (3.2.2). */
const redZone = 128n;
const integerRegisters = [Word.rdi, Word.rsi, Word.rdx, Word.rcx, Word.r8, Word.r9];
const vectorRegisters = 8;

const alignDown = (address: Address, to: bigint): Address => address - (address % to);

/** Where everything goes, found before anything is written. */
class Layout {
  readonly integers: bigint[] = [];
  readonly vectors: Uint8Array[] = [];
  readonly onStack: Uint8Array[] = [];
  /** Strings and results, above the arguments. */
  top: Address;

  constructor(
    private readonly thread: Thread,
    stackPointer: Address,
  ) {
    this.top = alignDown(stackPointer - redZone, 16n);
  }

  /** Room for an object of the call's own. */
  reserve(size: number): Address {
    this.top = alignDown(this.top - BigInt(size), 16n);
    return this.top;
  }

  add(argument: Value): void {
    const array = asArray(strip(argument.type));
    if (array && !array.vector) {
      this.integers.push(argument.address ?? this.#store(argument.bytes()));
      this.#spillIntegers();
      return;
    }
    const bytes = argument.bytes();
    const classes = classify(argument.type);
    const needs = (kind: string): number => classes.filter((each) => each === kind).length;
    const wholeVector = classes.length === 2 && strip(argument.type).kind === 'base' && classes[0] === 'sse';
    const fits =
      !classes.some((each) => each === 'memory' || each === 'x87') &&
      this.integers.length + needs('integer') <= integerRegisters.length &&
      this.vectors.length + (wholeVector ? 1 : needs('sse')) <= vectorRegisters;
    if (!fits) {
      const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
      padded.set(bytes);
      this.onStack.push(padded);
      return;
    }
    if (wholeVector) {
      this.vectors.push(bytes);
      return;
    }
    classes.forEach((kind, index) => {
      const part = new Uint8Array(8);
      part.set(bytes.subarray(index * 8, index * 8 + 8));
      if (kind === 'sse') this.vectors.push(part);
      else this.integers.push(new DataView(part.buffer).getBigUint64(0, true));
    });
  }

  #spillIntegers(): void {
    if (this.integers.length <= integerRegisters.length) return;
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, this.integers.pop() ?? 0n, true);
    this.onStack.push(bytes);
  }

  /** A string literal lives in deet until it is passed: it goes on the program's stack. */
  #store(bytes: Uint8Array): Address {
    const address = this.reserve(bytes.length + 1);
    this.thread.process.space.write(address, Uint8Array.of(...bytes, 0));
    return address;
  }
}

/**
 * Writes the arguments where they belong, and sets the registers so that the thread calls the function when it next runs.
 * @returns the stack pointer as the function's first instruction sees it: the return address lies there
 */
export const enterFunction = (thread: Thread, request: CallRequest, returnTo: Address): Address => {
  const layout = new Layout(thread, thread.stackPointer);
  const inMemory = classify(request.type.returns)[0] === 'memory';
  if (inMemory) layout.integers.push(layout.reserve(sizeOf(strip(request.type.returns)) ?? 0));
  for (const argument of request.arguments) layout.add(argument);
  const size = layout.onStack.reduce((total, each) => total + each.length, 0);
  let at = alignDown(layout.top - BigInt(size), 16n);
  const stackPointer = at - 8n;
  for (const bytes of layout.onStack) {
    thread.process.space.write(at, bytes);
    at += BigInt(bytes.length);
  }
  const address = new Uint8Array(8);
  new DataView(address.buffer).setBigUint64(0, returnTo, true);
  thread.process.space.write(stackPointer, address);
  layout.integers.forEach((value, index) => {
    thread.setRegister(integerRegisters[index], u64(value));
  });
  const state = thread.extendedState();
  if (state && layout.vectors.length > 0) {
    layout.vectors.forEach((bytes, index) => {
      state.xmm(index).fill(0);
      state.xmm(index).set(bytes);
    });
    state.bytes[512] |= 2;
    thread.writeExtendedState(state);
  }
  thread.setRegister(Word.rax, BigInt(layout.vectors.length));
  thread.setRegister(Word.rsp, stackPointer);
  thread.setRegister(Word.rip, request.function);
  // The kernel must not take the change for the end of a system call that it should restart.
  thread.setRegister(Word.orig_rax, 0xffff_ffff_ffff_ffffn);
  return stackPointer;
};
