/**
 * Ways out of a call that do not return: longjmp, and a C++ exception that is caught further out. Where they lead is known only at the moment when they go: at the
 * entry of longjmp the target lies in its jmp_buf, and the unwinder of libgcc calls an empty function, _Unwind_DebugHook(cfa, handler), for
 * debuggers to look at. A step over a call watches both.
 */
import { fileAddress, type Address } from '../common/addresses.js';
import { wordAt } from '../common/memory.js';
import { demangle, pointerGuard } from '../inferior/pointer_guard.js';
import type { Process } from '../inferior/process.js';
import type { Thread } from '../inferior/thread.js';
import { Word } from '../linux/registers.js';
import type { SymbolImage } from '../symbols/model.js';

/** Where a jump goes. */
export interface JumpTarget {
  readonly address: Address;
  /** An address in the frame where it lands: that frame is the innermost whose CFA lies above. */
  readonly inFrame: Address;
}

/** A place in a process that tells where a jump goes. */
export interface JumpHook {
  readonly address: Address;
  /** Called with the thread at `address`. Undefined: unreadable. */
  target(thread: Thread): JumpTarget | undefined;
}

const longjmpNames = ['longjmp', '_longjmp', 'siglongjmp', '_siglongjmp', '__longjmp_chk'];

/** glibc's and musl's jmp_buf (setjmp.h, jmpbuf-offsets.h): rbx, rbp, r12 to r15, rsp, rip. */
const rspInBuffer = 48n;
const ripInBuffer = 56n;

const longjmpTarget = (thread: Thread): JumpTarget | undefined => {
  const { space, images } = thread.process;
  const registers = thread.registers();
  const address = wordAt(space, registers[Word.rdi] + ripInBuffer);
  const inFrame = wordAt(space, registers[Word.rdi] + rspInBuffer);
  if (address === undefined || inFrame === undefined) return undefined;
  if (images.imageAt(address)) return { address, inFrame }; // a C library that does not mangle
  const guard = pointerGuard(space, registers[Word.fs_base]);
  return guard === undefined ? undefined : { address: demangle(address, guard), inFrame: demangle(inFrame, guard) };
};

/** The arguments: the CFA of the frame that catches, and the handler in it. */
const handlerTarget = (thread: Thread): JumpTarget => {
  const registers = thread.registers();
  return { address: registers[Word.rsi], inFrame: registers[Word.rdi] - 8n };
};

interface FileHooks {
  readonly longjmps: readonly number[];
  readonly unwindHook: number | undefined;
}

const callOpcode = 0xe8;
const callSize = 5;
const emptyFunctions = [[0xf3, 0x0f, 0x1e, 0xfa, 0xc3], [0xc3]]; // endbr64; ret

/**
 * _Unwind_DebugHook by its name, or, in a libgcc_s without local symbols, the one empty function that _Unwind_Resume calls.
 */
const findUnwindHook = (image: SymbolImage): number | undefined => {
  const named = image.symbolsNamed('_Unwind_DebugHook').find(({ address }) => address !== 0);
  if (named) return named.address;
  const resume = image.symbolsNamed('_Unwind_Resume').find(({ address, size }) => address !== 0 && size > 0);
  const code = resume && image.bytesAt(resume.address, Math.min(resume.size, 4096));
  if (!resume || !code) return undefined;
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at + callSize <= code.length; at++) {
    if (code[at] !== callOpcode) continue;
    const target = resume.address + at + callSize + view.getInt32(at + 1, true);
    const bytes = target > 0 ? image.bytesAt(fileAddress(target), 5) : undefined;
    if (bytes && emptyFunctions.some((empty) => empty.every((byte, index) => bytes[index] === byte))) return target;
  }
  return undefined;
};

const hooksByFile = new WeakMap<SymbolImage, FileHooks>();

const hooksIn = (image: SymbolImage): FileHooks => {
  let hooks = hooksByFile.get(image);
  if (!hooks) {
    const found = longjmpNames
      .flatMap((name) => image.symbolsNamed(name))
      .filter(({ address, type }) => address !== 0 && type === 'function');
    hooks = { longjmps: [...new Set(found.map(({ address }) => Number(address)))], unwindHook: findUnwindHook(image) };
    hooksByFile.set(image, hooks);
  }
  return hooks;
};

export const jumpHooks = (process: Process): JumpHook[] =>
  process.images.all().flatMap(({ image, bias }) => {
    const { longjmps, unwindHook } = hooksIn(image);
    const hooks: JumpHook[] = longjmps.map((address) => ({ address: BigInt(address) + bias, target: longjmpTarget }));
    if (unwindHook !== undefined) hooks.push({ address: BigInt(unwindHook) + bias, target: handlerTarget });
    return hooks;
  });
