/**
 * An instruction moved: bytes that do at another address exactly what the original does where it stands. Most instructions do not care where
 * they are; those that address memory relative to rip get another displacement (Intel SDM 2, 2.2.1.6), and short jumps become near ones (SDM 2,
 * Jcc and JMP). What cannot be moved exactly - calls, which push where they are; returns and system calls, which leave - is not moved at all.
 */
import type { Address } from '../common/addresses.js';
import { firstInstruction } from './disassemble.js';

export interface Moved {
  readonly bytes: Uint8Array;
  /** Bytes of the original instruction. */
  readonly length: number;
  /** It never goes on behind itself. */
  readonly leaves: boolean;
  /** A call: offsets at which the return address is on the stack although it has not been made yet. */
  readonly pushed?: readonly number[];
}

/** Bytes of a near call. */
const callSize = 5;

const fits32 = (distance: bigint): boolean => distance === BigInt.asIntN(32, distance);

const withDistance = (bytes: Uint8Array, at: number, distance: bigint): Uint8Array | undefined => {
  if (!fits32(distance)) return undefined;
  new DataView(bytes.buffer, bytes.byteOffset).setInt32(at, Number(distance), true);
  return bytes;
};

/** `jmp` to a target: 5 bytes. Undefined: it is more than 2 GB away. */
export const jumpTo = (from: Address, target: Address): Uint8Array | undefined =>
  withDistance(Uint8Array.of(0xe9, 0, 0, 0, 0), 1, target - (from + 5n));

/**
 * `call` as a push of the address behind the original, and a jump: whoever returns, or looks at the stack, finds the program's own address. Undefined: no call of
 * 5 bytes, or too far away.
 */
export const movedCall = (bytes: Uint8Array, from: Address, to: Address): Moved | undefined => {
  if (bytes[0] !== 0xe8 || bytes.length < callSize) return undefined;
  const behind = from + BigInt(callSize);
  const target = behind + BigInt(new DataView(bytes.buffer, bytes.byteOffset).getInt32(1, true));
  const copy = Uint8Array.of(0x68, 0, 0, 0, 0, 0xc7, 0x44, 0x24, 0x04, 0, 0, 0, 0); // push $low; movl $high, 4(%rsp)
  const view = new DataView(copy.buffer);
  view.setUint32(1, Number(behind & 0xffff_ffffn), true);
  view.setUint32(9, Number(behind >> 32n), true);
  const jump = jumpTo(to + BigInt(copy.length), target);
  return jump && { bytes: Uint8Array.of(...copy, ...jump), length: callSize, leaves: true, pushed: [5, copy.length] };
};

/** Jcc without prefixes: 70+cc rel8 or 0F 80+cc rel32. */
const conditionOf = (bytes: Uint8Array): number | undefined =>
  (bytes[0] & 0xf0) === 0x70 ? bytes[0] & 0xf : bytes[0] === 0x0f && (bytes[1] & 0xf0) === 0x80 ? bytes[1] & 0xf : undefined;

const movedBranch = (bytes: Uint8Array, target: Address, to: Address): Uint8Array | undefined => {
  const condition = conditionOf(bytes);
  if (condition === undefined) return undefined;
  return withDistance(Uint8Array.of(0x0f, 0x80 | condition, 0, 0, 0, 0), 2, target - (to + 6n));
};

/** @param bytes of the program at `from`, up to 15. Undefined: it cannot be moved there. */
export const relocated = (bytes: Uint8Array, from: Address, to: Address): Moved | undefined =>
  firstInstruction(bytes, from, (instruction, { FlowControl, Register }, displacement) => {
    const { length } = instruction;
    if (instruction.isInvalid || length > bytes.length) return undefined;
    const own = bytes.slice(0, length);
    const moved = (copy: Uint8Array | undefined, leaves: boolean): Moved | undefined => copy && { bytes: copy, length, leaves };
    switch (instruction.flowControl) {
      case FlowControl.Next: {
        if (!instruction.isIpRelMemoryOperand) return moved(own, false);
        const { at, size } = displacement();
        if (instruction.memoryBase !== Register.RIP || size !== 4) return undefined;
        return moved(withDistance(own, at, instruction.ipRelMemoryAddress - (to + BigInt(length))), false);
      }
      case FlowControl.ConditionalBranch:
        return moved(movedBranch(own, instruction.nearBranchTarget, to), false);
      case FlowControl.UnconditionalBranch:
        return own[0] === 0xeb || own[0] === 0xe9 ? moved(jumpTo(to, instruction.nearBranchTarget), true) : undefined;
      default:
        return undefined;
    }
  });
