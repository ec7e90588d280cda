/**
 * Where a function keeps its canary: gcc and clang (-fstack-protector) copy the word at %fs:0x28 to the stack when the function begins, and compare
 * it before it returns. The copy is found in the function's code, so that it is known even when it was overwritten.
 */
import { u64, type Address } from '../common/addresses.js';
import { DeetError } from '../common/errors.js';
import { wordAt, type MemoryReader } from '../common/memory.js';
import { describeInstructions, type InstructionDetail } from '../inferior/disassemble.js';
import type { Frame } from '../inferior/frame.js';

export interface Canary {
  readonly address: Address;
  /** The thread's own word (tcbhead_t.stack_guard). */
  readonly expected: bigint;
  /** The code that writes it lies behind. */
  readonly written: boolean;
}

const GUARD = 0x28n;
const FS_BASE = 58;
const registers: Readonly<Record<string, number>> = { rbx: 3, rbp: 6, rsp: 7, r12: 12, r13: 13, r14: 14, r15: 15 };
/** The copy is made at the beginning; a function's prologue is not longer. */
const mostCode = 1024;

/** `mov %fs:0x28,%rax` ... `mov %rax,-8(%rbp)` */
const storeOf = (
  code: readonly InstructionDetail[],
): { readonly base: string; readonly displacement: bigint; readonly end: Address } | undefined => {
  const load = code.findIndex(
    ({ mnemonic, accesses }) =>
      mnemonic === 'mov' && accesses.some((each) => each.segment === 'fs' && each.displacement === GUARD && each.reads),
  );
  const target = code[load]?.operands[0];
  if (target?.kind !== 'register') return undefined;
  for (const { mnemonic, operands, accesses, address, length } of code.slice(load + 1, load + 24)) {
    const [access] = accesses;
    const source = operands[1];
    if (mnemonic !== 'mov' || source?.kind !== 'register' || source.name !== target.name || !access?.writes || access.base === undefined)
      continue;
    return { base: access.base, displacement: access.displacement, end: u64(address + BigInt(length)) };
  }
  return undefined;
};

/** Undefined: the function has none. */
export const canaryOf = (frame: Frame, memory: MemoryReader): Canary | undefined => {
  const { function: fn, loaded } = frame;
  if (!fn || !loaded) return undefined;
  const base = frame.context.register(FS_BASE);
  const expected = base === undefined ? undefined : wordAt(memory, u64(base + GUARD));
  const range = fn.ranges.find(({ low, high }) => fn.entry >= low && fn.entry < high);
  if (expected === undefined || !range) return undefined;
  const entry = BigInt(fn.entry) + loaded.bias;
  let code: Uint8Array;
  try {
    code = memory.read(entry, Math.min(mostCode, range.high - fn.entry));
  } catch (error) {
    if (error instanceof DeetError) return undefined;
    throw error;
  }
  const store = storeOf(describeInstructions(code, entry));
  const register = store && registers[store.base];
  const from = register === undefined ? undefined : frame.context.register(register);
  if (!store || from === undefined) return undefined;
  const address = u64(from + store.displacement);
  return { address, expected, written: frame.pc >= store.end || frame.pc < entry || wordAt(memory, address) === expected };
};
