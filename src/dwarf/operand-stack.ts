/** The stack of the expression machine with the operations that touch nothing else: DWARF 5, 2.5.1.3 (in part), 2.5.1.4 and the comparisons. */
import { DeetError } from '../common/errors.js';
import type { Reader } from '../common/reader.js';
import { Op } from './operations.js';
import { binary, compare, generic, unary, valueOfBits, type BinaryName, type ComparisonName, type TypedValue } from './typed-value.js';

const MAX_STACK = 4096;

const BINARY: ReadonlyMap<number, BinaryName> = new Map([
  [Op.and, 'and'],
  [Op.div, 'div'],
  [Op.minus, 'minus'],
  [Op.mod, 'mod'],
  [Op.mul, 'mul'],
  [Op.or, 'or'],
  [Op.plus, 'plus'],
  [Op.shl, 'shl'],
  [Op.shr, 'shr'],
  [Op.shra, 'shra'],
  [Op.xor, 'xor'],
]);

const COMPARISONS: ReadonlyMap<number, ComparisonName> = new Map([
  [Op.eq, 'eq'],
  [Op.ge, 'ge'],
  [Op.gt, 'gt'],
  [Op.le, 'le'],
  [Op.lt, 'lt'],
  [Op.ne, 'ne'],
]);

const UNARY: ReadonlyMap<number, 'abs' | 'neg' | 'not'> = new Map([
  [Op.abs, 'abs'],
  [Op.neg, 'neg'],
  [Op.not, 'not'],
]);

/** Every method throws DeetError `location` where the stack does not suffice. */
export class OperandStack {
  private readonly values: TypedValue[];

  constructor(initial: readonly bigint[]) {
    this.values = initial.map(generic);
  }

  get isEmpty(): boolean {
    return this.values.length === 0;
  }

  push(value: TypedValue): void {
    if (this.values.length >= MAX_STACK) throw new DeetError('location', 'the stack of a DWARF expression overflows');
    this.values.push(value);
  }

  pop(): TypedValue {
    const value = this.values.pop();
    if (value === undefined) throw new DeetError('location', 'the stack of a DWARF expression is empty');
    return value;
  }

  popAddress(): bigint {
    const { bits, type } = this.pop();
    if (type.form === 'float') throw new DeetError('location', 'a floating-point number where an address must stand');
    return BigInt.asUintN(64, bits);
  }

  private peek(depth: number): TypedValue {
    const value = this.values.at(-1 - depth);
    if (value === undefined) throw new DeetError('location', 'the stack of a DWARF expression is empty');
    return value;
  }

  /** False: the operation is none of those here. */
  operate(code: number, reader: Reader): boolean {
    return this.move(code, reader) || this.compute(code, reader);
  }

  private move(code: number, reader: Reader): boolean {
    switch (code) {
      case Op.dup:
        this.push(this.peek(0));
        return true;
      case Op.drop:
        this.pop();
        return true;
      case Op.over:
        this.push(this.peek(1));
        return true;
      case Op.pick:
        this.push(this.peek(reader.u8()));
        return true;
      case Op.swap: {
        const [top, second] = [this.pop(), this.pop()];
        this.values.push(top, second);
        return true;
      }
      case Op.rot: {
        const [top, second, third] = [this.pop(), this.pop(), this.pop()];
        this.values.push(top, third, second);
        return true;
      }
      case Op.nop:
      case Op.GNU_uninit:
        return true;
      default:
        return false;
    }
  }

  private compute(code: number, reader: Reader): boolean {
    const [two, comparison, one] = [BINARY.get(code), COMPARISONS.get(code), UNARY.get(code)];
    if (two !== undefined || comparison !== undefined) {
      const [b, a] = [this.pop(), this.pop()];
      this.values.push(two === undefined ? compare(comparison ?? 'eq', a, b) : binary(two, a, b));
    } else if (one !== undefined) this.values.push(unary(one, this.pop()));
    else if (code === Op.plus_uconst) {
      const a = this.pop();
      this.values.push(binary('plus', a, valueOfBits(reader.ulebBig(), a.type)));
    } else return false;
    return true;
  }
}
