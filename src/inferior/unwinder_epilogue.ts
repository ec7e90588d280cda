/**
 * The way out of a function of which nothing is known but its instructions (code made at run time, assembly): followed from where it stands
 * down to a `ret`, they say how far the stack pointer still has to go. Calls give back what they take, and where the code may branch it is followed
 * straight on: whoever uses the answer checks that a return address lies there.
 */
import { describeInstructions, type InstructionDetail, type Operand } from './disassemble.js';

/** Where the return address lies, from rsp or rbp as they are now; and the caller's rbp, where it was saved. */
export interface WayOut {
  readonly base: 'rsp' | 'rbp';
  readonly returnAt: number;
  readonly rbpAt: number | undefined;
}

/** Instructions that are followed; and bytes, read at once. */
const MOST_INSTRUCTIONS = 64;
const MOST_BYTES = 256;

type Position = { readonly base: 'rsp' | 'rbp'; readonly offset: number };

const isRegister = (operand: Operand | undefined, name: string): boolean => operand?.kind === 'register' && operand.name === name;

/** Where rsp is behind an instruction; undefined: that cannot be told. */
const moved = ({ mnemonic, operands, changes }: InstructionDetail, { base, offset }: Position): Position | undefined => {
  const [to, from] = operands;
  const changed = isRegister(to, 'rsp');
  if (mnemonic === 'push') return { base, offset: offset - 8 };
  if (mnemonic === 'pop') return { base, offset: offset + 8 };
  if (mnemonic === 'leave') return { base: 'rbp', offset: 8 };
  if (changed && from?.kind === 'immediate' && (mnemonic === 'add' || mnemonic === 'sub'))
    return { base, offset: offset + Number(BigInt.asIntN(64, from.value)) * (mnemonic === 'add' ? 1 : -1) };
  if (changed && mnemonic === 'mov' && isRegister(from, 'rbp')) return { base: 'rbp', offset: 0 };
  if (changed && mnemonic === 'lea' && from?.kind === 'memory' && from.memory.index === undefined) {
    const { base: register, displacement } = from.memory;
    if (register === 'rbp') return { base: 'rbp', offset: Number(displacement) };
    if (register === 'rsp') return { base, offset: offset + Number(displacement) };
  }
  return changes.includes('rsp') ? undefined : { base, offset };
};

/** @param read gives bytes of code, as many as there are up to a number */
export const wayOut = (pc: number, read: (address: number, most: number) => Uint8Array | undefined): WayOut | undefined => {
  let at: Position = { base: 'rsp', offset: 0 };
  let rbpAt: number | undefined;
  let rbpLost = false;
  let place: number = pc;
  let rest: InstructionDetail[] = [];
  for (let count = 0; count < MOST_INSTRUCTIONS; count++) {
    if (rest.length === 0) {
      const bytes = read(place, MOST_BYTES);
      rest = bytes === undefined ? [] : describeInstructions(bytes, BigInt(place), MOST_INSTRUCTIONS);
    }
    const instruction = rest.shift();
    if (instruction === undefined) return undefined;
    place = Number(instruction.address) + instruction.length;
    switch (instruction.flow) {
      case 'return':
        return { base: at.base, returnAt: at.offset, rbpAt };
      case 'jump':
        if (instruction.target === undefined) return undefined;
        place = Number(instruction.target);
        rest = [];
        continue;
      case 'call':
      case 'indirect-call':
        continue;
      case 'next':
      case 'conditional':
      case 'syscall':
        break;
      default:
        return undefined;
    }
    const { mnemonic, operands, changes } = instruction;
    const next = moved(instruction, at);
    // The rbp of now is what the answer may be counted from: once it is another's, nothing more can be.
    if (next === undefined || (rbpLost && next.base === 'rbp' && at.base !== 'rbp')) return undefined;
    const restores = mnemonic === 'leave' || (mnemonic === 'pop' && isRegister(operands[0], 'rbp'));
    if (restores && !rbpLost) rbpAt = next.offset - 8;
    rbpLost ||= changes.includes('rbp');
    at = next;
  }
  return undefined;
};
