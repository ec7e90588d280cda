/**
 * What a process is to run when it calls exit(3) or returns from main: atexit(3) and on_exit(3). fork copies the list, and then parent and child each run it. The
 * layout is glibc's (stdlib/exit.h, struct exit_function_list), the newest block first; its address stands in the code of exit alone.
 */
import type { Address } from '../common/addresses.js';
import { wordAt, type MemoryReader } from '../common/memory.js';
import { demangle, pointerGuard } from '../inferior/pointer_guard.js';
import type { SymbolImage } from '../symbols/model.js';

/** exit is shorter. */
const exitLength = 48;
/** lea DISPLACEMENT(%rip),%rsi: the first argument but one of __run_exit_handlers is the list. */
const leaToRsi = Buffer.from([0x48, 0x8d, 0x35]);
const leaLength = leaToRsi.length + 4;

/** Where a file has the variable that points to the list. Undefined: it has none, or another C library's. */
export const handlerListIn = (image: SymbolImage): Address | undefined => {
  const exit = image.symbolsNamed('exit').find(({ type, address }) => type === 'function' && address !== 0);
  const code = exit && image.bytesAt(exit.address, exitLength);
  if (!exit || !code) return undefined;
  const at = Buffer.from(code).indexOf(leaToRsi);
  if (at < 0 || at + leaLength > code.length) return undefined;
  return BigInt(exit.address + at + leaLength + Buffer.from(code).readInt32LE(at + leaToRsi.length));
};

/** `flavor`: how the function is called. One that __cxa_atexit registered without an argument came of atexit; those with one destroy objects of C++. */
const isHandler = (flavor: bigint, argument: bigint | undefined): boolean =>
  flavor === 1n || flavor === 2n || (flavor === 4n && argument === 0n);

const firstHandler = 16n;
const handlerSize = 32n;
const inBlock = 32n;
const mostBlocks = 64;

/** The functions, in the order in which they will be called. @param list where the pointer to the list lies  @param fsBase of the thread that is to call exit */
export const exitHandlers = (memory: MemoryReader, list: Address, fsBase: Address): Address[] => {
  const guard = pointerGuard(memory, fsBase);
  const found: Address[] = [];
  let block = wordAt(memory, list);
  for (let count = 0; guard !== undefined && block && count < mostBlocks; count++) {
    const used = wordAt(memory, block + 8n) ?? 0n;
    for (let index = (used < inBlock ? used : inBlock) - 1n; index >= 0n; index--) {
      const entry = block + firstHandler + index * handlerSize;
      const [flavor, code, argument] = [0n, 8n, 16n].map((offset) => wordAt(memory, entry + offset));
      if (flavor !== undefined && code !== undefined && isHandler(flavor, argument)) found.push(demangle(code, guard));
    }
    block = wordAt(memory, block);
  }
  return found;
};
