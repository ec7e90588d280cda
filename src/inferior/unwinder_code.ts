/**
 * Where code lies and how to unwind from it, by address, remembered: a deep stack has few distinct addresses.
 */
import { fileAddress, type FileAddress } from '../common/addresses.js';
import { CallFrames, type RegisterRule, type Row } from '../dwarf/cfi.js';
import type { SymbolImage } from '../symbols/model.js';
import type { ImageMap, LoadedImage } from './frame.js';
import type { Calls } from './unwinder_calls.js';
import type { StackMemory } from './unwinder_memory.js';
import { REGISTERS, RIP, RSP } from './unwinder_registers.js';

/** A row of call-frame information, sorted for use. */
export interface UnwindRow {
  /** Register and offset of the CFA, unless an expression gives it. */
  readonly cfaRegister: number;
  readonly cfaOffset: number;
  readonly cfaExpression: Uint8Array | undefined;
  /** Register, offset from the CFA, register, offset, ...: what nearly every rule is. */
  readonly saved: readonly number[];
  readonly others: readonly (readonly [number, RegisterRule])[];
  /** Where the return address lies, counted from the CFA; undefined: not in memory at a fixed place. */
  readonly returnAt: number | undefined;
  /** The rule says that the outermost frame is reached (DW_CFA_undefined for the return address). */
  readonly outermost: boolean;
  /** The CFA is not simply the caller's rsp. */
  readonly ownStackPointer: boolean;
}

/** What is known of one address of code. */
export interface CodePlace {
  /** The address itself: pc, or pc - 1 behind a call. */
  readonly lookup: number;
  readonly loaded: LoadedImage | undefined;
  /** `lookup` in the file's addresses; 0 without a file. */
  readonly inFile: FileAddress;
  readonly row: UnwindRow | undefined;
  /** A signal trampoline: its caller was interrupted anywhere and did not call. */
  readonly signal: boolean;
}

/** `mov $15,%rax; syscall` and `mov $15,%eax; syscall`: rt_sigreturn(2), as every libc's restorer begins. */
const TRAMPOLINES = [Uint8Array.of(0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05), Uint8Array.of(0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05)];

const LARGEST_CACHE = 1 << 16;

const callFrames = new WeakMap<SymbolImage, CallFrames>();

const callFramesOf = (image: SymbolImage): CallFrames => {
  let found = callFrames.get(image);
  if (found === undefined) callFrames.set(image, (found = new CallFrames(image.callFrames)));
  return found;
};

const prepare = ({ cfa, registers, returnAddress }: Row): UnwindRow => {
  const saved: number[] = [];
  const others: [number, RegisterRule][] = [];
  for (const [column, rule] of registers) {
    // The return address may have a column of its own; here it is always RIP.
    const register = column === returnAddress ? RIP : column;
    if (register >= REGISTERS || rule.kind === 'same') continue;
    if (rule.kind === 'offset') saved.push(register, rule.offset);
    else others.push([register, rule]);
  }
  const rule = registers.get(returnAddress);
  const returnAt = rule?.kind === 'offset' ? rule.offset : undefined;
  return {
    cfaRegister: cfa.kind === 'register' ? cfa.register : -1,
    cfaOffset: cfa.kind === 'register' ? cfa.offset : 0,
    cfaExpression: cfa.kind === 'expression' ? cfa.expression : undefined,
    saved,
    others,
    returnAt,
    // Without a rule the return address would be where it is now: nowhere.
    outermost: rule === undefined || rule.kind === 'undefined' || rule.kind === 'same',
    ownStackPointer: registers.has(RSP),
  };
};

/** Places by address: `exact` as looked up there, `callers` as return addresses. */
class Places {
  readonly exact = new Map<number, CodePlace>();
  readonly callers = new Map<number, CodePlace>();
}

/** What was found out about a loaded file holds for as long as it is loaded, over all stops. */
const placesOfImage = new WeakMap<LoadedImage, Places>();

const placesOf = (loaded: LoadedImage): Places => {
  let places = placesOfImage.get(loaded);
  if (places === undefined) placesOfImage.set(loaded, (places = new Places()));
  return places;
};

export class CodeMap {
  private readonly places = new Places();

  constructor(
    private readonly images: ImageMap,
    private readonly memory: StackMemory,
    private readonly calls: Calls,
  ) {}

  /** Of an address where a thread was interrupted: the innermost frame's pc, or that of a signal frame's caller. */
  at(pc: number): CodePlace {
    return this.places.exact.get(pc) ?? this.remember('exact', pc, () => this.find(pc));
  }

  /**
   * Of a return address: looked up one byte before, inside the call, which may be the last instruction of its function
   * or block. A signal trampoline is returned to but never called: looked up as it is.
   */
  behindCall(pc: number): CodePlace {
    return this.places.callers.get(pc) ?? this.remember('callers', pc, () => this.findCaller(pc));
  }

  private remember(kind: keyof Places, pc: number, find: () => CodePlace): CodePlace {
    const loaded = this.imageAt(pc);
    const lasting = loaded && placesOf(loaded)[kind];
    const place = lasting?.get(pc) ?? find();
    for (const places of [this.places[kind], lasting]) {
      if (places !== undefined && places.size >= LARGEST_CACHE) places.clear();
      places?.set(pc, place);
    }
    return place;
  }

  private imageAt(address: number): LoadedImage | undefined {
    return Number.isSafeInteger(address) && address >= 0 ? this.images.imageAt(BigInt(address)) : undefined;
  }

  private findCaller(pc: number): CodePlace {
    const place = this.at(pc - 1);
    if (place.signal || (place.row === undefined && this.isTrampoline(pc))) return { ...this.at(pc), signal: true };
    return this.bottomOfStack(pc) ?? place;
  }

  /** A function's first instruction with no call before it: makecontext(3) and the like put it on a new stack, and nobody called it. */
  private bottomOfStack(pc: number): CodePlace | undefined {
    const place = this.at(pc);
    const { loaded, inFile, row } = place;
    if (loaded === undefined || row === undefined || callFramesOf(loaded.image).entryAt(inFile)?.low !== inFile) return undefined;
    return this.calls.isReturnAddress(pc) ? undefined : { ...place, row: { ...row, outermost: true } };
  }

  private find(address: number): CodePlace {
    const loaded = this.imageAt(address);
    if (loaded === undefined)
      return { lookup: address, loaded, inFile: fileAddress(0), row: undefined, signal: this.isTrampoline(address) };
    const inFile = fileAddress(address - Number(loaded.bias));
    const row = callFramesOf(loaded.image).rowAt(inFile);
    const signal = row?.signal ?? this.isTrampoline(address);
    return { lookup: address, loaded, inFile, row: row && prepare(row), signal };
  }

  /** At the first instruction of a restorer, or at its system call. */
  private isTrampoline(pc: number): boolean {
    return TRAMPOLINES.some((pattern) =>
      [0, pattern.length - 2].some(
        (done) => this.memory.bytes(pc - done, pattern.length)?.every((byte, i) => byte === pattern[i]) === true,
      ),
    );
  }
}
