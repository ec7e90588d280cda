/**
 * Integer expressions over registers and memory as a small tree, and the tree as one JavaScript function. Conditions of breakpoints are
 * evaluated at every hit: what can be decided beforehand - names, types, places - is decided once (lower.ts), and what is left is this.
 *
 * Every node's value is a mathematical integer: `extend` alone wraps, where C does.
 */
import { DeetError } from '../common/errors.js';
import { holds } from './arithmetic.js';

export type SimpleOperator = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^' | '<<' | '>>';
export type SimpleComparison = '==' | '!=' | '<' | '>' | '<=' | '>=';

export type Code =
  | { readonly kind: 'constant'; readonly value: bigint }
  /** By DWARF number, 0-16; unsigned. */
  | { readonly kind: 'register'; readonly number: number }
  /** `size` (1-8) bytes of memory, unsigned. */
  | { readonly kind: 'load'; readonly address: Code; readonly size: number }
  /** The low bits as a signed or an unsigned number. */
  | { readonly kind: 'extend'; readonly of: Code; readonly bits: number; readonly signed: boolean }
  | { readonly kind: 'binary'; readonly operator: SimpleOperator; readonly left: Code; readonly right: Code }
  /** 0 or 1. */
  | { readonly kind: 'compare'; readonly operator: SimpleComparison; readonly left: Code; readonly right: Code }
  | { readonly kind: 'logical'; readonly operator: '&&' | '||'; readonly left: Code; readonly right: Code };

/** The stopped thread that an expression is about. */
export interface Machine {
  register(number: number): bigint;
  /** Little-endian, unsigned. @throws DeetError `memory` */
  load(address: bigint, size: number): bigint;
}

export type Compiled = (machine: Machine) => bigint;

export const constant = (value: bigint): Code => ({ kind: 'constant', value });

/** With constants folded where that is plain. */
export const plus = (left: Code, right: Code): Code => {
  if (right.kind === 'constant') {
    if (right.value === 0n) return left;
    if (left.kind === 'constant') return constant(left.value + right.value);
    if (left.kind === 'binary' && left.operator === '+' && left.right.kind === 'constant')
      return plus(left.left, constant(left.right.value + right.value));
  }
  return { kind: 'binary', operator: '+', left, right };
};

/** What cannot be computed is left to the evaluator, which knows what to say. */
const unusual = (): never => {
  throw new DeetError('unusual', 'This has to be evaluated in full.');
};

const operators: Record<SimpleOperator, (a: bigint, b: bigint) => bigint> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => (b === 0n ? unusual() : a / b),
  '%': (a, b) => (b === 0n ? unusual() : a % b),
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => (b < 0n || b > 63n ? unusual() : a << b),
  '>>': (a, b) => (b < 0n || b > 63n ? unusual() : a >> b),
};

/** The function that computes it. It throws a DeetError when something is out of the ordinary: memory, division by zero, an odd shift. */
export const compileCode = (code: Code): Compiled => {
  switch (code.kind) {
    case 'constant': {
      const { value } = code;
      return () => value;
    }
    case 'register': {
      const { number } = code;
      return (machine) => machine.register(number);
    }
    case 'load': {
      const { size } = code;
      const address = compileCode(code.address);
      return (machine) => machine.load(BigInt.asUintN(64, address(machine)), size);
    }
    case 'extend': {
      const { bits, signed } = code;
      const of = compileCode(code.of);
      return signed ? (machine) => BigInt.asIntN(bits, of(machine)) : (machine) => BigInt.asUintN(bits, of(machine));
    }
    case 'binary': {
      const [left, right, operate] = [compileCode(code.left), compileCode(code.right), operators[code.operator]];
      return (machine) => operate(left(machine), right(machine));
    }
    case 'compare': {
      const { operator } = code;
      const [left, right] = [compileCode(code.left), compileCode(code.right)];
      return (machine) => {
        const [a, b] = [left(machine), right(machine)];
        return holds(operator, a < b ? -1 : a > b ? 1 : 0) ? 1n : 0n;
      };
    }
    case 'logical': {
      const deciding = code.operator === '||';
      const [left, right] = [compileCode(code.left), compileCode(code.right)];
      return (machine) => {
        const first = left(machine) !== 0n;
        return (first === deciding ? first : right(machine) !== 0n) ? 1n : 0n;
      };
    }
  }
};
