/**
 * Where a register's value came from: walks back from an instruction to the loads and sums that made the value, as far as the code runs
 * straight. What results is an expression over registers and memory that can be evaluated again, to check it, and named in
 * the source's words (naming.ts).
 */
import type { Address } from '../common/addresses.js';
import { u64 } from '../common/addresses.js';
import { bytesFrom, type MemoryReader } from '../common/memory.js';
import { describeInstructions, type InstructionDetail, type MemoryOperand, type Operand } from '../inferior/disassemble.js';
import type { CrashFrame } from './crash.js';

/** What cannot be taken apart further. */
export type Atom =
  /** `size` bytes of memory. */
  | { readonly kind: 'load'; readonly address: Sum; readonly size: number; readonly signed: boolean }
  /** A register whose origin lies before what was looked at; `value`: it has not changed since. */
  | { readonly kind: 'register'; readonly name: string; readonly value: bigint | undefined }
  /** What a function returned; `target`: its address, where the call was a direct one. */
  | { readonly kind: 'result'; readonly target: Address | undefined; readonly value: bigint | undefined };

/** constant + factor * atom + ... */
export interface Sum {
  readonly constant: bigint;
  readonly terms: readonly { readonly atom: Atom; readonly factor: bigint }[];
}

const constant = (value: bigint): Sum => ({ constant: value, terms: [] });
const only = (atom: Atom): Sum => ({ constant: 0n, terms: [{ atom, factor: 1n }] });
const plus = (a: Sum, b: Sum): Sum => ({ constant: BigInt.asIntN(64, a.constant + b.constant), terms: [...a.terms, ...b.terms] });
const times = (a: Sum, factor: bigint): Sum => ({
  constant: BigInt.asIntN(64, a.constant * factor),
  terms: a.terms.map(({ atom, factor: own }) => ({ atom, factor: own * factor })),
});
/** The same atom twice becomes one term: `lea (%rax,%rax,2)` is three times rax. */
const tidy = (sum: Sum): Sum => {
  const terms = new Map<string, { atom: Atom; factor: bigint }>();
  for (const term of sum.terms) {
    const key = JSON.stringify(term.atom, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    const known = terms.get(key);
    terms.set(key, { atom: term.atom, factor: term.factor + (known?.factor ?? 0n) });
  }
  return { constant: sum.constant, terms: [...terms.values()].filter(({ factor }) => factor !== 0n) };
};

/** System V ABI, 3.2.3: a call may change these. */
const callerSaved = new Set(['rax', 'rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11']);

const numbered = /^(r(?:[89]|1[0-5]))[dwb]?$/;
const legacy = new Map(
  ['ax', 'bx', 'cx', 'dx'].flatMap((name): [string, string][] => [
    [`e${name}`, `r${name}`],
    [name, `r${name}`],
    [`${name[0]}l`, `r${name}`],
    [`${name[0]}h`, `r${name}`],
  ]),
);
for (const name of ['si', 'di', 'bp', 'sp']) for (const part of [`e${name}`, name, `${name}l`]) legacy.set(part, `r${name}`);

/** The 64-bit register that a name such as `eax` or `r8d` is part of. */
export const wholeRegister = (name: string): string => numbered.exec(name)?.[1] ?? legacy.get(name) ?? name;

/** A walk back sees at most this much code, this many steps and this many loads behind loads. */
const longestCode = 4096;
/** Bytes of code looked at for jumps back. */
const longestLoop = 1024;
const deepest = 8;

export class OperandTrace {
  readonly #code: readonly InstructionDetail[];
  /** Index of the instruction that the frame stands at or, in outer frames, of the call. */
  readonly #here: number;
  /** Where jumps lead to in this code: what the registers hold there came one way or the other. */
  readonly #joins: ReadonlyMap<Address, readonly InstructionDetail[]>;

  private constructor(
    code: readonly InstructionDetail[],
    here: number,
    /** The code behind that instruction, from where loops come back. */
    private readonly behind: readonly InstructionDetail[],
    private readonly frame: CrashFrame,
    private readonly memory: MemoryReader,
  ) {
    this.#code = code;
    this.#here = here;
    const joins = new Map<Address, InstructionDetail[]>();
    for (const jump of [...code, ...behind]) {
      if ((jump.flow !== 'jump' && jump.flow !== 'conditional') || jump.target === undefined) continue;
      const known = joins.get(jump.target);
      if (known) known.push(jump);
      else joins.set(jump.target, [jump]);
    }
    this.#joins = joins;
  }

  /** Undefined: the function's beginning is not known, or its code cannot be read up to the frame's instruction. */
  static of(frame: CrashFrame, memory: MemoryReader): OperandTrace | undefined {
    const start = frame.functionStart;
    if (start === undefined || frame.lookup < start) return undefined;
    const length = Number(frame.lookup - start) + 16;
    if (length > longestCode * 16) return undefined;
    // The last bytes may lie behind the end of the mapping.
    const list = describeInstructions(bytesFrom(memory, start, length + longestLoop), start);
    const here = list.findIndex(({ address, length: size }) => address <= frame.lookup && frame.lookup < address + BigInt(size));
    return here < 0
      ? undefined
      : new OperandTrace(
          list.slice(Math.max(0, here - longestCode), here + 1),
          Math.min(here, longestCode),
          list.slice(here + 1),
          frame,
          memory,
        );
  }

  get instruction(): InstructionDetail | undefined {
    return this.#code[this.#here];
  }

  /** The function has called others before it came here. */
  get callsOthers(): boolean {
    return this.#code.slice(0, this.#here).some(({ flow }) => flow === 'call' || flow === 'indirect-call');
  }

  /** The value that a register had when the frame's instruction began. */
  register(name: string): Sum {
    return this.#register(wholeRegister(name), this.#here, 0);
  }

  /** The address that an operand of the frame's instruction names. */
  address(operand: MemoryOperand): Sum {
    return this.#address(operand, this.#here, 0);
  }

  /** An operand's value. */
  operand(operand: Operand, size: number): Sum | undefined {
    return this.#operand(operand, this.#here, 0, size, true);
  }

  /** The value of a sum at this moment; undefined where a part of it is lost. */
  evaluate(sum: Sum): bigint | undefined {
    let total = sum.constant;
    for (const { atom, factor } of sum.terms) {
      const value = this.#value(atom);
      if (value === undefined) return undefined;
      total += value * factor;
    }
    return u64(total);
  }

  #value(atom: Atom): bigint | undefined {
    if (atom.kind !== 'load') return atom.value;
    const address = this.evaluate(atom.address);
    if (address === undefined) return undefined;
    try {
      const bytes = this.memory.read(address, atom.size);
      const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      return atom.signed ? BigInt.asIntN(atom.size * 8, value) : value;
    } catch {
      return undefined;
    }
  }

  #address({ base, index, scale, displacement, segment }: MemoryOperand, at: number, depth: number): Sum {
    let sum = constant(displacement);
    if (segment) sum = plus(sum, constant(this.frame.register(`${segment}_base`) ?? 0n));
    if (base) sum = plus(sum, this.#register(base, at, depth));
    if (index) sum = plus(sum, times(this.#register(index, at, depth), BigInt(scale)));
    return tidy(sum);
  }

  /** The frame's registers stay what they are within the body of a function: locals are found by them. */
  #register(name: string, before: number, depth: number): Sum {
    if (name === 'rbp' || name === 'rsp') {
      const value = this.frame.register(name);
      const changed = this.#code
        .slice(0, before)
        .findLast(({ changes, mnemonic }) => changes.includes(name) && mnemonic !== 'push' && mnemonic !== 'pop');
      const isFrame = name === 'rsp' || changed === undefined || (changed.mnemonic === 'mov' && isRegister(changed.operands[1], 'rsp'));
      if (isFrame) return value === undefined ? only({ kind: 'register', name, value }) : constant(value);
    }
    for (let index = before - 1; index >= 0; index--) {
      const instruction = this.#code[index];
      if (!instruction) break;
      if (this.#differsAt(name, this.#code[index + 1])) return this.#unknown(name, index);
      const { flow, changes } = instruction;
      if (flow === 'jump' || flow === 'indirect-jump' || flow === 'return') return this.#unknown(name, index);
      if ((flow === 'call' || flow === 'indirect-call') && callerSaved.has(name))
        return name === 'rax'
          ? only({ kind: 'result', target: instruction.target, value: this.#unchanged(name, index) })
          : this.#unknown(name, index);
      if (flow === 'syscall' && (name === 'rcx' || name === 'r11' || name === 'rax')) return this.#unknown(name, index);
      if (changes.includes(name))
        return (depth < deepest ? this.#definition(name, instruction, index, depth + 1) : undefined) ?? this.#unknown(name, index);
    }
    return this.#unknown(name, -1);
  }

  /** Whether a register may hold another value where a jump leads to: it is changed between the two. */
  #differsAt(name: string, place: InstructionDetail | undefined): boolean {
    return (this.#joins.get(place?.address ?? 0n) ?? []).some((jump) => {
      const [low, high] =
        jump.address < (place?.address ?? 0n) ? [jump.address, place?.address ?? 0n] : [place?.address ?? 0n, jump.address];
      return [...this.#code, ...this.behind].some(
        ({ address, changes, flow }) =>
          address >= low &&
          address < high &&
          (changes.includes(name) || (callerSaved.has(name) && (flow === 'call' || flow === 'indirect-call'))),
      );
    });
  }

  /** What an instruction made of a register; undefined: something that is not followed. */
  #definition(name: string, { mnemonic, operands }: InstructionDetail, index: number, depth: number): Sum | undefined {
    const [to, from, third] = operands;
    if (mnemonic === 'cdqe') return this.#register(name, index, depth);
    if (to?.kind !== 'register' || wholeRegister(to.name) !== name) return undefined;
    const own = (): Sum => this.#register(name, index, depth);
    const source = (signed = false, size = sizeOfRegister(to.name)): Sum | undefined =>
      from && this.#operand(from, index, depth, size, signed);
    switch (mnemonic) {
      case 'mov':
        return source();
      case 'movsxd':
        return source(true, 4);
      case 'movsx':
      case 'movzx':
        return from?.kind === 'register' ? source() : source(mnemonic === 'movsx', 0);
      case 'lea':
        return from?.kind === 'memory' ? this.#address(from.memory, index, depth) : undefined;
      case 'xor':
        return from?.kind === 'register' && from.name === to.name ? constant(0n) : undefined;
      case 'add':
      case 'sub': {
        const other = source();
        return other && tidy(plus(own(), mnemonic === 'add' ? other : times(other, -1n)));
      }
      case 'inc':
      case 'dec':
        return plus(own(), constant(mnemonic === 'inc' ? 1n : -1n));
      case 'shl':
        return from?.kind === 'immediate' ? tidy(times(own(), 1n << from.value)) : undefined;
      case 'imul': {
        if (third?.kind !== 'immediate') return undefined;
        const value = source();
        return value && tidy(times(value, BigInt.asIntN(64, third.value)));
      }
      default:
        return undefined;
    }
  }

  /** `size` 0: as wide as the instruction's own access. */
  #operand(operand: Operand, at: number, depth: number, size: number, signed: boolean): Sum | undefined {
    if (operand.kind === 'immediate') return constant(BigInt.asIntN(64, operand.value));
    if (operand.kind === 'register') return this.#register(wholeRegister(operand.name), at, depth);
    if (operand.kind !== 'memory') return undefined;
    const width = size || (this.#code[at]?.accesses[0]?.size ?? 8);
    return only({ kind: 'load', address: this.#address(operand.memory, at, depth), size: width, signed: signed || width === 4 });
  }

  #unknown(name: string, index: number): Sum {
    return only({ kind: 'register', name, value: this.#unchanged(name, index) });
  }

  /** The register's value now, if nothing has changed it since the instruction at `index`. */
  #unchanged(name: string, index: number): bigint | undefined {
    const later = this.#code.slice(index + 1, this.#here);
    const kept = later.every(
      ({ changes, flow }) => !changes.includes(name) && !(callerSaved.has(name) && (flow === 'call' || flow === 'indirect-call')),
    );
    return kept ? this.frame.register(name) : undefined;
  }
}

const isRegister = (operand: Operand | undefined, name: string): boolean => operand?.kind === 'register' && operand.name === name;

const sizeOfRegister = (name: string): number => {
  if (/^r(?:\d+|[a-z]{2})$/.test(name)) return 8;
  if (/^e|d$/.test(name)) return 4;
  return /^[a-z]{2}$/.test(name) && !/[lh]$/.test(name) ? 2 : name.endsWith('w') ? 2 : 1;
};
