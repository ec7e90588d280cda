/**
 * Machine code read: how long an instruction is and where it may go (for the stepper), what memory it touches (for
 * explanations), and its text (for `disassemble` and `x/i`). The decoder is iced-x86, a WebAssembly module that takes 35 ms to
 * load: so it is loaded when the first instruction is decoded, not when deet starts.
 */
import { createRequire } from 'node:module';
import type * as Iced from 'iced-x86';
import type { Address } from '../common/addresses.js';
import { u64 } from '../common/addresses.js';
import { AssemblyText, type Syntax } from './assembly_text.js';

/** No x86 instruction is longer (Intel SDM volume 2, 2.3.11). */
export const longestInstruction = 15;

/** Where the processor may go after an instruction. `call` and `jump` have a target, the `indirect-` ones compute it. */
export type FlowKind =
  'next' | 'jump' | 'indirect-jump' | 'conditional' | 'call' | 'indirect-call' | 'return' | 'syscall' | 'int3' | 'interrupt' | 'invalid';

export interface Decoded {
  readonly address: Address;
  /** In bytes; 1 for an invalid one. */
  readonly length: number;
  readonly flow: FlowKind;
  /** Of direct jumps and calls, taken or not. */
  readonly target?: Address;
}

export interface Instruction extends Decoded {
  readonly bytes: Uint8Array;
  /** As objdump and gdb show it: `mov    -0x8(%rbp),%rax`, with symbols of targets behind. `(bad)` if invalid. */
  readonly text: string;
}

/** How an instruction computes an address: segment:displacement(base, index, scale). */
export interface MemoryOperand {
  /** Full 64-bit register names in lower case; absent: none. An address relative to rip is already in `displacement`. */
  readonly base?: string;
  readonly index?: string;
  readonly scale: number;
  /** Signed. */
  readonly displacement: bigint;
  /** The segments with a base of their own in 64-bit code. */
  readonly segment?: 'fs' | 'gs';
}

/** A place in memory that an instruction reads or writes. */
export interface MemoryAccess extends MemoryOperand {
  /** In bytes; 0: not fixed (xsave). */
  readonly size: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

export type Operand =
  | { readonly kind: 'register'; readonly name: string }
  | { readonly kind: 'immediate'; readonly value: bigint }
  | { readonly kind: 'memory'; readonly memory: MemoryOperand }
  | { readonly kind: 'target'; readonly address: Address };

export interface InstructionDetail extends Decoded {
  /** Lower case, without size suffix: `mov`, `idiv`, `movaps`. */
  readonly mnemonic: string;
  /** In Intel's order: the destination first. */
  readonly operands: readonly Operand[];
  /** Everything it touches in memory, what `push`, `call` and string instructions touch implicitly included. */
  readonly accesses: readonly MemoryAccess[];
  /** General registers that it changes, by their full names (a write to `eax` changes `rax`); what a call changes is not among them. */
  readonly changes: readonly string[];
}

export interface DisassembleOptions {
  readonly syntax?: Syntax;
  /** `main+4` for an address; shown in `<>`. */
  readonly symbolize?: (address: Address) => string | undefined;
}

interface Machine {
  readonly iced: typeof Iced;
  /** Reused: a WebAssembly object must be freed by hand. */
  readonly instruction: Iced.Instruction;
  readonly info: Iced.InstructionInfoFactory;
}

let loaded: Machine | undefined;
const machine = (): Machine => {
  if (loaded === undefined) {
    const iced = createRequire(import.meta.filename)('iced-x86') as typeof Iced;
    loaded = { iced, instruction: new iced.Instruction(), info: new iced.InstructionInfoFactory() };
  }
  return loaded;
};

const texts = new Map<Syntax, AssemblyText>();
const textOf = (syntax: Syntax): AssemblyText => {
  const known = texts.get(syntax);
  if (known) return known;
  const made = new AssemblyText(machine().iced, syntax);
  texts.set(syntax, made);
  return made;
};

/** Calls `visit` with the reused instruction for each one in the bytes, until it returns false; `cutOff`: its bytes end before it does. */
const walk = (
  bytes: Uint8Array,
  address: Address,
  visit: (instruction: Iced.Instruction, offset: number, length: number, cutOff: boolean) => boolean,
): void => {
  const { iced, instruction } = machine();
  const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None);
  try {
    let offset = 0;
    while (offset < bytes.length) {
      decoder.position = offset;
      decoder.ip = u64(address + BigInt(offset));
      decoder.decodeOut(instruction);
      // After a byte that starts no instruction the next one may: objdump goes on byte by byte, and so do we.
      const length = instruction.isInvalid ? 1 : instruction.length;
      const cutOff = instruction.isInvalid && decoder.lastError === iced.DecoderError.NoMoreBytes;
      if (!visit(instruction, offset, length, cutOff)) return;
      offset += length;
    }
  } finally {
    decoder.free();
  }
};

/** The first instruction of the bytes as iced has it, for as long as `look` runs. Undefined: no bytes. */
export const firstInstruction = <T>(
  bytes: Uint8Array,
  address: Address,
  look: (instruction: Iced.Instruction, iced: typeof Iced, offsets: () => { at: number; size: number }) => T,
): T | undefined => {
  if (bytes.length === 0) return undefined;
  const { iced, instruction } = machine();
  const decoder = new iced.Decoder(64, bytes, iced.DecoderOptions.None);
  try {
    decoder.ip = u64(address);
    decoder.decodeOut(instruction);
    return look(instruction, iced, () => {
      const offsets = decoder.getConstantOffsets(instruction);
      const displacement = { at: offsets.displacementOffset, size: offsets.displacementSize };
      offsets.free();
      return displacement;
    });
  } finally {
    decoder.free();
  }
};

const hasTarget = (instruction: Iced.Instruction, iced: typeof Iced): boolean =>
  instruction.opCount > 0 && instruction.opKind(0) === iced.OpKind.NearBranch64;

const flowOf = (instruction: Iced.Instruction, iced: typeof Iced): FlowKind => {
  if (instruction.isInvalid) return 'invalid';
  const { FlowControl, Mnemonic } = iced;
  switch (instruction.flowControl) {
    case FlowControl.UnconditionalBranch:
      return 'jump';
    case FlowControl.IndirectBranch:
      return 'indirect-jump';
    case FlowControl.ConditionalBranch:
      return 'conditional';
    case FlowControl.Return:
      return 'return';
    case FlowControl.Call:
      return instruction.mnemonic === Mnemonic.Syscall || instruction.mnemonic === Mnemonic.Sysenter ? 'syscall' : 'call';
    case FlowControl.IndirectCall:
      return 'indirect-call';
    case FlowControl.Interrupt:
      return instruction.mnemonic === Mnemonic.Int3 ? 'int3' : 'interrupt';
    case FlowControl.XbeginXabortXend:
      return hasTarget(instruction, iced) ? 'conditional' : 'next';
    default:
      return 'next';
  }
};

const decoded = (instruction: Iced.Instruction, address: Address, length: number): Decoded => {
  const { iced } = machine();
  const flow = flowOf(instruction, iced);
  const target = flow !== 'invalid' && hasTarget(instruction, iced) ? { target: instruction.nearBranchTarget } : {};
  return { address, length, flow, ...target };
};

/**
 * The instruction at the start of the bytes: length and flow, without text. `bytes` should hold 15 bytes where memory allows.
 * Undefined: no bytes.
 */
export const decodeInstruction = (bytes: Uint8Array, address: Address): Decoded | undefined => {
  let result: Decoded | undefined;
  walk(bytes, address, (instruction, _, length) => {
    result = decoded(instruction, address, length);
    return false;
  });
  return result;
};

/** Where the direct jumps among the instructions lead, taken or not; calls are none. */
export const directTargets = (bytes: Uint8Array, address: Address): Address[] => {
  const targets: Address[] = [];
  walk(bytes, address, (instruction) => {
    const { iced } = machine();
    const flow = flowOf(instruction, iced);
    if ((flow === 'jump' || flow === 'conditional') && hasTarget(instruction, iced)) targets.push(instruction.nearBranchTarget);
    return true;
  });
  return targets;
};

/** All instructions of the bytes, at most `limit`; of one that the end of the bytes cuts off each byte is shown (`.byte 0xe8`), as by objdump. */
export const disassemble = (
  bytes: Uint8Array,
  address: Address,
  options: DisassembleOptions = {},
  limit = Number.POSITIVE_INFINITY,
): Instruction[] => {
  const text = textOf(options.syntax ?? 'att');
  const list: Instruction[] = [];
  if (limit < 1) return list;
  walk(bytes, address, (instruction, offset, length, cutOff) => {
    const own = bytes.subarray(offset, offset + length);
    list.push({
      ...decoded(instruction, u64(address + BigInt(offset)), length),
      bytes: own,
      text: cutOff ? `.byte 0x${(own[0] ?? 0).toString(16)}` : text.format(instruction, own, options.symbolize),
    });
    return list.length < limit;
  });
  return list;
};

type Parts = Pick<Iced.UsedMemory, 'base' | 'index' | 'scale' | 'displacement' | 'segment'>;

const registerName = (register: Iced.Register): string => machine().iced.Register[register].toLowerCase();

const memoryOperand = ({ base, index, scale, displacement, segment }: Parts): MemoryOperand => {
  const { Register } = machine().iced;
  const relative = base === Register.RIP || base === Register.EIP;
  return {
    ...(base !== Register.None && !relative ? { base: registerName(base) } : {}),
    ...(index !== Register.None ? { index: registerName(index) } : {}),
    scale,
    displacement: BigInt.asIntN(64, displacement),
    ...(segment === Register.FS ? { segment: 'fs' as const } : segment === Register.GS ? { segment: 'gs' as const } : {}),
  };
};

/** What it touches in memory, and which registers it changes. */
const effectsOf = (instruction: Iced.Instruction): Pick<InstructionDetail, 'accesses' | 'changes'> => {
  const { iced, info } = machine();
  const { OpAccess, RegisterExt } = iced;
  const isRead = (access: Iced.OpAccess): boolean =>
    access === OpAccess.Read || access === OpAccess.CondRead || access === OpAccess.ReadWrite || access === OpAccess.ReadCondWrite;
  const isWrite = (access: Iced.OpAccess): boolean =>
    access === OpAccess.Write || access === OpAccess.CondWrite || access === OpAccess.ReadWrite || access === OpAccess.ReadCondWrite;
  const effects = info.info(instruction);
  const accesses = (effects.usedMemory() as Iced.UsedMemory[]).map((used): MemoryAccess => {
    const size = iced.MemorySizeExt.size(used.memorySize);
    const access = { ...memoryOperand(used), size, reads: isRead(used.access), writes: isWrite(used.access) };
    used.free();
    return access;
  });
  const changes = (effects.usedRegisters() as Iced.UsedRegister[]).flatMap((used) => {
    const changed = isWrite(used.access) && RegisterExt.isGPR(used.register) ? [registerName(RegisterExt.fullRegister(used.register))] : [];
    used.free();
    return changed;
  });
  effects.free();
  // lea and nop name memory but do not touch it.
  return { accesses: accesses.filter(({ reads, writes }) => reads || writes), changes };
};

const operandOf = (instruction: Iced.Instruction, index: number): Operand => {
  const { OpKind } = machine().iced;
  const kind = instruction.opKind(index);
  if (kind === OpKind.Register) return { kind: 'register', name: registerName(instruction.opRegister(index)) };
  if (kind === OpKind.NearBranch64) return { kind: 'target', address: instruction.nearBranchTarget };
  if (kind >= OpKind.Immediate8 && kind <= OpKind.Immediate32to64) return { kind: 'immediate', value: instruction.immediate(index) };
  const { memoryBase, memoryIndex, memoryIndexScale, memoryDisplacementU64, memorySegment } = instruction;
  const parts = {
    base: memoryBase,
    index: memoryIndex,
    scale: memoryIndexScale,
    displacement: memoryDisplacementU64,
    segment: memorySegment,
  };
  return { kind: 'memory', memory: memoryOperand(parts) };
};

const detailOf = (instruction: Iced.Instruction, address: Address, length: number): InstructionDetail => ({
  ...decoded(instruction, address, length),
  mnemonic: machine().iced.Mnemonic[instruction.mnemonic].toLowerCase(),
  operands: Array.from({ length: instruction.opCount }, (_, index) => operandOf(instruction, index)),
  ...effectsOf(instruction),
});

/** What the instructions of the bytes do with registers and memory, up to the first that is none, or `limit` of them. */
export const describeInstructions = (bytes: Uint8Array, address: Address, limit = Number.POSITIVE_INFINITY): InstructionDetail[] => {
  const list: InstructionDetail[] = [];
  if (limit < 1) return list;
  walk(bytes, address, (instruction, offset, length) => {
    if (instruction.isInvalid) return false;
    list.push(detailOf(instruction, u64(address + BigInt(offset)), length));
    return list.length < limit;
  });
  return list;
};

/** The instruction at the start of the bytes. Undefined: no valid one. */
export const describeInstruction = (bytes: Uint8Array, address: Address): InstructionDetail | undefined =>
  describeInstructions(bytes, address, 1)[0];
