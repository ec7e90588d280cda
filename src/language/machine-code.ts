/**
 * Simple code (simple-code.ts) as machine code. The processor computes modulo 2^64, simple code with whole numbers: where the difference could
 * show - comparisons, divisions, shifts to the right - the numbers must fit into 64 bits, which the bounds of every subexpression tell beforehand.
 * What faults there (a pointer that points nowhere, a division by zero) is left to the evaluator, as in JavaScript.
 */
import { Assembler, Condition, isSigned32, Label, opposite, Register } from '../inferior/assembler.js';
import type { ProbeCondition, SavedState } from '../inferior/probe_code.js';
import { boundsOf, fitsSigned, fitsUnsigned } from './bounds.js';
import type { Code, SimpleComparison } from './simple-code.js';

/** Intermediate results lie here; rax and rdx are what divisions work with. */
const places = [Register.rsi, Register.rdi, Register.r8, Register.r9, Register.r10, Register.r11, Register.rcx];
const { rax, rdx } = Register;

const conditions: Record<SimpleComparison, { readonly signed: number; readonly unsigned: number }> = {
  '==': { signed: Condition.equal, unsigned: Condition.equal },
  '!=': { signed: opposite(Condition.equal), unsigned: opposite(Condition.equal) },
  '<': { signed: Condition.less, unsigned: Condition.below },
  '>=': { signed: opposite(Condition.less), unsigned: opposite(Condition.below) },
  '<=': { signed: Condition.lessOrEqual, unsigned: Condition.belowOrEqual },
  '>': { signed: opposite(Condition.lessOrEqual), unsigned: opposite(Condition.belowOrEqual) },
};

/** Registers of an instruction by DWARF number (System V ABI, AMD64 supplement, figure 3.36). */
const hardware = [0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15];
const instructionPointer = 16;

/** It cannot be done in 64 bits, or takes more registers than there are. */
class TooMuch extends Error {}

const tooMuch = (): never => {
  throw new TooMuch();
};

class Generator {
  readonly used = new Set<number>();

  constructor(
    private readonly code: Assembler,
    private readonly state: SavedState,
  ) {}

  #place(depth: number): number {
    const place = places.at(depth) ?? tooMuch();
    this.used.add(place);
    return place;
  }

  /** The value of a node, modulo 2^64, in the place of this depth. */
  value(node: Code, depth: number): void {
    const to = this.#place(depth);
    switch (node.kind) {
      case 'constant':
        this.code.constant(to, node.value);
        return;
      case 'register':
        if (node.number === instructionPointer) this.code.constant(to, this.state.pc);
        else this.state.load(this.code, hardware.at(node.number) ?? tooMuch(), to);
        return;
      case 'load':
        this.#load(node, depth);
        return;
      case 'extend':
        this.#extend(node, depth);
        return;
      case 'binary':
        this.#binary(node, depth);
        return;
      case 'compare':
      case 'logical': {
        const [no, end] = [new Label(), new Label()];
        this.branch(node, depth, false, no);
        this.code.constant(to, 1n);
        this.code.jump(end);
        this.code.place(no);
        this.code.constant(to, 0n);
        this.code.place(end);
      }
    }
  }

  /** Base and displacement of an address. */
  #address(node: Code, depth: number): { readonly base: number; readonly displacement: bigint } {
    if (node.kind === 'binary' && node.operator === '+' && node.right.kind === 'constant' && isSigned32(node.right.value)) {
      this.value(node.left, depth);
      return { base: this.#place(depth), displacement: node.right.value };
    }
    this.value(node, depth);
    return { base: this.#place(depth), displacement: 0n };
  }

  #load({ address, size }: Extract<Code, { kind: 'load' }>, depth: number, signed = false): void {
    const to = this.#place(depth);
    const { base, displacement } = this.#address(address, depth);
    if (size === 1 || size === 2 || size === 4 || size === 8) {
      this.code.load(to, base, displacement, size, signed);
      return;
    }
    // The bytes of a bit-field, and no others: who knows what lies behind them.
    const part = this.#place(depth + 1);
    const sum = this.#place(depth + 2);
    this.code.constant(sum, 0n);
    let done = 0;
    for (const piece of [4, 2, 1]) {
      if ((size & piece) === 0) continue;
      this.code.load(part, base, displacement + BigInt(done), piece);
      if (done > 0) this.code.shift('left', part, done * 8);
      this.code.arithmetic('or', sum, part);
      done += piece;
    }
    this.code.move(to, sum);
  }

  #extend({ of, bits, signed }: Extract<Code, { kind: 'extend' }>, depth: number): void {
    const to = this.#place(depth);
    if (of.kind === 'load' && of.size * 8 === bits && (bits === 8 || bits === 16 || bits === 32)) {
      this.#load(of, depth, signed);
      return;
    }
    this.value(of, depth);
    const { low, high } = boundsOf(of);
    const fits = signed ? low >= -(1n << BigInt(bits - 1)) && high < 1n << BigInt(bits - 1) : low >= 0n && high < 1n << BigInt(bits);
    if (bits >= 64 || fits) return;
    if (bits === 8 || bits === 16 || bits === 32) this.code.extend(to, bits / 8, signed);
    else {
      this.code.shift('left', to, 64 - bits);
      this.code.shift(signed ? 'arithmeticRight' : 'right', to, 64 - bits);
    }
  }

  #binary({ operator, left, right }: Extract<Code, { kind: 'binary' }>, depth: number): void {
    const to = this.#place(depth);
    if (operator === '<<' || operator === '>>') {
      if (right.kind !== 'constant' || right.value < 0n || right.value > 63n) return tooMuch();
      const signed = fitsSigned(boundsOf(left));
      if (operator === '>>' && !signed && !fitsUnsigned(boundsOf(left))) return tooMuch();
      this.value(left, depth);
      this.code.shift(operator === '<<' ? 'left' : signed ? 'arithmeticRight' : 'right', to, Number(right.value));
      return;
    }
    this.value(left, depth);
    if (operator === '/' || operator === '%') {
      const signed = this.#signedness(left, right);
      this.value(right, depth + 1);
      this.used.add(rax).add(rdx);
      this.code.move(rax, to);
      this.code.divide(this.#place(depth + 1), signed);
      this.code.move(to, operator === '/' ? rax : rdx);
      return;
    }
    this.value(right, depth + 1);
    const from = this.#place(depth + 1);
    switch (operator) {
      case '*':
        this.code.multiply(to, from);
        return;
      case '+':
        this.code.arithmetic('add', to, from);
        return;
      case '-':
        this.code.arithmetic('sub', to, from);
        return;
      case '&':
        this.code.arithmetic('and', to, from);
        return;
      case '|':
        this.code.arithmetic('or', to, from);
        return;
      case '^':
        this.code.arithmetic('xor', to, from);
    }
  }

  /** Whether both numbers are exact as signed words, or as unsigned ones. */
  #signedness(left: Code, right: Code): boolean {
    const both = [boundsOf(left), boundsOf(right)];
    return both.every(fitsSigned) || (both.every(fitsUnsigned) ? false : tooMuch());
  }

  /** Jumps to the label if the truth of the node is `when`; else goes on behind. */
  branch(node: Code, depth: number, when: boolean, label: Label): void {
    if (node.kind === 'logical') {
      const deciding = node.operator === '||';
      if (deciding === when) {
        this.branch(node.left, depth, when, label);
        this.branch(node.right, depth, when, label);
      } else {
        const decided = new Label();
        this.branch(node.left, depth, deciding, decided);
        this.branch(node.right, depth, when, label);
        this.code.place(decided);
      }
      return;
    }
    if (node.kind !== 'compare') {
      this.value(node, depth);
      this.code.arithmetic('test', this.#place(depth), this.#place(depth));
      this.code.jumpIf(when ? opposite(Condition.equal) : Condition.equal, label);
      return;
    }
    const { left, right, operator } = node;
    const signed = this.#signedness(left, right);
    this.value(left, depth);
    if (right.kind === 'constant' && isSigned32(right.value)) this.code.arithmeticConstant('cmp', this.#place(depth), right.value);
    else {
      this.value(right, depth + 1);
      this.code.arithmetic('cmp', this.#place(depth), this.#place(depth + 1));
    }
    const condition = conditions[operator][signed ? 'signed' : 'unsigned'];
    this.code.jumpIf(when ? condition : opposite(condition), label);
  }
}

/** What a run of the generator without a real place needs. */
const nowhere: SavedState = { pc: 0n, load: (code, _, to) => code.constant(to, 0n) };

/** The condition for a probe (inferior/probe_code.ts). Undefined: it cannot be computed in 64 bits and a few registers. */
export const conditionInProgram = (code: Code): ProbeCondition | undefined => {
  try {
    const trial = new Generator(new Assembler(), nowhere);
    trial.branch(code, 0, false, new Label());
    return {
      uses: [...trial.used],
      emit: (assembler, state, whenFalse) => {
        new Generator(assembler, state).branch(code, 0, false, whenFalse);
      },
    };
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
};
