/** Telling return addresses from other words: the instruction before one is a call. */
import { fileAddress } from '../common/addresses.js';
import type { ImageMap } from './frame.js';
import type { StackMemory } from './unwinder_memory.js';

/** What ELF symbols made for procedure linkage tables end with. */
const SLOT = '@plt';
/** No code lies in the first page. */
const LOWEST_CODE = 4096;

/** Bytes behind the opcode FF /2 (indirect call) by its ModRM byte, itself included; 0: not this instruction. */
const indirectCallLength = (modrm: number, sib: number): number => {
  if (((modrm >> 3) & 7) !== 2) return 0;
  const mode = modrm >> 6;
  const hasSib = mode !== 3 && (modrm & 7) === 4;
  const displacement = mode === 1 ? 1 : mode === 2 || (mode === 0 && ((modrm & 7) === 5 || (hasSib && (sib & 7) === 5))) ? 4 : 0;
  return 1 + (hasSib ? 1 : 0) + displacement;
};

/** A function by the address where it begins, and its name in the symbol table. */
export interface KnownFunction {
  readonly start: number;
  readonly name: string;
}

export class Calls {
  constructor(
    private readonly images: ImageMap,
    private readonly memory: StackMemory,
  ) {}

  /** Whether the instruction before an address is a call: E8 rel32 to something mapped, or FF /2. */
  isReturnAddress(address: number | undefined): address is number {
    if (address === undefined || address < LOWEST_CODE || !Number.isSafeInteger(address)) return false;
    const before = this.memory.bytes(address - 7, 7);
    if (before === undefined) return false;
    if (before[2] === 0xe8) {
      const target = this.target(address);
      if (target !== undefined && this.memory.bytes(target, 1) !== undefined) return true;
    }
    for (let length = 2; length <= 7; length++) {
      const at = 7 - length;
      if (before[at] === 0xff && indirectCallLength(before[at + 1], before[at + 2] ?? 0) === length - 1) return true;
    }
    return false;
  }

  /** As `isReturnAddress`, and in a known file, whose data does not count. */
  isKnownReturnAddress(address: number): boolean {
    if (address < LOWEST_CODE || !Number.isSafeInteger(address)) return false;
    const loaded = this.images.imageAt(BigInt(address));
    if (loaded === undefined || !this.isReturnAddress(address)) return false;
    const type = loaded.image.symbolAt(fileAddress(address - Number(loaded.bias)))?.type;
    return type !== 'object' && type !== 'tls';
  }

  /**
   * Where the call before a return address goes to: E8 rel32, or FF 15 disp32, which reads an entry of the global offset table that the
   * loader has filled (-fno-plt).
   */
  target(address: number): number | undefined {
    const bytes = this.memory.bytes(address - 6, 6);
    if (bytes === undefined) return undefined;
    const near = address + new DataView(bytes.buffer, bytes.byteOffset, 6).getInt32(2, true);
    const target = bytes[1] === 0xe8 ? near : bytes[0] === 0xff && bytes[1] === 0x15 ? this.memory.word(near) : undefined;
    return target !== undefined && target >= LOWEST_CODE ? target : undefined;
  }

  /** The name of the function whose slot in a procedure linkage table an address is. */
  slotName(address: number): string | undefined {
    const loaded = Number.isSafeInteger(address) ? this.images.imageAt(BigInt(address)) : undefined;
    const name = loaded?.image.symbolAt(fileAddress(address - Number(loaded.bias)))?.name;
    return name?.endsWith(SLOT) === true ? name.slice(0, -SLOT.length) : undefined;
  }

  /** Whether the direct call before a return address goes to a function, or to its slot in a procedure linkage table. */
  goesTo(address: number, { start, name }: KnownFunction): boolean {
    if (address < LOWEST_CODE || !Number.isSafeInteger(address)) return false;
    const target = this.target(address);
    return target !== undefined && (target === start || this.slotName(target) === name);
  }
}
