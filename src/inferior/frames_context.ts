/**
 * One activation as DWARF expressions see it (FrameContext): registers as they are in that frame, its frame base, its CFA,
 * and values at entry by way of its caller's call sites.
 */
import type { Address } from '../common/addresses.js';
import type { MemoryReader } from '../common/memory.js';
import type { FrameContext } from '../dwarf/location.js';
import { locate, numberAt } from '../dwarf/machine.js';
import { Word } from '../linux/registers.js';
import type { FunctionSymbol } from '../symbols/model.js';
import type { LoadedImage } from './frame.js';
import type { RegisterFile } from './unwinder_registers.js';

/** What is the same for all frames of a thread. */
export interface ThreadContext {
  readonly user: BigUint64Array;
  readonly memory: MemoryReader;
  readonly wide: (number: number) => Uint8Array | undefined;
  readonly tls: (image: LoadedImage, offset: bigint) => Address | undefined;
}

/** Registers that no call saves and unwinding does not follow (System V ABI, figure 3.36): the thread's own. */
const OTHERS = new Map<number, number>([
  [49, Word.eflags],
  [50, Word.es],
  [51, Word.cs],
  [52, Word.ss],
  [53, Word.ds],
  [54, Word.fs],
  [55, Word.gs],
  [58, Word.fs_base],
  [59, Word.gs_base],
]);

export class ActivationContext implements FrameContext {
  readonly memory: MemoryReader;
  private base: { readonly value: bigint | undefined } | undefined;
  private computingBase = false;

  constructor(
    private readonly thread: ThreadContext,
    readonly registers: RegisterFile,
    private readonly frameAddress: number,
    private readonly loaded: LoadedImage | undefined,
    readonly listAddress: number,
    private readonly function_: FunctionSymbol | undefined,
    private readonly valueAtEntry: (expression: Uint8Array) => bigint | undefined,
  ) {
    this.memory = thread.memory;
  }

  get atEntry(): boolean {
    return this.function_?.entry === this.listAddress;
  }

  get bias(): bigint {
    return this.loaded?.bias ?? 0n;
  }

  register(number: number): bigint | undefined {
    if (this.registers.knows(number)) return this.registers.value(number);
    const word = OTHERS.get(number);
    return word === undefined ? undefined : this.thread.user[word];
  }

  wideRegister(number: number): Uint8Array | undefined {
    return this.thread.wide(number);
  }

  frameBase(): bigint | undefined {
    // A frame base that is defined by itself (DW_OP_fbreg) is damage.
    if (this.base === undefined && !this.computingBase && this.function_ !== undefined) {
      this.computingBase = true;
      try {
        this.base = { value: numberAt(locate(this.function_.frameBase, this), this) };
      } finally {
        this.computingBase = false;
      }
    }
    return this.base?.value;
  }

  cfa(): bigint | undefined {
    return Number.isNaN(this.frameAddress) ? undefined : BigInt(this.frameAddress);
  }

  tlsAddress(offset: bigint): Address | undefined {
    return this.loaded === undefined ? undefined : this.thread.tls(this.loaded, offset);
  }

  entryValue(expression: Uint8Array): bigint | undefined {
    return this.valueAtEntry(expression);
  }

  savedAt(register: number): Address | undefined {
    const at = register < 17 ? this.registers.savedAt(register) : undefined;
    return at === undefined ? undefined : BigInt(at);
  }
}
