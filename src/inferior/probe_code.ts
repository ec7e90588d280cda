/**
 * The code of a probe's check: saves what it uses, computes whether the arrival of a thread matters, and either goes on with the program or meets an
 * int3, behind which the engine takes over. Everything that it changes is on the thread's own stack, below the 128 bytes that belong to a leaf
 * function (System V ABI, AMD64 supplement, 3.2.2), so that any number of threads and activations can be in it, and a thread can be taken out
 * of it at every instruction: `states` says what it has saved by then.
 */
import type { Address } from '../common/addresses.js';
import { Word } from '../linux/registers.js';
import { Assembler, Condition, Label, opposite, Register } from './assembler.js';

const redZone = 128n;
const wordSize = 8n;
const { rax, rcx, rdx, rsp } = Register;

/** Words of the kernel's structure by the numbers that registers have in instructions. */
const wordOf = [
  Word.rax, Word.rcx, Word.rdx, Word.rbx, Word.rsp, Word.rbp, Word.rsi, Word.rdi,
  Word.r8, Word.r9, Word.r10, Word.r11, Word.r12, Word.r13, Word.r14, Word.r15,
]; // prettier-ignore

/** Where a condition finds the program's registers. */
export interface SavedState {
  /** rip. */
  readonly pc: Address;
  /** What a register held when the thread arrived. */
  load(code: Assembler, register: number, to: number): void;
}

export interface ProbeCondition {
  /** The registers that it changes. */
  readonly uses: readonly number[];
  /** Goes to the label if it is false, and on behind itself if it is true. The flags need not be kept. */
  emit(code: Assembler, state: SavedState, whenFalse: Label): void;
}

/** What the stack holds from one instruction on. */
interface State {
  readonly at: number;
  /** Words pushed: the flags first, then registers in their order. */
  readonly words: number;
  /** The red zone has been skipped. */
  readonly skipped: boolean;
  /** The arrival has been counted, and needs nothing more. `asZeroFlag`: it has if that is set. */
  readonly counted: boolean | 'asZeroFlag';
}

export interface CheckCode {
  readonly bytes: Uint8Array;
  /** Offset of the int3. */
  readonly trap: number;
  readonly saved: readonly number[];
  readonly states: readonly State[];
}

class CheckWriter {
  readonly code = new Assembler();
  readonly states: State[] = [];
  trap = 0;

  constructor(
    private readonly pc: Address,
    readonly saved: readonly number[],
  ) {}

  note(words: number, skipped: boolean, counted: State['counted'] = false): void {
    this.states.push({ at: this.code.size, words, skipped, counted });
  }

  enter(): void {
    this.note(0, false);
    this.code.address(rsp, rsp, -redZone);
    this.note(0, true);
    this.code.pushFlags();
    this.note(1, true);
    this.saved.forEach((register, index) => {
      this.code.push(register);
      this.note(index + 2, true);
    });
  }

  leave(counted: boolean): void {
    const { length } = this.saved;
    this.note(length + 1, true, counted);
    [...this.saved].reverse().forEach((register, index) => {
      this.code.pop(register);
      this.note(length - index, true, counted);
    });
    this.code.popFlags();
    this.note(0, true, counted);
    this.code.address(rsp, rsp, redZone);
    this.note(0, false, counted);
  }

  readonly state: SavedState = {
    pc: 0n,
    load: (code, register, to) => {
      const index = this.saved.indexOf(register);
      if (register === rsp) code.address(to, rsp, redZone + wordSize * BigInt(this.saved.length + 1));
      else if (index < 0) code.move(to, register);
      else code.load(to, rsp, wordSize * BigInt(this.saved.length - 1 - index), 8);
    },
  };

  emit(condition: ProbeCondition, whenFalse: Label): void {
    condition.emit(this.code, { ...this.state, pc: this.pc }, whenFalse);
  }

  /** Notes an arrival, whether it matters or not. */
  tally(cell: Address): void {
    this.code.constant(rcx, cell);
    this.code.increment(rcx);
  }

  /** Takes one from the counter, unless there is nothing left: then on behind. */
  count(cell: Address, counted: Label): void {
    const [again, empty] = [new Label(), new Label()];
    this.code.constant(rcx, cell);
    this.code.place(again);
    this.code.load(rax, rcx, 0n, 8);
    this.code.arithmetic('test', rax, rax);
    this.code.jumpIf(Condition.equal, empty);
    this.code.address(rdx, rax, -1n);
    this.code.compareExchange(rcx, rdx);
    this.note(this.saved.length + 1, true, 'asZeroFlag');
    this.code.jumpIf(opposite(Condition.equal), again);
    this.note(this.saved.length + 1, true, true);
    this.code.jump(counted);
    this.code.place(empty);
    this.note(this.saved.length + 1, true);
  }

  report(): void {
    this.leave(false);
    this.trap = this.code.size;
    this.code.trap();
    // The address behind the int3 must mean nothing else.
    this.code.raw(0x90);
  }
}

/**
 * @param conditions an arrival matters if one of them is true; none: it always does
 * @param counter a word of memory: so many arrivals that matter are passed over first, each counted
 * @param tally a word of memory in which all arrivals are counted
 * Behind the last byte the program goes on.
 */
export const assembleCheck = (
  pc: Address,
  conditions: readonly ProbeCondition[],
  counter: Address | undefined,
  tally?: Address,
): CheckCode => {
  const uses = new Set(conditions.flatMap((condition) => [...condition.uses]));
  if (counter !== undefined) for (const register of [rax, rcx, rdx]) uses.add(register);
  if (tally !== undefined) uses.add(rcx);
  const writer = new CheckWriter(pc, [...uses]);
  const { code } = writer;
  const [matters, passes, counted, end] = [new Label(), new Label(), new Label(), new Label()];
  writer.enter();
  if (tally !== undefined) writer.tally(tally);
  conditions.forEach((condition, index) => {
    const isLast = index === conditions.length - 1;
    const otherwise = isLast ? passes : new Label();
    writer.emit(condition, otherwise);
    if (isLast) return;
    code.jump(matters);
    code.place(otherwise);
  });
  code.place(matters);
  if (counter !== undefined) writer.count(counter, counted);
  writer.report();
  if (counter !== undefined) {
    code.place(counted);
    writer.leave(true);
    code.jump(end);
  }
  code.place(passes);
  writer.leave(false);
  code.place(end);
  return { bytes: code.bytes, trap: writer.trap, saved: writer.saved, states: writer.states };
};

const zeroFlag = 0x40n;

/**
 * Takes a thread out of the check: its registers are again what they were when it arrived.
 * @returns whether the arrival had been counted already. Undefined: its stack cannot be read
 */
export const undoCheck = (
  check: CheckCode,
  offset: number,
  registers: BigUint64Array,
  word: (address: Address) => bigint | undefined,
): boolean | undefined => {
  let state: State | undefined;
  for (const each of check.states) if (each.at <= offset) state = each;
  if (!state) return undefined;
  const { words, skipped } = state;
  const counted = state.counted === 'asZeroFlag' ? (registers[Word.eflags] & zeroFlag) !== 0n : state.counted;
  const stack = registers[Word.rsp];
  for (let index = 0; index < words; index++) {
    const value = word(stack + wordSize * BigInt(words - 1 - index));
    if (value === undefined) return undefined;
    registers[index === 0 ? Word.eflags : wordOf[check.saved[index - 1]]] = value;
  }
  registers[Word.rsp] = stack + wordSize * BigInt(words) + (skipped ? redZone : 0n);
  return counted;
};
