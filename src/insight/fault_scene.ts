/** What all explanations of crashes begin with: the instruction, the address it accessed, the frame a user can read, and words for them. */
import type { Address } from '../common/addresses.js';
import { hex, u64 } from '../common/addresses.js';
import { describeInstruction, type InstructionDetail, type MemoryAccess } from '../inferior/disassemble.js';
import type { Mapping } from '../linux/proc.js';
import type { CrashFrame, CrashScene, Explanation } from './crash.js';
import { Naming, type Named } from './naming.js';
import { isOwnCode, isSystemFile } from './own_code.js';
import { OperandTrace, wholeRegister, type Sum } from './operand.js';

/** Frames looked at in search of the user's own code. */
const searchedFrames = 64;

/** The kernel maps nothing below vm.mmap_min_addr, which is 64 KiB on nearly all machines. */
export const nullPages = 0x10000n;

/** Canonical addresses of user space end here (Intel SDM volume 1, 3.3.7.1). */
const userSpaceEnd = 0x800000000000n;

export const isCanonical = (address: Address): boolean => address < userSpaceEnd;

/** The value that a frame's code calls by a name, or has in a register. */
export interface Operand {
  readonly sum: Sum;
  readonly value: bigint | undefined;
  readonly named: Named | undefined;
}

export class Fault {
  /** At the program counter; undefined if there is none. */
  readonly instruction: InstructionDetail | undefined;
  readonly pc: Address;
  readonly frames: readonly CrashFrame[];
  /** The innermost frame of the user's own code: with source lines, and neither of a system library nor of its headers. */
  readonly userFrame: CrashFrame | undefined;
  readonly maps: readonly Mapping[];

  constructor(readonly scene: CrashScene) {
    this.pc = scene.register('rip') ?? 0n;
    this.frames = scene.frames(searchedFrames);
    // A program without symbols is the user's all the same; the C library's own lines are nobody's, where debug information of it is installed.
    this.userFrame =
      this.frames.find(isOwnCode) ??
      this.frames.find(({ image, functionName }) => image !== undefined && !isSystemFile(image) && functionName !== '_start') ??
      this.frames.find(({ place }) => place !== undefined);
    this.maps = scene.maps();
    this.instruction = this.#instruction();
  }

  #instruction(): InstructionDetail | undefined {
    for (const length of [15, 8, 4, 2, 1]) {
      try {
        return describeInstruction(this.scene.memory.read(this.pc, length), this.pc);
      } catch {
        // The mapping may end within 15 bytes.
      }
    }
    return undefined;
  }

  mapping(address: Address): Mapping | undefined {
    return this.maps.find(({ start, end }) => address >= start && address < end);
  }

  /** The address that an access names, with the registers as they are. */
  effective(access: MemoryAccess): Address {
    const part = (name: string | undefined): bigint => (name === undefined ? 0n : (this.scene.register(wholeRegister(name)) ?? 0n));
    const segment = access.segment === undefined ? 0n : part(`${access.segment}_base`);
    return u64(access.displacement + segment + part(access.base) + part(access.index) * BigInt(access.scale));
  }

  /** The access that the kernel refused: the one that covers the address it names, or that no address could satisfy. */
  get access(): { readonly access: MemoryAccess; readonly address: Address } | undefined {
    const named = this.scene.signal?.address;
    const all = (this.instruction?.accesses ?? []).map((access) => ({ access, address: this.effective(access) }));
    if (named === undefined) return all.find(({ address }) => !isCanonical(address)) ?? (all.length === 1 ? all[0] : undefined);
    // String instructions and accesses that cross a page fault somewhere inside.
    return all.find(({ access, address }) => named >= address && named < address + BigInt(Math.max(access.size, 1))) ?? all[0];
  }

  /** `append`, or `The program` where no function is known. */
  subject(frame: CrashFrame | undefined = this.frames[0]): string {
    return frame?.functionName ?? 'The program';
  }

  /** Follows values in a frame's code; undefined if it cannot be followed. Calls inlined in the frame are part of its code, and their variables too. */
  tracing(frame: CrashFrame): { trace: OperandTrace; naming: Naming } | undefined {
    const trace = OperandTrace.of(frame, this.scene.memory);
    const outer = this.frames.indexOf(frame);
    let inner = outer;
    while (inner > 0 && this.frames[inner - 1]?.inlined) inner--;
    const variables = this.frames
      .slice(Math.max(inner, 0), outer + 1)
      .reverse()
      .flatMap((each) => each.variables());
    return trace && { trace, naming: new Naming(this.scene, variables, trace) };
  }

  /** Whether the crash is in a frame's own code: itself innermost, or with nothing but inlined calls within. */
  isHere(frame: CrashFrame): boolean {
    return this.frames.slice(0, this.frames.indexOf(frame)).every(({ inlined }) => inlined);
  }

  /** Common fields of all explanations. */
  explanation(cause: Explanation['cause'], text: string, more: Partial<Explanation> = {}): Explanation {
    const place = this.userFrame?.place;
    return { type: 'explanation', cause, ...(place ? { place } : {}), ...more, text };
  }
}

/** `reads 4 bytes from`, `writes 8 bytes to`. */
export const accessWords = ({ writes, size }: MemoryAccess): string => {
  const amount = size === 0 ? 'memory' : size === 1 ? '1 byte' : `${size} bytes`;
  return writes ? `writes ${amount} to` : `reads ${amount} from`;
};

/** The fields for `access`, `size` and `address`. */
export const accessFields = (access: MemoryAccess, address: Address): Partial<Explanation> => ({
  address: hex(address),
  access: access.writes ? 'write' : 'read',
  ...(access.size > 0 ? { size: access.size } : {}),
});

/** Printable characters that a value's bytes spell, lowest first; undefined unless all of at least four do. */
export const asText = (value: bigint): string | undefined => {
  let text = '';
  for (let rest = value; rest > 0n; rest >>= 8n) text += String.fromCharCode(Number(rest & 0xffn));
  return text.length >= 4 && /^[\x20-\x7e]+$/.test(text) ? text : undefined;
};

/** `[heap]`, `[stack]`, a file's name, or `anonymous memory`. */
export const mappingName = ({ path }: Mapping): string => (path === '' ? 'anonymous memory' : path);
