/**
 * Where the arguments of a call go (System V ABI, AMD64 supplement, 3.2.3): integers and pointers in registers, floating-point numbers in vector registers,
 * what is large or left over on the stack.
 */
import { u64, type Address } from '../common/addresses.js';
import type { Thread } from '../inferior/thread.js';
import { travelOf, type RegisterPart } from '../language/abi.js';
import type { CallRequest } from '../language/context.js';
import { alignOf, asArray, asInteger, isSigned, sizeOf } from '../language/types.js';
import { integerBytes, integerOf, type Value } from '../language/value.js';
import { Word } from '../linux/registers.js';

/** Bytes below the stack pointer that a leaf function uses without moving it (3.2.2). */
const redZone = 128n;
const integerRegisters = [Word.rdi, Word.rsi, Word.rdx, Word.rcx, Word.r8, Word.r9];
const vectorRegisters = 8;
/** Of a zmm register in memory; the ABI wants 16 at every call. */
const largestAlignment = 64n;

const alignDown = (address: Address, to: bigint): Address => address - (address % to);

/** Where everything goes, found before anything but the contents of strings is written. */
class Layout {
  readonly integers: bigint[] = [];
  readonly vectors: Uint8Array[] = [];
  /** Arguments in memory, by their distance from the first. */
  readonly onStack: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  stackSize = 0;
  /** Strings and results, above the arguments. */
  top: Address;

  constructor(
    private readonly thread: Thread,
    stackPointer: Address,
  ) {
    this.top = alignDown(stackPointer - redZone, largestAlignment);
  }

  /** Room for an object of the call's own. */
  reserve(size: number): Address {
    this.top = alignDown(this.top - BigInt(size), largestAlignment);
    return this.top;
  }

  add(argument: Value): void {
    const array = asArray(argument.type);
    // A string literal lives in deet until it is passed: it goes on the program's stack.
    if (array && !array.vector) this.#addInteger(argument.address ?? this.#store(argument.bytes(), 1));
    else {
      const travel = travelOf(argument.type);
      if (travel.by === 'reference') this.#addInteger(argument.address ?? this.#store(argument.bytes()));
      else this.#addValue(argument, travel.by === 'registers' ? travel.parts : undefined);
    }
  }

  /** In registers, if there are enough for the whole of it. */
  #addValue(argument: Value, parts: readonly RegisterPart[] | undefined): void {
    const count = (bank: RegisterPart['bank']): number => parts?.filter((part) => part.bank === bank).length ?? 0;
    const fits =
      parts !== undefined &&
      count('x87') === 0 &&
      this.integers.length + count('general') <= integerRegisters.length &&
      this.vectors.length + count('vector') <= vectorRegisters;
    const bytes = argument.bytes();
    if (!fits) {
      this.#addToStack(bytes, alignOf(argument.type));
      return;
    }
    // Compilers rely on callers that extend what is narrower than int.
    const integer = asInteger(argument.type);
    const signed = integer !== undefined && isSigned(integer);
    for (const { bank, offset, size } of parts) {
      const part = bytes.subarray(offset, offset + size);
      if (bank === 'vector') this.vectors.push(part);
      else this.integers.push(integerOf(part, signed));
    }
  }

  #addInteger(value: bigint): void {
    if (this.integers.length < integerRegisters.length) this.integers.push(value);
    else this.#addToStack(integerBytes(value, 8), 8);
  }

  #addToStack(bytes: Uint8Array, alignment: number): void {
    const step = Math.max(8, alignment);
    const offset = Math.ceil(this.stackSize / step) * step;
    this.onStack.push({ offset, bytes });
    this.stackSize = Math.ceil((offset + bytes.length) / 8) * 8;
  }

  #store(bytes: Uint8Array, terminator = 0): Address {
    const address = this.reserve(bytes.length + terminator);
    this.thread.process.space.write(address, Uint8Array.of(...bytes, ...new Uint8Array(terminator)));
    return address;
  }
}

/**
 * Writes the arguments where they belong, and sets the registers so that the thread calls the function when it next runs.
 * @returns the stack pointer as the function's first instruction sees it: the return address lies there
 */
export const enterFunction = (thread: Thread, request: CallRequest, returnTo: Address): Address => {
  const layout = new Layout(thread, thread.stackPointer);
  const { returns } = request.type;
  if (travelOf(returns).by !== 'registers') layout.integers.push(layout.reserve(sizeOf(returns) ?? 0));
  for (const argument of request.arguments) layout.add(argument);
  const first = alignDown(layout.top - BigInt(layout.stackSize), largestAlignment);
  for (const { offset, bytes } of layout.onStack) thread.process.space.write(first + BigInt(offset), bytes);
  const stackPointer = first - 8n;
  thread.process.space.write(stackPointer, integerBytes(returnTo, 8));
  layout.integers.forEach((value, index) => {
    thread.setRegister(integerRegisters[index], u64(value));
  });
  const state = thread.extendedState();
  if (state && layout.vectors.length > 0) {
    layout.vectors.forEach((bytes, index) => {
      state.setVector(index, bytes);
    });
    thread.writeExtendedState(state);
  }
  thread.setRegister(Word.rax, BigInt(layout.vectors.length));
  thread.setRegister(Word.rsp, stackPointer);
  thread.setRegister(Word.rip, request.function);
  // The kernel must not take the change for the end of a system call that it should restart.
  thread.setRegister(Word.orig_rax, 0xffff_ffff_ffff_ffffn);
  return stackPointer;
};
